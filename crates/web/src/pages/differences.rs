//! Shows the differences between two texts.

use maud::{Markup, html};

use super::activity::short;
use crate::text::{self, Piece};

/// The most characters shown of one piece.
const STRETCH_CHARS_MAX: usize = 600;

/// Unchanged characters shown around a difference.
const AROUND_CHARS: usize = 60;

/// Two texts as one, with deletions struck out, additions marked, and a little of the unchanged text around them.
pub(crate) fn shown(before: &str, after: &str) -> Markup {
    let pieces = text::differences(before, after);
    let last = pieces.len().saturating_sub(1);
    html! {
        @for (at, piece) in pieces.iter().enumerate() {
            @match piece {
                Piece::Same(text) => (excerpt(text, at > 0, at < last)),
                Piece::Gone(text) => del { (short(text, STRETCH_CHARS_MAX)) },
                Piece::New(text) => ins { (short(text, STRETCH_CHARS_MAX)) },
            }
        }
    }
}

/// Shortens unchanged text between differences.
fn excerpt(text: &str, has_before: bool, has_after: bool) -> String {
    let chars = text.chars().count();
    let shown = AROUND_CHARS * (usize::from(has_before) + usize::from(has_after));
    if chars <= shown.max(AROUND_CHARS) {
        return text.to_owned();
    }
    let head = if has_before { short(text, AROUND_CHARS) } else { "…".to_owned() };
    let tail = if has_after { end(text, chars - AROUND_CHARS) } else { String::new() };
    format!("{head}{tail}")
}

/// The end of a text, from the first word after this many characters.
fn end(text: &str, skip: usize) -> String {
    let tail: String = text.chars().skip(skip).collect();
    match tail.trim_start().split_once(' ') {
        Some((_, words)) if !words.trim().is_empty() => words.to_owned(),
        _ => tail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        assert_eq!(shown(before, after).into_string(), expected);
    }

    #[test]
    fn of_long_texts_there_is_shown_what_differs() {
        let long = |word: &str| format!("{} {word} {}", "a".repeat(5_000), "z".repeat(5_000));
        let (head, tail) = ("a".repeat(59), "z".repeat(59));
        check(&long("old"), &long("new"), &format!("…{head} <del>old</del><ins>new</ins> {tail}…"));
        let all = "b".repeat(STRETCH_CHARS_MAX);
        check("", &"b".repeat(5_000), &format!("<ins>{all}…</ins>"));
        check("one two", "one <b>", "one <del>two</del><ins>&lt;b&gt;</ins>");
        // Of what is the same between two changes, both ends.
        let same = format!(" {} ", "m ".repeat(200).trim_end());
        let shown = format!(" {}…{}", "m ".repeat(30).trim_end(), "m ".repeat(29));
        let changed = "<del>1</del><ins>2</ins>";
        check(&format!("1{same}1"), &format!("2{same}2"), &format!("{changed}{shown}{changed}"));
    }
}
