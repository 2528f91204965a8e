//! Proves that the target is equal to the source, or finds what differs.
//!
//! The target is first brought up to date. Then the whole source is read once more, as a first run would, and
//! compared with the target row by row instead of being written. What differs is looked at again by its id: a row
//! that has changed at the source since the target was brought up to date is not at fault.

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
    let Some(as_of) = run(source, target, options, stop, report)?.complete_to else {
        return Ok(Verified::default());
    };
    let mut comparing = Comparing { target, seen: HashSet::new(), suspects: Vec::new() };
    // Nothing is written: there is nothing to break off.
    let mut reading = options.clone();
    (reading.breaker.is_open, reading.dry_run) = (true, false);
    let read = run(source, &mut comparing, &reading, stop, report)?;
    if read.complete_to.is_none() {
        return Ok(Verified::default());
    }
    let Comparing { seen, mut suspects, .. } = comparing;
    suspects.extend(unseen(target, &seen)?);
    suspects.sort_unstable();
    suspects.dedup();
    let mut verified =
        Verified { compared: seen.len() as u64, as_of: Some(as_of), ..Verified::default() };
    let mut fresh = Vec::new();
    for ids in suspects.chunks(source.ids_max()) {
        confirm(source, target, ids, as_of, &mut verified.differences, &mut fresh)?;
    }
    if repair && !verified.differences.is_empty() {
        mend(target, options, &verified.differences, &fresh)?;
        verified.is_repaired = true;
    }
    Ok(verified)
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

/// Looks at rows again, one by one: what has not changed at the source since `as_of` and differs is at fault.
fn confirm(
    source: &mut Source,
    target: &mut dyn Target,
    ids: &[ActivityId],
    as_of: Stamp,
    differences: &mut BTreeMap<ActivityId, Difference>,
    fresh: &mut Vec<Row>,
) -> Result<(), RunError> {
    let mut ask = |since: Option<Stamp>| ask_again(source, &Question::of_ids(ids, since));
    let now = ask(None)?;
    let since = ask(Some(as_of))?;
    let mut changed: HashSet<ActivityId> = since.removed.iter().copied().collect();
    changed.extend(since.rows.iter().filter(|row| row.modified > Some(as_of)).map(|row| row.id));
    let mut there: BTreeMap<ActivityId, Row> =
        now.rows.into_iter().map(|row| (row.id, row)).collect();
    let held: BTreeMap<ActivityId, Values> =
        target.rows_of(ids)?.into_iter().filter_map(|row| Some((id(&row)?, row))).collect();
    for id in ids.iter().filter(|id| !changed.contains(id)) {
        let row = there.remove(id);
        let difference = match (&row, held.get(id)) {
            (None, None) => continue,
            (Some(_), None) => Difference::Missing,
            (None, Some(_)) => Difference::Ghost,
            (Some(row), Some(held)) => match differing(&values(row), held) {
                columns if columns.is_empty() => continue,
                columns => Difference::Stale(columns),
            },
        };
        differences.insert(*id, difference);
        fresh.extend(row);
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
    differences: &BTreeMap<ActivityId, Difference>,
    fresh: &[Row],
) -> Result<(), RunError> {
    let ghosts: Vec<ActivityId> = differences
        .iter()
        .filter(|(_, difference)| **difference == Difference::Ghost)
        .map(|(id, _)| *id)
        .collect();
    options.breaker.check(ghosts.len() as u64, target.count()?)?;
    if let Some(state) = target.state()? {
        target.apply(&Batch { rows: fresh, removed: &ghosts, state: &state, is_repair: true })?;
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
