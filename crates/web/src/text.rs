//! Compares two texts word by word, and merges the changes of two people who edited one text at the same time.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// A piece of two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// In both.
    Same(&'a str),
    /// Only in the first.
    Gone(&'a str),
    /// Only in the second.
    New(&'a str),
}

impl<'a> Piece<'a> {
    fn text(self) -> &'a str {
        let (Piece::Same(text) | Piece::Gone(text) | Piece::New(text)) = self;
        text
    }
}

/// The differences from one text to another, word by word. What stays between two changes has at least one word.
pub(crate) fn differences<'a>(before: &'a str, after: &'a str) -> Vec<Piece<'a>> {
    let (old, new) = (words(before), words(after));
    let (old_at, new_at) = (offsets(&old), offsets(&new));
    let changes = joined(changes(&old, &new), &old);
    let mut pieces = Vec::new();
    let mut same_from = 0;
    for Change { of, by } in &changes {
        pieces.push(Piece::Same(&before[old_at[same_from]..old_at[of.start]]));
        pieces.push(Piece::Gone(&before[old_at[of.start]..old_at[of.end]]));
        pieces.push(Piece::New(&after[new_at[by.start]..new_at[by.end]]));
        same_from = of.end;
    }
    pieces.push(Piece::Same(&before[old_at[same_from]..]));
    pieces.retain(|piece| !piece.text().is_empty());
    pieces
}

/// The result of merging two changes of one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The text with both changes. Where they collide it has both versions, first theirs, then mine.
    pub(crate) text: String,
    /// Whether they collide, so that a person has to look at the text.
    pub(crate) collides: bool,
}

/// Merges line by line, and word by word where both have changed the same lines. Two changes collide if there is
/// neither a whole word nor the end of a line between them; `between` then separates the two versions.
///
/// ```text
/// base   Call Ada on Monday about the van.
/// mine   Call Ada on Monday about the red van.
/// theirs Call Ada on Tuesday about the van.
///      → Call Ada on Tuesday about the red van.
/// ```
pub(crate) fn merge(base: &str, mine: &str, theirs: &str, between: &str) -> Merged {
    let lines = [base, mine, theirs].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut merged = Merged { text: String::new(), collides: false };
    for stretch in stretches(&lines, |gap| !gap.is_empty()) {
        let [base, mine, theirs] = match &stretch {
            Stretch::Settled(text) => {
                merged.text.push_str(text);
                continue;
            }
            Stretch::Both(texts) => texts,
        };
        let words = [base, mine, theirs].map(|text| words(text));
        let inner =
            stretches(&words, |gap| gap.iter().any(|token| is_word(token) || *token == "\n"));
        let settled: Option<String> = inner.into_iter().map(Stretch::settled).collect();
        if let Some(text) = settled {
            merged.text.push_str(&text);
            continue;
        }
        merged.collides = true;
        merged.text.push_str(theirs);
        if !theirs.is_empty() && !mine.is_empty() && !theirs.ends_with(between) {
            merged.text.push_str(between);
        }
        merged.text.push_str(mine);
    }
    merged
}

/// A stretch of a text that two people have changed.
enum Stretch {
    /// At most one of them has changed it, or both in the same way.
    Settled(String),
    /// What it was, and what either has made of it.
    Both([String; 3]),
}

impl Stretch {
    fn settled(self) -> Option<String> {
        match self {
            Stretch::Settled(text) => Some(text),
            Stretch::Both(_) => None,
        }
    }
}

/// Cuts three texts (before, mine, theirs) where what is unchanged between two changes keeps them apart.
fn stretches(texts: &[Vec<&str>; 3], is_apart: impl Fn(&[&str]) -> bool) -> Vec<Stretch> {
    let [base, mine, theirs] = texts;
    let sides = [changes(base, mine), changes(base, theirs)];
    let mut all: Vec<Range<usize>> =
        sides.iter().flatten().map(|change| change.of.clone()).collect();
    all.sort_by_key(|range| (range.start, range.end));
    let mut groups: Vec<Range<usize>> = Vec::new();
    for range in all {
        match groups.last_mut() {
            Some(last) if range.start <= last.end || !is_apart(&base[last.end..range.start]) => {
                last.end = last.end.max(range.end);
            }
            _ => groups.push(range),
        }
    }
    let mut found = Vec::new();
    let mut same_from = 0;
    for group in groups {
        found.push(Stretch::Settled(base[same_from..group.start].concat()));
        let [mine, theirs] = [(&sides[0], mine), (&sides[1], theirs)]
            .map(|(changes, text)| rewritten(base, text, changes, &group));
        same_from = group.end;
        found.push(match (mine, theirs) {
            (Some(text), None) | (None, Some(text)) => Stretch::Settled(text),
            (Some(mine), Some(theirs)) if mine == theirs => Stretch::Settled(mine),
            (mine, theirs) => Stretch::Both([
                base[group].concat(),
                mine.unwrap_or_default(),
                theirs.unwrap_or_default(),
            ]),
        });
    }
    found.push(Stretch::Settled(base[same_from..].concat()));
    found
}

/// What the changes have made of a stretch; none if no change is in it.
fn rewritten(
    base: &[&str],
    text: &[&str],
    changes: &[Change],
    group: &Range<usize>,
) -> Option<String> {
    let within = |change: &&Change| change.of.start >= group.start && change.of.end <= group.end;
    let mut changes = changes.iter().filter(within).peekable();
    changes.peek()?;
    let mut made = String::new();
    let mut same_from = group.start;
    for Change { of, by } in changes {
        made.extend(base[same_from..of.start].iter().copied());
        made.extend(text[by.clone()].iter().copied());
        same_from = of.end;
    }
    made.extend(base[same_from..group.end].iter().copied());
    Some(made)
}

