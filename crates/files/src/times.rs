//! Times as people and their programs write them into tables.
//!
//! Nothing is guessed: dots are always day first, AM or PM says that the month is, and slashes without either
//! are refused unless somebody has said how this file means them.

use std::fmt;
use std::str::FromStr;

use domain::{Local, LocalTime, Moment, MomentError, Precision, Zone};
use thiserror::Error;

/// In which order dates with slashes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    /// Month first: 11/30/2026.
    Us,
    /// Day first: 30/11/2026.
    Eu,
}

/// A text that names no order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected us (11/30/2026) or eu (30/11/2026)")]
pub struct DatesError;

impl FromStr for Dates {
    type Err = DatesError;

    fn from_str(text: &str) -> Result<Dates, DatesError> {
        match text {
            "us" => Ok(Dates::Us),
            "eu" => Ok(Dates::Eu),
            _ => Err(DatesError),
        }
    }
}

impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dates::Us => "us",
            Dates::Eu => "eu",
        })
    }
}

/// Why a cell is no time that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTime {
    /// It is something else.
    Unexpected,
    /// It may be the third of February or the second of March.
    UnclearDate,
    /// Clocks skip it.
    Skipped,
    /// It has an offset that the zone of its column has not got then.
    OtherOffset,
    /// It is a time, but none that can be kept.
    Beyond,
}

impl From<MomentError> for NoTime {
    fn from(error: MomentError) -> NoTime {
        match error {
            MomentError::NoTime => NoTime::Unexpected,
            MomentError::Beyond => NoTime::Beyond,
        }
    }
}

/// Of which time zone the times of a column are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of<'z> {
    /// Of the one that its name says.
    Column(&'z Zone),
    /// The column does not say it: of this one where they have no offset.
    Table(&'z Zone),
}

/// Reads a cell as a time.
pub(super) fn read(
    cell: &str,
    of: Of<'_>,
    dates: Option<Dates>,
) -> Result<(Moment, Precision), NoTime> {
    let text = cell.trim().trim_start_matches('\'');
    let Written { time, unit_ms, offset_seconds } = written(text, dates)?;
    let (Of::Column(zone) | Of::Table(zone)) = of;
    let local = match (offset_seconds, of) {
        (Some(seconds), Of::Table(_)) => Local::Once(time.at_offset(seconds)?),
        // Programs that write an offset of their own keep the digits, or move them to another zone.
        (Some(seconds), Of::Column(_)) => match time.at_offset(seconds)? {
            moment if moment == zone.at(moment.stamp) => Local::Once(moment),
            _ => return Err(NoTime::OtherOffset),
        },
        (None, _) => time.in_zone(zone)?,
    };
    let is_local = offset_seconds.is_none() && matches!(of, Of::Table(_));
    let precision = Precision { unit_ms, or_later_ms: 0, is_local };
    let (moment, precision) = match local {
        Local::Once(moment) => (moment, precision),
        Local::Twice(moment, or_later_ms) => (moment, Precision { or_later_ms, ..precision }),
        Local::Never => return Err(NoTime::Skipped),
    };
    let unit_ms = if unit_ms == DAY_MS { day_ms(moment, zone) } else { unit_ms };
    Ok((moment, Precision { unit_ms, ..precision }))
}

/// How long the day is that begins then.
fn day_ms(midnight: Moment, zone: &Zone) -> u32 {
    let later = zone.at(midnight.stamp.plus_millis(i64::from(DAY_MS)));
    let put_back = (midnight.offset_seconds - later.offset_seconds).saturating_mul(1_000);
    DAY_MS.saturating_add_signed(put_back)
}

/// Whether a cell has a time that does not say its offset.
pub(super) fn is_local(cell: &str) -> bool {
    let text = cell.trim().trim_start_matches('\'');
    written(text, Some(Dates::Eu)).is_ok_and(|written| written.offset_seconds.is_none())
}

/// A time as it is written.
struct Written {
    time: LocalTime,
    unit_ms: u32,
    offset_seconds: Option<i32>,
}

const DAY_MS: u32 = 86_400_000;
const MINUTE_MS: u32 = 60_000;
const SECOND_MS: u32 = 1_000;

fn written(text: &str, dates: Option<Dates>) -> Result<Written, NoTime> {
    let (date, rest) = date(text)?;
    let clock = clock(rest)?;
    let year_month_day = match date {
        Date::Sorted(date) => date,
        Date::Slashes([first, second, year]) => {
            let order = dates.or(clock.half.map(|_| Dates::Us)).ok_or(NoTime::UnclearDate)?;
            match order {
                Dates::Us => [year, first, second],
                Dates::Eu => [year, second, first],
            }
        }
    };
    let time = LocalTime::new(year_month_day, clock.of_day()?).ok_or(NoTime::Unexpected)?;
    let time = if clock.is_cut { time.next_second() } else { time };
    Ok(Written { time, unit_ms: clock.unit_ms, offset_seconds: clock.offset_seconds })
}

enum Date {
    /// Year, month and day.
    Sorted([u16; 3]),
    /// What stands between the slashes, the year last.
    Slashes([u16; 3]),
}

/// The date that a text begins with, and the rest.
fn date(text: &str) -> Result<(Date, &str), NoTime> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !"-/.".contains(c)).unwrap_or(text.len());
    let (date, rest) = text.split_at(end);
    let separator = date.chars().find(|c| !c.is_ascii_digit()).ok_or(NoTime::Unexpected)?;
    let parts: Vec<&str> = date.split(separator).collect();
    let [first, second, third] = parts[..] else { return Err(NoTime::Unexpected) };
    let date = match (separator, first.len()) {
        ('-' | '/', 4) => Date::Sorted([number(first, 4)?, number(second, 2)?, number(third, 2)?]),
        ('.', 1 | 2) => Date::Sorted([year(third)?, number(second, 2)?, number(first, 2)?]),
        ('/', 1 | 2) => Date::Slashes([number(first, 2)?, number(second, 2)?, year(third)?]),
        _ => return Err(NoTime::Unexpected),
    };
    Ok((date, rest))
}

