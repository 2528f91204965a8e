//! How cells of tables for spreadsheets are written, so that they can be compared with what comes back.
//!
//! CSV has no types, so its texts are guarded ([`guarded`]). A workbook has types: its texts need no guard, and its
//! times are numbers ([`date_cell`]).
//!
//! A spreadsheet takes a cell that begins with `=` for a formula, and some do so for other characters too. Programs
//! take `00123` for a number, `1-2` for a date, `None` for nothing, and save something else. So such a text gets an
//! apostrophe in front. A text that begins with an apostrophe gets one more: so an added apostrophe can be removed
//! again, and nothing else is.

mod mistakable;

use std::borrow::Cow;

use self::mistakable::is_mistakable;

use crate::{Moment, Zone};

/// The name of the column whose presence says that the texts of a table are guarded.
///
/// Programs that take the apostrophe off a cell for a sign of their own take it off this one too. What they
/// save is then no longer guarded, and does not say so.
pub const GUARD_COLUMN: &str = "'guarded";

/// The sign that is put before a text.
const GUARD: char = '\'';

/// What must not be the first character of a cell, whatever blanks are before it: some programs drop those. Includes the
/// full-width forms (U+FF1D, U+FF0B, U+FF0D, U+FF20) that East Asian spreadsheets accept.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// What must not be the first character either: programs drop it, or take it for the end of a cell.
const BREAKS: [char; 3] = ['\t', '\r', '\n'];

/// The text as a spreadsheet may see it.
///
/// ```
/// use domain::{guarded, unguarded};
/// assert_eq!(guarded("=1+1"), "'=1+1");
/// assert_eq!(guarded("00123"), "'00123");
/// assert_eq!(unguarded(&guarded("'tis")), "'tis");
/// assert_eq!(unguarded("'tis"), "'tis");
/// ```
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if needs_guard(text) { Cow::Owned(format!("{GUARD}{text}")) } else { Cow::Borrowed(text) }
}

/// The text that was guarded. One that cannot have been is left as it is: it was typed since.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix(GUARD).filter(|text| needs_guard(text)).unwrap_or(cell)
}

/// Whether a program may have made one text of another by taking it for a number: `123` of `00123`. A date or an error
/// is no such thing: a program that has made these has changed more than can be understood.
///
/// ```
/// use domain::is_same_number;
/// assert!(is_same_number("00123", "123"));
/// assert!(!is_same_number("1-2", "2026-02-01"));
/// assert!(!is_same_number("Parked", "123"));
/// ```
#[must_use]
pub fn is_same_number(one: &str, other: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number(one).is_some_and(|one| number(other) == Some(one))
}

fn needs_guard(text: &str) -> bool {
    text.starts_with(GUARD)
        || text.starts_with(BREAKS)
        || text.trim_start_matches(is_blank).starts_with(FORMULA)
        || is_mistakable(text)
}

/// Whether a character cannot be seen: also the zero-width space and the byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

/// Programs round numbers of that many digits, at the latest when they write them.
const NUMBER_DIGITS_ROUNDED: usize = 12;

/// A number as a spreadsheet may see it: a long one is guarded against being rounded.
#[must_use]
pub fn guarded_number(number: &str) -> Cow<'_, str> {
    let is_long = number.len() >= NUMBER_DIGITS_ROUNDED;
    if is_long && number.bytes().all(|byte| byte.is_ascii_digit()) {
        Cow::Owned(format!("{GUARD}{number}"))
    } else {
        Cow::Borrowed(number)
    }
}

/// The column of a workbook that says which version of an activity a row shows: its stamp, to the millisecond.
pub const VERSION_COLUMN: &str = "version";

/// The name of a column of local times: `startDateTime (America/Chicago)`, or `startDateTime (-05:00)`.
#[must_use]
pub fn zoned_column(name: &str, zone: &Zone) -> String {
    format!("{name} ({zone})")
}

