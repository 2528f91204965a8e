//! Proves that the target is equal to the source, or finds what differs.
//!
//! The target is first brought up to date. Then what may differ is found: from Driftless by [`digests`], from any
//! other server by reading the whole source once more, as a first run would, and comparing it with the target row
//! by row instead of writing it. What may differ is looked at again by its id: a row that has changed at the source
//! since the target was brought up to date is not at fault.

mod confirm;
mod digests;
mod reading;

use std::collections::BTreeMap;

use domain::{ActivityId, Stamp};

use crate::breaker::Taken;
use crate::columns::{Value, Values};
use crate::run::{Options, Report, RunError, Summary, count, run};
use crate::target::{Batch, Target};
use crate::{Row, Source, State, Stop, Unreadable};
use confirm::Chunk;

/// Rows of the target that are read at once.
const ROWS_MAX: u32 = 1_000;

/// What is wrong with a row of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The source has it, the target does not.
    Missing,
    /// These columns differ.
    Stale(Vec<&'static str>),
    /// The target has it, the source does not.
    Ghost,
    /// It was removed at the source, and the target does not have that.
    RemovalMissing,
    /// The target has that it was removed, and at the source it was not.
    RemovalWrong,
}

/// Differences that are told by id.
const DIFFERENCES_TOLD_MAX: usize = 1_000;

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records of the source.
    pub compared: u64,
    /// Of these, records that cannot be activities.
    pub unreadable: u64,
    /// How much differs.
    pub different: u64,
    /// The first of what differs, by id: at most 1,000.
    pub differences: BTreeMap<ActivityId, Difference>,
    /// After a repair: how much still differs.
    pub left: Option<u64>,
    /// The instant as of which this holds; none if it was told to stop before.
    pub as_of: Option<Stamp>,
    /// How many requests it took, those that brought the target up to date included.
    pub requests: u64,
}

impl Verified {
    /// Whether the target is equal to the source now.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.as_of.is_some() && self.left.unwrap_or(self.different) == 0
    }
}

