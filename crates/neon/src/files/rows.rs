//! CSV: a header row that names members, then a record a row.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use csv::{ErrorKind, StringRecord};

use super::Intake;
use super::fields::{Column, Fields, NAMES};
use super::problem::{Fault, Place, newlines};
use super::value::Form;

/// The most bytes that one row of CSV may have.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// Reads a file whose first `line - 1` lines were blank.
pub(super) fn read(source: &mut dyn BufRead, line: u64, intake: &mut Intake<'_>) -> io::Result<()> {
    match read_rows(&mut Rows::new(source, line), intake) {
        Ok(()) => Ok(()),
        Err(Halt::Io(error)) => Err(error),
        Err(Halt::Fault(line, fault)) => {
            intake.problems.add(|| line, fault);
            Ok(())
        }
    }
}

fn read_rows(rows: &mut Rows<'_>, intake: &mut Intake<'_>) -> Result<(), Halt> {
    if !rows.advance()? {
        return Ok(());
    }
    let before = intake.problems.count();
    let header = Header::new(&rows.row, |fault| intake.problems.add(|| rows.first_line, fault));
    if intake.problems.count() > before {
        return Ok(());
    }
    while rows.advance()? {
        if read_row(&header, rows, intake).is_break() {
            break;
        }
    }
    Ok(())
}

fn read_row(header: &Header, rows: &Rows<'_>, intake: &mut Intake<'_>) -> ControlFlow<()> {
    let (cells, columns) = (rows.row.len(), header.0.len());
    // Spreadsheets write rows of empty cells below the last one.
    if rows.row.as_slice().is_empty() {
        return ControlFlow::Continue(());
    }
    if cells != columns {
        intake.problems.add(|| rows.first_line, Fault::Cells { cells, columns });
        return ControlFlow::Continue(());
    }
    let ignored = &mut intake.summary.ignored;
    let whole = rows.row.as_slice();
    let fields = Fields {
        form: Form::Cell,
        place: Place { text: whole, first_line: rows.first_line },
        whole,
        values: header.values(&rows.row, |name| ignored.add(name)),
        problems: &mut intake.problems,
        ignored: &mut intake.summary.ignored,
    };
    match fields.read(intake.now) {
        Some(imported) => intake.take(imported),
        None => ControlFlow::Continue(()),
    }
}

/// What each column is: a member's place in [`NAMES`], or a name that is none of them.
struct Header(Vec<Result<usize, String>>);

impl Header {
    fn new(row: &StringRecord, mut fault: impl FnMut(Fault)) -> Header {
        let columns: Vec<_> = row.iter().enumerate().map(|(at, name)| column(at, name)).collect();
        let times = |at: usize| columns.iter().filter(|column| **column == Ok(at)).count();
        for (at, &name) in NAMES.iter().enumerate() {
            if times(at) > 1 {
                fault(Fault::ColumnTwice(name));
            }
        }
        let lacking = Column::REQUIRED.into_iter().filter(|&column| times(column as usize) == 0);
        let lacking: Vec<_> = lacking.map(Column::name).collect();
        if !lacking.is_empty() {
            fault(Fault::Columns(lacking.join(", ")));
        }
        Header(columns)
    }

    /// The row's cells by member; the names of the other cells that are not empty go to `other`.
    fn values<'a>(
        &self,
        row: &'a StringRecord,
        mut other: impl FnMut(&str),
    ) -> [Option<&'a str>; NAMES.len()] {
        let mut values = [None; NAMES.len()];
        for (column, cell) in self.0.iter().zip(row) {
            match column {
                Ok(at) => values[*at] = Some(cell),
                Err(_) if cell.is_empty() => {}
                Err(name) => other(name),
            }
        }
        values
    }
}

fn column(at: usize, name: &str) -> Result<usize, String> {
    let name = name.trim();
    match NAMES.iter().position(|known| known.eq_ignore_ascii_case(name)) {
        Some(at) if at == Column::Status as usize => Ok(Column::StatusName as usize),
        Some(at) => Ok(at),
        None if name.is_empty() => Err(format!("column {}", at + 1)),
        None => Err(name.to_owned()),
    }
}

/// Why no more rows can be read.
enum Halt {
    Io(io::Error),
    Fault(u64, Fault),
}

/// The rows of a file, one at a time in the same memory.
struct Rows<'r> {
    reader: csv::Reader<Lines<'r>>,
    /// The present row.
    row: StringRecord,
    /// The line on which it starts.
    first_line: u64,
}

impl<'r> Rows<'r> {
    fn new(source: &'r mut dyn BufRead, line: u64) -> Rows<'r> {
        let lines = Lines {
            source,
            line: line - 1,
            line_ended: true,
            bytes_left: ROW_BYTES_MAX,
            end: End::Ahead,
        };
        // A row of another length is a problem of that row: the next one may be right.
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(lines);
        Rows { reader, row: StringRecord::new(), first_line: line }
    }

    /// Reads the next row; false at the end of the file.
    fn advance(&mut self) -> Result<bool, Halt> {
        self.reader.get_mut().bytes_left = ROW_BYTES_MAX;
        let next_line = self.reader.get_ref().line + 1;
        let read = self.reader.read_record(&mut self.row);
        let lines = self.reader.get_ref();
        match read {
            Ok(true) if lines.end == End::Passed => Err(Halt::Fault(next_line, Fault::Unclosed)),
            Ok(more) => {
                // A row ends on the line that was handed out last.
                self.first_line =
                    lines.line.saturating_sub(newlines(self.row.as_slice().as_bytes()));
                Ok(more)
            }
            Err(_) if lines.bytes_left == 0 => Err(Halt::Fault(next_line, Fault::RowTooLarge)),
            Err(error) => Err(match error.into_kind() {
                ErrorKind::Io(error) => Halt::Io(error),
                ErrorKind::Utf8 { .. } => Halt::Fault(next_line, Fault::Encoding),
                // Rows of any length are taken, and nothing is deserialized or sought.
                kind => Halt::Io(io::Error::other(format!("{kind:?}"))),
            }),
        }
    }
}

/// Hands the file to the CSV reader line by line.
///
/// The reader's own positions miss blank lines and `\r\n`, it takes a row of any size, and it does
/// not say that a quoted cell is still open where the file ends, after it has swallowed every row
/// since. Whoever hands out the lines can tell all three.
struct Lines<'r> {
    source: &'r mut dyn BufRead,
    /// The number of the line that was handed out last, in whole or in part.
    line: u64,
    line_ended: bool,
    /// How much more the present row may take.
    bytes_left: usize,
    end: End,
}

/// How far the end of the file has been handed out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ahead,
    /// One more line end has been handed out. It ends any row but one with an open quoted cell.
    Reached,
    /// More was asked for.
    Passed,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.source.fill_buf()?;
        let at_end = available.is_empty();
        if at_end {
            if self.end != End::Ahead {
                self.end = End::Passed;
                return Ok(0);
            }
            self.end = End::Reached;
            available = b"\n";
        }
        let line =
            available.iter().position(|&byte| byte == b'\n').map_or(available.len(), |at| at + 1);
        let length = line.min(buffer.len()).min(self.bytes_left);
        if length == 0 {
            return Err(io::Error::other("the row is too large"));
        }
        buffer[..length].copy_from_slice(&available[..length]);
        self.line += u64::from(self.line_ended);
        self.line_ended = available[length - 1] == b'\n';
        self.bytes_left -= length;
        if !at_end {
            self.source.consume(length);
        }
        Ok(length)
    }
}
