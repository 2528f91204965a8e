//! Long works of an organization that people have started: how far each has come, and what it has made.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{AuditKind, Seq};
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::watch;

use crate::base::refusal::ReadOnly;

/// Works of one organization that work at the same time.
const WORKING_MAX: usize = 2;

/// Works that an organization remembers.
const REMEMBERED_MAX: usize = 20;

/// Works of an organization, the latest ones, that can be undone.
const UNDOABLE_MAX: usize = 5;

/// Why no work was started.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LongWorkError {
    /// The person may not.
    #[error("permission denied")]
    PermissionDenied,
    /// The organization follows another server.
    #[error(transparent)]
    ReadOnly(#[from] ReadOnly),
    /// Two imports would not know of each other's rows.
    #[error("another import into this organization is under way: wait until it is done")]
    Importing,
    /// Others are at work.
    #[error("{WORKING_MAX} bulk changes are already running: wait until one of them has finished")]
    TooMany,
    /// The operating system gives no thread.
    #[error("the server cannot start this now: {0}")]
    Unavailable(String),
}

/// Work: how far it has come, and what came of it.
#[derive(Debug)]
pub struct LongWork {
    /// Its number within the organization, from 1.
    pub number: u64,
    /// What it does, in words: `Removing 120 activities`.
    pub title: String,
    /// How many activities it is about; none if that turns out in the end.
    pub total: Option<u64>,
    is_import: bool,
    pub(crate) done: AtomicU64,
    pub(crate) changed: AtomicU64,
    pub(crate) overtaken: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// The versions that it has made, as long as it can be undone.
    pub(crate) made: Mutex<Positions>,
    outcome: watch::Sender<Outcome>,
}

/// Whether a work has come to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It has not.
    #[default]
    Working,
    /// Everything is done.
    Finished,
    /// It stopped, or some writes were refused: the first reason.
    Failed(String),
}

impl LongWork {
    /// Activities that it is done with.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Activities that have changed by it.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.changed.load(Ordering::Relaxed)
    }

    /// Activities that it did not change, because someone else has changed them meanwhile.
    #[must_use]
    pub fn overtaken(&self) -> u64 {
        self.overtaken.load(Ordering::Relaxed)
    }

    /// Activities that could not be changed.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether it has made something that can be undone, and has not been undone yet.
    #[must_use]
    pub fn can_be_undone(&self) -> bool {
        !self.is_working() && !self.made.lock().is_empty()
    }

    /// Whether it has come to its end.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome.borrow().clone()
    }

    /// Waits until it has come to its end.
    pub async fn ended(&self) {
        let mut outcome = self.outcome.subscribe();
        // It cannot be closed: the sender is in `self`.
        let _ = outcome.wait_for(|outcome| *outcome != Outcome::Working).await;
    }

    /// Notes that an activity is in its new state: by this version, or because it was so already.
    pub(crate) fn note(&self, version: Option<Seq>) {
        let Some(version) = version else { return };
        self.changed.fetch_add(1, Ordering::Relaxed);
        self.made.lock().add(version);
    }

    pub(crate) fn is_working(&self) -> bool {
        *self.outcome.borrow() == Outcome::Working
    }

    pub(crate) fn end(&self, outcome: Outcome) {
        self.outcome.send_replace(outcome);
    }
}

/// Ends a work whose thread has panicked, so that nothing waits for it.
pub(crate) struct EndsAnyway(pub(crate) Arc<LongWork>);

impl Drop for EndsAnyway {
    fn drop(&mut self) {
        if self.0.is_working() {
            self.0.end(Outcome::Failed(
                "it stopped unexpectedly; the server's log has the reason".to_owned(),
            ));
        }
    }
}

/// What a work is to be.
pub(crate) struct NewWork {
    pub(crate) title: String,
    pub(crate) total: Option<u64>,
    pub(crate) is_import: bool,
    /// What the audit log calls it; none if what it does is noted there anyway.
    pub(crate) kind: Option<AuditKind>,
}

/// The works of one organization.
#[derive(Debug, Default)]
pub(crate) struct LongWorks {
    last: u64,
    pub(crate) works: Vec<Arc<LongWork>>,
}

impl LongWorks {
    pub(crate) fn begin(&mut self, new: NewWork) -> Result<Arc<LongWork>, LongWorkError> {
        let NewWork { title, total, is_import, kind: _ } = new;
        if is_import && self.works.iter().any(|work| work.is_import && work.is_working()) {
            return Err(LongWorkError::Importing);
        }
        if self.works.iter().filter(|work| work.is_working()).count() >= WORKING_MAX {
            return Err(LongWorkError::TooMany);
        }
        if self.works.len() >= REMEMBERED_MAX
            && let Some(oldest) = self.works.iter().position(|work| !work.is_working())
        {
            self.works.remove(oldest);
        }
        let undoable = self.works.len().saturating_sub(UNDOABLE_MAX - 1);
        for older in self.works.iter().take(undoable).filter(|work| !work.is_working()) {
            *older.made.lock() = Positions::default();
        }
        self.last += 1;
        let (number, outcome) = (self.last, watch::Sender::new(Outcome::Working));
        let [done, changed, overtaken, refused] = [const { AtomicU64::new(0) }; 4];
        let made = Mutex::default();
        let work = LongWork {
            number,
            title,
            total,
            is_import,
            done,
            changed,
            overtaken,
            refused,
            made,
            outcome,
        };
        let work = Arc::new(work);
        self.works.push(work.clone());
        Ok(work)
    }
}

/// Positions in the log: those of one work are mostly adjacent, so that a million take little memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions(Vec<RangeInclusive<u64>>);

impl Positions {
    pub(crate) fn add(&mut self, Seq(seq): Seq) {
        match self.0.last_mut() {
            Some(last) if last.end() + 1 == seq => *last = *last.start()..=seq,
            _ => self.0.push(seq..=seq),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.iter().map(|range| range.end() - range.start() + 1).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Seq> {
        self.0.iter().cloned().flatten().map(Seq)
    }
}
