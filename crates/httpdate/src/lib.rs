//! What hyper writes into the `Date` of each answer, whatever the clock shows.
//!
//! hyper takes it from the crate `httpdate`, for every answer and even where it is to write none, and that crate
//! panics before 1970 and after 9999: a clock that is so wrong would cut every connection off. This takes its
//! place (`[patch.crates-io]` in the workspace's `Cargo.toml`) with as much of it as hyper uses.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// What can be written with a year of four digits, in seconds since 1970.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_207_200;

/// An instant, as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpDate(Timestamp);

impl From<SystemTime> for HttpDate {
    /// An instant outside of the years 1 to 9999 becomes the nearest within.
    fn from(instant: SystemTime) -> HttpDate {
        let second = match instant.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
        };
        HttpDate(Timestamp::from_second(second.clamp(FIRST, LAST)).unwrap_or_default())
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.0);
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_instant_has_a_date() {
        let since_1970 = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let before_1970 = |seconds: u64| SystemTime::UNIX_EPOCH - Duration::from_secs(seconds);
        let date = |instant: SystemTime| HttpDate::from(instant).to_string();
        assert_eq!(date(since_1970(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(date(since_1970(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(date(before_1970(1)), "Wed, 31 Dec 1969 23:59:59 GMT");
        assert_eq!(date(before_1970(70_000_000_000)), "Mon, 01 Jan 0001 00:00:00 GMT");
        assert_eq!(date(since_1970(300_000_000_000)), "Thu, 30 Dec 9999 22:00:00 GMT");
        assert_eq!(date(since_1970(i64::MAX as u64)), "Thu, 30 Dec 9999 22:00:00 GMT");
        assert_eq!(date(before_1970(i64::MAX as u64)), "Mon, 01 Jan 0001 00:00:00 GMT");
    }
}
