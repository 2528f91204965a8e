//! Tables.

use neon::export::Format;

use crate::imported::{self, BYTES_MAX};

/// What was read can be written as a table and read again.
pub fn csv(input: &[u8]) {
    if input.len() > BYTES_MAX {
        return;
    }
    imported::is_read_and_written(input, Format::Csv);
}
