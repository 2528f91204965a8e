//! Texts in tables that people open in a spreadsheet.
//!
//! A spreadsheet takes a cell that begins with `=` for a formula, and some take other signs for one too. So
//! such a text gets an apostrophe put before it. A text that has an apostrophe before one of these signs
//! already, or before another apostrophe, gets one more: what was put there can be taken off again, and
//! nothing else is.

use std::borrow::Cow;

/// The name of the column whose presence says that the texts of a table are guarded.
///
/// Programs that take the apostrophe off a cell for a sign of their own take it off this one too. What they
/// save is then no longer guarded, and does not say so.
pub const GUARD_COLUMN: &str = "'guarded";

/// The sign that is put before a text.
const GUARD: char = '\'';

/// What must not stand first, ways of writing it that spreadsheets of the Far East know included.
const GUARDED: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠', GUARD];

/// The text as a spreadsheet may see it.
///
/// ```
/// use domain::{guarded, unguarded};
/// assert_eq!(guarded("=1+1"), "'=1+1");
/// assert_eq!(unguarded(&guarded("'tis")), "'tis");
/// assert_eq!(unguarded("'tis"), "'tis");
/// ```
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if text.starts_with(GUARDED) {
        Cow::Owned(format!("{GUARD}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was guarded. One that cannot have been is left as it is: somebody has typed it since.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix(GUARD).filter(|text| text.starts_with(GUARDED)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_is_no_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\n=1", "'\n=1"),
            ("＝1", "'＝1"),
            ("'", "''"),
            ("'quoted'", "''quoted'"),
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

    proptest! {
        #[test]
        fn what_was_guarded_comes_back(text in "[-'=+@\t\r\n＝a ]{0,4}") {
            let cell = guarded(&text);
            prop_assert_eq!(unguarded(&cell), &text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝']));
        }
    }
}
