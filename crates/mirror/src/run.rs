//! One run: from where the target is, up to now.
//!
//! The source is asked for the oldest change first, so that a run that is cut short has everything up to its last
//! row; the target keeps that place in one transaction with the rows.
//!
//! From Driftless all pages of a window come from one view, and nothing older appears later: what a page brings
//! moves the place at once.
//!
//! Of any other server it is not known whether pages hold still while people edit, nor whether a change appears
//! late under an old stamp. So To is fixed at its own time of the login; each page is asked for as page 1 from the
//! last row's stamp on, so that nothing shifts; and the next run begins [`Options::overlap_ms`] before To. What
//! comes twice changes nothing.

use std::collections::HashSet;

use domain::{ActivityId, Stamp};
use thiserror::Error;

use crate::columns::{Values, values};
use crate::source::{NoPage, Page, Question};
use crate::target::{Applied, Batch, Target, TargetError};
use crate::{Row, Source, SourceError, State, Stop};

/// The vendor keeps times of change to the second.
const PRECISION_MS: i64 = 1_000;

/// So often a window is read again because it changed meanwhile, before the run gives up.
const READ_AGAIN_MAX: u32 = 5;

/// The oldest time that other servers are asked for: nothing in a CRM is older.
const OTHERS_BEGIN_MS: i64 = -2_208_988_800_000;

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far a window reaches into the one before, in milliseconds; not for Driftless.
    pub overlap_ms: i64,
    /// When a run takes too much away.
    pub breaker: Breaker,
    /// Ask, and count, but write nothing.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { overlap_ms: 600_000, breaker: Breaker::default(), dry_run: false }
    }
}

/// Stops a run before it takes too much away.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Percent of the target's rows that may be removed by one run.
    pub percent: f64,
    /// So many may be removed anyway.
    pub at_least: u64,
    /// Whether any number may be removed.
    pub is_open: bool,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker { percent: 5.0, at_least: 20, is_open: false }
    }
}

impl Breaker {
    /// How many of `rows` may go.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count of rows"
    )]
    fn allowed(&self, rows: u64) -> u64 {
        if self.is_open {
            return u64::MAX;
        }
        let share = (rows as f64 * self.percent / 100.0).floor() as u64;
        share.max(self.at_least)
    }
}

impl Breaker {
    /// Refuses to remove that many of so many rows, if it is too much.
    pub(crate) fn check(&self, removed: u64, rows: u64) -> Result<(), RunError> {
        let allowed = self.allowed(rows);
        let told = RunError::Breaker { removed, rows, allowed };
        if removed > allowed { Err(told) } else { Ok(()) }
    }
}

/// What a run tells while it works.
pub trait Report {
    /// So many records have come, of so many.
    fn progress(&mut self, done: u64, total: u64);
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records that came.
    pub read: u64,
    /// Rows that are new or have changed.
    pub written: u64,
    /// Rows that were taken away.
    pub removed: u64,
    /// Pages that were asked for.
    pub pages: u64,
    /// Up to here the target has everything now; none if the run was told to stop before.
    pub complete_to: Option<Stamp>,
}

/// Why a run ended early. What it had written until then stays, with its place.
#[derive(Debug, Error)]
pub enum RunError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The target is a mirror of something else.
    #[error(
        "the target mirrors organization {organization:?} of {source_address}: give another target"
    )]
    OtherSource {
        /// The address that it mirrors.
        source_address: String,
        /// The organization.
        organization: String,
    },
    /// Too much would go.
    #[error(
        "{removed} of the {rows} activities in the target are no longer at the source, more than the {allowed} that --delete-max allows: none of them was removed. If this is right, run it again with --accept-deletions"
    )]
    Breaker {
        /// So many would go.
        removed: u64,
        /// Of so many.
        rows: u64,
        /// So many may.
        allowed: u64,
    },
    /// People edit faster than it can be read.
    #[error("the list of the source kept changing while it was read; the next run goes on")]
    Restless,
}

