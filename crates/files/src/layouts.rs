//! The tables that other systems are known to write, each by its header row as a whole.
//!
//! Only names that public sources show are here; `docs/other-crms.md` says which these are. A name alone
//! tells nothing: "Activity Date" is a start in one system and a due date in another. So a table is recognised by
//! columns that only one layout has together, and the layout says what its columns mean.

use domain::Member;

use super::column::Column;
use super::external_ids::System;

/// A table as another system writes it. Names of columns are in lower case.
pub(super) struct Layout {
    /// What people call it.
    pub(super) name: &'static str,
    /// Whose ids are in it; none where they are the numbers of activities here.
    pub(super) system: Option<System>,
    /// A header has at least one name of each group…
    pub(super) requires: &'static [&'static [&'static str]],
    /// …and none of these.
    pub(super) lacks: &'static [&'static str],
    /// What the columns mean. Where a header has several for one member, the first of them counts.
    pub(super) columns: &'static [(&'static str, Column)],
    /// Columns that have ids of accounts and people, by which nothing can be found here.
    pub(super) ids: &'static [&'static str],
    /// Whether times without a zone are in UTC, and not in the zone of the organization.
    pub(super) is_utc: bool,
    /// Whether lines follow the last row that are no rows.
    pub(super) has_footer: bool,
}

impl Layout {
    /// Whether a table like this can have that column.
    pub(super) fn has(&self, column: Column) -> bool {
        self.columns.iter().any(|(_, known)| *known == column)
    }
}

/// What most layouts have in common.
const PLAIN: Layout = Layout {
    name: "",
    system: None,
    requires: &[],
    lacks: &[],
    columns: &[],
    ids: &[],
    is_utc: false,
    has_footer: false,
};

/// All of them.
pub(super) const LAYOUTS: [&Layout; 13] = [
    &SALESFORCE_TASKS,
    &SALESFORCE_EVENTS,
    &SALESFORCE_REPORT,
    &DYNAMICS_TASKS,
    &DYNAMICS_PHONE_CALLS,
    &DYNAMICS_APPOINTMENTS,
    &DYNAMICS_ACTIVITIES,
    &CIVICRM_EXPORT,
    &CIVICRM_REPORT,
    &HUBSPOT_TASKS,
    &HUBSPOT_CALLS,
    &HUBSPOT_MEETINGS,
    &NEONCRM,
];

const SALESFORCE_IDS: &[&str] =
    &["accountid", "whatid", "whoid", "ownerid", "createdbyid", "lastmodifiedbyid"];

