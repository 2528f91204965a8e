//! The organization's keys as an admin sees them: what each asks for, what it has received, and what it is
//! missing.

use std::fmt;
use std::sync::Arc;

use domain::{ActivityId, ApiKey, KeyId, Kind, Stamp};
use timeline::View;

use crate::base::refusal::Refusal;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::log::coverage::{self, Cause, KeyCoverage, Missing, Poll, Undelivered, Verdict};

/// How long a key that has been asked with only once may be silent: most jobs run at least daily.
const SILENT_MS_UNKNOWN: i64 = 25 * 3_600_000;

/// By which part an expected interval may be exceeded.
const EXPECTED_GRACE: i64 = 10;

/// A run whose pages have followed each other up to then may be under way.
const READING_MS_MAX: i64 = 5 * 60_000;

/// A key, and what is asked with it.
#[derive(Clone, Debug)]
pub struct Integration {
    /// The key.
    pub key: ApiKey,
    /// What was asked last, none if nothing has been.
    pub poll: Option<Poll>,
    /// Milliseconds since then.
    pub ago_ms: Option<i64>,
    /// The usual time between two questions, in milliseconds.
    pub rhythm_ms: Option<i64>,
    /// Since when it has been given everything; none if that is nothing yet.
    pub complete_from: Option<Stamp>,
    /// Up to when; none if it lacks something from the very beginning on.
    pub complete_until: Option<Stamp>,
    /// Changes that it asked for, or skipped, and was never given.
    pub missing: Missing,
    /// Changes after all that it has asked for.
    pub behind: u64,
    /// The time of the oldest of them.
    pub behind_since: Option<Stamp>,
    /// Whether it has ever asked for deletions.
    pub asks_for_deletions: bool,
    /// When it last asked for activities by their ids alone, which says nothing about how far its copy has come.
    pub named_at: Option<Stamp>,
    /// What to make of it.
    pub state: IntegrationState,
    /// Whether what it is behind with waits for longer than usual.
    pub is_overdue: bool,
    /// Habits by which it may lose something.
    pub hints: Vec<Hint>,
}

/// How an integration is doing, at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationState {
    /// Its key has been revoked.
    Revoked,
    /// It has not asked yet.
    NotUsed,
    /// Its From is later than any answer can be complete up to: its answers are always empty.
    AsksFromTheFuture {
        /// That From.
        from: Stamp,
    },
    /// It has not read all that it asked for.
    Incomplete {
        /// What it read of the last run that it left; none if that is not known.
        read: Option<Progress>,
    },
    /// It has left out a stretch in which something changed.
    Skipped {
        /// The first instant of the stretch.
        from: Stamp,
        /// The last.
        to: Stamp,
        /// How many changes are in it.
        changes: u64,
    },
    /// What it was given before is not known any more: it has been damaged, and nothing shows what is missing.
    NotKnown,
    /// It has not asked for longer than usual, or than is expected.
    Silent,
    /// It is reading.
    Reading {
        /// What it has read.
        read: Progress,
    },
    /// Something has changed since its last answer.
    Behind,
    /// It has been given everything.
    UpToDate,
}

/// How far a run has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many pages were read.
    pub read: u64,
    /// How many from page 1 on, without a gap.
    pub through: u64,
    /// How many there are.
    pub pages: u64,
}

impl Progress {
    /// That of a poll.
    #[must_use]
    pub fn of(poll: &Poll) -> Progress {
        Progress { read: poll.served.count(), through: poll.served.through(), pages: poll.pages }
    }
}

impl fmt::Display for Progress {
    /// `page 3 of 36`, or `2 of 36 pages` where some before them were left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Progress { read, through, pages } = self;
        if read == through && *read > 0 {
            write!(f, "page {read} of {pages}")
        } else {
            write!(f, "{read} of {pages} pages")
        }
    }
}

impl IntegrationState {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IntegrationState::Revoked => "revoked",
            IntegrationState::NotUsed => "not used yet",
            IntegrationState::AsksFromTheFuture { .. } => "asks from the future",
            IntegrationState::Incomplete { .. } => "incomplete",
            IntegrationState::Skipped { .. } => "skipped",
            IntegrationState::NotKnown => "not known",
            IntegrationState::Silent => "silent",
            IntegrationState::Reading { .. } => "reading",
            IntegrationState::Behind => "behind",
            IntegrationState::UpToDate => "up to date",
        }
    }
}

/// How bad that is, in the order of the exit codes of monitoring plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is well.
    Fine,
    /// It should be looked at when there is time.
    Warning,
    /// Something is lost, as far as the server can tell, or it cannot tell.
    Critical,
}

/// A habit by which a script may lose changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Its last From was after what it had received: nothing happened to change in between.
    Skips(Stamp, Stamp),
    /// It asks for larger pages than it gets: a script that takes a short page for the last one stops too early.
    PageSize {
        /// Records on a page, as asked.
        asked: u32,
        /// As given.
        given: u32,
    },
}

