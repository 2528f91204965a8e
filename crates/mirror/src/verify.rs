//! Proves that the target is equal to the source, or finds what differs.
//!
//! The target is first brought up to date. Then what may differ is found: from Driftless by [`digests`], from any
//! other server by reading the whole source once more, as a first run would, and comparing it with the target row
//! by row instead of writing it. What may differ is looked at again by its id: a row that has changed at the source
//! since the target was brought up to date is not at fault.

mod digests;

use std::collections::{BTreeMap, HashSet};

use domain::{ActivityId, Stamp};

use crate::columns::{Values, differing, values};
use crate::run::{Options, Report, RunError, run};
use crate::source::{NoPage, Page, Question};
use crate::target::{Applied, Batch, Target, TargetError};
use crate::{Row, Source, SourceError, State, Stop};

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

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records of the source.
    pub compared: u64,
    /// What differs, by id.
    pub differences: BTreeMap<ActivityId, Difference>,
    /// Whether it was repaired.
    pub is_repaired: bool,
    /// The instant as of which this holds; none if it was told to stop before.
    pub as_of: Option<Stamp>,
    /// How many requests it took, those that brought the target up to date included.
    pub requests: u64,
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
    let before = source.requests();
    let Some(as_of) = run(source, target, options, stop, report)?.complete_to else {
        return Ok(Verified::default());
    };
    let Some(found) = compare(source, target, as_of, options, stop, report)? else {
        return Ok(Verified::default());
    };
    let is_repaired = repair && !found.differences.is_empty();
    if is_repaired {
        mend(target, options, &found)?;
    }
    let Found { compared, as_of, differences, .. } = found;
    let requests = source.requests() - before;
    Ok(Verified { compared, differences, is_repaired, as_of: Some(as_of), requests })
}

/// What may differ.
struct Suspected {
    /// Records of the source.
    compared: u64,
    /// The instant as of which it was looked for.
    as_of: Stamp,
    ids: Vec<ActivityId>,
}

/// What a comparison has found.
struct Found {
    compared: u64,
    as_of: Stamp,
    differences: BTreeMap<ActivityId, Difference>,
    fresh: Vec<Row>,
    /// Of these the source knows nothing, not even that they were removed.
    unknown: Vec<ActivityId>,
}

