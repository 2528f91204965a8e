//! The names of accounts: API v1 knows accounts only by number, people know them by name.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use domain::{Account, ClientId, ID_MAX, Name, Role, folded};
use memchr::memmem::Finder;
use parking_lot::Mutex;
use store::{Durability, NameFinder, Word, fold};

use crate::base::alphabet::place;
use crate::base::refusal::{Refusal, unavailable};
use crate::board::query::{Column, Filter, ListQuery, Listing};
use crate::commit::Committer;
use crate::directory::admin_error::AdminError;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;
use crate::log::query::Direction;
use crate::runs::ask_error::AskError;
use crate::service::Service;

/// Accounts that are written in one transaction, or looked at in one step.
const STEP_ACCOUNTS: usize = 2_000;

/// So many accounts are looked at on the spot: it takes less than handing them to another thread.
const AT_ONCE_MAX: usize = 500;

/// An account, in the order of names.
#[derive(Debug)]
struct Entry {
    /// As it is compared with what is searched for.
    folded: Arc<str>,
    /// What it is sorted by.
    place: Vec<u8>,
    account: Account,
}

impl Entry {
    fn new(account: Account) -> Arc<Entry> {
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
struct Sought {
    word: String,
    finder: Finder<'static>,
    is_number: bool,
}

impl Sought {
    /// The words of a text, each once.
    fn of(words: &str) -> Vec<Sought> {
        let words: HashSet<String> = words.split_whitespace().map(fold).collect();
        let sought = |word: String| Sought {
            finder: Finder::new(&word).into_owned(),
            is_number: is_number(&word),
            word,
        };
        words.into_iter().map(sought).collect()
    }

    /// Whether it is of an account's name, or begins its number. Of an accent alone nothing is left.
    fn is_in(&self, entry: &Entry) -> bool {
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
fn number(word: &Word) -> impl Iterator<Item = ClientId> {
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
    lines: Mutex<Option<Arc<Lines>>>,
}

/// All names as they are searched, a line each: one search through them takes a tenth of looking at each.
#[derive(Debug, Default)]
struct Lines {
    text: String,
    /// Where the line of each account ends, in bytes.
    ends: Vec<(usize, ClientId)>,
}

impl Lines {
    fn add(&mut self, entry: &Entry) {
        self.text.push_str(&entry.folded);
        self.text.push('\n');
        self.ends.push((self.text.len(), entry.account.id));
    }

    fn find(&self, word: &Word) -> Vec<ClientId> {
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
    fn after(&self, last: Option<&Arc<Entry>>, max: usize) -> Vec<Arc<Entry>> {
        let from = last.map_or(Bound::Unbounded, |last| Bound::Excluded(last.clone()));
        self.sorted.range((from, Bound::Unbounded)).take(max).cloned().collect()
    }

    /// The number after the greatest that has a name, or is in use without one.
    pub(crate) fn next(&self, unnamed: ClientId) -> Result<ClientId, AdminError> {
        let last = self.by_id.last_key_value().map_or(ClientId(0), |(id, _)| *id);
        let next = ClientId(last.max(unnamed).0.saturating_add(1));
        Some(next).filter(|id| id.0 <= ID_MAX).ok_or(AdminError::IdsExhausted)
    }

    fn forget(&mut self, ids: &[ClientId]) {
        self.changes += ids.len() as u64;
        *self.lines.get_mut() = None;
        for before in ids.iter().filter_map(|id| self.by_id.remove(id)) {
            self.called.remove(&before.called());
            self.sorted.remove(&before);
        }
    }

    fn put(&mut self, changed: Vec<Arc<Entry>>) {
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

impl Service {
    /// Adds or renames accounts; `progress` hears how many. Returns how many names are new or others
    /// than before.
    ///
    /// # Errors
    /// When the store cannot write; those reported before that are saved.
    pub fn put_accounts(
        &self,
        org: &Arc<Tenant>,
        accounts: &[Account],
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, AdminError> {
        let (mut changed, mut done) = (0, 0);
        for step in accounts.chunks(STEP_ACCOUNTS) {
            let (tenant, step_accounts) = (org.clone(), step.to_vec());
            changed += self.call(Some(org.key), move |committer| {
                committer.put_accounts(&tenant, step_accounts).map_err(AdminError::from)
            })?;
            done += step.len() as u64;
            progress(done);
        }
        Ok(changed)
    }

    /// The same of accounts of which some have no number: such a one is the account of its name, where there is one,
    /// or gets a number above all others. Returned is also which are new so.
    ///
    /// # Errors
    /// As [`Service::put_accounts`].
    pub fn put_listed_accounts(
        &self,
        org: &Arc<Tenant>,
        listed: Vec<(Option<ClientId>, Name)>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(u64, Vec<ClientId>), AdminError> {
        let named = || org.all_accounts().into_iter().map(|Account { id, name }| (name, id));
        let mut by_name: HashMap<String, ClientId> = HashMap::new();
        let numbered = listed.iter().filter_map(|(id, name)| Some((name.clone(), (*id)?)));
        let is_needed = listed.iter().any(|(id, _)| id.is_none());
        if is_needed {
            for (name, id) in named().chain(numbered) {
                by_name.entry(folded(name.as_str())).or_insert(id);
            }
        }
        let greatest = listed.iter().filter_map(|(id, _)| *id).max().unwrap_or(ClientId(0));
        let unnamed = if is_needed { self.last_client_here(org)? } else { ClientId(0) };
        let mut last = greatest.max(unnamed);
        let (mut accounts, mut new) = (Vec::with_capacity(listed.len()), Vec::new());
        for (id, name) in listed {
            let known = id.or_else(|| by_name.get(&folded(name.as_str())).copied());
            let id = match known {
                // Its name stays as it is written here.
                Some(_) if id.is_none() => continue,
                Some(id) => id,
                None => {
                    last = org.accounts().next(last)?;
                    by_name.insert(folded(name.as_str()), last);
                    new.push(last);
                    last
                }
            };
            accounts.push(Account { id, name });
        }
        Ok((self.put_accounts(org, &accounts, progress)?, new))
    }

    /// Does what looks at all accounts' names: where there are many, on a thread that may take its time, when it is the
    /// organization's turn.
    ///
    /// # Errors
    /// When the server is stopping.
    pub async fn among_accounts<T: Send + 'static>(
        &self,
        org: &Arc<Tenant>,
        work: impl FnOnce(&Arc<Tenant>) -> T + Send + 'static,
    ) -> Result<T, AskError> {
        let few = org.accounts().len() <= AT_ONCE_MAX;
        if few { Ok(work(org)) } else { self.on_board(org, |_, org| Ok(work(org))).await }
    }

    /// Adds an account on a person's request in the pages; its number is the next free one if none is
    /// given.
    ///
    /// # Errors
    /// When the number has a name, they may not, or the store cannot write.
    pub async fn add_account(
        &self,
        by: &Person,
        id: Option<ClientId>,
        name: Name,
    ) -> Result<ClientId, AdminError> {
        let unnamed = if id.is_none() { self.last_client(&by.tenant).await? } else { ClientId(0) };
        let by = by.clone();
        self.call_async(Some(by.tenant.key), move |committer| {
            let org = by.tenant.clone();
            by.check(&org.directory(), Role::Editor)?;
            let id = id.map_or_else(|| org.accounts().next(unnamed), Ok)?;
            if let Some(name) = org.accounts().name(id).cloned() {
                return Err(AdminError::AccountExists(id, name));
            }
            committer.put_accounts(&org, vec![Account { id, name }])?;
            Ok(id)
        })
        .await
    }

    /// The account of exactly that name, the first if several have it; a new one where none has.
    ///
    /// # Errors
    /// When the person may not, or the store cannot write.
    pub async fn account_named(&self, by: &Person, name: Name) -> Result<ClientId, AdminError> {
        let unnamed = self.last_client(&by.tenant).await?;
        let by = by.clone();
        self.call_async(Some(by.tenant.key), move |committer| {
            let org = by.tenant.clone();
            by.check(&org.directory(), Role::Editor)?;
            let named = org.accounts().named(&name);
            if let Some(id) = named {
                return Ok(id);
            }
            let id = org.accounts().next(unnamed)?;
            committer.put_accounts(&org, vec![Account { id, name }])?;
            Ok(id)
        })
        .await
    }

    /// Renames an account on a person's request in the pages.
    ///
    /// # Errors
    /// When it has no name yet, they may not, or the store cannot write.
    pub async fn rename_account(
        &self,
        by: &Person,
        id: ClientId,
        name: Name,
    ) -> Result<(), AdminError> {
        let by = by.clone();
        self.call_async(Some(by.tenant.key), move |committer| {
            let org = by.tenant.clone();
            by.check(&org.directory(), Role::Editor)?;
            if org.accounts().name(id).is_none() {
                return Err(AdminError::UnknownAccount(id));
            }
            committer.put_accounts(&org, vec![Account { id, name }])?;
            Ok(())
        })
        .await
    }

    /// The greatest number without a name that activities are about, if there is any without.
    pub(crate) async fn last_client(&self, org: &Arc<Tenant>) -> Result<ClientId, AdminError> {
        let listing = self.list(org, &by_client()).await;
        Ok(client_of_first(&listing.map_err(|e| AdminError::Unavailable(e.to_string()))?))
    }

    /// The same on a thread that may wait, which need not belong to a runtime.
    pub(crate) fn last_client_here(&self, org: &Arc<Tenant>) -> Result<ClientId, AdminError> {
        let listing = self.list_here(org, &by_client());
        Ok(client_of_first(&listing.map_err(|e| AdminError::Unavailable(e.to_string()))?))
    }
}

/// Those without a name come last, by number.
fn by_client() -> ListQuery {
    ListQuery {
        filter: Filter::default(),
        by: Column::Client,
        direction: Direction::Descending,
        page: 1,
        page_size: 1,
    }
}

fn client_of_first(listing: &Listing) -> ClientId {
    let record = listing.records.first().and_then(|version| version.record());
    record.and_then(|record| record.client).unwrap_or(ClientId(0))
}

impl Tenant {
    /// Looks at all accounts by name, in steps: the committer, and others who look up a name, need not wait for all
    /// of them. What changes meanwhile may be seen or not.
    fn each_account(&self, visit: &mut dyn FnMut(&Entry)) {
        let mut last = None;
        loop {
            let step = self.accounts().after(last.as_ref(), STEP_ACCOUNTS);
            step.iter().for_each(|entry| visit(entry));
            match step.into_iter().next_back() {
                Some(entry) => last = Some(entry),
                None => return,
            }
        }
    }

    /// Shows the accounts whose name has all these words anywhere in it, or whose number begins with them, by name;
    /// all where there are no words. For a thread that may take its time: see [`Service::among_accounts`].
    pub fn accounts_with(&self, words: &str, visit: &mut dyn FnMut(&Account)) {
        let sought = Sought::of(words);
        self.each_account(&mut |entry| {
            if sought.iter().all(|word| word.is_in(entry)) {
                visit(&entry.account);
            }
        });
    }

    /// How many those are, and `take` of them after the first `skip`.
    #[must_use]
    pub fn page_of_accounts(&self, words: &str, skip: usize, take: usize) -> (usize, Vec<Account>) {
        if words.trim().is_empty() && take <= STEP_ACCOUNTS {
            let accounts = self.accounts();
            return (accounts.len(), accounts.from(skip).take(take).cloned().collect());
        }
        let (mut total, mut page) = (0, Vec::new());
        self.accounts_with(words, &mut |account| {
            if total >= skip && page.len() < take {
                page.push(account.clone());
            }
            total += 1;
        });
        (total, page)
    }

    /// All accounts, by name.
    #[must_use]
    pub fn all_accounts(&self) -> Vec<Account> {
        self.page_of_accounts("", 0, usize::MAX).1
    }

    /// For each word, the accounts that have it in their name or as their number.
    pub(crate) fn accounts_of_words(&self, words: &[Word]) -> Vec<Vec<ClientId>> {
        let lines = self.lines();
        words.iter().map(|word| number(word).chain(lines.find(word)).collect()).collect()
    }

    fn lines(&self) -> Arc<Lines> {
        let (known, changes) = {
            let accounts = self.accounts();
            let known = accounts.lines.lock().clone();
            (known, accounts.changes())
        };
        if let Some(known) = known {
            return known;
        }
        let mut lines = Lines::default();
        self.each_account(&mut |entry| lines.add(entry));
        let lines = Arc::new(lines);
        let accounts = self.accounts();
        if accounts.changes() == changes {
            *accounts.lines.lock() = Some(lines.clone());
        }
        lines
    }

    /// The place of each account among the others; those of the same name share one.
    pub(crate) fn account_ranks(&self) -> HashMap<ClientId, u32> {
        let mut ranks = HashMap::with_capacity(self.accounts().len());
        let (mut rank, mut last) = (0, Vec::new());
        self.each_account(&mut |entry| {
            if entry.place != last {
                rank += u32::from(!ranks.is_empty());
                last.clone_from(&entry.place);
            }
            ranks.insert(entry.account.id, rank);
        });
        ranks
    }

    /// Shows accounts that the committer has made durable.
    pub(crate) fn show_accounts(&self, accounts: Vec<Account>) {
        self.accounts_to_change().put(accounts.into_iter().map(Entry::new).collect());
    }
}

impl Committer {
    /// Forgets the names of accounts: durable first, then in memory.
    pub(crate) fn drop_accounts(&mut self, org: &Tenant, ids: &[ClientId]) -> Result<(), Refusal> {
        self.transact(Durability::Power, |transaction| {
            let mut drop = ids.iter().map(|id| transaction.drop_account(org.key, *id));
            drop.try_for_each(|done| done.map_err(|e| unavailable(&e)))
        })?;
        org.accounts_to_change().forget(ids);
        Ok(())
    }

    /// Durable first, then in memory. Of several names for one number, the last one counts.
    pub(crate) fn put_accounts(
        &mut self,
        org: &Tenant,
        accounts: Vec<Account>,
    ) -> Result<u64, Refusal> {
        let named: HashMap<ClientId, Name> =
            accounts.into_iter().map(|account| (account.id, account.name)).collect();
        let named = named.into_iter().map(|(id, name)| Account { id, name });
        let is_new = |account: &Account| {
            org.accounts().name(account.id).is_none_or(|name| *name != account.name)
        };
        let changed: Vec<_> = named.filter(is_new).map(Entry::new).collect();
        self.transact(Durability::Power, |transaction| {
            let mut put =
                changed.iter().map(|entry| transaction.put_account(org.key, &entry.account));
            put.try_for_each(|done| done.map_err(|e| unavailable(&e)))
        })?;
        let count = changed.len() as u64;
        org.accounts_to_change().put(changed);
        Ok(count)
    }
}
