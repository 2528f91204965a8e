//! What the names in a table refer to: accounts, people and statuses of the organization.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::{
    Account, ActivityId, ClientId, ExternalId, ID_MAX, Lookup, Name, Names, Role, Stage, Stamp,
    Status, StatusId, StatusName, UserId, folded,
};
use store::{Store, StoreError};

use crate::base::refusal::unavailable;
use crate::base::runtime::wait;
use crate::commit::age;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;

/// The longest text that says what columns are, in bytes.
const COLUMNS_BYTES_MAX: usize = 64 << 10;

/// Looks up names while files are read, and remembers those that do not exist here.
pub struct ImportNames {
    org: Option<Arc<Tenant>>,
    store: Option<Arc<dyn Store>>,
    adds_missing: bool,
    is_new: bool,
    statuses: HashMap<String, StatusId>,
    status_ids: BTreeSet<StatusId>,
    next_status: i64,
    users: NameIndex,
    accounts: Option<NameIndex>,
    /// The greatest number of an account that activities name.
    last_client: ClientId,
    not_here: NotHere,
}

/// What the files name and what is not here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotHere {
    /// People, by number, with the name where the files have it.
    pub users: BTreeMap<UserId, Option<Name>>,
    /// Of these, people whom the files name without a number, so that the import has chosen one.
    pub numbered_users: BTreeSet<UserId>,
    /// Accounts that the files name without a number, with the number that each is to get.
    pub accounts: BTreeMap<ClientId, Name>,
    /// Statuses that the files name without a number, with the number that each is to get. The import adds them.
    pub statuses: BTreeMap<StatusId, StatusName>,
    /// Whether any of all these is named without a number, so that nothing can be imported unless it is added.
    pub is_needed: bool,
}

/// Numbers by name.
#[derive(Debug, Default)]
struct NameIndex {
    by_name: HashMap<String, Lookup<i64>>,
    names: HashMap<i64, String>,
    last: i64,
}

impl NameIndex {
    fn add(&mut self, id: i64, name: &str) {
        let meant = self.by_name.entry(folded(name)).or_insert(Lookup::Found(id));
        if *meant != Lookup::Found(id) {
            *meant = Lookup::Several;
        }
        self.names.insert(id, name.to_owned());
        self.last = self.last.max(id);
    }

    fn find(&self, name: &str) -> Lookup<i64> {
        self.by_name.get(&folded(name)).copied().unwrap_or(Lookup::Unknown)
    }

    fn next(&self) -> Option<i64> {
        Some(self.last + 1).filter(|next| *next <= ID_MAX)
    }
}

impl Service {
    /// Looks up names in this organization, for a thread that may wait. With `adds_missing`, people, accounts and
    /// statuses that it lacks and that files name without a number get one, and are remembered as missing.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn import_names(
        &self,
        org: &Arc<Tenant>,
        adds_missing: bool,
    ) -> Result<ImportNames, AdminError> {
        let last_client = if adds_missing { wait(self.last_client(org))? } else { ClientId(0) };
        let names = ImportNames::of(org, adds_missing, last_client);
        Ok(ImportNames { store: Some(self.shared.store.clone()), ..names })
    }

    /// Remembers what columns of tables have been said to be: `Their name=member`, one a line. What is longer than
    /// 64 KiB is not remembered. For a thread that may wait.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn remember_columns(&self, org: &Arc<Tenant>, columns: String) -> Result<(), AdminError> {
        if columns.len() > COLUMNS_BYTES_MAX
            || org.directory().organization.import_columns == columns
        {
            return Ok(());
        }
        let nobody = Authority::command_line(org); // Nothing that is noted changes.
        wait(self.change_directory(nobody, Role::Admin, move |directory, transaction| {
            directory.organization.import_columns = columns;
            let put = transaction.put_organization(&directory.organization);
            Ok(put.map_err(|e| unavailable(&e))?)
        }))
    }
}

