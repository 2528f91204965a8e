//! API keys: made, named, revoked, and how often they are expected to poll.

use std::sync::Arc;

use domain::{ApiKey, Interval, KeyId, Name, OrgKey, Stamp, UserId};
use store::Transaction;

use crate::base::refusal::unavailable;
use crate::base::secret;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::tenant::Tenant;

/// An API key that has just been made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its number.
    pub id: KeyId,
    /// The secret, which is shown now and kept nowhere.
    pub secret: String,
}

impl Service {
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
