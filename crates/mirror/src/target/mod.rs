//! Where a mirror writes to.

mod csv_file;
mod json_lines;
mod postgresql;
mod sqlite;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::ActivityId;
use thiserror::Error;

pub use csv_file::CsvTarget;
pub use json_lines::JsonLinesTarget;
pub use postgresql::PostgresqlTarget;
pub use sqlite::SqliteTarget;

use crate::columns::Values;
use crate::{Row, State};

/// What is written at once: all of it, or nothing.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Activities that are there.
    pub rows: &'a [Row],
    /// Activities that were removed.
    pub removed: &'a [ActivityId],
    /// Activities of which the source knows nothing, not even that they were removed: what there is of them goes.
    pub unknown: &'a [ActivityId],
    /// How far the mirror has come with these.
    pub state: &'a State,
    /// Whether rows are written also where what is there seems newer: somebody else has changed it.
    pub is_repair: bool,
}

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that are new or differ from what was there.
    pub written: u64,
    /// Rows that were taken away.
    pub removed: u64,
}

/// A place that is kept equal to the source.
///
/// What [`Target::finish`] has acknowledged is durable. Before that, a power cut may take back the batches that were
/// applied last, but never a part of one, and so never rows without the place that they lead to, or that without them.
/// Applying a batch a second time changes nothing.
pub trait Target {
    /// How far the mirror has come; none of a target that is new.
    ///
    /// # Errors
    /// When the target cannot be read, or its tables are of another form.
    fn state(&mut self) -> Result<Option<State>, TargetError>;

    /// How many activities it has.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn count(&mut self) -> Result<u64, TargetError>;

    /// How many of these activities it has.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn count_of(&mut self, ids: &[ActivityId]) -> Result<u64, TargetError>;

    /// Those of these activities that it has, in any order.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn rows_of(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError>;

    /// The activities with ids greater than `after`, by id, at most `max`.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError>;

    /// The removed activities that it knows with ids greater than `after`, by id, at most `max`.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<ActivityId>, TargetError>;

    /// Writes a batch. A row that is older than what is there changes nothing, unless it is a repair.
    ///
    /// # Errors
    /// When the target cannot be written to: then nothing has changed.
    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError>;

    /// Does what remains to be done at the end of a run.
    ///
    /// # Errors
    /// When the target cannot be written to.
    fn finish(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
}

/// Why a target cannot be used.
#[derive(Debug, Error)]
pub enum TargetError {
    /// It cannot be read or written.
    #[error("{target}: {problem}")]
    Failed {
        /// The target.
        target: String,
        /// What it said.
        problem: String,
    },
    /// There is something of that name that no mirror has made.
    #[error(
        "{target} has a table {table:?} that no mirror has made: give another target, or move the table away"
    )]
    Foreign {
        /// The target.
        target: String,
        /// The table.
        table: &'static str,
    },
    /// Another mirror writes to it: of two runs side by side, the older could undo what the newer has written.
    #[error("{target} is in use: another mirror is writing to it, and must end first")]
    InUse {
        /// The target.
        target: String,
    },
    /// It was written by a release with other tables.
    #[error(
        "the tables in {target} are of version {found:?}, this release writes version {expected}: mirror into a new target"
    )]
    Version {
        /// The target.
        target: String,
        /// The version that it has.
        found: String,
        /// The version that this release writes.
        expected: u32,
    },
}

/// A target as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetAddress {
    /// `sqlite:FILE`.
    Sqlite(PathBuf),
    /// `csv:FILE`.
    Csv(PathBuf),
    /// `jsonl:DIR`.
    JsonLines(PathBuf),
    /// `postgresql://USER@HOST/DATABASE`.
    Postgresql(String),
}

/// A text that names no target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetAddressError {
    /// Not of a known kind.
    #[error(
        "expected sqlite:FILE, csv:FILE, jsonl:DIR or postgresql://…, like sqlite:activities.db"
    )]
    Kind,
    /// Nothing after the colon.
    #[error("expected a name after the colon, like sqlite:activities.db")]
    NoName,
}

impl FromStr for TargetAddress {
    type Err = TargetAddressError;

    fn from_str(text: &str) -> Result<TargetAddress, TargetAddressError> {
        let (kind, name) = text.split_once(':').ok_or(TargetAddressError::Kind)?;
        let address = match kind {
            "postgresql" | "postgres" => return Ok(TargetAddress::Postgresql(text.to_owned())),
            "sqlite" => TargetAddress::Sqlite,
            "csv" => TargetAddress::Csv,
            "jsonl" => TargetAddress::JsonLines,
            _ => return Err(TargetAddressError::Kind),
        };
        if name.is_empty() { Err(TargetAddressError::NoName) } else { Ok(address(name.into())) }
    }
}

/// A file beside another: the same name with something behind it.
fn beside(file: &Path, more: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(more);
    name.into()
}

impl TargetAddress {
    /// Opens it; makes its tables where there are none.
    ///
    /// # Errors
    /// When it cannot be opened, or is not a mirror's.
    pub fn open(&self) -> Result<Box<dyn Target>, TargetError> {
        match self {
            TargetAddress::Sqlite(file) => Ok(Box::new(SqliteTarget::open(file)?)),
            TargetAddress::Csv(file) => Ok(Box::new(CsvTarget::open(file)?)),
            TargetAddress::JsonLines(folder) => Ok(Box::new(JsonLinesTarget::open(folder)?)),
            TargetAddress::Postgresql(url) => Ok(Box::new(PostgresqlTarget::open(url)?)),
        }
    }
}
