//! Drafts and patches: what a write wants, before it is judged inside the commit (invariant 7).

use crate::{ClientId, Moment, Note, Priority, StatusId, StatusName, Subject, UserId};

/// What a patch says of an optional member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Presence<T> {
    /// Not named: stays as it is.
    #[default]
    Keep,
    /// Named with an empty value: no longer there.
    Clear,
    /// Named with a value.
    Set(T),
}

impl<T> Presence<T> {
    /// Applies it to the member.
    pub fn apply(self, member: &mut Option<T>) {
        match self {
            Presence::Keep => {}
            Presence::Clear => *member = None,
            Presence::Set(value) => *member = Some(value),
        }
    }
}

/// The members that a write names. What is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The subject.
    pub subject: Option<Subject>,
    /// The note; an empty one clears it.
    pub note: Option<Note>,
    /// When it starts.
    pub start: Option<Moment>,
    /// When it ends.
    pub end: Presence<Moment>,
    /// The account that it is about. Required of a new activity, so that it cannot be cleared.
    pub client: Option<ClientId>,
    /// The responsible person.
    pub system_user: Presence<UserId>,
    /// The status.
    pub status: Option<StatusRef>,
    /// The priority.
    pub priority: Option<Priority>,
    /// Custom fields, in the order that they came in.
    pub custom_fields: Vec<CustomFieldPatch>,
}

/// A new activity: what is required of one, and what may come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The subject.
    pub subject: Subject,
    /// The note; may be empty.
    pub note: Note,
    /// When it starts.
    pub start: Moment,
    /// When it ends.
    pub end: Option<Moment>,
    /// The account that it is about.
    pub client: ClientId,
    /// The responsible person; the author where it is not named.
    pub system_user: Presence<UserId>,
    /// The status.
    pub status: StatusRef,
    /// The priority.
    pub priority: Priority,
    /// Custom fields, in the order that they came in.
    pub custom_fields: Vec<CustomFieldPatch>,
}

/// How a write names a status. Which one it is, is decided inside the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusRef {
    /// By id: wins where both are sent, since the samples of the vendor's pages disagree.
    Id(StatusId),
    /// By name, in any case.
    Name(StatusName),
}

/// One custom field of a write. All values that a write gives for a field take the place of all
/// that the record had for it; a field with neither value nor option is cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomFieldPatch {
    /// The field's id.
    pub field_id: String,
    /// Its value.
    pub value: Option<String>,
    /// The chosen option's id.
    pub option_id: Option<String>,
}
