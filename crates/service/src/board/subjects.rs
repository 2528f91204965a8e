//! What subjects are sorted by.

/// How much of a subject counts for its place: texts without a bound would be memory without one.
const KEY_BYTES_MAX: usize = 96;

/// The first bytes of a key, as a number of the same order.
const HEAD_BYTES: usize = 16;

/// One key per slot, one behind the other: a byte that tells its length, then the key.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    bytes: Vec<u8>,
    at: Vec<usize>,
    /// Bytes that no slot points to any more.
    waste: usize,
}

impl Subjects {
    /// Gives a slot its subject; the slot may be the one after the last.
    pub(super) fn set(&mut self, slot: u32, subject: &str) {
        let key = key(subject);
        if (slot as usize) < self.at.len() {
            if self.of(slot) == key.as_bytes() {
                return;
            }
            self.waste += 1 + self.of(slot).len();
        }
        super::columns::set(&mut self.at, slot, self.bytes.len());
        // It is never longer than a byte can tell.
        self.bytes.push(key.len() as u8);
        self.bytes.extend_from_slice(key.as_bytes());
        if self.waste > self.bytes.len() / 2 {
            self.compact();
        }
    }

    pub(super) fn of(&self, slot: u32) -> &[u8] {
        let at = self.at[slot as usize];
        &self.bytes[at + 1..][..usize::from(self.bytes[at])]
    }

    /// A number that is smaller where the key is, and the same where it may be.
    pub(super) fn head(&self, slot: u32) -> u128 {
        let mut head = [0; HEAD_BYTES];
        let key = self.of(slot);
        let len = key.len().min(HEAD_BYTES);
        head[..len].copy_from_slice(&key[..len]);
        u128::from_be_bytes(head)
    }

    fn compact(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.waste);
        for at in &mut self.at {
            let key = &self.bytes[*at..][..=usize::from(self.bytes[*at])];
            *at = bytes.len();
            bytes.extend_from_slice(key);
        }
        (self.bytes, self.waste) = (bytes, 0);
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.at.capacity() * size_of::<usize>()
    }
}

/// The subject in lower case, as far as it counts.
fn key(subject: &str) -> String {
    let mut key = String::new();
    for small in subject.chars().flat_map(char::to_lowercase) {
        if key.len() + small.len_utf8() > KEY_BYTES_MAX {
            break;
        }
        key.push(small);
    }
    key
}
