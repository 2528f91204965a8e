//! Times as people read them: in the organization's zone; a script turns them into the reader's.

use domain::{Moment, Stamp, Zone};
use maud::{Markup, html};

/// What of a time is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `2026-03-04`
    Date,
    /// `14:05`
    Time,
    /// `2026-03-04 14:05`
    Both,
}

/// An instant; the exact time is its title.
pub(crate) fn time(stamp: Stamp, zone: &Zone, shape: Shape) -> Markup {
    shown(zone.at(stamp), shape)
}

/// An instant to the millisecond, as the API tells it: it stays in the organization's zone.
pub(crate) fn exact(stamp: Stamp, zone: &Zone) -> Markup {
    let local = zone.at(stamp);
    let text = local.to_string();
    html! {
        time datetime=(local) title=(local) { (text.get(..23).unwrap_or(&text).replace('T', " ")) }
    }
}

/// An instant that keeps the offset that it was written with as its title.
pub(crate) fn moment(moment: Moment, zone: &Zone, shape: Shape) -> Markup {
    let local = zone.at(moment.stamp);
    let name = name(shape);
    html! {
        time datetime=(moment) title=(moment) data-local=(name) { (text(local, shape)) }
    }
}

fn shown(local: Moment, shape: Shape) -> Markup {
    html! {
        time datetime=(local) title=(local) data-local=(name(shape)) { (text(local, shape)) }
    }
}

fn name(shape: Shape) -> &'static str {
    match shape {
        Shape::Date => "date",
        Shape::Time => "time",
        Shape::Both => "datetime",
    }
}

/// `2026-03-04T14:05:06.789-06:00`, cut and without its T.
fn text(local: Moment, shape: Shape) -> String {
    let exact = local.to_string();
    let (date, rest) = exact.split_at_checked(10).unwrap_or((&exact, ""));
    let clock = rest.get(1..6).unwrap_or_default();
    match shape {
        Shape::Date => date.to_owned(),
        Shape::Time => clock.to_owned(),
        Shape::Both => format!("{date} {clock}"),
    }
}

/// A time as a control of type `datetime-local` has it: `2026-03-04T14:05`, with seconds and their
/// fraction where there are any.
pub(crate) fn control(stamp: Stamp, zone: &Zone) -> String {
    let exact = zone.at(stamp).to_string();
    let to = match exact.get(17..23) {
        Some("00.000") => 16,
        Some(seconds) if seconds.ends_with(".000") => 19,
        _ => 23,
    };
    exact.get(..to).unwrap_or_default().to_owned()
}

/// Reads what such a control has sent, as a clock in the zone shows it. In the hour that is there
/// twice when clocks are set back it is the first; in the one that is not there, the one after.
pub(crate) fn from_control(text: &str, zone: &Zone) -> Option<Moment> {
    Some(zone.at(zone.instant_of(wall(text)?)))
}

/// Whether clocks in the zone ever show what was read as that moment, instead of skipping it.
pub(crate) fn is_shown(moment: Moment, text: &str, zone: &Zone) -> bool {
    same_control(text, &control(moment.stamp, zone))
}

/// Whether two such texts show the same time: browsers write one in several ways.
pub(crate) fn same_control(one: &str, other: &str) -> bool {
    wall(one) == wall(other) && (wall(one).is_some() || one.trim() == other.trim())
}

/// What a clock of UTC shows where the text says what the wall clock shows.
fn wall(text: &str) -> Option<Stamp> {
    let text = text.trim().replace(' ', "T");
    let with_seconds = if text.len() == 16 { format!("{text}:00") } else { text };
    Some(Moment::parse(&format!("{with_seconds}Z")).ok()?.stamp)
}

/// The full hour that comes next, as a wall clock shows it.
pub(crate) fn next_hour(stamp: Stamp, zone: &Zone) -> Stamp {
    let local = zone.at(stamp);
    let wall = stamp.plus_millis(i64::from(local.offset_seconds) * 1_000).millis();
    zone.instant_of(Stamp::from_millis((wall.div_euclid(HOUR_MS) + 1) * HOUR_MS))
}

/// The first instant of the day that an instant lies in, and so many days on.
pub(crate) fn day(stamp: Stamp, zone: &Zone, days_on: i64) -> Stamp {
    let local = zone.at(stamp);
    let wall = stamp.plus_millis(i64::from(local.offset_seconds) * 1_000).millis();
    let midnight = wall.div_euclid(DAY_MS) * DAY_MS + days_on * DAY_MS;
    zone.instant_of(Stamp::from_millis(midnight))
}

/// The first instant of a day that a control of type `date` has sent: `2026-03-04`.
pub(crate) fn day_from_control(text: &str, zone: &Zone) -> Option<Stamp> {
    from_control(&format!("{}T00:00", text.trim()), zone).map(|moment| moment.stamp)
}

/// Milliseconds of a day without a step of the clock.
pub(crate) const DAY_MS: i64 = 86_400_000;

const HOUR_MS: i64 = 3_600_000;

/// How long ago, in words: `3 minutes`, `2 hours`, `5 days`.
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
            let moment = from_control(text, &zone(name)).unwrap();
            assert_eq!(is_shown(moment, text, &zone(name)), expected, "{text} in {name}");
        }
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
            prop_assert!(is_shown(read, &shown, &zone));
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
