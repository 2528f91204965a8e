//! A list that only grows, block by block.

use std::ops::Range;

/// How many values stand in a block. Together with its capacity this bounds what is reserved in
/// vain, where a `Vec` of ten million would reserve up to as much again.
const BLOCK: usize = 4096;

/// One value per version, by position.
pub(crate) struct Column<T> {
    /// All blocks but the last are full.
    blocks: Vec<Vec<T>>,
}

impl<T> Column<T> {
    pub(crate) fn new() -> Column<T> {
        Column { blocks: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    pub(crate) fn push(&mut self, value: T) {
        match self.blocks.last_mut() {
            Some(last) if last.len() < BLOCK => last.push(value),
            // The first block grows as it must, since most organizations are small.
            None => self.blocks.push(vec![value]),
            Some(_) => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(value);
                self.blocks.push(block);
            }
        }
    }

    pub(crate) fn get(&self, at: usize) -> Option<&T> {
        self.blocks.get(at / BLOCK)?.get(at % BLOCK)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.blocks.get_mut(at / BLOCK)?.get_mut(at % BLOCK)
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.blocks.last()?.last()
    }

    /// The values from a position on.
    pub(crate) fn iter_from(&self, at: usize) -> impl Iterator<Item = &T> {
        self.blocks.iter().skip(at / BLOCK).flatten().skip(at % BLOCK)
    }

    /// How many of the values from a position on, up to another, pass the test.
    pub(crate) fn count(&self, range: Range<usize>, passes: impl Fn(&T) -> bool) -> usize {
        let first = range.start / BLOCK;
        let blocks = self.blocks.iter().enumerate().skip(first);
        let within = blocks.take_while(|(index, _)| index * BLOCK < range.end);
        let parts = within.filter_map(|(index, block)| {
            let start = range.start.saturating_sub(index * BLOCK);
            block.get(start..block.len().min(range.end - index * BLOCK))
        });
        parts.map(|part| part.iter().filter(|value| passes(value)).count()).sum()
    }

    /// How many values come before the first that fails the test, where all after it fail too.
    pub(crate) fn partition_point(&self, passes: impl Fn(&T) -> bool) -> usize {
        // No block is empty, so each has a last value.
        let passed = self.blocks.partition_point(|block| block.last().is_some_and(&passes));
        match self.blocks.get(passed) {
            Some(block) => passed * BLOCK + block.partition_point(&passes),
            // The last block need not be full.
            None => self.len(),
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let values: usize = self.blocks.iter().map(Vec::capacity).sum();
        values * size_of::<T>() + self.blocks.capacity() * size_of::<Vec<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(len: usize) -> Column<usize> {
        let mut column = Column::new();
        (0..len).for_each(|value| column.push(value));
        column
    }

    #[test]
    fn keeps_every_value_across_blocks() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
            let column = column(len);
            assert_eq!(column.len(), len);
            assert_eq!(column.last().copied(), len.checked_sub(1));
            assert_eq!(column.get(len), None);
            assert!((0..len).all(|at| column.get(at) == Some(&at)));
            for from in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK] {
                assert!(
                    column.iter_from(from).copied().eq(from..len.max(from)),
                    "{len} from {from}"
                );
            }
        }
    }

    #[test]
    fn counts_within_any_range() {
        let column = column(2 * BLOCK + 7);
        let ends = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7, 5 * BLOCK];
        for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to))) {
            let expected = (from..to.min(column.len())).filter(|value| value % 3 == 0).count();
            assert_eq!(column.count(from..to, |value| value % 3 == 0), expected, "{from}..{to}");
        }
    }

    #[test]
    fn finds_the_border_in_any_block() {
        for len in [0, 1, BLOCK, 2 * BLOCK, 2 * BLOCK + 7] {
            let column = column(len);
            for border in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 7] {
                assert_eq!(column.partition_point(|value| *value < border), border.min(len));
            }
        }
    }
}
