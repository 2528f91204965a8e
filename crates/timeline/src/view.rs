//! The versions that are current as of a seq.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use domain::{Kind, Seq};

use crate::SeqRange;
use crate::bits::Bits;

/// Which of the records of a range come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Ascending seqs.
    OldestFirst,
    /// Descending seqs.
    NewestFirst,
}

/// The versions that are current as of a seq: the last of each activity.
///
/// It never changes. A clone costs next to nothing, and while it is kept, it holds only what has
/// since changed around it.
#[derive(Clone, Default)]
pub struct View(Arc<Current>);

#[derive(Clone, Default)]
struct Current {
    /// How many versions of the log it covers. What the sets say of later ones is not looked at.
    len: usize,
    records: Bits,
    tombstones: Bits,
}

impl View {
    /// The seq as of which it is.
    #[must_use]
    pub fn seq(&self) -> Seq {
        Seq(self.0.len as u64)
    }

    /// How many current records lie in the range.
    #[must_use]
    pub fn count_records(&self, range: SeqRange) -> u64 {
        count(&self.0.records, &self.positions(range))
    }

    /// How many current tombstones lie in the range.
    #[must_use]
    pub fn count_tombstones(&self, range: SeqRange) -> u64 {
        count(&self.0.tombstones, &self.positions(range))
    }

    /// The current records of the range in that direction: `take` of them after the first `skip`,
    /// or as many as there are. What it skips costs nothing.
    #[must_use]
    pub fn page(&self, range: SeqRange, direction: Direction, skip: u64, take: usize) -> Vec<Seq> {
        page(&self.0.records, self.positions(range), direction, skip, take)
    }

    /// The same of the current tombstones.
    #[must_use]
    pub fn page_of_tombstones(
        &self,
        range: SeqRange,
        direction: Direction,
        skip: u64,
        take: usize,
    ) -> Vec<Seq> {
        page(&self.0.tombstones, self.positions(range), direction, skip, take)
    }

    /// The current records of the range, ascending.
    pub fn records(&self, range: SeqRange) -> impl Iterator<Item = Seq> {
        self.0.records.iter(self.positions(range)).map(seq_at)
    }

    /// The current tombstones of the range, ascending. [`Timeline::id`](crate::Timeline::id) says
    /// whose they are.
    pub fn tombstones(&self, range: SeqRange) -> impl Iterator<Item = Seq> {
        self.0.tombstones.iter(self.positions(range)).map(seq_at)
    }

    /// An upper bound of the heap that it holds, in bytes: as if it shared nothing with others.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Current>() + self.0.records.memory_bytes() + self.0.tombstones.memory_bytes()
    }

    /// Takes in the next version of the log, and the position of the one that it supersedes.
    pub(crate) fn append(&mut self, kind: Kind, superseded: Option<usize>) {
        let current = Arc::make_mut(&mut self.0);
        if let Some(superseded) = superseded {
            // It is in one of them.
            current.records.remove(superseded);
            current.tombstones.remove(superseded);
        }
        current.insert(kind, current.len);
        current.len += 1;
    }

    /// Goes back to an earlier length of the log, where the versions at these positions were
    /// current, though superseded since.
    pub(crate) fn rewind(&mut self, len: usize, superseded: impl Iterator<Item = (Kind, usize)>) {
        let current = Arc::make_mut(&mut self.0);
        current.len = len;
        superseded.for_each(|(kind, at)| current.insert(kind, at));
    }

    /// The range's positions as far as this view reaches: never the wrong way round.
    fn positions(&self, range: SeqRange) -> Range<usize> {
        // Neither is greater than the view's own length, and so both are a `usize`.
        let end = range.through.min(self.seq()).0 as usize;
        let start = range.after.min(self.seq()).0 as usize;
        start.min(end)..end
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("seq", &self.seq()).finish_non_exhaustive()
    }
}

impl Current {
    fn insert(&mut self, kind: Kind, at: usize) {
        match kind {
            Kind::Record => self.records.insert(at),
            Kind::Tombstone => self.tombstones.insert(at),
        }
    }
}

fn count(bits: &Bits, positions: &Range<usize>) -> u64 {
    if positions.is_empty() {
        return 0; // What most questions find.
    }
    bits.rank(positions.end) - bits.rank(positions.start)
}

fn page(
    bits: &Bits,
    positions: Range<usize>,
    direction: Direction,
    skip: u64,
    take: usize,
) -> Vec<Seq> {
    let total = count(bits, &positions);
    let skip = skip.min(total);
    let take = (total - skip).min(take as u64);
    if take == 0 {
        return Vec::new();
    }
    let oldest = match direction {
        Direction::OldestFirst => skip,
        Direction::NewestFirst => total - skip - take,
    };
    let Some(start) = bits.select(bits.rank(positions.start) + oldest) else {
        return Vec::new();
    };
    let seqs = bits.iter(start..positions.end).map(seq_at);
    let mut page: Vec<Seq> = seqs.take(take as usize).collect();
    if direction == Direction::NewestFirst {
        page.reverse();
    }
    page
}

/// The seq of the version at that position.
pub(crate) fn seq_at(at: usize) -> Seq {
    Seq(at as u64 + 1)
}
