//! The way to the committer: organizations take turns.
//!
//! Each organization has a lane of its own, and what waits there keeps its order. The committer takes one round
//! at a time; what a round holds shares a transaction. What can be relied on:
//!
//! * Nothing is lost, nothing is taken twice, and nothing overtakes what the same lane has sent before.
//! * Lanes are served in the order in which they began to wait, and one that has had its turn goes behind all
//!   others. So between two turns of a lane in which something waits, each other lane has at most one.
//! * A round ends when it has reached [`ROUND_BYTES_MAX`]. A lane's turn ends at its share of that. What is
//!   larger than a share has a round for itself, and so has what cannot share a transaction.
//! * Urgent things have rounds of their own, with turns of the same kind.
//!
//! It waits for a duration and not until an instant of a clock that may be moved meanwhile.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::base::sabotage::limit;

/// Bytes in a round. The last thing that a round takes can turn out to be larger than expected.
pub(crate) const ROUND_BYTES_MAX: usize = 1 << 20;

/// A lane's share of a round, however many others wait.
const SHARE_BYTES_MIN: usize = 64 << 10;

/// Things that may wait in one lane.
pub(crate) const LANE_MAX: usize = 5_000;

/// How much of a round a thing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// So many bytes, as far as is known before it is done.
    Bytes(usize),
    /// It cannot share a transaction.
    Alone,
}

/// How a thing waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket<K> {
    /// In which lane.
    pub(crate) lane: K,
    /// Whether it waits for urgent things only.
    pub(crate) urgent: bool,
    /// How much of a round it takes.
    pub(crate) size: Size,
}

/// The end that sends.
pub(crate) struct Sender<K, T>(Arc<Shared<K, T>>);

/// The end that takes. When it is dropped, nothing more is taken.
pub(crate) struct Receiver<K, T>(Arc<Shared<K, T>>);

/// A thing that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// Too many are waiting in its lane already.
    Full,
    /// The receiver is gone.
    Closed,
}

struct Shared<K, T> {
    state: Mutex<State<K, T>>,
    came: Condvar,
}

struct State<K, T> {
    urgent: Lanes<K, T>,
    others: Lanes<K, T>,
    closed: bool,
}

impl<K, T> State<K, T> {
    fn lanes(&mut self, urgent: bool) -> &mut Lanes<K, T> {
        if urgent { &mut self.urgent } else { &mut self.others }
    }
}

/// The two ends of a queue.
pub(crate) fn queue<K, T>() -> (Sender<K, T>, Receiver<K, T>) {
    let state = State { urgent: Lanes::new(), others: Lanes::new(), closed: false };
    let shared = Arc::new(Shared { state: Mutex::new(state), came: Condvar::new() });
    (Sender(shared.clone()), Receiver(shared))
}

impl<K: Copy + Eq + Hash, T> Sender<K, T> {
    /// Hands over a thing without waiting.
    pub(crate) fn send(&self, ticket: Ticket<K>, thing: T) -> Result<(), SendError> {
        let mut state = self.0.state.lock();
        if state.closed {
            return Err(SendError::Closed);
        }
        let Ticket { lane, urgent, size } = ticket;
        state.lanes(urgent).put(lane, size, thing)?;
        drop(state);
        self.0.came.notify_one();
        Ok(())
    }
}

impl<K: Copy + Eq + Hash, T> Receiver<K, T> {
    /// Waits until something waits, or that time has passed; whether something waits.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let mut state = self.0.state.lock();
        let is_empty = |state: &State<K, T>| state.urgent.count + state.others.count == 0;
        if is_empty(&state) {
            self.0.came.wait_for(&mut state, time);
        }
        !is_empty(&state)
    }

    /// Begins a round. The one before it has ended.
    pub(crate) fn round(&self, urgent: bool) -> Round<K, T> {
        let turns = self.0.state.lock().lanes(urgent).begin_round();
        Round { shared: self.0.clone(), urgent, turns }
    }
}

impl<K, T> Drop for Receiver<K, T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.closed = true;
        let left = [true, false].map(|urgent| std::mem::take(&mut state.lanes(urgent).waiting));
        drop(state);
        drop(left); // outside the lock: whoever waits for them is told
    }
}

/// What shares a transaction, taken one by one.
pub(crate) struct Round<K, T> {
    shared: Arc<Shared<K, T>>,
    urgent: bool,
    turns: Turns<K>,
}

