//! The coverage ledger: for each key, what it has asked for *and read to the last page*, and so which
//! changes and deletions were delivered.
//!
//! It is kept over positions of the log, not over times: the seqs of an organization are in the order
//! of its stamps, and nothing ever appears before an exposed instant (invariant 3), so that what was
//! covered once stays covered. A period in which nothing changed leaves no gap; nor does a change that
//! others have followed. Whether something is missing is judged against the current view (`verdict`),
//! because only what is current can be missing from a copy.
//!
//! A page counts as served once its connection has written the whole answer. If in doubt, it counts as not
//! delivered: pages whose note was lost with a killed process, and whatever is forgotten to keep memory
//! bounded.

mod key;
mod outbox;
mod poll;
mod ranges;
mod stored;
mod verdict;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{KeyId, Member, Seq, Stamp};
use parking_lot::Mutex;
use store::{CoverageRecord, RunRecord};
use timeline::{SeqRange, View};

use crate::log::Log;
use crate::log::query::{Direction, SyncQuery};

use poll::ServedPage;
use ranges::Stretch;

pub(crate) use key::{KeyCoverage, silent_after_ms};
pub use outbox::Outbox;
pub use poll::{PagesServed, Poll};
pub use verdict::{Cause, Missing, Undelivered};
pub(crate) use verdict::{Verdict, judge};

/// The coverage of one organization's keys.
#[derive(Debug, Default)]
pub(crate) struct Coverages {
    keys: Mutex<BTreeMap<KeyId, Tracked>>,
    /// Whether the store is to hear of any of them soon.
    due: AtomicBool,
}

#[derive(Debug, Default)]
struct Tracked {
    coverage: KeyCoverage,
    unwritten: Unwritten,
    /// Whether the store knows that something has been asked.
    is_begun: bool,
}

/// What the store does not have of a key's coverage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Unwritten {
    #[default]
    Nothing,
    /// That it has asked again: housekeeping writes it down.
    Time,
    /// What must not be forgotten.
    Progress,
}

impl Coverages {
    /// Those that the store has kept, as far as the log goes.
    pub(crate) fn new(kept: Vec<CoverageRecord>, head: Seq) -> Coverages {
        let mut keys = BTreeMap::new();
        for record in kept {
            let coverage = stored::read(&record.document, head).unwrap_or_else(|problem| {
                let key = record.key.0;
                tracing::error!(key, %problem, "the record of what a key has received is damaged and was reset");
                KeyCoverage::forgotten()
            });
            let is_begun = coverage.has_asked();
            let kept = Tracked { coverage, unwritten: Unwritten::Nothing, is_begun };
            keys.insert(record.key, kept);
        }
        Coverages { keys: Mutex::new(keys), due: AtomicBool::new(false) }
    }

    /// Takes note of a page that has been served: see [`KeyCoverage::serve`].
    fn serve(
        &self,
        key: KeyId,
        page: &ServedPage,
        alone: impl FnOnce() -> Option<Stretch>,
        head: impl FnOnce() -> View,
    ) {
        let mut keys = self.keys.lock();
        let kept = keys.entry(key).or_default();
        let news = match kept.coverage.serve(page, alone, head) {
            false => Unwritten::Time,
            true => Unwritten::Progress,
        };
        kept.unwritten = kept.unwritten.max(news);
        drop(keys);
        if news == Unwritten::Progress && !self.due.load(Ordering::Relaxed) {
            self.due.store(true, Ordering::Release);
        }
    }

    /// Takes note of a question that is a key's first, before any page of its answer leaves: a process that
    /// dies would forget that there was one, and what it asked for and did not get. Says whether the store
    /// knows of no question of the key yet.
    fn note_question(&self, key: KeyId, poll: &Poll) -> bool {
        let mut keys = self.keys.lock();
        let kept = keys.entry(key).or_default();
        if !kept.coverage.has_asked() {
            kept.coverage.ask(poll);
        }
        !kept.is_begun
    }

