//! The latest version of each activity.

use std::hash::BuildHasher;

use domain::ActivityId;
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::column::Column;

/// How many neighbouring ids share a page; a power of two.
const PAGE: i64 = 8;

/// A table that grows moves all its entries at once. So many small ones instead of a large one
/// keep that short, for ten million activities too.
const TABLES: usize = 64;

/// From the id of an activity to the seq of its latest version.
///
/// Ids are mostly dense, and mostly come in order: with neighbours on one page the work stays in
/// the processor's cache, and an id takes 6 bytes. An id far from all others takes up to 52. Hashes
/// are seeded, since ids can come from a file that someone made up.
pub(crate) struct Latest {
    pages: Column<Page>,
    /// Indexes of pages, by the hash of the page's number.
    tables: Box<[HashTable<u32>; TABLES]>,
    hasher: DefaultHashBuilder,
}

#[derive(Clone, Copy)]
struct Page {
    /// What its ids have in common: each of them divided by [`PAGE`].
    number: i64,
    /// The seqs, 0 where the id has never been seen.
    seqs: [u32; PAGE as usize],
}

impl Latest {
    pub(crate) fn new() -> Latest {
        Latest {
            pages: Column::new(),
            tables: Box::new(std::array::from_fn(|_| HashTable::new())),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The seq of the activity's latest version, 0 if it has none.
    pub(crate) fn get(&self, id: ActivityId) -> u32 {
        let (number, slot) = place(id);
        let hash = self.hasher.hash_one(number);
        let same = |page: &Page| page.number == number;
        let index = self.tables[table_of(hash)]
            .find(hash, |index| self.pages.get(*index as usize).is_some_and(same));
        let page = index.and_then(|index| self.pages.get(*index as usize));
        page.map_or(0, |page| page.seqs[slot])
    }

    /// Makes `seq` that of the activity's latest version, and returns the one before.
    pub(crate) fn replace(&mut self, id: ActivityId, seq: u32) -> u32 {
        let (number, slot) = place(id);
        let hash = self.hasher.hash_one(number);
        let number_of = |index: &u32| self.pages.get(*index as usize).map(|page| page.number);
        let entry = self.tables[table_of(hash)].entry(
            hash,
            |index| number_of(index) == Some(number),
            |index| self.hasher.hash_one(number_of(index).unwrap_or_default()),
        );
        let index = match entry {
            Entry::Occupied(entry) => *entry.get() as usize,
            Entry::Vacant(entry) => {
                let index = self.pages.len();
                // There are no more pages than versions, whose number fits.
                entry.insert(index as u32);
                self.pages.push(Page { number, seqs: [0; PAGE as usize] });
                index
            }
        };
        let page = self.pages.get_mut(index);
        page.map_or(0, |page| std::mem::replace(&mut page.seqs[slot], seq))
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let tables: usize = self.tables.iter().map(HashTable::allocation_size).sum();
        self.pages.memory_bytes() + tables + size_of_val(&*self.tables)
    }
}

/// The number of the id's page, and which of the page's seqs is its own.
fn place(id: ActivityId) -> (i64, usize) {
    (id.0.div_euclid(PAGE), id.0.rem_euclid(PAGE) as usize)
}

/// Which of the [`TABLES`] a hash belongs to, and never one beyond them. A table itself goes by the
/// lowest and highest bits, which must stay as varied as they are: so this takes some from between.
fn table_of(hash: u64) -> usize {
    (hash >> 40) as usize % TABLES
}
