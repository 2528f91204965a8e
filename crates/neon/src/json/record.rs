//! A record as API v1 prints it in JSON: the manual's sample, member for member.
//!
//! Written out by hand, since questions of many records take as long as this does.

use domain::{Moment, MomentText, Zone};
use serde::{Serialize, Serializer};
use service::{StoredField, StoredText, StoredVersion};

use super::write_json;

/// Appends the record to `out` as compact JSON, its members in the order of the vendor's schema; what is
/// absent is left out, never `null`. What was stamped by the server is shown in the organization's `zone`;
/// start and end keep the offset that they came with. A tombstone has no record.
pub(crate) fn write(version: &StoredVersion<'_>, zone: &Zone, out: &mut Vec<u8>) {
    let Some(content) = &version.content else { return };
    let created = zone.at(content.created).text();
    let modified = match version.stamp == content.created {
        true => created,
        false => zone.at(version.stamp).text(),
    };
    out.extend_from_slice(b"{\"createdDateTime\":");
    time(created, out);
    if let Some(name) = &content.created_by {
        out.extend_from_slice(b",\"createdBy\":");
        text(name, out);
    }
    out.extend_from_slice(b",\"lastModifiedDateTime\":");
    time(modified, out);
    if let Some(name) = &content.modified_by {
        out.extend_from_slice(b",\"lastModifiedBy\":");
        text(name, out);
    }
    out.extend_from_slice(b",\"activityId\":");
    write_json(&version.id.0, out);
    out.extend_from_slice(b",\"subject\":");
    text(&content.subject, out);
    out.extend_from_slice(b",\"note\":");
    text(&content.note, out);
    out.extend_from_slice(b",\"startDateTime\":");
    time(content.start.moment().text(), out);
    if let Some(end) = content.end {
        out.extend_from_slice(b",\"endDateTime\":");
        time(end.moment().text(), out);
    }
    if let Some(client) = content.client {
        out.extend_from_slice(b",\"clientId\":");
        write_json(&client, out);
    }
    if let Some(user) = content.system_user {
        out.extend_from_slice(b",\"systemUserId\":");
        write_json(&user, out);
    }
    // Text on the wire, unlike every other id.
    out.extend_from_slice(b",\"activityStatus\":{\"id\":\"");
    write_json(&content.status, out);
    out.extend_from_slice(b"\",\"name\":");
    text(&content.status_name, out);
    out.extend_from_slice(b"},\"activityPriority\":\"");
    out.extend_from_slice(content.priority.capitals().as_bytes());
    out.push(b'"');
    if !content.custom_fields.is_empty() {
        out.extend_from_slice(b",\"customFieldDataList\":");
        write_custom_fields(&content.custom_fields, out);
    }
    out.push(b'}');
}

fn time(text: MomentText, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn text(text: &StoredText<'_>, out: &mut Vec<u8>) {
    if text.is_plain() {
        out.push(b'"');
        out.extend_from_slice(text.as_str().as_bytes());
        out.push(b'"');
    } else {
        write_json(&text.as_str(), out);
    }
}

/// Appends the value of `customFieldDataList`.
pub(crate) fn write_custom_fields(fields: &[StoredField<'_>], out: &mut Vec<u8>) {
    write_json(&CustomFieldList { custom_field_data: fields }, out);
}

/// A time as text.
pub(crate) struct Time(pub(crate) Moment);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text().as_str())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomFieldList<'a> {
    #[serde(serialize_with = "each_field")]
    custom_field_data: &'a [StoredField<'a>],
}

fn each_field<S: Serializer>(
    fields: &&[StoredField<'_>],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.iter().map(|field| CustomFieldData {
        field_id: field.field.as_str(),
        field_value: field.value.as_ref().map(StoredText::as_str),
        field_option_id: field.option.as_ref().map(StoredText::as_str),
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomFieldData<'a> {
    field_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_option_id: Option<&'a str>,
}
