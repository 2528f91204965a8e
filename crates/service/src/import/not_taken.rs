//! Why a whole organization was not imported.

use domain::{Account, LoginName, Name, UserId};
use thiserror::Error;

/// Why a whole organization was not imported. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// There are activities.
    #[error(
        "the organization already has activities: a whole organization can only be imported into an empty one"
    )]
    HasActivities,
    /// What clients have received there may not change any more, so that times of change could not be kept.
    #[error(
        "someone has already logged in to the organization: a whole organization can only be imported into a new one"
    )]
    LoggedIn,
    /// Another import is under way.
    #[error("another import into the organization is in progress")]
    UnderWay,
    /// A user here has the number of another one.
    #[error("user {0} of the file already exists here: {1}")]
    User(UserId, Name),
    /// A user here has the login name of another one.
    #[error("the login name {1} of the file's user {0} is already used by user {2} here")]
    Login(UserId, LoginName, UserId),
    /// An account here has the number of one with another name.
    #[error("account {} is called {} in the file, but {here} here", .file.id, .file.name)]
    Account {
        /// As the file has it.
        file: Account,
        /// What it is called here.
        here: Name,
    },
}
