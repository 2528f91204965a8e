//! Notices a program that has moved the times of a whole table to another time zone.
//!
//! exceljs takes the times of a workbook for UTC, or for those of the machine, and writes them as the other. Each row
//! by itself looks as if somebody had edited it.

use std::ops::RangeInclusive;

use domain::{Activity, Imported, Member, Members, Moment, Terms};

/// So few rows somebody may have moved by hand.
const ROWS_MIN: u64 = 10;

/// Of a hundred rows, so many are the same distance from what they were.
const PERCENT_MIN: u64 = 90;

/// Offsets from UTC are whole quarters of an hour.
const SECOND_MS: i64 = 1_000;
const STEP_MS: i64 = 15 * 60 * SECOND_MS;
const HOUR_MS: i64 = 4 * STEP_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The offsets that time zones have.
const OFFSETS_MS: RangeInclusive<i64> = -12 * HOUR_MS..=14 * HOUR_MS;

/// Whether a program that takes a time of the start's zone for one of another zone, or the other way round, moves it
/// so far. What has moved by whole days, people have moved.
fn is_between_zones(by_ms: i64, start: Moment) -> bool {
    let offset_ms = i64::from(start.offset_seconds) * SECOND_MS;
    let is_offset = |offset_ms| OFFSETS_MS.contains(&offset_ms);
    by_ms % STEP_MS == 0
        && by_ms % DAY_MS != 0
        && (is_offset(offset_ms.saturating_sub(by_ms))
            || is_offset(offset_ms.saturating_add(by_ms)))
}

/// How far rows are from the versions that they were made from.
#[derive(Default)]
pub(crate) struct Shift {
    /// Rows with a start and a version.
    rows: u64,
    /// Of these, rows whose start is a difference of zones away.
    moved: u64,
    /// The least and the greatest of these differences: clocks change by an hour in some zones.
    range_ms: Option<(i64, i64)>,
}

impl Shift {
    /// Looks at a row, and at the version that it was made from.
    pub(crate) fn see(&mut self, item: &Imported, base: &Activity) {
        let Imported::Record { activity, named, terms: terms @ Terms::Table { .. }, .. } = item
        else {
            return;
        };
        if !named.has(Member::Start) {
            return;
        }
        self.rows += 1;
        // Some programs cut milliseconds too.
        let second = |start: Moment| start.stamp.millis().div_euclid(SECOND_MS) * SECOND_MS;
        let by = second(activity.start) - second(base.start);
        let is_change =
            terms.changes(activity, [Member::Start].into_iter().collect::<Members>(), base);
        if !is_change.is_empty() && is_between_zones(by, base.start) {
            self.moved += 1;
            let (least, greatest) = self.range_ms.unwrap_or((by, by));
            self.range_ms = Some((least.min(by), greatest.max(by)));
        }
    }

    /// How many starts were moved, of how many, if a program has done it.
    pub(crate) fn found(&self) -> Option<(u64, u64)> {
        let Shift { rows, moved, range_ms } = *self;
        let is_one = range_ms.is_some_and(|(least, greatest)| greatest - least <= HOUR_MS);
        let is_most = moved >= ROWS_MIN && moved * 100 >= rows * PERCENT_MIN;
        (is_one && is_most).then_some((moved, rows))
    }
}
