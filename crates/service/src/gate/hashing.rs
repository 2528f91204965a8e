//! Who may hash a password next. Hashing takes 19 MiB and a core on purpose, so only a few passwords are hashed at a
//! time; the others wait here, in a queue that is bounded and fair.
//!
//! - Browsers that are known for the name, and people who are signed in, have a queue of their own. Strangers leave
//!   one place free for it.
//! - Addresses take turns, and of one address the names: many attempts from one place delay those of another by
//!   one turn.
//! - If the queue is full, the source with the most waiting attempts gives one up. Those who have no fewer than any
//!   other are told to come back.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::gate::throttle::Source;

/// Passwords that are hashed at the same time.
const HASHING_MAX: usize = 2;

/// How many of them may be strangers'.
const STRANGERS_MAX: usize = HASHING_MAX - 1;

/// Attempts that wait in each of the two queues: at most a few seconds' worth.
const WAITING_MAX: usize = 40;

/// How soon it is worth coming back, in seconds.
pub const BUSY_SECONDS: u32 = 5;

/// Too many passwords are waiting to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the server is busy with other sign-ins: try again in a few seconds")]
pub struct Busy;

/// What a source is known by.
type Key = [u8; 32];

/// On whose behalf a password is hashed.
#[derive(Clone, Copy)]
pub(crate) enum Whose {
    /// A person who is signed in, or a known browser: by the name.
    Known(Source),
    /// Anyone else: by address and name.
    Stranger { place: Source, name: Source },
}

/// See the module. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Hashing(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Turns of known people that are being used.
    known_at_work: usize,
    strangers_at_work: usize,
    known: Circle<Line>,
    strangers: Circle<Circle<Line>>,
}

/// A turn to hash a password, until it is dropped.
pub(crate) struct Turn {
    is_strangers: bool,
    /// None if it was never taken.
    of: Option<Hashing>,
}

type Waiting = oneshot::Sender<Turn>;

impl Hashing {
    /// Waits for a turn.
    pub(crate) async fn turn(&self, whose: Whose) -> Result<Turn, Busy> {
        let (sender, turn) = oneshot::channel();
        {
            let mut state = self.0.lock();
            state.wait(whose, sender)?;
            self.give(&mut state);
        }
        // The other end is gone if this attempt had to make room for another source's.
        turn.await.map_err(|_| Busy)
    }

    /// Hands out what turns there are.
    fn give(&self, state: &mut State) {
        while let Some((is_strangers, waiting)) = state.next() {
            let turn = Turn { is_strangers, of: Some(self.clone()) };
            match waiting.send(turn) {
                Ok(()) => *state.at_work(is_strangers) += 1,
                // Whoever waited has gone.
                Err(mut turn) => turn.of = None,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(hashing) = self.of.take() else { return };
        let mut state = hashing.0.lock();
        *state.at_work(self.is_strangers) -= 1;
        hashing.give(&mut state);
    }
}

impl State {
    fn at_work(&mut self, is_strangers: bool) -> &mut usize {
        if is_strangers { &mut self.strangers_at_work } else { &mut self.known_at_work }
    }

    fn wait(&mut self, whose: Whose, waiting: Waiting) -> Result<(), Busy> {
        match whose {
            Whose::Known(name) => wait_in(&mut self.known, &[key(name)], waiting),
            Whose::Stranger { place, name } => {
                wait_in(&mut self.strangers, &[key(place), key(name)], waiting)
            }
        }
    }

    /// Whose turn it is, if there is one: strangers have one place while any of them waits, known people the others.
    fn next(&mut self) -> Option<(bool, Waiting)> {
        if self.known_at_work + self.strangers_at_work >= HASHING_MAX {
            return None;
        }
        let stranger = match self.strangers_at_work < STRANGERS_MAX {
            true => self.strangers.next().map(|waiting| (true, waiting)),
            false => None,
        };
        stranger.or_else(|| self.known.next().map(|waiting| (false, waiting)))
    }
}

fn key(source: Source) -> Key {
    source.id().0
}

fn wait_in(queue: &mut impl Queue, path: &[Key], waiting: Waiting) -> Result<(), Busy> {
    if queue.len() >= WAITING_MAX {
        queue.forget_gone();
    }
    if queue.len() >= WAITING_MAX && !queue.make_room(path) {
        return Err(Busy);
    }
    queue.push(path, waiting);
    Ok(())
}

/// Attempts that wait.
trait Queue: Default {
    fn len(&self) -> usize;
    /// Adds one, of the source at the end of this path.
    fn push(&mut self, path: &[Key], waiting: Waiting);
    /// Takes the one whose turn it is.
    fn next(&mut self) -> Option<Waiting>;
    /// Takes the one that came last, of the source that has most.
    fn drop_last(&mut self);
    /// Removes one of a source that will still have no fewer than this one, if there is any.
    fn make_room(&mut self, path: &[Key]) -> bool;
    /// Removes those whose clients have gone.
    fn forget_gone(&mut self);
}

/// Attempts of one source.
#[derive(Default)]
struct Line(VecDeque<Waiting>);

impl Queue for Line {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, _: &[Key], waiting: Waiting) {
        self.0.push_back(waiting);
    }

    fn next(&mut self) -> Option<Waiting> {
        self.0.pop_front()
    }

    fn drop_last(&mut self) {
        self.0.pop_back();
    }

    fn make_room(&mut self, _: &[Key]) -> bool {
        false
    }

    fn forget_gone(&mut self) {
        self.0.retain(|waiting| !waiting.is_closed());
    }
}

/// Sources that take turns, in the order of their keys: with hashes for keys, that is as good as any. Where the next
/// turn begins is all that has to be remembered.
#[derive(Default)]
struct Circle<Q> {
    parts: BTreeMap<Key, Q>,
    last: Key,
}

impl<Q: Queue> Queue for Circle<Q> {
    fn len(&self) -> usize {
        self.parts.values().map(Queue::len).sum()
    }

    fn push(&mut self, path: &[Key], waiting: Waiting) {
        let [source, rest @ ..] = path else { return };
        self.parts.entry(*source).or_default().push(rest, waiting);
    }

    fn next(&mut self) -> Option<Waiting> {
        let after = (Bound::Excluded(self.last), Bound::Unbounded);
        let next = self.parts.range(after).next().or_else(|| self.parts.iter().next());
        let source = *next?.0;
        self.last = source;
        let part = self.parts.get_mut(&source)?;
        let waiting = part.next();
        if part.len() == 0 {
            self.parts.remove(&source);
        }
        waiting
    }

    fn drop_last(&mut self) {
        if let Some(part) = self.parts.values_mut().max_by_key(|part| part.len()) {
            part.drop_last();
        }
        self.parts.retain(|_, part| part.len() > 0);
    }

    fn make_room(&mut self, path: &[Key]) -> bool {
        let [source, rest @ ..] = path else { return false };
        let own = self.parts.get(source).map_or(0, Queue::len);
        // One that waits alone is not put out by one that comes later.
        if self.parts.values().any(|part| part.len() > own + 1) {
            self.drop_last();
            return true;
        }
        self.parts.get_mut(source).is_some_and(|part| part.make_room(rest))
    }

    fn forget_gone(&mut self) {
        self.parts.values_mut().for_each(Queue::forget_gone);
        self.parts.retain(|_, part| part.len() > 0);
    }
}
