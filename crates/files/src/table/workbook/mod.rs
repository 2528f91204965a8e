//! Rows of a workbook: the first visible sheet of an .xlsx or .ods file, told apart by what is in it.
//!
//! Values become text as they would stand in CSV: a date cell the local time that it shows, a number its
//! digits. What a formula showed last is its value.

mod careful;
mod compact;
mod guard;

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use calamine::{
    Data, DataRef, ExcelDateTime, ExcelDateTimeType, Ods, Range, Reader, Sheet, SheetVisible, Xlsx,
    XlsxCellReader, XlsxError,
};
use csv::StringRecord;
use domain::LocalTime;

use self::careful::careful;
use super::{Columns, Halt, NoValue, Rows, Said};
use crate::problem::Fault;

/// The most bytes that a workbook may have.
pub const WORKBOOK_BYTES_MAX: u64 = 256 << 20;

/// The most bytes that a workbook may have once it is unpacked, where nobody asks for less.
pub const WORKBOOK_UNPACKED_BYTES_MAX: u64 = 1 << 30;

/// What every .xlsx and .ods file begins with, since both are zip archives.
const ZIP_MARK: &[u8] = b"PK\x03\x04";

/// What .xls files begin with, and .xlsx files with a password.
const OLD_MARK: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0];

/// Whether a file that begins like this is a workbook.
pub(crate) fn is_workbook(start: &[u8]) -> bool {
    start.starts_with(ZIP_MARK) || start.starts_with(OLD_MARK)
}

/// A workbook that has been set aside in a file, since its parts can only be found from its end.
pub(crate) struct Workbook {
    file: File,
    /// Where files are set aside; the system's folder for such files where there is none.
    folder: Option<PathBuf>,
    unpacked_max: u64,
}

impl Workbook {
    /// Sets the source aside in a file without a name, in this folder or the system's. It is read if it has no more
    /// than `unpacked_max` bytes once it is unpacked.
    pub(crate) fn spool(
        source: &mut dyn BufRead,
        folder: Option<&Path>,
        unpacked_max: u64,
    ) -> io::Result<Workbook> {
        let mut file = aside(folder)?;
        io::copy(&mut Read::take(source, WORKBOOK_BYTES_MAX + 1), &mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Workbook { file, folder: folder.map(Path::to_owned), unpacked_max })
    }

    /// Reads its first visible sheet as a table.
    pub(crate) fn read<const N: usize>(
        self,
        columns: &Columns<'_, N>,
        each: &mut dyn FnMut(Said<'_, N>, Form) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let read = self.with_rows(&mut |rows, form| {
            super::read(rows, columns, &mut |said| each(said, form))
        })?;
        if let Err(fault) = read {
            let _ = each(Said::Fault(1, fault), Form::Xlsx);
        }
        Ok(())
    }

    /// Goes through the rows of its first visible sheet.
    pub(crate) fn with_rows<T>(
        self,
        act: &mut dyn FnMut(&mut dyn Rows, Form) -> io::Result<T>,
    ) -> io::Result<Result<T, Fault>> {
        let mut file = BufReader::new(self.file);
        let is_old = file.fill_buf()?.starts_with(OLD_MARK);
        let is_too_large = file.get_ref().metadata()?.len() > WORKBOOK_BYTES_MAX;
        let form = match (is_old, is_too_large) {
            (true, _) => Err(Fault::OldWorkbook),
            (_, true) => Err(Fault::WorkbookTooLarge),
            _ => guard::look_through(&mut file, self.unpacked_max),
        };
        let form = match form {
            Ok((form, true)) => {
                file = BufReader::new(compact::compact(&mut file, aside(self.folder.as_deref())?)?);
                Ok(form)
            }
            other => other.map(|(form, _)| form),
        };
        let done = form.and_then(|form| match form {
            Form::Xlsx => with_xlsx(file, act),
            Form::Ods => with_ods(file, act),
        });
        match done {
            Ok(done) => done.map(Ok),
            Err(fault) => Ok(Err(fault)),
        }
    }
}

/// A file without a name.
fn aside(folder: Option<&Path>) -> io::Result<File> {
    match folder {
        Some(folder) => tempfile::tempfile_in(folder),
        None => tempfile::tempfile(),
    }
}

/// The form of a workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Office Open XML.
    Xlsx,
    /// OpenDocument.
    Ods,
}

/// What the library says of a file that it cannot read.
fn unreadable(error: &dyn std::fmt::Display) -> Fault {
    Fault::Workbook(super::super::problem::shown(&error.to_string()))
}

fn first_visible(sheets: &[Sheet]) -> Result<String, Fault> {
    let visible = sheets.iter().find(|sheet| sheet.visible == SheetVisible::Visible);
    visible.map(|sheet| sheet.name.clone()).ok_or(Fault::NoSheet)
}