/// The text with a line feed at the end of each line, as spreadsheets have it within a cell.
#[must_use]
pub fn cell_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text as a cell of CSV for a spreadsheet has it: with its lines as in [`cell_lines`], without control
/// characters, which make some programs refuse the file, and guarded.
///
/// ```
/// assert_eq!(domain::csv_text("\u{1}=1\r\n2"), "'=1\n2");
/// ```
#[must_use]
pub fn csv_text(text: &str) -> String {
    let is_kept = |c: &char| !c.is_ascii_control() || matches!(c, '\n' | '\t');
    let text: String = cell_lines(text).chars().filter(is_kept).collect();
    guarded(&text).into_owned()
}

/// The most UTF-16 code units that a cell of a workbook can hold (Excel specifications and limits).
pub const CELL_UNITS_MAX: usize = 32_767;

/// Code units that are kept for the mark at the end of a text that was cut.
const CUT_MARK_UNITS_MAX: usize = 47;

/// The text as a cell of a workbook has it: with its lines as in [`cell_lines`], and of a text that is too long for
/// a cell the beginning, marked at its end with how many characters are missing.
///
/// ```
/// use domain::cell_text;
/// assert_eq!(cell_text("one\r\ntwo"), "one\ntwo");
/// assert!(cell_text(&"a".repeat(40_000)).ends_with("a… [cut: 7280 characters]"));
/// ```
#[must_use]
pub fn cell_text(text: &str) -> Cow<'_, str> {
    let text = cell_lines(text);
    // A text has at least as many bytes as code units.
    if text.len() <= CELL_UNITS_MAX || text.encode_utf16().count() <= CELL_UNITS_MAX {
        return text;
    }
    let mut units = 0;
    let fits = |(_, letter): &(usize, char)| {
        units += letter.len_utf16();
        units > CELL_UNITS_MAX - CUT_MARK_UNITS_MAX
    };
    let end = text.char_indices().find(fits).map_or(text.len(), |(at, _)| at);
    let (kept, cut) = text.split_at(end);
    Cow::Owned(format!("{kept}… [cut: {} characters]", cut.chars().count()))
}

/// A local time to the second: `2026-11-30T09:00:00`.
fn local_seconds(moment: Moment) -> String {
    local(moment, 19)
}

/// What a cell of a workbook has for a local time.
#[derive(Clone, Debug, PartialEq)]
pub enum DateCell {
    /// Days since 1899-12-30, to the second.
    Number(f64),
    /// A time that no date cell can hold: `1899-05-01T09:00:00.000`.
    Text(String),
}

/// The first day that every program counts alike: Excel has a 29 February 1900.
const FIRST_DAY: i64 = 61;

/// Days from 1899-12-30 to 1970-01-01.
const DAYS_TO_1970: i64 = 25_569;

const DAY_SECONDS: f64 = 24.0 * 60.0 * 60.0;

const SECOND_MILLIS: i64 = 1_000;

const DAY_MILLIS: i64 = 24 * 60 * 60 * SECOND_MILLIS;

/// A local time as a cell of a workbook has it, to the second: there are programs that make 23:59:00 of
/// 23:59:59.999.
///
/// ```
/// use domain::{DateCell, Moment, date_cell};
/// let cell = |text| date_cell(Moment::parse(text).unwrap());
/// assert_eq!(cell("2026-11-30T12:00:00.999-06:00"), DateCell::Number(46_356.5));
/// let text = "1899-05-01T09:00:00.000".to_owned();
/// assert_eq!(cell("1899-05-01T09:00:00-06:00"), DateCell::Text(text));
/// ```
#[must_use]
pub fn date_cell(moment: Moment) -> DateCell {
    let wall = moment.stamp.millis() + i64::from(moment.offset_seconds) * 1_000;
    let millis = wall + DAYS_TO_1970 * DAY_MILLIS;
    if millis < FIRST_DAY * DAY_MILLIS {
        return DateCell::Text(local(moment, 23));
    }
    // The last day of the year 9999 is less than 2^39 seconds away, so only the division rounds.
    let seconds = millis.div_euclid(SECOND_MILLIS) as f64;
    let days = seconds / DAY_SECONDS;
    // There are programs that cut a time to the second: a number that is too small by a rounding error would be a
    // second early there.
    let is_too_small = days.mul_add(DAY_SECONDS, -seconds) < 0.0;
    DateCell::Number(if is_too_small { days.next_up() } else { days })
}

