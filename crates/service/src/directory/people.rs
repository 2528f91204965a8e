//! The people of one organization, what they know by name, and what they have done.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Account, ClientId, KeyId, Organization, Stage, Stamp};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::{Store, StoreError, TenantRecord, Word};

use crate::directory::Directory;
use crate::directory::accounts::{Accounts, Entry, Lines, STEP_ACCOUNTS, Sought, number};
use crate::directory::audit_log::AuditLog;

/// See the module.
pub(crate) struct People {
    directory: RwLock<Arc<Directory>>,
    accounts: RwLock<Accounts>,
    /// What is known of its audit log.
    pub(crate) audit: AuditLog,
}

impl People {
    /// Those that the store has.
    pub(crate) fn load(store: &dyn Store, stored: TenantRecord) -> Result<People, StoreError> {
        let key = stored.organization.key;
        Ok(People {
            directory: RwLock::new(Arc::new(Directory::new(stored))),
            accounts: RwLock::new(Accounts::new(store.accounts(key)?)),
            audit: AuditLog::new(store.audit_ends(key)?),
        })
    }

    /// The directory as it is now.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.read().clone()
    }

    /// The names of its accounts. Not to be held while waiting for anything.
    pub(crate) fn accounts(&self) -> RwLockReadGuard<'_, Accounts> {
        self.accounts.read()
    }

    /// To be changed by the committer alone.
    pub(crate) fn accounts_to_change(&self) -> RwLockWriteGuard<'_, Accounts> {
        self.accounts.write()
    }

    /// Whether its first import is under way, or has failed and is still to be cut back.
    pub(crate) fn is_importing(&self) -> bool {
        self.directory().organization.stage == Stage::Importing
    }

    pub(crate) fn set_directory(&self, directory: Directory) {
        *self.directory.write() = Arc::new(directory);
    }

    pub(crate) fn set_organization(&self, organization: Organization) {
        let directory = Directory::clone(&self.directory());
        self.set_directory(Directory { organization, ..directory });
    }

    /// Remembers the last login with a key. Called by the committer alone, like everything
    /// that replaces the directory.
    pub(crate) fn logged_in(&self, key: KeyId, at: Stamp) {
        let mut directory = Directory::clone(&self.directory());
        if let Some(key) = directory.keys.get_mut(&key) {
            key.last_login = Some(at);
            self.set_directory(directory);
        }
    }
}

impl People {
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
    /// all where there are no words. For a thread that may take its time: see [`Service::among_accounts`](crate::Service::among_accounts).
    pub(crate) fn accounts_with(&self, words: &str, visit: &mut dyn FnMut(&Account)) {
        let sought = Sought::of(words);
        self.each_account(&mut |entry| {
            if sought.iter().all(|word| word.is_in(entry)) {
                visit(&entry.account);
            }
        });
    }

    /// How many those are, and `take` of them after the first `skip`.
    pub(crate) fn page_of_accounts(
        &self,
        words: &str,
        skip: usize,
        take: usize,
    ) -> (usize, Vec<Account>) {
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
        let entries = accounts.into_iter().map(Entry::new).collect();
        self.accounts_to_change().put(entries);
    }
}
