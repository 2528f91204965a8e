//! Tables: a header row that names the columns, and rows of cells, be they of CSV or of a workbook.

mod csv_rows;
mod encoding;
mod workbook;

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow;

use csv::StringRecord;
use domain::{GUARD_COLUMN, Zone, unguarded};

use super::columns::{header_name, one_line};
use super::problem::Fault;

pub(super) use csv_rows::CsvRows;
pub use csv_rows::ROW_BYTES_MAX;
pub(super) use encoding::{decoded, is_utf_16};
pub(super) use workbook::{Form as WorkbookForm, Workbook, is_workbook};
pub use workbook::{WORKBOOK_BYTES_MAX, WORKBOOK_UNPACKED_BYTES_MAX};

/// The columns that a kind of table may have. A column is known by its place among them.
pub(super) struct Columns<'c, const N: usize> {
    /// What each is called in messages.
    pub(super) names: [&'static str; N],
    /// Is shown a header before its cells are looked up.
    pub(super) look_at: &'c dyn Fn(&StringRecord),
    /// The column that a header's cell means, which is on one line and has no blanks around it.
    pub(super) find: &'c dyn Fn(&str) -> Option<usize>,
    /// Whether somebody has said what a column of that name is, be it nothing.
    pub(super) is_said: &'c dyn Fn(&str) -> bool,
    /// Whether a header may name a time zone of this column.
    pub(super) is_time: fn(usize) -> bool,
    /// Which needed columns a table does not have, whose columns are these.
    pub(super) lacks: &'c dyn Fn(&[usize]) -> Vec<usize>,
    /// That it lacks them.
    pub(super) lacking: fn(&Lacking) -> Fault,
}

/// What a header row lacks, and what it has instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lacking {
    /// The columns that are needed.
    pub(super) columns: Vec<&'static str>,
    /// Whether it has any column that is known.
    pub(super) knows_some: bool,
    /// The names of all its columns.
    pub(super) header: Vec<String>,
}

/// Of some columns those that a table does not have.
pub(super) fn missing(needed: &[usize], has: &[usize]) -> Vec<usize> {
    needed.iter().copied().filter(|at| !has.contains(at)).collect()
}

impl<const N: usize> Columns<'_, N> {
    /// How many of the cells of a header name a column.
    pub(super) fn known_in(&self, header: &StringRecord) -> usize {
        (self.look_at)(header);
        header.iter().filter(|cell| self.known(cell).is_some()).count()
    }

    /// The column that a header's cell means, with the zone that it names.
    pub(super) fn known(&self, cell: &str) -> Option<(usize, Option<Zone>)> {
        let name = &*one_line(bare(cell));
        let zoned = || zoned(name);
        // Somebody may have said what the whole of it is, and it names a zone all the same.
        if let Some(at) = (self.find)(name) {
            let zone = zoned().map(|(_, zone)| zone).filter(|_| (self.is_time)(at));
            return Some((at, zone));
        }
        let (name, zone) = zoned()?;
        let at = (self.find)(name).filter(|at| (self.is_time)(*at))?;
        Some((at, Some(zone)))
    }
}

/// The names by which columns can be told from others of their name: `Notes (column C)`; none for one that is the only
/// one of its name.
pub(super) fn own_names(header: &StringRecord) -> Vec<Option<String>> {
    let mut times: HashMap<String, usize> = HashMap::new();
    let names: Vec<String> = header.iter().map(|cell| one_line(bare(cell))).collect();
    names.iter().for_each(|name| *times.entry(header_name(name)).or_default() += 1);
    let own = |(at, name): (usize, &String)| {
        let is_double = !name.is_empty() && times.get(&header_name(name)).is_some_and(|n| *n > 1);
        is_double.then(|| format!("{name} (column {})", letters(at)))
    };
    names.iter().enumerate().map(own).collect()
}

/// What spreadsheets call a column, which is counted from 0 here.
fn letters(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(at % 26).unwrap_or_default()));
        if at < 26 {
            return letters.iter().rev().collect();
        }
        at = at / 26 - 1;
    }
}