impl<K: Copy + Eq + Hash, T> Round<K, T> {
    /// The next thing of this round. Once there is none, there is none until the next round.
    pub(crate) fn next(&mut self) -> Option<T> {
        let mut state = self.shared.state.lock();
        state.lanes(self.urgent).next(&mut self.turns)
    }

    /// What was taken last has turned out to take so many bytes. So much is expected of the next thing of its lane, too:
    /// whoever changes a word in large records does so again and again.
    pub(crate) fn took(&mut self, bytes: usize) {
        let mut state = self.shared.state.lock();
        let lane = self.turns.lane.and_then(|lane| state.lanes(self.urgent).waiting.get_mut(&lane));
        lane.into_iter().for_each(|lane| lane.last_bytes = bytes);
        drop(state);
        let more = bytes.saturating_sub(self.turns.last);
        self.turns.last += more;
        self.turns.of_lane += more;
        self.turns.of_all += more;
    }
}

/// What waits in one lane.
struct Lane<T> {
    things: VecDeque<(Size, T)>,
    /// What the thing before these has turned out to take.
    last_bytes: usize,
}

/// Things of one urgency, by lane.
struct Lanes<K, T> {
    /// A lane that has just been served stays until the next round, even if it is empty.
    waiting: HashMap<K, Lane<T>>,
    /// Lanes that have not had their turn yet, the next one first.
    in_turn: VecDeque<K>,
    /// Lanes that have had it in this round.
    served: Vec<K>,
    /// Things in all lanes.
    count: usize,
}

/// How far a round has come.
struct Turns<K> {
    /// The lane whose turn it is.
    lane: Option<K>,
    share: usize,
    /// Bytes that were taken: with the last thing, in this turn, and in all.
    last: usize,
    of_lane: usize,
    of_all: usize,
    is_over: bool,
}

impl<K, T> Lanes<K, T> {
    fn new() -> Lanes<K, T> {
        Lanes { waiting: HashMap::new(), in_turn: VecDeque::new(), served: Vec::new(), count: 0 }
    }
}

impl<K: Copy + Eq + Hash, T> Lanes<K, T> {
    fn put(&mut self, lane: K, size: Size, thing: T) -> Result<(), SendError> {
        let waiting = self.waiting.entry(lane).or_insert_with(|| {
            self.in_turn.push_back(lane);
            Lane { things: VecDeque::new(), last_bytes: 0 }
        });
        if waiting.things.len() >= LANE_MAX {
            return Err(SendError::Full);
        }
        waiting.things.push_back((size, thing));
        self.count += 1;
        Ok(())
    }

    fn begin_round(&mut self) -> Turns<K> {
        for lane in self.served.drain(..) {
            if self.waiting.get(&lane).is_some_and(|waiting| waiting.things.is_empty()) {
                self.waiting.remove(&lane);
            } else {
                self.in_turn.push_back(lane);
            }
        }
        let share = round_bytes_max() / self.in_turn.len().max(1);
        let share = share.max(SHARE_BYTES_MIN.min(round_bytes_max()));
        Turns { lane: None, share, last: 0, of_lane: 0, of_all: 0, is_over: false }
    }

    fn next(&mut self, turns: &mut Turns<K>) -> Option<T> {
        if turns.is_over || turns.of_all >= round_bytes_max() {
            turns.is_over = true;
            return None;
        }
        if let Some(lane) = turns.lane
            && let Some(thing) = self.take(lane, turns)
        {
            return Some(thing);
        }
        let lane = self.in_turn.front().copied();
        (turns.lane, turns.of_lane) = (lane, 0);
        let taken = lane.and_then(|lane| self.take(lane, turns));
        match taken {
            Some(_) => self.served.extend(self.in_turn.pop_front()),
            // Nobody is passed over: the next round begins with this lane.
            None => turns.is_over = true,
        }
        taken
    }

    /// The first thing of a lane, if the turn and the round have room for it.
    fn take(&mut self, lane: K, turns: &mut Turns<K>) -> Option<T> {
        let waiting = self.waiting.get_mut(&lane)?;
        let (is_alone, bytes) = match waiting.things.front()?.0 {
            Size::Alone => (true, 0),
            Size::Bytes(bytes) => {
                let bytes = bytes.max(waiting.last_bytes);
                (bytes > turns.share, bytes)
            }
        };
        let is_first = self.served.is_empty();
        let has_room =
            turns.of_lane + bytes <= turns.share && turns.of_all + bytes <= round_bytes_max();
        if !(is_first || (has_room && !is_alone)) {
            return None;
        }
        turns.is_over = is_alone;
        turns.last = bytes;
        turns.of_lane += bytes;
        turns.of_all += bytes;
        self.count -= 1;
        waiting.things.pop_front().map(|(_, thing)| thing)
    }
}

