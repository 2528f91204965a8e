//! What is told of a table of another system.

use super::external_ids::System;
use super::layouts::Layout;

/// Of which other system a table is, and what was made of its rows beyond what they say by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherSystem {
    /// What kind of table it is: `Dynamics 365 tasks`.
    pub layout: &'static str,
    /// The system, where its ids are not the numbers of activities here.
    pub system: Option<&'static str>,
    /// The columns of ids of accounts and people, by which nothing can be found here.
    pub ids: Vec<String>,
    /// Whether times without a zone were taken as UTC, since the system writes them so.
    pub is_utc: bool,
    /// Activities without a start that start when they are due.
    pub start_when_due: u64,
    /// Activities without start and due date that start when they were created.
    pub start_when_created: u64,
    /// Activities that are here and keep their start, since the file lacks a column that it may be from.
    pub start_kept: u64,
    /// New activities whose row says nothing of a status: they get the one that new activities begin with.
    pub without_status: u64,
    /// Activities whose status is not known here, or not said, and for which only counted whether they are done.
    pub by_state: u64,
    /// Names of accounts and people that were left out, since a cell has several.
    pub several_names: u64,
    /// Deleted activities that are not here.
    pub deleted: u64,
    /// Lines after the last row that are no rows.
    pub footer: u64,
}

impl OtherSystem {
    pub(super) fn of(layout: &Layout, ids: Vec<String>, is_utc: bool) -> OtherSystem {
        OtherSystem {
            layout: layout.name,
            system: layout.system.map(System::name),
            ids,
            is_utc,
            start_when_due: 0,
            start_when_created: 0,
            start_kept: 0,
            without_status: 0,
            by_state: 0,
            several_names: 0,
            deleted: 0,
            footer: 0,
        }
    }

    /// What people should know of the rows, a sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let notes = [
            (
                self.start_when_due,
                "has no start: its due date is taken",
                "have no start: their due date is taken",
            ),
            (
                self.start_when_created,
                "has no start and no due date: the time of its creation is taken",
                "have no start and no due date: the time of their creation is taken",
            ),
            (
                self.start_kept,
                "keeps its start: the file lacks the column that has it",
                "keep their start: the file lacks the column that has it",
            ),
            (
                self.without_status,
                "is new and has no status: it gets the status that new activities start with",
                "are new and have no status: they get the status that new activities start with",
            ),
            (
                self.by_state,
                "has a status that is not known here: only whether it is done is taken",
                "have a status that is not known here: only whether they are done is taken",
            ),
            (
                self.several_names,
                "names several accounts or people: none of them is taken",
                "name several accounts or people: none of them is taken",
            ),
            (
                self.deleted,
                "was deleted there and is not here: it is left out",
                "were deleted there and are not here: they are left out",
            ),
            (self.footer, "below the table is left out", "below the table are left out"),
        ];
        let told = notes.into_iter().filter(|(count, ..)| *count > 0);
        let note = |(count, one, several)| match count {
            1 => format!("1 row {one}"),
            count => format!("{count} rows {several}"),
        };
        told.map(note).collect()
    }
}