/// Whether a key was given what an activity is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// When the activity last changed.
    pub stamp: Stamp,
    /// Whether it was removed then.
    pub is_removed: bool,
    /// What became of that change.
    pub delivery: Delivery,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was in this answer, on that page where the page is known.
    Delivered(Box<Poll>, Option<u64>),
    /// It was in an answer that is older than those remembered one by one.
    DeliveredEarlier,
    /// Nothing has been asked with the key.
    NeverAsked,
    /// It is before the first From.
    BeforeFirst,
    /// It came after all that was asked for.
    Behind,
    /// It was on a page that was not read: of this answer where that is known, on that page.
    Unread(Option<Box<Poll>>, Option<u64>),
    /// It is in a range that was skipped.
    Skipped(Stamp, Stamp),
    /// It is a deletion, and the key has asked for none there.
    NoDeletions,
}

impl Integration {
    /// How bad its state is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        use IntegrationState::{
            AsksFromTheFuture, Behind, Incomplete, NotKnown, NotUsed, Reading, Revoked, Silent,
            Skipped, UpToDate,
        };
        match self.state {
            Revoked | NotUsed => Severity::Fine,
            AsksFromTheFuture { .. } | Incomplete { .. } | Skipped { .. } | NotKnown => {
                Severity::Critical
            }
            _ if self.missing.changes() > 0 && !matches!(self.state, Reading { .. }) => {
                Severity::Critical
            }
            Silent | Reading { .. } => Severity::Warning,
            Behind if self.is_overdue => Severity::Warning,
            Behind | UpToDate if self.hints.is_empty() => Severity::Fine,
            Behind | UpToDate => Severity::Warning,
        }
    }

    /// How long it may be silent, in milliseconds.
    #[must_use]
    pub fn patience_ms(&self) -> i64 {
        if let Some(expected) = self.key.expected {
            return expected.millis() + expected.millis() / EXPECTED_GRACE;
        }
        self.rhythm_ms.map_or(SILENT_MS_UNKNOWN, coverage::silent_after_ms)
    }
}

impl Service {
    /// The organization's keys, and what is asked with each.
    #[must_use]
    pub fn integrations(&self, org: &Tenant) -> Vec<Integration> {
        let directory = org.directory();
        let view = org.log.exposure.view();
        directory.keys.values().map(|key| self.judged(org, &view, key)).collect()
    }

    /// One of them; none if there is no such key.
    #[must_use]
    pub fn integration(&self, org: &Tenant, key: KeyId) -> Option<Integration> {
        let directory = org.directory();
        directory.keys.get(&key).map(|key| self.judged(org, &org.log.exposure.view(), key))
    }

    /// The last polls of a key, the latest first.
    #[must_use]
    pub fn polls(&self, org: &Tenant, key: KeyId) -> Vec<Poll> {
        let coverage = org.log.coverages.of(key).unwrap_or_default();
        coverage.polls.into_iter().rev().collect()
    }

    /// The changes that a key never received, oldest first, at most this many.
    #[must_use]
    pub fn undelivered(&self, org: &Tenant, key: KeyId, max: usize) -> Vec<Undelivered> {
        let view = org.log.exposure.view();
        let coverage = org.log.coverages.of(key).unwrap_or_default();
        coverage.undelivered(&view, &org.log.timeline.read(), max)
    }

    /// Whether a key was given what an activity is now, and in which answer. None if there never was
    /// such an activity.
    ///
    /// # Errors
    /// When the server is stopping.
    pub async fn receipt(
        &self,
        org: &Arc<Tenant>,
        key: KeyId,
        id: ActivityId,
    ) -> Result<Option<Receipt>, Refusal> {
        let (service, org) = (self.clone(), org.clone());
        self.blocking(move || service.receipt_now(&org, key, id)).await
    }

    fn receipt_now(&self, org: &Tenant, key: KeyId, id: ActivityId) -> Option<Receipt> {
        let view = org.log.exposure.view();
        let coverage = org.log.coverages.of(key).unwrap_or_default();
        let timeline = org.log.timeline.read();
        let (seq, kind) = timeline.current(&view, id)?;
        let stamp = timeline.stamp(seq)?;
        drop(timeline);
        let is_removed = kind == Kind::Tombstone;
        let then = |poll: &Poll| self.shared.views.get(&org.log, poll.seq);
        let had = |poll: &Poll| poll.had(seq, is_removed, || then(poll));
        let page = |poll: &Poll| match is_removed {
            true => None, // Deletions are on every page.
            false => poll.page_of(seq, || then(poll)),
        };
        let delivered = coverage.polls.iter().find(|poll| had(poll) == Some(true));
        let covered = if is_removed { &coverage.deletions } else { &coverage.records };
        let delivery = match (delivered, coverage.hull()) {
            (Some(poll), _) => Delivery::Delivered(Box::new(poll.clone()), page(poll)),
            (None, _) if covered.contain(seq) => Delivery::DeliveredEarlier,
            (None, None) => Delivery::NeverAsked,
            (None, Some(hull)) if seq <= hull.after => Delivery::BeforeFirst,
            (None, Some(hull)) if seq > hull.through => Delivery::Behind,
            (None, Some(_)) => match coverage.cause(seq, is_removed) {
                Cause::Skipped(from, to) => Delivery::Skipped(from, to),
                Cause::NoDeletions => Delivery::NoDeletions,
                Cause::Unread => {
                    let left = coverage.polls.iter().rev().find(|poll| had(poll) == Some(false));
                    let page = left.and_then(page);
                    Delivery::Unread(left.map(|poll| Box::new(poll.clone())), page)
                }
            },
        };
        Some(Receipt { stamp, is_removed, delivery })
    }