/// Brings the target up to what the source has now.
///
/// # Errors
/// See [`RunError`].
pub fn run(
    source: &mut Source,
    target: &mut dyn Target,
    options: &Options,
    stop: &Stop,
    report: &mut dyn Report,
) -> Result<Summary, RunError> {
    let state = match target.state()? {
        Some(state) => state,
        None => State::new(source.address(), source.organization()),
    };
    if state.source != source.address() || state.organization != source.organization() {
        let State { source: source_address, organization, .. } = state;
        return Err(RunError::OtherSource { source_address, organization });
    }
    let now = match source.begin() {
        Err(SourceError::Stopped) => return Ok(Summary::default()),
        now => now?,
    };
    let (summary, counted, gone) = (Summary::default(), HashSet::new(), HashSet::new());
    let mut run = Run {
        source,
        target: &mut *target,
        options,
        stop,
        report,
        state,
        rows: None,
        summary,
        counted,
        gone,
    };
    let done = if run.source.is_driftless() { run.exactly() } else { run.carefully(now) };
    // Also of a run that ends early: what it has written is to be seen.
    let summary = run.summary;
    let finished = if options.dry_run { Ok(()) } else { target.finish() };
    match done {
        Ok(()) | Err(RunError::Source(SourceError::Stopped)) => Ok(finished.map(|()| summary)?),
        Err(error) => Err(error),
    }
}

struct Run<'r> {
    source: &'r mut Source,
    target: &'r mut dyn Target,
    options: &'r Options,
    stop: &'r Stop,
    report: &'r mut dyn Report,
    state: State,
    /// What the target had before; none as long as nothing was removed, since counting a million rows takes its time.
    rows: Option<u64>,
    summary: Summary,
    /// Activities that a dry run has counted as written.
    counted: HashSet<ActivityId>,
    /// Activities that a dry run has counted as removed.
    gone: HashSet<ActivityId>,
}