/// Tokens of one text, and those of another that take their place.
#[derive(Debug)]
struct Change {
    of: Range<usize>,
    by: Range<usize>,
}

fn changes(old: &[&str], new: &[&str]) -> Vec<Change> {
    let mut input = InternedInput::default();
    input.update_before(old.iter().copied());
    input.update_after(new.iter().copied());
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    diff.hunks().map(|hunk| Change { of: range(hunk.before), by: range(hunk.after) }).collect()
}

/// Joins changes that have no word between them: single characters that stay in between would only confuse.
fn joined(changes: Vec<Change>, old: &[&str]) -> Vec<Change> {
    let mut joined: Vec<Change> = Vec::new();
    for change in changes {
        match joined.last_mut() {
            Some(last) if !old[last.of.end..change.of.start].iter().any(|token| is_word(token)) => {
                (last.of.end, last.by.end) = (change.of.end, change.by.end);
            }
            _ => joined.push(change),
        }
    }
    joined
}

/// The words of a text, and every other sign by itself. Together they are the text.
fn words(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| c.is_alphanumeric();
        let word = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (token, after) =
            rest.split_at(word.max(if is_part(first) { 0 } else { first.len_utf8() }));
        tokens.push(token);
        rest = after;
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.chars().any(char::is_alphanumeric)
}

/// Where each token begins, and where the last one ends.
fn offsets(tokens: &[&str]) -> Vec<usize> {
    let ends = tokens.iter().scan(0, |at, token| {
        *at += token.len();
        Some(*at)
    });
    std::iter::once(0).chain(ends).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_is_told_word_by_word() {
        use Piece::{Gone, New, Same};
        for (before, after, expected) in [
            ("", "", vec![]),
            ("one", "", vec![Gone("one")]),
            ("a b c", "a x c", vec![Same("a "), Gone("b"), New("x"), Same(" c")]),
            // A blank alone is nothing that stays.
            ("red van", "blue car", vec![Gone("red van"), New("blue car")]),
            ("Café 1", "Café 2", vec![Same("Café "), Gone("1"), New("2")]),
        ] {
            assert_eq!(differences(before, after), expected, "{before:?} to {after:?}");
        }
    }

    #[track_caller]
    fn check(base: &str, mine: &str, theirs: &str, text: &str, collides: bool) {
        let merged = merge(base, mine, theirs, "\n");
        assert_eq!(
            merged,
            Merged { text: text.to_owned(), collides },
            "{base:?} {mine:?} {theirs:?}"
        );
    }

    #[test]
    fn changes_that_do_not_touch_are_merged() {
        check(
            "Call Ada on Monday",
            "Phone Ada on Monday",
            "Call Ada on Tuesday",
            "Phone Ada on Tuesday",
            false,
        );
        check("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n", false);
        check("a\nb", "a\nb\nmine", "theirs\na\nb", "theirs\na\nb\nmine", false);
        check("a b", "a b", "x b", "x b", false);
        check("a b", "x b", "x b", "x b", false);
        // Neighbouring lines, and a line that both have changed.
        check("one\ntwo\n", "ONE\ntwo\n", "one\nTWO\n", "ONE\nTWO\n", false);
        check("", "x", "", "x", false);
    }

    #[test]
    fn changes_that_touch_are_both_kept_for_somebody_to_look_at() {
        check("Call Monday", "Call Tuesday", "Call Friday", "Call Friday\nCall Tuesday", true);
        check("is red", "was blue", "is green", "is green\nwas blue", true);
        check("a\n", "a\nmine\n", "a\ntheirs\n", "a\ntheirs\nmine\n", true);
        check("", "mine", "theirs", "theirs\nmine", true);
        check("gone word", "", "gone words", "gone words", true);
        // A neighbour of a word that the other has changed belongs to the same thought.
        check("at ten", "at eleven", "before ten", "before ten\nat eleven", true);
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop::sample::select(vec!["a", "b", "c", " ", "\n", "é", "."]),
            0..30,
        )
        .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_pieces_make_up_both_texts(before in text(), after in text()) {
            let pieces = differences(&before, &after);
            let of = |is_in: fn(&Piece<'_>) -> bool| -> String {
                pieces.iter().filter(|piece| is_in(piece))
                    .map(|piece| piece.text()).collect()
            };
            prop_assert_eq!(of(|piece| !matches!(piece, Piece::New(_))), before.clone());
            prop_assert_eq!(of(|piece| !matches!(piece, Piece::Gone(_))), after.clone());
        }

        #[test]
        fn who_has_changed_nothing_gets_what_the_other_has_made(base in text(), other in text()) {
            let made = Merged { text: other.clone(), collides: false };
            prop_assert_eq!(merge(&base, &other, &base, "\n"), made.clone());
            prop_assert_eq!(merge(&base, &base, &other, "\n"), made.clone());
            prop_assert_eq!(merge(&base, &other, &other, "\n"), made);
        }

        #[test]
        fn no_new_word_of_either_is_lost(base in text(), mine in text(), theirs in text()) {
            let merged = merge(&base, &mine, &theirs, "\n");
            let other_way = merge(&base, &theirs, &mine, "\n");
            prop_assert_eq!(merged.collides, other_way.collides);
            if !merged.collides {
                prop_assert_eq!(&merged.text, &other_way.text);
            }
            let is_new = |word: &&&str| is_word(word) && !words(&base).contains(*word);
            for word in words(&mine).iter().chain(&words(&theirs)).filter(is_new) {
                prop_assert!(words(&merged.text).iter().any(|found| found.contains(*word)), "{word} in {:?}", merged.text);
            }
        }
    }
}
