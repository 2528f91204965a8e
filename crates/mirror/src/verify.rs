//! Proves that the target is equal to the source, or finds what differs.
//!
//! The target is first brought up to date. Then the whole source is read once more, as a first run would, and
//! compared with the target row by row instead of being written. What differs is looked at again by its id: a row
//! that has changed at the source since the target was brought up to date is not at fault.

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
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records of the source.
    pub compared: u64,
    /// Of these, records that cannot be activities.
    pub unreadable: u64,
    /// What differs, by id.
    pub differences: BTreeMap<ActivityId, Difference>,
    /// Whether it was repaired.
    pub is_repaired: bool,
    /// The instant as of which this holds; none if it was told to stop before.
    pub as_of: Option<Stamp>,
}

/// Compares the target with the source; repairs what differs, if `repair` says so.
///
/// # Errors
/// See [`RunError`]. The breaker stops a repair that would remove too much.
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
    let Some(as_of) = run(source, target, options, stop, report)?.complete_to else {
        return Ok(Verified::default());
    };
    let found = compare(source, target, Some(as_of), options, stop, report)?;
    let (Some(found), Some(state)) = (found, target.state()?) else {
        return Ok(Verified::default());
    };
    let state = state.compared(as_of);
    let is_repaired = repair && !found.differences.is_empty();
    if is_repaired {
        mend(target, options, &found, &state)?;
    } else if found.differences.is_empty() {
        target.apply(&Batch::of_state(&state))?;
    }
    let Found { compared, unreadable, differences, .. } = found;
    Ok(Verified { compared, unreadable, differences, is_repaired, as_of: Some(as_of) })
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
        "the server was restored from a backup, or replaced by another, since the last run: everything is read again",
    );
    if target.rows().is_none() {
        let (from_millis, complete_to_millis) = (None, None);
        return Ok(Some((State { from_millis, complete_to_millis, ..state.clone() }, 0)));
    }
    let Some(found) = compare(source, target, None, options, stop, report)? else {
        return Ok(None);
    };
    let state = state.complete_to(found.as_of, found.as_of).compared(found.as_of);
    if !options.dry_run {
        mend(target, options, &found, &state)?;
    }
    Ok(Some((state, found.differences.len() as u64)))
}

/// What a comparison has found.
struct Found {
    as_of: Stamp,
    compared: u64,
    unreadable: u64,
    differences: BTreeMap<ActivityId, Difference>,
    fresh: Vec<Row>,
    fresh_unreadable: Vec<Unreadable>,
}

/// Reads the whole source, and compares. The target has everything up to `as_of`; without it, the comparison holds
/// as of what the source shows. None if it was told to stop before.
fn compare(
    source: &mut Source,
    target: &mut dyn Target,
    as_of: Option<Stamp>,
    options: &Options,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<Found>, RunError> {
    let Some(rows) = target.rows() else { return Ok(None) };
    let (seen, suspects) = (HashSet::new(), Vec::new());
    let mut comparing = Comparing { rows, seen, unreadable: HashMap::new(), suspects };
    // Nothing is written: there is nothing to break off.
    let mut reading = options.clone();
    (reading.breaker.is_open, reading.dry_run) = (true, false);
    let Some(read_to) = run(source, &mut comparing, &reading, stop, report)?.complete_to else {
        return Ok(None);
    };
    let Comparing { rows, seen, unreadable, mut suspects } = comparing;
    let count = unreadable.len() as u64;
    suspects.extend(unseen(rows, &seen)?);
    suspects.extend(noted_otherwise(rows, unreadable)?);
    suspects.sort_unstable();
    suspects.dedup();
    let mut found = Found {
        as_of: as_of.unwrap_or(read_to),
        compared: seen.len() as u64,
        unreadable: count,
        differences: BTreeMap::new(),
        fresh: Vec::new(),
        fresh_unreadable: Vec::new(),
    };
    for ids in suspects.chunks(source.ids_max()) {
        confirm(source, rows, ids, &mut found)?;
    }
    Ok(Some(found))
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

/// Looks at rows again, one by one: what has not changed at the source since and differs is at fault.
fn confirm(
    source: &mut Source,
    rows: &mut dyn Rows,
    ids: &[ActivityId],
    found: &mut Found,
) -> Result<(), RunError> {
    let as_of = found.as_of;
    let mut ask = |since: Option<Stamp>| ask_again(source, &Question::of_ids(ids, since));
    let now = ask(None)?;
    let since = ask(Some(as_of))?;
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
        let noted = rows.unreadable_after(ActivityId(id.0 - 1), 1)?;
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
        let Some(difference) = difference else { continue };
        // What has changed since is no fault, but the newest that is known of it.
        if !changed.contains(id) {
            found.differences.insert(*id, difference);
        }
        found.fresh.extend(row);
        found.fresh_unreadable.extend(record);
    }
    Ok(())
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

fn mend(
    target: &mut dyn Target,
    options: &Options,
    found: &Found,
    state: &State,
) -> Result<(), RunError> {
    let ghosts: Vec<ActivityId> = found
        .differences
        .iter()
        .filter(|(_, difference)| **difference == Difference::Ghost)
        .map(|(id, _)| *id)
        .collect();
    options.breaker.check(ghosts.len() as u64, count(target)?)?;
    let (rows, unreadable) = (&found.fresh, &found.fresh_unreadable);
    let (removed, as_of, is_repair) = (&ghosts, found.as_of, true);
    target.apply(&Batch { rows, unreadable, removed, state, as_of, is_repair })?;
    Ok(target.finish()?)
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
