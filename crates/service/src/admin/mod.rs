//! What an admin does to organizations, users and keys on the command line, partly also in the pages;
//! `settings.rs` has what only the pages do. Each change is one durable transaction of the committer, so
//! that no write is judged by a half-changed directory.

pub(crate) mod audit;
pub(crate) mod brought_key;
pub(crate) mod check;
pub(crate) mod integrations;
pub(crate) mod logins;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod statuses;
pub(crate) mod users;

use std::sync::Arc;

use domain::{
    ApiKey, AuditKind, By, Guide, ID_MAX, Interval, KeyId, Meaning, Name, OrgId, OrgKey,
    Organization, Role, Stage, Stamp, Status, StatusId, StatusName, SystemUser, UserId, Zone,
};
use store::{Durability, TenantRecord, Transaction};

use crate::base::refusal::{Refusal, unavailable};
use crate::base::secret;
use crate::commit::Committer;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::folder::tenant::Tenant;
use crate::people::logins::NewLogin;
use crate::service::Service;

/// The statuses of a new organization: their ids count from 1.
pub const FIRST_STATUSES: [&str; 5] =
    ["In Progress", "Not Started", "Waiting", "Completed", "Deferred"];

/// A system user to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id. Where none is given, one after all that people have and activities have ever named,
    /// so that no one gets what belongs to someone else.
    pub id: Option<UserId>,
    /// The name.
    pub name: Name,
    /// What the person may do.
    pub role: Role,
}

/// An API key that has just been made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its number.
    pub id: KeyId,
    /// The secret, which is shown now and kept nowhere.
    pub secret: String,
}

impl Service {
    /// The organization of that id.
    ///
    /// # Errors
    /// When there is none.
    pub fn known_org(&self, id: &OrgId) -> Result<Arc<Tenant>, AdminError> {
        self.org(id).ok_or_else(|| AdminError::UnknownOrg(id.clone()))
    }

    /// Adds an organization with the first statuses.
    ///
    /// # Errors
    /// When the id is taken or the store cannot write.
    pub fn add_org(&self, id: OrgId, name: Name, zone: Zone) -> Result<Arc<Tenant>, AdminError> {
        let by = By::COMMAND_LINE;
        self.call(None, move |committer| {
            Ok(committer.add_org(by, id, name, zone, |_, _, _| Ok(()))?.0)
        })
    }

    /// Gives an organization another name, or shows its times in another zone.
    ///
    /// # Errors
    /// When the store cannot write.
    pub fn change_org(
        &self,
        org: &Arc<Tenant>,
        name: Option<Name>,
        zone: Option<Zone>,
    ) -> Result<(), AdminError> {
        self.change_directory(org, move |directory, transaction| {
            let organization = &mut directory.organization;
            organization.name = name.unwrap_or_else(|| organization.name.clone());
            organization.zone = zone.unwrap_or_else(|| organization.zone.clone());
            Ok(transaction.put_organization(organization).map_err(|e| unavailable(&e))?)
        })
    }

