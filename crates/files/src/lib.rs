//! The files that activities come from and go to.
//!
//! [`read`] takes, and tells apart by their content:
//!
//! - the vendor's own JSON answers of `syncActivities`, `listActivities` and `retrieveActivity`, as
//!   scripts have saved them: pretty printed or on one line, one after the other or in an array;
//! - records in JSON as an export has them, one a line, one after the other or in an array. One
//!   with a `deletedDateTime` has been removed;
//! - all of an organization as `export --all` writes it;
//! - tables, as CSV or as the first visible sheet of a workbook (`.xlsx`, `.ods`), whose first row names the
//!   members, in any order and any case, or under a name that other systems have for them
//!   ([`ColumnNames`]).
//!
//! Types are read leniently, since the vendor's wavered over the years: numbers as text and text as
//! numbers, a single element for a list, `null` or empty for none, for the ids of clients and persons zero too,
//! priorities in any case, times
//! with a blank for `+`, without milliseconds or with `+0800`. In tables, times and numbers may be written
//! in all the ways in which spreadsheets write them. Everything else is read strictly, and what is wrong is
//! told with its line.
//!
//! A member that may be absent and that a file names with nothing in it is none; one that a file does
//! not name, or has no column for, it says nothing of ([`Members`](domain::Members)).

mod accounts;
mod answer;
mod cells;
mod column;
mod columns;
mod external_ids;
mod fields;
mod foreign;
mod ignored;
mod json;
mod layouts;
mod look;
mod numbers;
mod object;
mod organization;
mod other_system;
mod pages;
mod problem;
mod recognised;
mod rows;
mod source;
mod stretch;
mod table;
#[cfg(test)]
mod tests;
mod times;
mod users;
mod value;

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;
use std::path::Path;

use domain::{Imported, Names, NoNames, OrganizationData, Stamp, Zone};

pub use accounts::read_accounts;
pub use answer::{AnswerError, AnswerHead, AnswerPage, Unreadable, read_answer};
pub use column::COLUMNS;
pub use columns::{ColumnName, ColumnNameError, ColumnNames};
pub use ignored::Ignored;
pub use look::{TableColumn, look, members};
pub use organization::{write_beginning, write_end};
pub use other_system::OtherSystem;
pub use pages::Pages;
pub use problem::{Fault, PROBLEMS_SHOWN_MAX, Problem, ReadError, WayOut};
pub use stretch::VALUE_BYTES_MAX;
pub use table::{ROW_BYTES_MAX, WORKBOOK_BYTES_MAX, WORKBOOK_UNPACKED_BYTES_MAX};
pub use times::{Dates, DatesError};
pub use users::read_users;

use problem::Problems;
use source::Source;

/// What there is to know to read a file.
pub struct Reading<'a> {
    /// When a record without any time was created.
    pub now: Stamp,
    /// The time zone of times in tables that name none.
    pub zone: &'a Zone,
    /// Whether somebody has said that zone for these files. Else tables of systems that write their times in
    /// UTC are read so.
    pub zone_is_said: bool,
    /// What dates with slashes mean in tables.
    pub dates: Option<Dates>,
    /// Names of columns beyond those that are known.
    pub columns: &'a ColumnNames,
    /// Where workbooks are set aside; the system's folder for such files where there is none.
    pub folder: Option<&'a Path>,
    /// The most bytes that a workbook may have once it is unpacked: [`WORKBOOK_UNPACKED_BYTES_MAX`], or less.
    pub unpacked_max: u64,
    /// Whom and what names in tables stand for.
    pub names: &'a mut (dyn Names + 'static),
}

/// Reads records that say all of themselves, as JSON does: there are no cells whose meaning has to be known.
#[derive(Debug)]
pub struct WholeRecords {
    zone: Zone,
    columns: ColumnNames,
    names: NoNames,
}

impl Default for WholeRecords {
    fn default() -> WholeRecords {
        WholeRecords { zone: Zone::utc(), columns: ColumnNames::default(), names: NoNames }
    }
}

impl WholeRecords {
    /// What there is to know to read them: when a record without any time was created.
    pub fn reading(&mut self, now: Stamp) -> Reading<'_> {
        let WholeRecords { zone, columns, names } = self;
        Reading {
            now,
            zone,
            zone_is_said: true,
            dates: None,
            columns,
            folder: None,
            unpacked_max: WORKBOOK_UNPACKED_BYTES_MAX,
            names,
        }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Activities as they are.
    pub records: u64,
    /// Of these, activities that are to get an id, and that have none in another system by which the next
    /// import would find them.
    pub without_id: u64,
    /// Activities that have been removed.
    pub removals: u64,
    /// Times that occur twice, since clocks were put back then: the earlier was taken.
    pub twice: u64,
    /// Names of accounts and people that are not known, beside a number that has another name: the number counts.
    pub names_ignored: u64,
    /// What a table does not say of its times.
    pub unsaid: Unsaid,
    /// Members and columns that are not kept.
    pub ignored: Ignored,
    /// Of which other system the file is, and what was made of its rows.
    pub other_system: Option<OtherSystem>,
    /// Which pages the answers in it are.
    pub pages: Pages,
    /// What there is beside the activities, where the file has a whole organization.
    pub organization: Option<Box<OrganizationData>>,
}

