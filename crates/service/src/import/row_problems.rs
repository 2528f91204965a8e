//! Rows of tables that can be read and cannot be taken as they are.

use std::fmt;

use domain::ExternalId;

/// How many of them are told in full.
const SHOWN_MAX: usize = 20;

/// Why a row of a table cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// Which of the files it is in, in the order in which they were read, counted from 0.
    pub file: usize,
    /// Its row, as spreadsheets number it; none where the problem is with many rows.
    pub row: Option<u64>,
    /// What is wrong, and what to do about it.
    pub problem: String,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.row {
            write!(f, "row {row}: ")?;
        }
        f.write_str(&self.problem)
    }
}

/// Why rows of tables cannot be taken: the first reasons, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowProblems {
    /// At most 20.
    pub first: Vec<RowProblem>,
    /// The others.
    pub more: u64,
}

impl RowProblems {
    /// Whether all is well.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Whether no more are told in full.
    pub(crate) fn is_full(&self) -> bool {
        self.first.len() >= SHOWN_MAX
    }

    pub(crate) fn add(&mut self, problem: impl FnOnce() -> RowProblem) {
        if self.is_full() {
            self.more += 1;
        } else {
            self.first.push(problem());
        }
    }
}

impl fmt::Display for RowProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.first.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// What is wrong with a row whose id in another system is also that of an earlier row that says something else.
pub(crate) fn same_external_id(id: &ExternalId, earlier: Option<u64>) -> String {
    format!(
        "{} the same id of another system, {id}, but different values. Remove the row that is wrong",
        both(earlier)
    )
}

/// The same of a row with the id of an activity.
pub(crate) fn same_id(id: domain::ActivityId, earlier: Option<u64>) -> String {
    format!(
        "{} the same activityId, {id}, but different values. Did a spreadsheet round the id, or was a row copied? Correct the id, or leave it empty for a new activity",
        both(earlier)
    )
}

fn both(earlier: Option<u64>) -> String {
    match earlier {
        Some(row) => format!("this row and row {row} have"),
        None => "this row and an earlier one have".to_owned(),
    }
}
