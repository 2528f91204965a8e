//! Cuts a stream of JSON values into stretches of whole lines that hold whole values: of JSON
//! lines, one line each; of a pretty-printed document, the document.

use std::io::{self, BufRead, Read};

use serde::de::IgnoredAny;

/// The most bytes that one JSON value of the outermost level may have.
pub const VALUE_BYTES_MAX: usize = 1 << 30;

/// How far a line, or a value, is read before anybody looks whether it is JSON at all. So a line
/// with a missing brace costs this much memory and not [`VALUE_BYTES_MAX`].
const LOOK_BYTES: usize = 16 << 20;

/// The stretches of a file, one at a time in the same memory.
pub(super) struct Stretches<'r> {
    source: &'r mut dyn BufRead,
    /// The present stretch.
    pub(super) text: Vec<u8>,
    /// The line on which it starts.
    pub(super) first_line: u64,
    next_line: u64,
}

impl<'r> Stretches<'r> {
    /// The stretches of a file whose first `line - 1` lines have been read.
    pub(super) fn new(source: &'r mut dyn BufRead, line: u64) -> Stretches<'r> {
        Stretches { source, text: Vec::new(), first_line: line, next_line: line }
    }

    /// Reads the next stretch; false at the end of the file. It holds half a value where the file
    /// ends, where it is broken, or where the value is too large: reading it as JSON tells.
    pub(super) fn advance(&mut self) -> io::Result<bool> {
        self.text.clear();
        self.first_line = self.next_line;
        let mut nesting = Nesting::default();
        let mut look_at = LOOK_BYTES;
        loop {
            let start = self.text.len();
            let mut piece = (&mut *self.source).take(LOOK_BYTES as u64);
            piece.read_until(b'\n', &mut self.text)?;
            let piece = &self.text[start..];
            let line_ends = piece.ends_with(b"\n");
            self.next_line += u64::from(line_ends);
            if piece.is_empty() || (nesting.follow(piece) && line_ends) {
                return Ok(!self.text.is_empty());
            }
            if self.text.len() >= look_at {
                if look_at >= VALUE_BYTES_MAX || is_broken(&self.text) {
                    return Ok(true);
                }
                look_at *= 4;
            }
        }
    }
}

/// Whether the text is not even the beginning of JSON.
fn is_broken(text: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.any(|value| value.is_err_and(|error| !error.is_eof()))
}

/// How deep in brackets a text has come.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    /// Follows the text; true where no bracket is open after it.
    fn follow(&mut self, piece: &[u8]) -> bool {
        for &byte in piece {
            if self.in_text {
                self.in_text = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        self.depth == 0
    }
}