/// What a table does not say, so that it depends on what the import is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsaid {
    /// Whether the day or the month comes first in its dates; false where the import has been told.
    pub dates: bool,
    /// In which time zone its times are.
    pub zone: bool,
}

/// Reads a file and hands over what it says, one thing at a time and in the file's order. What the
/// file says twice is handed over twice: saved answers repeat their deleted ids on every page.
///
/// After the first problem only rows of tables are handed over, since more may be wrong with them than can be seen
/// here; of every file, all problems are told at once. Nothing may be done on the strength of half a file: wait for
/// the summary.
/// A break ends the reading without an error.
///
/// `name` stands in messages.
///
/// Memory: of JSON, one outermost value of at most [`VALUE_BYTES_MAX`] is held at a time, and a few
/// bytes for each of its elements: one line of JSON lines, but all of a pretty-printed document. Of
/// CSV, one row of at most [`ROW_BYTES_MAX`]. Of an .xlsx workbook, its list of texts and one row; of an
/// .ods, all of the sheet. Workbooks have at most [`WORKBOOK_BYTES_MAX`], and unpacked
/// [`WORKBOOK_UNPACKED_BYTES_MAX`].
///
/// # Errors
/// When the file cannot be read, or when anything in it is not right.
pub fn read(
    name: &str,
    mut source: impl BufRead,
    reading: Reading<'_>,
    each: &mut dyn FnMut(Imported) -> ControlFlow<()>,
) -> Result<Summary, ReadError> {
    let (problems, summary) = (Problems::default(), Summary::default());
    let intake = Intake { reading, each, aside: None, problems, summary, head: None };
    intake
        .read(&mut source)
        .map_err(|source| ReadError::Io { name: name.to_owned(), source })
        .and_then(|(summary, problems)| {
            let read_as = summary.other_system.as_ref();
            let read_as = read_as.map(|other| format!("{name} (read as {})", other.layout));
            match problems.verdict(read_as.as_deref().unwrap_or(name)) {
                Ok(()) => Ok(summary),
                Err(problem) => Err(problem.after(summary)),
            }
        })
}

/// What a reading has come to so far.
struct Intake<'e> {
    reading: Reading<'e>,
    each: &'e mut dyn FnMut(Imported) -> ControlFlow<()>,
    /// Where records go that are not right; where there is no such place, they are problems.
    aside: Option<&'e mut dyn FnMut(Unreadable)>,
    problems: Problems,
    summary: Summary,
    /// Of the answer that was read last.
    head: Option<AnswerHead>,
}

impl Intake<'_> {
    fn read(mut self, source: &mut dyn BufRead) -> io::Result<(Summary, Problems)> {
        match source::open(source, self.reading.folder, self.reading.unpacked_max)? {
            Source::Empty => self.problems.add(|| 0, Fault::Empty),
            Source::NoText => self.problems.add(|| 0, Fault::NoTable),
            Source::Json(mut text, line) => {
                let mut head = Vec::new();
                let beginning = organization::BEGINNING;
                (&mut text).take(beginning.len() as u64).read_to_end(&mut head)?;
                let is_whole = head == beginning;
                let mut source = io::Cursor::new(head).chain(text);
                match is_whole {
                    true => organization::read(&mut source, line, &mut self)?,
                    false => json::read(&mut source, line, &mut self)?,
                }
            }
            table => rows::read(table, &mut self)?,
        }
        Ok((self.summary, self.problems))
    }

    /// Counts it, and hands it over; after a problem, if it is a row of a table.
    fn take(&mut self, imported: Imported) -> ControlFlow<()> {
        match imported {
            Imported::Record { id, ref activity, .. } => {
                if let Some(user) = activity.assignable_user() {
                    self.reading.names.meet_user(user, None);
                }
                self.summary.records += 1;
                let is_known_again = id.is_some() || activity.external_id.is_some();
                self.summary.without_id += u64::from(!is_known_again);
            }
            Imported::Removed { .. } => self.summary.removals += 1,
        }
        if self.problems.count() > 0 && imported.row().is_none() {
            return ControlFlow::Continue(());
        }
        (self.each)(imported)
    }
}
