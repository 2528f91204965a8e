//! What was found for words, kept on the board and updated with the index.

use domain::{ActivityId, Seq};
use store::{Text, Word, Words};
use timeline::SeqRange;

use super::bitmap::Bitmap;
use super::columns::Columns;

/// Words that are kept because they were asked for last: for the pages of a list.
const ASKED_MAX: usize = 32;

/// What the common words of an organization may take.
const COMMON_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What was found for words, all as of one position of the log.
pub(crate) struct WordCache {
    as_of: Seq,
    /// Those that were asked for last at the end.
    found: Vec<Found>,
    /// Where the log was when the common words were looked up.
    pub(crate) common_as_of: Seq,
}

/// What was found for one of them.
pub(crate) struct Found {
    pub(crate) word: Word,
    pub(crate) slots: Bitmap,
    pub(crate) common: bool,
}

impl WordCache {
    /// Nothing yet.
    pub(crate) fn new(as_of: Seq) -> WordCache {
        WordCache { as_of, found: Vec::new(), common_as_of: Seq::ZERO }
    }

    /// The slots that have a word, if that is known.
    pub(crate) fn slots(&self, word: &Word, as_of: Seq) -> Option<&Bitmap> {
        let mut found = self.found.iter().filter(|_| self.as_of == as_of);
        found.find(|found| found.word == *word).map(|found| &found.slots)
    }

    pub(crate) fn put(&mut self, found: Found, as_of: Seq) {
        if self.as_of != as_of {
            *self = WordCache::new(as_of);
        }
        self.found.retain(|other| other.word != found.word);
        self.found.push(found);
        let asked = self.found.iter().filter(|found| !found.common).count();
        if asked > ASKED_MAX
            && let Some(oldest) = self.found.iter().position(|found| !found.common)
        {
            self.found.remove(oldest);
        }
    }

    /// Comes along with a step of the index.
    pub(crate) fn follow(
        &mut self,
        columns: &Columns,
        step: SeqRange,
        changed: &[(ActivityId, Option<Text<'_>>)],
    ) {
        if self.as_of != step.after {
            // The index was built anew meanwhile.
            *self = WordCache::new(step.after);
        }
        for (id, text) in changed {
            let Some(slot) = columns.slot(*id) else { continue };
            let mut words = Words::default();
            if let (Some(text), false) = (text, self.found.is_empty()) {
                text.0.iter().for_each(|text| words.add(text));
            }
            for found in &mut self.found {
                match words.have(&found.word) {
                    true => found.slots.insert(slot),
                    false => found.slots.remove(slot),
                }
            }
        }
        self.as_of = step.through;
    }

    /// Whether a common word is not among those that stay, and there is room for it.
    pub(crate) fn lacks(&self, word: &Word) -> bool {
        let common = || self.found.iter().filter(|found| found.common);
        let bytes: usize = common().map(|found| found.slots.memory_bytes()).sum();
        bytes < COMMON_BYTES_MAX && common().all(|found| found.word != *word)
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.found.iter().map(|found| found.word.text.len() + found.slots.memory_bytes()).sum()
    }
}
