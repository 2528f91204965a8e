//! The names of accounts: API v1 knows accounts only by number, people know them by name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use domain::{Account, ClientId, ID_MAX, Name};
use memchr::memmem::Finder;
use parking_lot::Mutex;
use store::{NameFinder, Word, fold};

use crate::base::alphabet::place;
use crate::directory::admin_error::AdminError;

/// Accounts that are written in one transaction, or looked at in one step.
pub(crate) const STEP_ACCOUNTS: usize = 2_000;

/// An account, in the order of names.
#[derive(Debug)]
pub(crate) struct Entry {
    /// As it is compared with what is searched for.
    folded: Arc<str>,
    /// What it is sorted by.
    pub(crate) place: Vec<u8>,
    pub(crate) account: Account,
}

impl Entry {
    pub(crate) fn new(account: Account) -> Arc<Entry> {
        let name = account.name.as_str();
        Arc::new(Entry { folded: fold(name).into(), place: place(name), account })
    }

    /// By what it is found that is called exactly so.
    fn called(&self) -> (Arc<str>, ClientId) {
        let name = self.account.name.as_str();
        let trimmed = name.trim();
        let folded =
            if trimmed.len() == name.len() { self.folded.clone() } else { fold(trimmed).into() };
        (folded, self.account.id)
    }
}

/// A word that is looked for in many names.
pub(crate) struct Sought {
    word: String,
    finder: Finder<'static>,
    is_number: bool,
}

impl Sought {
    /// The words of a text, each once.
    pub(crate) fn of(words: &str) -> Vec<Sought> {
        let words: HashSet<String> = words.split_whitespace().map(fold).collect();
        let sought = |word: String| Sought {
            finder: Finder::new(&word).into_owned(),
            is_number: is_number(&word),
            word,
        };
        words.into_iter().map(sought).collect()
    }

    /// Whether it is of an account's name, or begins its number. Of an accent alone nothing is left.
    pub(crate) fn is_in(&self, entry: &Entry) -> bool {
        let is_of_number =
            || self.is_number && entry.account.id.to_string().starts_with(&self.word);
        let is_in_name = || self.finder.find(entry.folded.as_bytes()).is_some();
        !self.word.is_empty() && (is_in_name() || is_of_number())
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.place.cmp(&other.place).then(self.account.id.cmp(&other.account.id))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// The account whose number a word is; it need have no name.
pub(crate) fn number(word: &Word) -> impl Iterator<Item = ClientId> {
    word.text.parse().ok().map(ClientId).into_iter()
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The names of an organization's accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    by_id: BTreeMap<ClientId, Arc<Entry>>,
    /// By name: there may be too many to sort them for each request.
    sorted: BTreeSet<Arc<Entry>>,
    /// By what they are called, folded.
    called: BTreeSet<(Arc<str>, ClientId)>,
    /// See [`Accounts::changes`].
    changes: u64,
    /// None until it is needed, and after each change.
    pub(crate) lines: Mutex<Option<Arc<Lines>>>,
}

/// All names as they are searched, a line each: one search through them takes a tenth of looking at each.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    text: String,
    /// Where the line of each account ends, in bytes.
    ends: Vec<(usize, ClientId)>,
}

impl Lines {
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.text.push_str(&entry.folded);
        self.text.push('\n');
        self.ends.push((self.text.len(), entry.account.id));
    }

    pub(crate) fn find(&self, word: &Word) -> Vec<ClientId> {
        let (finder, mut rest, mut found) = (NameFinder::of(word), &self.ends[..], Vec::new());
        for at in finder.places(&self.text) {
            let passed = rest.iter().take_while(|(end, _)| *end <= at).count();
            // Of several places in one name, the first has taken its line away.
            if let Some(((_, id), behind)) = rest[passed..].split_first()
                && self.line_start(rest.len() - passed) <= at
            {
                found.push(*id);
                rest = behind;
            }
        }
        found
    }

    /// Where the first of the last lines begins, for this many lines.
    fn line_start(&self, left: usize) -> usize {
        let before = self.ends.len() - left;
        before.checked_sub(1).map_or(0, |last| self.ends[last].0)
    }
}

impl Accounts {
    pub(crate) fn new(accounts: Vec<Account>) -> Accounts {
        let mut made = Accounts::default();
        made.put(accounts.into_iter().map(Entry::new).collect());
        made
    }

    /// In place of others, of which something may have been derived.
    pub(crate) fn in_place_of(self, others: &Accounts) -> Accounts {
        Accounts { changes: others.changes + 1, ..self }
    }

    /// The account's name; none if only its number is known.
    #[must_use]
    pub fn name(&self, id: ClientId) -> Option<&Name> {
        self.by_id.get(&id).map(|entry| &entry.account.name)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// How often names have changed since the process began: what was derived from them before is out
    /// of date.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The account of exactly that name; the one of the least number if several have it.
    #[must_use]
    pub fn named(&self, name: &Name) -> Option<ClientId> {
        self.called(name.as_str()).find(|id| self.name(*id) == Some(name))
    }

    /// The accounts that are called so; case and accents are ignored.
    pub fn called(&self, name: &str) -> impl Iterator<Item = ClientId> {
        let folded: Arc<str> = fold(name.trim()).into();
        let from = (folded.clone(), ClientId(i64::MIN));
        let called = self.called.range(from..).take_while(move |(other, _)| *other == folded);
        called.map(|(_, id)| *id)
    }

    /// Those after the first `skip`, by name.
    pub(crate) fn from(&self, skip: usize) -> impl Iterator<Item = &Account> {
        self.sorted.iter().skip(skip).map(|entry| &entry.account)
    }

    /// Up to so many accounts after another one, by name.
    pub(crate) fn after(&self, last: Option<&Arc<Entry>>, max: usize) -> Vec<Arc<Entry>> {
        let from = last.map_or(Bound::Unbounded, |last| Bound::Excluded(last.clone()));
        self.sorted.range((from, Bound::Unbounded)).take(max).cloned().collect()
    }

    /// The number after the greatest that has a name, or is in use without one.
    pub(crate) fn next(&self, unnamed: ClientId) -> Result<ClientId, AdminError> {
        let last = self.by_id.last_key_value().map_or(ClientId(0), |(id, _)| *id);
        let next = ClientId(last.max(unnamed).0.saturating_add(1));
        Some(next).filter(|id| id.0 <= ID_MAX).ok_or(AdminError::IdsExhausted)
    }

    pub(crate) fn forget(&mut self, ids: &[ClientId]) {
        self.changes += ids.len() as u64;
        *self.lines.get_mut() = None;
        for before in ids.iter().filter_map(|id| self.by_id.remove(id)) {
            self.called.remove(&before.called());
            self.sorted.remove(&before);
        }
    }

    pub(crate) fn put(&mut self, changed: Vec<Arc<Entry>>) {
        self.changes += changed.len() as u64;
        *self.lines.get_mut() = None;
        for entry in changed {
            if let Some(before) = self.by_id.insert(entry.account.id, entry.clone()) {
                self.called.remove(&before.called());
                self.sorted.remove(&before);
            }
            self.called.insert(entry.called());
            self.sorted.insert(entry);
        }
    }
}
