//! The columns that a mirror writes: API v1's members in snake case, each with its kind of value.

use std::borrow::Cow;

use domain::{ActivityId, CustomField, Fingerprint, Mirrored, MirroredField, Priority, Stamp};
use serde::{Deserialize, Serialize};

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
    optional("created_date_time", Kind::Time),
    optional("created_by", Kind::Text),
    optional("last_modified_date_time", Kind::Time),
    optional("last_modified_by", Kind::Text),
    column("custom_fields", Kind::Json),
];

/// The place of the column that says how new a row is.
pub const MODIFIED: usize = 12;

/// As JSON: an activity without custom fields.
const NO_FIELDS: &str = "[]";

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Nothing.
    Null,
    /// Of [`Kind::Number`].
    Number(i64),
    /// Of [`Kind::Text`] or [`Kind::Json`].
    Text(String),
    /// Of [`Kind::Time`].
    Time(#[serde(with = "millis")] Stamp),
}

mod millis {
    use domain::Stamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(stamp: &Stamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(stamp.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Stamp, D::Error> {
        i64::deserialize(from).map(Stamp::from_millis)
    }
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
        optional_time(row.created),
        optional_text(&activity.created_by),
        optional_time(row.modified),
        optional_text(&activity.modified_by),
        Value::Text(custom_fields(&activity.custom_fields)),
    ]
}

/// Whether a row has nothing in note, end, account, responsible person and custom fields.
pub(crate) fn is_empty(values: &Values) -> bool {
    let [_, _, note, _, end, client, system_user, .., fields] = values;
    let is_nothing = |value: &Value, nothing: &str| match value {
        Value::Null => true,
        Value::Text(text) => text == nothing,
        Value::Number(_) | Value::Time(_) => false,
    };
    let rest = [(end, ""), (client, ""), (system_user, ""), (fields, NO_FIELDS)];
    is_nothing(note, "") && rest.into_iter().all(|(value, nothing)| is_nothing(value, nothing))
}

/// The columns in which two rows differ.
pub(crate) fn differing(one: &Values, other: &Values) -> Vec<&'static str> {
    let pairs = COLUMNS.iter().zip(one.iter().zip(other));
    pairs.filter(|(_, (one, other))| one != other).map(|(column, _)| column.name).collect()
}

/// The fingerprint of a row, by which digests are made. One that somebody has changed to what no activity can be
/// has that of none.
#[must_use]
pub fn fingerprint(values: &Values) -> Fingerprint {
    let Some(fields) = read_custom_fields(values) else {
        return Fingerprint::of_other(&format!("{values:?}"));
    };
    let mirrored = mirrored(values, &fields);
    mirrored.map_or_else(
        || Fingerprint::of_other(&format!("{values:?}")),
        |mirrored| mirrored.fingerprint(),
    )
}

fn mirrored<'a>(values: &'a Values, fields: &'a [Field<'a>]) -> Option<Mirrored<'a>> {
    let [id, subject, note, start, end, client, system_user, status, status_name, rest @ ..] =
        values;
    let [priority, created, created_by, modified, modified_by, _] = rest;
    let fields = fields.iter().map(|field| MirroredField {
        field_id: &field.field_id,
        value: field.field_value.as_deref(),
        option_id: field.field_option_id.as_deref(),
    });
    let priority = priority.text()?;
    Some(Mirrored {
        id: ActivityId(id.number()?),
        subject: subject.text()?,
        note: note.text()?,
        start: start.time()?,
        end: end.optional(Value::time)?,
        client: client.optional(Value::number)?,
        system_user: system_user.optional(Value::number)?,
        status: status.number()?,
        status_name: status_name.text()?,
        priority: Priority::parse(priority).filter(|known| known.capitals() == priority)?,
        created: created.optional(Value::time)?,
        created_by: created_by.optional(Value::text)?,
        modified: modified.optional(Value::time)?,
        modified_by: modified_by.optional(Value::text)?,
        custom_fields: fields.collect(),
    })
}

impl Value {
    fn number(&self) -> Option<i64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    fn text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    fn time(&self) -> Option<Stamp> {
        if let Value::Time(stamp) = self { Some(*stamp) } else { None }
    }

    /// The outer option says whether it is of the kind, the inner one whether it is there.
    fn optional<'a, T>(&'a self, read: fn(&'a Value) -> Option<T>) -> Option<Option<T>> {
        match self {
            Value::Null => Some(None),
            value => read(value).map(Some),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Field<'a> {
    #[serde(borrow)]
    field_id: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    field_value: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    field_option_id: Option<Cow<'a, str>>,
}

impl<'a> Field<'a> {
    fn of(field: &'a CustomField) -> Field<'a> {
        Field {
            field_id: field.field_id.as_str().into(),
            field_value: field.value.as_deref().map(Cow::from),
            field_option_id: field.option_id.as_deref().map(Cow::from),
        }
    }
}

fn custom_fields(fields: &[CustomField]) -> String {
    written(&fields.iter().map(Field::of).collect::<Vec<_>>())
}

fn written(fields: &[Field<'_>]) -> String {
    if fields.is_empty() {
        return NO_FIELDS.to_owned();
    }
    serde_json::to_string(fields).unwrap_or_else(|_| NO_FIELDS.to_owned())
}

/// The fields of a row, if they are written as [`custom_fields`] writes them.
fn read_custom_fields(values: &Values) -> Option<Vec<Field<'_>>> {
    let text = values.last()?.text()?;
    if text == NO_FIELDS {
        return Some(Vec::new());
    }
    let fields: Vec<Field<'_>> = serde_json::from_str(text).ok()?;
    (written(&fields) == text).then_some(fields)
}
