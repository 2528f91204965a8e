//! Tables: CSV with a header row that names the columns.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use csv::{ErrorKind, StringRecord};
use domain::{GUARD_COLUMN, unguarded};

use super::problem::{Fault, newlines};

/// The most bytes that one row of CSV may have.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// What may stand between cells: which one it is, the header row tells.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The columns that a kind of table may have. A column is known by its place among them.
pub(super) struct Columns<const N: usize> {
    /// What each is called in messages.
    pub(super) names: [&'static str; N],
    /// The column that a header's cell means, which has no blanks around it.
    pub(super) find: fn(&str) -> Option<usize>,
    pub(super) required: &'static [usize],
    /// That the table lacks these columns.
    pub(super) lacking: fn(String) -> Fault,
}

/// What a table says, thing by thing.
pub(super) enum Said<'a, const N: usize> {
    Row(Row<'a, N>),
    /// A column that is none of those known has something in it.
    Other(&'a str),
    /// What is wrong, and on which line.
    Fault(u64, Fault),
}

/// A row that has something in it.
pub(super) struct Row<'a, const N: usize> {
    /// All its cells, of which `values` are parts.
    pub(super) whole: &'a str,
    /// The line on which it starts.
    pub(super) first_line: u64,
    /// Its cells, by column.
    pub(super) values: [Option<&'a str>; N],
}

/// Reads a table whose first `line - 1` lines were blank. A row that is wrong does not end it.
pub(super) fn read<const N: usize>(
    source: &mut dyn BufRead,
    line: u64,
    columns: &Columns<N>,
    each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut head = Vec::new();
    Read::take(&mut *source, ROW_BYTES_MAX as u64).read_until(b'\n', &mut head)?;
    let separator = separator(&head);
    let mut source = io::Cursor::new(head).chain(source);
    let mut rows = Rows::new(&mut source, line, separator);
    match read_rows(&mut rows, columns, each) {
        Ok(()) => Ok(()),
        Err(Halt::Io(error)) => Err(error),
        Err(Halt::Fault(line, fault)) => {
            let _ = each(Said::Fault(line, fault));
            Ok(())
        }
    }
}

/// The separator that stands in the header row most often, a comma where none does.
fn separator(head: &[u8]) -> u8 {
    let times = |separator: &u8| head.iter().filter(|byte| *byte == separator).count();
    // Of several, the last greatest is taken.
    SEPARATORS.into_iter().rev().max_by_key(times).unwrap_or(b',')
}

fn read_rows<const N: usize>(
    rows: &mut Rows<'_>,
    columns: &Columns<N>,
    each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
) -> Result<(), Halt> {
    if !rows.advance()? {
        return Ok(());
    }
    let header = match Header::new(&rows.row, columns) {
        Ok(header) => header,
        Err(faults) => {
            for fault in faults {
                let _ = each(Said::Fault(rows.first_line, fault));
            }
            return Ok(());
        }
    };
    while rows.advance()? {
        if header.read_row(rows, each).is_break() {
            break;
        }
    }
    Ok(())
}

/// What each column of a table is.
struct Header {
    meanings: Vec<Meaning>,
    /// Whether texts have been guarded against being taken for formulas.
    is_guarded: bool,
}

#[derive(PartialEq)]
enum Meaning {
    Known(usize),
    /// The name of one that is not known.
    Other(String),
    Guard,
}

impl Header {
    fn new<const N: usize>(row: &StringRecord, columns: &Columns<N>) -> Result<Header, Vec<Fault>> {
        let meaning = |(at, name): (usize, &str)| match name.trim() {
            GUARD_COLUMN => Meaning::Guard,
            "" => Meaning::Other(format!("column {}", at + 1)),
            name => {
                (columns.find)(name).map_or_else(|| Meaning::Other(name.to_owned()), Meaning::Known)
            }
        };
        let meanings: Vec<Meaning> = row.iter().enumerate().map(meaning).collect();
        let times = |at| meanings.iter().filter(|meaning| **meaning == Meaning::Known(at)).count();
        let twice = (0..N).filter(|at| times(*at) > 1);
        let mut faults: Vec<_> = twice.map(|at| Fault::ColumnTwice(columns.names[at])).collect();
        let lacking = columns.required.iter().filter(|at| times(**at) == 0);
        let lacking: Vec<_> = lacking.map(|at| columns.names[*at]).collect();
        if !lacking.is_empty() {
            faults.push((columns.lacking)(lacking.join(", ")));
        }
        let is_guarded = meanings.contains(&Meaning::Guard);
        if faults.is_empty() { Ok(Header { meanings, is_guarded }) } else { Err(faults) }
    }

    fn read_row<const N: usize>(
        &self,
        rows: &Rows<'_>,
        each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (whole, first_line) = (rows.row.as_slice(), rows.first_line);
        // Spreadsheets write rows of empty cells below the last one.
        if whole.is_empty() {
            return ControlFlow::Continue(());
        }
        let (cells, columns) = (rows.row.len(), self.meanings.len());
        if cells != columns {
            return each(Said::Fault(first_line, Fault::Cells { cells, columns }));
        }
        let mut values = [None; N];
        for (meaning, cell) in self.meanings.iter().zip(&rows.row) {
            match meaning {
                Meaning::Known(at) => {
                    values[*at] = Some(if self.is_guarded { unguarded(cell) } else { cell });
                }
                Meaning::Other(name) if !cell.is_empty() => each(Said::Other(name))?,
                Meaning::Other(_) | Meaning::Guard => {}
            }
        }
        each(Said::Row(Row { whole, first_line, values }))
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
    fn new(source: &'r mut dyn BufRead, line: u64, separator: u8) -> Rows<'r> {
        let lines = Lines {
            source,
            line: line - 1,
            line_ended: true,
            bytes_left: ROW_BYTES_MAX,
            end: End::Ahead,
        };
        // A row of another length is a problem of that row: the next one may be right.
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(lines);
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
