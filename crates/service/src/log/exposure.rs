//! The critical section: which instants may be exposed, and when (invariants 2 and 3).
//!
//! One per organization. It owns the head that readers see, the highest exposed instant, and the
//! stamp of a commit under way. Every step below is one short lock without I/O inside.
//!
//! The claim: *once an instant is exposed, no version becomes visible with a stamp at or before it.*
//! A version becomes visible in [`Exposure::publish`]; its stamp was drawn before, in
//! [`Exposure::begin_commit`]. A reader exposes in [`Exposure::read`]. Take one of each:
//!
//! * *read before begin*: the stamp is drawn above `exposed`, which the read has raised to its horizon.
//! * *read between begin and publish*: the stamp is in flight, and the read stays below it. It does
//!   not see the version, and its horizon is before the version's stamp.
//! * *read after publish*: the read sees the version, whatever its horizon is.
//!
//! A read tells the stamps of the versions that it shows, too: whoever has seen one may ask for what came after it,
//! and not for that millisecond again. So no later version may have the stamp of one that was shown. A commit has the
//! stamp of the one before it only if nobody has read in between (`exposed` is still before it), and the clock still
//! shows it: a script that makes one change after the other need not wait for the next millisecond each time. Take
//! two commits of one stamp, and a read:
//!
//! * *read before the first is published*: it sees neither, and stays below the stamp.
//! * *read before the second begins*: it raises `exposed` to the stamp, and the second draws a later one.
//! * *read while the second is in flight*: what may be shown is in doubt, and the read waits until it is known. The clock
//!   has not moved since the first, so the disk is quick.
//! * *read after the second is published*: it sees both.
//!
//! Pages that tell no horizon show versions in that third case, too ([`Exposure::view`]). What is compared by them is one
//! activity's times of change, and no two versions of an activity that were made by different commits have the same
//! ([`Exposure::draw_later`]).
//!
//! No wall clock takes part in this argument: the clock only decides how far ahead stamps and
//! horizons move, and a clock that steps back merely stops moving them. Between processes the
//! argument rests on the lease: no read exposes more than has been durably promised beforehand, and
//! the next process begins with that promise as its `exposed`.

use domain::{Seq, Stamp};
use parking_lot::Mutex;
use timeline::View;

use crate::base::sabotage::Guard;

/// See the module.
#[derive(Debug)]
pub(crate) struct Exposure {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    view: View,
    /// The stamp of the last visible version.
    head: Stamp,
    exposed: Stamp,
    in_flight: Option<Stamp>,
    /// Whether somebody waits for the commit under way: the next one takes a stamp of its own, so that they wait for
    /// one alone.
    is_awaited: bool,
}

/// What a reader takes in one step: a view, and the instant that it is complete up to.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) view: View,
    pub(crate) horizon: Stamp,
}

impl Exposure {
    /// The state after a start: nothing in flight; `exposed` bounds what any earlier process has exposed beyond the
    /// stamps of versions.
    pub(crate) fn new(view: View, head: Stamp, exposed: Stamp) -> Exposure {
        let exposed = exposed.max(head);
        Exposure {
            state: Mutex::new(State { view, head, exposed, in_flight: None, is_awaited: false }),
        }
    }

    /// The reader's step: takes view and horizon, and exposes the horizon. None while a commit is under way that has
    /// the stamp of the one before it.
    pub(crate) fn read(&self, now: Stamp, lease: Stamp) -> Option<Reading> {
        let mut state = self.state.lock();
        if !state.is_readable() {
            state.is_awaited = true;
            return None;
        }
        let horizon = state.horizon(now, lease);
        if !Guard::ExposeWithView.is_off() {
            state.exposed = state.exposed.max(horizon);
        }
        Some(Reading { view: state.view.clone(), horizon })
    }

    /// Whether [`Exposure::read`] would answer.
    pub(crate) fn is_readable(&self) -> bool {
        self.state.lock().is_readable()
    }

    /// Exposes an instant that the visible versions are complete up to, for answers that show none.
    pub(crate) fn tell(&self, now: Stamp, lease: Stamp) -> Stamp {
        let mut state = self.state.lock();
        let horizon = state.horizon(now, lease);
        state.exposed = state.exposed.max(horizon);
        horizon
    }

    /// The view alone, for answers that tell no horizon.
    pub(crate) fn view(&self) -> View {
        self.state.lock().view.clone()
    }

    /// The seq of the view that readers see, and the highest instant that has been exposed, or that a
    /// visible version carries.
    pub(crate) fn told(&self) -> (Seq, Stamp) {
        let state = self.state.lock();
        (state.view.seq(), state.exposed.max(state.head))
    }

    /// Exposes an instant apart from any view: what goes wrong without the guard.
    pub(crate) fn raise(&self, horizon: Stamp) {
        let mut state = self.state.lock();
        state.exposed = state.exposed.max(horizon);
    }

    /// What [`Exposure::read`] would tell, without telling it.
    pub(crate) fn horizon(&self, now: Stamp, lease: Stamp) -> Stamp {
        self.state.lock().horizon(now, lease)
    }

    /// The writer's first step: draws the commit's stamp and marks it in flight.
    pub(crate) fn begin_commit(&self, now: Stamp) -> Stamp {
        let mut state = self.state.lock();
        let is_told = state.exposed >= state.head && !Guard::ShareUntold.is_off();
        let is_shared = now == state.head && !is_told && !state.is_awaited;
        let stamp = if is_shared { now } else { state.next(now) };
        state.in_flight = Some(stamp);
        state.is_awaited = false;
        stamp
    }

    /// The same in the middle of a commit, for a stamp that no version has.
    pub(crate) fn draw_later(&self, now: Stamp) -> Stamp {
        let mut state = self.state.lock();
        let stamp = state.next(now);
        state.in_flight = Some(stamp);
        stamp
    }

    /// The writer's second step, after the durable commit: shows the new head.
    pub(crate) fn publish(&self, view: View, head: Stamp) {
        let mut state = self.state.lock();
        state.view = view;
        state.head = head;
        state.in_flight = None;
    }

    /// The writer's second step where the commit is certainly not there.
    pub(crate) fn abandon(&self) {
        self.state.lock().in_flight = None;
    }

    /// The highest instant that has been exposed, if no visible version carries it or a later one.
    pub(crate) fn told_beyond_versions(&self) -> Option<Stamp> {
        let state = self.state.lock();
        Some(state.exposed).filter(|exposed| *exposed > state.head)
    }

    /// The highest instant that has been exposed, or that a visible version carries.
    pub(crate) fn exposed(&self) -> Stamp {
        self.told().1
    }
}

impl State {
    fn is_readable(&self) -> bool {
        self.in_flight != Some(self.head) || Guard::WaitForSharer.is_off()
    }

    /// A stamp after all that has been told, and after all versions.
    fn next(&self, now: Stamp) -> Stamp {
        now.max(self.exposed.plus_millis(1)).max(self.head.plus_millis(1))
    }

    /// What is visible is complete up to now, and to a millisecond after the last version: no later one will have that
    /// stamp, and who continues from there does not get the last one again.
    fn horizon(&self, now: Stamp, lease: Stamp) -> Stamp {
        let lease = if Guard::Lease.is_off() { Stamp::MAX } else { lease };
        let bound = now.max(self.head.plus_millis(1)).min(lease);
        let complete = self.head.max(self.exposed).max(bound);
        match self.in_flight {
            Some(_) if Guard::InFlight.is_off() => complete,
            Some(stamp) => complete.min(stamp.plus_millis(-1)),
            None => complete,
        }
    }
}
