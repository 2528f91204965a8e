//! The activities in the order of one column, kept sorted while they change.

use std::cmp::Ordering;

use store::StoreError;

use super::bitmap::Bitmap;
use super::codes::ABSENT;
use super::columns::{Columns, NO_END};
use super::names::Names;
use super::query::Column;
use super::tails::Tails;
use crate::log::query::Direction;

/// What is compared: the columns, and the names that stand for numbers in them.
#[derive(Clone, Copy)]
pub(crate) struct Keys<'a> {
    pub(crate) columns: &'a Columns,
    pub(crate) names: &'a Names,
}

/// Slots ascending by one column, those without a value behind them; equal ones by id.
#[derive(Debug)]
pub(crate) struct Order {
    slots: Vec<u32>,
    /// How many have a value.
    valued: usize,
    /// How many of the changes of slots it includes.
    pub(crate) seen: usize,
}

impl Keys<'_> {
    /// A number that is smaller where the value is; none if there is no value.
    fn number(self, by: Column, slot: u32) -> Option<i64> {
        let (columns, at) = (self.columns, slot as usize);
        match by {
            Column::Id => Some(columns.ids[at]),
            // It has no number, and is never absent.
            Column::Subject => Some(0),
            Column::Start => Some(columns.starts[at]),
            Column::End => Some(columns.ends[at]).filter(|end| *end != NO_END),
            Column::Modified => Some(columns.seqs[at].into()),
            Column::Client | Column::SystemUser | Column::Status | Column::Priority => {
                self.place(by, slot).map(i64::from)
            }
        }
    }

    /// The place among few.
    fn place(self, by: Column, slot: u32) -> Option<u32> {
        let Keys { columns, names } = self;
        let (codes, ranks) = match by {
            Column::Client => (&columns.clients, &names.clients),
            Column::SystemUser => (&columns.users, &names.users),
            Column::Status => (&columns.statuses, &names.statuses),
            _ => return Some(columns.priorities[slot as usize].into()),
        };
        let code = codes.of(slot);
        (code != ABSENT).then(|| ranks.of(code))
    }

    fn places(self, by: Column) -> Option<usize> {
        match by {
            Column::Client => Some(self.names.clients.places()),
            Column::SystemUser => Some(self.names.users.places()),
            Column::Status => Some(self.names.statuses.places()),
            Column::Priority => Some(usize::from(u8::MAX)),
            _ => None,
        }
    }

    /// Two values of which the numbers are the same.
    fn closer(self, by: Column, a: u32, b: u32) -> Ordering {
        match by {
            Column::Subject => self.columns.subjects.of(a).cmp(self.columns.subjects.of(b)),
            _ => Ordering::Equal,
        }
    }

    fn compare(self, by: Column, a: u32, b: u32) -> Ordering {
        let by_value = match (self.number(by, a), self.number(by, b)) {
            (Some(x), Some(y)) => x.cmp(&y).then_with(|| self.closer(by, a, b)),
            (x, y) => x.is_none().cmp(&y.is_none()),
        };
        by_value.then_with(|| self.columns.id(a).cmp(&self.columns.id(b)))
    }
}

impl Order {
    /// Sorts everything. What is equal stays in id order, so that ids need not be compared.
    pub(crate) fn build(
        keys: Keys<'_>,
        tails: Tails<'_>,
        by: Column,
        seen: usize,
    ) -> Result<Order, StoreError> {
        let by_id = keys.columns.in_id_order();
        if by == Column::Id {
            return Ok(Order { valued: by_id.len(), slots: by_id, seen });
        }
        if let Some(places) = keys.places(by) {
            return Ok(Order::count(keys, by, places, &by_id, seen));
        }
        let order = match by {
            // Longer heads, so that few texts have to be looked at.
            Column::Subject => {
                let subjects = &keys.columns.subjects;
                let closer = |a, b| subjects.of(a).cmp(subjects.of(b));
                let mut order = Order::sort(by_id, |slot| Some(subjects.head(slot)), closer, seen);
                tails.settle(&mut order.slots)?;
                order
            }
            _ => Order::sort(by_id, |slot| keys.number(by, slot), |_, _| Ordering::Equal, seen),
        };
        Ok(order)
    }

