//! Texts that programs take for something else when they read CSV: numbers, dates and times, words for nothing or for
//! true and false, errors.
//!
//! Which these are was found by trying: LibreOffice, Gnumeric, pandas, csvkit, DuckDB, SheetJS and exceljs, in
//! English and German form (`interop/spreadsheets/run`).

/// Words that some program takes for nothing, for true or false, or for a number.
const WORDS: [&str; 26] = [
    ".",
    "<na>",
    "f",
    "false",
    "falsch",
    "inf",
    "infinity",
    "n",
    "n/a",
    "na",
    "nan",
    "nil",
    "no",
    "none",
    "null",
    "t",
    "true",
    "undefined",
    "unknown",
    "wahr",
    "y",
    "yes",
    "ja",
    "nein",
    "nat",
    "-",
];

/// No date or number is longer.
const CHARS_MAX: usize = 40;

/// Words within dates, times and numbers. Others count if they begin with one of [`NAMES`].
const PARTS: [&str; 10] = ["a", "p", "am", "pm", "e", "t", "z", "x", "utc", "gmt"];

/// The first letters of months and days.
const NAMES: [&str; 29] = [
    "jan", "feb", "mar", "mär", "mrz", "apr", "may", "mai", "jun", "jul", "aug", "sep", "oct",
    "okt", "nov", "dec", "dez", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "die", "mit",
    "don", "fre", "sam",
];

/// Months and days are no longer than `Donnerstag`.
const NAME_CHARS_MAX: usize = 10;

/// Whether some program takes the text for something else, and may write it otherwise than it was.
pub(super) fn is_mistakable(text: &str) -> bool {
    let text = text.trim();
    if text.chars().nth(CHARS_MAX).is_some() {
        return false;
    }
    let lower = text.to_lowercase();
    WORDS.contains(&lower.as_str()) || is_error(text) || is_number_or_date(&lower)
}

/// `#REF!`, `#N/A`, `#DIV/0!`.
fn is_error(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "/!?_ ".contains(c);
    text.strip_prefix('#').is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_letter))
}

/// Whether a text has digits, and beside them only what can be in a number, a date or a time.
fn is_number_or_date(text: &str) -> bool {
    let is_sign = |c: char| c.is_whitespace() || c.is_numeric() || ".,:;/-+%'’()$€£¥".contains(c);
    let mut words = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    text.chars().any(char::is_numeric)
        && text.chars().all(|c| c.is_alphabetic() || is_sign(c))
        && words.all(|word| PARTS.contains(&word) || is_name(word))
}

fn is_name(word: &str) -> bool {
    word.chars().count() <= NAME_CHARS_MAX && NAMES.iter().any(|name| word.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_take_for_something_else_is_known() {
        for text in [
            "00123",
            "1E5",
            " 42",
            "1,234.50",
            "1.234,5",
            "1'234",
            "50%",
            "$5",
            "5 €",
            "(5)",
            "1/2",
            "1 1/2",
            "٣",
            "0x1",
            "1-2",
            "9:00",
            "9:00 am",
            "2026-11-30",
            "30.11.2026",
            "2026-11-30T09:00:00Z",
            "30 Nov 2026",
            "Nov 30, 2026",
            "30. November 2026",
            "MAR1",
            "0049 30 5550100",
            "TRUE",
            "wahr",
            "yes",
            "N/A",
            "None",
            "NULL",
            "NaN",
            "<NA>",
            ".",
            "#REF!",
            "#DIV/0!",
            "#N/A",
            "Infinity",
        ] {
            assert!(is_mistakable(text), "{text}");
        }
        for text in [
            "",
            "call back",
            "3 people called",
            "2 of 4",
            "5th Avenue 1",
            "room 12",
            "#hash",
            "# 1 of 2",
            "none of them",
            "May I call?",
            "true story",
            "no answer",
            "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
            "v1.2.3",
        ] {
            assert!(!is_mistakable(text), "{text}");
        }
    }
}
