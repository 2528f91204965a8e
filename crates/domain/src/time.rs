//! Instants, instants with an offset, and zones.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use thiserror::Error;

/// An instant, in milliseconds UTC since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

impl Stamp {
    /// The first instant: whatever the offset, it is written with a year of four digits.
    pub const MIN: Stamp = Stamp(-62_135_510_400_000);
    /// The last instant, late on 9999-12-29: whatever the offset, it has a year of four digits.
    pub const MAX: Stamp = Stamp(253_402_127_999_999);

    /// The instant that many milliseconds after 1970, moved into the bounds.
    #[must_use]
    pub fn from_millis(millis: i64) -> Stamp {
        Stamp(millis.clamp(Stamp::MIN.0, Stamp::MAX.0))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The instant that many milliseconds later, or earlier.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Stamp {
        Stamp::from_millis(self.0.saturating_add(millis))
    }

    /// The instant as a wall clock with this offset shows it.
    #[must_use]
    pub fn at_offset(self, offset_seconds: i32) -> Moment {
        Moment { stamp: self, offset_seconds }
    }
}

/// An instant together with the offset that it was written with: a start or end keeps both.
///
/// Printed as the manual prints times: `2014-04-08T11:00:00.000-05:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// The instant.
    pub stamp: Stamp,
    /// Seconds east of Greenwich; whole minutes.
    pub offset_seconds: i32,
}

/// Why a text is no time that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MomentError {
    /// It is something else.
    #[error("expected a time with an offset, like 2014-01-10T15:50:28.153+08:00")]
    NoTime,
    /// It is before [`Stamp::MIN`] or after [`Stamp::MAX`].
    #[error("expected a time from {} to {}", Stamp::MIN.at_offset(0), Stamp::MAX.at_offset(0))]
    Beyond,
}

/// The largest offset that a time may be written with, in minutes: 18 hours, as in `xsd:dateTime`
/// and Java.
const OFFSET_MINUTES_MAX: i32 = 18 * 60;

impl Moment {
    /// Reads a time with seconds and an offset (`Z`, `±hh:mm` or `±hhmm`). A fraction finer than
    /// milliseconds is cut. The last hours of the year 9999, which scripts write for "for ever", are refused
    /// like the first ones of the year 1: whatever the offset, each instant must have a year of four digits.
    ///
    /// ```
    /// use domain::Moment;
    /// let moment = Moment::parse("2014-01-10T15:50:28.153+08:00").unwrap();
    /// assert_eq!(moment.to_string(), "2014-01-10T15:50:28.153+08:00");
    /// assert!(Moment::parse("2014-01-10T15:50:28").is_err());
    /// ```
    ///
    /// # Errors
    /// When the text is anything else, or an instant outside of [`Stamp::MIN`] to [`Stamp::MAX`].
    pub fn parse(text: &str) -> Result<Moment, MomentError> {
        let Read { stamp, offset_seconds, is_beyond, .. } =
            read(text).ok_or(MomentError::NoTime)?;
        if is_beyond { Err(MomentError::Beyond) } else { Ok(stamp.at_offset(offset_seconds)) }
    }

    /// Reads a time in the same forms as an inclusive lower bound: a fraction finer than milliseconds is cut,
    /// and what lies beyond all instants that can be kept is moved to the nearest of them. Nothing lies
    /// between.
    ///
    /// # Errors
    /// When the text is anything else, or outside the years 1 to 9999.
    pub fn lower_bound(text: &str) -> Result<Stamp, MomentError> {
        read(text).map(|read| read.stamp).ok_or(MomentError::NoTime)
    }

    /// As [`Moment::lower_bound`], but as an inclusive upper bound: a fraction finer than milliseconds is
    /// raised.
    ///
    /// # Errors
    /// As [`Moment::lower_bound`].
    pub fn upper_bound(text: &str) -> Result<Stamp, MomentError> {
        let Read { stamp, is_finer, .. } = read(text).ok_or(MomentError::NoTime)?;
        Ok(stamp.plus_millis(i64::from(is_finer)))
    }
}

