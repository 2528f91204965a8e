//! How letters are compared in searches: the one place that defines which are equal.
//!
//! Case, accents, and the form of a letter (full width, ligatures, small and raised ones) are ignored.
//! Letters with a stroke or a hook, which Unicode does not decompose, equal the plain letter: `ł` is `l`,
//! `ß` is `ss`. Scripts are not transliterated.

use std::ops::Range;

use unicode_normalization::char::{compose, decompose_compatible, is_combining_mark};

/// Folds a text letter by letter; `put` gets what each is compared as, and the bytes of the text that
/// it comes from. Signs stay as they are.
pub(crate) fn each_letter(text: &str, put: &mut dyn FnMut(char, Range<usize>)) {
    let mut last: Option<(char, Range<usize>)> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let mut is_seen = false;
        fold_char(c, &mut |letter| {
            is_seen = true;
            let joined = last.as_ref().and_then(|(before, _)| joined(*before, letter));
            match (joined, last.as_mut()) {
                (Some(both), Some(last)) => *last = (both, last.1.start..end),
                _ => {
                    if let Some((before, from)) = last.replace((letter, at..end)) {
                        put(before, from);
                    }
                }
            }
        });
        if let (false, Some((before, from))) = (is_seen, &mut last)
            && is_of_words(*before)
        {
            // An accent that stands alone belongs to the letter before it.
            from.end = end;
        }
    }
    if let Some((letter, from)) = last {
        put(letter, from);
    }
}

/// The text as texts are compared that are searched for within one another; folding it again changes
/// nothing.
///
/// ```
/// assert_eq!(store::fold("Paweł ØKLAND, Große Straße"), "pawel okland, grosse strasse");
/// assert_eq!(store::fold("ﬁnance Ｆｕｌｌ ΕΛΛΆΔΑΣ"), "finance full ελλαδασ");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    each_letter(text, &mut |letter, _| folded.push(letter));
    folded
}

fn fold_char(c: char, put: &mut dyn FnMut(char)) {
    if c.is_ascii() {
        put(c.to_ascii_lowercase());
    } else if is_left_out(c) {
        // It does not tell words apart.
    } else if matches!(c, '\u{2018}' | '\u{2019}' | '\u{201B}') {
        put('\'');
    } else if is_sign(c) {
        put(c);
    } else {
        decompose_compatible(c, |part| {
            if !is_left_out(part) {
                for small in part.to_lowercase().filter(|small| !is_left_out(*small)) {
                    match plain(small) {
                        Some(plain) => plain.chars().for_each(&mut *put),
                        None => put(small),
                    }
                }
            }
        });
    }
}

/// Whether words are made of it: letters, digits, and the vowel signs that belong to letters.
pub(crate) fn is_of_words(c: char) -> bool {
    !is_sign(c)
}

/// What no word is made of. Letters in circles and squares are signs too.
fn is_sign(c: char) -> bool {
    let is_enclosed = matches!(c, '\u{249C}'..='\u{24E9}' | '\u{1F100}'..='\u{1F1FF}');
    is_enclosed || !(c.is_alphanumeric() || is_combining_mark(c))
}

/// Kana with their voicing mark, and syllables of Hangul, are one letter each: another one than without.
fn joined(before: char, next: char) -> Option<char> {
    let joins = matches!(next, '\u{3099}' | '\u{309A}' | '\u{1161}'..='\u{11FF}');
    if joins { compose(before, next) } else { None }
}

fn is_left_out(c: char) -> bool {
    is_unseen(c) || is_accent(c)
}

/// What is not seen: soft hyphens, joiners, marks of direction, variants of a glyph; and what only
/// makes a word longer.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{640}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What may be left out when people write: accents, the points of Hebrew and Arabic, the apostrophes
/// that are letters. The vowel signs of other scripts are more than that.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}'
        | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6DC}'
        | '\u{6DF}'..='\u{6E4}' | '\u{6E7}' | '\u{6E8}' | '\u{6EA}'..='\u{6ED}'
        | '\u{711}' | '\u{730}'..='\u{74A}'
        | '\u{2B9}'..='\u{2C1}' | '\u{2C8}' | '\u{2CA}'..='\u{2CF}')
}

