//! The stored form of an activity's content: JSON, so that `sqlite3` and `psql` can look into it.
//!
//! Members may be added with `#[serde(default)]`; none may change its meaning, since versions are
//! immutable (invariant 1).

use domain::{
    Activity, ClientId, CustomField, Moment, Note, Priority, Stamp, StatusId, StatusName, Subject,
    UserId,
};
use serde::{Deserialize, Serialize};

use crate::StoreError;

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    created: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    created_by: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    modified_by: Option<Text<'a>>,
    #[serde(borrow)]
    subject: Text<'a>,
    #[serde(borrow)]
    note: Text<'a>,
    start: StoredMoment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<StoredMoment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system_user: Option<i64>,
    status: i64,
    #[serde(borrow)]
    status_name: Text<'a>,
    #[serde(borrow)]
    priority: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    custom_fields: Vec<StoredField<'a>>,
}

/// Text that is borrowed where its JSON has no escapes.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

/// Milliseconds UTC and offset in seconds.
#[derive(Serialize, Deserialize)]
struct StoredMoment(i64, i32);

#[derive(Serialize, Deserialize)]
struct StoredField<'a> {
    #[serde(borrow)]
    field: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    value: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    option: Option<Text<'a>>,
}

fn text(text: &str) -> Text<'_> {
    Text(text.into())
}

fn stored(moment: Moment) -> StoredMoment {
    StoredMoment(moment.stamp.millis(), moment.offset_seconds)
}

fn moment(stored: &StoredMoment) -> Moment {
    Stamp::from_millis(stored.0).at_offset(stored.1)
}

/// The stored form of a content.
///
/// # Errors
/// Never in practice; writing to memory is the only step that could fail.
pub fn encode(activity: &Activity) -> Result<String, StoreError> {
    let document = Document {
        created: activity.created.millis(),
        created_by: activity.created_by.as_deref().map(text),
        modified_by: activity.modified_by.as_deref().map(text),
        subject: text(activity.subject.as_str()),
        note: text(activity.note.as_str()),
        start: stored(activity.start),
        end: activity.end.map(stored),
        client: activity.client.map(|id| id.0),
        system_user: activity.system_user.map(|id| id.0),
        status: activity.status.0,
        status_name: text(activity.status_name.as_str()),
        priority: text(activity.priority.as_str()),
        custom_fields: activity.custom_fields.iter().map(stored_field).collect(),
    };
    serde_json::to_string(&document).map_err(|e| StoreError::Damaged(e.to_string()))
}

fn stored_field(field: &CustomField) -> StoredField<'_> {
    StoredField {
        field: text(&field.field_id),
        value: field.value.as_deref().map(text),
        option: field.option_id.as_deref().map(text),
    }
}

/// The content that a stored form stands for.
///
/// # Errors
/// When it is not one.
pub fn decode(json: &str) -> Result<Activity, StoreError> {
    let document: Document<'_> = serde_json::from_str(json).map_err(damaged)?;
    let owned = |text: Text<'_>| text.0.into_owned();
    Ok(Activity {
        created: Stamp::from_millis(document.created),
        created_by: document.created_by.map(owned),
        modified_by: document.modified_by.map(owned),
        subject: Subject::parse(&document.subject.0).map_err(damaged)?,
        note: Note::parse(&document.note.0).map_err(damaged)?,
        start: moment(&document.start),
        end: document.end.as_ref().map(moment),
        client: document.client.map(ClientId),
        system_user: document.system_user.map(UserId),
        status: StatusId(document.status),
        status_name: StatusName::parse(&document.status_name.0).map_err(damaged)?,
        priority: Priority::parse(&document.priority.0)
            .ok_or_else(|| damaged("unknown priority"))?,
        custom_fields: document
            .custom_fields
            .into_iter()
            .map(|field| CustomField {
                field_id: owned(field.field),
                value: field.value.map(owned),
                option_id: field.option.map(owned),
            })
            .collect(),
    })
}

fn damaged(problem: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("a stored activity cannot be read: {problem}"))
}
