//! The columns to sort by: every member of the record, in any case, blanks ignored.

use api_v1::member;
use domain::Member;

const COLUMNS: [(&str, Member); 16] = [
    (member::CREATED, Member::Created),
    (member::CREATED_BY, Member::CreatedBy),
    (member::MODIFIED, Member::Modified),
    (member::MODIFIED_BY, Member::ModifiedBy),
    (member::ID, Member::Id),
    (member::SUBJECT, Member::Subject),
    (member::NOTE, Member::Note),
    (member::START, Member::Start),
    (member::END, Member::End),
    (member::CLIENT, Member::Client),
    (member::SYSTEM_USER, Member::SystemUser),
    (member::STATUS, Member::StatusName),
    (member::STATUS_NAME, Member::StatusName),
    (member::STATUS_ID, Member::StatusId),
    (member::PRIORITY, Member::Priority),
    (member::CUSTOM_FIELDS, Member::CustomFields),
];

/// The member that a column names.
pub(crate) fn find(column: &str) -> Option<Member> {
    let plain: String = column.chars().filter(|c| !c.is_whitespace()).collect();
    COLUMNS.iter().find(|(name, _)| name.eq_ignore_ascii_case(&plain)).map(|(_, member)| *member)
}