impl ImportNames {
    /// Names of an organization that has nothing yet: files say which statuses there are.
    #[must_use]
    pub fn of_nothing() -> ImportNames {
        ImportNames {
            org: None,
            store: None,
            adds_missing: false,
            is_new: true,
            statuses: HashMap::new(),
            status_ids: BTreeSet::new(),
            next_status: 1,
            users: NameIndex::default(),
            accounts: None,
            last_client: ClientId(0),
            not_here: NotHere::default(),
        }
    }

    fn of(org: &Arc<Tenant>, adds_missing: bool, last_client: ClientId) -> ImportNames {
        let directory = org.directory();
        let mut users =
            NameIndex { last: directory.organization.last_user_named.0, ..NameIndex::default() };
        directory.users.values().for_each(|user| users.add(user.id.0, user.name.as_str()));
        let mut statuses = HashMap::new();
        let in_use_first = [true, false];
        for is_retired in in_use_first {
            for status in directory.statuses.values().filter(|s| s.retired == is_retired) {
                statuses.insert(folded(status.name.as_str()), status.id);
            }
        }
        let status_ids: BTreeSet<StatusId> = directory.statuses.keys().copied().collect();
        ImportNames {
            org: Some(org.clone()),
            store: None,
            adds_missing,
            is_new: org.log.timeline.read().is_empty()
                && directory.organization.stage == Stage::Fresh,
            statuses,
            next_status: status_ids.last().map_or(1, |id| id.0 + 1),
            status_ids,
            users,
            accounts: None,
            last_client,
            not_here: NotHere::default(),
        }
    }

    /// Names of accounts are looked up once some are needed: there may be very many.
    fn index_accounts(&mut self) {
        if let (None, Some(org)) = (&self.accounts, &self.org) {
            let mut index = NameIndex { last: self.last_client.0, ..NameIndex::default() };
            for Account { id, name } in org.all_accounts() {
                index.add(id.0, name.as_str());
            }
            self.accounts = Some(index);
        }
    }

    /// Whom and what the files have named so far that is not here.
    #[must_use]
    pub fn not_here(&self) -> &NotHere {
        &self.not_here
    }
}

impl Names for ImportNames {
    fn is_new(&self) -> bool {
        self.is_new
    }

    fn adds_statuses(&self) -> bool {
        self.is_new || self.adds_missing
    }

    fn has_status(&self, id: StatusId) -> bool {
        self.status_ids.contains(&id)
    }

    fn status(&mut self, name: &StatusName) -> Option<StatusId> {
        let found = self.statuses.get(&folded(name.as_str())).copied();
        if found.is_some() || !self.adds_statuses() || self.next_status > ID_MAX {
            return found;
        }
        let id = StatusId(self.next_status);
        if !self.is_new {
            self.not_here.statuses.insert(id, name.clone());
            self.not_here.is_needed = true;
        }
        self.next_status += 1;
        self.statuses.insert(folded(name.as_str()), id);
        self.status_ids.insert(id);
        Some(id)
    }

    fn has_status_named(&self, name: &str) -> bool {
        self.statuses.contains_key(&folded(name))
    }

    fn takes_status_names(&self) -> bool {
        self.is_new || self.org.as_ref().is_some_and(|org| org.log.timeline.read().is_empty())
    }

    fn name_of_status(&self, id: StatusId) -> Option<String> {
        let directory = self.org.as_ref()?.directory();
        directory.statuses.get(&id).map(|status| status.name.to_string())
    }

    fn status_of(
        &self,
        id: ActivityId,
        at: Option<Stamp>,
    ) -> Result<Option<(StatusId, StatusName)>, String> {
        let (Some(org), Some(store)) = (&self.org, &self.store) else { return Ok(None) };
        let found = status_of(org, store.as_ref(), id, at);
        found.map_err(|e| unavailable(&e).to_string())
    }

    fn usual_status(&self, is_done: bool) -> Option<(StatusId, StatusName)> {
        let directory = self.org.as_ref()?.directory();
        let status = if is_done { directory.done_status() } else { directory.first_status() };
        status.map(|Status { id, name, .. }| (*id, name.clone()))
    }

