//! By which names a table calls the members of an activity.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::{Member, folded};
use thiserror::Error;

use super::column::{Column, NAMES};

/// Names that a table may have for members, beyond their own: what somebody has said with
/// `"Their name=member"`, and what other systems are known to write.
#[derive(Clone, Debug, Default)]
pub struct ColumnNames {
    said: BTreeMap<String, ColumnName>,
}

/// That a column of a table is a member: `Their name=member`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName {
    name: String,
    /// The place of the member in [`NAMES`]; none where the column is to be left out.
    at: Option<usize>,
}

/// Why a text does not say what a column is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ColumnNameError {
    /// It has no equals sign, or nothing before it.
    #[error("expected \"Their name=member\", like \"Due Date=endDateTime\"")]
    Form,
    /// There is no such member.
    #[error("{0:?} is no member of an activity: give one of {members}, or nothing to leave the column out", members = NAMES[..NAMES.len() - 1].join(", "))]
    Member(String),
}

/// What members are called in the workbooks that the pages give.
const OWN: [(&str, Column); 1] = [("version", Column::Member(Member::Modified))];

/// What people call members in tables of their own. Such a name counts where it is the only one for its member.
const USUAL: [(&str, Column); 26] = [
    ("activity id", Column::Member(Member::Id)),
    ("external id", Column::Member(Member::ExternalId)),
    ("title", Column::Member(Member::Subject)),
    ("notes", Column::Member(Member::Note)),
    ("description", Column::Member(Member::Note)),
    ("start", Column::Member(Member::Start)),
    ("starts", Column::Member(Member::Start)),
    ("start date", Column::Member(Member::Start)),
    ("start time", Column::Member(Member::Start)),
    ("begin", Column::Member(Member::Start)),
    ("end", Column::Member(Member::End)),
    ("ends", Column::Member(Member::End)),
    ("end date", Column::Member(Member::End)),
    ("end time", Column::Member(Member::End)),
    ("account", Column::AccountName),
    ("account name", Column::AccountName),
    ("client", Column::AccountName),
    ("account id", Column::Member(Member::Client)),
    ("client id", Column::Member(Member::Client)),
    ("assigned to", Column::SystemUserName),
    ("assignee", Column::SystemUserName),
    ("responsible", Column::SystemUserName),
    ("owner", Column::SystemUserName),
    ("status", Column::Member(Member::StatusName)),
    ("activity status", Column::Member(Member::StatusName)),
    ("priority", Column::Member(Member::Priority)),
];

/// What people usually mean by a column of that name, which is in lower case.
pub(super) fn usual(name: &str) -> Option<Column> {
    USUAL.iter().find(|(usual, _)| *usual == name).map(|(_, column)| *column)
}

impl ColumnNames {
    /// Adds what somebody says; it counts before all else that is known of that name.
    pub fn say(&mut self, name: ColumnName) {
        self.said.insert(header_name(&name.name), name);
    }

    /// All that somebody has said.
    pub fn said(&self) -> impl Iterator<Item = &ColumnName> {
        self.said.values()
    }

    /// What somebody has said that a column of that name is: a member, or nothing.
    pub(super) fn said_of(&self, name: &str) -> Option<Option<Column>> {
        Some(self.said.get(&header_name(name))?.at.and_then(Column::at))
    }

    /// The member that a column of that name has.
    pub(super) fn find(&self, name: &str) -> Option<Column> {
        if let Some(said) = self.said_of(name) {
            return said;
        }
        let own = OWN.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        let member = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name));
        match member.and_then(Column::at) {
            // In JSON it is an object.
            Some(Column::Status) => Some(Column::Member(Member::StatusName)),
            Some(column) => Some(column),
            None => own.map(|(_, column)| *column),
        }
    }
}

impl ColumnName {
    /// The column.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The member that it is; empty where the column is to be left out.
    #[must_use]
    pub fn member(&self) -> &'static str {
        self.at.map_or("", |at| NAMES[at])
    }
}

/// A column's name on one line: in some headers it is broken into several.
pub(super) fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What columns of the same name have in common.
pub(super) fn header_name(name: &str) -> String {
    folded(&one_line(name))
}

impl FromStr for ColumnName {
    type Err = ColumnNameError;

    fn from_str(text: &str) -> Result<ColumnName, ColumnNameError> {
        let (name, member) = text.rsplit_once('=').ok_or(ColumnNameError::Form)?;
        let (name, member) = (one_line(name), member.trim());
        if name.is_empty() {
            return Err(ColumnNameError::Form);
        }
        let at = NAMES.iter().position(|known| known.eq_ignore_ascii_case(member));
        if at.is_none() && !member.is_empty() {
            return Err(ColumnNameError::Member(member.chars().take(60).collect()));
        }
        let status = Column::Status.place();
        let at = at.map(|at| if at == status { Member::StatusName as usize } else { at });
        Ok(ColumnName { name, at })
    }
}

impl std::fmt::Display for ColumnName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, self.at.map_or("", |at| NAMES[at]))
    }
}
