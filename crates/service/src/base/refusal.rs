//! Why something is refused, whoever asks for it.

use domain::{ActivityId, OrgId, StatusId};
use store::StoreError;
use thiserror::Error;

use crate::base::difference::Difference;

/// The organization follows another server: only what that server says is written.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "organization {org} follows {address} until `driftless mirror finish {org}`: edit activities there"
)]
pub struct ReadOnly {
    /// The organization.
    pub org: OrgId,
    /// The address of the server that it follows.
    pub address: String,
}

/// How every error ends that a damaged data folder causes.
pub const DAMAGED: &str = "the data folder is damaged";

/// Why a write was refused. Nothing of it is there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The author may not write, or no longer.
    #[error("permission denied")]
    PermissionDenied,
    /// There is no such activity, or no longer.
    #[error("there is no activity {0}")]
    UnknownActivity(ActivityId),
    /// It has been changed since it was read.
    #[error("activity {0} has been changed since it was read")]
    Outdated(ActivityId),
    /// The activity never was what it is to go back to: the version is another activity's, a
    /// removal, or none at all.
    #[error("activity {0} does not have this version; its history lists the versions it has")]
    UnknownVersion(ActivityId),
    /// The organization has no such status.
    #[error("there is no status {0}")]
    UnknownStatus(String),
    /// The status can no longer be chosen.
    #[error("status {0} is retired and cannot be chosen")]
    RetiredStatus(StatusId),
    /// An import names a removed activity and may not bring it back.
    #[error("activity {0} has been removed here")]
    Removed(ActivityId),
    /// An import differs from what was edited here since the last one, or is newer than the file, and
    /// may not overwrite it.
    #[error("activity {0} was edited here or is newer than in the file")]
    NewerHere(ActivityId),
    /// A row of a table changes what has been changed here since the version that it was made from.
    #[error("the same fields of activity {0} were changed here since the file was made")]
    Conflict(ActivityId, Vec<Difference>),
    /// A row of a table names two different statuses.
    #[error("status {id} is {name_of_id:?}, but the row names {name:?}: clear one of them")]
    UnclearStatus {
        /// The one by its number.
        id: StatusId,
        /// What that is called.
        name_of_id: String,
        /// The other, by its name.
        name: String,
    },
    /// The activity would have more custom fields than are kept.
    #[error("the activity would have {would} {what}; the maximum is {max}")]
    TooManyCustomFields {
        /// Of what.
        what: &'static str,
        /// How many it would have.
        would: usize,
        /// How many it may have.
        max: usize,
    },
    /// The organization has given out every id there is.
    #[error("organization {0} has used up all activity ids")]
    IdsExhausted(OrgId),
    /// The activity cannot be read, because the store is damaged. The log says how, the message does not.
    #[error("activity {0} cannot be read: {DAMAGED}")]
    Damaged(ActivityId),
    /// The organization follows another server.
    #[error(transparent)]
    ReadOnly(#[from] ReadOnly),
    /// The store cannot write now. The same request may succeed later.
    #[error("{0}")]
    Unavailable(String),
}

impl Refusal {
    /// No one may log in or write while old stamps are being written.
    #[must_use]
    pub fn under_import() -> Refusal {
        let problem = "the organization's first import is in progress; try again when it is done";
        Refusal::Unavailable(problem.to_owned())
    }
}

pub(crate) fn unavailable(error: &StoreError) -> Refusal {
    match error {
        StoreError::Unavailable(_) => {
            tracing::error!(%error, "cannot use the database");
            Refusal::Unavailable(error.to_string())
        }
        // What exactly is damaged is for the operator.
        StoreError::Damaged(_) => {
            tracing::error!(%error, "`driftless check` shows where");
            Refusal::Unavailable(format!("a record cannot be read: {DAMAGED}"))
        }
    }
}

pub(crate) fn stopping() -> Refusal {
    Refusal::Unavailable("the server is stopping".to_owned())
}

/// It is not known whether the write succeeded, and may not be for long: the disk is full, say.
pub(crate) fn in_doubt() -> Refusal {
    let advice =
        "the disk does not respond; the change may have been saved, so check before you repeat it";
    Refusal::Unavailable(advice.to_owned())
}

pub(crate) fn out_of_order() -> Refusal {
    Refusal::Unavailable(
        "the database is being reopened after a failed write; try again".to_owned(),
    )
}