    /// Adds a system user.
    ///
    /// # Errors
    /// When the id is taken or the store cannot write.
    pub fn add_user(&self, org: &Arc<Tenant>, user: NewUser) -> Result<UserId, AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            put_new_user(directory, transaction, key, user, None)
        })
    }

    /// Disables a user: from now on, their keys and sessions are worth nothing.
    ///
    /// # Errors
    /// When there is no such user or the store cannot write.
    pub fn disable_user(&self, org: &Arc<Tenant>, id: UserId) -> Result<(), AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            let user = directory.users.get_mut(&id).ok_or(AdminError::UnknownUser(id))?;
            user.disable();
            Ok(transaction.put_user(key, user).map_err(|e| unavailable(&e))?)
        })
    }

    /// Makes a key for a user.
    ///
    /// # Errors
    /// When there is no such user, or no randomness, or the store cannot write.
    pub fn add_key(
        &self,
        org: &Arc<Tenant>,
        user: UserId,
        label: Option<Name>,
    ) -> Result<NewKey, AdminError> {
        let secret =
            secret::generate(self.shared.random.as_ref()).map_err(AdminError::Unavailable)?;
        let (key, now) = (org.key, self.now());
        self.change_directory(org, move |directory, transaction| {
            put_new_key(directory, transaction, key, user, label, secret, now)
        })
    }

    /// Says what a key is for.
    ///
    /// # Errors
    /// When there is no such key or the store cannot write.
    pub fn label_key(&self, org: &Arc<Tenant>, id: KeyId, label: &Name) -> Result<(), AdminError> {
        let (of, label) = (org.key, label.to_string());
        self.change_directory(org, move |directory, transaction| {
            let key = directory.keys.get_mut(&id).ok_or(AdminError::UnknownKey(id))?;
            key.label = label;
            Ok(transaction.put_key(of, key).map_err(|e| unavailable(&e))?)
        })
    }

    /// Revokes a key: from now on, it and its sessions are worth nothing.
    ///
    /// # Errors
    /// When there is no such key or the store cannot write.
    pub fn revoke_key(&self, org: &Arc<Tenant>, id: KeyId) -> Result<(), AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            revoke(directory, transaction, key, id)
        })
    }

    /// Sets how often a key is expected to poll; none to judge by its usual pause.
    ///
    /// # Errors
    /// When there is no such key or the store cannot write.
    pub fn expect_of_key(
        &self,
        org: &Arc<Tenant>,
        id: KeyId,
        expected: Option<Interval>,
    ) -> Result<(), AdminError> {
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            expect(directory, transaction, key, id, expected)
        })
    }

    /// Changes the directory and what the store has of it together, for someone who typed a command; for a thread
    /// that may wait.
    pub(crate) fn change_directory<T: Send + 'static, E: From<Refusal> + Send + 'static>(
        &self,
        org: &Arc<Tenant>,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let org = org.clone();
        let by = By::COMMAND_LINE;
        self.call(Some(org.key), move |committer| committer.change_directory(&org, by, change))
    }

    /// The same without waiting, for anyone.
    pub(crate) async fn change_directory_async<
        T: Send + 'static,
        E: From<Refusal> + Send + 'static,
    >(
        &self,
        org: &Arc<Tenant>,
        by: By,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let org = org.clone();
        self.call_async(Some(org.key), move |committer| {
            committer.change_directory(&org, by, change)
        })
        .await
    }
}

/// Adds a user, who can sign in where there is a login.
pub(crate) fn put_new_user(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    user: NewUser,
    login: Option<NewLogin>,
) -> Result<UserId, AdminError> {
    if user.id.is_none() && directory.organization.stage == Stage::Importing {
        // The files may name people whose numbers nobody knows yet.
        return Err(Refusal::under_import().into());
    }
    let last = directory.users.keys().next_back().copied();
    let last = last.max(Some(directory.organization.last_user_named)).map_or(0, |id| id.0);
    let next = || Some(UserId(last.saturating_add(1))).filter(|id| id.0 <= ID_MAX);
    let id = user.id.or_else(next).ok_or(AdminError::UserIdsExhausted)?;
    if directory.users.contains_key(&id) {
        return Err(AdminError::UserExists(id));
    }
    let taken = login.as_ref().and_then(|login| directory.user_of_login(&login.name));
    if let (Some(login), Some(other)) = (&login, taken) {
        return Err(AdminError::LoginExists(login.name.clone(), other.id));
    }
    let login = login.map(|login| login.set_now(None));
    let user = SystemUser {
        id,
        name: user.name,
        role: user.role,
        disabled: false,
        login,
        zone: None,
        calendar: None,
    };
    transaction.put_user(org, &user).map_err(|e| unavailable(&e))?;
    directory.users.insert(id, user);
    Ok(id)
}

