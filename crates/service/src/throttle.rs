//! Attempts that failed: whoever guesses has to wait.

use domain::Stamp;
use parking_lot::Mutex;
use quick_cache::unsync::Cache;
use thiserror::Error;

/// Failures of one name, or from one place, within the span.
const FAILURES_MAX: u32 = 10;

/// Failures count for this long after the first of them.
const SPAN_MS: i64 = 15 * 60_000;

/// Names and places that are remembered; others push out those that have not been heard of for long.
const REMEMBERED_MAX: usize = 100_000;

/// Too many attempts have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many attempts have failed: try again in {minutes} minutes")]
pub struct TooManyAttempts {
    /// When to try again.
    pub minutes: i64,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    since: Stamp,
}

/// The failures of late, by name and by place.
pub(crate) struct Attempts(Mutex<Cache<String, Failures>>);

impl Attempts {
    pub(crate) fn new() -> Attempts {
        Attempts(Mutex::new(Cache::new(REMEMBERED_MAX)))
    }

    /// Whether another attempt may be made.
    pub(crate) fn allow(&self, of: &[&str], now: Stamp) -> Result<(), TooManyAttempts> {
        let attempts = self.0.lock();
        for who in of {
            let failures = attempts.get(*who).filter(|f| f.count >= FAILURES_MAX);
            let left_ms = failures.map_or(0, |f| f.since.millis() + SPAN_MS - now.millis());
            if left_ms > 0 {
                return Err(TooManyAttempts { minutes: (left_ms + 59_999) / 60_000 });
            }
        }
        Ok(())
    }

    /// An attempt has failed.
    pub(crate) fn failed(&self, of: &[&str], now: Stamp) {
        let mut attempts = self.0.lock();
        for who in of {
            let before = attempts.get(*who).copied();
            let recent = before.filter(|f| f.since.millis() + SPAN_MS > now.millis());
            let Failures { count, since } = recent.unwrap_or(Failures { count: 0, since: now });
            attempts.insert((*who).to_owned(), Failures { count: count + 1, since });
        }
    }

    /// An attempt has succeeded.
    pub(crate) fn succeeded(&self, who: &str) {
        self.0.lock().remove(who);
    }
}
