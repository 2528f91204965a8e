//! Whether a text of a table is that of a record, after programs have read and written it.

use crate::{CELL_UNITS_MAX, cell_lines, cell_text, unguarded};

/// What happens to texts on their way through a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// Whether the format loses tabs within texts, as OpenDocument spreadsheets do.
    pub loses_tabs: bool,
    /// Whether programs take some texts for numbers, since nothing guards against it: CSV that was not made
    /// for spreadsheets.
    pub are_plain: bool,
}

impl Texts {
    /// Whether a text as a file has it says what the kept one says.
    pub(super) fn are_same(self, written: &str, kept: &str) -> bool {
        if written == kept || written == cell_text(kept) || is_cut(written, kept) {
            return true;
        }
        let is_same = |written: &str, kept: &str| {
            written == kept
                || is_same_number(written, kept)
                || has_lost_letters(written, kept)
                || (self.are_plain && is_same_plain(written, kept))
        };
        let forms = |text: &str| [self.of_cell(text), self.of_cell(&without_escapes(text))];
        let (written, kept) = (forms(written), forms(kept));
        written.iter().any(|written| kept.iter().any(|kept| is_same(written, kept)))
    }

    /// A text without what programs for tables do to it, and as long as a cell can be.
    fn of_cell(self, text: &str) -> String {
        let is_lost = |c: char| match c {
            '\n' => false,
            '\t' => self.loses_tabs,
            c => c.is_ascii_control(),
        };
        let text: String = cell_lines(unguarded(text)).chars().filter(|c| !is_lost(*c)).collect();
        // Workbooks lose blanks at the ends unless they say that they keep them, and not all programs do.
        cell_text(text.trim()).into_owned()
    }
}

/// Whether a program has cut the kept text to what a cell of a workbook can hold, without a word.
fn is_cut(written: &str, kept: &str) -> bool {
    let kept = cell_lines(kept);
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units <= CELL_UNITS_MAX
    };
    let cut: String = kept.chars().take_while(fits).collect();
    cut.len() < kept.len() && cut.trim_end() == written.trim_end()
}

/// Whether both are the same number, written otherwise: `00123` and `123`.
fn is_same_number(written: &str, kept: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let (Some(of_written), Some(of_kept)) = (number(written), number(kept)) else { return false };
    let [written, kept] = [written, kept].map(significant_digits);
    of_written == of_kept && (written == kept || written.len().max(kept.len()) <= DIGITS_KEPT)
}

/// Spreadsheets keep fifteen digits of a number. With so many, each number has a floating-point number of its own.
const DIGITS_KEPT: usize = 15;

/// The digits of a number before its exponent, without zeros at the ends.
fn significant_digits(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

/// Whether a program has written a question mark for each letter that the file's encoding lacks.
fn has_lost_letters(written: &str, kept: &str) -> bool {
    !kept.is_ascii()
        && written.contains('?')
        && kept.chars().map(|c| if c.is_ascii() { c } else { '?' }).eq(written.chars())
}

/// Whether a program has taken the kept text for a number, in whatever country, or its apostrophe for a sign of
/// its own.
fn is_same_plain(written: &str, kept: &str) -> bool {
    kept.strip_prefix('\'') == Some(written)
        || numbers(written).any(|of_written| {
            numbers(kept).any(|of_kept| is_taken((written, of_written), (kept, of_kept)))
        })
}

/// Whether a program writes one number for the other. What it cannot have written for it, somebody has typed.
fn is_taken((written, of_written): (&str, f64), (kept, of_kept): (&str, f64)) -> bool {
    let [written, kept] = [written, kept].map(significant_digits);
    let is_close = (of_written - of_kept).abs() <= of_written.abs() * 1e-14;
    match (written.len() <= DIGITS_KEPT, kept.len() <= DIGITS_KEPT) {
        (true, true) => of_written == of_kept,
        (true, false) => is_close,
        // Some keep it as floating point, and write as many digits as tell it from its neighbours, or all.
        (false, _) => {
            let [shortest, sixteen] = [format!("{of_kept:e}"), format!("{of_kept:.15e}")];
            let [seventeen, all] = [format!("{of_kept:.16e}"), format!("{of_kept:.0}")];
            let forms = [shortest, sixteen, seventeen, all];
            is_close && (written == kept || forms.iter().any(|f| significant_digits(f) == written))
        }
    }
}

/// The numbers that a text may mean: with a point or a comma before the fraction, and the other one between
/// thousands.
fn numbers(text: &str) -> impl Iterator<Item = f64> {
    [(',', '.'), ('.', ',')].into_iter().filter_map(move |(between, before)| {
        let (whole, fraction) = match text.trim().split_once(before) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text.trim(), None),
        };
        let mut groups = whole.split(between);
        groups.next();
        let is_grouped =
            groups.all(|group| group.bytes().take_while(u8::is_ascii_digit).count() == 3);
        let number = format!("{}.{}", whole.replace(between, ""), fraction.unwrap_or_default());
        let number = if fraction.is_none() { whole.replace(between, "") } else { number };
        number.parse::<f64>().ok().filter(|number| is_grouped && number.is_finite())
    })
}

