//! The columns of a file for spreadsheets, and the row of an activity.

use domain::{ClientId, CustomField, GUARD_COLUMN, Member, Moment, UserId, VERSION_COLUMN};
use domain::{Value, Version, Zone, zoned_column};
use serde_json::json;
use service::{Directory, Tenant};

use super::Form;

/// The columns of both formats, each with its member: what people write before who wrote it, and when. Behind an id
/// comes the name that belongs to it.
pub(super) fn members() -> impl Iterator<Item = (Member, &'static str)> {
    let origin = [Member::Created, Member::CreatedBy, Member::ModifiedBy];
    let members = std::iter::once(Member::Id).chain(Member::content()).chain(origin);
    members.flat_map(|member| {
        let name = match member {
            Member::Client => Some("accountName"),
            Member::SystemUser => Some("systemUserName"),
            _ => None,
        };
        std::iter::once(member.name()).chain(name).map(move |name| (member, name))
    })
}

/// Which column has that name, from 0.
pub(super) fn place(column: &str) -> Option<usize> {
    members().position(|(_, name)| name == column)
}

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
    members().map(|(_, name)| name).chain(last.iter().copied()).map(named).collect()
}

/// One row, in the order of [`columns`].
pub(super) fn cells(
    form: Form,
    org: &Tenant,
    directory: &Directory,
    version: &Version,
) -> Vec<Cell> {
    let zone = &directory.organization.zone;
    let name = |member, id| match member {
        Member::Client => org.accounts().name(ClientId(id)).map(ToString::to_string),
        _ => directory.users.get(&UserId(id)).map(|user| user.name.to_string()),
    };
    let cell = |(member, column): (Member, &str)| match version.value(member) {
        Value::Number(id) if column != member.name() => {
            name(member, id).map_or(Cell::Empty, Cell::Text)
        }
        Value::Absent | Value::Text("") | Value::CustomFields([]) => Cell::Empty,
        Value::Text(text) => Cell::Text(text.to_owned()),
        Value::Number(number) => Cell::Plain(number.to_string()),
        Value::Stamp(stamp) => Cell::Plain(zone.at(stamp).to_string()),
        Value::Moment(moment) => Cell::Time(zone.at(moment.stamp)),
        Value::Priority(priority) => Cell::Text(priority.capitals().to_owned()),
        Value::CustomFields(fields) => Cell::Text(custom_fields(fields)),
    };
    let guard = (form == Form::Csv).then_some(Cell::Empty);
    let version = Cell::Plain(zone.at(version.stamp).to_string());
    members().map(cell).chain(guard).chain([version]).collect()
}

/// The custom fields as API v1 prints them.
fn custom_fields(fields: &[CustomField]) -> String {
    let field = |field: &CustomField| {
        let members = [
            ("fieldId", Some(&field.field_id)),
            ("fieldValue", field.value.as_ref()),
            ("fieldOptionId", field.option_id.as_ref()),
        ];
        let present = members.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        present.map(|(name, text)| (name.to_owned(), text)).collect::<serde_json::Value>()
    };
    json!({ "customFieldData": fields.iter().map(field).collect::<serde_json::Value>() })
        .to_string()
}
