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

/// A time as a control of type `datetime-local` has it: `2026-03-04T14:05`, with seconds where there
/// are any.
pub(crate) fn control(stamp: Stamp, zone: &Zone) -> String {
    let exact = zone.at(stamp).to_string();
    let to = if exact.get(17..23) == Some("00.000") { 16 } else { 23 };
    exact.get(..to).unwrap_or_default().to_owned()
}

/// Reads what such a control has sent, as a clock in the zone shows it. In the hour that is there
/// twice when clocks are set back it is the first; in the one that is not there, the one after.
pub(crate) fn from_control(text: &str, zone: &Zone) -> Option<Moment> {
    let text = text.trim().replace(' ', "T");
    let with_seconds = if text.len() == 16 { format!("{text}:00") } else { text };
    let as_if_utc = Moment::parse(&format!("{with_seconds}Z")).ok()?.stamp;
    Some(zone.at(zone.instant_of(as_if_utc)))
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
