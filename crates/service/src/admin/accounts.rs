//! Accounts are added, named and found: on the command line, from files, and in the pages.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{Account, ClientId, Name, Role, folded};
use store::Durability;

use crate::base::refusal::{Refusal, unavailable};
use crate::base::runtime::wait;
use crate::board::query::{Column, Filter, ListQuery};
use crate::commit::Committer;
use crate::directory::accounts::STEP_ACCOUNTS;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;
use crate::log::query::Direction;
use crate::runs::ask_error::AskError;

/// So many accounts are looked at on the spot: it takes less than handing them to another thread.
const AT_ONCE_MAX: usize = 500;

impl Service {
    /// Adds or renames accounts, for a thread that may wait; `progress` hears how many. Returns how many names are
    /// new or others than before.
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
            changed += wait(self.call(Some(org.key), move |committer| {
                committer.put_accounts(&tenant, step_accounts).map_err(AdminError::from)
            }))?;
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
        let unnamed = if is_needed { wait(self.last_client(org))? } else { ClientId(0) };
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
        self.call_for(by, Role::Editor, move |committer, by| {
            let org = by.org();
            let id = id.map_or_else(|| org.accounts().next(unnamed), Ok)?;
            if let Some(name) = org.accounts().name(id).cloned() {
                return Err(AdminError::AccountExists(id, name));
            }
            committer.put_accounts(org, vec![Account { id, name }])?;
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
        self.call_for(by, Role::Editor, move |committer, by| {
            let org = by.org();
            let named = org.accounts().named(&name);
            if let Some(id) = named {
                return Ok(id);
            }
            let id = org.accounts().next(unnamed)?;
            committer.put_accounts(org, vec![Account { id, name }])?;
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
        self.call_for(by, Role::Editor, move |committer, by| {
            if by.org().accounts().name(id).is_none() {
                return Err(AdminError::UnknownAccount(id));
            }
            committer.put_accounts(by.org(), vec![Account { id, name }])?;
            Ok(())
        })
        .await
    }

    /// The greatest number without a name that activities are about, if there is any without.
    pub(crate) async fn last_client(&self, org: &Arc<Tenant>) -> Result<ClientId, AdminError> {
        // Those without a name come last, by number.
        let (by, direction) = (Column::Client, Direction::Descending);
        let query = ListQuery { filter: Filter::default(), by, direction, page: 1, page_size: 1 };
        let last = self.on_board(org, move |service, org| service.page_of_list(org, &query)).await;
        let last = last.map_err(|e| AdminError::Unavailable(e.to_string()))?;
        let record = last.records.first().and_then(|version| version.record());
        Ok(record.and_then(|record| record.client).unwrap_or(ClientId(0)))
    }
}

impl Committer {
    /// Forgets the names of accounts: durable first, then in memory.
    pub(crate) fn drop_accounts(&mut self, org: &Tenant, ids: &[ClientId]) -> Result<(), Refusal> {
        self.transact(Durability::Power, |transaction| {
            let mut drop = ids.iter().map(|id| transaction.drop_account(org.key, *id));
            drop.try_for_each(|done| done.map_err(|e| unavailable(&e)))
        })?;
        org.people.accounts_to_change().forget(ids);
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
        let changed: Vec<_> = named.filter(is_new).collect();
        self.transact(Durability::Power, |transaction| {
            let mut put = changed.iter().map(|account| transaction.put_account(org.key, account));
            put.try_for_each(|done| done.map_err(|e| unavailable(&e)))
        })?;
        let count = changed.len() as u64;
        org.people.show_accounts(changed);
        Ok(count)
    }
}
