//! Why a change of the directory is refused.

use domain::{
    ClientId, KeyId, LoginName, Name, OrgId, OrgIdError, Role, StatusId, TextError, UserId,
};
use thiserror::Error;

use crate::base::refusal::{ReadOnly, Refusal};
use crate::gate::hashing::Busy;
use crate::gate::passwords::PasswordError;

/// Why an admin's change was refused. Nothing has changed.
#[derive(Debug, Error)]
pub enum AdminError {
    /// The id is taken.
    #[error("organization {0} already exists")]
    OrgExists(OrgId),
    /// No such organization.
    #[error("there is no organization {0}")]
    UnknownOrg(OrgId),
    /// The id is taken.
    #[error("user {0} already exists")]
    UserExists(UserId),
    /// No such user.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// The login name is taken.
    #[error("the login name {0} is already used by user {1}")]
    LoginExists(LoginName, UserId),
    /// A disabled user's key would not work.
    #[error("user {0} is disabled")]
    UserDisabled(UserId),
    /// An existing key that is added is already there.
    #[error("this is already key {0} of {1}: each key on a server must be different")]
    KeyExists(KeyId, OrgId),
    /// No such key.
    #[error("there is no key {0}")]
    UnknownKey(KeyId),
    /// The name or id is taken.
    #[error("status {0} already exists")]
    StatusExists(String),
    /// No such status.
    #[error("there is no status {0}")]
    UnknownStatus(StatusId),
    /// Without a status to choose, no activity could be created.
    #[error("this is the last status that can be chosen; add or restore another one first")]
    LastStatus,
    /// The account has a name.
    #[error("account {0} already exists: {1}")]
    AccountExists(ClientId, Name),
    /// The highest possible account number is in use, so that none comes after it.
    #[error("the highest possible account number is in use; give a free number yourself")]
    IdsExhausted,
    /// The highest possible user id is taken, or named by an activity.
    #[error("the highest possible user id is taken or named by an activity")]
    UserIdsExhausted,
    /// The account has no name.
    #[error("there is no account {0}")]
    UnknownAccount(ClientId),
    /// The person does not have the role, or no longer.
    #[error("this requires the role {0}")]
    PermissionDenied(Role),
    /// Admins cannot lock themselves out: they could not undo it.
    #[error("you cannot do this to your own account: ask another admin")]
    Yourself,
    /// A name that cannot be one.
    #[error("the name {0}")]
    Text(#[from] TextError),
    /// An id that cannot be one.
    #[error(transparent)]
    OrgId(#[from] OrgIdError),
    /// The organization follows another server.
    #[error(transparent)]
    ReadOnly(#[from] ReadOnly),
    /// It cannot be a password.
    #[error("the password {0}")]
    Password(#[from] PasswordError),
    /// Too many passwords are being checked.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store or the random number generator does not answer.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for AdminError {
    fn from(refusal: Refusal) -> AdminError {
        match refusal {
            Refusal::ReadOnly(why) => why.into(),
            other => AdminError::Unavailable(other.to_string()),
        }
    }
}
