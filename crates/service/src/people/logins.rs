//! Logins that are to be kept: the password is hashed before, a few at a time, and dated inside the commit.

use std::sync::Arc;

use domain::{Login, LoginName, Name, Organization, PasswordHash, Stamp, UserId};
use store::Transaction;

use crate::base::refusal::{Refusal, unavailable};
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::shared::Shared;
use crate::gate::hashing::{Busy, Whose};
use crate::gate::passwords::{self, Password, PasswordError};
use crate::gate::throttle::Source;

/// A login to be kept. When it was set is decided inside the commit: a session may be opened with the
/// password before it until then.
pub(crate) struct HashedLogin {
    pub(crate) name: LoginName,
    password: PasswordHash,
    shared: Arc<Shared>,
}

impl HashedLogin {
    /// What is kept of the password.
    pub(crate) fn password(&self) -> PasswordHash {
        self.password.clone()
    }

    /// The login as set now, later than the beginning of every session that is open. They may have begun
    /// as late as the login before it was set, which is ahead of the time after others of its millisecond.
    pub(crate) fn set_now(self, before: Option<&Login>) -> Login {
        let before = before.map_or(Stamp::MIN, |before| before.password_set);
        let password_set = self.shared.steady_now().max(before).plus_millis(1);
        Login { name: self.name, password: Some(self.password), password_set }
    }
}

impl Service {
    /// Hashing takes time and memory on purpose: only a few at a time, on threads where nothing else waits. The
    /// turn ends with the work, which continues even if the client disconnects.
    pub(crate) async fn hashing<T: Send + 'static>(
        &self,
        whose: Whose,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, Refusal>, Busy> {
        let turn = self.shared.hashing.turn(whose).await?;
        Ok(self
            .blocking(move || {
                let _turn = turn;
                work()
            })
            .await)
    }

    /// A login to be saved, of a person of these names: the password is hashed, a few at a time and on threads where
    /// nothing else waits.
    pub(crate) async fn new_login(
        &self,
        called: &[String],
        name: LoginName,
        password: Password,
    ) -> Result<HashedLogin, AdminError> {
        refuse_names(&password, called, &name)?;
        let random = self.shared.random.clone();
        let whose = Whose::Known(Source::name(&format!("set for {name}")));
        let hash = self.hashing(whose, move || passwords::hash_anew(&password, random.as_ref()));
        let hash = hash.await??;
        let password = hash.map_err(AdminError::Unavailable)?;
        Ok(HashedLogin { name, password, shared: self.shared.clone() })
    }
}

pub(crate) fn put_login(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    user: UserId,
    login: HashedLogin,
) -> Result<(), AdminError> {
    if let Some(other) = directory.user_of_login(&login.name).filter(|other| other.id != user) {
        return Err(AdminError::LoginExists(login.name, other.id));
    }
    let user = directory.users.get_mut(&user).ok_or(AdminError::UnknownUser(user))?;
    user.login = Some(login.set_now(user.login.as_ref()));
    Ok(transaction.put_user(directory.organization.key, user).map_err(|e| unavailable(&e))?)
}

/// What a person and their organization are called: no passwords.
pub(crate) fn called(directory: &Directory, user: UserId) -> Vec<String> {
    let organization = &directory.organization;
    match directory.users.get(&user) {
        Some(user) => called_anew(organization, &user.name),
        None => vec![organization.id.to_string(), organization.name.to_string()],
    }
}

/// The same of a person who is to be added.
pub(crate) fn called_anew(organization: &Organization, person: &Name) -> Vec<String> {
    vec![organization.id.to_string(), organization.name.to_string(), person.to_string()]
}

fn refuse_names(
    password: &Password,
    called: &[String],
    login: &LoginName,
) -> Result<(), PasswordError> {
    let called = called.iter().map(String::as_str);
    password.is_none_of(called.chain([login.as_str(), PRODUCT]))
}

/// What everyone sees on the sign-in page.
const PRODUCT: &str = "Driftless";
