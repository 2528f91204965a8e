//! One run: from where the target is, up to now.
//!
//! The source is asked for the oldest change first, so that a run that is cut short has everything up to its last
//! row; the target keeps that place in one transaction with the rows.
//!
//! From Driftless all pages of a window come from one view, and nothing older appears later: what a page brings
//! moves the place at once.
//!
//! Any other server is asked as [`careful`](crate::careful) says.
//!
//! A Driftless that says it has another log than before was restored from a backup, or is another one, or has taken
//! the place of a server of which little is known: what it says from then on does not continue what was said before.
//! Then all is compared, and repaired.

mod error;

use std::collections::HashSet;

use domain::{ActivityId, Stamp};

use crate::breaker::{Breaker, Taken};
use crate::columns::{Values, is_empty, values};
use crate::source::{NoPage, Page, Question};
use crate::target::{Applied, Batch, Rows, Target, TargetError};
use crate::verify::catch_up;
use crate::{Row, RunNote, Source, SourceError, State, Stop};

pub use error::RunError;

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

impl Options {
    /// The same, after that was taken away.
    #[must_use]
    pub fn after(&self, taken: Taken) -> Options {
        let breaker = Breaker { taken: self.breaker.taken.and(taken), ..self.breaker };
        Options { breaker, ..*self }
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
    /// What counts for the [`Breaker`], that of a comparison included.
    pub taken: Taken,
    /// Pages that were asked for.
    pub pages: u64,
    /// Records in the target that cannot be activities; of a target that passes all on, those of this run.
    pub unreadable: u64,
    /// What differed and was repaired, if the source had another log than before.
    pub restored: Option<u64>,
    /// When the source answered last, by its clock.
    pub answered: Option<Stamp>,
    /// Up to here the target has everything now; none if the run was told to stop before.
    pub complete_to: Option<Stamp>,
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
    match run_once(source, target, options, stop, report) {
        // Its login shows what it is now.
        Err(RunError::Source(SourceError::Replaced(_))) => {
            run_once(source, target, options, stop, report)
        }
        done => done,
    }
}

fn run_once(
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
    let now = match source.begin() {
        Err(SourceError::Stopped) => return Ok(Summary::default()),
        now => now?,
    };
    let (mut state, mut restored) = (of_this_source(state, source)?, None);
    let mut taken = Taken::default();
    let log_before = state.log.clone();
    state.log = match source.is_driftless() {
        true => source.log().map(str::to_owned).or(state.log),
        false => None,
    };
    if let (Some(from), true) = (state.from(), state.log != log_before) {
        if source.is_driftless() {
            match catch_up(source, target, options, &state, stop, report)? {
                Some(done) => {
                    (state, restored, taken) = (done.state, Some(done.repaired), done.taken);
                }
                None => return Ok(Summary::default()),
            }
        } else {
            // It was Driftless before, whose place leaves nothing behind: that of any other reaches back.
            state = state.asked_from(from.plus_millis(-options.overlap_ms));
        }
    }
    if !source.is_driftless() {
        state = state.reaching_back(options.overlap_ms);
    }
    let (counted, gone) = (HashSet::new(), HashSet::new());
    let mut run = Run {
        source,
        target: &mut *target,
        options: &options.after(taken),
        stop,
        report,
        state,
        rows: None,
        summary: Summary { restored, ..Summary::default() },
        total: 0,
        counted,
        gone,
        emptied: 0,
        lists_repeat: options.dry_run,
    };
    let done = if run.source.is_driftless() { run.exactly() } else { run.carefully(now) };
    // Also of a run that ends early: what it has written is to be seen.
    let (mut summary, emptied) = (run.summary, run.emptied);
    summary.taken = taken.and(Taken { removed: summary.removed, emptied });
    let finished = if options.dry_run { Ok(()) } else { end(target, &summary) };
    match done {
        Ok(()) | Err(RunError::Source(SourceError::Stopped)) => {
            finished?;
            if let Some(rows) = target.rows() {
                summary.unreadable = rows.unreadable()?;
            }
            Ok(summary)
        }
        Err(error) => Err(error),
    }
}

/// The state, if it is about this source. A Driftless whose address has changed is known by its log.
fn of_this_source(state: State, source: &Source) -> Result<State, RunError> {
    let State { source: known, organization, log, .. } = &state;
    let is_same_log = source.is_driftless() && log.is_some() && log.as_deref() == source.log();
    if organization != source.organization() || (known != source.address() && !is_same_log) {
        let (source_address, organization) = (known.clone(), organization.clone());
        return Err(RunError::OtherSource { source_address, organization });
    }
    Ok(State { source: source.address().to_owned(), ..state })
}

/// Ends a run in the target. A run that has changed nothing is not worth keeping.
fn end(target: &mut dyn Target, summary: &Summary) -> Result<(), TargetError> {
    if summary.written + summary.removed + summary.restored.unwrap_or(0) > 0 {
        target.keep_run(&RunNote::of(summary))?;
    }
    target.finish()
}

/// How many activities the target has, as far as it can be counted.
pub(crate) fn count(target: &mut dyn Target) -> Result<u64, TargetError> {
    target.rows().map_or(Ok(0), Rows::count)
}

pub(crate) struct Run<'r> {
    pub(crate) source: &'r mut Source,
    pub(crate) target: &'r mut dyn Target,
    pub(crate) options: &'r Options,
    stop: &'r Stop,
    report: &'r mut dyn Report,
    pub(crate) state: State,
    /// What the target had before; none as long as nothing was removed, since counting a million rows takes its time.
    rows: Option<u64>,
    pub(crate) summary: Summary,
    /// As many records are expected, as far as it is known.
    pub(crate) total: u64,
    /// Activities that a dry run has counted as written.
    counted: HashSet<ActivityId>,
    /// Activities that this run has emptied.
    emptied: u64,
    /// Activities whose removal this run has dealt with.
    gone: HashSet<ActivityId>,
    /// Whether those are passed over where they are listed again: a careful run reads one list many times.
    pub(crate) lists_repeat: bool,
}