/// Compares a target that has everything up to `as_of`. None if it was told to stop before.
fn compare(
    source: &mut Source,
    target: &mut dyn Target,
    as_of: Stamp,
    options: &Options,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<Found>, RunError> {
    let is_exact = source.is_driftless();
    let suspected = match is_exact {
        true => digests::find(source, target, as_of, stop, report),
        false => find_by_reading(source, target, as_of, options, stop, report),
    };
    let Some(Suspected { compared, as_of, ids: mut suspects }) = suspected? else {
        return Ok(None);
    };
    suspects.sort_unstable();
    suspects.dedup();
    let (differences, fresh, unknown) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut found = Found { compared, as_of, differences, fresh, unknown };
    for ids in suspects.chunks(source.ids_max()) {
        confirm(source, target, ids, is_exact, &mut found)?;
    }
    Ok(Some(found))
}

/// What may differ from any server: all of it is read.
fn find_by_reading(
    source: &mut Source,
    target: &mut dyn Target,
    as_of: Stamp,
    options: &Options,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Option<Suspected>, RunError> {
    let mut comparing = Comparing { target, seen: HashSet::new(), suspects: Vec::new() };
    // Nothing is written: there is nothing to break off.
    let mut reading = options.clone();
    (reading.breaker.is_open, reading.dry_run) = (true, false);
    if run(source, &mut comparing, &reading, stop, report)?.complete_to.is_none() {
        return Ok(None);
    }
    let Comparing { seen, mut suspects, .. } = comparing;
    suspects.extend(unseen(target, &seen)?);
    Ok(Some(Suspected { compared: seen.len() as u64, as_of, ids: suspects }))
}

/// The ids in the target that the source has not.
fn unseen(target: &mut dyn Target, seen: &HashSet<i64>) -> Result<Vec<ActivityId>, TargetError> {
    let mut ghosts = Vec::new();
    let mut after = ActivityId(i64::MIN);
    loop {
        let rows = target.rows_after(after, ROWS_MAX)?;
        let Some(last) = rows.last().and_then(id) else { return Ok(ghosts) };
        ghosts.extend(rows.iter().filter_map(id).filter(|id| !seen.contains(&id.0)));
        after = last;
    }
}

fn id(values: &Values) -> Option<ActivityId> {
    match values[0] {
        crate::columns::Value::Number(id) => Some(ActivityId(id)),
        _ => None,
    }
}

/// Looks at rows again, one by one: what has not changed at the source since and differs is at fault. If the source
/// is exact, it lists all that was removed.
fn confirm(
    source: &mut Source,
    target: &mut dyn Target,
    ids: &[ActivityId],
    is_exact: bool,
    found: &mut Found,
) -> Result<(), RunError> {
    let as_of = found.as_of;
    let mut ask = |since: Option<Stamp>| ask_again(source, &Question::of_ids(ids, since));
    let now = ask(None)?;
    let since = ask(Some(as_of))?;
    let mut changed: HashSet<ActivityId> = since.removed.iter().copied().collect();
    changed.extend(since.rows.iter().filter(|row| row.modified > Some(as_of)).map(|row| row.id));
    let removed: HashSet<ActivityId> = now.removed.iter().copied().collect();
    let mut there: BTreeMap<ActivityId, Row> =
        now.rows.into_iter().map(|row| (row.id, row)).collect();
    let held: BTreeMap<ActivityId, Values> =
        target.rows_of(ids)?.into_iter().filter_map(|row| Some((id(&row)?, row))).collect();
    for id in ids.iter().filter(|id| !changed.contains(id)) {
        let (row, is_removed) = (there.remove(id), removed.contains(id));
        let difference = match (&row, held.get(id)) {
            (None, None) => None,
            (Some(_), None) => Some(Difference::Missing),
            (None, Some(_)) => Some(Difference::Ghost),
            (Some(row), Some(held)) => {
                let columns = differing(&values(row), held);
                (!columns.is_empty()).then_some(Difference::Stale(columns))
            }
        };
        let difference = match difference {
            None if is_exact => removal(target, *id, is_removed)?,
            difference => difference,
        };
        let Some(difference) = difference else { continue };
        found.differences.insert(*id, difference);
        // Others may drop a removal from their lists: it is no less removed.
        found.unknown.extend((is_exact && row.is_none() && !is_removed).then_some(*id));
        found.fresh.extend(row);
    }
    Ok(())
}

/// How what the target notes of a removal differs.
fn removal(
    target: &mut dyn Target,
    id: ActivityId,
    is_removed: bool,
) -> Result<Option<Difference>, TargetError> {
    let noted = target.removed_after(ActivityId(id.0.saturating_sub(1)), 1)?.contains(&id);
    Ok(match (is_removed, noted) {
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

fn mend(target: &mut dyn Target, options: &Options, found: &Found) -> Result<(), RunError> {
    let Found { differences, fresh: rows, unknown, .. } = found;
    let ghosts = differences.values().filter(|difference| **difference == Difference::Ghost);
    options.breaker.check(ghosts.count() as u64, target.count()?)?;
    let is_gone = |id: &ActivityId, difference: &Difference| {
        let is_gone = matches!(difference, Difference::Ghost | Difference::RemovalMissing);
        is_gone && unknown.binary_search(id).is_err()
    };
    let removed = differences.iter().filter(|(id, difference)| is_gone(id, difference));
    let removed: Vec<ActivityId> = removed.map(|(id, _)| *id).collect();
    if let Some(state) = target.state()? {
        target.apply(&Batch {
            rows,
            removed: &removed,
            unknown,
            state: &state,
            is_repair: true,
        })?;
        target.finish()?;
    }
    Ok(())
}

/// Takes what a first run would write, and compares it with what is there.
struct Comparing<'t> {
    target: &'t mut dyn Target,
    seen: HashSet<i64>,
    suspects: Vec<ActivityId>,
}

impl Target for Comparing<'_> {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        Ok(None)
    }

    fn count(&mut self) -> Result<u64, TargetError> {
        Ok(0)
    }

    fn count_of(&mut self, _: &[ActivityId]) -> Result<u64, TargetError> {
        Ok(0)
    }

    fn rows_of(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError> {
        self.target.rows_of(ids)
    }

    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError> {
        self.target.rows_after(after, max)
    }

    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<ActivityId>, TargetError> {
        self.target.removed_after(after, max)
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        let ids: Vec<ActivityId> = batch.rows.iter().map(|row| row.id).collect();
        let held: BTreeMap<ActivityId, Values> = self
            .target
            .rows_of(&ids)?
            .into_iter()
            .filter_map(|row| Some((id(&row)?, row)))
            .collect();
        for row in batch.rows {
            self.seen.insert(row.id.0);
            if held.get(&row.id) != Some(&values(row)) {
                self.suspects.push(row.id);
            }
        }
        // It may have come earlier in the same reading, and be gone since.
        for id in batch.removed {
            self.seen.remove(&id.0);
        }
        Ok(Applied::default())
    }
}
