//! Answers of API v1 and exports, as imports and mirrors read them.

use neon::export::Format;

use crate::imported::{self, BYTES_MAX};

/// What was read can be written and read again; and mirrors read of an answer what an import does.
pub fn json(input: &[u8]) {
    if input.len() > BYTES_MAX {
        return;
    }
    imported::is_read_and_written(input, Format::JsonLines);
    let Ok((head, records, aside)) = imported::read_answer(input) else { return };
    if head.errors.is_empty() && aside.is_empty() {
        let imported = imported::read(input, BYTES_MAX).expect("a mirror has read it");
        assert_eq!(imported, records);
    }
}
