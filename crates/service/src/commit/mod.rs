//! The commit: the only way for anything to become durable and visible (invariants 2, 5, 7).
//!
//! One thread per data folder takes jobs off a queue, in rounds in which organizations take turns. The writes
//! of a round share a transaction (group commit) of bounded size; within it each organization's writes make one
//! commit with one stamp. Timeline, head and caches are updated after a durable commit, before the next one begins.
//! What is promised, and what is noted of sessions and runs, never waits for more than one round.

pub(crate) mod age;
pub(crate) mod batch;
pub(crate) mod changes;
pub(crate) mod custom_fields;
pub(crate) mod cut_back;
pub(crate) mod judge;
pub(crate) mod notes;
pub(crate) mod queue;
pub(crate) mod settle;
pub(crate) mod write;

use std::sync::Arc;
use std::time::Duration;

use domain::{Author, KeyId, OrgKey, Stamp};
use store::{CommitError, Durability, Transaction};
use tokio::sync::oneshot;

use crate::base::refusal::{Refusal, out_of_order, stopping, unavailable};
use crate::commit::batch::Batch;
use crate::commit::notes::Note;
use crate::commit::queue::{SendError, Size, Ticket};
use crate::commit::write::{Write, Written};
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;

/// What a note takes of a round, in bytes: roughly a row.
const NOTE_BYTES: usize = 256;

/// A version becomes visible when the wall clock has come to its stamp. A clock that is further behind than this is not
/// waited for: then the stamps run ahead of it.
const AHEAD_WAIT_MS_MAX: i64 = 10;

/// How often the committer looks after the lease when nothing else wakes it.
const IDLE_TICK: Duration = Duration::from_millis(500);

/// How often coverage is written down…
const COVERAGE_EVERY_MS: i64 = 1_000;

/// …and which part of the committer's time that may take: one in this many.
const COVERAGE_PART: i64 = 50;

/// Answers one write.
pub(crate) type Reply = oneshot::Sender<Result<Written, Refusal>>;

/// What the committer can be asked to do.
pub(crate) enum Job {
    /// A write; joins the next commit.
    Write { tenant: Arc<Tenant>, author: Author, write: Write, reply: Reply },
    /// Something about a session or run: small, and joins the next transaction of such. The reply, where there is
    /// one, comes when it is kept.
    Note { tenant: Arc<Tenant>, note: Note, reply: Option<oneshot::Sender<()>> },
    /// Anything else, done alone between two transactions, in the organization's turn; none: in the data folder's.
    Call(Option<OrgKey>, Box<dyn FnOnce(&mut Committer) + Send>),
    /// No more jobs are taken.
    Stop,
}

impl Job {
    fn ticket(&self) -> Ticket<Lane> {
        match self {
            Job::Write { tenant, write, .. } => {
                Ticket { lane: Some(tenant.key), urgent: false, size: Size::Bytes(write.bytes()) }
            }
            Job::Note { tenant, .. } => {
                Ticket { lane: Some(tenant.key), urgent: true, size: Size::Bytes(NOTE_BYTES) }
            }
            Job::Call(lane, _) => Ticket { lane: *lane, urgent: false, size: Size::Alone },
            Job::Stop => Ticket { lane: None, urgent: false, size: Size::Alone },
        }
    }
}

/// Who takes turns: the organizations, and the data folder itself.
type Lane = Option<OrgKey>;

/// The committer's end of the queue.
pub(crate) type Jobs = queue::Receiver<Lane, Job>;

/// Jobs that share a transaction.
pub(crate) type Round = queue::Round<Lane, Job>;

/// The way to the committer.
pub(crate) struct Queue(queue::Sender<Lane, Job>);

impl Queue {
    /// The two ends of the way.
    pub(crate) fn new() -> (Queue, Jobs) {
        let (jobs, waiting) = queue::queue();
        (Queue(jobs), waiting)
    }

    /// Hands over a job without waiting.
    pub(crate) fn send(&self, job: Job) -> Result<(), Refusal> {
        self.0.send(job.ticket(), job).map_err(|e| match e {
            SendError::Full => {
                Refusal::Unavailable("too many writes are waiting; try again".to_owned())
            }
            SendError::Closed => stopping(),
        })
    }
}

