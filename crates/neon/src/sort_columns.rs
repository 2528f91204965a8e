//! The columns to sort by: every member of the record, in any case, blanks ignored.

use domain::Member;

const COLUMNS: [(&str, Member); 16] = [
    ("createddatetime", Member::Created),
    ("createdby", Member::CreatedBy),
    ("lastmodifieddatetime", Member::Modified),
    ("lastmodifiedby", Member::ModifiedBy),
    ("activityid", Member::Id),
    ("subject", Member::Subject),
    ("note", Member::Note),
    ("startdatetime", Member::Start),
    ("enddatetime", Member::End),
    ("clientid", Member::Client),
    ("systemuserid", Member::SystemUser),
    ("activitystatus", Member::StatusName),
    ("activitystatus.name", Member::StatusName),
    ("activitystatus.id", Member::StatusId),
    ("activitypriority", Member::Priority),
    ("customfielddatalist", Member::CustomFields),
];

/// The member that a column names.
pub(crate) fn find(column: &str) -> Option<Member> {
    let plain: String = column.chars().filter(|c| !c.is_whitespace()).collect();
    COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&plain)).map(|(_, member)| *member)
}