fn round_bytes_max() -> usize {
    limit(ROUND_BYTES_MAX, 3_000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    const ROUND: usize = ROUND_BYTES_MAX;

    fn send(sender: &Sender<u8, u32>, lane: u8, size: Size, thing: u32) -> Result<(), SendError> {
        sender.send(Ticket { lane, urgent: false, size }, thing)
    }

    fn rounds(receiver: &Receiver<u8, u32>) -> Vec<Vec<u32>> {
        let round = || {
            let mut round = receiver.round(false);
            std::iter::from_fn(|| round.next()).collect::<Vec<_>>()
        };
        std::iter::repeat_with(round).take_while(|round| !round.is_empty()).collect()
    }

    #[test]
    fn a_small_thing_shares_no_round_with_the_large_ones_of_others() {
        let (sender, receiver) = queue();
        for thing in 0..3 {
            send(&sender, 1, Size::Bytes(ROUND - 1), thing).unwrap();
        }
        assert_eq!(receiver.round(false).next(), Some(0));
        send(&sender, 2, Size::Bytes(100), 10).unwrap();
        send(&sender, 3, Size::Bytes(100), 20).unwrap();
        assert_eq!(rounds(&receiver), [vec![10, 20], vec![1], vec![2]]);
    }

    #[test]
    fn what_cannot_share_a_transaction_has_a_round_for_itself() {
        let (sender, receiver) = queue();
        for (lane, size, thing) in [
            (1, Size::Bytes(1), 0),
            (1, Size::Alone, 1),
            (1, Size::Bytes(1), 2),
            (2, Size::Bytes(1), 10),
            (2, Size::Bytes(1), 11),
        ] {
            send(&sender, lane, size, thing).unwrap();
        }
        assert_eq!(rounds(&receiver), [vec![0, 10, 11], vec![1], vec![2]]);
    }

    #[test]
    fn what_turns_out_to_be_large_ends_the_round() {
        let (sender, receiver) = queue();
        for thing in 0..3 {
            send(&sender, 1, Size::Bytes(1), thing).unwrap();
        }
        let mut round = receiver.round(false);
        assert_eq!(round.next(), Some(0));
        round.took(ROUND);
        assert_eq!(round.next(), None);
        // The same is expected of the next one, and then no longer.
        send(&sender, 2, Size::Bytes(1), 10).unwrap();
        let mut round = receiver.round(false);
        assert_eq!((round.next(), round.next()), (Some(10), None));
        let mut round = receiver.round(false);
        assert_eq!(round.next(), Some(1));
        round.took(1);
        assert_eq!(round.next(), None);
        assert_eq!(rounds(&receiver), [vec![2]]);
    }

    #[test]
    fn urgent_things_have_rounds_of_their_own() {
        let (sender, receiver) = queue();
        send(&sender, 1, Size::Bytes(1), 1).unwrap();
        sender.send(Ticket { lane: 1, urgent: true, size: Size::Bytes(1) }, 2).unwrap();
        let mut round = receiver.round(true);
        assert_eq!((round.next(), round.next()), (Some(2), None));
        assert_eq!(rounds(&receiver), [vec![1]]);
    }

    #[test]
    fn a_full_lane_leaves_the_others_their_room() {
        let (sender, _receiver) = queue();
        for thing in 0..LANE_MAX {
            send(&sender, 1, Size::Bytes(1), thing as u32).unwrap();
        }
        assert_eq!(send(&sender, 1, Size::Bytes(1), 0), Err(SendError::Full));
        assert_eq!(send(&sender, 2, Size::Bytes(1), 0), Ok(()));
    }

    #[test]
    fn a_waiting_receiver_is_woken() {
        let (sender, receiver) = queue::<u8, u32>();
        assert!(!receiver.wait(Duration::ZERO));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(move || {
                assert!(receiver.wait(Duration::MAX));
                receiver.round(false).next()
            });
            send(&sender, 1, Size::Bytes(1), 7).unwrap();
            assert_eq!(waiting.join().unwrap(), Some(7));
        });
    }

    #[test]
    fn what_no_one_takes_any_more_is_dropped_and_refused() {
        let (sender, receiver) = queue();
        let thing = Arc::new(());
        let ticket = Ticket { lane: 1, urgent: false, size: Size::Alone };
        sender.send(ticket, thing.clone()).unwrap();
        drop(receiver);
        assert_eq!(Arc::strong_count(&thing), 1);
        assert_eq!(sender.send(ticket, thing), Err(SendError::Closed));
    }

    /// What happens to a queue.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Send(u8, Size),
        /// Takes the next thing of the round, which turns out to take so many bytes.
        Take(usize),
        NewRound,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let bytes = prop_oneof![1..2_000_usize, 1..2 * ROUND];
        let size = prop_oneof![8 => bytes.clone().prop_map(Size::Bytes), 1 => Just(Size::Alone)];
        let step = prop_oneof![
            4 => (0..5_u8, size).prop_map(|(lane, size)| Step::Send(lane, size)),
            4 => prop_oneof![4 => Just(0), 1 => bytes].prop_map(Step::Take),
            1 => Just(Step::NewRound),
        ];
        proptest::collection::vec(step, 0..200)
    }

    /// What a queue may do, and what has happened so far.
    #[derive(Default)]
    struct Model {
        waiting: HashMap<u8, VecDeque<(Size, u32)>>,
        /// For each lane in which something waits: which others have had a turn since its own.
        served_before: HashMap<u8, HashSet<u8>>,
        round: Vec<(u8, usize)>,
        is_alone: bool,
    }

    impl Model {
        fn send(&mut self, lane: u8, size: Size, thing: u32) {
            let waiting = self.waiting.entry(lane).or_default();
            if waiting.is_empty() {
                self.served_before.insert(lane, HashSet::new());
            }
            waiting.push_back((size, thing));
        }

        fn take(&mut self, thing: u32, turned_out: usize) {
            let is_first = |(_, waiting): &(&u8, &mut VecDeque<(Size, u32)>)| {
                waiting.front().is_some_and(|(_, first)| *first == thing)
            };
            let (lane, waiting) = self.waiting.iter_mut().find(is_first).expect("order of a lane");
            let (lane, (size, _)) = (*lane, waiting.pop_front().unwrap());
            assert!(!self.is_alone, "shares its round with what cannot");
            let bytes = match size {
                Size::Alone => 0,
                Size::Bytes(bytes) => bytes,
            };
            if size == Size::Alone {
                assert!(self.round.is_empty());
                self.is_alone = true;
            }
            let before: usize = self.round.iter().map(|(_, bytes)| bytes).sum();
            assert!(self.round.is_empty() || before + bytes <= ROUND, "too much for one round");
            let goes_on = self.round.last().is_some_and(|(last, _)| *last == lane);
            if !goes_on {
                assert!(self.round.iter().all(|(other, _)| *other != lane), "two turns in a round");
                for (other, served) in &mut self.served_before {
                    if *other != lane {
                        assert!(served.insert(lane), "{lane} has two turns, and {other} none");
                    }
                }
            }
            self.served_before.remove(&lane);
            if !self.waiting[&lane].is_empty() {
                self.served_before.insert(lane, HashSet::new());
            }
            self.round.push((lane, bytes.max(turned_out)));
        }
    }

    proptest! {
        #[test]
        fn turns_are_taken_as_promised(steps in steps()) {
            let (sender, receiver) = queue();
            let mut model = Model::default();
            let mut round = receiver.round(false);
            for (step, thing) in steps.into_iter().zip(0..) {
                match step {
                    Step::Send(lane, size) => {
                        send(&sender, lane, size, thing).unwrap();
                        model.send(lane, size, thing);
                    }
                    Step::Take(turned_out) => {
                        if let Some(taken) = round.next() {
                            model.take(taken, turned_out);
                            round.took(turned_out);
                        }
                    }
                    Step::NewRound => {
                        round = receiver.round(false);
                        (model.round, model.is_alone) = (Vec::new(), false);
                    }
                }
            }
            let left: usize = model.waiting.values().map(VecDeque::len).sum();
            let taken: Vec<u32> = rounds(&receiver).concat();
            prop_assert_eq!(taken.len(), left, "nothing is lost");
            for waiting in model.waiting.values() {
                let order = waiting.iter().map(|(_, thing)| *thing);
                let is_own = |thing: &&u32| waiting.iter().any(|(_, own)| own == *thing);
                prop_assert!(taken.iter().filter(is_own).copied().eq(order));
            }
        }
    }
}
