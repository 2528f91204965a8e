//! The members of the record: what each is called and can do, and its value in an activity.
//!
//! What treats members alike reads this table: columns and rows of files, sorting, history, search, parameters that are
//! texts, forms. So an ordinary text is a row here, a field of [`Activity`], and an arm in each of three functions below.

use std::borrow::Cow;
use std::str::FromStr;

use api_v1::member as name;

use crate::{Activity, ClientId, CustomField, Moment, Priority, Stamp, State, TextError, Version};

use MemberKind::{Line, Origin, Special, Text};

/// A member of the record, in the order of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are those of an activity, or of its version")]
pub enum Member {
    Created,
    CreatedBy,
    Modified,
    ModifiedBy,
    Id,
    Subject,
    Note,
    Start,
    End,
    Client,
    SystemUser,
    StatusId,
    StatusName,
    Priority,
    CustomFields,
    ExternalId,
}

/// How a member is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// Said of the record by the server: its id, who saved it, and when. All others are content.
    Origin,
    /// Text of one line, like all other such texts.
    Line,
    /// Text of several lines.
    Text,
    /// In its own way, by name.
    Special,
}

/// What there is to know of a member.
struct Row {
    member: Member,
    name: &'static str,
    label: &'static str,
    kind: MemberKind,
    is_required: bool,
    is_searched: bool,
    is_in_api: bool,
}

/// Its name in the API and in files, and its label for people.
const fn row(member: Member, name: &'static str, label: &'static str, kind: MemberKind) -> Row {
    Row { member, name, label, kind, is_required: false, is_searched: false, is_in_api: true }
}

impl Row {
    /// No activity is without it.
    const fn required(self) -> Row {
        Row { is_required: true, ..self }
    }

    /// Its words are found.
    const fn searched(self) -> Row {
        Row { is_searched: true, ..self }
    }

    /// Files and pages have it, API v1 has not.
    const fn not_in_api(self) -> Row {
        Row { is_in_api: false, ..self }
    }
}

const TABLE: [Row; Member::COUNT] = [
    row(Member::Created, name::CREATED, "Created", Origin),
    row(Member::CreatedBy, name::CREATED_BY, "Created by", Origin),
    row(Member::Modified, name::MODIFIED, "Last changed", Origin),
    row(Member::ModifiedBy, name::MODIFIED_BY, "Last changed by", Origin),
    row(Member::Id, name::ID, "Activity ID", Origin),
    row(Member::Subject, name::SUBJECT, "Subject", Line).required().searched(),
    row(Member::Note, name::NOTE, "Note", Text).searched(),
    row(Member::Start, name::START, "Start", Special).required(),
    row(Member::End, name::END, "End", Special),
    row(Member::Client, name::CLIENT, "Account", Special),
    row(Member::SystemUser, name::SYSTEM_USER, "Assigned to", Special),
    row(Member::StatusId, name::STATUS_ID, "Status ID", Special).required(),
    row(Member::StatusName, name::STATUS_NAME, "Status", Special),
    row(Member::Priority, name::PRIORITY, "Priority", Special).required(),
    row(Member::CustomFields, name::CUSTOM_FIELDS, "Custom fields", Special),
    row(Member::ExternalId, "externalId", "External ID", Special).not_in_api(),
];

impl Member {
    /// How many there are.
    pub const COUNT: usize = Member::ExternalId as usize + 1;

    /// All of them, in the order of the record.
    pub const ALL: [Member; Member::COUNT] = {
        let mut all = [Member::Created; Member::COUNT];
        let mut at = 0;
        while at < Member::COUNT {
            all[at] = TABLE[at].member;
            assert!(all[at] as usize == at, "the table has the order of the members");
            at += 1;
        }
        all
    };

    /// The content of an activity: what a change changes.
    pub fn content() -> impl Iterator<Item = Member> {
        Member::ALL.into_iter().filter(|member| member.kind() != Origin)
    }

    /// The texts that people and scripts write.
    pub fn texts() -> impl Iterator<Item = Member> {
        Member::ALL.into_iter().filter(|member| member.is_text())
    }

    /// Those whose words are found.
    pub fn searched() -> impl Iterator<Item = Member> {
        Member::ALL.into_iter().filter(|member| TABLE[*member as usize].is_searched)
    }

    /// The member of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Member> {
        Member::ALL.into_iter().find(|member| member.name() == name)
    }

    /// Its name in the API and in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        TABLE[self as usize].label
    }

    /// How it is treated.
    #[must_use]
    pub fn kind(self) -> MemberKind {
        TABLE[self as usize].kind
    }

    /// Whether it is a text that people and scripts write.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self.kind(), Line | Text)
    }

    /// Whether no activity is without it. The name of its status comes with the number.
    #[must_use]
    pub fn is_required(self) -> bool {
        TABLE[self as usize].is_required
    }

    /// Whether API v1 has it.
    #[must_use]
    pub fn is_in_api(self) -> bool {
        TABLE[self as usize].is_in_api
    }
}

