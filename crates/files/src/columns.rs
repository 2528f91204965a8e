//! By which names a table calls the members of an activity.

use std::collections::BTreeMap;
use std::str::FromStr;

use domain::folded;
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
const OWN: [(&str, Column); 1] = [("version", Column::Modified)];

/// What people call members in tables of their own. Such a name counts where it is the only one for its member.
const USUAL: [(&str, Column); 26] = [
    ("activity id", Column::Id),
    ("external id", Column::ExternalId),
    ("title", Column::Subject),
    ("notes", Column::Note),
    ("description", Column::Note),
    ("start", Column::Start),
    ("starts", Column::Start),
    ("start date", Column::Start),
    ("start time", Column::Start),
    ("begin", Column::Start),
    ("end", Column::End),
    ("ends", Column::End),
    ("end date", Column::End),
    ("end time", Column::End),
    ("account", Column::AccountName),
    ("account name", Column::AccountName),
    ("client", Column::AccountName),
    ("account id", Column::Client),
    ("client id", Column::Client),
    ("assigned to", Column::SystemUserName),
    ("assignee", Column::SystemUserName),
    ("responsible", Column::SystemUserName),
    ("owner", Column::SystemUserName),
    ("status", Column::StatusName),
    ("activity status", Column::StatusName),
    ("priority", Column::Priority),
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
        Some(self.said.get(&header_name(name))?.at.and_then(column))
    }

    /// The member that a column of that name has.
    pub(super) fn find(&self, name: &str) -> Option<Column> {
        if let Some(said) = self.said_of(name) {
            return said;
        }
        let own = OWN.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        let member = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name));
        match member.and_then(column) {
            // In JSON it is an object.
            Some(Column::Status) => Some(Column::StatusName),
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

fn column(at: usize) -> Option<Column> {
    Column::ALL.get(at).copied()
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
        let status = Column::Status as usize;
        let at = at.map(|at| if at == status { Column::StatusName as usize } else { at });
        Ok(ColumnName { name, at })
    }
}

impl std::fmt::Display for ColumnName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, self.at.map_or("", |at| NAMES[at]))
    }
}