impl Run<'_> {
    /// From Driftless: one window, page by page.
    fn exactly(&mut self) -> Result<(), RunError> {
        let mut losses = 0;
        'window: loop {
            let from = self.state.from().unwrap_or(Stamp::MIN);
            let mut page = 1;
            loop {
                let answer = match self.source.ask(&Question::window(from, None, page)) {
                    Ok(answer) => answer,
                    Err(NoPage::Source(error)) => return Err(error.into()),
                    Err(NoPage::RunOver) => {
                        // What came moved the place, so that the new window begins there.
                        losses = if page > 1 { 0 } else { losses + 1 };
                        if losses > 1 {
                            return Err(
                                SourceError::Sessions(self.source.address().to_owned()).into()
                            );
                        }
                        continue 'window;
                    }
                };
                if !self.source.is_driftless() {
                    let problem = "it no longer says that it is Driftless".to_owned();
                    let url = self.source.address().to_owned();
                    return Err(SourceError::Odd { url, problem }.into());
                }
                let (is_last, horizon) = (page >= answer.told.pages, answer.responded);
                let state = match answer.rows.last().and_then(|row| row.modified) {
                    _ if is_last => self.state.complete_to(horizon, horizon),
                    Some(last) => self.state.asked_from(last),
                    None => self.state.clone(),
                };
                self.take(&answer, page == 1, state)?;
                if is_last {
                    self.summary.complete_to = Some(horizon);
                    return Ok(());
                }
                self.heed_stop()?;
                page += 1;
            }
        }
    }

    /// From any other server: each page is the first one from the last row's stamp on.
    fn carefully(&mut self, to: Stamp) -> Result<(), RunError> {
        let begin = self.state.from().unwrap_or(Stamp::from_millis(OTHERS_BEGIN_MS));
        let next_begin = to.plus_millis(-self.options.overlap_ms.max(PRECISION_MS));
        let (mut from, mut page, mut losses, mut again) = (begin.min(to), 1, 0, 0);
        let mut results = None;
        loop {
            let answer = match self.source.ask(&Question::window(from, Some(to), page)) {
                Ok(answer) => answer,
                Err(NoPage::Source(error)) => return Err(error.into()),
                Err(NoPage::RunOver) if losses == 0 => {
                    losses += 1;
                    continue;
                }
                Err(NoPage::RunOver) => {
                    return Err(SourceError::Sessions(self.source.address().to_owned()).into());
                }
            };
            losses = 0;
            // Deep pages of one second hold still only if nothing was edited in between.
            if page > 1 && results != Some(answer.told.results) {
                again += 1;
                if again > READ_AGAIN_MAX {
                    return Err(RunError::Restless);
                }
                (page, results) = (1, None);
                continue;
            }
            let last = ascending_last(&answer, self.source.address())?;
            let is_last = page >= answer.told.pages;
            let state = match last {
                _ if is_last => self.state.complete_to(to, next_begin),
                // On its way: what is this old has long been visible.
                Some(last) => self.state.asked_from(last.min(next_begin).max(begin)),
                None => self.state.clone(),
            };
            self.take(&answer, true, state)?;
            if is_last {
                self.summary.complete_to = Some(to);
                return Ok(());
            }
            self.heed_stop()?;
            match last {
                Some(last) if last > from => (from, page, results) = (last, 1, None),
                _ => (page, results) = (page + 1, Some(answer.told.results)),
            }
        }
    }

    fn heed_stop(&self) -> Result<(), RunError> {
        if self.stop.is_told() { Err(SourceError::Stopped.into()) } else { Ok(()) }
    }

    /// Writes what a page has, with the place that it leads to.
    fn take(&mut self, page: &Page, with_removed: bool, state: State) -> Result<(), RunError> {
        let removed: &[ActivityId] = if with_removed { &page.removed } else { &[] };
        self.break_off(removed)?;
        self.summary.pages += 1;
        self.summary.read += page.rows.len() as u64;
        let applied = match self.options.dry_run {
            true => self.rehearse(&page.rows, removed)?,
            false => self.target.apply(&Batch {
                rows: &page.rows,
                removed,
                unknown: &[],
                state: &state,
                is_repair: false,
            })?,
        };
        self.state = state;
        self.summary.written += applied.written;
        self.summary.removed += applied.removed;
        self.report.progress(self.summary.read, page.told.results.max(self.summary.read));
        Ok(())
    }

    /// What would be written and removed.
    fn rehearse(&mut self, rows: &[Row], removed: &[ActivityId]) -> Result<Applied, RunError> {
        let ids: Vec<ActivityId> = rows.iter().map(|row| row.id).collect();
        let held: HashSet<Values> = self.target.rows_of(&ids)?.into_iter().collect();
        // A page begins with what the one before ended with.
        let mut differs = |row: &&Row| !held.contains(&values(row)) && self.counted.insert(row.id);
        let written = rows.iter().filter(|row| differs(row)).count() as u64;
        let new: Vec<ActivityId> =
            removed.iter().copied().filter(|id| self.gone.insert(*id)).collect();
        Ok(Applied { written, removed: self.target.count_of(&new)? })
    }

    /// Refuses to take too much away.
    fn break_off(&mut self, removed: &[ActivityId]) -> Result<(), RunError> {
        let new: Vec<ActivityId> =
            removed.iter().copied().filter(|id| !self.gone.contains(id)).collect();
        let going = self.summary.removed + self.target.count_of(&new)?;
        if going == 0 {
            return Ok(());
        }
        let rows = match self.rows {
            Some(rows) => rows,
            None => self.target.count()?,
        };
        self.rows = Some(rows);
        self.options.breaker.check(going, rows)
    }
}

/// The last stamp of a page, which must be its greatest.
fn ascending_last(page: &Page, url: &str) -> Result<Option<Stamp>, RunError> {
    let stamps: Vec<Stamp> = page.rows.iter().filter_map(|row| row.modified).collect();
    let problem = if stamps.len() < page.rows.len() {
        "a record has no lastModifiedDateTime"
    } else if !stamps.is_sorted() {
        "the records are not in the order that was asked for"
    } else {
        return Ok(stamps.last().copied());
    };
    Err(SourceError::Odd { url: url.to_owned(), problem: problem.to_owned() }.into())
}
