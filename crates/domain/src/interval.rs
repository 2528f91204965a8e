//! How often something is expected to happen.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What an interval is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
}

/// A whole number of minutes, hours or days: a minute at least, and a year at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(i64);

/// Why something is no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IntervalError {
    /// It cannot be read.
    #[error("expected a number followed by m, h or d, like 30m, 12h or 7d")]
    Malformed,
    /// It is too short or too long.
    #[error("must be at least one minute and at most 366 days")]
    OutOfBounds,
}

const MINUTE_MS: i64 = 60_000;
const DAYS_MAX: i64 = 366;

impl Unit {
    /// All of them, the shortest first.
    pub const ALL: [Unit; 3] = [Unit::Minute, Unit::Hour, Unit::Day];

    /// Its name where there are several: `days`.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Unit::Minute => "minutes",
            Unit::Hour => "hours",
            Unit::Day => "days",
        }
    }

    fn letter(self) -> char {
        match self {
            Unit::Minute => 'm',
            Unit::Hour => 'h',
            Unit::Day => 'd',
        }
    }

    fn millis(self) -> i64 {
        match self {
            Unit::Minute => MINUTE_MS,
            Unit::Hour => 60 * MINUTE_MS,
            Unit::Day => 24 * 60 * MINUTE_MS,
        }
    }
}

impl Interval {
    /// This many of them.
    ///
    /// # Errors
    /// When that is too short or too long.
    pub fn new(count: i64, unit: Unit) -> Result<Interval, IntervalError> {
        Interval::of_millis(count.saturating_mul(unit.millis()))
    }

    /// Of this many milliseconds, cut to the minute.
    ///
    /// # Errors
    /// When that is too short or too long.
    pub fn of_millis(millis: i64) -> Result<Interval, IntervalError> {
        let bounds = MINUTE_MS..=DAYS_MAX * Unit::Day.millis();
        if !bounds.contains(&millis) {
            return Err(IntervalError::OutOfBounds);
        }
        Ok(Interval(millis - millis % MINUTE_MS))
    }

    /// Reads `30m`, `12h` or `7d`.
    ///
    /// # Errors
    /// When it is none of those, or too short or too long.
    pub fn parse(text: &str) -> Result<Interval, IntervalError> {
        let text = text.trim();
        let unit = Unit::ALL.into_iter().find(|unit| text.ends_with(unit.letter()));
        let unit = unit.ok_or(IntervalError::Malformed)?;
        let count = text.strip_suffix(unit.letter()).unwrap_or_default().trim_end();
        Interval::new(count.parse().map_err(|_| IntervalError::Malformed)?, unit)
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The same in the largest unit that it is a whole number of.
    #[must_use]
    pub fn parts(self) -> (i64, Unit) {
        let whole = |unit: &&Unit| self.0 % unit.millis() == 0;
        let unit = Unit::ALL.iter().rev().find(whole).copied().unwrap_or(Unit::Minute);
        (self.0 / unit.millis(), unit)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = self.parts();
        write!(f, "{count}{}", unit.letter())
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Interval, IntervalError> {
        Interval::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_read_as_it_is_written() {
        for (text, shown) in
            [("7d", "7d"), (" 12h ", "12h"), ("48h", "2d"), ("90m", "90m"), ("60 m", "1h")]
        {
            assert_eq!(Interval::parse(text).unwrap().to_string(), shown);
            assert_eq!(Interval::parse(shown).unwrap(), Interval::parse(text).unwrap());
        }
        assert_eq!(Interval::parse("7d").unwrap().millis(), 7 * 86_400_000);
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        for text in ["", "d", "7", "7w", "seven d", "1.5h", "7dd", "é"] {
            assert_eq!(Interval::parse(text), Err(IntervalError::Malformed), "{text}");
        }
        for text in ["0m", "-1d", "367d", "9223372036854775807d"] {
            assert_eq!(Interval::parse(text), Err(IntervalError::OutOfBounds), "{text}");
        }
        assert_eq!(Interval::of_millis(59_999), Err(IntervalError::OutOfBounds));
    }
}
