//! Times as people read them: in the reader's time zone, and with the day of the week for dates near today.

use domain::{Moment, MomentError, Stamp, Zone};
use maud::{Markup, html};

/// Which part of a time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `Wed 4 Mar`
    Date,
    /// `14:05`
    Time,
    /// `Wed 4 Mar, 14:05`
    Both,
}

/// The current time and the time zone of the person who reads a page.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// The zone in which the page shows and reads times.
    pub(crate) zone: Zone,
    /// The current time.
    pub(crate) now: Stamp,
}

impl Clock {
    /// The first instant of today, or of the day this many days later.
    pub(crate) fn day(&self, days_on: i64) -> Stamp {
        day(self.now, &self.zone, days_on)
    }

    /// `2026-03-04`, as in date fields and addresses.
    pub(crate) fn date(&self, stamp: Stamp) -> String {
        self.zone.at(stamp).to_string().chars().take(10).collect()
    }

    /// `Wednesday, 2026-03-04`
    pub(crate) fn long_date(&self, stamp: Stamp) -> String {
        format!("{}, {}", self.weekday(stamp), self.date(stamp))
    }

    /// `Wednesday`
    fn weekday(&self, stamp: Stamp) -> &'static str {
        // 1970 began on a Thursday.
        let at = (self.day_number(stamp) + 3).rem_euclid(7);
        usize::try_from(at).ok().and_then(|at| WEEKDAYS.get(at)).unwrap_or(&"")
    }

    /// Days since 1 January 1970 in the zone.
    fn day_number(&self, stamp: Stamp) -> i64 {
        let offset_ms = i64::from(self.zone.at(stamp).offset_seconds) * 1_000;
        stamp.plus_millis(offset_ms).millis().div_euclid(DAY_MS)
    }

    /// `Wed 4 Mar` within a week of today, `4 Mar` within the year, else `4 Mar 2025`. Never *today*, because the
    /// page may still be open when the day ends.
    fn calendar(&self, stamp: Stamp) -> String {
        let (date, today) = (self.date(stamp), self.date(self.now));
        let year = date.get(..4).unwrap_or_default();
        let month = month(&date).get(..3).unwrap_or_default();
        let day = date.get(8..).unwrap_or_default().trim_start_matches('0');
        if (self.day_number(stamp) - self.day_number(self.now)).abs() < DAYS_NEAR {
            let weekday = self.weekday(stamp).get(..3).unwrap_or_default();
            return format!("{weekday} {day} {month}");
        }
        if today.starts_with(year) {
            format!("{day} {month}")
        } else {
            format!("{day} {month} {year}")
        }
    }

    fn text(&self, stamp: Stamp, shape: Shape) -> String {
        let exact = self.zone.at(stamp).to_string();
        let time = exact.get(11..16).unwrap_or_default();
        match shape {
            Shape::Date => self.calendar(stamp),
            Shape::Time => time.to_owned(),
            Shape::Both => format!("{}, {time}", self.calendar(stamp)),
        }
    }
}

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The name of the month in a date like `2026-03-04`.
fn month(date: &str) -> &'static str {
    let number = date.get(5..7).and_then(|month| month.parse::<usize>().ok()).unwrap_or(1);
    MONTHS.get(number.wrapping_sub(1)).unwrap_or(&"")
}

/// Days this close to today are shown with their weekday.
const DAYS_NEAR: i64 = 7;

/// An instant, with the exact time as its title.
pub(crate) fn time(stamp: Stamp, clock: &Clock, shape: Shape) -> Markup {
    moment(clock.zone.at(stamp), clock, shape)
}

/// An instant within a sentence.
pub(crate) fn text(stamp: Stamp, clock: &Clock, shape: Shape) -> String {
    clock.text(stamp, shape)
}

/// An instant to the millisecond, as in the API.
pub(crate) fn exact(stamp: Stamp, zone: &Zone) -> Markup {
    let local = zone.at(stamp);
    let text = local.to_string();
    html! {
        time datetime=(local) title=(local) { (text.get(..23).unwrap_or(&text).replace('T', " ")) }
    }
}

/// An instant, with the exact time in its original offset as its title.
pub(crate) fn moment(moment: Moment, clock: &Clock, shape: Shape) -> Markup {
    html! { time datetime=(moment) title=(moment) { (clock.text(moment.stamp, shape)) } }
}