impl Run<'_> {
    /// From Driftless: one window, page by page.
    fn exactly(&mut self) -> Result<(), RunError> {
        let mut losses = 0;
        'window: loop {
            let place = self.state.from();
            let from = place.unwrap_or(Stamp::MIN);
            let mut page = 1;
            loop {
                let answer = match self.source.ask(&Question::window(from, None, page)) {
                    Ok(answer) => answer,
                    Err(NoPage::Source(error)) => return Err(error.into()),
                    Err(NoPage::RunOver) => {
                        // The new window begins at the place: pages that have not moved it come again.
                        losses = if self.state.from() > place { 0 } else { losses + 1 };
                        if losses > 1 {
                            return Err(
                                SourceError::Sessions(self.source.address().to_owned()).into()
                            );
                        }
                        continue 'window;
                    }
                };
                self.expect_same_source()?;
                let (is_last, horizon) = (page >= answer.told.pages, answer.responded);
                if page == 1 {
                    self.total = self.summary.read + answer.told.results;
                }
                let state = match answer.stamps.last().copied().flatten() {
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

    /// Refuses an answer from another log than the one that the place belongs to.
    fn expect_same_source(&mut self) -> Result<(), SourceError> {
        let (before, now) = (self.state.log.as_deref(), self.source.log());
        if self.source.is_driftless() && (before.is_none() || now.is_none() || before == now) {
            return Ok(());
        }
        self.source.end_session();
        Err(SourceError::Replaced(self.source.address().to_owned()))
    }

    pub(crate) fn heed_stop(&self) -> Result<(), RunError> {
        if self.stop.is_told() { Err(SourceError::Stopped.into()) } else { Ok(()) }
    }

    /// Writes what a page has, with the place that it leads to.
    pub(crate) fn take(
        &mut self,
        page: &Page,
        with_removed: bool,
        state: State,
    ) -> Result<(), RunError> {
        let listed: &[ActivityId] = if with_removed { &page.removed } else { &[] };
        let removed = &self.newly_removed(page, listed);
        let emptied = self.newly_emptied(&page.rows)?;
        self.break_off(removed, emptied)?;
        self.summary.answered = Some(page.responded);
        self.summary.pages += 1;
        self.summary.read += page.stamps.len() as u64;
        self.summary.unreadable += page.unreadable.len() as u64;
        let (rows, unreadable) = (&page.rows, &page.unreadable);
        let applied = match self.options.dry_run {
            true => self.rehearse(rows, removed)?,
            false => {
                let (as_of, is_repair) = (page.responded, false);
                let (unknown, state): (&[ActivityId], _) = (&[], &state);
                let batch = Batch { rows, unreadable, removed, unknown, state, as_of, is_repair };
                self.target.apply(&batch)?
            }
        };
        self.gone.extend(listed);
        self.emptied += emptied;
        self.state = state;
        self.summary.written += applied.written;
        self.summary.removed += applied.removed;
        self.report.progress(self.summary.read, self.total.max(self.summary.read));
        Ok(())
    }

    /// Those of the listed ids that are to be removed. An activity that is on the page itself is there: it was
    /// restored.
    fn newly_removed(&self, page: &Page, listed: &[ActivityId]) -> Vec<ActivityId> {
        if listed.is_empty() {
            return Vec::new();
        }
        let rows = page.rows.iter().map(|row| row.id);
        let there: HashSet<ActivityId> =
            rows.chain(page.unreadable.iter().map(|record| record.id)).collect();
        let is_done = |id: &ActivityId| self.lists_repeat && self.gone.contains(id);
        listed.iter().copied().filter(|id| !there.contains(id) && !is_done(id)).collect()
    }

    /// What would be written and removed.
    fn rehearse(&mut self, rows: &[Row], removed: &[ActivityId]) -> Result<Applied, RunError> {
        let ids: Vec<ActivityId> = rows.iter().map(|row| row.id).collect();
        let held: HashSet<Values> = self.held(&ids)?.into_iter().collect();
        // A page begins with what the one before ended with.
        let mut differs = |row: &&Row| !held.contains(&values(row)) && self.counted.insert(row.id);
        let written = rows.iter().filter(|row| differs(row)).count() as u64;
        Ok(Applied { written, removed: self.count_of(removed)? })
    }

    /// How many activities these rows empty.
    fn newly_emptied(&mut self, rows: &[Row]) -> Result<u64, RunError> {
        // Before the first load is complete, there is little that could be emptied.
        if self.state.complete_to_millis.is_none() {
            return Ok(0);
        }
        let empty = rows.iter().filter(|row| is_empty(&values(row)));
        let ids: Vec<ActivityId> =
            empty.map(|row| row.id).filter(|id| !self.counted.contains(id)).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        Ok(self.held(&ids)?.iter().filter(|held| !is_empty(held)).count() as u64)
    }

    /// Refuses to take too much away.
    fn break_off(&mut self, removed: &[ActivityId], emptied: u64) -> Result<(), RunError> {
        // Where all is passed on, nothing is taken away.
        if self.target.rows().is_none() {
            return Ok(());
        }
        let going = self.summary.removed + self.count_of(removed)?;
        let emptied = self.emptied + emptied;
        if going + emptied == 0 {
            return Ok(());
        }
        let rows = match self.rows {
            Some(rows) => rows,
            None => count(self.target)?,
        };
        self.rows = Some(rows);
        self.options.breaker.check(Taken { removed: going, emptied }, rows)
    }

    fn held(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError> {
        self.target.rows().map_or(Ok(Vec::new()), |rows| rows.rows_of(ids))
    }

    fn count_of(&mut self, ids: &[ActivityId]) -> Result<u64, TargetError> {
        self.target.rows().map_or(Ok(0), |rows| rows.count_of(ids))
    }
}
