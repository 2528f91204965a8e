//! Subjects whose beginnings, which the board keeps, are the same: the rest is read to sort them.

use domain::{OrgKey, Seq, Version};
use store::{Store, StoreError};

use super::columns::Columns;
use super::subjects::KEPT_BYTES_MAX;
use crate::base::alphabet::place;

/// Versions in a read of the store.
const READ_VERSIONS_MAX: usize = 1_000;

/// How much of each key is compared at a time, where there may be very many.
const PIECE_BYTES: usize = 256;

/// Reads the subjects of slots.
#[derive(Clone, Copy)]
pub(crate) struct Tails<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) org: OrgKey,
    pub(crate) columns: &'a Columns,
}

impl Tails<'_> {
    /// Sorts slots that are in order as far as what is kept tells, and in id order beyond.
    pub(crate) fn settle(self, slots: &mut [u32]) -> Result<(), StoreError> {
        let subjects = &self.columns.subjects;
        if !subjects.any_is_cut() {
            return Ok(());
        }
        let same = |a: &u32, b: &u32| subjects.is_cut(*a) && subjects.of(*a) == subjects.of(*b);
        for group in slots.chunk_by_mut(same).filter(|group| group.len() > 1) {
            self.sort(group, KEPT_BYTES_MAX)?;
        }
        Ok(())
    }

    /// How many of the slots, which are in order, come before this one.
    pub(crate) fn before(self, slots: &[u32], slot: u32) -> Result<usize, StoreError> {
        let subjects = &self.columns.subjects;
        let kept = subjects.of(slot);
        let first = slots.partition_point(|other| subjects.of(*other) < kept);
        let mut same = &slots[first..];
        same = &same[..same.partition_point(|other| subjects.of(*other) == kept)];
        let wanted = (self.key(slot)?, self.columns.id(slot));
        let (mut from, mut to) = (0, same.len());
        while from < to {
            let middle = from.midpoint(to);
            match (self.key(same[middle])?, self.columns.id(same[middle])) < wanted {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        Ok(first + from)
    }

    /// Sorts slots in id order whose keys are the same up to there.
    fn sort(self, slots: &mut [u32], from: usize) -> Result<(), StoreError> {
        let mut pieces: Vec<(Vec<u8>, u32)> = Vec::with_capacity(slots.len());
        for some in slots.chunks(READ_VERSIONS_MAX) {
            for (slot, key) in some.iter().zip(self.keys(some)?) {
                let rest = key.get(from..).unwrap_or_default();
                pieces.push((rest[..rest.len().min(PIECE_BYTES)].to_vec(), *slot));
            }
        }
        pieces.sort_by(|(a, _), (b, _)| a.cmp(b));
        slots.iter_mut().zip(&pieces).for_each(|(place, (_, slot))| *place = *slot);
        let mut rest = slots;
        for group in pieces.chunk_by(|(a, _), (b, _)| a == b) {
            let (same, others) = rest.split_at_mut(group.len());
            if same.len() > 1 && group[0].0.len() == PIECE_BYTES {
                self.sort(same, from + PIECE_BYTES)?;
            }
            rest = others;
        }
        Ok(())
    }

    fn key(self, slot: u32) -> Result<Vec<u8>, StoreError> {
        Ok(self.keys(&[slot])?.pop().unwrap_or_default())
    }

    /// The whole keys. One that cannot be read must not keep the others from being listed.
    fn keys(self, slots: &[u32]) -> Result<Vec<Vec<u8>>, StoreError> {
        let seqs: Vec<Seq> = slots.iter().map(|slot| self.columns.seq(*slot)).collect();
        let key = |version: &Version| {
            version.record().map_or_else(Vec::new, |record| place(record.subject.as_str()))
        };
        match (self.store.versions(self.org, &seqs), slots) {
            (Err(StoreError::Damaged(_)), [_]) => Ok(vec![Vec::new()]),
            (Err(StoreError::Damaged(_)), _) => slots.iter().map(|slot| self.key(*slot)).collect(),
            (read, _) => Ok(read?.iter().map(key).collect()),
        }
    }
}