/// A text with the characters that `_x000B_` and the like stand for in workbooks (ECMA-376, part 1, 22.9.2.19). Some
/// programs do not know of these.
fn without_escapes(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("_x") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let code = from.get(2..6).filter(|_| from.as_bytes().get(6) == Some(&b'_'));
        let letter =
            code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        let (letter, length) = letter.map_or(('_', 1), |letter| (letter, 7));
        out.push(letter);
        rest = from.get(length..).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: Texts = Texts { loses_tabs: false, are_plain: false };
    const PLAIN: Texts = Texts { loses_tabs: false, are_plain: true };

    #[test]
    fn a_text_that_a_program_has_saved_again_is_the_same() {
        for (written, kept) in [
            ("a\nb", "a\r\nb"),
            ("123", "00123"),
            ("100000", "1E5"),
            ("42", " 42"),
            ("=1+1", "'=1+1"),
            ("same", "same"),
            ("a_x000B_b", "a\u{b}b"),
            ("_x005F_x0041_", "_x0041_"),
            ("A", "_x0041_"),
            ("blanks", "  blanks\t\n"),
            ("ab", "a\u{1}b"),
            ("??? x", "日本語 x"),
        ] {
            assert!(TEXTS.are_same(written, kept), "{written:?} {kept:?}");
        }
        for (written, kept) in [
            ("a b", "a\tb"),
            ("124", "123"),
            ("A", "a"),
            ("", "0"),
            ("tis", "'tis"),
            ("1234", "1.234"),
            ("?", "a"),
            ("??", "ä"),
            ("12345678901234567891", "12345678901234567890"),
            ("_x00", "_x0041_"),
        ] {
            assert!(!TEXTS.are_same(written, kept), "{written:?} {kept:?}");
        }
        let long = "long ".repeat(CELL_UNITS_MAX / 5 + 1);
        assert!(TEXTS.are_same(&long[..CELL_UNITS_MAX], &long));
        assert!(TEXTS.are_same(&cell_text(&long), &long));
        assert!(TEXTS.are_same(long.trim_end(), &long));
        assert!(!TEXTS.are_same(&long[..CELL_UNITS_MAX - 5], &long));
        assert!(Texts { loses_tabs: true, are_plain: false }.are_same("ab", "a\tb"));
    }

    #[test]
    fn a_plain_text_may_have_become_the_number_that_it_looks_like() {
        for (written, kept) in [
            ("1234", "1.234"),
            ("1234", "1,234"),
            ("1234,5", "1.234,5"),
            ("1234.5", "1,234.50"),
            ("0,001", "1e-3"),
            ("1,23456789012346E+019", "12345678901234567890"),
            ("12345678901234600000", "12345678901234567890"),
            ("12345678901234567000", "12345678901234567890"),
            ("12345678901234567168", "12345678901234567890"),
            ("1.2345678901234567e+19", "12345678901234567890"),
            ("9007199254740992", "9007199254740993"),
            ("0012345678901234567890", "12345678901234567890.0"),
            ("tis", "'tis"),
        ] {
            assert!(PLAIN.are_same(written, kept), "{written:?} {kept:?}");
        }
        for (written, kept) in [
            ("15", "1.5"),
            ("12345", "123,45"),
            ("1235", "1,234"),
            ("1", "x"),
            ("12345678901234567891", "12345678901234567890"),
            ("-12345678901234567891", "-12345678901234567890"),
            ("9007199254740993", "9007199254740992"),
            ("100000000000002", "100000000000001"),
            ("1.00000000000002", "1.00000000000001"),
            ("1.00000000000000002", "1.00000000000000001"),
        ] {
            assert!(!PLAIN.are_same(written, kept), "{written:?} {kept:?}");
        }
    }
}