/// A time that was read.
struct Read {
    /// The instant, or the nearest that can be kept.
    stamp: Stamp,
    offset_seconds: i32,
    /// Whether that is another than the text says.
    is_beyond: bool,
    /// Whether digits finer than milliseconds were cut.
    is_finer: bool,
}

fn read(text: &str) -> Option<Read> {
    let (date_time, rest) = text.split_at_checked(19)?;
    let digits = |range: std::ops::Range<usize>| number(date_time.get(range)?);
    let punctuation =
        |at: usize, expected: u8| (date_time.as_bytes()[at] == expected).then_some(());
    punctuation(4, b'-')?;
    punctuation(7, b'-')?;
    punctuation(10, b'T')?;
    punctuation(13, b':')?;
    punctuation(16, b':')?;

    let offset_at = rest.find(['Z', '+', '-'])?;
    let (fraction, offset) = rest.split_at(offset_at);
    let (nanos, is_finer) = parse_fraction(fraction)?;
    let offset_seconds = parse_offset(offset)?;
    let civil = DateTime::new(
        i16::try_from(digits(0..4)?).ok()?,
        i8::try_from(digits(5..7)?).ok()?,
        i8::try_from(digits(8..10)?).ok()?,
        i8::try_from(digits(11..13)?).ok()?,
        i8::try_from(digits(14..16)?).ok()?,
        i8::try_from(digits(17..19)?).ok()?,
        nanos,
    )
    .ok()?;
    let bound = match civil.year() {
        1..5000 => Stamp::MIN,
        5000.. => Stamp::MAX,
        _ => return None,
    };
    let instant = Offset::from_seconds(offset_seconds).ok()?.to_timestamp(civil);
    let millis = instant.map(jiff::Timestamp::as_millisecond);
    let stamp = millis.as_ref().map_or(bound, |millis| Stamp::from_millis(*millis));
    let is_beyond = millis.map_or(true, |millis| millis != stamp.0);
    Some(Read { stamp, offset_seconds, is_beyond, is_finer })
}

/// Reads decimal digits and nothing else.
fn number(text: &str) -> Option<i32> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Reads ``, `.1` … `.123456789…`: nanoseconds in whole milliseconds, and whether more was there.
fn parse_fraction(text: &str) -> Option<(i32, bool)> {
    if text.is_empty() {
        return Some((0, false));
    }
    let digits = text.strip_prefix('.')?;
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (millis, finer) = digits.split_at(digits.len().min(3));
    let scale = [100, 10, 1][millis.len() - 1];
    Some((number(millis)? * scale * 1_000_000, finer.bytes().any(|b| b != b'0')))
}

/// Reads `Z`, `±hh:mm` or `±hhmm`, as seconds.
fn parse_offset(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, digits) = text.split_at_checked(1)?;
    let (hours, minutes) = match digits.len() {
        5 if digits.as_bytes()[2] == b':' => (digits.get(..2)?, digits.get(3..)?),
        4 => (digits.get(..2)?, digits.get(2..)?),
        _ => return None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    if minutes > 59 || total > OFFSET_MINUTES_MAX {
        return None;
    }
    match sign {
        "+" => Some(total * 60),
        "-" => Some(-total * 60),
        _ => None,
    }
}

/// A moment as text, without a place of its own in memory: answers hold very many of them.
#[derive(Clone, Copy, Debug)]
pub struct MomentText([u8; 29]);