    /// What to save of a key of which the store knows no question yet.
    pub(crate) fn beginning(&self, key: KeyId) -> Option<CoverageRecord> {
        let keys = self.keys.lock();
        let kept = keys.get(&key).filter(|kept| !kept.is_begun)?;
        Some(CoverageRecord { key, document: stored::write(&kept.coverage) })
    }

    /// The store knows of a question of the key now.
    pub(crate) fn begun(&self, key: KeyId) {
        if let Some(kept) = self.keys.lock().get_mut(&key) {
            kept.is_begun = true;
        }
    }

    /// Activities were asked for by their ids alone.
    pub(crate) fn named(&self, key: KeyId, at: Stamp) {
        let mut keys = self.keys.lock();
        let kept = keys.entry(key).or_default();
        kept.coverage.named_at = Some(at);
        kept.unwritten = kept.unwritten.max(Unwritten::Time);
    }

    /// What is known of a key's; none if nothing has been asked with it.
    pub(crate) fn of(&self, key: KeyId) -> Option<KeyCoverage> {
        self.keys.lock().get(&key).map(|kept| kept.coverage.clone())
    }

    /// Has everything written down soon that the store does not have.
    pub(crate) fn write_soon(&self) {
        let mut keys = self.keys.lock();
        for kept in keys.values_mut().filter(|kept| kept.unwritten == Unwritten::Time) {
            kept.unwritten = Unwritten::Progress;
            self.due.store(true, Ordering::Release);
        }
    }

    /// What to save now; from here on it counts as saved.
    pub(crate) fn take_due(&self) -> Vec<CoverageRecord> {
        if self.due.load(Ordering::Relaxed) && self.due.swap(false, Ordering::AcqRel) {
            self.take(Unwritten::Progress)
        } else {
            Vec::new()
        }
    }

    /// The same of everything that the store does not have.
    pub(crate) fn take_all(&self) -> Vec<CoverageRecord> {
        self.take(Unwritten::Time)
    }

    fn take(&self, least: Unwritten) -> Vec<CoverageRecord> {
        let mut keys = self.keys.lock();
        let due = keys.iter_mut().filter(|(_, kept)| kept.unwritten >= least);
        let taken: Vec<(KeyId, KeyCoverage)> = due
            .map(|(key, kept)| {
                kept.unwritten = Unwritten::Nothing;
                (*key, kept.coverage.clone())
            })
            .collect();
        drop(keys);
        let record = |(key, coverage)| CoverageRecord { key, document: stored::write(&coverage) };
        taken.into_iter().map(record).collect()
    }

    /// These could not be written down.
    pub(crate) fn not_written(&self, records: &[CoverageRecord]) {
        let mut keys = self.keys.lock();
        for record in records {
            if let Some(kept) = keys.get_mut(&record.key) {
                kept.unwritten = Unwritten::Progress;
            }
        }
        self.due.store(true, Ordering::Release);
    }
}

/// The same, with nothing later than this instant; none if it cannot be read. For a promise that is
/// taken back: which positions have been delivered stays.
pub(crate) fn brought_back(record: &CoverageRecord, now: Stamp) -> Option<CoverageRecord> {
    let mut coverage = stored::read(&record.document, Seq(u64::MAX)).ok()?;
    coverage.bring_back(now);
    Some(CoverageRecord { key: record.key, document: stored::write(&coverage) })
}

/// What a page has, as far as it matters here.
pub(crate) struct PageContent<'p> {
    /// The positions of its records, in the order asked for.
    pub(crate) seqs: &'p [Seq],
    /// Pages of the run.
    pub(crate) pages: u64,
    /// Records on all of them.
    pub(crate) total: u64,
    /// Removed ids, which are on each of them.
    pub(crate) removed: u64,
}

/// A page on its way to the client. The code that has sent it reports so.
#[must_use = "a page that nobody reports as served counts as not delivered"]
#[derive(Clone, Debug)]
pub struct Served(Box<Sending>);

/// Apart, since the way of an answer is long, and what travels it is moved at each step.
#[derive(Clone)]
struct Sending {
    log: Arc<Log>,
    key: KeyId,
    page: ServedPage,
    /// Its oldest record and its newest, where it delivers something all by itself.
    alone: Option<(Seq, Seq)>,
}

