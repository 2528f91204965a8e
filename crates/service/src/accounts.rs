//! The accounts by name: in API v1 an account is a number, people read names.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Account, ClientId, Name};
use store::Durability;

use crate::commit::unavailable;
use crate::tenant::Tenant;
use crate::{AdminError, Refusal, Service};

/// Accounts that are written in one transaction.
const STEP_ACCOUNTS: usize = 2_000;

/// The names of an organization's accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    names: HashMap<ClientId, Name>,
    changes: u64,
}

impl Accounts {
    pub(crate) fn new(accounts: Vec<Account>) -> Accounts {
        let names = accounts.into_iter().map(|account| (account.id, account.name)).collect();
        Accounts { names, changes: 0 }
    }

    /// The account's name; none where only its number is known.
    #[must_use]
    pub fn name(&self, id: ClientId) -> Option<&Name> {
        self.names.get(&id)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How often names have changed since the process began: what was derived from them before is out
    /// of date.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The accounts whose name has all these words, or whose number begins with them, by name; all
    /// where there are no words.
    #[must_use]
    pub fn find(&self, words: &str) -> Vec<Account> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let matches = |(id, name): &(&ClientId, &Name)| {
            let (number, name) = (id.to_string(), name.as_str().to_lowercase());
            words.iter().all(|word| name.contains(word) || number.starts_with(word))
        };
        let found = self.names.iter().filter(matches);
        let mut found: Vec<Account> =
            found.map(|(id, name)| Account { id: *id, name: name.clone() }).collect();
        found.sort_by_cached_key(|account| (account.name.as_str().to_lowercase(), account.id));
        found
    }
}

impl Service {
    /// Adds or renames accounts; `progress` hears how many. Returns how many names are new or others
    /// than before.
    ///
    /// # Errors
    /// When the store cannot write; those told of before that are kept.
    pub fn put_accounts(
        &self,
        org: &Arc<Tenant>,
        accounts: &[Account],
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, AdminError> {
        let (mut changed, mut done) = (0, 0);
        for step in accounts.chunks(STEP_ACCOUNTS) {
            let (tenant, step_accounts) = (org.clone(), step.to_vec());
            changed += self.call(move |committer| {
                committer.put_accounts(&tenant, step_accounts).map_err(AdminError::from)
            })?;
            done += step.len() as u64;
            progress(done);
        }
        Ok(changed)
    }

    /// The same for one account, without waiting. False where it has that name already.
    ///
    /// # Errors
    /// When the store cannot write.
    pub async fn put_account(
        &self,
        org: &Arc<Tenant>,
        account: Account,
    ) -> Result<bool, AdminError> {
        let tenant = org.clone();
        let changed: u64 = self
            .call_async(move |committer| {
                committer.put_accounts(&tenant, vec![account]).map_err(AdminError::from)
            })
            .await?;
        Ok(changed > 0)
    }
}

impl crate::commit::Committer {
    /// Durable first, then in memory.
    fn put_accounts(&mut self, org: &Tenant, accounts: Vec<Account>) -> Result<u64, Refusal> {
        let known = |account: &Account| {
            org.accounts().name(account.id).is_some_and(|name| *name == account.name)
        };
        let changed: Vec<Account> = accounts.into_iter().filter(|a| !known(a)).collect();
        self.transact(Durability::Power, |transaction| {
            let mut put = changed.iter().map(|account| transaction.put_account(org.key, account));
            put.try_for_each(|done| done.map_err(|e| unavailable(&e)))
        })?;
        let count = changed.len() as u64;
        let mut accounts = org.accounts_to_change();
        accounts.names.extend(changed.into_iter().map(|account| (account.id, account.name)));
        accounts.changes += count;
        Ok(count)
    }
}