fn with_xlsx<T>(
    file: BufReader<File>,
    act: &mut dyn FnMut(&mut dyn Rows, Form) -> io::Result<T>,
) -> Result<io::Result<T>, Fault> {
    let mut workbook = careful(|| Xlsx::new(file))?;
    let sheet = first_visible(workbook.sheets_metadata())?;
    let formulas = careful(|| formulas(&mut workbook, &sheet))?;
    let is_from_1904 = workbook.has_1904_epoch();
    let cells = careful(|| workbook.worksheet_cells_reader(&sheet))?;
    let row = Cells { is_from_1904, ..Cells::default() };
    let mut rows = XlsxRows { cells, formulas, next: None, row, at: 0, ended: false };
    Ok(act(&mut rows, Form::Xlsx))
}

/// The places of the cells that have formulas: row and column.
fn formulas(
    workbook: &mut Xlsx<BufReader<File>>,
    sheet: &str,
) -> Result<HashSet<(u32, u32)>, XlsxError> {
    let mut cells = workbook.worksheet_cells_reader(sheet)?;
    let mut places = HashSet::new();
    while let Some(cell) = cells.next_formula()? {
        if !cell.get_value().is_empty() {
            places.insert(cell.get_position());
        }
    }
    Ok(places)
}

fn with_ods<T>(
    file: BufReader<File>,
    act: &mut dyn FnMut(&mut dyn Rows, Form) -> io::Result<T>,
) -> Result<io::Result<T>, Fault> {
    let mut workbook = careful(|| Ods::new(file))?;
    let sheet = first_visible(workbook.sheets_metadata())?;
    let range = careful(|| workbook.worksheet_range(&sheet))?;
    drop(workbook);
    let mut rows = OdsRows { range: &range, next: 0, row: Cells::default() };
    Ok(act(&mut rows, Form::Ods))
}

/// The cells of a row as text.
#[derive(Default)]
struct Cells {
    texts: StringRecord,
    /// Which columns are times, in whatever format.
    are_times: Vec<bool>,
    /// Whether days are counted from 1904.
    is_from_1904: bool,
    /// The first that has no value.
    error: Option<(usize, NoValue)>,
}

impl Cells {
    fn clear(&mut self) {
        self.texts.clear();
        self.error = None;
    }

    /// What a number in a column of times shows.
    fn local_time(&self, days: f64) -> String {
        local_time(&ExcelDateTime::new(days, ExcelDateTimeType::DateTime, self.is_from_1904))
    }

    /// Puts a value into a column that lies behind all that have one.
    fn put(&mut self, column: usize, value: &DataRef<'_>) {
        while self.texts.len() < column {
            self.texts.push_field("");
        }
        if let DataRef::Error(error) = value {
            self.error.get_or_insert_with(|| (column, NoValue::Error(error.to_string())));
        }
        let is_time = self.are_times.get(column).copied().unwrap_or_default();
        match value {
            // A program may have left out the format of a date cell, or put it on the column only.
            DataRef::Float(days) if is_time => self.texts.push_field(&self.local_time(*days)),
            DataRef::Int(days) if is_time => self.texts.push_field(&self.local_time(*days as f64)),
            DataRef::Empty => self.texts.push_field(""),
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                self.texts.push_field(text);
            }
            DataRef::SharedString(text) => self.texts.push_field(text),
            DataRef::Bool(true) => self.texts.push_field("TRUE"),
            DataRef::Bool(false) => self.texts.push_field("FALSE"),
            DataRef::Int(number) => self.texts.push_field(&number.to_string()),
            DataRef::Float(number) => self.texts.push_field(&digits(*number)),
            DataRef::DateTime(time) => self.texts.push_field(&local_time(time)),
            DataRef::Error(error) => self.texts.push_field(&error.to_string()),
        }
    }
}

/// A number as it would be typed. One that may have been rounded keeps a form that says so.
fn digits(number: f64) -> String {
    /// Spreadsheets keep 15 digits.
    const EXACT_BELOW: f64 = 1e15;
    /// Beyond this, not every whole number is there.
    const WHOLE_MAX: f64 = 9_007_199_254_740_991.0;
    // What was rounded to 15 digits ends in a zero.
    let is_exact =
        number.abs() < EXACT_BELOW || (number.abs() <= WHOLE_MAX && number % 10.0 != 0.0);
    if is_exact { number.to_string() } else { format!("{number:E}") }
}

