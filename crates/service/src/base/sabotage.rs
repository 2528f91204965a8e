//! Guards that the simulation can switch off, one at a time, to show that it notices. Without the feature
//! `sabotage` they are always on, and cost nothing.

/// What keeps the invariants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// A reader exposes the horizon in the step in which it takes the view.
    ExposeWithView,
    /// A horizon stays below the stamp of a commit under way.
    InFlight,
    /// The writes of a group share one stamp.
    SharedStamp,
    /// Commits share a stamp only if nobody has read in between.
    ShareUntold,
    /// Who reads waits while a commit is under way that shares the last one's stamp.
    WaitForSharer,
    /// Nothing is exposed beyond a durable promise, which the next process starts with.
    Lease,
    /// All pages of a run come from its view.
    RunView,
    /// A write is judged inside the commit, on the state that the one before it left.
    JudgeInCommit,
    /// An upper bound just ahead of the horizon is waited for.
    WaitForTo,
    /// An interrupted rename is continued.
    GoOnRenaming,
}

impl Guard {
    /// All of them.
    pub const ALL: [Guard; 10] = [
        Guard::ExposeWithView,
        Guard::InFlight,
        Guard::SharedStamp,
        Guard::ShareUntold,
        Guard::WaitForSharer,
        Guard::Lease,
        Guard::RunView,
        Guard::JudgeInCommit,
        Guard::WaitForTo,
        Guard::GoOnRenaming,
    ];

    /// Whether the guard is switched off on this thread.
    #[cfg(not(feature = "sabotage"))]
    #[inline]
    pub(crate) const fn is_off(self) -> bool {
        let _ = self;
        false
    }
}

/// Lets others come in between.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub(crate) const fn interrupt() {}

/// How many records make one step of long work. In a simulation so few that others come in between.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub(crate) const fn step_of(records: usize) -> usize {
    records
}

/// A limit that takes long to reach: in a simulation that wants it so, the second one counts.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub(crate) const fn limit<T: Copy>(real: T, _: T) -> T {
    real
}

/// Whether what is slow on purpose, to keep guessers busy, may be quick.
#[cfg(not(feature = "sabotage"))]
#[inline]
pub(crate) const fn hurries() -> bool {
    false
}

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        static OFF: Cell<Option<Guard>> = const { Cell::new(None) };
        static INTERRUPT: Cell<Option<fn()>> = const { Cell::new(None) };
        static TIGHT: Cell<bool> = const { Cell::new(false) };
    }

    impl Guard {
        /// Whether the guard is switched off on this thread.
        pub(crate) fn is_off(self) -> bool {
            OFF.get() == Some(self)
        }
    }

    /// Switches one guard off on this thread, or all of them on. `interrupt` is called where, without
    /// the guard, others may come in between.
    pub fn switch_off(guard: Option<Guard>, interrupt: fn()) {
        OFF.set(guard);
        INTERRUPT.set(Some(interrupt));
    }

    /// Lets limits be so tight, on this thread, that a simulation comes up against them.
    pub fn tighten_limits(tight: bool) {
        TIGHT.set(tight);
    }

    /// A limit that takes long to reach: in a simulation that wants it so, the second one counts.
    pub(crate) fn limit<T: Copy>(real: T, tight: T) -> T {
        if TIGHT.get() { tight } else { real }
    }

    /// Whether what is slow on purpose, to keep guessers busy, may be quick.
    pub(crate) fn hurries() -> bool {
        INTERRUPT.get().is_some()
    }

    /// How many records make one step of long work. In a simulation so few that others come in
    /// between.
    pub(crate) fn step_of(records: usize) -> usize {
        const SIMULATED: usize = 3;
        if INTERRUPT.get().is_some() { records.min(SIMULATED) } else { records }
    }

    /// Lets others come in between.
    pub(crate) fn interrupt() {
        if let Some(interrupt) = INTERRUPT.get() {
            interrupt();
        }
    }
}

#[cfg(feature = "sabotage")]
pub(crate) use switch::{hurries, interrupt, limit, step_of};
#[cfg(feature = "sabotage")]
pub use switch::{switch_off, tighten_limits};