/// The name of a column and the zone that is named behind it in parentheses.
pub(super) fn zoned(name: &str) -> Option<(&str, Zone)> {
    let (name, zone) = name.strip_suffix(')')?.rsplit_once('(')?;
    Some((name.trim(), Zone::parse(zone.trim()).ok()?))
}

/// The name in a header's cell, without what programs put around it: an apostrophe, or the mark of UTF-8 and
/// quotation marks, where one has taken the mark for a part of the name.
pub(super) fn bare(cell: &str) -> &str {
    cell.trim_start_matches('\u{feff}').trim().trim_matches('"').trim().trim_start_matches('\'')
}

/// What a table says, thing by thing.
pub(super) enum Said<'a, const N: usize> {
    Row(Row<'a, N>),
    /// A column that is none of those known has something in it.
    Other(&'a str),
    /// What is wrong, and in which row.
    Fault(u64, Fault),
}

/// A row that has something in it.
pub(super) struct Row<'a, const N: usize> {
    /// All its cells, of which `values` are parts.
    pub(super) whole: &'a str,
    /// The number that spreadsheets show of it.
    pub(super) number: u64,
    /// Its cells, by column.
    pub(super) values: [Option<&'a str>; N],
    /// The zones that the header names, by column.
    pub(super) zones: &'a [Option<Zone>; N],
}

/// Where rows come from.
pub(super) trait Rows {
    /// Goes to the next row; false at the end.
    fn advance(&mut self) -> Result<bool, Halt>;

    /// The present row.
    fn row(&self) -> &StringRecord;

    /// The number of the present row, as spreadsheets show it: a line break in a cell begins no row.
    fn number(&self) -> u64;

    /// Tells which columns are times, as soon as the header is known: a number in one of them is a date.
    fn expect_times(&mut self, _is_time: Vec<bool>) {}

    /// A cell of the present row that has no value: its place and why.
    fn error(&self) -> Option<(usize, &NoValue)> {
        None
    }

    /// Whether texts may have an apostrophe put before them, whatever the header says.
    fn may_be_guarded(&self) -> bool {
        false
    }
}

/// Why a cell has no value.
pub(super) enum NoValue {
    /// It shows an error.
    Error(String),
    /// It has a formula, and the program that wrote it does not calculate.
    Uncalculated,
}

/// Why no more rows can be read.
pub(super) enum Halt {
    Io(io::Error),
    Fault(u64, Fault),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Halt {
        Halt::Io(error)
    }
}

/// Reads a table. A row that is wrong does not end it.
pub(super) fn read<const N: usize>(
    rows: &mut dyn Rows,
    columns: &Columns<'_, N>,
    each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
) -> io::Result<()> {
    match read_rows(rows, columns, each) {
        Ok(()) => Ok(()),
        Err(Halt::Io(error)) => Err(error),
        Err(Halt::Fault(line, fault)) => {
            let _ = each(Said::Fault(line, fault));
            Ok(())
        }
    }
}

fn read_rows<const N: usize>(
    rows: &mut dyn Rows,
    columns: &Columns<'_, N>,
    each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
) -> Result<(), Halt> {
    if !rows.advance()? {
        return Ok(());
    }
    let header = match Header::new(rows, columns) {
        Ok(header) => header,
        Err(faults) => {
            for fault in faults {
                let _ = each(Said::Fault(rows.number(), fault));
            }
            return Ok(());
        }
    };
    let is_known_time =
        |meaning: &Meaning| matches!(meaning, Meaning::Known(at) if (columns.is_time)(*at));
    rows.expect_times(header.meanings.iter().map(is_known_time).collect());
    while rows.advance()? {
        if header.read_row(rows, each).is_break() {
            break;
        }
    }
    Ok(())
}

/// What each column of a table is.
struct Header<const N: usize> {
    meanings: Vec<Meaning>,
    zones: [Option<Zone>; N],
    /// Whether texts may have been guarded against being taken for formulas.
    is_guarded: bool,
}

#[derive(PartialEq)]
enum Meaning {
    Known(usize),
    /// The name of one that is not known.
    Other(String),
    Guard,
}

/// What a file begins with that was UTF-8 with a mark and has been read as Windows-1252.
const MARK_READ_WRONGLY: &str = "ï»¿";

impl<const N: usize> Header<N> {
    fn new(rows: &dyn Rows, columns: &Columns<'_, N>) -> Result<Header<N>, Vec<Fault>> {
        if rows.row().get(0).is_some_and(|cell| cell.starts_with(MARK_READ_WRONGLY)) {
            return Err(vec![Fault::OpenedAsWestern]);
        }
        (columns.look_at)(rows.row());
        let mut zones = [const { None }; N];
        let own = own_names(rows.row());
        let known = |at: usize, cell: &str| {
            let own = own.get(at).and_then(Option::as_deref).filter(|own| (columns.is_said)(own));
            let Some(own) = own else { return columns.known(cell) };
            let (at, zone) = columns.known(own)?;
            let is_time = (columns.is_time)(at);
            Some((at, zone.or_else(|| Some(zoned(&one_line(bare(cell)))?.1).filter(|_| is_time))))
        };
        let mut meaning = |(at, cell): (usize, &str)| match (cell.trim(), known(at, cell)) {
            (GUARD_COLUMN, _) => Meaning::Guard,
            ("", _) => Meaning::Other(format!("column {}", at + 1)),
            (_, Some((at, zone))) => {
                zones[at] = zone;
                Meaning::Known(at)
            }
            (_, None) => Meaning::Other(one_line(bare(cell))),
        };
        let meanings: Vec<Meaning> = rows.row().iter().enumerate().map(&mut meaning).collect();
        let times = |at| meanings.iter().filter(|meaning| **meaning == Meaning::Known(at)).count();
        let twice = (0..N).filter(|at| times(*at) > 1);
        let mut faults: Vec<_> = twice.map(|at| Fault::ColumnTwice(columns.names[at])).collect();
        let known: Vec<usize> = (0..N).filter(|at| times(*at) > 0).collect();
        let lacks = (columns.lacks)(&known);
        let knows_some = !known.is_empty();
        if !lacks.is_empty() || !knows_some {
            let lacks = lacks.into_iter().map(|at| columns.names[at]).collect();
            let header = rows.row().iter().map(|cell| one_line(bare(cell)));
            let header = header.filter(|name| !name.is_empty()).collect();
            faults.push((columns.lacking)(&Lacking { columns: lacks, knows_some, header }));
        }
        let is_guarded = rows.may_be_guarded() || meanings.contains(&Meaning::Guard);
        if faults.is_empty() { Ok(Header { meanings, zones, is_guarded }) } else { Err(faults) }
    }

    fn read_row(
        &self,
        rows: &dyn Rows,
        each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (row, number) = (rows.row(), rows.number());
        let whole = row.as_slice();
        // Spreadsheets write rows of empty cells below the last one.
        if whole.is_empty() {
            return ControlFlow::Continue(());
        }
        let columns = self.meanings.len();
        let last = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).last();
        let cells = last.map_or(0, |(last, _)| last + 1);
        if cells > columns {
            return each(Said::Fault(number, Fault::Cells { cells, columns }));
        }
        if let Some((at, why)) = rows.error()
            && let Some(Meaning::Known(_)) = self.meanings.get(at)
        {
            let column = at + 1;
            let fault = match why {
                NoValue::Error(shows) => Fault::CellError { column, shows: shows.clone() },
                NoValue::Uncalculated => Fault::Uncalculated { column },
            };
            return each(Said::Fault(number, fault));
        }
        let mut values = [None; N];
        // What ends before the header does is empty there: programs leave out empty cells at the end.
        let padded = row.iter().chain(std::iter::repeat(&whole[whole.len()..]));
        for (meaning, cell) in self.meanings.iter().zip(padded) {
            match meaning {
                Meaning::Known(at) => {
                    values[*at] = Some(if self.is_guarded { unguarded(cell) } else { cell });
                }
                Meaning::Other(name) if !cell.is_empty() => each(Said::Other(name))?,
                Meaning::Other(_) | Meaning::Guard => {}
            }
        }
        each(Said::Row(Row { whole, number, values, zones: &self.zones }))
    }
}
