//! Finding what differs by reading all of the source once more.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{ActivityId, Stamp};

use super::{ROWS_MAX, Suspected, id};
use crate::careful::hash;
use crate::columns::{Values, values};
use crate::run::{Options, Report, RunError, run};
use crate::target::{Applied, Batch, Rows, Target, TargetError};
use crate::{Source, State, Stop};

/// What may differ from any server: all of it is read.
pub(super) fn find(
    source: &mut Source,
    rows: &mut dyn Rows,
    as_of: Option<Stamp>,
    options: &Options,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<Suspected>, RunError> {
    let (seen, suspects) = (HashSet::new(), Vec::new());
    let mut comparing = Comparing { rows, seen, unreadable: HashMap::new(), suspects };
    // Nothing is written: there is nothing to break off.
    let mut reading = options.clone();
    (reading.breaker.accepts_all, reading.dry_run) = (true, false);
    let Some(read_to) = run(source, &mut comparing, &reading, stop, report)?.complete_to else {
        return Ok(None);
    };
    let Comparing { rows, seen, unreadable, suspects: mut ids } = comparing;
    let count = unreadable.len() as u64;
    ids.extend(unseen(rows, &seen)?);
    ids.extend(noted_otherwise(rows, unreadable)?);
    let (as_of, compared) = (as_of.unwrap_or(read_to), seen.len() as u64);
    Ok(Some(Suspected { as_of, compared, unreadable: count, ids }))
}

/// The ids in the target that the source has not.
fn unseen(rows: &mut dyn Rows, seen: &HashSet<i64>) -> Result<Vec<ActivityId>, TargetError> {
    let mut ghosts = Vec::new();
    let mut after = ActivityId(i64::MIN);
    loop {
        let held = rows.rows_after(after, ROWS_MAX)?;
        let Some(last) = held.last().and_then(id) else { return Ok(ghosts) };
        ghosts.extend(held.iter().filter_map(id).filter(|id| !seen.contains(&id.0)));
        after = last;
    }
}

/// The ids of records that cannot be read here or there, and are not the same.
pub(super) fn noted_otherwise(
    rows: &mut dyn Rows,
    mut seen: HashMap<ActivityId, u64>,
) -> Result<Vec<ActivityId>, TargetError> {
    let mut others = Vec::new();
    let mut after = ActivityId(i64::MIN);
    loop {
        let noted = rows.unreadable_after(after, ROWS_MAX)?;
        let Some((last, _)) = noted.last() else { break };
        after = *last;
        for (id, record) in noted {
            if seen.remove(&id) != Some(hash(&record)) {
                others.push(id);
            }
        }
    }
    others.extend(seen.into_keys());
    Ok(others)
}

/// Takes what a first run would write, and compares it with what is there.
struct Comparing<'t> {
    rows: &'t mut dyn Rows,
    seen: HashSet<i64>,
    /// What cannot be read, with a sum over each record.
    unreadable: HashMap<ActivityId, u64>,
    suspects: Vec<ActivityId>,
}

impl Target for Comparing<'_> {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        Ok(None)
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        None
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        let ids: Vec<ActivityId> = batch.rows.iter().map(|row| row.id).collect();
        let held: BTreeMap<ActivityId, Values> =
            self.rows.rows_of(&ids)?.into_iter().filter_map(|row| Some((id(&row)?, row))).collect();
        for row in batch.rows {
            self.seen.insert(row.id.0);
            self.unreadable.remove(&row.id);
            if held.get(&row.id) != Some(&values(row)) {
                self.suspects.push(row.id);
            }
        }
        for record in batch.unreadable {
            self.seen.insert(record.id.0);
            self.unreadable.insert(record.id, hash(&record.record));
        }
        // It may have come earlier in the same reading, and be gone since.
        for id in batch.removed {
            self.seen.remove(&id.0);
            self.unreadable.remove(id);
        }
        Ok(Applied::default())
    }
}
