//! Opening a file: what it is, its content tells.

use std::io::{self, BufRead, Cursor, Read};
use std::ops::ControlFlow;
use std::path::Path;

use super::problem::Fault;
use super::table::{
    self, Columns, CsvRows, Lacking, Said, WORKBOOK_UNPACKED_BYTES_MAX, Workbook, decoded,
    is_utf_16, is_workbook,
};

/// A file, told apart by how it begins.
pub(super) enum Source<'s> {
    /// Nothing but white space.
    Empty,
    /// Neither text nor a workbook, but a picture, say.
    NoText,
    /// JSON that begins on that line.
    Json(Box<dyn BufRead + 's>, u64),
    /// CSV.
    Csv {
        text: Box<dyn BufRead + 's>,
        /// The line on which it begins.
        line: u64,
        /// Whether it begins with the mark that programs put before UTF-8.
        is_marked: bool,
    },
    Workbook(Workbook),
}

/// So many bytes tell workbooks, UTF-16, and what is no text.
const START_BYTES: u64 = 1 << 10;

/// So many zeros at its start are in no text.
const ZEROS_MIN: usize = 4;

/// What some other files begin with that may have no zero in their first bytes: PNG, JPEG, GIF, PDF, gzip.
const OTHER_MARKS: [&[u8]; 5] = [b"\x89PNG", b"\xFF\xD8\xFF", b"GIF8", b"%PDF-", b"\x1F\x8B"];

/// Opens a file. A workbook is set aside in a file in `folder`, or in the system's where there is none; it may have
/// so many bytes once it is unpacked.
pub(super) fn open<'s>(
    source: &'s mut dyn BufRead,
    folder: Option<&Path>,
    unpacked_max: u64,
) -> io::Result<Source<'s>> {
    let mut start = Vec::new();
    (&mut *source).take(START_BYTES).read_to_end(&mut start)?;
    let is_workbook = is_workbook(&start);
    let is_utf_16 = is_utf_16(&start);
    let is_other = OTHER_MARKS.iter().any(|mark| start.starts_with(mark));
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    let is_text = is_utf_16 || !(is_other || zeros >= ZEROS_MIN);
    let mut whole: Box<dyn BufRead + 's> = Box::new(Cursor::new(start).chain(source));
    if is_workbook {
        return Workbook::spool(&mut whole, folder, unpacked_max).map(Source::Workbook);
    }
    if !is_text {
        return Ok(Source::NoText);
    }
    let mut text = if is_utf_16 { decoded(whole) } else { whole };
    let Start { first, line, is_marked } = skip_to_content(&mut text)?;
    Ok(match first {
        None => Source::Empty,
        Some(b'{' | b'[') => Source::Json(text, line),
        Some(_) => Source::Csv { text, line, is_marked },
    })
}

/// Reads a file that can be nothing but a table.
pub(super) fn read_table<const N: usize>(
    source: &mut dyn BufRead,
    columns: &Columns<'_, N>,
    each: &mut dyn FnMut(Said<'_, N>) -> ControlFlow<()>,
) -> io::Result<()> {
    match open(source, None, WORKBOOK_UNPACKED_BYTES_MAX)? {
        Source::Empty => {
            let _ = each(Said::Fault(0, Fault::Empty));
            Ok(())
        }
        Source::NoText => {
            let _ = each(Said::Fault(0, Fault::NoTable));
            Ok(())
        }
        Source::Csv { mut text, line, is_marked } => {
            let mut rows = CsvRows::new(&mut text, line, is_marked, columns)?;
            table::read(&mut rows, columns, each)
        }
        Source::Workbook(workbook) => workbook.read(columns, &mut |said, _| each(said)),
        Source::Json(_, line) => {
            let lacks = (columns.lacks)(&[]);
            let names = lacks.into_iter().map(|at| columns.names[at]).collect();
            let lacking = Lacking { columns: names, ..Lacking::default() };
            let _ = each(Said::Fault(line, (columns.lacking)(&lacking)));
            Ok(())
        }
    }
}

/// What comes first in a text.
struct Start {
    /// The first byte that is no white space, which is left in the source.
    first: Option<u8>,
    /// Its line.
    line: u64,
    is_marked: bool,
}

/// Skips the mark of UTF-8, and white space.
fn skip_to_content(source: &mut dyn BufRead) -> io::Result<Start> {
    const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
    let (mut mark_at, mut line) = (0, 1);
    loop {
        let first = source.fill_buf()?.first().copied();
        match first {
            Some(byte) if MARK.get(mark_at) == Some(&byte) => mark_at += 1,
            Some(byte) if byte.is_ascii_whitespace() => line += u64::from(byte == b'\n'),
            _ => return Ok(Start { first, line, is_marked: mark_at == MARK.len() }),
        }
        source.consume(1);
    }
}
