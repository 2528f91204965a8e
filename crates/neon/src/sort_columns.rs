//! The columns to sort by: every member of the record, in any case, blanks ignored.

use api_v1::member;
use domain::Member;

/// The member that a column names.
pub(crate) fn find(column: &str) -> Option<Member> {
    let plain: String = column.chars().filter(|c| !c.is_whitespace()).collect();
    if plain.eq_ignore_ascii_case(member::STATUS) {
        return Some(Member::StatusName);
    }
    let mut members = Member::ALL.into_iter().filter(|member| member.is_in_api());
    members.find(|member| member.name().eq_ignore_ascii_case(&plain))
}
