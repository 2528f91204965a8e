//! The files that activities come from and go to.
//!
//! [`read`] takes, and tells apart by their content:
//!
//! - the vendor's own JSON answers of `syncActivities`, `listActivities` and `retrieveActivity`, as
//!   scripts have saved them: pretty printed or on one line, one after the other or in an array;
//! - records in JSON as [`Writer`] writes them, one a line, one after the other or in an array. One
//!   with a `deletedDateTime` has been removed;
//! - all of an organization as [`OrganizationWriter`] writes it;
//! - CSV whose first row names the members, in any order and any case: `activityId`, `subject`,
//!   `startDateTime`, `activityStatus.id`, `activityStatus.name`, `activityPriority`, and what there
//!   is of the others.
//!
//! Types are read leniently, since the vendor's wavered over the years: numbers as text and text as
//! numbers, a single element for a list, `null` or empty for none, for the ids of clients and persons zero too,
//! priorities in any case, times
//! with a blank for `+`, without milliseconds or with `+0800`. Everything else is read strictly,
//! and what is wrong is told with its line.
//!
//! A member that may be absent and that a file names with nothing in it is none; one that a file does
//! not name, or has no column for, it says nothing of ([`Members`](domain::Members)).

mod accounts;
mod fields;
mod ignored;
mod json;
mod object;
mod organization;
mod pages;
mod problem;
mod rows;
mod stretch;
mod table;
#[cfg(test)]
mod tests;
mod users;
mod value;
mod write;

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use domain::{Imported, Stamp};
use service::OrganizationData;

pub use accounts::read_accounts;
pub use ignored::Ignored;
pub use organization::OrganizationWriter;
pub use pages::Pages;
pub use problem::{Fault, PROBLEMS_SHOWN_MAX, Problem, ReadError};
pub use stretch::VALUE_BYTES_MAX;
pub use table::ROW_BYTES_MAX;
pub use users::read_users;
pub use write::{Format, FormatError, Writer};

use problem::Problems;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Activities as they are.
    pub records: u64,
    /// Activities that have been removed.
    pub removals: u64,
    /// Members and columns that are not kept.
    pub ignored: Ignored,
    /// Which pages the answers in it are.
    pub pages: Pages,
    /// What there is beside the activities, where the file has a whole organization.
    pub organization: Option<Box<OrganizationData>>,
}

/// Reads a file and hands over what it says, one thing at a time and in the file's order. What the
/// file says twice is handed over twice: saved answers repeat their deleted ids on every page.
///
/// After the first problem nothing is handed over any more, but the file is read on so that all of
/// its problems can be mended at once. Whoever must not act on half a file waits for the summary.
/// A break ends the reading without an error.
///
/// `name` stands in messages, `now` is when a record without any time was created.
///
/// Memory: of JSON, one outermost value of at most [`VALUE_BYTES_MAX`] is held at a time, and a few
/// bytes for each of its elements: one line of JSON lines, but all of a pretty-printed document. Of
/// CSV, one row of at most [`ROW_BYTES_MAX`].
///
/// # Errors
/// When the file cannot be read, or when anything in it is not right.
pub fn read(
    name: &str,
    mut source: impl BufRead,
    now: Stamp,
    each: &mut dyn FnMut(Imported) -> ControlFlow<()>,
) -> Result<Summary, ReadError> {
    let intake = Intake { now, each, problems: Problems::default(), summary: Summary::default() };
    intake
        .read(&mut source)
        .map_err(|source| ReadError::Io { name: name.to_owned(), source })
        .and_then(|(summary, problems)| problems.verdict(name).map(|()| summary))
}

/// What a reading has come to so far.
struct Intake<'e> {
    now: Stamp,
    each: &'e mut dyn FnMut(Imported) -> ControlFlow<()>,
    problems: Problems,
    summary: Summary,
}

impl Intake<'_> {
    fn read(mut self, source: &mut dyn BufRead) -> io::Result<(Summary, Problems)> {
        let (first, line) = skip_to_content(source)?;
        match first {
            None => {}
            Some(b'{' | b'[') => {
                let mut head = Vec::new();
                let beginning = organization::BEGINNING;
                source.take(beginning.len() as u64).read_to_end(&mut head)?;
                let is_whole = head == beginning;
                let mut source = io::Cursor::new(head).chain(source);
                match is_whole {
                    true => organization::read(&mut source, line, &mut self)?,
                    false => json::read(&mut source, line, &mut self)?,
                }
            }
            Some(_) => rows::read(source, line, &mut self)?,
        }
        Ok((self.summary, self.problems))
    }

    /// Counts it, and hands it over unless there has been a problem, with it or before it.
    fn take(&mut self, imported: Imported) -> ControlFlow<()> {
        match imported {
            Imported::Record { .. } => self.summary.records += 1,
            Imported::Removed { .. } => self.summary.removals += 1,
        }
        if self.problems.count() > 0 {
            return ControlFlow::Continue(());
        }
        (self.each)(imported)
    }
}

/// Skips the mark that Windows programs put before UTF-8, and white space. Returns the first byte
/// after it, which is left in the source, and its line.
fn skip_to_content(source: &mut dyn BufRead) -> io::Result<(Option<u8>, u64)> {
    const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
    let (mut mark_at, mut line) = (0, 1);
    loop {
        let first = source.fill_buf()?.first().copied();
        match first {
            Some(byte) if MARK.get(mark_at) == Some(&byte) => mark_at += 1,
            Some(byte) if byte.is_ascii_whitespace() => line += u64::from(byte == b'\n'),
            _ => return Ok((first, line)),
        }
        source.consume(1);
    }
}
