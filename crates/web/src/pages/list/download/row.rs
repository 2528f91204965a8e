//! The columns of a file for spreadsheets, and the row of an activity.

use domain::{Activity, CustomField, GUARD_COLUMN, Moment, VERSION_COLUMN, Version, Zone};
use domain::{Stamp, zoned_column};
use serde_json::{Value, json};
use service::{Directory, Tenant};

use super::Form;

/// The columns of both formats, with the names of API v1, and the names that belong to its ids.
pub(super) const COLUMNS: [&str; 17] = [
    "activityId",
    "subject",
    "note",
    START,
    END,
    "clientId",
    "accountName",
    "systemUserId",
    "systemUserName",
    "activityStatus.id",
    STATUS,
    PRIORITY,
    "customFieldDataList",
    "externalId",
    "createdDateTime",
    "createdBy",
    "lastModifiedBy",
];

/// The columns with local times.
pub(super) const START: &str = "startDateTime";
pub(super) const END: &str = "endDateTime";

/// The columns that offer a list of choices.
pub(super) const STATUS: &str = "activityStatus.name";
pub(super) const PRIORITY: &str = "activityPriority";

/// The content of a cell.
pub(super) enum Cell {
    Empty,
    Text(String),
    /// A number or a time with its offset, as text.
    Plain(String),
    /// A local time.
    Time(Moment),
}

/// The header row. The last column is never empty in other rows, because some spreadsheets drop empty cells at the
/// end of a row when they save it.
pub(super) fn columns(form: Form, zone: &Zone) -> Vec<String> {
    let named = |name: &str| match name {
        START | END => zoned_column(name, zone),
        _ => name.to_owned(),
    };
    let last: &[&str] = match form {
        Form::Workbook => &[VERSION_COLUMN],
        Form::Csv => &[GUARD_COLUMN, "lastModifiedDateTime"],
    };
    COLUMNS.iter().chain(last).map(|name| named(name)).collect()
}

/// One row, in the order of [`columns`].
pub(super) fn cells(
    form: Form,
    org: &Tenant,
    directory: &Directory,
    version: &Version,
    activity: &Activity,
) -> Vec<Cell> {
    let zone = &directory.organization.zone;
    let time = |stamp: Stamp| Cell::Time(zone.at(stamp));
    let (client, user) = (activity.client, activity.system_user);
    let account = client.and_then(|client| org.accounts().name(client).map(ToString::to_string));
    let user_name = user.and_then(|user| directory.users.get(&user)).map(|user| &user.name);
    let mut cells = vec![
        plain(Some(version.id)),
        text(Some(&activity.subject)),
        text(Some(&activity.note)),
        time(activity.start.stamp),
        activity.end.map_or(Cell::Empty, |end| time(end.stamp)),
        plain(client),
        text(account),
        plain(user),
        text(user_name),
        plain(Some(activity.status)),
        text(Some(&activity.status_name)),
        text(Some(activity.priority.as_str().to_uppercase())),
        text(custom_fields(activity)),
        text(activity.external_id.as_ref()),
        plain(Some(zone.at(activity.created))),
        text(activity.created_by.as_ref()),
        text(activity.modified_by.as_ref()),
    ];
    if form == Form::Csv {
        cells.push(Cell::Empty);
    }
    cells.push(plain(Some(zone.at(version.stamp))));
    cells
}

fn text(value: Option<impl ToString>) -> Cell {
    match value.map(|value| value.to_string()) {
        Some(text) if !text.is_empty() => Cell::Text(text),
        _ => Cell::Empty,
    }
}

fn plain(value: Option<impl ToString>) -> Cell {
    value.map_or(Cell::Empty, |value| Cell::Plain(value.to_string()))
}

/// The custom fields as API v1 prints them.
fn custom_fields(activity: &Activity) -> Option<Value> {
    let field = |field: &CustomField| {
        let members = [
            ("fieldId", Some(&field.field_id)),
            ("fieldValue", field.value.as_ref()),
            ("fieldOptionId", field.option_id.as_ref()),
        ];
        let present = members.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        present.map(|(name, text)| (name.to_owned(), text)).collect::<Value>()
    };
    match &*activity.custom_fields {
        [] => None,
        fields => Some(json!({ "customFieldData": fields.iter().map(field).collect::<Value>() })),
    }
}
