//! What the columns of a table are, before it is read, so that someone can be asked which members they are.

use std::io::{self, BufRead};
use std::path::Path;

use csv::StringRecord;
use domain::{GUARD_COLUMN, Moment};

use super::column::{COLUMN_NAMES, Column, NAMES};
use super::columns::{ColumnNames, one_line};
use super::problem::{Fault, shown};
use super::recognised::HeaderNames;
use super::source::{self, Source};
use super::table::{Columns, CsvRows, Halt, Rows, bare, own_names};

/// The most columns that are told.
const COLUMNS_MAX: usize = 200;

/// The longest name of one, in bytes: what is longer is a text.
const NAME_BYTES_MAX: usize = 500;

/// Rows that are looked at to find a value for each column.
const ROWS_MAX: usize = 50;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// What the header row calls it; of several of one name, each with its letter behind it: `Notes (column C)`.
    pub name: String,
    /// The member that it is known as; in a table of another system, also what that has in place of one.
    pub member: Option<&'static str>,
    /// The beginning of the first value in it; empty where the first rows have none.
    pub sample: String,
}

/// The members that a column can be.
#[must_use]
pub fn members() -> &'static [&'static str] {
    // The last is another word for a status's name.
    &NAMES[..NAMES.len() - 1]
}

/// The columns of a table that have a name, the first 200; none where the file is no table, or cannot be read as one.
/// Folder and limit are those of [`Reading`](super::Reading).
///
/// # Errors
/// When the source cannot be read.
pub fn look(
    mut source: impl BufRead,
    names: &ColumnNames,
    folder: Option<&Path>,
    unpacked_max: u64,
) -> io::Result<Vec<TableColumn>> {
    let names = HeaderNames::new(names);
    let look_at_header = |header: &StringRecord| names.look_at(header);
    let find = |name: &str| names.find(name).map(Column::place);
    let is_said = |name: &str| names.is_said(name);
    let columns = Columns {
        names: COLUMN_NAMES,
        look_at: &look_at_header,
        find: &find,
        is_said: &is_said,
        is_time: Column::is_time,
        lacks: &|_| Vec::new(),
        lacking: Fault::columns,
    };
    match source::open(&mut source, folder, unpacked_max)? {
        Source::Csv { mut text, line, is_marked } => {
            let mut rows = CsvRows::new(&mut text, line, is_marked, &columns)?;
            look_at(&mut rows, &columns)
        }
        Source::Workbook(workbook) => {
            let found = workbook.with_rows(&mut |rows, _| look_at(rows, &columns))?;
            Ok(found.unwrap_or_default())
        }
        Source::Empty | Source::NoText | Source::Json(..) => Ok(Vec::new()),
    }
}

fn look_at<const N: usize>(
    rows: &mut dyn Rows,
    columns: &Columns<'_, N>,
) -> io::Result<Vec<TableColumn>> {
    if !advance(rows)? {
        return Ok(Vec::new());
    }
    (columns.look_at)(rows.row());
    let own = own_names(rows.row());
    let column = |(at, cell): (usize, &str)| {
        let own = own.get(at).and_then(Option::as_deref);
        let name = own.map_or_else(|| one_line(bare(cell)), str::to_owned);
        let cell = own.filter(|own| (columns.is_said)(own)).unwrap_or(cell);
        let is_named =
            !name.is_empty() && name.len() <= NAME_BYTES_MAX && cell.trim() != GUARD_COLUMN;
        let member = columns.known(cell).and_then(|(at, _)| COLUMN_NAMES.get(at).copied());
        is_named.then(|| (at, TableColumn { name, member, sample: String::new() }))
    };
    let mut found: Vec<(usize, TableColumn)> =
        rows.row().iter().enumerate().filter_map(column).take(COLUMNS_MAX).collect();
    for _ in 0..ROWS_MAX {
        let is_full = found.iter().all(|(_, column)| !column.sample.is_empty());
        if is_full || !advance(rows)? {
            break;
        }
        for (at, column) in found.iter_mut().filter(|(_, column)| column.sample.is_empty()) {
            column.sample = rows.row().get(*at).map(|cell| sample(cell.trim())).unwrap_or_default();
        }
    }
    Ok(found.into_iter().map(|(_, column)| column).collect())
}

/// The beginning of a cell; a date cell as the date, without what is zero.
fn sample(cell: &str) -> String {
    const ZEROS: [&str; 3] = [".000", ":00", " 00:00"];
    // Workbooks are read so that a date cell is `2026-11-30T09:00:00.000`.
    let is_date = cell.len() == 23 && Moment::parse(&format!("{cell}Z")).is_ok();
    if !is_date {
        return shown(cell);
    }
    let mut text = cell.replace('T', " ");
    for zeros in ZEROS {
        match text.strip_suffix(zeros) {
            Some(rest) => text.truncate(rest.len()),
            None => break,
        }
    }
    text
}

/// Goes to the next row; what cannot be read as a row is told when the table is read.
fn advance(rows: &mut dyn Rows) -> io::Result<bool> {
    match rows.advance() {
        Ok(more) => Ok(more),
        Err(Halt::Fault(..)) => Ok(false),
        Err(Halt::Io(error)) => Err(error),
    }
}
