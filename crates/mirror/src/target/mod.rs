//! Where a mirror writes to.

mod csv_file;
mod json_lines;
mod postgresql;
mod singer;
mod sqlite;
mod statements;

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use domain::{ActivityId, Stamp};
use serde_json::{Map, json};
use thiserror::Error;

pub use csv_file::CsvTarget;
pub use json_lines::JsonLinesTarget;
pub use postgresql::PostgresqlTarget;
pub use singer::SingerTarget;
pub use sqlite::SqliteTarget;

use crate::columns::{COLUMNS, Kind, Value, Values};
use crate::{Row, RunNote, State, Unreadable};

/// As many runs are kept.
const RUNS_KEPT_MAX: usize = 100;

/// What is written at once: all of it, or nothing. An activity is in one of the lists at most.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Activities that are there.
    pub rows: &'a [Row],
    /// Records that cannot be activities.
    pub unreadable: &'a [Unreadable],
    /// Activities that were removed.
    pub removed: &'a [ActivityId],
    /// Activities of which the source knows nothing, not even that they were removed: everything that the target has
    /// of them goes, notes of removals and unreadable records too.
    pub unknown: &'a [ActivityId],
    /// How far the mirror has come with these.
    pub state: &'a State,
    /// When the source said so, by its clock.
    pub as_of: Stamp,
    /// Whether rows are written also where what is there seems newer: somebody else has changed it.
    pub is_repair: bool,
}

impl<'a> Batch<'a> {
    /// Nothing but how far the mirror has come.
    #[must_use]
    pub fn of_state(state: &'a State) -> Batch<'a> {
        let (rows, unreadable): (&[_], &[_]) = (&[], &[]);
        let (removed, unknown): (&[_], &[_]) = (&[], &[]);
        let as_of = Stamp::MIN;
        Batch { rows, unreadable, removed, unknown, state, as_of, is_repair: false }
    }
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

    /// What it has; none of a target that cannot be read, because all is passed on.
    fn rows(&mut self) -> Option<&mut dyn Rows>;

    /// Writes a batch. A row that is older than what is there changes nothing, unless it is a repair.
    ///
    /// # Errors
    /// When the target cannot be written to: then nothing has changed.
    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError>;

    /// Keeps what a run came to, if the target has a place for it.
    ///
    /// # Errors
    /// When the target cannot be written to.
    fn keep_run(&mut self, run: &RunNote) -> Result<(), TargetError> {
        let _ = run;
        Ok(())
    }

    /// Does what remains to be done at the end of a run.
    ///
    /// # Errors
    /// When the target cannot be written to.
    fn finish(&mut self) -> Result<(), TargetError> {
        Ok(())
    }
}

/// What a target has.
pub trait Rows {
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

    /// The removed activities that it knows with ids greater than `after`, by id, at most `max`; none of a target that
    /// does not tell them.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Option<Vec<ActivityId>>, TargetError> {
        let _ = (after, max);
        Ok(None)
    }

    /// How many records it has that cannot be activities.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn unreadable(&mut self) -> Result<u64, TargetError>;

    /// Those records with ids greater than `after`, by id, at most `max`.
    ///
    /// # Errors
    /// When the target cannot be read.
    fn unreadable_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<(ActivityId, String)>, TargetError>;
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
    /// It cannot be known how far it has come.
    #[error(
        "singer:- needs --state FILE: the file that the output of the Singer target is appended to (it need not exist yet)"
    )]
    NoStates,
    /// Another mirror writes to it: of two runs at the same time, the older could undo what the newer has written.
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

impl TargetError {
    /// Whether the next run cannot go better: the target is not of a kind that this mirror can write to.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            TargetError::Failed { .. } | TargetError::InUse { .. } => false,
            TargetError::Foreign { .. } | TargetError::NoStates | TargetError::Version { .. } => {
                true
            }
        }
    }
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
    /// `singer:-`.
    Singer,
}

/// A text that names no target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetAddressError {
    /// Not of a known kind.
    #[error(
        "expected sqlite:FILE, csv:FILE, jsonl:DIR, postgresql://… or singer:-, like sqlite:activities.db"
    )]
    Kind,
    /// Not an address of a PostgreSQL server.
    #[error("expected an address like postgresql://USER@HOST/DATABASE, but {0}")]
    Postgresql(String),
    /// Nothing after the colon.
    #[error("expected the name of a file or folder after the colon, like sqlite:activities.db")]
    NoName,
}

