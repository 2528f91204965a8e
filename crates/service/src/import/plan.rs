//! The plan: each activity once, in the order in which it will be written.

use std::collections::BTreeMap;

use domain::{ActivityId, Imported, Members, Stamp, StatusId, StatusName};

use crate::commit::queue::ROUND_BYTES_MAX;
use crate::import::names::NotHere;
use crate::import::report::Listed;
use crate::import::row_problems::{RowProblem, RowProblems, same_external_id, same_id};
use crate::import::spool::{Slot, SpoolError, SpoolFile};
use crate::import::statuses::Named;

/// What the items of a chunk take together: as much as a transaction. The last may reach beyond.
const CHUNK_BYTES_MAX: usize = ROUND_BYTES_MAX;

/// What an import is going to write, in order of stamps. Items without one come last.
pub struct ImportPlan {
    file: SpoolFile,
    slots: Vec<Slot>,
    statuses: Statuses,
    repeated: Listed,
    /// Rows that contradict each other.
    problems: RowProblems,
    next: usize,
    /// What is added before the first activity is written.
    pub(crate) adds: NotHere,
}

/// The statuses that the files name, each with the name on the record changed last.
#[derive(Debug, Default)]
pub(crate) struct Statuses(BTreeMap<StatusId, (Option<Stamp>, StatusName)>);

impl Statuses {
    pub(crate) fn see(&mut self, id: StatusId, name: &StatusName, stamp: Option<Stamp>) {
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
    pub(crate) fn named(&self) -> Named {
        self.0.iter().map(|(id, (_, name))| (*id, name.clone())).collect()
    }
}

impl ImportPlan {
    pub(crate) fn new(
        mut file: SpoolFile,
        mut slots: Vec<Slot>,
        statuses: Statuses,
        mut problems: RowProblems,
    ) -> Result<ImportPlan, SpoolError> {
        slots.sort_unstable_by_key(Slot::precedence);
        let repeated = repeated(&slots);
        note_contradictions(&slots, &mut file, &mut problems)?;
        // Of each activity, keep the last.
        slots.reverse();
        slots.dedup_by(|one, other| one.id.is_some() && one.id == other.id);
        slots.sort_unstable_by_key(|slot| (slot.stamp.is_none(), slot.stamp, id_order(slot)));
        let (next, adds) = (0, NotHere::default());
        Ok(ImportPlan { file, slots, statuses, repeated, problems, next, adds })
    }

    /// Orders the items as the log has to have them when those without a stamp, and those dated
    /// after `latest`, get `latest` as theirs: by stamp, then by id.
    pub(crate) fn settle(&mut self, latest: Stamp) {
        let stamp = |slot: &Slot| slot.stamp.map_or(latest, |given| given.min(latest));
        self.slots.sort_unstable_by_key(|slot| (stamp(slot), id_order(slot)));
    }

    /// Puts the item with the highest id before all others.
    pub(crate) fn highest_first(&mut self) {
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

    /// Rows of one table that have the same id and do not say the same.
    #[must_use]
    pub fn problems(&self) -> &RowProblems {
        &self.problems
    }

    /// The records, each with its id and what the files say of it.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Option<ActivityId>, Members)> {
        let records = self.slots.iter().filter(|slot| !slot.is_removal());
        records.map(|slot| (slot.id, slot.named))
    }

    /// Whether any of it comes from a table.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        self.slots.iter().any(Slot::is_row)
    }

    /// Begins again with the first item.
    pub(crate) fn rewind(&mut self) {
        self.next = 0;
    }

    /// The greatest id.
    pub(crate) fn greatest_id(&self) -> Option<ActivityId> {
        self.slots.iter().filter_map(|slot| slot.id).max()
    }

    pub(crate) fn statuses(&self) -> Named {
        self.statuses.named()
    }

    /// Up to `max` more items, and [`CHUNK_BYTES_MAX`] of them; empty when all are done.
    pub(crate) fn next_chunk(&mut self, max: usize) -> Result<Vec<Imported>, SpoolError> {
        Ok(self.next_chunk_by_file(max)?.into_iter().map(|(_, item)| item).collect())
    }

    /// The same, each with the file that it is in, counted from 0.
    pub(crate) fn next_chunk_by_file(
        &mut self,
        max: usize,
    ) -> Result<Vec<(usize, Imported)>, SpoolError> {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < max
            && bytes < CHUNK_BYTES_MAX
            && let Some(slot) = self.slots.get(self.next).copied()
        {
            self.next += 1;
            bytes += slot.bytes();
            chunk.push((slot.in_file(), self.file.read(&slot)?));
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

/// Notes rows of one file and one id that say different things: an id that a spreadsheet has rounded looks like that.
fn note_contradictions(
    by_id: &[Slot],
    file: &mut SpoolFile,
    problems: &mut RowProblems,
) -> Result<(), SpoolError> {
    for group in by_id.chunk_by(|a, b| a.id == b.id) {
        let rows: Vec<&Slot> = group.iter().filter(|slot| slot.is_row()).collect();
        let contradict = |pair: &&[&Slot]| {
            pair[0].file == pair[1].file && pair[0].fingerprint != pair[1].fingerprint
        };
        let Some([one, other]) = rows.windows(2).find(contradict) else { continue };
        let Some(id) = one.id else { continue };
        if problems.is_full() {
            problems.more += 1;
            continue;
        }
        let of_one = file.read(one)?;
        let of_other = file.read(other)?;
        let (earlier, later) = if one.row() <= other.row() { (one, other) } else { (other, one) };
        let problem = match of_one.external_id().filter(|id| Some(*id) == of_other.external_id()) {
            Some(id) => same_external_id(id, earlier.row()),
            None => same_id(id, earlier.row()),
        };
        let (file, row) = (later.in_file(), later.row());
        problems.add(|| RowProblem { file, row, problem });
    }
    Ok(())
}