/// A year of two digits lies within the hundred years that began in 1969, as POSIX has it.
fn year(digits: &str) -> Result<u16, NoTime> {
    const FIRST: u16 = 69;
    match digits.len() {
        2 => number(digits, 2).map(|year| year + if year < FIRST { 2_000 } else { 1_900 }),
        4 => number(digits, 4),
        _ => Err(NoTime::Unexpected),
    }
}

/// Reads up to so many digits and nothing else.
fn number(digits: &str, digits_max: usize) -> Result<u16, NoTime> {
    let is_number = digits.len() <= digits_max && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number).ok_or(NoTime::Unexpected)
}

/// A time of day as it is written.
struct Clock {
    hour: u16,
    minute: u16,
    second: u16,
    milli: u16,
    /// Whether it is of the second half of the day, where it says so.
    half: Option<bool>,
    unit_ms: u32,
    offset_seconds: Option<i32>,
    /// Whether it is a whole minute that a program has cut to the second before.
    is_cut: bool,
}

/// xlsx2csv, which is known by its small t, cuts times that are too small by a rounding error: 10:15 becomes
/// 10:14:59.
const LAST_SECOND: u16 = 59;

impl Clock {
    fn of_day(&self) -> Result<[u16; 4], NoTime> {
        let hour = match (self.half, self.hour) {
            (None, hour) => hour,
            (Some(after_noon), 12) => u16::from(after_noon) * 12,
            (Some(after_noon), hour @ 1..12) => hour + u16::from(after_noon) * 12,
            (Some(_), _) => return Err(NoTime::Unexpected),
        };
        Ok([hour, self.minute, self.second, self.milli])
    }
}

/// What follows a date: nothing, or a time of day with what may come behind it.
fn clock(rest: &str) -> Result<Clock, NoTime> {
    let mut clock = Clock {
        hour: 0,
        minute: 0,
        second: 0,
        milli: 0,
        half: None,
        unit_ms: DAY_MS,
        offset_seconds: None,
        is_cut: false,
    };
    if rest.is_empty() {
        return Ok(clock);
    }
    let is_cut = rest.starts_with('t');
    let rest = rest.strip_prefix(['T', 't', ' ']).ok_or(NoTime::Unexpected)?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && !":.,".contains(c)).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let mut parts = digits.split(':');
    let mut part = || parts.next().ok_or(NoTime::Unexpected);
    clock.hour = number(part()?, 2)?;
    let minute = part()?;
    clock.minute =
        number(minute, 2).ok().filter(|_| minute.len() == 2).ok_or(NoTime::Unexpected)?;
    clock.unit_ms = MINUTE_MS;
    if let Some(seconds) = parts.next() {
        let (whole, fraction) = seconds.split_once(['.', ',']).unwrap_or((seconds, ""));
        clock.second =
            number(whole, 2).ok().filter(|_| whole.len() == 2).ok_or(NoTime::Unexpected)?;
        (clock.milli, clock.unit_ms) = milliseconds(fraction)?;
    }
    if parts.next().is_some() {
        return Err(NoTime::Unexpected);
    }
    clock.is_cut = is_cut && clock.unit_ms == SECOND_MS && clock.second == LAST_SECOND;
    let (half, rest) = half(rest.trim_start());
    clock.half = half;
    clock.offset_seconds = offset(rest.trim_start())?;
    Ok(clock)
}

