//! What subjects are sorted by, see [`place`](crate::base::alphabet::place()).

/// How much of a key is kept: texts without a bound would be memory without one. Few have more; where
/// two are the same so far, they are read anew.
pub(crate) const KEPT_BYTES_MAX: usize = 255;

/// The first bytes of a key, as a number of the same order.
const HEAD_BYTES: usize = 16;

/// One key per slot, one behind the other: a byte that tells its length, then the key.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    bytes: Vec<u8>,
    at: Vec<usize>,
    /// Bytes that no slot points to any more.
    waste: usize,
    /// Whether there was ever a key of which only the beginning is kept.
    any_cut: bool,
}

impl Subjects {
    /// Gives a slot its key; the slot may be the one after the last.
    pub(crate) fn set(&mut self, slot: u32, key: &[u8]) {
        let key = &key[..key.len().min(KEPT_BYTES_MAX)];
        if (slot as usize) < self.at.len() {
            if self.of(slot) == key {
                return;
            }
            self.waste += 1 + self.of(slot).len();
        }
        super::columns::set(&mut self.at, slot, self.bytes.len());
        // It is never longer than a byte can tell.
        self.bytes.push(key.len() as u8);
        self.bytes.extend_from_slice(key);
        self.any_cut |= key.len() == KEPT_BYTES_MAX;
        if self.waste > self.bytes.len() / 2 {
            self.compact();
        }
    }

    /// What is kept of a key.
    pub(crate) fn of(&self, slot: u32) -> &[u8] {
        let at = self.at[slot as usize];
        &self.bytes[at + 1..][..usize::from(self.bytes[at])]
    }

    /// Whether there may be more of it.
    pub(crate) fn is_cut(&self, slot: u32) -> bool {
        self.of(slot).len() == KEPT_BYTES_MAX
    }

    /// Whether there may be more of any.
    pub(crate) fn any_is_cut(&self) -> bool {
        self.any_cut
    }

    /// A number that is smaller where the key is, and the same where it may be.
    pub(crate) fn head(&self, slot: u32) -> u128 {
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

    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.at.capacity() * size_of::<usize>()
    }
}
