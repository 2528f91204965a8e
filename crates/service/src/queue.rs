//! The way to the committer: a queue of limited length, with many senders and one receiver.
//!
//! Like a channel of the standard library, except that it waits for a duration and not until an instant of a
//! clock that may be moved meanwhile.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// The end that sends.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end that takes. When it is dropped, nothing more is taken.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// A thing that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// Too many are waiting already.
    Full,
    /// The receiver is gone.
    Closed,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    came: Condvar,
    max: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// The two ends of a queue of limited length.
pub(crate) fn queue<T>(max: usize) -> (Sender<T>, Receiver<T>) {
    let state = Mutex::new(State { waiting: VecDeque::new(), closed: false });
    let shared = Arc::new(Shared { state, came: Condvar::new(), max });
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Hands over a thing without waiting.
    pub(crate) fn send(&self, thing: T) -> Result<(), SendError> {
        let mut state = self.0.state.lock();
        if state.closed {
            return Err(SendError::Closed);
        }
        if state.waiting.len() >= self.0.max {
            return Err(SendError::Full);
        }
        state.waiting.push_back(thing);
        drop(state);
        self.0.came.notify_one();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// The next thing, if one waits.
    pub(crate) fn next(&self) -> Option<T> {
        self.0.state.lock().waiting.pop_front()
    }

    /// The next thing; none if none comes within that time.
    pub(crate) fn next_within(&self, time: Duration) -> Option<T> {
        let mut state = self.0.state.lock();
        if state.waiting.is_empty() {
            self.0.came.wait_for(&mut state, time);
        }
        state.waiting.pop_front()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.closed = true;
        let left = std::mem::take(&mut state.waiting);
        drop(state);
        drop(left); // outside the lock: whoever waits for them is told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_may_wait_as_are_said_and_they_keep_their_order() {
        let (sender, receiver) = queue(2);
        assert_eq!([1, 2, 3].map(|n| sender.send(n)), [Ok(()), Ok(()), Err(SendError::Full)]);
        assert_eq!([receiver.next(), receiver.next(), receiver.next()], [Some(1), Some(2), None]);
        assert_eq!(receiver.next_within(Duration::ZERO), None);
    }

    #[test]
    fn who_waits_is_woken() {
        let (sender, receiver) = queue(1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(move || receiver.next_within(Duration::MAX));
            sender.send(7).unwrap();
            assert_eq!(waiting.join().unwrap(), Some(7));
        });
    }

    #[test]
    fn what_nobody_takes_any_more_is_dropped_and_told() {
        let (sender, receiver) = queue(2);
        let thing = Arc::new(());
        sender.send(thing.clone()).unwrap();
        drop(receiver);
        assert_eq!(Arc::strong_count(&thing), 1);
        assert_eq!(sender.send(thing), Err(SendError::Closed));
    }
}