    fn judged(&self, org: &Tenant, view: &View, key: &ApiKey) -> Integration {
        let now = self.now();
        let coverage = org.log.coverages.of(key.id).unwrap_or_default();
        // The timeline reaches at least as far as a view that was taken before.
        let verdict = coverage::judge(&coverage, view, |seq| org.log.timeline.read().stamp(seq));
        let poll = coverage.polls.back().cloned();
        let ago_ms = coverage.last_at.map(|at| (now.millis() - at.millis()).max(0));
        let Verdict { missing, skipped, behind, behind_since, complete_from, complete_until } =
            verdict;
        let mut one = Integration {
            key: key.clone(),
            ago_ms,
            rhythm_ms: coverage.rhythm_ms,
            complete_from,
            complete_until,
            missing,
            behind,
            behind_since,
            asks_for_deletions: coverage.deletions.hull().is_some(),
            named_at: coverage.named_at,
            state: IntegrationState::NotUsed,
            is_overdue: false,
            hints: hints(&coverage, &missing),
            poll,
        };
        let patience = one.patience_ms();
        one.is_overdue = behind_since.is_some_and(|at| now.millis() - at.millis() > patience);
        one.state = state(&one, &coverage, view, skipped, now);
        one
    }
}

fn state(
    one: &Integration,
    coverage: &KeyCoverage,
    view: &View,
    skipped: Option<(Stamp, Stamp, u64)>,
    now: Stamp,
) -> IntegrationState {
    if one.key.revoked {
        return IntegrationState::Revoked;
    }
    let patience = one.patience_ms();
    let (Some(poll), Some(ago_ms)) = (&one.poll, one.ago_ms) else {
        if coverage.is_forgotten {
            return IntegrationState::NotKnown;
        }
        let waits = now.millis() - one.key.created.millis();
        let is_late = one.key.expected.is_some() && waits > patience;
        return if is_late { IntegrationState::Silent } else { IntegrationState::NotUsed };
    };
    if let Some(from) = poll.from.filter(|_| poll.asks_from_the_future()) {
        return IntegrationState::AsksFromTheFuture { from };
    }
    let mut unfinished = coverage.unfinished(view);
    let last_left = unfinished.next();
    // Whoever has left the run before it where it was will likely leave this one too.
    let only_one = unfinished.next().is_none();
    let reading = last_left.filter(|poll| {
        let is_all = coverage.unread_in(view, poll.range) == one.missing.unread;
        only_one
            && is_all
            && poll.served.count() > 1
            && now.millis() - poll.last_at.millis() <= READING_MS_MAX
    });
    match (reading, skipped) {
        (Some(poll), None) if one.missing.deletions == 0 => {
            return IntegrationState::Reading { read: Progress::of(poll) };
        }
        _ => {}
    }
    if one.missing.unread > 0 || one.missing.deletions > 0 {
        return IntegrationState::Incomplete { read: last_left.map(Progress::of) };
    }
    match skipped {
        Some((from, to, changes)) => IntegrationState::Skipped { from, to, changes },
        None if coverage.is_forgotten => IntegrationState::NotKnown,
        None if ago_ms > patience => IntegrationState::Silent,
        None if one.behind > 0 => IntegrationState::Behind,
        None => IntegrationState::UpToDate,
    }
}

fn hints(coverage: &KeyCoverage, missing: &Missing) -> Vec<Hint> {
    let mut hints = Vec::new();
    let Some(last) = coverage.polls.back() else { return hints };
    if let Some((from, to)) = last.skipped.filter(|_| missing.skipped == 0) {
        hints.push(Hint::Skips(from, to));
    }
    // Whoever has read several such pages to the end knows.
    let knows =
        |poll: &Poll| poll.pages > 1 && poll.is_whole() && poll.page_size_asked > poll.page_size;
    if last.page_size_asked > last.page_size && !coverage.polls.iter().any(knows) {
        hints.push(Hint::PageSize { asked: last.page_size_asked, given: last.page_size });
    }
    hints
}
