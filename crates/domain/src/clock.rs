//! Time as a parameter.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::Stamp;

/// A source of the present. It may step back and forth: nothing relies on it to be monotonic.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Stamp;

    /// Milliseconds that have passed since some fixed instant, whatever steps the clock took; they go on
    /// while the machine sleeps, where it can tell.
    fn elapsed_ms(&self) -> i64;

    /// Blocks this thread until the clock shows `until`, but no longer than `at_most_ms`.
    fn wait_until(&self, until: Stamp, at_most_ms: i64);
}

/// A clock that is set by hand, for tests. Waiting moves it; where it is set ahead, time passes, and where it
/// leaps, none does.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    elapsed: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now` until it is set.
    #[must_use]
    pub fn new(now: Stamp) -> ManualClock {
        ManualClock { now: AtomicI64::new(now.millis()), elapsed: AtomicI64::new(0) }
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: Stamp) {
        self.advance(now.millis() - self.now().millis());
    }

    /// Moves the clock by `millis`, which may be negative.
    pub fn advance(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.elapsed.fetch_add(millis.max(0), Ordering::SeqCst);
    }

    /// Moves the clock by `millis`, which may be negative, while no time passes.
    pub fn leap(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Stamp {
        Stamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    fn elapsed_ms(&self) -> i64 {
        self.elapsed.load(Ordering::SeqCst)
    }

    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        let missing = until.millis() - self.now().millis();
        self.advance(missing.clamp(0, at_most_ms));
    }
}
