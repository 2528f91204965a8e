//! How texts are split into words, the same for stored texts and for search terms.
//!
//! A word is a sequence of letters and digits. Scripts without spaces between words have no such sequences: there,
//! everything up to the next space or sign is one run, and a search term may be anywhere in it.

use std::ops::Range;

use crate::letters::{each_letter, is_of_words};

/// A word or a run, and where it is in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its letters as they are compared, see [`fold`](crate::fold()).
    pub text: String,
    /// Its bytes in the text.
    pub at: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Spaced,
    /// Of a script without blanks; so many of its letters tell texts apart well enough to be looked up.
    Run {
        gram_chars: usize,
    },
}

/// The words and runs of a text, in its order.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut open: Option<Token> = None;
    let mut close = |token: Option<Token>| {
        // Signs of vowels alone make no word.
        let is_word = |token: &Token| token.text.chars().any(char::is_alphanumeric);
        tokens.extend(token.filter(is_word));
    };
    each_letter(text, &mut |letter, from| match (kind(letter), &mut open) {
        (Some(kind), Some(token)) if token.kind == kind => {
            token.text.push(letter);
            token.at.end = from.end;
        }
        (kind, _) => {
            close(open.take());
            open = kind.map(|kind| Token { text: letter.into(), at: from, kind });
        }
    });
    close(open);
    tokens
}

fn kind(letter: char) -> Option<Kind> {
    let run = |gram_chars| Some(Kind::Run { gram_chars });
    match letter {
        'a'..='z' | '0'..='9' => Some(Kind::Spaced),
        _ if !is_of_words(letter) => None,
        // Han, kana, bopomofo, Yi. Korean has blanks, but what stands between them is more than a word.
        '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{3029}'
        | '\u{3031}'..='\u{318F}'
        | '\u{31A0}'..='\u{31BF}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{A4CF}'
        | '\u{1100}'..='\u{11FF}'
        | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{16FE0}'..='\u{18DFF}'
        | '\u{1AFF0}'..='\u{1B2FF}'
        | '\u{20000}'..='\u{3FFFF}' => run(2),
        // Thai, Lao, Tibetan, Myanmar, Khmer, and their neighbours.
        '\u{E00}'..='\u{109F}'
        | '\u{1780}'..='\u{17FF}'
        | '\u{1950}'..='\u{1AAF}'
        | '\u{1B00}'..='\u{1B7F}'
        | '\u{A980}'..='\u{A9FF}'
        | '\u{AA00}'..='\u{AADF}' => run(3),
        _ => Some(Kind::Spaced),
    }
}

impl Token {
    /// Where in the text a word that is searched for stands in it: what of a run is meant, or the whole
    /// word.
    pub fn hits<'a>(&'a self, word: &'a Word, text: &'a str) -> Vec<Range<usize>> {
        match (self.kind, word.part) {
            (Kind::Spaced, Part::Whole) if self.text == word.text => vec![self.at.clone()],
            (Kind::Spaced, Part::Beginning) if self.text.starts_with(&word.text) => {
                vec![self.at.clone()]
            }
            (Kind::Run { .. }, Part::Within) if self.text.contains(&word.text) => {
                self.hits_within(word, text)
            }
            _ => Vec::new(),
        }
    }

    fn hits_within(&self, word: &Word, text: &str) -> Vec<Range<usize>> {
        let mut from: Vec<Range<usize>> = Vec::new();
        each_letter(&text[self.at.clone()], &mut |letter, at| {
            // One for each byte of the letter.
            from.resize(from.len() + letter.len_utf8(), at);
        });
        let hits = self.text.match_indices(&word.text);
        let place = |at: usize| from.get(at).cloned().unwrap_or_default();
        hits.map(|(at, hit)| {
            let (first, last) = (place(at), place(at + hit.len() - 1));
            self.at.start + first.start..self.at.start + last.end
        })
        .collect()
    }

    /// The pieces of a run by which an index finds what lies within it, one for each of its letters in
    /// order: that letter and the next ones, fewer at its end. None for a word.
    #[must_use]
    pub fn grams(&self) -> Vec<&str> {
        match self.kind {
            Kind::Spaced => Vec::new(),
            Kind::Run { gram_chars } => grams(&self.text, gram_chars).collect(),
        }
    }
}

fn grams(run: &str, chars: usize) -> impl Iterator<Item = &str> {
    run.char_indices().map(move |(at, _)| {
        let rest = &run[at..];
        let end = rest.char_indices().nth(chars).map_or(rest.len(), |(end, _)| end);
        &rest[..end]
    })
}

