//! Why a text was found: where in it the searched words are.

use std::ops::Range;

use store::{Word, tokens};

/// How much is shown around the first hit, in characters, before and in all.
const BEFORE_CHARS: usize = 40;
const SNIPPET_CHARS: usize = 120;

/// What is searched for, word by word.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    words: Vec<Word>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet<'a> {
    /// The piece as it is in the text.
    pub text: &'a str,
    /// Where in the piece words were found, in bytes, in order, none within another.
    pub marks: Vec<Range<usize>>,
    /// Whether the text begins before it.
    pub is_begun_before: bool,
    /// Whether the text continues after it.
    pub goes_on: bool,
}

impl Sought {
    /// Takes a question apart as the search does.
    #[must_use]
    pub fn parse(text: &str) -> Sought {
        Sought { words: Word::asked(text) }
    }

    /// Whether there is no word in it, so that nothing can be found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a word is that number.
    #[must_use]
    pub fn has_number(&self, number: i64) -> bool {
        self.words.iter().any(|word| word.text.parse() == Ok(number))
    }

    /// Where in a text the words are, in bytes: in order, and without overlaps.
    ///
    /// ```
    /// let text = "Zoë's call to the caller";
    /// let marks = service::Sought::parse("zoe call").marks(text);
    /// assert_eq!(marks.iter().map(|at| &text[at.clone()]).collect::<Vec<_>>(), ["Zoë", "call", "caller"]);
    /// ```
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        if self.words.is_empty() || text.is_empty() {
            return Vec::new();
        }
        let mut marks: Vec<Range<usize>> = Vec::new();
        for token in tokens(text) {
            marks.extend(self.words.iter().flat_map(|word| token.hits(word, text)));
        }
        marks.sort_unstable_by_key(|mark| (mark.start, mark.end));
        let mut apart: Vec<Range<usize>> = Vec::with_capacity(marks.len());
        for mark in marks {
            match apart.last_mut() {
                Some(last) if mark.start < last.end => last.end = last.end.max(mark.end),
                _ => apart.push(mark),
            }
        }
        apart
    }

    /// The piece of a text around the first word that was found in it, cut between words; none if
    /// nothing was.
    #[must_use]
    pub fn snippet<'a>(&self, text: &'a str) -> Option<Snippet<'a>> {
        let marks = self.marks(text);
        let first = marks.first()?;
        let start = start(text, first.start);
        let end = end(text, start, first.end);
        let within = marks.iter().take_while(|mark| mark.start < end);
        let marks = within.map(|mark| mark.start - start..mark.end.min(end) - start).collect();
        let piece = &text[start..end];
        Some(Snippet {
            text: piece,
            marks,
            is_begun_before: !text[..start].trim().is_empty(),
            goes_on: !text[end..].trim().is_empty(),
        })
    }
}

/// So far before the first hit, and then on to the beginning of a word.
fn start(text: &str, hit: usize) -> usize {
    let Some((at, _)) = text[..hit].char_indices().rev().nth(BEFORE_CHARS) else { return 0 };
    let gap = text[at..hit].char_indices().find(|(_, c)| c.is_whitespace());
    gap.map_or(at, |(gap, c)| at + gap + c.len_utf8())
}

/// So far behind the start, and then back to the end of a word, but not into the first hit.
fn end(text: &str, start: usize, hit_end: usize) -> usize {
    let Some((at, _)) = text[start..].char_indices().nth(SNIPPET_CHARS) else { return text.len() };
    let at = (start + at).max(hit_end);
    text[hit_end..at].rfind(char::is_whitespace).map_or(at, |gap| hit_end + gap)
}

#[cfg(test)]
mod tests {
    use super::Sought;

    /// What is shown of a text, marks in brackets.
    fn shown(words: &str, text: &str) -> Option<String> {
        let snippet = Sought::parse(words).snippet(text)?;
        let mut shown = String::new();
        let mut at = 0;
        for mark in &snippet.marks {
            let (before, hit) = (&snippet.text[at..mark.start], &snippet.text[mark.clone()]);
            shown = format!("{shown}{before}[{hit}]");
            at = mark.end;
        }
        let end = if snippet.goes_on { "…" } else { "" };
        let start = if snippet.is_begun_before { "…" } else { "" };
        Some(format!("{start}{shown}{}{end}", &snippet.text[at..]))
    }

    #[test]
    fn hits_are_marked_as_they_are_written() {
        for (words, text, expected) in [
            ("strasse", "An der Große Straße 5", "An der Große [Straße] 5"),
            ("cafe", "Cafe\u{301}s, cafés", "[Cafe\u{301}s], [cafés]"),
            ("東京", "新東京商店と東京", "新[東京]商店と[東京]"),
            ("ab abc", "abc", "[abc]"),
            ("finance", "ﬁnance", "[ﬁnance]"),
            ("ガラス", "窓のｶﾞﾗｽ", "窓の[ｶﾞﾗｽ]"),
        ] {
            assert_eq!(shown(words, text).as_deref(), Some(expected), "{words}");
        }
        assert_eq!(shown("nothing", "Call"), None);
        assert_eq!(shown("Ⓐ", "Call Ⓐ"), None);
    }

    #[test]
    fn a_long_text_is_cut_between_words_around_the_first_hit() {
        let text = format!("{}needle {}", "before ".repeat(50), "after ".repeat(50));
        let shown = shown("needle", &text).unwrap();
        assert!(shown.starts_with("…before before"), "{shown}");
        assert!(shown.contains("before [needle] after"), "{shown}");
        assert!(shown.ends_with("after…"), "{shown}");
        assert!(shown.chars().count() < 130, "{shown}");
    }

    #[test]
    fn no_text_is_too_strange_to_be_cut() {
        for text in ["é".repeat(500), "東".repeat(500), "a".repeat(500), "🎉 a".repeat(100)] {
            for words in ["é", "東", "a", "東東東"] {
                if let Some(snippet) = Sought::parse(words).snippet(&text) {
                    assert!(snippet.marks.iter().all(|m| snippet.text.get(m.clone()).is_some()));
                }
            }
        }
    }
}
