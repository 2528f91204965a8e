//! Whole numbers as spreadsheets write them.

/// Why a text is no whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// It is something else.
    Unexpected,
    /// It has been rounded, or nobody can tell that it has not.
    Rounded,
}

/// Spreadsheets keep that many digits of a number.
const DIGITS_KEPT: usize = 15;

/// From that many digits on, programs show numbers that they have in full in a form that rounds them.
const DIGITS_SHOWN: usize = 11;

/// Reads `652`, ` 652 `, `652.0`, `652,0`, `'652`, and `6.52E+02` where that is all of its digits. Negative
/// ones are none.
pub(super) fn whole(text: &str) -> Result<i64, NoNumber> {
    let text = text.trim().trim_start_matches('\'').trim();
    let (mantissa, exponent) = match text.split_once(['E', 'e']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(NoNumber::Unexpected);
    }
    match exponent {
        // Three zeros may be the end of a number in thousands.
        None if fraction.bytes().all(|digit| digit == b'0') && fraction.len() != 3 => parse(whole),
        None => Err(NoNumber::Unexpected),
        Some(exponent) => raised(whole, fraction.trim_end_matches('0'), exponent),
    }
}

fn raised(whole: &str, fraction: &str, exponent: &str) -> Result<i64, NoNumber> {
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let exponent: usize = exponent.parse().map_err(|_| NoNumber::Unexpected)?;
    let zeros = exponent.checked_sub(fraction.len()).ok_or(NoNumber::Unexpected)?;
    let digits = whole.trim_start_matches('0').len().saturating_add(exponent);
    if digits > DIGITS_KEPT || (zeros > 0 && digits > DIGITS_SHOWN) {
        return Err(NoNumber::Rounded);
    }
    parse(&format!("{whole}{fraction}{}", "0".repeat(zeros)))
}

fn parse(digits: &str) -> Result<i64, NoNumber> {
    digits.parse().map_err(|_| NoNumber::Unexpected)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_are_read_in_every_form_that_keeps_them() {
        use NoNumber::{Rounded, Unexpected};
        for (text, expected) in [
            ("652", Ok(652)),
            (" 652 ", Ok(652)),
            ("652.0", Ok(652)),
            ("652,00", Ok(652)),
            ("652.000", Err(Unexpected)),
            ("652.0000", Ok(652)),
            ("'652", Ok(652)),
            ("6.52E+02", Ok(652)),
            ("6,52E+02", Ok(652)),
            ("6.5200e2", Ok(652)),
            ("1E+05", Ok(100_000)),
            ("9007199254740991", Ok(9_007_199_254_740_991)),
            ("1.23456789012345E+14", Ok(123_456_789_012_345)),
            ("9.00719925474099E+015", Err(Rounded)),
            ("9.007199254740991E15", Err(Rounded)),
            ("1.23457E+14", Err(Rounded)),
            ("1E+99999999999999999999", Err(Unexpected)),
            ("1E+1000000000", Err(Rounded)),
            ("1E18446744073709551615", Err(Rounded)),
            ("12.5E18446744073709551615", Err(Rounded)),
            ("652.5", Err(Unexpected)),
            ("6.525E+02", Err(Unexpected)),
            ("-652", Err(Unexpected)),
            ("1,234.0", Err(Unexpected)),
            ("99999999999999999999", Err(Unexpected)),
            ("", Err(Unexpected)),
            ("E", Err(Unexpected)),
            ("0x10", Err(Unexpected)),
            ("6é2", Err(Unexpected)),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_looks_like_a_number_is_read_or_refused(
            text in "'?[0-9]{0,20}([.,][0-9]{0,20})?([Ee][+-]?[0-9]{0,20})?",
            bits in any::<u8>(),
        ) {
            let _ = whole(&text);
            let _ = whole(&format!("1E{}", usize::MAX - usize::from(bits)));
        }
    }
}