impl FromStr for TargetAddress {
    type Err = TargetAddressError;

    fn from_str(text: &str) -> Result<TargetAddress, TargetAddressError> {
        let (kind, name) = text.split_once(':').ok_or(TargetAddressError::Kind)?;
        let address = match kind {
            "postgresql" | "postgres" => {
                postgresql::expect_address(text).map_err(TargetAddressError::Postgresql)?;
                return Ok(TargetAddress::Postgresql(text.to_owned()));
            }
            "singer" if name == "-" => return Ok(TargetAddress::Singer),
            "sqlite" => TargetAddress::Sqlite,
            "csv" => TargetAddress::Csv,
            "jsonl" => TargetAddress::JsonLines,
            _ => return Err(TargetAddressError::Kind),
        };
        match name {
            "" => Err(TargetAddressError::NoName),
            // SQLite would keep it in memory.
            name if kind == "sqlite" && name.starts_with(':') => Err(TargetAddressError::NoName),
            name => Ok(address(name.into())),
        }
    }
}

/// The runs that were kept, the newest first, with one more, as JSON.
fn with_run(kept: Option<&str>, run: &RunNote) -> String {
    let kept = kept.and_then(|kept| serde_json::from_str::<Vec<serde_json::Value>>(kept).ok());
    let before = kept.unwrap_or_default().into_iter().take(RUNS_KEPT_MAX - 1);
    let runs = std::iter::once(json!(run)).chain(before);
    serde_json::Value::Array(runs.collect()).to_string()
}

/// A row as JSON, with the columns' names.
fn members(values: &Values) -> Map<String, serde_json::Value> {
    let mut members = Map::new();
    for (column, value) in COLUMNS.iter().zip(values) {
        let value = match (value, column.kind) {
            (Value::Null, _) => serde_json::Value::Null,
            (Value::Number(number), _) => json!(number),
            (Value::Text(text), Kind::Json) => serde_json::from_str(text).unwrap_or_default(),
            (Value::Text(text), _) => json!(text),
            (Value::Time(stamp), _) => json!(stamp.at_offset(0).to_string()),
        };
        members.insert(column.name.to_owned(), value);
    }
    members
}

/// A file next to another: the same name with something behind it.
fn next_to(file: &Path, more: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(more);
    name.into()
}

impl TargetAddress {
    /// Opens it; makes its tables where there are none. `states` is the file that a Singer target's states are
    /// appended to; other targets have none.
    ///
    /// # Errors
    /// When it cannot be opened, or is not a mirror's.
    pub fn open(&self, states: Option<&Path>) -> Result<Box<dyn Target>, TargetError> {
        match self {
            TargetAddress::Sqlite(file) => Ok(Box::new(SqliteTarget::open(file)?)),
            TargetAddress::Csv(file) => Ok(Box::new(CsvTarget::open(file)?)),
            TargetAddress::JsonLines(folder) => Ok(Box::new(JsonLinesTarget::open(folder)?)),
            TargetAddress::Postgresql(url) => Ok(Box::new(PostgresqlTarget::open(url)?)),
            TargetAddress::Singer => singer(states, Box::new(io::stdout())),
        }
    }

    /// Opens it to look at it. Where there is none yet, nothing is made: an empty one in memory takes its place.
    ///
    /// # Errors
    /// As [`TargetAddress::open`].
    pub fn open_to_look(&self, states: Option<&Path>) -> Result<Box<dyn Target>, TargetError> {
        let is_there = match self {
            TargetAddress::Sqlite(file) => SqliteTarget::is_at(file)?,
            TargetAddress::Csv(file) => next_to(file, ".mirror").exists() || file.exists(),
            TargetAddress::JsonLines(folder) => json_lines::is_in(folder),
            TargetAddress::Postgresql(url) => PostgresqlTarget::is_at(url)?,
            TargetAddress::Singer => return singer(states, Box::new(io::sink())),
        };
        if is_there { self.open(states) } else { Ok(Box::new(SqliteTarget::in_memory()?)) }
    }
}

fn singer(
    states: Option<&Path>,
    out: Box<dyn io::Write + Send>,
) -> Result<Box<dyn Target>, TargetError> {
    let states = states.ok_or(TargetError::NoStates)?;
    Ok(Box::new(SingerTarget::open(states, out)?))
}