impl MomentText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It is made of digits and signs.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The text as bytes of ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Moment {
    /// As the manual prints times.
    ///
    /// ```
    /// let text = "2014-04-08T11:00:00.000-05:00";
    /// assert_eq!(domain::Moment::parse(text).unwrap().text().as_str(), text);
    /// ```
    #[must_use]
    pub fn text(self) -> MomentText {
        // Both conversions hold for every stamp within the bounds and every offset that was parsed.
        let offset = Offset::from_seconds(self.offset_seconds).unwrap_or(Offset::UTC);
        let instant = Timestamp::from_millisecond(self.stamp.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let civil = offset.to_datetime(instant);
        let minutes = self.offset_seconds / 60;
        let mut text = *b"0000-00-00T00:00:00.000+00:00";
        let mut put = |at: usize, value: i8| {
            let value = value.unsigned_abs();
            text[at] = b'0' + value / 10;
            text[at + 1] = b'0' + value % 10;
        };
        put(0, (civil.year() / 100) as i8);
        put(2, (civil.year() % 100) as i8);
        put(5, civil.month());
        put(8, civil.day());
        put(11, civil.hour());
        put(14, civil.minute());
        put(17, civil.second());
        put(21, (civil.millisecond() % 100) as i8);
        put(24, (minutes / 60) as i8);
        put(27, (minutes % 60) as i8);
        text[20] = b'0' + (civil.millisecond() / 100) as u8;
        if minutes < 0 {
            text[23] = b'-';
        }
        MomentText(text)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// The zone in which an organization's stamps are shown: a name of the IANA database, or a fixed
/// offset.
#[derive(Clone, Debug)]
pub struct Zone {
    name: Arc<str>,
    pub(crate) zone: TimeZone,
}

/// A text that names no zone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a time zone: use a name like America/Chicago, or an offset like -05:00")]
pub struct ZoneError(String);

impl Zone {
    /// Coordinated universal time.
    #[must_use]
    pub fn utc() -> Zone {
        Zone { name: "UTC".into(), zone: TimeZone::UTC }
    }

    /// Takes a zone by name (`America/Chicago`) or by offset (`+08:00`).
    ///
    /// # Errors
    /// When the text is neither.
    pub fn parse(text: &str) -> Result<Zone, ZoneError> {
        let name = text.trim();
        let fixed = || {
            let offset = Offset::from_seconds(parse_offset(name)?).ok()?;
            Some(TimeZone::fixed(offset))
        };
        let unknown = || ZoneError(name.chars().take(60).collect());
        let zone = match fixed() {
            Some(zone) => zone,
            None => TimeZone::get(name).map_err(|_| unknown())?,
        };
        Ok(Zone { name: name.into(), zone })
    }

    /// The names that there are, like America/Chicago, to choose from.
    #[must_use]
    pub fn names() -> Vec<String> {
        let mut names: Vec<_> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        // What stands for a place; the rest are old names of the same.
        names.retain(|name| name.contains('/') && !name.starts_with("Etc/") || name == "UTC");
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The name or offset that it was made from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant as clocks in this zone show it. Odd seconds in offsets of before 1900 are cut,
    /// since the wire has no place for them.
    #[must_use]
    pub fn at(&self, stamp: Stamp) -> Moment {
        let offset =
            Timestamp::from_millisecond(stamp.0).map_or(0, |t| self.zone.to_offset(t).seconds());
        stamp.at_offset(offset / 60 * 60)
    }
}

impl Zone {
    /// The instant at which clocks in this zone show what a clock of UTC shows at `wall`. Of two such
    /// instants it is the first; where there is none, clocks show as much later as they jump.
    ///
    /// ```
    /// use domain::{Moment, Zone};
    /// let wall = Moment::parse("2026-07-01T07:00:00Z").unwrap().stamp;
    /// let instant = Zone::parse("America/Chicago").unwrap().instant_of(wall);
    /// assert_eq!(instant.at_offset(0).to_string(), "2026-07-01T12:00:00.000+00:00");
    /// ```
    #[must_use]
    pub fn instant_of(&self, wall: Stamp) -> Stamp {
        let civil = Timestamp::from_millisecond(wall.0).map(|t| Offset::UTC.to_datetime(t));
        let instant = civil.and_then(|civil| self.zone.to_ambiguous_timestamp(civil).compatible());
        instant.map_or(wall, |t| Stamp::from_millis(t.as_millisecond()))
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Zone, ZoneError> {
        Zone::parse(text)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Zone) -> bool {
        Arc::ptr_eq(&self.name, &other.name) || self.name == other.name
    }
}
impl Eq for Zone {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let got = Moment::parse(text).ok().map(|moment| moment.to_string());
        assert_eq!(got.as_deref(), expected, "{text}");
    }

    #[test]
    fn reads_every_form_that_clients_write() {
        check("2014-01-10T15:50:28.153+08:00", Some("2014-01-10T15:50:28.153+08:00"));
        check("2014-01-10T15:50:28+0800", Some("2014-01-10T15:50:28.000+08:00"));
        check("2014-01-10T15:50:28.1-05:30", Some("2014-01-10T15:50:28.100-05:30"));
        check("2014-01-10T15:50:28.153999Z", Some("2014-01-10T15:50:28.153+00:00"));
        check("2016-02-29T23:59:59Z", Some("2016-02-29T23:59:59.000+00:00"));
        check("9999-12-29T23:59:59.999Z", Some("9999-12-29T23:59:59.999+00:00"));
        check("9999-12-30T17:59:59.999+18:00", Some("9999-12-30T17:59:59.999+18:00"));
        check("0001-01-02T00:00:00Z", Some("0001-01-02T00:00:00.000+00:00"));
        check("0001-01-01T06:00:00-18:00", Some("0001-01-01T06:00:00.000-18:00"));
    }

    #[test]
    fn what_lies_beyond_all_instants_is_refused_and_bounds_are_moved_to_the_nearest() {
        for (text, nearest) in [
            ("9999-12-30T00:00:00Z", Stamp::MAX),
            ("9999-12-31T23:59:59.999999Z", Stamp::MAX),
            ("9999-12-31T00:00:00-06:00", Stamp::MAX),
            ("9999-12-29T23:59:59.999-00:01", Stamp::MAX),
            ("0001-01-01T23:59:59.999Z", Stamp::MIN),
            ("0001-01-01T00:00:00+18:00", Stamp::MIN),
        ] {
            assert_eq!(Moment::parse(text), Err(MomentError::Beyond), "{text}");
            assert_eq!(Moment::lower_bound(text), Ok(nearest), "{text}");
            assert_eq!(Moment::upper_bound(text), Ok(nearest), "{text}");
        }
        assert_eq!(
            MomentError::Beyond.to_string(),
            "expected a time from 0001-01-02T00:00:00.000+00:00 to 9999-12-29T23:59:59.999+00:00"
        );
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "0",
            "yesterday",
            "2014-01-10",
            "2014-01-10T15:50:28",
            "2014-13-01T00:00:00Z",
            "2015-02-29T00:00:00Z",
            "2014-01-10T24:00:00Z",
            "2014-01-10T15:50:28.Z",
            "2014-01-10T15:50:28+8:00",
            "2014-01-10T15:50:28+19:00",
            "2014-01-10T15:50:28+08:60",
            "2014-01-10 15:50:28Z",
            "2014-01-10T15:50:28Z ",
            "+014-01-10T15:50:28Z",
            "0000-01-10T15:50:28Z",
            "2014-01-10T15:50:2é+08:00",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn an_upper_bound_is_raised_and_a_lower_one_cut() {
        let text = "2014-01-10T15:50:28.1530001Z";
        let shown = |bound: Result<Stamp, _>| bound.unwrap().at_offset(0).to_string();
        assert_eq!(shown(Moment::lower_bound(text)), "2014-01-10T15:50:28.153+00:00");
        assert_eq!(shown(Moment::upper_bound(text)), "2014-01-10T15:50:28.154+00:00");
        let exact = "2014-01-10T15:50:28.153000Z";
        assert_eq!(Moment::upper_bound(exact), Moment::lower_bound(exact));
    }

    #[test]
    fn zones_are_names_or_offsets() {
        let stamp = Moment::parse("2026-07-01T12:00:00Z").unwrap().stamp;
        let shown = |zone: &str| Zone::parse(zone).map(|z| z.at(stamp).to_string());
        assert_eq!(shown("+08:00").unwrap(), "2026-07-01T20:00:00.000+08:00");
        assert_eq!(shown("America/Chicago").unwrap(), "2026-07-01T07:00:00.000-05:00");
        assert!(shown("Mars/Olympus").is_err());
        assert!(shown("").is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(millis in Stamp::MIN.0..=Stamp::MAX.0, minutes in -1080..=1080_i32) {
            let moment = Stamp(millis).at_offset(minutes * 60);
            prop_assert_eq!(Moment::parse(&moment.to_string()), Ok(moment));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Moment::parse(&text);
            let _ = Zone::parse(&text);
        }
    }
}
