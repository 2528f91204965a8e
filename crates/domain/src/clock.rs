//! Time as a parameter.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::Stamp;

/// A source of the present. It may step back and forth: nothing relies on it to be monotonic.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Stamp;

    /// Blocks this thread until the clock shows `until`, but no longer than `at_most_ms`.
    fn wait_until(&self, until: Stamp, at_most_ms: i64);
}

/// A clock that is set by hand: tests and simulations use it. Waiting moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `now` until it is told otherwise.
    #[must_use]
    pub fn new(now: Stamp) -> ManualClock {
        ManualClock(AtomicI64::new(now.millis()))
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: Stamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Moves the clock by `millis`, which may be negative.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Stamp {
        Stamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        let missing = until.millis() - self.now().millis();
        self.advance(missing.clamp(0, at_most_ms));
    }
}
