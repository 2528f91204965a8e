//! The one place that reads the machine's clock.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use domain::{Clock, Stamp};

/// When this process first asked.
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        Stamp::from_millis(i64::try_from(since_1970().as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(BEGINNING.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "the wait is bounded by the caller")]
    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        let until = Duration::from_millis(u64::try_from(until.millis()).unwrap_or(0));
        // To the very instant: commits wait here, and a millisecond is long for them.
        let missing = until.saturating_sub(since_1970());
        // What is further off is not waited for at all.
        if missing <= Duration::from_millis(at_most_ms.unsigned_abs()) {
            std::thread::sleep(missing);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that all others take")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
