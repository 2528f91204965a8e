//! The commit: the one way by which anything becomes durable and visible (invariants 2, 5, 7).
//!
//! One thread per data folder takes jobs off a queue. Writes that wait at the same time share a
//! transaction (group commit); within it each organization's writes make one commit with one stamp.
//! What follows a durable commit, timeline, head and caches, happens before the next one begins.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Author, Stamp};
use store::{CommitError, Durability, StoreError, Transaction};
use tokio::sync::oneshot;

use crate::accounts::Accounts;
use crate::batch::Batch;
use crate::directory::Directory;
use crate::notes::Note;
use crate::queue::{Receiver, SendError, Sender, queue};
use crate::tenant::Tenant;
use crate::{Refusal, Shared, Write, Written};

/// Jobs that may wait for the committer; one more is refused as «not available».
const QUEUE_JOBS_MAX: usize = 10_000;

/// Jobs that share a transaction.
const BATCH_JOBS_MAX: usize = 1_000;

/// A version is shown when the wall clock has passed its stamp, so that nobody is told the future,
/// and who asks from the horizon told after a write does not get that write again. A clock that is
/// further behind than this is not waited for: then the stamps run ahead of it.
const AHEAD_WAIT_MS_MAX: i64 = 10;

/// How often the committer looks after the lease when nothing else wakes it.
const IDLE_TICK: Duration = Duration::from_millis(500);

/// Answers one write.
pub(crate) type Reply = oneshot::Sender<Result<Written, Refusal>>;

/// What the committer can be asked to do.
pub(crate) enum Job {
    /// A write; joins the next commit.
    Write { tenant: Arc<Tenant>, author: Author, write: Write, reply: Reply },
    /// Something about a session or run; joins the next transaction. The reply, where there is one,
    /// comes when it is kept.
    Note { tenant: Arc<Tenant>, note: Note, reply: Option<oneshot::Sender<()>> },
    /// Anything else, done alone between two transactions.
    Call(Box<dyn FnOnce(&mut Committer) + Send>),
    /// No more jobs are taken.
    Stop,
}

/// The way to the committer.
pub(crate) struct Queue(Sender<Job>);

impl Queue {
    /// The two ends of the way.
    pub(crate) fn new() -> (Queue, Receiver<Job>) {
        let (jobs, waiting) = queue(QUEUE_JOBS_MAX);
        (Queue(jobs), waiting)
    }

    /// Hands over a job without waiting.
    pub(crate) fn send(&self, job: Job) -> Result<(), Refusal> {
        self.0.send(job).map_err(|e| match e {
            SendError::Full => Refusal::Unavailable("too many writes are waiting".to_owned()),
            SendError::Closed => stopping(),
        })
    }
}

pub(crate) fn stopping() -> Refusal {
    Refusal::Unavailable("the server is stopping".to_owned())
}

