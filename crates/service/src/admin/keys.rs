//! API keys: added, labelled, revoked, and how often they are expected to poll.

use domain::{ApiKey, Interval, KeyId, Name, Role, Stamp, UserId};
use store::Transaction;

use crate::base::refusal::unavailable;
use crate::base::secret;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;

/// An API key that has just been added.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its number.
    pub id: KeyId,
    /// The secret, which is shown now and kept nowhere.
    pub secret: String,
}

impl Service {
    /// Adds a key for a user.
    ///
    /// # Errors
    /// When there is no such user, or no randomness, they may not, or the store cannot write.
    pub async fn add_key(
        &self,
        by: impl Into<Authority>,
        user: UserId,
        label: Option<Name>,
    ) -> Result<NewKey, AdminError> {
        let (secret, now) = (self.new_secret().map_err(AdminError::Unavailable)?, self.now());
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            put_new_key(directory, transaction, user, label, secret, now)
        })
        .await
    }

    /// Says what a key is for.
    ///
    /// # Errors
    /// When there is no such key, they may not, or the store cannot write.
    pub async fn label_key(
        &self,
        by: impl Into<Authority>,
        id: KeyId,
        label: Name,
    ) -> Result<(), AdminError> {
        self.change_key(by, id, move |key| key.label = label.to_string()).await
    }

    /// Revokes a key: from now on, it and its sessions are worth nothing.
    ///
    /// # Errors
    /// When there is no such key, they may not, or the store cannot write.
    pub async fn revoke_key(&self, by: impl Into<Authority>, id: KeyId) -> Result<(), AdminError> {
        self.change_key(by, id, |key| key.revoked = true).await
    }

    /// Sets how often a key is expected to poll; none to judge by its usual pause.
    ///
    /// # Errors
    /// When there is no such key, they may not, or the store cannot write.
    pub async fn expect_of_key(
        &self,
        by: impl Into<Authority>,
        id: KeyId,
        expected: Option<Interval>,
    ) -> Result<(), AdminError> {
        self.change_key(by, id, move |key| key.expected = expected).await
    }

    async fn change_key(
        &self,
        by: impl Into<Authority>,
        id: KeyId,
        change: impl FnOnce(&mut ApiKey) + Send + 'static,
    ) -> Result<(), AdminError> {
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            let key = directory.keys.get_mut(&id).ok_or(AdminError::UnknownKey(id))?;
            change(key);
            Ok(transaction.put_key(directory.organization.key, key).map_err(|e| unavailable(&e))?)
        })
        .await
    }
}

pub(crate) fn put_new_key(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
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
    transaction.put_key(directory.organization.key, &key).map_err(|e| unavailable(&e))?;
    directory.keys.insert(id, key);
    Ok(NewKey { id, secret })
}