const SALESFORCE_TASKS: Layout = Layout {
    name: "Salesforce tasks",
    system: Some(System::Salesforce),
    requires: &[
        &["id"],
        &["subject"],
        &["activitydate"],
        &["status"],
        &["whoid", "whatid", "ownerid", "isclosed"],
    ],
    lacks: &["activitydatetime", "startdatetime", "durationinminutes"],
    columns: &[
        ("id", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("description", Column::Member(Member::Note)),
        ("activitydate", Column::Due),
        ("status", Column::Member(Member::StatusName)),
        ("isclosed", Column::IsClosed),
        ("priority", Column::Member(Member::Priority)),
        ("isdeleted", Column::IsDeleted),
        ("createddate", Column::Member(Member::Created)),
    ],
    ids: SALESFORCE_IDS,
    is_utc: true,
    ..PLAIN
};

const SALESFORCE_EVENTS: Layout = Layout {
    name: "Salesforce events",
    system: Some(System::Salesforce),
    requires: &[
        &["id"],
        &["subject"],
        &["activitydatetime", "startdatetime"],
        &["isalldayevent", "durationinminutes"],
    ],
    lacks: &["status"],
    columns: &[
        ("id", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("description", Column::Member(Member::Note)),
        ("startdatetime", Column::Member(Member::Start)),
        ("activitydatetime", Column::Member(Member::Start)),
        ("activitydate", Column::Day),
        ("isalldayevent", Column::IsAllDay),
        ("enddatetime", Column::Member(Member::End)),
        ("durationinminutes", Column::DurationMinutes),
        ("isdeleted", Column::IsDeleted),
        ("createddate", Column::Member(Member::Created)),
    ],
    ids: SALESFORCE_IDS,
    is_utc: true,
    ..PLAIN
};

const SALESFORCE_REPORT: Layout = Layout {
    name: "a Salesforce report of activities",
    system: Some(System::Salesforce),
    requires: &[&["subject"], &["date"], &["assigned"], &["company / account"]],
    columns: &[
        ("activity id (18 char)", Column::ForeignId),
        ("activity id", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("full comments", Column::Member(Member::Note)),
        ("comments", Column::Member(Member::Note)),
        ("date", Column::Due),
        ("status", Column::Member(Member::StatusName)),
        ("priority", Column::Member(Member::Priority)),
        ("assigned", Column::SystemUserName),
        ("company / account", Column::AccountName),
    ],
    ids: &["account id"],
    has_footer: true,
    ..PLAIN
};

const DYNAMICS_TASKS: Layout = Layout {
    name: "Dynamics 365 tasks",
    system: Some(System::Dynamics),
    requires: &[&["(do not modify) task"]],
    columns: &[
        ("(do not modify) task", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("description", Column::Member(Member::Note)),
        ("start date", Column::Member(Member::Start)),
        ("due date", Column::Due),
        ("regarding", Column::AccountName),
        ("owner", Column::SystemUserName),
        ("status reason", Column::Member(Member::StatusName)),
        ("activity status", Column::State),
        ("priority", Column::Member(Member::Priority)),
        ("created on", Column::Member(Member::Created)),
        ("created by", Column::Member(Member::CreatedBy)),
    ],
    ids: &["owning user"],
    ..PLAIN
};

const DYNAMICS_PHONE_CALLS: Layout = Layout {
    name: "Dynamics 365 phone calls",
    system: Some(System::Dynamics),
    requires: &[&["(do not modify) phone call"]],
    columns: &[
        ("(do not modify) phone call", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("start date", Column::Member(Member::Start)),
        ("due", Column::Due),
        ("regarding", Column::AccountName),
        ("owner", Column::SystemUserName),
        ("assigned to", Column::SystemUserName),
        ("status reason", Column::Member(Member::StatusName)),
        ("activity status", Column::State),
        ("priority", Column::Member(Member::Priority)),
        ("created on", Column::Member(Member::Created)),
        ("created by", Column::Member(Member::CreatedBy)),
    ],
    ids: &["owning user"],
    ..PLAIN
};

const DYNAMICS_APPOINTMENTS: Layout = Layout {
    name: "Dynamics 365 appointments",
    system: Some(System::Dynamics),
    requires: &[&["(do not modify) appointment"]],
    columns: &[
        ("(do not modify) appointment", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("description", Column::Member(Member::Note)),
        ("start time", Column::Member(Member::Start)),
        ("end time", Column::Member(Member::End)),
        ("regarding", Column::AccountName),
        ("owner", Column::SystemUserName),
        // Its reasons say whether somebody is busy then.
        ("status", Column::State),
        ("priority", Column::Member(Member::Priority)),
        ("created on", Column::Member(Member::Created)),
        ("created by", Column::Member(Member::CreatedBy)),
    ],
    ids: &["owning user"],
    ..PLAIN
};

const DYNAMICS_ACTIVITIES: Layout = Layout {
    name: "Dynamics 365 activities",
    system: Some(System::Dynamics),
    requires: &[&["(do not modify) activity"]],
    columns: &[
        ("(do not modify) activity", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("start date", Column::Member(Member::Start)),
        ("due date", Column::Due),
        ("regarding", Column::AccountName),
        ("owner", Column::SystemUserName),
        ("status reason", Column::Member(Member::StatusName)),
        ("activity status", Column::State),
        ("priority", Column::Member(Member::Priority)),
        ("date created", Column::Member(Member::Created)),
        ("created by", Column::Member(Member::CreatedBy)),
    ],
    ids: &["owning user"],
    ..PLAIN
};

/// Columns of the report, and not of the export.
const CIVICRM_NAMES: &[&str] = &[
    "target name",
    "target contact name",
    "assignee name",
    "assignee contact name",
    "source name",
    "source contact name",
];

const CIVICRM_EXPORT: Layout = Layout {
    name: "an export of CiviCRM activities",
    system: Some(System::CiviCrm),
    requires: &[&["activity id"], &["activity date"], &["activity type"], &["activity status"]],
    lacks: CIVICRM_NAMES,
    columns: &[
        ("activity id", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("details", Column::Member(Member::Note)),
        ("activity date", Column::Member(Member::Start)),
        ("duration", Column::DurationMinutes),
        ("activity status", Column::Member(Member::StatusName)),
        ("activity priority", Column::Member(Member::Priority)),
        ("created date", Column::Member(Member::Created)),
        ("source contact", Column::Member(Member::CreatedBy)),
    ],
    ids: &["source contact id"],
    ..PLAIN
};

const CIVICRM_REPORT: Layout = Layout {
    name: "a CiviCRM activity report",
    system: Some(System::CiviCrm),
    requires: &[&["activity date"], &["activity type"], CIVICRM_NAMES],
    columns: &[
        ("activity id", Column::ForeignId),
        ("subject", Column::Member(Member::Subject)),
        ("activity details", Column::Member(Member::Note)),
        ("activity date", Column::Member(Member::Start)),
        ("duration", Column::DurationMinutes),
        ("activity status", Column::Member(Member::StatusName)),
        ("priority", Column::Member(Member::Priority)),
        ("target name", Column::AccountName),
        ("target contact name", Column::AccountName),
        ("assignee name", Column::SystemUserName),
        ("assignee contact name", Column::SystemUserName),
        ("source name", Column::Member(Member::CreatedBy)),
    ],
    ..PLAIN
};

const HUBSPOT_IDS: &[&str] = &["associated company ids", "associated contact ids", "contact id"];

const HUBSPOT_TASKS: Layout = Layout {
    name: "HubSpot tasks",
    system: Some(System::HubSpot),
    requires: &[&["record id", "engagement id"], &["task title"]],
    lacks: &["call title", "meeting name"],
    columns: &[
        ("record id", Column::ForeignId),
        ("engagement id", Column::ForeignId),
        ("task title", Column::Member(Member::Subject)),
        ("notes", Column::Member(Member::Note)),
        ("task body", Column::Member(Member::Note)),
        ("due date", Column::Due),
        ("task status", Column::Member(Member::StatusName)),
        ("priority", Column::Member(Member::Priority)),
        ("assigned to", Column::SystemUserName),
        ("create date", Column::Member(Member::Created)),
        ("activity created by", Column::Member(Member::CreatedBy)),
    ],
    ids: HUBSPOT_IDS,
    ..PLAIN
};

const HUBSPOT_CALLS: Layout = Layout {
    name: "HubSpot calls",
    system: Some(System::HubSpot),
    requires: &[&["record id", "engagement id"], &["call title"]],
    lacks: &["task title", "meeting name"],
    columns: &[
        ("record id", Column::ForeignId),
        ("engagement id", Column::ForeignId),
        ("call title", Column::Member(Member::Subject)),
        ("call notes", Column::Member(Member::Note)),
        ("activity date", Column::Member(Member::Start)),
        ("call duration", Column::DurationMs),
        ("call status", Column::Member(Member::StatusName)),
        ("activity assigned to", Column::SystemUserName),
        ("create date", Column::Member(Member::Created)),
        ("activity created by", Column::Member(Member::CreatedBy)),
    ],
    ids: HUBSPOT_IDS,
    ..PLAIN
};

const HUBSPOT_MEETINGS: Layout = Layout {
    name: "HubSpot meetings",
    system: Some(System::HubSpot),
    requires: &[&["record id", "engagement id"], &["meeting name"]],
    lacks: &["task title", "call title"],
    columns: &[
        ("record id", Column::ForeignId),
        ("engagement id", Column::ForeignId),
        ("meeting name", Column::Member(Member::Subject)),
        ("meeting description", Column::Member(Member::Note)),
        ("start time", Column::Member(Member::Start)),
        ("activity date", Column::Member(Member::Start)),
        ("end time", Column::Member(Member::End)),
        ("meeting outcome", Column::Member(Member::StatusName)),
        ("activity assigned to", Column::SystemUserName),
        ("create date", Column::Member(Member::Created)),
        ("activity created by", Column::Member(Member::CreatedBy)),
    ],
    ids: HUBSPOT_IDS,
    ..PLAIN
};

/// Its ids are those that activities keep here.
const NEONCRM: Layout = Layout {
    name: "NeonCRM activities",
    requires: &[
        &["subject"],
        &["start date/time"],
        &["activity id", "client id", "system user id", "activity status name"],
    ],
    columns: &[
        ("activity id", Column::Member(Member::Id)),
        ("subject", Column::Member(Member::Subject)),
        ("note", Column::Member(Member::Note)),
        ("start date/time", Column::Member(Member::Start)),
        ("end date/time", Column::Member(Member::End)),
        ("client id", Column::Member(Member::Client)),
        ("system user id", Column::Member(Member::SystemUser)),
        ("activity status id", Column::Member(Member::StatusId)),
        ("activity status name", Column::Member(Member::StatusName)),
        ("priority", Column::Member(Member::Priority)),
    ],
    ..PLAIN
};
