//! Proves that the target is equal to the source, or finds what differs.
//!
//! The target is first brought up to date. Then what may differ is found: from Driftless by [`digests`], from any
//! other server by reading the whole source once more, as a first run would, and comparing it with the target row
//! by row instead of writing it. What may differ is looked at again by its id: a row that has changed at the source
//! since the target was brought up to date is not at fault.

mod digests;

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{ActivityId, Stamp};

use crate::careful::hash;
use crate::columns::{Values, differing, values};
use crate::run::{Options, Report, RunError, count, run};
use crate::source::{NoPage, Page, Question};
use crate::target::{Applied, Batch, Rows, Target, TargetError};
use crate::{Row, Source, SourceError, State, Stop, Unreadable};

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
    let Some(as_of) = run(source, target, options, stop, report)?.complete_to else {
        return Ok(Verified::default());
    };
    let Some(state) = target.state()? else { return Ok(Verified::default()) };
    let mut comparison = Comparison { source, target, options, stop, report };
    let Some(found) = comparison.compare(Some(as_of), repair.then_some(&state))? else {
        return Ok(Verified::default());
    };
    let Found { as_of, compared, unreadable, different, differences, ids } = found;
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
    let (as_of, requests) = (Some(as_of), comparison.source.requests() - before);
    Ok(Verified { compared, unreadable, different, differences, left, as_of, requests })
}