/// Compares the target with the source; repairs what differs, if `repair` says so.
///
/// # Errors
/// See [`RunError`]. The breaker stops a repair before it removes too much; what is missing or differs has been
/// repaired by then.
pub fn verify(
    source: &mut Source,
    target: &mut dyn Target,
    options: &Options,
    repair: bool,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Verified, RunError> {
    if target.rows().is_none() {
        return Err(RunError::PassedOn("a Singer target"));
    }
    let before = source.requests();
    let Summary { complete_to, taken, .. } = run(source, target, options, stop, report)?;
    let Some(as_of) = complete_to else { return Ok(Verified::default()) };
    let options = &options.after(taken);
    let Some(state) = target.state()? else { return Ok(Verified::default()) };
    let mut comparison = Comparison { source, target, options, stop, report };
    let Some(found) = comparison.compare(Some(as_of), repair.then_some(&state))? else {
        return Ok(Verified::default());
    };
    let Found { as_of, compared, unreadable, different, differences, ids, .. } = found;
    let left = match repair && different > 0 {
        true => match comparison.look_again(as_of, &ids)? {
            Some(left) => Some(left),
            None => return Ok(Verified::default()),
        },
        false => None,
    };
    if left.unwrap_or(different) == 0 {
        comparison.target.apply(&Batch::of_state(&state.compared(as_of)))?;
    }
    comparison.target.finish()?;
    let (as_of, requests) = (Some(as_of), comparison.source.requests() - before);
    Ok(Verified { compared, unreadable, different, differences, left, as_of, requests })
}

/// What became of a target whose source has another log than before.
pub(crate) struct CaughtUp {
    /// How far it has come.
    pub(crate) state: State,
    /// How much differed.
    pub(crate) repaired: u64,
    /// Of that, what was taken away.
    pub(crate) taken: Taken,
}

/// Compares and repairs a target whose source has another log than before, which `state` names; none if it was told to
/// stop before.
pub(crate) fn catch_up(
    source: &mut Source,
    target: &mut dyn Target,
    options: &Options,
    state: &State,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<CaughtUp>, RunError> {
    source.tell(
        "the server was restored from a backup, or replaced by another, since the last run: the target is compared with it",
    );
    if target.rows().is_none() {
        let (from_millis, complete_to_millis) = (None, None);
        let state = State { from_millis, complete_to_millis, ..state.clone() };
        return Ok(Some(CaughtUp { state, repaired: 0, taken: Taken::default() }));
    }
    // Until all is repaired, it is still at the place in the other log.
    let before = target.state()?.filter(|_| !options.dry_run);
    let mut comparison = Comparison { source, target, options, stop, report };
    let Some(found) = comparison.compare(None, before.as_ref())? else { return Ok(None) };
    let mut state = state.complete_to(found.as_of, found.as_of);
    if before.is_some() {
        let left = match found.different {
            0 => Some(0),
            _ => comparison.look_again(found.as_of, &found.ids)?,
        };
        if left == Some(0) {
            state = state.compared(found.as_of);
        }
        comparison.target.apply(&Batch::of_state(&state))?;
        comparison.target.finish()?;
    }
    Ok(Some(CaughtUp { state, repaired: found.different, taken: found.taken }))
}

/// What a comparison has found.
struct Found {
    as_of: Stamp,
    compared: u64,
    unreadable: u64,
    different: u64,
    differences: BTreeMap<ActivityId, Difference>,
    /// What differs.
    ids: Vec<ActivityId>,
    /// What a repair has taken away.
    taken: Taken,
}

/// What may differ.
struct Suspected {
    /// The instant as of which it was looked for.
    as_of: Stamp,
    /// Records of the source.
    compared: u64,
    /// Of these, records that cannot be activities.
    unreadable: u64,
    ids: Vec<ActivityId>,
}

/// A source and the target that is compared with it.
struct Comparison<'c> {
    source: &'c mut Source,
    target: &'c mut dyn Target,
    options: &'c Options,
    stop: &'c Stop,
    report: &'c mut dyn Report,
}

impl Comparison<'_> {
    /// Compares a target that has everything up to `as_of`; without it, the comparison holds as of what the source
    /// shows. With a state, repairs what differs, and leaves the target at that. None if it was told to stop before.
    ///
    /// A few ids at a time are looked at and repaired, so that memory does not grow with what differs. What is to be
    /// removed comes last: only then is it known how much that is.
    fn compare(
        &mut self,
        as_of: Option<Stamp>,
        repair: Option<&State>,
    ) -> Result<Option<Found>, RunError> {
        let Some(suspected) = self.suspected(as_of)? else { return Ok(None) };
        let Suspected { as_of, compared, unreadable, ids: mut suspects } = suspected;
        suspects.sort_unstable();
        suspects.dedup();
        let (different, differences, ids) = (0, BTreeMap::new(), Vec::new());
        let taken = Taken::default();
        let mut found = Found { as_of, compared, unreadable, different, differences, ids, taken };
        let (mut gone, mut unknown, mut ghosts) = (Vec::new(), Vec::new(), 0);
        let rows = match repair {
            Some(_) if !suspects.is_empty() => count(self.target)?,
            _ => 0,
        };
        for ids in suspects.chunks(self.source.ids_max()) {
            if self.stop.is_told() {
                return Ok(None);
            }
            let chunk = self.confirm(ids, as_of)?;
            if let Some(state) = repair {
                found.taken.emptied += chunk.emptied;
                self.options.breaker.check(found.taken, rows)?;
                self.write(&chunk.fresh, &chunk.fresh_unreadable, state, as_of)?;
            }
            unknown.extend(chunk.unknown);
            for (id, difference) in chunk.differences {
                ghosts += u64::from(difference == Difference::Ghost);
                let is_gone = matches!(difference, Difference::Ghost | Difference::RemovalMissing);
                gone.extend((is_gone && unknown.binary_search(&id).is_err()).then_some(id));
                found.ids.push(id);
                if found.differences.len() < DIFFERENCES_TOLD_MAX {
                    found.differences.insert(id, difference);
                }
            }
        }
        found.different = found.ids.len() as u64;
        if let Some(state) = repair {
            found.taken.removed = ghosts;
            self.options.breaker.check(found.taken, rows)?;
            self.remove(&gone, &unknown, state, as_of)?;
            self.target.finish()?;
        }
        Ok(Some(found))
    }

    fn suspected(&mut self, as_of: Option<Stamp>) -> Result<Option<Suspected>, RunError> {
        let Some(rows) = self.target.rows() else { return Ok(None) };
        match self.source.is_driftless() {
            true => digests::find(self.source, rows, as_of, self.stop, self.report),
            false => reading::find(self.source, rows, as_of, self.options, self.stop, self.report),
        }
    }

    /// After a repair: how much still differs, from Driftless of everything, from others of what was repaired. None
    /// if it was told to stop before.
    fn look_again(
        &mut self,
        as_of: Stamp,
        repaired: &[ActivityId],
    ) -> Result<Option<u64>, RunError> {
        if self.source.is_driftless() {
            return Ok(self.compare(Some(as_of), None)?.map(|found| found.different));
        }
        let mut left = 0;
        for ids in repaired.chunks(self.source.ids_max()) {
            if self.stop.is_told() {
                return Ok(None);
            }
            left += self.confirm(ids, as_of)?.differences.len() as u64;
        }
        Ok(Some(left))
    }

    fn confirm(&mut self, ids: &[ActivityId], as_of: Stamp) -> Result<Chunk, RunError> {
        let Some(rows) = self.target.rows() else { return Ok(Chunk::default()) };
        let is_exact = self.source.is_driftless();
        confirm::confirm(self.source, rows, ids, as_of, is_exact)
    }

    fn write(
        &mut self,
        rows: &[Row],
        unreadable: &[Unreadable],
        state: &State,
        as_of: Stamp,
    ) -> Result<(), RunError> {
        if !rows.is_empty() || !unreadable.is_empty() {
            let is_repair = true;
            let batch = Batch { rows, unreadable, as_of, is_repair, ..Batch::of_state(state) };
            self.target.apply(&batch)?;
        }
        Ok(())
    }

    fn remove(
        &mut self,
        removed: &[ActivityId],
        unknown: &[ActivityId],
        state: &State,
        as_of: Stamp,
    ) -> Result<(), RunError> {
        let size = ROWS_MAX as usize;
        let is_repair = true;
        for removed in removed.chunks(size) {
            self.target.apply(&Batch { removed, as_of, is_repair, ..Batch::of_state(state) })?;
        }
        for unknown in unknown.chunks(size) {
            self.target.apply(&Batch { unknown, as_of, is_repair, ..Batch::of_state(state) })?;
        }
        Ok(())
    }
}

fn id(values: &Values) -> Option<ActivityId> {
    match values[0] {
        Value::Number(id) => Some(ActivityId(id)),
        _ => None,
    }
}

fn before(id: ActivityId) -> ActivityId {
    ActivityId(id.0.saturating_sub(1))
}
