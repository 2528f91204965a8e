//! Repeated failures to accept connections, for example while there are no free file descriptors.

use std::io;
use std::time::{Duration, Instant};

/// An outage is over when nothing has failed for this long. As connections end, some are accepted
/// between two that fail.
const QUIET: Duration = Duration::from_secs(60);

/// What has failed in a row.
#[derive(Default)]
pub struct Outage {
    failures: u64,
    last: Option<Instant>,
}

impl Outage {
    /// Logs the first failure of an outage as a warning, and the others at debug level.
    pub fn failed(&mut self, what: &'static str, problem: &io::Error) {
        match self.count(Instant::now()) {
            1 => tracing::warn!(%problem, "cannot accept {what} at the moment"),
            failures => tracing::debug!(%problem, failures, "still cannot accept {what}"),
        }
    }

    fn count(&mut self, now: Instant) -> u64 {
        let goes_on = self.last.is_some_and(|last| now.duration_since(last) < QUIET);
        self.failures = if goes_on { self.failures + 1 } else { 1 };
        self.last = Some(now);
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_ends_when_nothing_has_failed_for_a_while() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        let counted =
            [0, 1, 59, 118, 178, 179].map(|s| outage.count(begin + Duration::from_secs(s)));
        assert_eq!(counted, [1, 2, 3, 4, 1, 2]);
    }
}
