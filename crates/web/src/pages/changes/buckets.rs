//! Divides a range into hours or days, one for each bar of the chart.

use domain::{Stamp, Zone};

use crate::times::{self, DAY_MS};

/// Longer ranges are counted by days.
const HOURS_MAX: i64 = 3 * 24 + 1;

/// The most bars of a chart, roughly.
const BARS_MAX: i64 = 100;

const HOUR_MS: i64 = 3_600_000;

/// The length of a bar's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Hour,
    /// This many days.
    Days(i64),
}

impl Unit {
    /// `hour`, `day`, `7 days`
    pub(super) fn name(self) -> String {
        match self {
            Unit::Hour => "hour".to_owned(),
            Unit::Days(1) => "day".to_owned(),
            Unit::Days(days) => format!("{days} days"),
        }
    }
}

/// The starts of the parts, and the end of the last one. The first part starts with the range, the others with an
/// hour or a day in the zone, however long it is there.
pub(super) fn borders(from: Stamp, to: Stamp, zone: &Zone) -> (Unit, Vec<Stamp>) {
    let unit = unit(to.millis() - from.millis());
    let mut borders = vec![from];
    let mut begin = from;
    // After the last representable instant there are no more hours and days.
    while let Some(next) = Some(next(begin, unit, zone)).filter(|n| begin < *n && *n <= to) {
        borders.push(next);
        begin = next;
    }
    borders.push(to.plus_millis(1));
    (unit, borders)
}

fn unit(length_ms: i64) -> Unit {
    if length_ms <= HOURS_MAX * HOUR_MS {
        return Unit::Hour;
    }
    let days = length_ms / DAY_MS + 1;
    let round = [1, 7, 28, 91, 364].into_iter().find(|step| days <= step * BARS_MAX);
    Unit::Days(round.unwrap_or(days / BARS_MAX + 1))
}

/// The end of the part that contains an instant.
fn next(at: Stamp, unit: Unit, zone: &Zone) -> Stamp {
    match unit {
        Unit::Hour => {
            let local = zone.at(at);
            let wall = at.millis() + i64::from(local.offset_seconds) * 1_000;
            at.plus_millis(HOUR_MS - wall.rem_euclid(HOUR_MS))
        }
        Unit::Days(days) => times::day(at, zone, days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Moment;

    fn stamp(text: &str) -> Stamp {
        Moment::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).stamp
    }

    #[track_caller]
    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The lengths of the parts, in minutes.
    fn lengths(from: &str, to: &str, name: &str) -> (Unit, Vec<i64>) {
        let (unit, borders) = borders(stamp(from), stamp(to), &zone(name));
        let length = |pair: &[Stamp]| (pair[1].millis() - pair[0].millis()) / 60_000;
        (unit, borders.windows(2).map(length).collect())
    }

    #[test]
    fn the_first_part_begins_with_the_range_and_the_last_ends_with_it() {
        let (unit, parts) = lengths("2026-01-05T10:20:00Z", "2026-01-05T12:30:00Z", "UTC");
        assert_eq!((unit, parts), (Unit::Hour, vec![40, 60, 30]));
        let (_, parts) = lengths("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z", "UTC");
        assert_eq!(parts, [0], "one instant is a range too");
    }

    #[test]
    fn days_are_as_long_as_clocks_make_them() {
        let zone = "America/Chicago";
        let (unit, parts) = lengths("2026-03-06T00:00:00-06:00", "2026-03-10T23:59:00-05:00", zone);
        let day = 24 * 60;
        assert_eq!((unit, parts), (Unit::Days(1), vec![day, day, day - 60, day, day - 1]));
        let (_, parts) = lengths("2026-10-30T00:00:00-05:00", "2026-11-03T00:00:00-06:00", zone);
        assert_eq!(parts, [day, day, day + 60, day, 0]);
    }

    #[test]
    fn hours_stay_hours_when_clocks_are_set() {
        let (unit, parts) =
            lengths("2026-11-01T00:00:00-05:00", "2026-11-01T23:59:00-06:00", "America/Chicago");
        assert_eq!((unit, parts.len()), (Unit::Hour, 25));
        // Kolkata is half an hour off other zones.
        let (_, parts) = lengths("2026-01-05T10:00:00Z", "2026-01-05T12:00:00Z", "Asia/Kolkata");
        assert_eq!(parts, [30, 60, 30]);
    }

    #[test]
    fn no_range_has_too_many_parts() {
        let from = stamp("2020-01-01T00:00:00Z");
        for days in [0, 1, 3, 4, 99, 100, 101, 699, 701, 5_000, 40_000, 2_000_000] {
            let to = from.plus_millis(days * DAY_MS);
            let (_, borders) = borders(from, to, &zone("Europe/Berlin"));
            assert!(borders.len() <= 103, "{days} days: {}", borders.len());
            assert!(borders.is_sorted());
        }
        let (_, all) = borders(Stamp::MIN, Stamp::MAX, &zone("UTC"));
        assert!(all.len() <= 103);
    }
}
