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
//! No wall clock takes part in this argument: the clock only decides how far ahead stamps and
//! horizons move, and a clock that steps back merely stops moving them. Between processes the
//! argument rests on the lease: no read exposes more than has been durably promised beforehand, and
//! the next process begins with that promise as its `exposed`.

use domain::{Seq, Stamp};
use parking_lot::Mutex;
use timeline::View;

use crate::sabotage::Guard;

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
}

/// What a reader takes in one step: a view, and the instant that it is complete up to.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) view: View,
    pub(crate) horizon: Stamp,
}

impl Exposure {
    /// The state after a start: nothing in flight; `exposed` bounds what any earlier process has exposed.
    pub(crate) fn new(view: View, head: Stamp, exposed: Stamp) -> Exposure {
        Exposure { state: Mutex::new(State { view, head, exposed, in_flight: None }) }
    }

    /// The reader's step: takes view and horizon, and exposes the horizon.
    pub(crate) fn read(&self, now: Stamp, lease: Stamp) -> Reading {
        let mut state = self.state.lock();
        let horizon = state.horizon(now, lease);
        if !Guard::ExposeWithView.is_off() {
            state.exposed = state.exposed.max(horizon);
        }
        Reading { view: state.view.clone(), horizon }
    }

    /// The view alone, for answers that tell no horizon: it exposes nothing but the versions in it.
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
        let stamp = now.max(state.exposed.plus_millis(1)).max(state.head.plus_millis(1));
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
    fn horizon(&self, now: Stamp, lease: Stamp) -> Stamp {
        let bound = if Guard::Lease.is_off() { now } else { now.min(lease) };
        let complete = self.head.max(self.exposed).max(bound);
        match self.in_flight {
            Some(_) if Guard::InFlight.is_off() => complete,
            Some(stamp) => complete.min(stamp.plus_millis(-1)),
            None => complete,
        }
    }
}