/// The one who commits.
pub struct Committer {
    pub(crate) shared: Arc<Shared>,
    jobs: Receiver<Job>,
    /// A batch whose commit may be there or not; nothing is written until that is known.
    unknown: Option<Batch>,
    /// What has been told is written down exactly, for an orderly stop: no more is promised.
    pub(crate) closed: bool,
    /// Whether stamps run ahead of the clock.
    ahead: bool,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, jobs: Receiver<Job>) -> Committer {
        Committer { shared, jobs, unknown: None, closed: false, ahead: false }
    }

    /// Works until told to stop.
    pub fn run(mut self) {
        loop {
            self.upkeep();
            if let Some(first) = self.jobs.next_within(IDLE_TICK)
                && !self.work_off(first)
            {
                return;
            }
        }
    }

    /// One turn, for whoever has no thread to give: does what waits, if anything does.
    pub fn turn(&mut self) {
        self.upkeep();
        if let Some(first) = self.jobs.next() {
            self.work_off(first);
        }
    }

    fn upkeep(&mut self) {
        self.settle_unknown();
        if !self.closed
            && self.shared.lease.is_due(self.shared.clock.now())
            && let Err(problem) = self.renew_lease()
        {
            tracing::warn!(%problem, "the lease could not be renewed");
        }
    }

    /// Does one job, and with it those waiting behind it that can share its transaction, up to the
    /// first that cannot. False when it was told to stop.
    fn work_off(&mut self, first: Job) -> bool {
        let mut shareable = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Write { .. } | Job::Note { .. } => shareable.push(job),
                Job::Call(call) => {
                    self.commit(shareable);
                    call(self);
                    return true;
                }
                Job::Stop => {
                    self.commit(shareable);
                    return false;
                }
            }
            if shareable.len() < BATCH_JOBS_MAX {
                next = self.jobs.next();
            }
        }
        self.commit(shareable);
        true
    }

    /// Commits writes and notes together.
    fn commit(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        if let Err(refusal) = self.writes() {
            return Batch::refuse_jobs(jobs, &refusal);
        }
        let durability = match jobs.iter().any(|job| matches!(job, Job::Write { .. })) {
            true => Durability::Power,
            false => Durability::Process,
        };
        let shared = self.shared.clone();
        let mut transaction = match shared.store.begin(durability) {
            Ok(transaction) => transaction,
            Err(e) => {
                self.unknown(Batch::default());
                return Batch::refuse_jobs(jobs, &unavailable(&e));
            }
        };
        let mut batch = Batch::default();
        match batch.fill(&shared, transaction.as_mut(), jobs) {
            Ok(()) => self.finish(transaction, batch),
            Err(e) => {
                drop(transaction);
                batch.abandon(&unavailable(&e));
            }
        }
    }

    /// Makes a batch durable, and only then visible.
    pub(crate) fn finish(&mut self, transaction: Box<dyn Transaction + '_>, batch: Batch) {
        match transaction.commit() {
            Ok(()) => self.publish(batch),
            Err(CommitError::Refused(e)) => batch.abandon(&unavailable(&e)),
            Err(CommitError::Unknown(problem)) => {
                tracing::error!(
                    problem,
                    "a commit may be there or not; writes are refused until that is known"
                );
                self.unknown(batch);
                self.settle_unknown();
            }
        }
    }

    /// Shows what has become durable.
    fn publish(&mut self, batch: Batch) {
        if let Some(stamp) = batch.last_stamp() {
            self.shared.clock.wait_until(stamp.plus_millis(1), AHEAD_WAIT_MS_MAX);
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
                "times of change run ahead of the clock until it has caught up: it has stepped back, or the process before this one did not end in order"
            ),
            (false, true) => tracing::info!("the clock has caught up with the times of change"),
            _ => {}
        }
        self.ahead = ahead_ms > 0;
    }

    /// Nothing is written until the store has been reopened and asked whether this is there. An empty
    /// batch stands for what need not be asked.
    fn unknown(&mut self, batch: Batch) {
        self.shared.in_order.store(false, Ordering::Release);
        self.unknown = Some(batch);
    }

    fn settle_unknown(&mut self) {
        let Some(mut batch) = self.unknown.take() else { return };
        let store = self.shared.store.as_ref();
        let found = store.reopen().and_then(|()| {
            self.read_directories()?;
            batch.is_there(store)
        });
        match found {
            Ok(is_there) => {
                self.shared.in_order.store(true, Ordering::Release);
                if is_there { self.publish(batch) } else { batch.abandon(&out_of_order()) }
            }
            Err(e) => {
                tracing::error!(error = %e, "the store cannot be reopened; trying again");
                batch.give_up_waiting();
                self.unknown = Some(batch);
            }
        }
    }

    /// What counts is what the store has: a change of unknown outcome may be there, though it was
    /// told to have failed.
    fn read_directories(&self) -> Result<(), StoreError> {
        let tenants = self.shared.tenants.read();
        for stored in self.shared.store.tenants()? {
            if let Some(tenant) = tenants.get(&stored.organization.id) {
                let accounts = Accounts::new(self.shared.store.accounts(tenant.key)?);
                tenant.set_directory(Directory::new(stored));
                let mut known = tenant.accounts_to_change();
                *known = accounts.in_place_of(&known);
            }
        }
        Ok(())
    }

    /// Whether writes are taken.
    fn writes(&self) -> Result<(), Refusal> {
        if self.unknown.is_some() { Err(out_of_order()) } else { Ok(()) }
    }

    /// Runs a transaction of its own.
    pub(crate) fn transact<T, E: From<Refusal>>(
        &mut self,
        durability: Durability,
        work: impl FnOnce(&mut dyn Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        self.writes()?;
        let shared = self.shared.clone();
        let begun = shared.store.begin(durability);
        if begun.is_err() {
            self.unknown(Batch::default());
        }
        let mut transaction = begun.map_err(|e| unavailable(&e))?;
        let value = work(transaction.as_mut())?;
        match transaction.commit() {
            Ok(()) => Ok(value),
            Err(CommitError::Refused(e)) => Err(unavailable(&e).into()),
            Err(CommitError::Unknown(problem)) => {
                self.unknown(Batch::default());
                Err(Refusal::Unavailable(problem).into())
            }
        }
    }

    /// Promises durably that no instant beyond the new lease has been told.
    pub(crate) fn renew_lease(&mut self) -> Result<(), Refusal> {
        let lease = self.shared.lease.next(self.shared.clock.now());
        let state = self.shared.folder_state(lease, false);
        self.transact(Durability::Power, |t| t.put_folder(&state).map_err(|e| unavailable(&e)))?;
        self.shared.lease_renewed(lease);
        Ok(())
    }
}

pub(crate) fn unavailable(error: &store::StoreError) -> Refusal {
    tracing::error!(%error, "the store refused");
    Refusal::Unavailable(error.to_string())
}

pub(crate) fn out_of_order() -> Refusal {
    Refusal::Unavailable("the store is being reopened after a failed write".to_owned())
}
