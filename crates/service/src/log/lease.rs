//! The lease: a promise on disk that bounds every exposed instant (invariant 3).
//!
//! After a crash it is not known which instants were exposed. The promise made before answers for
//! all of them: the next process begins with it as its `exposed`.

use std::sync::atomic::{AtomicI64, Ordering};

use domain::Stamp;

/// How far ahead of the clock the promise reaches. After a crash, stamps may begin this far ahead.
const LEASE_MS: i64 = 5_000;

/// The promise in force.
pub(crate) struct Lease(AtomicI64);

impl Lease {
    pub(crate) fn new(kept: Stamp) -> Lease {
        Lease(AtomicI64::new(kept.millis()))
    }

    /// The bound: nothing beyond it is exposed.
    pub(crate) fn bound(&self) -> Stamp {
        Stamp::from_millis(self.0.load(Ordering::Acquire))
    }

    /// Whether it is time to promise more.
    pub(crate) fn is_due(&self, now: Stamp) -> bool {
        self.bound() < now.plus_millis(LEASE_MS / 2)
    }

    /// What to promise next.
    pub(crate) fn next(&self, now: Stamp) -> Stamp {
        self.bound().max(now.plus_millis(LEASE_MS))
    }

    /// The promise has become durable.
    pub(crate) fn renewed(&self, bound: Stamp) {
        self.0.store(bound.millis(), Ordering::Release);
    }
}
