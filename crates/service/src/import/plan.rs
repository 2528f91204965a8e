//! The plan: each activity once, in the order in which it will be written.

use std::collections::BTreeMap;

use domain::{ActivityId, Imported, Members, Stamp, StatusId, StatusName};

use super::names::NotHere;
use super::report::Listed;
use super::spool::{ExternalListed, Slot, SpoolError, SpoolFile};
use super::statuses::Named;

/// What an import is going to write, in order of stamps. Items without one come last.
pub struct ImportPlan {
    file: SpoolFile,
    slots: Vec<Slot>,
    statuses: Statuses,
    repeated: Listed,
    contradictions: Listed,
    external_contradictions: ExternalListed,
    next: usize,
    /// What is added before the first activity is written.
    pub(super) adds: NotHere,
}

/// The statuses that the files name, each with the name on the record changed last.
#[derive(Debug, Default)]
pub(super) struct Statuses(BTreeMap<StatusId, (Option<Stamp>, StatusName)>);

impl Statuses {
    pub(super) fn see(&mut self, id: StatusId, name: &StatusName, stamp: Option<Stamp>) {
        match self.0.get_mut(&id) {
            Some((seen, known)) if stamp >= *seen => {
                *seen = stamp;
                if known != name {
                    known.clone_from(name);
                }
            }
            Some(_) => {}
            None => {
                self.0.insert(id, (stamp, name.clone()));
            }
        }
    }
}

impl Statuses {
    pub(super) fn named(&self) -> Named {
        self.0.iter().map(|(id, (_, name))| (*id, name.clone())).collect()
    }
}

impl ImportPlan {
    pub(super) fn new(
        file: SpoolFile,
        mut slots: Vec<Slot>,
        statuses: Statuses,
        external_contradictions: ExternalListed,
    ) -> ImportPlan {
        slots.sort_unstable_by_key(Slot::precedence);
        let repeated = repeated(&slots);
        let contradictions = contradictions(&slots);
        // Of each activity, keep the last.
        slots.reverse();
        slots.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
        slots.sort_unstable_by_key(|slot| (slot.stamp.is_none(), slot.stamp, id_order(slot)));
        ImportPlan {
            file,
            slots,
            statuses,
            repeated,
            contradictions,
            external_contradictions,
            next: 0,
            adds: NotHere::default(),
        }
    }

    /// Orders the items as the log has to have them when those without a stamp, and those dated
    /// after `latest`, get `latest` as theirs: by stamp, then by id.
    pub(super) fn settle(&mut self, latest: Stamp) {
        let stamp = |slot: &Slot| slot.stamp.map_or(latest, |given| given.min(latest));
        self.slots.sort_unstable_by_key(|slot| (stamp(slot), id_order(slot)));
    }

    /// Puts the item with the highest id before all others.
    pub(super) fn highest_first(&mut self) {
        let with_id = self.slots.iter().enumerate().filter(|(_, slot)| slot.id.is_some());
        let highest = with_id.max_by_key(|(_, slot)| slot.id);
        if let Some((at, _)) = highest {
            self.slots[..=at].rotate_right(1);
        }
    }

    /// Adds also what the files name and what is not here.
    pub fn add(&mut self, not_here: NotHere) {
        self.adds = not_here;
    }

    /// How many activities it is about.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Activities that the files have as a record more than once. Of each, the last change counts.
    #[must_use]
    pub fn repeated(&self) -> &Listed {
        &self.repeated
    }

    /// Activities that a table has in two rows which do not say the same.
    pub(super) fn contradictions(&self) -> &Listed {
        &self.contradictions
    }

    /// The same of new activities, by the ids that they have in another system.
    pub(super) fn external_contradictions(&self) -> &ExternalListed {
        &self.external_contradictions
    }

    /// The records, each with its id and what the files say of it.
    pub(super) fn records(&self) -> impl Iterator<Item = (Option<ActivityId>, Members)> {
        let records = self.slots.iter().filter(|slot| !slot.is_removal());
        records.map(|slot| (slot.id, slot.named))
    }

    /// Whether any of it comes from a table.
    pub(super) fn has_rows(&self) -> bool {
        self.slots.iter().any(Slot::is_row)
    }

    /// Begins again with the first item.
    pub(super) fn rewind(&mut self) {
        self.next = 0;
    }

    /// The greatest id.
    pub(super) fn greatest_id(&self) -> Option<ActivityId> {
        self.slots.iter().filter_map(|slot| slot.id).max()
    }

    pub(super) fn statuses(&self) -> Named {
        self.statuses.named()
    }

    /// The next item; none when all are done.
    pub(super) fn next_item(&mut self) -> Result<Option<Imported>, SpoolError> {
        let Some(slot) = self.slots.get(self.next).copied() else { return Ok(None) };
        self.next += 1;
        self.file.read(&slot).map(Some)
    }

    /// Up to `max` more items; empty when all are done.
    pub(super) fn next_chunk(&mut self, max: usize) -> Result<Vec<Imported>, SpoolError> {
        let mut chunk = Vec::new();
        while chunk.len() < max
            && let Some(item) = self.next_item()?
        {
            chunk.push(item);
        }
        Ok(chunk)
    }
}

/// Those without an id come last, as they were read: each gets an id above all others.
fn id_order(slot: &Slot) -> (bool, Option<ActivityId>, u64) {
    (slot.id.is_none(), slot.id, slot.read_at())
}

/// Removals are not looked at: saved answers repeat them on every page.
fn repeated(by_id: &[Slot]) -> Listed {
    let twice = |group: &&[Slot]| group.iter().filter(|slot| !slot.is_removal()).count() > 1;
    let groups = by_id.chunk_by(|a, b| a.id == b.id).filter(twice);
    groups.filter_map(|group| group[0].id).collect()
}

/// Rows of one file and one id that say different things: an id that a spreadsheet has rounded looks like that.
fn contradictions(by_id: &[Slot]) -> Listed {
    let contradict = |group: &&[Slot]| {
        let rows = || group.iter().filter(|slot| slot.is_row() && slot.id.is_some());
        rows().enumerate().any(|(at, row)| {
            rows()
                .skip(at + 1)
                .take(1)
                .any(|next| next.file == row.file && next.fingerprint != row.fingerprint)
        })
    };
    let groups = by_id.chunk_by(|a, b| a.id == b.id).filter(contradict);
    groups.filter_map(|group| group[0].id).collect()
}