/// A time as the value of a `datetime-local` field: `2026-03-04T14:05`, with seconds and their fraction if there
/// are any.
pub(crate) fn control(stamp: Stamp, zone: &Zone) -> String {
    let exact = zone.at(stamp).to_string();
    let to = match exact.get(17..23) {
        Some("00.000") => 16,
        Some(seconds) if seconds.ends_with(".000") => 19,
        _ => 23,
    };
    exact.get(..to).unwrap_or_default().to_owned()
}

/// Reads the value of such a field as local time in the zone. In the hour that occurs twice when clocks are set
/// back, the first one is meant; a time that clocks skip is moved forward by as much as they skip.
pub(crate) fn from_control(text: &str, zone: &Zone) -> Option<Moment> {
    Some(zone.at(zone.instant_of(wall(text).ok()?)))
}

/// Reads what was typed into such a field.
///
/// # Errors
/// If it is not a time, or one that the zone skips, or out of range. The text continues a sentence that starts with
/// the field's label.
pub(crate) fn typed(text: &str, zone: &Zone) -> Result<Moment, String> {
    let beyond = || {
        let [first, last] =
            [Stamp::MIN, Stamp::MAX].map(|stamp| control(stamp, &Zone::utc()).replace('T', " "));
        format!("must be between {first} and {last} UTC")
    };
    let moment = match wall(text) {
        Ok(wall) => zone.at(zone.instant_of(wall)),
        Err(MomentError::Beyond) => return Err(beyond()),
        Err(MomentError::NoTime) if text.trim().is_empty() => {
            return Err("must not be empty".to_owned());
        }
        Err(MomentError::NoTime) => {
            return Err("must be a date and a time, like 2026-03-04 14:05".to_owned());
        }
    };
    if same_control(text, &control(moment.stamp, zone)) {
        return Ok(moment);
    }
    if [Stamp::MIN, Stamp::MAX].contains(&moment.stamp) {
        return Err(beyond());
    }
    let instead = control(moment.stamp, zone).replace('T', " ");
    Err(format!("does not exist, because clocks skip this time on that day: use {instead} instead"))
}

/// Whether the field's value for an instant would be read as another instant, because it occurs twice.
pub(crate) fn is_shown_twice(stamp: Stamp, zone: &Zone) -> bool {
    from_control(&control(stamp, zone), zone).is_none_or(|read| read.stamp != stamp)
}

/// Whether two values mean the same time: browsers write it in several ways.
pub(crate) fn same_control(one: &str, other: &str) -> bool {
    wall(one) == wall(other) && (wall(one).is_ok() || one.trim() == other.trim())
}

/// The local time of a text, taken as if it were UTC.
fn wall(text: &str) -> Result<Stamp, MomentError> {
    let text = text.trim().replace(' ', "T");
    let with_seconds = if text.len() == 16 { format!("{text}:00") } else { text };
    Ok(Moment::parse(&format!("{with_seconds}Z"))?.stamp)
}

/// The next full hour in the zone.
pub(crate) fn next_hour(stamp: Stamp, zone: &Zone) -> Stamp {
    let local = zone.at(stamp);
    let wall = stamp.plus_millis(i64::from(local.offset_seconds) * 1_000).millis();
    zone.instant_of(Stamp::from_millis((wall.div_euclid(HOUR_MS) + 1) * HOUR_MS))
}

/// The first instant of the day of an instant, or of the day this many days later.
pub(crate) fn day(stamp: Stamp, zone: &Zone, days_on: i64) -> Stamp {
    let local = zone.at(stamp);
    let wall = stamp.plus_millis(i64::from(local.offset_seconds) * 1_000).millis();
    let midnight = wall.div_euclid(DAY_MS) * DAY_MS + days_on * DAY_MS;
    zone.instant_of(Stamp::from_millis(midnight))
}

/// The first instant of a day from a `date` field: `2026-03-04`. None if it is not a day, or one that the zone
/// skipped.
pub(crate) fn day_from_control(text: &str, zone: &Zone) -> Option<Stamp> {
    let text = text.trim();
    let midnight = Moment::lower_bound(&format!("{text}T00:00:00Z")).ok()?;
    let first = zone.instant_of(midnight);
    let is_at_the_end = midnight == Stamp::MIN || midnight == Stamp::MAX;
    (is_at_the_end || zone.at(first).to_string().starts_with(text)).then_some(first)
}

/// Milliseconds of a day on which clocks are not changed.
pub(crate) const DAY_MS: i64 = 86_400_000;

const HOUR_MS: i64 = 3_600_000;