/// A word that is searched for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word {
    /// As it is compared.
    pub text: String,
    /// What of a word it is.
    pub part: Part,
}

/// What of a word has been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// All of it.
    Whole,
    /// It may be only its beginning.
    Beginning,
    /// It may be anywhere in a run.
    Within,
}

impl Word {
    /// The searched words, each once; the last one may be only begun.
    ///
    /// ```
    /// use store::{Part, Word};
    /// let words = Word::asked("Call Zoë 東京");
    /// assert_eq!(words.iter().map(|w| &w.text[..]).collect::<Vec<_>>(), ["call", "zoe", "東京"]);
    /// assert_eq!(words.iter().map(|w| w.part).collect::<Vec<_>>(), [Part::Whole, Part::Whole, Part::Within]);
    /// assert_eq!(Word::asked("\"* Ⓐ").len(), 0);
    /// ```
    #[must_use]
    pub fn asked(text: &str) -> Vec<Word> {
        let tokens = tokens(text);
        let last = tokens.len().saturating_sub(1);
        let mut words: Vec<Word> = Vec::new();
        for (at, Token { text, kind, .. }) in tokens.into_iter().enumerate() {
            let part = match kind {
                Kind::Run { .. } => Part::Within,
                Kind::Spaced if at == last => Part::Beginning,
                Kind::Spaced => Part::Whole,
            };
            let word = Word { text, part };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }

    /// For what lies within a run, by which of [`Token::grams`] an index finds it: those that have to
    /// follow each other. None if it is too short for one: then it is what one begins with.
    #[must_use]
    pub fn grams(&self) -> Option<Vec<&str>> {
        let Some(Kind::Run { gram_chars }) = self.text.chars().next().and_then(kind) else {
            return None;
        };
        let whole = self.text.chars().count().checked_sub(gram_chars)? + 1;
        Some(grams(&self.text, gram_chars).take(whole).collect())
    }
}

/// Looks for one word in many names.
pub struct NameFinder<'a> {
    word: &'a Word,
    text: memchr::memmem::Finder<'a>,
}

impl NameFinder<'_> {
    /// Prepares to look for this word.
    #[must_use]
    pub fn of(word: &Word) -> NameFinder<'_> {
        NameFinder { word, text: memchr::memmem::Finder::new(&word.text) }
    }

    /// Where the word is in a text that has been folded, ascending.
    ///
    /// ```
    /// let word = &store::Word::asked("hara")[0];
    /// let places = |text| store::NameFinder::of(word).places(text).count();
    /// assert_eq!((places("o'hara, mr. hara"), places("ohara")), (2, 0));
    /// ```
    pub fn places(&self, folded: &str) -> impl Iterator<Item = usize> {
        let is_word = |c: Option<char>| c.is_some_and(|c| kind(c) == Some(Kind::Spaced));
        self.text.find_iter(folded.as_bytes()).filter(move |at| match self.word.part {
            Part::Within => true,
            _ if is_word(folded[..*at].chars().next_back()) => false,
            Part::Beginning => true,
            Part::Whole => !is_word(folded[at + self.word.text.len()..].chars().next()),
        })
    }

    /// Whether the word is in a text that has been folded.
    #[must_use]
    pub fn finds(&self, folded: &str) -> bool {
        self.places(folded).next().is_some()
    }
}

/// All words of a text, to look up whether one is among them.
#[derive(Debug, Default)]
pub struct Words {
    sorted: Vec<String>,
    runs: Vec<String>,
}

impl Words {
    /// Takes in the words of one more text.
    pub fn add(&mut self, text: &str) {
        for Token { text, kind, .. } in tokens(text) {
            match kind {
                Kind::Spaced => self.sorted.push(text),
                Kind::Run { .. } => self.runs.push(text),
            }
        }
        self.sorted.sort_unstable();
    }

    /// Whether a word is among them.
    ///
    /// ```
    /// let mut words = store::Words::default();
    /// words.add("Call the printers of 新東京商店");
    /// let is_there = |text| words.have(&store::Word::asked(text)[0]);
    /// assert!(is_there("print") && is_there("東京") && !is_there("京都"));
    /// ```
    #[must_use]
    pub fn have(&self, word: &Word) -> bool {
        let text = word.text.as_str();
        let first = self.sorted.partition_point(|other| other.as_str() < text);
        let next = self.sorted.get(first);
        match word.part {
            Part::Whole => next.is_some_and(|other| other == text),
            Part::Beginning => next.is_some_and(|other| other.starts_with(text)),
            Part::Within => self.runs.iter().any(|run| run.contains(text)),
        }
    }
}
