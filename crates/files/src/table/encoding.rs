//! UTF-16 to UTF-8: some spreadsheets save "Unicode text" so.

use std::io::{BufRead, BufReader};

use encoding_rs_io::DecodeReaderBytesBuilder;

/// The marks of UTF-16, with the low byte first or the high one.
const UTF_16_MARKS: [[u8; 2]; 2] = [[0xFF, 0xFE], [0xFE, 0xFF]];

/// Whether a file that begins like this is UTF-16.
pub(crate) fn is_utf_16(start: &[u8]) -> bool {
    UTF_16_MARKS.iter().any(|mark| start.starts_with(mark))
}

/// Hands UTF-16 on as UTF-8.
pub(crate) fn decoded<'s>(source: Box<dyn BufRead + 's>) -> Box<dyn BufRead + 's> {
    let decoder = DecodeReaderBytesBuilder::new().bom_override(true).build(source);
    Box::new(BufReader::new(decoder))
}