/// Commits the writes.
pub struct Committer {
    pub(crate) shared: Arc<Shared>,
    jobs: Jobs,
    /// A batch whose commit may be there or not; nothing is written until that is known.
    pub(crate) doubted: Option<Batch>,
    /// When to try again to reopen the store, by the clock's elapsed time; none unless it failed.
    pub(crate) reopen_due_ms: Option<i64>,
    /// How many transactions of its own the store has; see [`Committer::transact`].
    pub(crate) transactions: u64,
    /// For a clean shutdown, exactly what has been exposed is saved, and no more is promised.
    pub(crate) closed: bool,
    /// Whether stamps run ahead of the clock.
    ahead: bool,
    /// When coverage is written down again, by the clock's elapsed time.
    coverage_due_ms: i64,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, jobs: Jobs, transactions: u64) -> Committer {
        Committer {
            shared,
            jobs,
            doubted: None,
            reopen_due_ms: None,
            transactions,
            closed: false,
            ahead: false,
            coverage_due_ms: 0,
        }
    }

    /// Works until told to stop.
    pub fn run(mut self) {
        loop {
            self.upkeep();
            if self.jobs.wait(IDLE_TICK) && !self.work_off() {
                return;
            }
        }
    }

    /// The same once, for callers without a thread: does some of the work that waits, if any does.
    pub fn turn(&mut self) {
        self.upkeep();
        self.work_off();
    }

    fn upkeep(&mut self) {
        self.settle();
        self.shared.look_at_the_disk();
        if !self.closed
            && self.doubted.is_none()
            && self.shared.lease.is_due(self.shared.clock.now())
            && let Err(problem) = self.renew_lease()
        {
            tracing::warn!(%problem, "cannot renew the lease");
        }
        if self.shared.clock.elapsed_ms() >= self.coverage_due_ms {
            self.keep_coverages();
        }
    }

    /// Writes down what has been delivered, of all organizations together: what a process that dies has
    /// not written counts as not delivered.
    fn keep_coverages(&mut self) {
        let began_ms = self.shared.clock.elapsed_ms();
        if !self.closed && self.doubted.is_none() {
            let orgs: Vec<_> = self.shared.tenants.read().values().cloned().collect();
            let due = orgs.iter().map(|org| (org, org.log.coverages.take_due()));
            let due: Vec<_> = due.filter(|(_, records)| !records.is_empty()).collect();
            let mut all =
                due.iter().flat_map(|(org, records)| records.iter().map(|one| (org.key, one)));
            let written: Result<(), Refusal> = match due.is_empty() {
                true => Ok(()),
                false => self.transact(Durability::Process, |transaction| {
                    all.try_for_each(|(org, one)| transaction.put_coverage(org, one))
                        .map_err(|e| unavailable(&e))
                }),
            };
            if written.is_err() {
                due.iter().for_each(|(org, records)| org.log.coverages.not_written(records));
            }
        }
        let ended_ms = self.shared.clock.elapsed_ms();
        let took_ms = (ended_ms - began_ms).saturating_mul(COVERAGE_PART);
        self.coverage_due_ms = ended_ms + took_ms.max(COVERAGE_EVERY_MS);
    }

    /// Writes down what is known of a key's coverage, if the store has nothing of it yet.
    pub(crate) fn begin_coverage(&mut self, org: &Tenant, key: KeyId) -> Result<(), Refusal> {
        let Some(record) = org.log.coverages.beginning(key) else { return Ok(()) };
        self.transact(Durability::Power, |transaction| {
            transaction.put_coverage(org.key, &record).map_err(|e| unavailable(&e))
        })?;
        org.log.coverages.begun(key);
        Ok(())
    }

    /// Does a round of notes, which logins and first pages wait for, and then one of everything else. False when
    /// it was told to stop.
    fn work_off(&mut self) -> bool {
        [true, false].into_iter().all(|urgent| self.commit(urgent))
    }

    fn commit(&mut self, urgent: bool) -> bool {
        let mut round = self.jobs.round(urgent);
        match round.next() {
            None => {}
            Some(Job::Call(_, call)) => call(self),
            Some(Job::Stop) => return false,
            Some(first) => self.commit_batch(Batch::of(first, round)),
        }
        true
    }

    fn commit_batch(&mut self, mut batch: Batch) {
        if let Err(refusal) = self.writes() {
            return batch.abandon(&refusal);
        }
        let shared = self.shared.clone();
        loop {
            let mut transaction = match shared.store.begin(batch.durability()) {
                Ok(transaction) => transaction,
                Err(e) => {
                    self.doubt(Batch::default());
                    return batch.abandon(&unavailable(&e));
                }
            };
            match batch.fill(&shared, transaction.as_mut()) {
                Ok(true) => {
                    let apart = batch.take_apart();
                    self.finish(transaction, batch);
                    return apart.into_iter().for_each(|batch| self.commit_batch(batch));
                }
                Ok(false) => {} // Once more, without what is damaged.
                Err(e) => {
                    drop(transaction);
                    return batch.abandon(&unavailable(&e));
                }
            }
        }
    }

    /// Makes a batch durable, and only then visible.
    pub(crate) fn finish(&mut self, transaction: Box<dyn Transaction + '_>, batch: Batch) {
        match transaction.commit() {
            Ok(()) => self.publish(batch),
            Err(CommitError::Refused(e)) => batch.abandon(&unavailable(&e)),
            Err(CommitError::Unknown(problem)) => self.settle_commit(batch, &problem),
        }
    }

    /// Shows what has become durable.
    pub(crate) fn publish(&mut self, batch: Batch) {
        if let Some(stamp) = batch.last_stamp() {
            self.shared.clock.wait_until(stamp, AHEAD_WAIT_MS_MAX);
            self.watch_the_clock(stamp);
        }
        batch.publish(&self.shared);
    }

    /// Says once that stamps run ahead, and once that they no longer do.
    fn watch_the_clock(&mut self, stamp: Stamp) {
        let ahead_ms = stamp.millis() - self.shared.clock.now().millis();
        match (ahead_ms > 0, self.ahead) {
            (true, false) => tracing::warn!(
                ahead_ms,
                "times of change are ahead of the clock until it catches up: the clock has stepped back, or the previous process did not shut down cleanly"
            ),
            (false, true) => tracing::info!("the clock has caught up with the times of change"),
            _ => {}
        }
        self.ahead = ahead_ms > 0;
    }

    /// Whether writes are taken.
    fn writes(&self) -> Result<(), Refusal> {
        if self.closed {
            return Err(stopping());
        }
        if self.doubted.is_some() { Err(out_of_order()) } else { Ok(()) }
    }

    /// Runs a transaction of its own. If its outcome is unknown, and can be found out at
    /// once, the answer is the truth; otherwise memory follows later.
    pub(crate) fn transact<T, E: From<Refusal>>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact_leaving(self.shared.lease.bound(), false, durability, work)
    }

    /// The same, leaving beside the organizations what is promised from then on, and whether that was
    /// an orderly end.
    pub(crate) fn transact_leaving<T, E: From<Refusal>>(
        &mut self,
        lease: Stamp,
        clean: bool,
        durability: Durability,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        self.writes()?;
        let shared = self.shared.clone();
        let begun = shared.store.begin(durability);
        if begun.is_err() {
            self.doubt(Batch::default());
        }
        let mut transaction = begun.map_err(|e| unavailable(&e))?;
        let value = work(transaction.as_mut())?;
        // It counts itself: by that it can be told later whether it is there.
        let count = self.transactions + 1;
        let state = shared.folder_state(lease, clean, count);
        transaction.put_folder(&state).map_err(|e| unavailable(&e))?;
        match transaction.commit() {
            Ok(()) => self.transactions = count,
            Err(CommitError::Refused(e)) => return Err(unavailable(&e).into()),
            Err(CommitError::Unknown(problem)) => self.find_out(count, &problem)?,
        }
        Ok(value)
    }

    /// Promises durably that no instant beyond the new lease has been exposed.
    pub(crate) fn renew_lease(&mut self) -> Result<(), Refusal> {
        let lease = self.shared.lease.next(self.shared.clock.now());
        self.transact_leaving(lease, false, Durability::Power, |_| Ok::<_, Refusal>(()))?;
        self.shared.lease_renewed(lease);
        Ok(())
    }
}
