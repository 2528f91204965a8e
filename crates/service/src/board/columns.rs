//! All current activities, column by column.

use std::collections::HashMap;

use domain::{ActivityId, Priority, Seq, Stamp};
use store::CurrentRow;

use super::bitmap::Bitmap;
use super::codes::Codes;
use super::subjects::Subjects;
use crate::base::alphabet::place;

/// An end that is absent: smaller than any instant.
pub(crate) const NO_END: i64 = i64::MIN;

/// One slot for each activity. An activity keeps its slot when it is removed: ids are never reused, and
/// it may be restored.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) ids: Vec<i64>,
    pub(crate) seqs: Vec<u32>,
    pub(crate) starts: Vec<i64>,
    pub(crate) ends: Vec<i64>,
    pub(crate) clients: Codes,
    pub(crate) users: Codes,
    pub(crate) statuses: Codes,
    pub(crate) priorities: Vec<u8>,
    pub(crate) subjects: Subjects,
    /// The slots of the activities that are there.
    pub(crate) present: Bitmap,
    pub(crate) count: u64,
    /// The slots before this one are in id order.
    ordered: usize,
    /// The slots from there on.
    strays: HashMap<i64, u32>,
}

impl Columns {
    pub(crate) fn new() -> Columns {
        Columns {
            ids: Vec::new(),
            seqs: Vec::new(),
            starts: Vec::new(),
            ends: Vec::new(),
            clients: Codes::new(),
            users: Codes::new(),
            statuses: Codes::new(),
            priorities: Vec::new(),
            subjects: Subjects::default(),
            present: Bitmap::default(),
            count: 0,
            ordered: 0,
            strays: HashMap::new(),
        }
    }

    /// Makes an activity what the row says; returns its slot.
    pub(crate) fn put(&mut self, row: &CurrentRow<'_>) -> u32 {
        let slot = self.slot(row.id).unwrap_or_else(|| self.new_slot(row.id.0));
        set(&mut self.ids, slot, row.id.0);
        // The timeline takes no more versions than 32 bits can tell.
        set(&mut self.seqs, slot, row.seq.0 as u32);
        set(&mut self.starts, slot, row.start.millis());
        set(&mut self.ends, slot, row.end.map_or(NO_END, Stamp::millis));
        self.clients.set(slot, row.client.map(|client| client.0));
        self.users.set(slot, row.system_user.map(|user| user.0));
        self.statuses.set(slot, Some(row.status.0));
        set(&mut self.priorities, slot, level(row.priority));
        self.subjects.set(slot, &place(row.subject));
        if !self.present.contains(slot) {
            self.present.insert(slot);
            self.count += 1;
        }
        slot
    }

    /// Takes an activity out; returns its slot.
    pub(crate) fn remove(&mut self, id: ActivityId) -> Option<u32> {
        let slot = self.slot(id).filter(|slot| self.present.contains(*slot))?;
        self.present.remove(slot);
        self.count -= 1;
        Some(slot)
    }

    pub(crate) fn slot(&self, id: ActivityId) -> Option<u32> {
        match self.ids[..self.ordered].binary_search(&id.0) {
            Ok(slot) => Some(slot as u32),
            Err(_) => self.strays.get(&id.0).copied(),
        }
    }

    /// The slots of those activities, which come ascending.
    pub(crate) fn slots(&self, ids: &[ActivityId]) -> Bitmap {
        let mut slots = Bitmap::default();
        let mut rest = (0_u32..).zip(&self.ids[..self.ordered]).peekable();
        for id in ids {
            // One walk beside the other, instead of a search for each.
            while rest.next_if(|(_, at)| **at < id.0).is_some() {}
            match rest.peek() {
                Some((slot, at)) if **at == id.0 => slots.insert(*slot),
                _ => self.strays.get(&id.0).into_iter().for_each(|slot| slots.insert(*slot)),
            }
        }
        slots
    }

    fn new_slot(&mut self, id: i64) -> u32 {
        // There are no more activities than versions, whose number fits.
        let slot = self.ids.len() as u32;
        let is_next = self.strays.is_empty() && self.ids.last().is_none_or(|last| *last < id);
        if is_next {
            self.ordered += 1;
        } else {
            self.strays.insert(id, slot);
        }
        slot
    }

    /// The slots of what is there, in id order.
    pub(crate) fn in_id_order(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.present.iter().collect();
        if !self.strays.is_empty() {
            slots.sort_by_key(|slot| self.ids[*slot as usize]);
        }
        slots
    }

    pub(crate) fn id(&self, slot: u32) -> ActivityId {
        ActivityId(self.ids[slot as usize])
    }

    pub(crate) fn seq(&self, slot: u32) -> Seq {
        Seq(self.seqs[slot as usize].into())
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        (self.ids.capacity() + self.starts.capacity() + self.ends.capacity()) * 8
            + self.seqs.capacity() * 4
            + self.priorities.capacity()
            + self.clients.memory_bytes()
            + self.users.memory_bytes()
            + self.statuses.memory_bytes()
            + self.subjects.memory_bytes()
            + self.present.memory_bytes()
            + self.strays.capacity() * 17
    }
}

/// The priority as a number, the least urgent the smallest.
pub(crate) fn level(priority: Priority) -> u8 {
    priority as u8
}

/// Sets the value of a slot, which may be the one after the last.
pub(crate) fn set<T>(column: &mut Vec<T>, slot: u32, value: T) {
    match column.get_mut(slot as usize) {
        Some(place) => *place = value,
        None => column.push(value),
    }
}