/// A fraction of a second in milliseconds, finer digits cut, and what its last digit stands for. Zeros at
/// its end say nothing: there are programs that always write them.
fn milliseconds(fraction: &str) -> Result<(u16, u32), NoTime> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoTime::Unexpected);
    }
    let digits = fraction.trim_end_matches('0');
    let digits = digits.get(..3).unwrap_or(digits);
    let unit_ms = [SECOND_MS, 100, 10, 1][digits.len()];
    let number = if digits.is_empty() { 0 } else { number(digits, 3)? };
    Ok((number * u16::try_from(unit_ms).unwrap_or(0), unit_ms))
}

/// AM or PM, and the rest.
fn half(text: &str) -> (Option<bool>, &str) {
    match text.get(..2).map(str::to_ascii_uppercase).as_deref() {
        Some("AM") => (Some(false), &text[2..]),
        Some("PM") => (Some(true), &text[2..]),
        _ => (None, text),
    }
}

/// `Z`, `±hh`, `±hhmm` or `±hh:mm`, as seconds; none where nothing is there.
fn offset(text: &str) -> Result<Option<i32>, NoTime> {
    let (sign, digits) = match text.as_bytes() {
        [] => return Ok(None),
        [b'Z' | b'z'] => return Ok(Some(0)),
        [b'+', ..] => (1, &text[1..]),
        [b'-', ..] => (-1, &text[1..]),
        // Where it once went through a URL, the plus sign has become a blank.
        [b'0'..=b'9', ..] => (1, text),
        _ => return Err(NoTime::Unexpected),
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 if digits.is_ascii() => digits.split_at(2),
        5 => digits.split_once(':').ok_or(NoTime::Unexpected)?,
        _ => return Err(NoTime::Unexpected),
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    if hours > 18 || minutes > 59 || (hours == 18 && minutes > 0) {
        return Err(NoTime::Unexpected);
    }
    Ok(Some(sign * (i32::from(hours) * 60 + i32::from(minutes)) * 60))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chicago() -> Zone {
        Zone::parse("America/Chicago").unwrap()
    }

    fn shown(text: &str, dates: Option<Dates>) -> String {
        match read(text, Of::Table(&chicago()), dates) {
            Ok((moment, precision)) => format!("{moment} {}", precision.unit_ms),
            Err(why) => format!("{why:?}"),
        }
    }

    #[test]
    fn every_form_that_programs_write_is_read() {
        let nine = "2026-11-30T09:00:00.000-06:00";
        for (text, unit_ms) in [
            ("2026-11-30T09:00:00.000-06:00", 1_000),
            ("2026-11-30T15:00:00Z", 1_000),
            ("2026-11-30T09:00:00-0600", 1_000),
            ("2026-11-30 09:00:00-06", 1_000),
            ("2026-11-30 09:00:00 -06:00", 1_000),
            ("2026-12-01T00:00:00 0900", 1_000),
            ("2026-11-30T09:00:00", 1_000),
            ("2026-11-30t09:00:00.000", 1_000),
            ("2026-11-30t08:59:59.000", 1_000),
            ("2026-11-30T09:00:00,000", 1_000),
            ("2026-11-30 09:00:00.000000", 1_000),
            ("2026-11-30 09:00", 60_000),
            ("2026-11-30T9:00", 60_000),
            ("2026/11/30 09:00:00", 1_000),
            ("30.11.2026 09:00", 60_000),
            ("30.11.26 09:00", 60_000),
            ("30.11.2026 09:00:00", 1_000),
            ("11/30/2026 9:00 AM", 60_000),
            ("11/30/26 09:00 AM", 60_000),
            ("11/30/2026 9:00:00 am", 1_000),
            ("11/30/2026 9:00AM", 60_000),
            ("'2026-11-30T09:00:00", 1_000),
            (" 2026-11-30 09:00 ", 60_000),
        ] {
            let moment = shown(text, None).replace("+00:00", "-06:00").replace("T15", "T09");
            let moment = moment.replace("2026-12-01T00:00:00.000+09:00", nine);
            assert_eq!(moment, format!("{nine} {unit_ms}"), "{text}");
        }
        for (text, expected) in [
            ("2026-11-30T09:00:00.123", "2026-11-30T09:00:00.123-06:00 1"),
            ("2026-11-30T09:00:00,12", "2026-11-30T09:00:00.120-06:00 10"),
            ("2026-11-30T09:00:00.1239999", "2026-11-30T09:00:00.123-06:00 1"),
            ("2026-11-30", "2026-11-30T00:00:00.000-06:00 86400000"),
            ("1.2.2026", "2026-02-01T00:00:00.000-06:00 86400000"),
            // Clocks change on these days.
            ("2026-03-08", "2026-03-08T00:00:00.000-06:00 82800000"),
            ("2026-11-01", "2026-11-01T00:00:00.000-05:00 90000000"),
            ("12/1/2026 12:15 AM", "2026-12-01T00:15:00.000-06:00 60000"),
            ("12/1/2026 12:15 PM", "2026-12-01T12:15:00.000-06:00 60000"),
            ("12/1/2026 1:15 pm", "2026-12-01T13:15:00.000-06:00 60000"),
        ] {
            assert_eq!(shown(text, None), expected, "{text}");
        }
    }

    #[test]
    fn slashes_are_read_as_somebody_has_said() {
        for text in ["11/12/2026", "11/12/2026 09:00", "30/11/2026 09:00", "1/2/26"] {
            assert_eq!(shown(text, None), "UnclearDate", "{text}");
        }
        let first = |dates| shown("11/12/2026 09:00", Some(dates));
        assert_eq!(first(Dates::Us), "2026-11-12T09:00:00.000-06:00 60000");
        assert_eq!(first(Dates::Eu), "2026-12-11T09:00:00.000-06:00 60000");
        let morning = shown("11/12/2026 9:00 AM", Some(Dates::Eu));
        assert_eq!(morning, "2026-12-11T09:00:00.000-06:00 60000");
        assert_eq!(shown("30/11/2026", Some(Dates::Us)), "Unexpected");
        // Dots and what is sorted mean the same, whatever is said of slashes.
        assert_eq!(shown("02.03.2026", Some(Dates::Us)), shown("2026-03-02", None));
    }

    #[test]
    fn clocks_that_are_put_back_or_forward_are_minded() {
        let (moment, precision) = read("2026-11-01T01:30:00", Of::Table(&chicago()), None).unwrap();
        assert_eq!(moment.to_string(), "2026-11-01T01:30:00.000-05:00");
        assert_eq!(precision.or_later_ms, 3_600_000);
        assert_eq!(shown("2026-03-08T02:30:00", None), "Skipped");
        assert_eq!(shown("9999-12-31T23:59:59", None), "Beyond");
    }

    #[test]
    fn all_else_is_refused() {
        for text in [
            "",
            "0",
            "46000.375",
            "yesterday",
            "2026",
            "2026-11",
            "2026-13-01",
            "2026-02-29",
            "2026-11-30T24:00",
            "2026-11-30T09",
            "2026-11-30T9:0",
            "2026-11-30T09:00:0",
            "2026-11-30T09:00:00+19:00",
            "2026-11-30T09:00:00 CST",
            "2026-11-30T09:00:00:00",
            "11/30/2026 13:00 AM",
            "11/30/2026 0:00 PM",
            "30.11.026",
            "2026.11.30",
            "30-11-2026",
            "2026-11-30T09:00Zulu",
            "٣٠.١١.٢٠٢٦",
            "2026-11-30é09:00",
            "2026-11-30T09:00 +é0",
            "2026-11/30",
        ] {
            assert_eq!(shown(text, None), "Unexpected", "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9T:. /,+APMZé-]{0,30}") {
            let _ = read(&text, Of::Table(&chicago()), None);
            let _ = read(&text, Of::Table(&chicago()), Some(Dates::Eu));
        }

        #[test]
        fn what_the_product_prints_is_read_exactly(millis in 0..4_000_000_000_000_i64) {
            let moment = chicago().at(domain::Stamp::from_millis(millis));
            let read = read(&moment.to_string(), Of::Table(&chicago()), None).unwrap().0;
            prop_assert_eq!(read, moment);
        }
    }
}
