//! A set of slots.

/// One bit per slot; a slot beyond its end is not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
}

const WORD_BITS: usize = u64::BITS as usize;

impl Bitmap {
    pub(crate) fn contains(&self, slot: u32) -> bool {
        let (at, bit) = place(slot);
        self.words.get(at).is_some_and(|word| word & bit != 0)
    }

    pub(crate) fn insert(&mut self, slot: u32) {
        let (at, bit) = place(slot);
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= bit;
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        let (at, bit) = place(slot);
        if let Some(word) = self.words.get_mut(at) {
            *word &= !bit;
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Keeps the slots whose value passes: one sequential look at the column.
    pub(crate) fn retain<T: Copy>(&mut self, column: &[T], passes: impl Fn(T) -> bool) {
        for (word, values) in self.words.iter_mut().zip(column.chunks(WORD_BITS)) {
            if *word != 0 {
                let pass = values
                    .iter()
                    .enumerate()
                    .fold(0, |mask, (bit, value)| mask | (u64::from(passes(*value)) << bit));
                *word &= pass;
            }
        }
    }

    /// Takes in the slots whose value passes: one sequential look at the column.
    pub(crate) fn extend<T: Copy>(&mut self, column: &[T], passes: impl Fn(T) -> bool) {
        self.words.resize(self.words.len().max(column.len().div_ceil(WORD_BITS)), 0);
        for (word, values) in self.words.iter_mut().zip(column.chunks(WORD_BITS)) {
            *word |= values
                .iter()
                .enumerate()
                .fold(0, |mask, (bit, value)| mask | (u64::from(passes(*value)) << bit));
        }
    }

    /// Keeps the slots that are in the other too.
    pub(crate) fn intersect(&mut self, other: &Bitmap) {
        self.words.truncate(other.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// The slots, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().zip(0_u32..).flat_map(|(word, at)| {
            let next = |rest: &u64| Some(rest & (rest - 1)).filter(|rest| *rest != 0);
            std::iter::successors(Some(*word).filter(|word| *word != 0), next)
                .map(move |rest| at * u64::BITS + rest.trailing_zeros())
        })
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

impl FromIterator<u32> for Bitmap {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Bitmap {
        let mut bitmap = Bitmap::default();
        slots.into_iter().for_each(|slot| bitmap.insert(slot));
        bitmap
    }
}

/// The word of a slot, and its bit in it.
fn place(slot: u32) -> (usize, u64) {
    let slot = slot as usize;
    (slot / WORD_BITS, 1 << (slot % WORD_BITS))
}
