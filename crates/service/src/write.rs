//! The kinds of writes, and why a write can be refused.

use domain::{
    Activity, ActivityId, CustomFieldPatch, Draft, Imported, OrgId, Patch, Seq, State, StatusId,
};
use thiserror::Error;

use crate::history::Difference;
use crate::versions::{bytes_of, bytes_of_activity, bytes_of_texts};

/// One write, as it reaches the commit (invariant 7).
#[derive(Clone, Debug)]
pub enum Write {
    /// A new activity.
    Create(Box<Draft>),
    /// Named members of an activity change.
    Update(ActivityId, Box<Patch>),
    /// Changes named members of an activity, based on this version of it.
    Edit {
        /// The activity.
        id: ActivityId,
        /// The version that was seen. If there is a later one, the edit is refused, unless it would
        /// change nothing.
        seen: Seq,
        /// What is to change.
        patch: Box<Patch>,
    },
    /// An activity goes.
    Remove(ActivityId),
    /// An activity goes back to what it was, under the names of today and with a new stamp.
    Restore {
        /// The activity.
        id: ActivityId,
        /// The version whose content comes back, be the activity removed or not. Where none is named,
        /// a removed activity comes back as it was last, and one that is there stays as it is.
        to: Option<Seq>,
        /// The latest version that was seen, if it matters: as for [`Write::Edit`].
        seen: Option<Seq>,
    },
    /// An activity goes back to what it was before a version of it, if that is still the latest: what
    /// someone did by mistake. One that did not exist or was removed before is removed.
    Undo {
        /// The activity.
        id: ActivityId,
        /// The version that is not to count.
        version: Seq,
    },
    /// What a file of an import says.
    Import {
        /// What it says.
        item: Imported,
        /// Whether it may bring back a removed activity.
        restore: bool,
        /// Whether it may take the place of what is newer here.
        overwrite: bool,
    },
    /// What the server says that the organization follows.
    Follow {
        /// The activity.
        id: ActivityId,
        /// What it is there, with a provenance that says as of when; none if it was removed.
        record: Option<Box<Activity>>,
        /// Whether it counts even if what is here seems newer.
        is_repair: bool,
    },
    /// A record is brought up to date with what it embeds (invariant 8).
    Refresh(ActivityId),
}

impl Write {
    /// Bytes that its version takes at least, as far as is known before it is judged.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Write::Create(draft) => {
                let fields = draft.custom_fields.iter().map(bytes_of_field);
                bytes_of_texts(Some(&draft.subject), Some(&draft.note), fields)
            }
            Write::Update(_, patch) | Write::Edit { patch, .. } => {
                let fields = patch.custom_fields.iter().map(bytes_of_field);
                bytes_of_texts(patch.subject.as_ref(), patch.note.as_ref(), fields)
            }
            Write::Import { item: Imported::Record { activity, .. }, .. }
            | Write::Follow { record: Some(activity), .. } => bytes_of_activity(activity),
            Write::Import { .. }
            | Write::Follow { .. }
            | Write::Remove(_)
            | Write::Restore { .. }
            | Write::Undo { .. }
            | Write::Refresh(_) => bytes_of(&State::Tombstone),
        }
    }
}

fn bytes_of_field(field: &CustomFieldPatch) -> usize {
    let texts = [Some(&field.field_id), field.value.as_ref(), field.option_id.as_ref()];
    texts.into_iter().flatten().map(String::len).sum()
}

/// A write that was accepted and is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The activity.
    pub id: ActivityId,
    /// The version it made; none if nothing changed.
    pub version: Option<Seq>,
}

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
