//! Drafts and patches: what a write wants, before it is judged inside the commit (invariant 7).

use crate::{Activity, ClientId, Member, Moment, Note, Priority};
use crate::{StatusId, StatusName, Subject, UserId};

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

    /// The value that it sets.
    #[must_use]
    pub fn value(self) -> Option<T> {
        if let Presence::Set(value) = self { Some(value) } else { None }
    }
}

/// Names a member with this value.
impl<T> From<Option<T>> for Presence<T> {
    fn from(value: Option<T>) -> Presence<T> {
        value.map_or(Presence::Clear, Presence::Set)
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

impl Patch {
    /// Names a member with the value that it has in that activity, if people can write it.
    pub fn take(&mut self, member: Member, from: &Activity) {
        match member {
            Member::Subject => self.subject = Some(from.subject.clone()),
            Member::Note => self.note = Some(from.note.clone()),
            Member::Start => self.start = Some(from.start),
            Member::End => self.end = from.end.into(),
            Member::Client => self.client = from.client,
            Member::SystemUser => self.system_user = from.system_user.into(),
            Member::StatusId => self.status = Some(StatusRef::Id(from.status)),
            Member::Priority => self.priority = Some(from.priority),
            _ => {}
        }
    }

    /// Changes an activity, but for its status and its custom fields: these are judged.
    pub fn apply(&self, activity: &mut Activity) {
        let patch = self.clone();
        set(&mut activity.subject, patch.subject);
        set(&mut activity.note, patch.note);
        set(&mut activity.start, patch.start);
        patch.end.apply(&mut activity.end);
        activity.client = patch.client.or(activity.client);
        patch.system_user.apply(&mut activity.system_user);
        set(&mut activity.priority, patch.priority);
    }

    /// As a new activity; none if something is missing that one must have.
    #[must_use]
    pub fn into_draft(self) -> Option<Draft> {
        Some(Draft {
            note: self.note.unwrap_or_else(Note::empty),
            end: self.end.value(),
            system_user: self.system_user,
            priority: self.priority?,
            custom_fields: self.custom_fields,
            ..Draft::new(self.subject?, self.start?, self.client?, self.status?)
        })
    }
}

fn set<T>(member: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *member = value;
    }
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

impl Draft {
    /// With what is required alone, and normal priority.
    #[must_use]
    pub fn new(subject: Subject, start: Moment, client: ClientId, status: StatusRef) -> Draft {
        Draft {
            subject,
            note: Note::empty(),
            start,
            end: None,
            client,
            system_user: Presence::Keep,
            status,
            priority: Priority::Normal,
            custom_fields: Vec::new(),
        }
    }

    /// The activity that it describes, but for what is judged: its status, its custom fields, and who is responsible
    /// if it names nobody.
    #[must_use]
    pub fn activity(&self) -> Activity {
        Activity {
            subject: self.subject.clone(),
            note: self.note.clone(),
            start: self.start,
            end: self.end,
            client: Some(self.client),
            system_user: self.system_user.clone().value(),
            priority: self.priority,
            ..Activity::blank()
        }
    }
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
