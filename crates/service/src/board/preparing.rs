//! How the background gets on with making a board ready.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// How long it is not tried again after a failure.
const FAILED_FOR: Duration = Duration::from_secs(5);

/// How the background gets on with a board.
#[derive(Debug, Default)]
pub(crate) struct Preparing {
    pub(crate) is_under_way: AtomicBool,
    /// Tells waiters that it has ended, in one way or the other.
    pub(crate) ended: Notify,
    /// Why it could not be made ready, and when that was.
    pub(crate) failed: Mutex<Option<(Instant, String)>>,
}

impl Preparing {
    /// Whether it is being done.
    pub(crate) fn is_under_way(&self) -> bool {
        self.is_under_way.load(Ordering::Acquire)
    }

    pub(crate) fn fail(&self, why: &str) {
        *self.failed.lock() = Some((Instant::now(), why.to_owned()));
    }

    /// Why it cannot be made ready now; none if that is worth another try.
    pub(crate) fn failure(&self) -> Option<String> {
        let failed = self.failed.lock();
        failed.as_ref().filter(|(at, _)| at.elapsed() < FAILED_FOR).map(|(_, why)| why.clone())
    }
}

/// Ends even if it panics, so that nothing waits for it.
pub(crate) struct Ends<'a>(pub(crate) &'a Preparing);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("preparing the list failed unexpectedly; the server's log has the reason");
        }
        self.0.is_under_way.store(false, Ordering::Release);
        self.0.ended.notify_waiters();
    }
}
