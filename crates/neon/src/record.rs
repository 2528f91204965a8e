//! A record as API v1 prints it in JSON: the manual's sample, member for member.

use domain::{Activity, CustomField, Moment, Priority, Version, Zone};
use serde::{Serialize, Serializer};

/// Appends the record to `out` as compact JSON. What was stamped by the server is shown in the
/// organization's `zone`; start and end keep the offset that they came with.
pub(crate) fn write(version: &Version, activity: &Activity, zone: &Zone, out: &mut Vec<u8>) {
    let record = Record::new(version, activity, zone);
    // Nothing in it can fail: no map has other keys than text, and a `Vec` takes every byte.
    serde_json::to_writer(out, &record).expect("a record is JSON");
}

/// The members, in the order of the vendor's schema. What is absent is left out, never `null`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    created_date_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'a str>,
    last_modified_date_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_by: Option<&'a str>,
    activity_id: i64,
    subject: &'a str,
    note: &'a str,
    start_date_time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date_time: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_user_id: Option<i64>,
    activity_status: Status<'a>,
    activity_priority: &'static str,
    #[serde(skip_serializing_if = "CustomFieldList::is_empty")]
    custom_field_data_list: CustomFieldList<'a>,
}

impl<'a> Record<'a> {
    fn new(version: &Version, activity: &'a Activity, zone: &Zone) -> Record<'a> {
        Record {
            created_date_time: Time(zone.at(activity.created)),
            created_by: activity.created_by.as_deref(),
            last_modified_date_time: Time(zone.at(version.stamp)),
            last_modified_by: activity.modified_by.as_deref(),
            activity_id: version.id.0,
            subject: activity.subject.as_str(),
            note: activity.note.as_str(),
            start_date_time: Time(activity.start),
            end_date_time: activity.end.map(Time),
            client_id: activity.client.map(|client| client.0),
            system_user_id: activity.system_user.map(|user| user.0),
            activity_status: Status { id: activity.status.0, name: activity.status_name.as_str() },
            activity_priority: capitals(activity.priority),
            custom_field_data_list: CustomFieldList::new(&activity.custom_fields),
        }
    }
}

/// The vendor's JSON has the name of a Java constant where its XML has `Normal`.
pub(crate) fn capitals(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "LOW",
        Priority::Normal => "NORMAL",
        Priority::High => "HIGH",
    }
}

/// A time as text.
pub(crate) struct Time(pub(crate) Moment);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.text().as_str())
    }
}

#[derive(Serialize)]
struct Status<'a> {
    /// Text on the wire, unlike every other id.
    #[serde(serialize_with = "as_text")]
    id: i64,
    name: &'a str,
}

fn as_text<S: Serializer>(id: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// The value of `customFieldDataList`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomFieldList<'a> {
    #[serde(serialize_with = "each_field")]
    custom_field_data: &'a [CustomField],
}

impl<'a> CustomFieldList<'a> {
    pub(crate) fn new(fields: &'a [CustomField]) -> CustomFieldList<'a> {
        CustomFieldList { custom_field_data: fields }
    }

    fn is_empty(&self) -> bool {
        self.custom_field_data.is_empty()
    }
}

fn each_field<S: Serializer>(fields: &&[CustomField], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.iter().map(|field| CustomFieldData {
        field_id: &field.field_id,
        field_value: field.value.as_deref(),
        field_option_id: field.option_id.as_deref(),
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