/// How long ago something was: `just now`, `3 minutes ago`.
pub(crate) fn ago(ms: i64) -> String {
    if ms < MINUTE_MS { "just now".to_owned() } else { format!("{} ago", duration(ms)) }
}

/// An interval as it follows *every*: `hour`, `3 minutes`.
pub(crate) fn interval(ms: i64) -> String {
    let text = duration(ms);
    text.strip_prefix("1 ").map(str::to_owned).unwrap_or(text)
}

const MINUTE_MS: i64 = 60_000;

/// A length of time in words: `3 minutes`, `2 hours`, `5 days`.
pub(crate) fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let (n, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn stamp(text: &str) -> Stamp {
        Moment::parse(text).unwrap().stamp
    }

    #[track_caller]
    fn check(text: &str, name: &str, expected: Option<&str>) {
        let got = from_control(text, &zone(name)).map(|moment| moment.to_string());
        assert_eq!(got.as_deref(), expected, "{text} in {name}");
    }

    #[test]
    fn a_control_is_read_as_clocks_of_the_zone_show_it() {
        let chicago = "America/Chicago";
        check("2026-01-05T09:00", chicago, Some("2026-01-05T09:00:00.000-06:00"));
        check("2026-07-05 09:00", chicago, Some("2026-07-05T09:00:00.000-05:00"));
        check(" 2026-07-05T09:00:07 ", chicago, Some("2026-07-05T09:00:07.000-05:00"));
        check("2026-07-05T09:00:07.5", chicago, Some("2026-07-05T09:00:07.500-05:00"));
        check("2026-07-05T09:00", "+05:45", Some("2026-07-05T09:00:00.000+05:45"));
        // Clocks jump from 2 to 3, later from 2 back to 1.
        check("2026-03-08T02:30", chicago, Some("2026-03-08T03:30:00.000-05:00"));
        check("2026-11-01T01:30", chicago, Some("2026-11-01T01:30:00.000-05:00"));
    }

    #[test]
    fn clocks_skip_a_time_when_they_are_put_forward() {
        for (text, name, expected) in [
            ("2026-03-08T01:59:59", "America/Chicago", true),
            ("2026-03-08T02:00", "America/Chicago", false),
            ("2026-03-08 02:59:59.999", "America/Chicago", false),
            ("2026-03-08T03:00", "America/Chicago", true),
            ("2026-11-01T01:30", "America/Chicago", true),
            ("2026-03-08T02:30", "Europe/Berlin", true),
            ("2026-03-29T02:30", "Europe/Berlin", false),
            ("2026-10-04T02:15", "Australia/Lord_Howe", false),
            ("2026-10-04T02:45", "Australia/Lord_Howe", true),
            // A whole day.
            ("2011-12-30T12:00", "Pacific/Apia", false),
            ("2026-03-08T02:30", "-06:00", true),
        ] {
            assert_eq!(typed(text, &zone(name)).is_ok(), expected, "{text} in {name}");
        }
    }

    #[test]
    fn what_was_typed_is_never_moved_without_a_word() {
        let wrong = |text: &str, name: &str| typed(text, &zone(name)).unwrap_err();
        let skipped = "does not exist, because clocks skip this time on that day: use 2011-12-31 12:00 instead";
        assert_eq!(wrong("2011-12-30T12:00", "Pacific/Apia"), skipped);
        let beyond = "must be between 0001-01-02 00:00 and 9999-12-29 23:59:59.999 UTC";
        for (text, name) in [
            ("9999-12-31T23:59", "UTC"),
            ("9999-12-29T23:00", "America/Chicago"),
            ("0001-01-01T00:00", "UTC"),
            ("0001-01-02T01:00", "+08:00"),
        ] {
            assert_eq!(wrong(text, name), beyond, "{text} in {name}");
        }
        assert!(typed("9999-12-29T23:59:59.999", &zone("UTC")).is_ok());
    }

    #[test]
    fn a_day_is_read_where_the_zone_has_it() {
        let first = |text: &str, name: &str| {
            let zone = zone(name);
            day_from_control(text, &zone).map(|stamp| zone.at(stamp).to_string())
        };
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(first("2011-12-29", "Pacific/Apia"), shown("2011-12-29T00:00:00.000-10:00"));
        assert_eq!(first("2011-12-30", "Pacific/Apia"), None);
        assert_eq!(first(" 2011-12-31 ", "Pacific/Apia"), shown("2011-12-31T00:00:00.000+14:00"));
        // Clocks jump at midnight.
        assert_eq!(
            first("2018-11-04", "America/Sao_Paulo"),
            shown("2018-11-04T01:00:00.000-02:00")
        );
        assert_eq!(first("9999-12-31", "UTC"), shown("9999-12-29T23:59:59.999+00:00"));
        assert_eq!(first("2026-02-30", "UTC"), None);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "soon", "2026-02-30T09:00", "2026-01-05", "2026-01-05T24:00", "éééééééé"]
        {
            check(text, "UTC", None);
        }
        check("12026-01-05T09:00", "UTC", None);
    }

    #[test]
    fn near_today_a_day_is_told_by_its_weekday() {
        let clock = Clock { zone: zone("America/Chicago"), now: stamp("2026-03-04T05:00:00Z") };
        for (at, expected) in [
            ("2026-03-04T05:59:59Z", "Tue 3 Mar, 23:59"),
            ("2026-03-04T06:00:00Z", "Wed 4 Mar, 00:00"),
            ("2026-02-25T06:00:00Z", "Wed 25 Feb, 00:00"),
            ("2026-02-25T05:00:00Z", "24 Feb, 23:00"),
            ("2026-03-10T04:59:00Z", "Mon 9 Mar, 23:59"),
            ("2026-03-10T05:00:00Z", "10 Mar, 00:00"),
            ("2026-12-31T12:00:00Z", "31 Dec, 06:00"),
            ("2025-12-31T12:00:00Z", "31 Dec 2025, 06:00"),
        ] {
            assert_eq!(clock.text(stamp(at), Shape::Both), expected, "{at}");
        }
        let new_year = Clock { zone: Zone::utc(), now: stamp("2026-01-01T00:00:00Z") };
        assert_eq!(new_year.text(stamp("2025-12-30T09:00:00Z"), Shape::Date), "Tue 30 Dec");
        assert_eq!(new_year.weekday(stamp("1969-12-28T09:00:00Z")), "Sunday");
    }

    #[test]
    fn a_control_shows_no_more_than_there_is() {
        let shown = |text: &str| control(stamp(text), &Zone::utc());
        assert_eq!(shown("2026-01-05T09:00:00Z"), "2026-01-05T09:00");
        assert_eq!(shown("2026-01-05T09:00:07Z"), "2026-01-05T09:00:07");
        assert_eq!(shown("2026-01-05T09:00:07.5Z"), "2026-01-05T09:00:07.500");
    }

    #[test]
    fn the_same_time_is_written_in_several_ways() {
        assert!(same_control("2026-01-05T09:00:07.500", "2026-01-05 09:00:07.5"));
        assert!(same_control("", " "));
        assert!(!same_control("2026-01-05T09:00", ""));
        assert!(!same_control("2026-01-05T09:00", "2026-01-05T09:01"));
        assert!(!same_control("soon", "later"));
    }

    #[test]
    fn the_next_full_hour_is_that_of_the_wall_clock() {
        let next =
            |text: &str, name| zone(name).at(next_hour(stamp(text), &zone(name))).to_string();
        assert_eq!(next("2026-01-05T09:00:00Z", "UTC"), "2026-01-05T10:00:00.000+00:00");
        assert_eq!(next("2026-01-05T09:20:00Z", "+05:45"), "2026-01-05T16:00:00.000+05:45");
        assert_eq!(
            next("2026-03-08T07:59:00Z", "America/Chicago"),
            "2026-03-08T03:00:00.000-05:00"
        );
    }

    proptest! {
        /// In the hour that is there twice it is read as the first of the two.
        #[test]
        fn what_a_control_shows_is_what_it_is_read_as(
            millis in 315_532_800_000..4_102_444_800_000_i64,
            name in prop::sample::select(vec![
                "UTC", "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "-03:30",
            ]),
        ) {
            let (zone, stamp) = (zone(name), Stamp::from_millis(millis));
            let shown = control(stamp, &zone);
            let read = from_control(&shown, &zone).unwrap();
            prop_assert_eq!(typed(&shown, &zone), Ok(read));
            prop_assert_eq!(is_shown_twice(stamp, &zone), read.stamp != stamp);
            prop_assert_eq!(control(read.stamp, &zone), shown);
            let earlier = stamp.millis() - read.stamp.millis();
            prop_assert!(earlier == 0 || earlier == HOUR_MS || earlier == HOUR_MS / 2, "{}", earlier);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}") {
            let _ = from_control(&text, &Zone::utc());
            let _ = same_control(&text, "2026-01-05T09:00");
        }
    }
}