    fn activity(&self, id: &ExternalId) -> Result<Option<ActivityId>, String> {
        match (&self.org, &self.store) {
            (Some(org), Some(store)) => {
                org.log.activity_of(store.as_ref(), id).map_err(|e| e.to_string())
            }
            _ => Ok(None),
        }
    }

    fn account(&mut self, name: &str) -> Lookup<ClientId> {
        self.index_accounts();
        let Some(accounts) = &mut self.accounts else { return Lookup::Unknown };
        let found = accounts.find(name).map(ClientId);
        let new = Name::parse(name.trim()).ok().filter(|_| self.adds_missing);
        match (found, new, accounts.next()) {
            (Lookup::Unknown, Some(name), Some(next)) => {
                accounts.add(next, name.as_str());
                self.not_here.accounts.insert(ClientId(next), name);
                self.not_here.is_needed = true;
                Lookup::Found(ClientId(next))
            }
            (found, ..) => found,
        }
    }

    fn name_of_account(&self, id: ClientId) -> Option<String> {
        let added = self.not_here.accounts.get(&id).map(ToString::to_string);
        added.or_else(|| self.org.as_ref()?.accounts().name(id).map(ToString::to_string))
    }

    fn user(&mut self, name: &str) -> Lookup<UserId> {
        let found = self.users.find(name).map(UserId);
        let new = Name::parse(name.trim()).ok().filter(|_| self.adds_missing);
        match (found, new, self.users.next()) {
            (Lookup::Unknown, Some(name), Some(next)) => {
                self.users.by_name.insert(folded(name.as_str()), Lookup::Found(next));
                self.users.last = next;
                self.not_here.users.insert(UserId(next), Some(name));
                self.not_here.numbered_users.insert(UserId(next));
                self.not_here.is_needed = true;
                Lookup::Found(UserId(next))
            }
            (found, ..) => found,
        }
    }

    fn name_of_user(&self, id: UserId) -> Option<String> {
        let added = self.not_here.users.get(&id).and_then(Option::as_ref);
        added.map(ToString::to_string).or_else(|| self.users.names.get(&id.0).cloned())
    }

    fn meet_number_of_account(&mut self, id: ClientId) -> Option<String> {
        if let Some(name) = self.not_here.accounts.get(&id) {
            return Some(name.to_string());
        }
        self.last_client = self.last_client.max(id);
        if let Some(accounts) = &mut self.accounts {
            accounts.last = accounts.last.max(id.0);
        }
        None
    }

    fn meet_number_of_user(&mut self, id: UserId) -> Option<String> {
        if self.not_here.numbered_users.contains(&id) {
            return self.name_of_user(id);
        }
        self.users.last = self.users.last.max(id.0);
        None
    }

    fn meet_user(&mut self, id: UserId, name: Option<&str>) {
        const USERS_MAX: usize = 10_000;
        let is_here = self.users.names.contains_key(&id.0);
        let is_known = self.not_here.users.contains_key(&id);
        if is_here || (!is_known && self.not_here.users.len() >= USERS_MAX) {
            return;
        }
        let name = name.and_then(|name| Name::parse(name.trim()).ok());
        let known = self.not_here.users.entry(id).or_default();
        if known.is_none() {
            *known = name;
        }
    }
}

/// The status of the version that a row of that time was made from, or of the latest where no version is of it.
fn status_of(
    org: &Tenant,
    store: &dyn Store,
    id: ActivityId,
    at: Option<Stamp>,
) -> Result<Option<(StatusId, StatusName)>, StoreError> {
    let version = |seq| Ok::<_, StoreError>(store.versions(org.key, &[seq])?.pop());
    let Some(latest) = store.latest(org.key, id)?.map_or(Ok(None), version)? else {
        return Ok(None);
    };
    let base = at.and_then(|at| age::version_at(at, &latest, &org.log.timeline.read()));
    let made_from = base.map_or(Ok(None), version)?.unwrap_or(latest);
    Ok(made_from.record().map(|record| (record.status, record.status_name.clone())))
}
