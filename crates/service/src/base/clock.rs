//! The one place that reads the machine's clock.

use std::time::{Duration, SystemTime};

use domain::{Clock, Stamp};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Stamp {
        Stamp::from_millis(
            (nanos_since_1970().div_euclid(1_000_000)).try_into().unwrap_or(i64::MAX),
        )
    }

    #[cfg(target_os = "linux")]
    fn elapsed_ms(&self) -> i64 {
        // Not by `Instant`, which stands still while the machine sleeps.
        let passed = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        passed.tv_sec * 1_000 + passed.tv_nsec / 1_000_000
    }

    #[cfg(not(target_os = "linux"))]
    fn elapsed_ms(&self) -> i64 {
        use std::sync::LazyLock;
        use std::time::Instant;
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        i64::try_from(BEGINNING.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "the wait is bounded by the caller")]
    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        // To the very instant: commits wait here, and a millisecond is long for them.
        let missing = i128::from(until.millis()) * 1_000_000 - nanos_since_1970();
        let missing = Duration::from_nanos(missing.max(0).try_into().unwrap_or(u64::MAX));
        // What is further off is not waited for at all.
        if missing <= Duration::from_millis(at_most_ms.unsigned_abs()) {
            std::thread::sleep(missing);
        }
    }
}

/// Before 1970 it is negative.
#[expect(clippy::disallowed_methods, reason = "this is the clock that all others take")]
fn nanos_since_1970() -> i128 {
    let nanos = |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => nanos(since),
        Err(before) => -nanos(before.duration()),
    }
}
