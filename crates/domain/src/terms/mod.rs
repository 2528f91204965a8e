//! How precisely a file can express a record, and which of its values are therefore changes.
//!
//! Programs that read a table and write it again change how values look: `001` becomes `1`, line breaks are
//! converted, milliseconds are cut. A cell that equals the record's value, as far as the file can express it, is
//! not a change.

mod texts;

pub use texts::Texts;

use crate::{Activity, Member, Members, Moment};

/// How exactly a file writes values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Terms {
    /// To the last character: JSON.
    #[default]
    Exact,
    /// As cells of a table.
    Table {
        /// How exactly the start is written.
        start: Precision,
        /// How exactly the end is written.
        end: Precision,
        /// What happens to its texts.
        texts: Texts,
        /// Whether the start is when it is due, in a table that lacks the column of starts: of an activity that has a
        /// start of its own, that is the end.
        start_may_be_end: bool,
    },
}

/// How exactly a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Precision {
    /// What one step of its last digit is, in milliseconds: 60,000 for `09:00`. Of a date, how long the day is: not
    /// all have 24 hours.
    pub unit_ms: u32,
    /// How much later it would be in its other reading, in milliseconds: local times occur twice when
    /// clocks go back. Zero for all others.
    pub or_later_ms: u32,
    /// Whether it is written without an offset, in a column that names no time zone. Then it may show what a
    /// time of another offset shows: there are programs that drop offsets.
    pub is_local: bool,
}

const SECOND_MS: u32 = 1_000;
const DAY_MS: u32 = 86_400_000;

/// Whether a time can be written as one that it is so much later than.
///
/// Spreadsheets have times as fractions of a day: they round them to a second or finer, and when they cut them it
/// can be a second early. A minute or a day they only cut, so the next one is an edit.
fn is_within(apart: i64, unit_ms: u32) -> bool {
    let unit = i64::from(unit_ms);
    match unit_ms {
        SECOND_MS => (1 - unit..2 * unit).contains(&apart),
        ..SECOND_MS => apart.abs() < unit,
        _ => (0..unit).contains(&apart),
    }
}

impl Precision {
    /// To the millisecond, with an offset.
    pub const EXACT: Precision = Precision { unit_ms: 1, or_later_ms: 0, is_local: false };

    /// Whether a time that is written like this can mean the other one.
    fn is_same(self, written: Moment, kept: Moment) -> bool {
        let apart = kept.stamp.millis() - written.stamp.millis();
        let offset = i64::from(kept.offset_seconds - written.offset_seconds) * 1_000;
        is_within(apart, self.unit_ms)
            || is_within(apart - i64::from(self.or_later_ms), self.unit_ms)
            || (self.is_local && is_within(apart + offset, self.unit_ms.min(DAY_MS)))
    }
}

impl Default for Precision {
    fn default() -> Precision {
        Precision::EXACT
    }
}

impl Terms {
    /// Those of the named members that `written` has otherwise than `record`, as far as the file can say.
    ///
    /// Of the status it looks at id and name one by one: which of them counts is for others to say.
    #[must_use]
    pub fn changes(self, written: &Activity, named: Members, record: &Activity) -> Members {
        let changed = |member: &Member| {
            let (text, kept) = (written.value(*member), record.value(*member));
            let is_same_text = || self.is_same_text(text.text(), kept.text());
            !match member {
                Member::Start => self.is_same_start(written.start, record),
                Member::End => self.is_same_end(written.end, record.end),
                Member::StatusName => {
                    is_same_text() || text.text().to_lowercase() == kept.text().to_lowercase()
                }
                member if member.is_text() => is_same_text(),
                _ => text == kept,
            }
        };
        Member::content().filter(|member| named.has(*member)).filter(changed).collect()
    }