    /// Sorts by a key, and what has the same more closely.
    fn sort<K: Ord>(
        by_id: Vec<u32>,
        key: impl Fn(u32) -> Option<K>,
        closer: impl Fn(u32, u32) -> Ordering,
        seen: usize,
    ) -> Order {
        let mut valued = Vec::with_capacity(by_id.len());
        let mut without = Vec::new();
        for slot in by_id {
            match key(slot) {
                Some(key) => valued.push((key, slot)),
                None => without.push(slot),
            }
        }
        valued.sort_by(|(x, a), (y, b)| x.cmp(y).then_with(|| closer(*a, *b)));
        let mut slots: Vec<u32> = valued.iter().map(|(_, slot)| *slot).collect();
        slots.append(&mut without);
        Order { slots, valued: valued.len(), seen }
    }

    /// The same for few different places: counts how many have each, and puts them there.
    fn count(keys: Keys<'_>, by: Column, places: usize, by_id: &[u32], seen: usize) -> Order {
        // Those without a value have the last place.
        let place = |slot: u32| keys.place(by, slot).map_or(places, |place| place as usize);
        let mut next = vec![0_usize; places + 2];
        by_id.iter().for_each(|slot| next[place(*slot) + 1] += 1);
        for at in 1..next.len() {
            next[at] += next[at - 1];
        }
        let valued = next[places];
        let mut slots = vec![0; by_id.len()];
        for slot in by_id {
            let at = &mut next[place(*slot)];
            slots[*at] = *slot;
            *at += 1;
        }
        Order { slots, valued, seen }
    }

    /// Takes out the slots that have changed, and puts those that are still there where they belong. It
    /// is worth nothing after an error.
    pub(crate) fn renew(
        &mut self,
        keys: Keys<'_>,
        tails: Tails<'_>,
        by: Column,
        changed: &[u32],
    ) -> Result<(), StoreError> {
        self.seen += changed.len();
        let marked: Bitmap = changed.iter().copied().collect();
        let present = &keys.columns.present;
        let mut fresh: Vec<u32> = marked.iter().filter(|slot| present.contains(*slot)).collect();
        fresh.sort_unstable_by(|a, b| keys.compare(by, *a, *b));
        if by == Column::Subject {
            tails.settle(&mut fresh)?;
        }
        let mut kept = std::mem::take(&mut self.slots);
        kept.retain(|slot| !marked.contains(*slot));
        let mut slots = Vec::with_capacity(kept.len() + fresh.len());
        let mut rest = &kept[..];
        for slot in fresh {
            let before = match by {
                Column::Subject if keys.columns.subjects.is_cut(slot) => {
                    tails.before(rest, slot)?
                }
                _ => rest.partition_point(|other| keys.compare(by, *other, slot).is_lt()),
            };
            let (smaller, larger) = rest.split_at(before);
            slots.extend_from_slice(smaller);
            slots.push(slot);
            rest = larger;
        }
        slots.extend_from_slice(rest);
        self.valued = slots.partition_point(|slot| keys.number(by, *slot).is_some());
        self.slots = slots;
        Ok(())
    }

    /// One page of those that match; none means all do.
    pub(crate) fn page(
        &self,
        matches: Option<&Bitmap>,
        direction: Direction,
        skip: u64,
        take: usize,
    ) -> Vec<u32> {
        let (valued, without) = self.slots.split_at(self.valued);
        match direction {
            Direction::Ascending => cut(valued.iter().chain(without), matches, skip, take),
            Direction::Descending => {
                cut(valued.iter().rev().chain(without.iter().rev()), matches, skip, take)
            }
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.slots.capacity() * 4
    }
}

fn cut<'a>(
    slots: impl Iterator<Item = &'a u32>,
    matches: Option<&Bitmap>,
    skip: u64,
    take: usize,
) -> Vec<u32> {
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    match matches {
        None => slots.skip(skip).take(take).copied().collect(),
        Some(matches) => {
            let matching = slots.filter(|slot| matches.contains(**slot));
            matching.skip(skip).take(take).copied().collect()
        }
    }
}