/// A local time as a cell of CSV for a spreadsheet has it, guarded where no date cell can hold it.
#[must_use]
pub fn guarded_time(moment: Moment) -> String {
    let text = local_seconds(moment);
    match date_cell(moment) {
        DateCell::Number(_) => text,
        DateCell::Text(_) => format!("{GUARD}{text}"),
    }
}

fn local(moment: Moment, chars: usize) -> String {
    moment.text().as_str().get(..chars).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Stamp;

    #[test]
    fn a_cell_is_no_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\n=1", "'\n=1"),
            ("\n", "'\n"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("－a", "'－a"),
            ("＠a", "'＠a"),
            (" =a", "' =a"),
            (" \n\u{a0}\u{3000}@a", "' \n\u{a0}\u{3000}@a"),
            ("\u{feff}\u{200b}＝a", "'\u{feff}\u{200b}＝a"),
            (" 'a", " 'a"),
            (" a", " a"),
            ("'", "''"),
            ("'quoted'", "''quoted'"),
            ("00123", "'00123"),
            ("'00123", "''00123"),
            ("N/A", "'N/A"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(guarded(text), cell);
        }
    }

    #[test]
    fn what_was_typed_into_a_guarded_table_is_left_as_it_is() {
        for cell in ["'tis", "'", "=1+1", "plain", ""] {
            assert_eq!(unguarded(cell), cell);
        }
    }

    #[test]
    fn a_text_that_is_too_long_for_a_cell_says_what_is_missing() {
        let fits = "😀".repeat(CELL_UNITS_MAX / 2) + "a";
        assert_eq!(cell_text(&fits), fits);
        let cut = cell_text(&format!("{fits}b")).into_owned();
        assert!(cut.ends_with("😀… [cut: 25 characters]"), "{cut}");
        assert_eq!(cell_text(&cut), cut);
    }

    #[test]
    fn the_zone_is_in_the_name_of_a_column_of_local_times() {
        let name = |zone| zoned_column("endDateTime", &Zone::parse(zone).unwrap());
        assert_eq!(name("America/Chicago"), "endDateTime (America/Chicago)");
        assert_eq!(name("-05:00"), "endDateTime (-05:00)");
    }

    proptest! {
        #[test]
        fn what_was_guarded_comes_back(text in "[-'=+@\t\r\n＝＋－＠a\u{a0}\u{200b} 1.]{0,5}") {
            let cell = guarded(&text);
            prop_assert_eq!(unguarded(&cell), &text);
            prop_assert!(!cell.starts_with(['\t', '\r', '\n']));
            prop_assert!(!cell.trim_start_matches(is_blank).starts_with(FORMULA));
        }

        #[test]
        fn every_text_fits_into_a_cell(text in "[a😀é\r\n]{0,20}", times in 0_usize..5_000) {
            let cell = cell_text(&text.repeat(times)).into_owned();
            prop_assert!(cell.encode_utf16().count() <= CELL_UNITS_MAX);
            prop_assert!(!cell.contains('\r'));
            prop_assert_eq!(&cell_text(&cell), &cell);
        }

        #[test]
        fn a_date_cell_tells_the_second(millis in Stamp::MIN.millis()..=Stamp::MAX.millis(), minutes in -1080..=1080_i32) {
            let moment = Stamp::from_millis(millis).at_offset(minutes * 60);
            match date_cell(moment) {
                DateCell::Number(days) => {
                    // Programs round to the microsecond, and some then cut to the second.
                    let micros = (days * DAY_SECONDS * 1e6).round() as i64;
                    let wall = micros.div_euclid(1_000_000) * SECOND_MILLIS - DAYS_TO_1970 * DAY_MILLIS;
                    let shown = millis + i64::from(minutes) * 60_000;
                    prop_assert_eq!(wall, shown.div_euclid(SECOND_MILLIS) * SECOND_MILLIS);
                    prop_assert!(moment.to_string().as_str() >= "1900-03-01");
                }
                DateCell::Text(text) => {
                    prop_assert!(text.as_str() < "1900-03-01");
                    prop_assert!(moment.to_string().starts_with(&text));
                }
            }
            prop_assert!(moment.to_string().starts_with(&local_seconds(moment)));
        }
    }
}
