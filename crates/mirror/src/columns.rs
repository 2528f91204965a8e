//! The columns that a mirror writes: API v1's members in snake case, each with its kind of value.

use domain::{CustomField, Stamp};
use serde::Serialize;

use crate::Row;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Number,
    /// Text.
    Text,
    /// An instant, to the millisecond.
    Time,
    /// Text that is JSON.
    Json,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it can be empty.
    pub is_optional: bool,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_optional: false }
}

const fn optional(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_optional: true }
}

/// All columns, in the order of [`values`]; the first is the key.
pub const COLUMNS: [Column; 15] = [
    column("activity_id", Kind::Number),
    column("subject", Kind::Text),
    column("note", Kind::Text),
    column("start_date_time", Kind::Time),
    optional("end_date_time", Kind::Time),
    optional("client_id", Kind::Number),
    optional("system_user_id", Kind::Number),
    column("activity_status_id", Kind::Number),
    column("activity_status_name", Kind::Text),
    column("activity_priority", Kind::Text),
    column("created_date_time", Kind::Time),
    optional("created_by", Kind::Text),
    optional("last_modified_date_time", Kind::Time),
    optional("last_modified_by", Kind::Text),
    column("custom_fields", Kind::Json),
];

/// The place of the column that says how new a row is.
pub const MODIFIED: usize = 12;

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Nothing.
    Null,
    /// Of [`Kind::Number`].
    Number(i64),
    /// Of [`Kind::Text`] or [`Kind::Json`].
    Text(String),
    /// Of [`Kind::Time`].
    Time(Stamp),
}

/// A row, column by column.
pub type Values = [Value; COLUMNS.len()];

/// The values of an activity.
#[must_use]
pub fn values(row: &Row) -> Values {
    let activity = &row.activity;
    let text = |text: &str| Value::Text(text.to_owned());
    let optional_text = |name: &Option<String>| name.clone().map_or(Value::Null, Value::Text);
    let optional_number = |number: Option<i64>| number.map_or(Value::Null, Value::Number);
    let optional_time = |time: Option<Stamp>| time.map_or(Value::Null, Value::Time);
    [
        Value::Number(row.id.0),
        text(activity.subject.as_str()),
        text(activity.note.as_str()),
        Value::Time(activity.start.stamp),
        optional_time(activity.end.map(|end| end.stamp)),
        optional_number(activity.client.map(|client| client.0)),
        optional_number(activity.system_user.map(|user| user.0)),
        Value::Number(activity.status.0),
        text(activity.status_name.as_str()),
        text(activity.priority.capitals()),
        Value::Time(activity.created),
        optional_text(&activity.created_by),
        optional_time(row.modified),
        optional_text(&activity.modified_by),
        Value::Text(custom_fields(&activity.custom_fields)),
    ]
}

/// The columns in which two rows differ.
pub(crate) fn differing(one: &Values, other: &Values) -> Vec<&'static str> {
    let pairs = COLUMNS.iter().zip(one.iter().zip(other));
    pairs.filter(|(_, (one, other))| one != other).map(|(column, _)| column.name).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Field<'a> {
    field_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_option_id: Option<&'a str>,
}

impl<'a> Field<'a> {
    fn of(field: &'a CustomField) -> Field<'a> {
        Field {
            field_id: &field.field_id,
            field_value: field.value.as_deref(),
            field_option_id: field.option_id.as_deref(),
        }
    }
}

fn custom_fields(fields: &[CustomField]) -> String {
    let fields: Vec<Field<'_>> = fields.iter().map(Field::of).collect();
    serde_json::to_string(&fields).unwrap_or_else(|_| "[]".to_owned())
}