    fn is_same_start(self, written: Moment, record: &Activity) -> bool {
        match self {
            Terms::Exact => written == record.start,
            Terms::Table { start, start_may_be_end, .. } => {
                let end = record.end.filter(|_| start_may_be_end);
                start.is_same(written, record.start)
                    || end.is_some_and(|end| start.is_same(written, end))
            }
        }
    }

    fn is_same_end(self, written: Option<Moment>, kept: Option<Moment>) -> bool {
        match (self, written, kept) {
            (Terms::Table { end, .. }, Some(written), Some(kept)) => end.is_same(written, kept),
            _ => written == kept,
        }
    }

    fn is_same_text(self, written: &str, kept: &str) -> bool {
        match self {
            _ if written == kept => true,
            Terms::Exact => false,
            Terms::Table { texts, .. } => texts.are_same(written, kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_the_same_as_far_as_it_is_written() {
        let moment = |text: &str| Moment::parse(text).unwrap();
        let kept = moment("2026-11-01T06:30:15.123Z");
        for (written, unit_ms, or_later_ms, same) in [
            ("2026-11-01T06:30:15.123Z", 1, 0, true),
            ("2026-11-01T00:30:15.123-06:00", 1, 0, true),
            ("2026-11-01T06:30:15.124Z", 1, 0, false),
            ("2026-11-01T06:30:15.120Z", 10, 0, true),
            ("2026-11-01T06:30:15Z", 1_000, 0, true),
            ("2026-11-01T06:30:16Z", 1_000, 0, true),
            ("2026-11-01T06:30:14Z", 1_000, 0, true),
            ("2026-11-01T06:30:13Z", 1_000, 0, false),
            ("2026-11-01T06:30:17Z", 1_000, 0, false),
            ("2026-11-01T06:30:00Z", 60_000, 0, true),
            ("2026-11-01T06:29:00Z", 60_000, 0, false),
            ("2026-11-01T06:31:00Z", 60_000, 0, false),
            ("2026-11-01T00:00:00Z", 86_400_000, 0, true),
            ("2026-11-02T00:00:00Z", 86_400_000, 0, false),
            ("2026-10-31T00:00:00Z", 86_400_000, 0, false),
            ("2026-11-01T05:30:00Z", 60_000, 3_600_000, true),
            ("2026-11-01T05:31:00Z", 60_000, 3_600_000, false),
            ("2026-11-01T05:30:15.123Z", 1, 3_600_000, true),
            ("2026-11-01T05:30:15.124Z", 1, 3_600_000, false),
        ] {
            let precision = Precision { unit_ms, or_later_ms, is_local: false };
            assert_eq!(precision.is_same(moment(written), kept), same, "{written} {unit_ms}");
        }
    }

    #[test]
    fn an_edit_to_the_next_minute_or_day_is_no_cut_time() {
        let moment = |text: &str| Moment::parse(text).unwrap();
        for (kept, written, unit_ms) in [
            ("2026-11-30T09:00:00-06:00", "2026-12-01T00:00:00-06:00", DAY_MS),
            ("2026-11-30T23:59:59.999-06:00", "2026-12-01T00:00:00-06:00", DAY_MS),
            ("2026-11-30T09:00:30-06:00", "2026-11-30T09:01:00-06:00", 60_000),
        ] {
            for is_local in [false, true] {
                let precision = Precision { unit_ms, or_later_ms: 0, is_local };
                assert!(!precision.is_same(moment(written), moment(kept)), "{written} {kept}");
            }
        }
    }

    #[test]
    fn a_time_whose_offset_was_dropped_is_the_same() {
        let moment = |text: &str| Moment::parse(text).unwrap();
        let kept = moment("2014-03-08T11:00:00-05:00");
        let written = moment("2014-03-08T11:00:00-06:00");
        for is_local in [true, false] {
            let precision = Precision { unit_ms: 1_000, or_later_ms: 0, is_local };
            assert_eq!(precision.is_same(written, kept), is_local);
            assert!(!precision.is_same(moment("2014-03-08T11:01:00-06:00"), kept));
        }
    }
}
