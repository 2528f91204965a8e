//! The kinds of writes, and why a write can be refused.

use domain::{Activity, ActivityId, CustomFieldPatch, Draft, Imported, Patch, Seq, State};

use crate::log::versions::{bytes_of, bytes_of_activity, bytes_of_texts};

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
