//! One organization's board: every current activity, as of one view, in memory.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::Seq;
use parking_lot::Mutex;
use store::{CurrentRow, Store, StoreError};
use timeline::{SeqRange, View};

use super::bitmap::Bitmap;
use super::columns::Columns;
use super::names::Names;
use super::order::{Keys, Order};
use super::query::Column;
use super::tails::Tails;
use super::words::WordCache;
use crate::directory::people::People;
use crate::log::Log;

/// Versions in a read of the store.
const READ_VERSIONS_MAX: usize = 1_000;

/// Up to this many changes are followed one by one, however few activities there are.
const FOLLOWED_MIN: u64 = 1_000;

/// Reading one version by itself takes as long as this many activities of a scan.
const SCANNED_PER_VERSION: u64 = 16;

const COLUMNS: usize = Column::Modified as usize + 1;

/// See the module. It is derived from the log: it can be dropped and rebuilt at any time.
pub(crate) struct Board {
    pub(crate) columns: Columns,
    names: Names,
    orders: [Option<Order>; COLUMNS],
    /// The slots that have changed, for the orders to take in.
    changed: Vec<u32>,
    /// Up to where it has followed the log.
    pub(crate) view: View,
    /// What was found for words.
    pub(crate) kept: Mutex<WordCache>,
}

/// What a board is made of.
pub(crate) struct Sources<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) log: &'a Log,
    pub(crate) people: &'a People,
    /// Set once the service ends.
    pub(crate) closing: &'a AtomicBool,
}

impl Sources<'_> {
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}

/// An order that was sorted while the board was in use.
pub(crate) struct Sorted {
    order: Order,
    as_of: Seq,
}