/// A member's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says what it holds")]
pub enum Value<'a> {
    Absent,
    Text(&'a str),
    Number(i64),
    Stamp(Stamp),
    Moment(Moment),
    Priority(Priority),
    CustomFields(&'a [CustomField]),
}

impl<'a> Value<'a> {
    /// The value of an optional member.
    fn of<T>(value: Option<T>, is: impl FnOnce(T) -> Value<'a>) -> Value<'a> {
        value.map_or(Value::Absent, is)
    }

    /// The text that it is; empty if it is none.
    #[must_use]
    pub fn text(self) -> &'a str {
        if let Value::Text(text) = self { text } else { "" }
    }

    /// As text for people; none if it is absent or empty.
    #[must_use]
    pub fn shown(self) -> Option<Cow<'a, str>> {
        let text = match self {
            Value::Absent => return None,
            Value::Text(text) => Cow::Borrowed(text),
            Value::Number(number) => number.to_string().into(),
            Value::Stamp(stamp) => stamp.at_offset(0).to_string().into(),
            Value::Moment(moment) => moment.to_string().into(),
            Value::Priority(priority) => priority.capitals().into(),
            Value::CustomFields(fields) => {
                fields.iter().map(CustomField::shown).collect::<Vec<_>>().join("; ").into()
            }
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

impl Version {
    /// The value of a member; absent from a tombstone.
    #[must_use]
    pub fn value(&self, member: Member) -> Value<'_> {
        match (&self.state, member) {
            (State::Tombstone, _) => Value::Absent,
            (State::Record(_), Member::Id) => Value::Number(self.id.0),
            (State::Record(_), Member::Modified) => Value::Stamp(self.stamp),
            (State::Record(activity), member) => activity.value(member),
        }
    }
}

impl Activity {
    /// The value of a member. Id and time of change are its version's.
    #[must_use]
    pub fn value(&self, member: Member) -> Value<'_> {
        match member {
            Member::Id | Member::Modified => Value::Absent,
            Member::Created => Value::Stamp(self.created),
            Member::CreatedBy => Value::of(self.created_by.as_deref(), Value::Text),
            Member::ModifiedBy => Value::of(self.modified_by.as_deref(), Value::Text),
            Member::Subject => Value::Text(self.subject.as_str()),
            Member::Note => Value::Text(self.note.as_str()),
            Member::Start => Value::Moment(self.start),
            Member::End => Value::of(self.end, Value::Moment),
            Member::Client => Value::of(self.client, |ClientId(id)| Value::Number(id)),
            Member::SystemUser => Value::of(self.system_user, |user| Value::Number(user.0)),
            Member::StatusId => Value::Number(self.status.0),
            Member::StatusName => Value::Text(self.status_name.as_str()),
            Member::Priority => Value::Priority(self.priority),
            Member::CustomFields => Value::CustomFields(&self.custom_fields),
            Member::ExternalId => {
                Value::of(self.external_id.as_ref(), |id| Value::Text(id.as_str()))
            }
        }
    }

    /// Takes a member's value from another activity.
    pub fn copy(&mut self, member: Member, from: &Activity) {
        match member {
            Member::Id | Member::Modified => {}
            Member::Created => self.created = from.created,
            Member::CreatedBy => self.created_by.clone_from(&from.created_by),
            Member::ModifiedBy => self.modified_by.clone_from(&from.modified_by),
            Member::Subject => self.subject.clone_from(&from.subject),
            Member::Note => self.note.clone_from(&from.note),
            Member::Start => self.start = from.start,
            Member::End => self.end = from.end,
            Member::Client => self.client = from.client,
            Member::SystemUser => self.system_user = from.system_user,
            Member::StatusId => self.status = from.status,
            Member::StatusName => self.status_name.clone_from(&from.status_name),
            Member::Priority => self.priority = from.priority,
            Member::CustomFields => self.custom_fields.clone_from(&from.custom_fields),
            Member::ExternalId => self.external_id.clone_from(&from.external_id),
        }
    }

    /// Sets one of [`Member::texts`]: an empty text clears one that may be absent.
    ///
    /// # Errors
    /// When it is no text for that member.
    pub fn set_text(&mut self, member: Member, text: &str) -> Result<(), TextError> {
        match member {
            Member::Subject => set(&mut self.subject, text),
            Member::Note => set(&mut self.note, text),
            _ => Ok(()),
        }
    }

    /// The texts that are searched.
    pub fn searched(&self) -> impl Iterator<Item = &str> {
        Member::searched().map(|member| self.value(member).text())
    }
}

fn set<T: FromStr>(member: &mut T, text: &str) -> Result<(), T::Err> {
    *member = text.parse()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_can_be_set_copied_and_read() {
        for member in Member::texts() {
            let (mut one, mut other) = (Activity::blank(), Activity::blank());
            one.set_text(member, "Room 4").unwrap();
            assert_eq!(one.value(member), Value::Text("Room 4"), "{member:?}");
            other.copy(member, &one);
            assert_eq!(other, one);
            let cleared = one.set_text(member, "");
            assert_eq!(cleared.is_err(), member.is_required(), "{member:?}");
            assert_eq!(one.value(member).shown().is_some(), member.is_required(), "{member:?}");
        }
    }

    #[test]
    fn every_member_of_the_content_is_copied() {
        let full = Activity {
            note: "Two reams".parse().unwrap(),
            start: Stamp::from_millis(1).at_offset(60),
            end: Some(Stamp::from_millis(2).at_offset(60)),
            client: Some(ClientId(3)),
            system_user: Some(crate::UserId(4)),
            status: crate::StatusId(5),
            status_name: "Open".parse().unwrap(),
            priority: Priority::High,
            custom_fields: vec![CustomField {
                field_id: "6".to_owned(),
                value: None,
                option_id: None,
            }],
            external_id: Some("hubspot:7".parse().unwrap()),
            subject: "Call".parse().unwrap(),
            ..Activity::blank()
        };
        let mut copy = Activity::blank();
        Member::content().for_each(|member| copy.copy(member, &full));
        assert_eq!(copy, full);
    }
}