/// A small letter that is another one, or two, with something about it that Unicode does not take off.
fn plain(small: char) -> Option<&'static str> {
    Some(match small {
        'ß' => "ss",
        'æ' | 'ӕ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ð' | 'đ' | 'ɖ' | 'ɗ' | 'ƌ' | 'ȡ' | 'ᵭ' | 'ᶁ' => "d",
        'ø' | 'ɵ' | 'ⱺ' | 'ꝋ' | 'ꝍ' | 'ɔ' => "o",
        'ł' | 'ƚ' | 'ɫ' | 'ɬ' | 'ɭ' | 'ȴ' | 'ⱡ' | 'ꝉ' | 'ᶅ' => "l",
        'ħ' | 'ɦ' | 'ⱨ' | 'ꞕ' => "h",
        'ŧ' | 'ƫ' | 'ƭ' | 'ʈ' | 'ȶ' | 'ⱦ' | 'ᵵ' => "t",
        'ı' | 'ɨ' | 'ɩ' | 'ᵻ' | 'ᶖ' => "i",
        'ȷ' | 'ɉ' | 'ʝ' | 'ɟ' => "j",
        'ĸ' | 'ƙ' | 'ⱪ' | 'ꝁ' | 'ꝃ' | 'ꝅ' | 'ꞣ' | 'ᶄ' => "k",
        'ŋ' | 'ɲ' | 'ɳ' | 'ƞ' | 'ȵ' | 'ꞑ' | 'ꞥ' | 'ᵰ' => "n",
        'ƀ' | 'ƃ' | 'ɓ' | 'ᵬ' | 'ᶀ' | 'ꞗ' => "b",
        'ƈ' | 'ȼ' | 'ɕ' | 'ꞓ' | 'ꞔ' => "c",
        'ǝ' | 'ə' | 'ɛ' | 'ɇ' | 'ⱸ' | 'ᶒ' => "e",
        'ƒ' | 'ᵮ' | 'ꞙ' => "f",
        'ɠ' | 'ǥ' | 'ɡ' | 'ꞡ' | 'ᶃ' => "g",
        'ɱ' | 'ᵯ' | 'ᶆ' => "m",
        'ƥ' | 'ᵽ' | 'ᵱ' | 'ꝑ' | 'ꝓ' | 'ꝕ' | 'ᶈ' => "p",
        'ɋ' | 'ʠ' | 'ꝗ' | 'ꝙ' => "q",
        'ɍ' | 'ɽ' | 'ɾ' | 'ɼ' | 'ᵲ' | 'ᵳ' | 'ꞧ' | 'ᶉ' => "r",
        'ȿ' | 'ʂ' | 'ᵴ' | 'ꞩ' | 'ᶊ' => "s",
        'ʉ' | 'ᵾ' | 'ᶙ' => "u",
        'ʋ' | 'ⱱ' | 'ⱴ' | 'ꝟ' | 'ᶌ' => "v",
        'ⱳ' => "w",
        'ƴ' | 'ɏ' | 'ỿ' => "y",
        'ƶ' | 'ȥ' | 'ɀ' | 'ʐ' | 'ʑ' | 'ⱬ' | 'ᵶ' | 'ᶎ' => "z",
        'ⱥ' | 'ɐ' | 'ɑ' | 'ᶏ' => "a",
        'ꜳ' => "aa",
        'ꜵ' => "ao",
        'ꜷ' => "au",
        'ꜹ' | 'ꜻ' => "av",
        'ꜽ' => "ay",
        'ꝏ' => "oo",
        'ȣ' => "ou",
        'ꜩ' => "tz",
        'ỻ' => "ll",
        'ς' => "σ",
        'ґ' | 'ғ' | 'ҕ' => "г",
        'җ' => "ж",
        'ҙ' => "з",
        'қ' | 'ҝ' | 'ҟ' | 'ҡ' => "к",
        'ң' | 'ҥ' => "н",
        'ө' => "о",
        'ҫ' => "с",
        'ҭ' => "т",
        'ү' | 'ұ' => "у",
        'ҳ' => "х",
        'ҷ' | 'ҹ' => "ч",
        _ => return None,
    })
}