/// The local time that a date cell shows. Its number is a fraction of a day: what lies within a
/// millisecond of a second is that second.
fn local_time(time: &ExcelDateTime) -> String {
    let as_number = || digits(time.as_f64());
    if !time.is_datetime() {
        return as_number();
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(u16::from);
    let local = LocalTime::new([year, month, day], [hour, minute, second, milli]);
    let Some(Ok(moment)) = local.map(|local| local.at_offset(0)) else { return as_number() };
    let to_the_second = match milli {
        999 => 1,
        1 => -1,
        _ => 0,
    };
    let text = moment.stamp.plus_millis(to_the_second).at_offset(0).to_string();
    text.get(..LOCAL_TIME_CHARS).unwrap_or(&text).to_owned()
}

/// `2026-11-30T09:00:00.000`
const LOCAL_TIME_CHARS: usize = 23;

/// Rows and columns that a sheet can have.
const ROWS_MAX: u32 = 1 << 20;
const COLUMNS_MAX: u32 = 1 << 14;

/// The rows of an .xlsx sheet, cell by cell as they are unpacked.
struct XlsxRows<'w> {
    cells: XlsxCellReader<'w, BufReader<File>>,
    /// Where formulas are.
    formulas: HashSet<(u32, u32)>,
    /// The first cell of the next row, where it has been read.
    next: Option<(u32, usize, DataRef<'w>)>,
    row: Cells,
    /// The number of the present row, counted from 1.
    at: u64,
    ended: bool,
}

impl<'w> XlsxRows<'w> {
    /// The next cell that has something in it. All cells before it in its row take room, so none may be beyond
    /// what a sheet can have.
    fn cell(&mut self) -> Result<Option<(u32, usize, DataRef<'w>)>, Fault> {
        if let Some(next) = self.next.take() {
            return Ok(Some(next));
        }
        while !self.ended {
            let Some(cell) = careful(|| self.cells.next_cell())? else {
                self.ended = true;
                break;
            };
            let (row, column) = cell.get_position();
            if row >= ROWS_MAX || column >= COLUMNS_MAX {
                return Err(Fault::Workbook(String::from(
                    "a cell is beyond row 1,048,576 or column XFD",
                )));
            }
            let value = cell.get_value().clone();
            if value != DataRef::Empty || self.formulas.contains(&(row, column)) {
                return Ok(Some((row, column as usize, value)));
            }
        }
        Ok(None)
    }

    fn fill(&mut self) -> Result<bool, Fault> {
        self.row.clear();
        let mut present = None;
        while let Some((row, column, value)) = self.cell()? {
            if present.is_some_and(|present| present != row) {
                self.next = Some((row, column, value));
                break;
            }
            present = Some(row);
            self.at = u64::from(row) + 1;
            // Cells come in order; one that does not would stand in another's place.
            if column >= self.row.texts.len() {
                self.row.put(column, &value);
            }
            if value == DataRef::Empty {
                self.row.error.get_or_insert((column, NoValue::Uncalculated));
            }
        }
        Ok(present.is_some())
    }
}

impl Rows for XlsxRows<'_> {
    fn expect_times(&mut self, are_times: Vec<bool>) {
        self.row.are_times = are_times;
    }

    fn advance(&mut self) -> Result<bool, Halt> {
        self.fill().map_err(|fault| Halt::Fault(self.at + 1, fault))
    }

    fn row(&self) -> &StringRecord {
        &self.row.texts
    }

    fn number(&self) -> u64 {
        self.at
    }

    fn error(&self) -> Option<(usize, &NoValue)> {
        self.row.error.as_ref().map(|(column, why)| (*column, why))
    }
}

/// The library has one type for values that it reads bit by bit, and one for those of a whole sheet.
fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(is_true) => DataRef::Bool(*is_true),
        Data::DateTime(time) => DataRef::DateTime(*time),
        Data::DateTimeIso(text) | Data::DurationIso(text) => DataRef::SharedString(text),
        Data::Error(error) => DataRef::Error(error.clone()),
        _ => DataRef::Empty,
    }
}

/// The rows of an .ods sheet.
struct OdsRows<'w> {
    range: &'w Range<Data>,
    /// How many rows have been read.
    next: usize,
    row: Cells,
}

impl Rows for OdsRows<'_> {
    fn expect_times(&mut self, are_times: Vec<bool>) {
        self.row.are_times = are_times;
    }

    fn advance(&mut self) -> Result<bool, Halt> {
        self.row.clear();
        let (height, width) = self.range.get_size();
        if self.next >= height {
            return Ok(false);
        }
        let left = self.range.start().map_or(0, |(_, column)| column as usize);
        for column in 0..width {
            match self.range.get((self.next, column)) {
                None | Some(Data::Empty) => {}
                Some(value) => self.row.put(left + column, &borrowed(value)),
            }
        }
        self.next += 1;
        Ok(true)
    }

    fn row(&self) -> &StringRecord {
        &self.row.texts
    }

    fn number(&self) -> u64 {
        let above = self.range.start().map_or(0, |(row, _)| u64::from(row));
        above + self.next as u64
    }

    fn error(&self) -> Option<(usize, &NoValue)> {
        self.row.error.as_ref().map(|(column, why)| (*column, why))
    }
}