/// Compares and repairs a target whose source has another log than before, which `state` names. Gives how far the
/// target has come then, and how much differed; none if it was told to stop before.
pub(crate) fn catch_up(
    source: &mut Source,
    target: &mut dyn Target,
    options: &Options,
    state: &State,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<(State, u64)>, RunError> {
    source.tell(
        "the server was restored from a backup, or replaced by another, since the last run: the target is compared with it",
    );
    if target.rows().is_none() {
        let (from_millis, complete_to_millis) = (None, None);
        return Ok(Some((State { from_millis, complete_to_millis, ..state.clone() }, 0)));
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
    Ok(Some((state, found.different)))
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
}

/// What was found of a few ids that were looked at again.
#[derive(Default)]
struct Chunk {
    differences: BTreeMap<ActivityId, Difference>,
    fresh: Vec<Row>,
    fresh_unreadable: Vec<Unreadable>,
    /// Of these the source knows nothing, not even that they were removed.
    unknown: Vec<ActivityId>,
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
        let mut found = Found { as_of, compared, unreadable, different, differences, ids };
        let (mut gone, mut unknown, mut ghosts) = (Vec::new(), Vec::new(), 0);
        for ids in suspects.chunks(self.source.ids_max()) {
            if self.stop.is_told() {
                return Ok(None);
            }
            let chunk = self.confirm(ids, as_of)?;
            if let Some(state) = repair {
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
            self.options.breaker.check(ghosts, 0, count(self.target)?)?;
            self.remove(&gone, &unknown, state, as_of)?;
            self.target.finish()?;
        }
        Ok(Some(found))
    }

    fn suspected(&mut self, as_of: Option<Stamp>) -> Result<Option<Suspected>, RunError> {
        let Some(rows) = self.target.rows() else { return Ok(None) };
        match self.source.is_driftless() {
            true => digests::find(self.source, rows, as_of, self.stop, self.report),
            false => {
                find_by_reading(self.source, rows, as_of, self.options, self.stop, self.report)
            }
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
        confirm(self.source, rows, ids, as_of, is_exact)
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

/// What may differ from any server: all of it is read.
fn find_by_reading(
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

fn id(values: &Values) -> Option<ActivityId> {
    match values[0] {
        crate::columns::Value::Number(id) => Some(ActivityId(id)),
        _ => None,
    }
}

/// The ids of records that cannot be read here or there, and are not the same.
fn noted_otherwise(
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

/// Looks at rows again, one by one: what has not changed at the source since and differs is at fault. If the source
/// is exact, it lists all that was removed.
fn confirm(
    source: &mut Source,
    rows: &mut dyn Rows,
    ids: &[ActivityId],
    as_of: Stamp,
    is_exact: bool,
) -> Result<Chunk, RunError> {
    let mut found = Chunk::default();
    let mut ask = |since: Option<Stamp>| ask_again(source, &Question::of_ids(ids, since));
    let now = ask(None)?;
    let since = ask(Some(as_of))?;
    let removed: HashSet<ActivityId> = now.removed.iter().copied().collect();
    let later = |modified: Option<Stamp>| modified > Some(as_of);
    let mut changed: HashSet<ActivityId> = since.removed.iter().copied().collect();
    changed.extend(since.rows.iter().filter(|row| later(row.modified)).map(|row| row.id));
    let unreadable = since.unreadable.iter();
    changed.extend(unreadable.filter(|record| later(record.modified)).map(|record| record.id));
    let mut there: BTreeMap<ActivityId, Row> =
        now.rows.into_iter().map(|row| (row.id, row)).collect();
    let mut unreadable: BTreeMap<ActivityId, Unreadable> =
        now.unreadable.into_iter().map(|record| (record.id, record)).collect();
    let held: BTreeMap<ActivityId, Values> =
        rows.rows_of(ids)?.into_iter().filter_map(|row| Some((id(&row)?, row))).collect();
    for id in ids {
        let noted = rows.unreadable_after(before(*id), 1)?;
        let noted = noted.into_iter().find(|(noted, _)| noted == id).map(|(_, record)| record);
        let (row, record) = (there.remove(id), unreadable.remove(id));
        let difference = match (&row, &record, held.get(id), &noted) {
            (None, None, None, None) => None,
            (None, None, ..) => Some(Difference::Ghost),
            (None, Some(record), _, Some(noted)) if record.record == *noted => None,
            (None, Some(_), _, Some(_)) => Some(Difference::Stale(vec!["record"])),
            (None, Some(_), _, None) | (Some(_), _, None, _) => Some(Difference::Missing),
            (Some(row), _, Some(held), noted) => {
                let mut columns = differing(&values(row), held);
                columns.extend(noted.as_ref().map(|_| "record"));
                (!columns.is_empty()).then_some(Difference::Stale(columns))
            }
        };
        let is_removed = removed.contains(id) && row.is_none() && record.is_none();
        let difference = match difference {
            None if is_exact => removal(rows, *id, is_removed)?,
            difference => difference,
        };
        let Some(difference) = difference else { continue };
        // Others may drop a removal from their lists: it is no less removed.
        let is_unknown = is_exact && row.is_none() && record.is_none() && !is_removed;
        found.unknown.extend(is_unknown.then_some(*id));
        // What has changed since is no fault, but the newest that is known of it.
        if !changed.contains(id) {
            found.differences.insert(*id, difference);
        }
        found.fresh.extend(row);
        found.fresh_unreadable.extend(record);
    }
    Ok(found)
}

fn before(id: ActivityId) -> ActivityId {
    ActivityId(id.0.saturating_sub(1))
}

/// How what the target notes of a removal differs.
fn removal(
    rows: &mut dyn Rows,
    id: ActivityId,
    is_removed: bool,
) -> Result<Option<Difference>, TargetError> {
    let Some(noted) = rows.removed_after(before(id), 1)? else { return Ok(None) };
    Ok(match (is_removed, noted.contains(&id)) {
        (true, false) => Some(Difference::RemovalMissing),
        (false, true) => Some(Difference::RemovalWrong),
        _ => None,
    })
}

/// Asks for one page; once more, if the session has ended.
fn ask_again(source: &mut Source, question: &Question<'_>) -> Result<Page, RunError> {
    for _ in 0..2 {
        match source.ask(question) {
            Ok(page) if page.told.pages <= 1 => return Ok(page),
            Ok(page) => {
                let problem = format!("{} results do not fit on its page", page.told.results);
                return Err(SourceError::Odd { url: source.address().to_owned(), problem }.into());
            }
            Err(NoPage::Source(error)) => return Err(error.into()),
            Err(NoPage::RunOver) => {}
        }
    }
    Err(SourceError::Sessions(source.address().to_owned()).into())
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