impl Committer {
    /// Adds an organization with the first statuses, and with what `more` puts into it in the same transaction.
    pub(crate) fn add_org<T>(
        &mut self,
        by: By,
        id: OrgId,
        name: Name,
        zone: Zone,
        more: impl FnOnce(&mut Directory, &mut dyn Transaction, OrgKey) -> Result<T, AdminError>,
    ) -> Result<(Arc<Tenant>, T), AdminError> {
        let shared = self.shared.clone();
        if shared.tenants.read().contains_key(&id) {
            return Err(AdminError::OrgExists(id));
        }
        let last = shared.tenants.read().values().map(|tenant| tenant.key.0).max().unwrap_or(0);
        let organization = Organization {
            key: OrgKey(last + 1),
            id: id.clone(),
            name,
            zone,
            stage: Stage::Fresh,
            last_user_named: UserId(0),
            guide: Guide::default(),
            import_columns: String::new(),
            follows: None,
        };
        let (users, keys) = (Vec::new(), Vec::new());
        let stored = TenantRecord { organization, users, keys, statuses: first_statuses()? };
        let (store, rooms) = (shared.store.as_ref(), &shared.rooms);
        // Before it is there: afterwards nothing may keep memory from having it.
        let tenant = Tenant::load(store, stored.clone(), Stamp::MIN, rooms);
        let tenant = tenant.map_err(|e| unavailable(&e))?;
        let mut directory = Directory::clone(&tenant.directory());
        let now = shared.clock.now();
        let made = self.transact(Durability::Power, |t| {
            put_tenant(t, &stored).map_err(|e| AdminError::from(unavailable(&e)))?;
            let made = more(&mut directory, t, tenant.key)?;
            let what = format!("created the organization {}", tenant.id);
            let entry = tenant.audit.entry(now, by, AuditKind::Setup, &what);
            t.put_audit(tenant.key, &entry).map_err(|e| AdminError::from(unavailable(&e)))?;
            tenant.audit.put_difference(tenant.key, &tenant.directory(), &directory, by, now, t)?;
            Ok::<_, AdminError>(made)
        })?;
        tenant.set_directory(directory);
        Ok((shared.take_up(tenant), made))
    }

    /// Changes the directory, and notes in the same transaction what has changed, and by whom.
    pub(crate) fn change_directory<T, E: From<Refusal>>(
        &mut self,
        org: &Tenant,
        by: By,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let (before, now) = (org.directory(), self.shared.clock.now());
        let mut directory = Directory::clone(&before);
        let value = self.transact(Durability::Power, |transaction| {
            let value = change(&mut directory, transaction)?;
            org.audit.put_difference(org.key, &before, &directory, by, now, transaction)?;
            Ok::<_, E>(value)
        })?;
        org.set_directory(directory);
        Ok(value)
    }
}

fn first_statuses() -> Result<Vec<Status>, AdminError> {
    let status = |(id, name): (i64, &str)| {
        let name = StatusName::parse(name)?;
        let begins = Meaning::of(&name) == Some(Meaning::NotBegun);
        Ok(Status { begins, ..Status::new(StatusId(id), name) })
    };
    (1..).zip(FIRST_STATUSES).map(status).collect()
}

fn put_tenant(to: &mut dyn Transaction, tenant: &TenantRecord) -> Result<(), store::StoreError> {
    to.put_organization(&tenant.organization)?;
    tenant.statuses.iter().try_for_each(|status| to.put_status(tenant.organization.key, status))
}

pub(crate) fn put_new_key(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    user: UserId,
    label: Option<Name>,
    secret: String,
    created: Stamp,
) -> Result<NewKey, AdminError> {
    if directory.users.get(&user).ok_or(AdminError::UnknownUser(user))?.disabled {
        return Err(AdminError::UserDisabled(user));
    }
    let last = directory.keys.keys().next_back().map_or(0, |id| id.0);
    let id = KeyId(last + 1);
    let label = label.map_or_else(String::new, |label| label.to_string());
    let hash = secret::hash(&secret);
    let (last_login, expected) = (None, None);
    let key = ApiKey { id, user, label, hash, created, revoked: false, last_login, expected };
    transaction.put_key(org, &key).map_err(|e| unavailable(&e))?;
    directory.keys.insert(id, key);
    Ok(NewKey { id, secret })
}

pub(crate) fn revoke(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    id: KeyId,
) -> Result<(), AdminError> {
    let key = directory.keys.get_mut(&id).ok_or(AdminError::UnknownKey(id))?;
    key.revoked = true;
    Ok(transaction.put_key(org, key).map_err(|e| unavailable(&e))?)
}

pub(crate) fn expect(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    org: OrgKey,
    id: KeyId,
    expected: Option<Interval>,
) -> Result<(), AdminError> {
    let key = directory.keys.get_mut(&id).ok_or(AdminError::UnknownKey(id))?;
    key.expected = expected;
    Ok(transaction.put_key(org, key).map_err(|e| unavailable(&e))?)
}
