//! Rows of CSV, told apart by what makes the header row name columns.

use std::io::{self, BufRead, Cursor, Read};

use csv::{ErrorKind, StringRecord};

use super::{Columns, Halt, Rows};
use crate::problem::{Fault, newlines};

/// The most bytes that one row of CSV may have.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// What may stand between cells.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The rows of a file, one at a time in the same memory.
pub(crate) struct CsvRows<'r> {
    reader: csv::Reader<Lines<'r>>,
    row: StringRecord,
    /// The number that spreadsheets show of the present row.
    number: u64,
    /// Lines before it that are no rows of their own there: those within cells, and one that says what separates cells.
    inner_lines: u64,
    is_marked: bool,
}

impl<'r> CsvRows<'r> {
    /// The rows of a file whose first `line - 1` lines have been read; `is_marked` where it began with the
    /// mark of UTF-8, as files for spreadsheets do.
    pub(crate) fn new<const N: usize>(
        source: &'r mut dyn BufRead,
        line: u64,
        is_marked: bool,
        columns: &Columns<'_, N>,
    ) -> io::Result<CsvRows<'r>> {
        let (mut line, mut inner_lines, mut head) = (line, 0, Vec::new());
        let mut first_line = || {
            head.clear();
            Read::take(&mut *source, ROW_BYTES_MAX as u64).read_until(b'\n', &mut head)
        };
        first_line()?;
        if is_separator_line(&head) {
            line += 1;
            inner_lines += 1;
            head.clear();
            Read::take(&mut *source, ROW_BYTES_MAX as u64).read_until(b'\n', &mut head)?;
        }
        let separator = separator(&head, columns);
        let lines = Lines {
            head: Cursor::new(head),
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
        let (row, number) = (StringRecord::new(), line - inner_lines);
        Ok(CsvRows { reader, row, number, inner_lines, is_marked })
    }
}

/// Whether a line only says what separates cells, as `sep=;` does, or is what a spreadsheet has left of it.
fn is_separator_line(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).replace('"', "");
    let Some(rest) = line.trim_end().strip_prefix("sep=") else { return false };
    rest.chars().all(|c| c.is_whitespace() || SEPARATORS.iter().any(|s| char::from(*s) == c))
}

/// The separator that makes the most cells of the header row name columns; of several, the one that comes
/// most often, and a comma where none does.
fn separator<const N: usize>(head: &[u8], columns: &Columns<'_, N>) -> u8 {
    let fitness = |separator: &u8| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(*separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(head);
        let mut row = StringRecord::new();
        let is_read = reader.read_record(&mut row).is_ok();
        let known = if is_read { columns.known_in(&row) } else { 0 };
        (known, head.iter().filter(|byte| *byte == separator).count())
    };
    // Of several, the last greatest is taken.
    SEPARATORS.into_iter().rev().max_by_key(fitness).unwrap_or(b',')
}

impl Rows for CsvRows<'_> {
    fn advance(&mut self) -> Result<bool, Halt> {
        self.reader.get_mut().bytes_left = ROW_BYTES_MAX;
        let next = self.reader.get_ref().line + 1 - self.inner_lines;
        let read = self.reader.read_record(&mut self.row);
        let lines = self.reader.get_ref();
        match read {
            Ok(true) if lines.end == End::Passed => Err(Halt::Fault(next, Fault::Unclosed)),
            Ok(more) => {
                // A row ends on the line that was handed out last.
                self.inner_lines += newlines(self.row.as_slice().as_bytes());
                self.number = lines.line.saturating_sub(self.inner_lines);
                Ok(more)
            }
            Err(_) if lines.bytes_left == 0 => Err(Halt::Fault(next, Fault::RowTooLarge)),
            Err(error) => Err(match error.into_kind() {
                ErrorKind::Io(error) => Halt::Io(error),
                ErrorKind::Utf8 { .. } => Halt::Fault(next, Fault::Encoding),
                // Rows of any length are taken, and nothing is deserialized or sought.
                kind => Halt::Io(io::Error::other(format!("{kind:?}"))),
            }),
        }
    }

    fn row(&self) -> &StringRecord {
        &self.row
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn may_be_guarded(&self) -> bool {
        self.is_marked
    }
}

/// Hands the file to the CSV reader line by line.
///
/// The reader's own positions miss blank lines and `\r\n`, it takes a row of any size, and it does
/// not say that a quoted cell is still open where the file ends, after it has swallowed every row
/// since. Whoever hands out the lines can tell all three.
struct Lines<'r> {
    /// What was read to find the separator.
    head: Cursor<Vec<u8>>,
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
        let is_head = !self.head.fill_buf()?.is_empty();
        let mut available = if is_head { self.head.fill_buf()? } else { self.source.fill_buf()? };
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
        match (at_end, is_head) {
            (true, _) => {}
            (false, true) => self.head.consume(length),
            (false, false) => self.source.consume(length),
        }
        Ok(length)
    }
}
