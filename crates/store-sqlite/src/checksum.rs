//! The checksum of a version, over all columns of its row, and of a key's coverage: `check` finds changes that were
//! made in the file, or by a failing disk. It is not a secret, and no protection against deliberate changes.

use rusqlite::types::ValueRef;

/// How many columns a version's row has besides its checksum.
pub(crate) const COLUMNS: usize = 9;

/// That of a row, whose columns come as the table `change` has them.
pub(crate) fn of(row: &[ValueRef<'_>; COLUMNS]) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    for value in row {
        // Each value tells its kind and, where that varies, its length: so none can pass for another.
        match value {
            ValueRef::Null => hasher.update(b"n"),
            ValueRef::Integer(number) => numbered(&mut hasher, b'i', &number.to_le_bytes()),
            ValueRef::Real(number) => numbered(&mut hasher, b'r', &number.to_le_bytes()),
            ValueRef::Text(bytes) => text(&mut hasher, b't', bytes),
            ValueRef::Blob(bytes) => text(&mut hasher, b'b', bytes),
        }
    }
    i64::from(hasher.finalize())
}

/// That of a document.
pub(crate) fn of_document(document: &str) -> i64 {
    i64::from(crc32fast::hash(document.as_bytes()))
}

fn numbered(hasher: &mut crc32fast::Hasher, kind: u8, bytes: &[u8]) {
    hasher.update(&[kind]);
    hasher.update(bytes);
}

fn text(hasher: &mut crc32fast::Hasher, kind: u8, bytes: &[u8]) {
    numbered(hasher, kind, &(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}