impl Board {
    /// Reads all activities as they are in a view of the organization's timeline. The end of the service ends it.
    pub(crate) fn build(of: &Sources<'_>, view: View) -> Result<Board, StoreError> {
        let store = of.store;
        let mut columns = Columns::new();
        let mut shown = Bitmap::default();
        store.current(of.log.org, &mut |row| {
            // What is in the store and not yet in the view is nobody's to see.
            if row.seq <= view.seq() {
                shown.insert(row.seq.0 as u32);
                columns.put(&row);
            }
            match of.is_closing() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        // What has since been changed or removed in the store is read as the view has it.
        let missed: Vec<Seq> =
            view.records(SeqRange::ALL).filter(|seq| !shown.contains(seq.0 as u32)).collect();
        for seqs in missed.chunks(READ_VERSIONS_MAX) {
            if of.is_closing() {
                return Err(StoreError::Unavailable("the server is stopping".to_owned()));
            }
            for version in store.versions(of.log.org, seqs)? {
                let _ = CurrentRow::of(&version).map(|row| columns.put(&row));
            }
        }
        Ok(Board {
            columns,
            names: Names::default(),
            orders: [const { None }; COLUMNS],
            changed: Vec::new(),
            kept: Mutex::new(WordCache::new(view.seq())),
            view,
        })
    }

    /// Whether it can answer a question about that view as it is.
    pub(crate) fn is_ready(&self, people: &People, view: &View, by: Option<Column>) -> bool {
        self.view.seq() >= view.seq()
            && by.is_none_or(|by| {
                let order = self.orders[by as usize].as_ref();
                order.is_some_and(|order| order.seen == self.changed.len())
                    && self.names_are_current(people, by)
            })
    }

    /// How many activities there are in a view.
    pub(crate) fn activities(view: &View) -> u64 {
        view.count_records(SeqRange::ALL)
    }

    /// The work needed before it can answer such a question, in activities read from the store; 0 where
    /// it is ready.
    pub(crate) fn work_until_ready(&self, people: &People, view: &View, by: Column) -> u64 {
        let new = SeqRange { after: self.view.seq(), through: view.seq().max(self.view.seq()) };
        let changes = view.count_records(new) + view.count_tombstones(new);
        let following = (changes * SCANNED_PER_VERSION).min(self.columns.count.max(changes));
        let lacks_order = self.order(by).is_none();
        let sorting = if lacks_order { self.columns.count.max(1) } else { 0 };
        let is_ready = self.is_ready(people, view, Some(by));
        if is_ready { 0 } else { (following + sorting).max(1) }
    }

    /// An order that it lacks, sorted, and what it was sorted from; none if it lacks none, or not only
    /// that.
    pub(crate) fn sorted(
        &self,
        of: &Sources<'_>,
        by: Column,
    ) -> Result<Option<Sorted>, StoreError> {
        if self.order(by).is_some() || !self.names_are_current(of.people, by) {
            return Ok(None);
        }
        let keys = Keys { columns: &self.columns, names: &self.names };
        let tails = Tails { store: of.store, org: of.log.org, columns: &self.columns };
        let order = Order::build(keys, tails, by, self.changed.len())?;
        Ok(Some(Sorted { order, as_of: self.view.seq() }))
    }

    /// Puts such an order in its place, unless something has moved since.
    pub(crate) fn install(&mut self, by: Column, sorted: Sorted) {
        if sorted.as_of == self.view.seq() && sorted.order.seen == self.changed.len() {
            self.orders[by as usize].get_or_insert(sorted.order);
        }
    }

    /// Follows the log up to a view.
    pub(crate) fn follow(&mut self, of: &Sources<'_>, view: View) -> Result<(), StoreError> {
        if view.seq() <= self.view.seq() {
            return Ok(());
        }
        let new = SeqRange { after: self.view.seq(), through: view.seq() };
        let changes = view.count_records(new) + view.count_tombstones(new);
        if changes > FOLLOWED_MIN.max(self.columns.count / SCANNED_PER_VERSION) {
            *self = Board::build(of, view)?;
            return Ok(());
        }
        // Only what is current in the new view: what came and went in between leaves no trace.
        let seqs: Vec<Seq> = view.records(new).collect();
        let removed: Vec<_> = {
            let timeline = of.log.timeline.read();
            view.tombstones(new).filter_map(|seq| timeline.id(seq)).collect()
        };
        let versions = match of.store.versions(of.log.org, &seqs) {
            // A content that cannot be read does not keep its activity, and all others, from the list.
            Err(StoreError::Damaged(_)) => {
                *self = Board::build(of, view)?;
                return Ok(());
            }
            read => read?,
        };
        // From here on nothing fails: it is as of one view or of the other.
        for version in &versions {
            let slot = CurrentRow::of(version).map(|row| self.columns.put(&row));
            self.changed.extend(slot);
        }
        self.changed.extend(removed.into_iter().filter_map(|id| self.columns.remove(id)));
        self.view = view;
        self.forget_changes();
        Ok(())
    }

    /// Brings a column's order up to date.
    pub(crate) fn prepare(&mut self, of: &Sources<'_>, by: Column) -> Result<(), StoreError> {
        self.renew_names(of.people, by);
        let keys = Keys { columns: &self.columns, names: &self.names };
        let tails = Tails { store: of.store, org: of.log.org, columns: &self.columns };
        let order = &mut self.orders[by as usize];
        match order.take() {
            Some(mut kept) => {
                if kept.seen < self.changed.len() {
                    kept.renew(keys, tails, by, &self.changed[kept.seen..])?;
                }
                *order = Some(kept);
            }
            None => *order = Some(Order::build(keys, tails, by, self.changed.len())?),
        }
        Ok(())
    }

    /// The order of a column, if it has been prepared.
    pub(crate) fn order(&self, by: Column) -> Option<&Order> {
        self.orders[by as usize].as_ref()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        let orders = self.orders.iter().flatten().map(Order::memory_bytes);
        self.columns.memory_bytes()
            + orders.sum::<usize>()
            + self.changed.capacity() * 4
            + self.kept.lock().memory_bytes()
    }

    fn names_are_current(&self, people: &People, by: Column) -> bool {
        match by {
            Column::Client => self.names.clients_are_current(&self.columns, people),
            Column::SystemUser => self.names.users_are_current(&self.columns, people),
            Column::Status => self.names.statuses_are_current(&self.columns, people),
            _ => true,
        }
    }

    fn renew_names(&mut self, people: &People, by: Column) {
        if self.names_are_current(people, by) {
            return;
        }
        if by == Column::Client {
            if !self.names.renew_clients(&self.columns, people) {
                self.orders[by as usize] = None;
            }
            return;
        }
        let (users, statuses) = self.names.renew_directory(&self.columns, people);
        for (_, by) in [(users, Column::SystemUser), (statuses, Column::Status)]
            .into_iter()
            .filter(|(anew, _)| *anew)
        {
            self.orders[by as usize] = None;
        }
    }

    /// Once there are so many changes that sorting again costs no more than applying them, orders that
    /// have not are dropped.
    fn forget_changes(&mut self) {
        if (self.changed.len() as u64) < FOLLOWED_MIN.max(self.columns.count / SCANNED_PER_VERSION)
        {
            return;
        }
        for order in &mut self.orders {
            match order {
                Some(current) if current.seen == self.changed.len() => current.seen = 0,
                _ => *order = None,
            }
        }
        self.changed.clear();
    }
}