impl Served {
    /// Of a page of a run; none of a question for named activities, which says nothing about how far a
    /// copy has come. `range` is what the question's window holds in the view of `head`.
    pub(crate) fn new(
        log: &Arc<Log>,
        query: &SyncQuery,
        run: &RunRecord,
        (begins, at): (bool, Stamp),
        (head, range): (Seq, SeqRange),
        page: &PageContent<'_>,
    ) -> Option<Served> {
        if query.ids.is_some() {
            return None;
        }
        let log_order = (query.order.by == Member::Modified).then(|| query.order.direction.into());
        let seqs = page.seqs.first().zip(page.seqs.last());
        let ends = seqs.filter(|_| page.pages > 1 && log_order.is_some());
        let (after, through) = (range.after.min(head), range.through.min(head));
        Some(Served(Box::new(Sending {
            log: log.clone(),
            key: run.key,
            page: ServedPage {
                poll: Poll {
                    first_at: at,
                    last_at: at,
                    times: 1,
                    from: query.from,
                    to: query.to.map(|_| run.to),
                    horizon: run.horizon,
                    seq: head,
                    range: SeqRange { after, through: through.max(after) },
                    log_order,
                    wants_removed: !query.ignore_removed,
                    page_size_asked: query.page_size,
                    page_size: run.page_size,
                    pages: page.pages,
                    served: PagesServed::default(),
                    total: page.total,
                    records: 0,
                    removed: page.removed,
                    skipped: None,
                    query: run.query,
                },
                begins,
                page: query.page,
                records: page.seqs.len() as u64,
            },
            alone: ends.map(|(one, other)| (*one.min(other), *one.max(other))),
        })))
    }

    /// Takes note of the question, before any page of its answer leaves. Says whether the store is to hear of
    /// it first, since it knows of none with that key yet.
    pub(crate) fn note_question(&self) -> bool {
        let Sending { log, key, page, .. } = &*self.0;
        log.coverages.note_question(*key, &page.poll)
    }

    /// The whole answer has been written.
    pub fn is_sent(self) {
        let Sending { log, key, page, alone } = &*self.0;
        let alone = || self::alone(log, page, (*alone)?);
        log.coverages.serve(*key, page, alone, || log.exposure.view());
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("key", &self.key).finish_non_exhaustive()
    }
}

/// What a page delivers by itself, in the order of the log: from the record before its oldest, which is
/// on another page, to its newest. Between two neighbours there is nothing current, so that theirs touch.
/// The present view tells as well as the run's: what was current then and is no longer can be missing from
/// no copy.
fn alone(log: &Log, page: &ServedPage, (oldest, newest): (Seq, Seq)) -> Option<Stretch> {
    let whole = page.poll.stretch();
    let (newest_page, oldest_page) = match page.poll.log_order? {
        timeline::Direction::NewestFirst => (1, page.poll.pages),
        timeline::Direction::OldestFirst => (page.poll.pages, 1),
    };
    let before = SeqRange { after: whole.range.after, through: Seq(oldest.0.saturating_sub(1)) };
    let view = || log.exposure.view();
    let next_older =
        || view().page(before, timeline::Direction::NewestFirst, 0, 1).first().copied();
    let other = if page.page == oldest_page { None } else { next_older() };
    let timeline = log.timeline.read();
    let (after, from) = match other {
        Some(other) => (other, timeline.stamp(oldest)?),
        None => (whole.range.after, whole.from),
    };
    let (through, until) = if page.page == newest_page {
        (whole.range.through, whole.until)
    } else {
        (newest, timeline.stamp(newest)?)
    };
    Some(Stretch { range: SeqRange { after, through }, from, until })
}

impl From<Direction> for timeline::Direction {
    fn from(direction: Direction) -> timeline::Direction {
        match direction {
            Direction::Ascending => timeline::Direction::OldestFirst,
            Direction::Descending => timeline::Direction::NewestFirst,
        }
    }
}
