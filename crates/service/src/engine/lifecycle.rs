//! Opening a data folder's store, maintaining it, and closing it cleanly.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Clock, Seq, Stamp};
use parking_lot::{Mutex, RwLock};
use store::{DeviceKey, Durability, SearchIndex, Store, StoreError, TenantRecord};
use thiserror::Error;
use tokio::sync::{Notify, oneshot, watch};

use crate::base::clock::SystemClock;
use crate::base::random::{Random, SystemRandom};
use crate::base::refusal::{Refusal, unavailable};
use crate::base::runtime::{Runtime, TokioRuntime, wait};
use crate::base::sabotage::step_of;
use crate::base::trusted_clock::{self, AcceptClock, ClockError};
use crate::board::place::Boards;
use crate::commit::notes::Note;
use crate::commit::{Committer, Job, Queue};
use crate::engine::Service;
use crate::engine::start::Start;
use crate::folder::sessions::Session;
use crate::folder::shared::{Shared, Steady};
use crate::folder::tenant::Tenant;
use crate::gate::hashing::Hashing;
use crate::gate::setup_token::SetupToken;
use crate::gate::throttle::Attempts;
use crate::limits::disk::{Disk, DiskLimits};
use crate::limits::room::Rooms;
use crate::log::lease::Lease;
use crate::log::versions::Versions;
use crate::runs::removed::RemovedLists;
use crate::runs::sorting::Orders;
use crate::runs::views::Views;

/// What can be set about a service.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Requests that an organization may have under way at once.
    pub requests_per_org_max: usize,
    /// Bytes of versions, lists of removed ids, sorted orders and views that are kept in memory; as many again of boards.
    pub cache_bytes_max: u64,
}

/// Why a store could not be put to work.
#[derive(Debug, Error)]
pub enum OpenError {
    /// It cannot be read, or contradicts itself.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error("{0}")]
    Write(#[from] Refusal),
    /// The clock is too far from what is stored, or from every plausible year.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The operating system gives no randomness.
    #[error("{0}")]
    Random(String),
    /// The operating system gives no thread.
    #[error("cannot start the thread that commits: {0}")]
    Thread(std::io::Error),
}

/// Notes of what has expired that wait at once.
const STEP_NOTES: usize = 500;

/// Where Linux tells which start of the machine this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What the service lives on.
#[derive(Clone)]
pub struct Surroundings {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where secrets come from.
    pub random: Arc<dyn Random>,
    /// Where questions wait.
    pub runtime: Arc<dyn Runtime>,
    /// Which clocks are accepted that are far from what is stored.
    pub accept_clock: AcceptClock,
    /// Which start of the machine this is; empty where it does not tell.
    pub boot: String,
    /// What finds activities by their words; without it, a question with words has no answer.
    pub search: Option<Arc<dyn SearchIndex>>,
    /// What activities may take of the disk.
    pub disk: DiskLimits,
}

impl Surroundings {
    /// Those of a server, as long as nothing is searched for: the machine's clock and randomness, and
    /// tokio.
    #[must_use]
    pub fn system(store: Arc<dyn Store>) -> Surroundings {
        Surroundings {
            store,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            runtime: Arc::new(TokioRuntime),
            accept_clock: AcceptClock::Near,
            boot: std::fs::read_to_string(BOOT_ID).unwrap_or_default().trim().to_owned(),
            search: None,
            disk: DiskLimits::default(),
        }
    }
}

impl Service {
    /// Takes up the work on a store: rebuilds what is derived from it, promises a first lease, and
    /// gives the committer its thread.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(surroundings: Surroundings, settings: Settings) -> Result<Service, OpenError> {
        let (service, committer) = Service::prepare(surroundings, settings)?;
        let thread = std::thread::Builder::new().name("commit".to_owned());
        let committing = move || {
            let _without_it_nothing_works = EndsTheProcess;
            committer.run();
        };
        let thread = thread.spawn(committing).map_err(OpenError::Thread)?;
        *service.shared.committer.lock() = Some(thread);
        Ok(service)
    }

    /// Like [`Service::open`], but the committer is the caller's to turn.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn prepare(
        surroundings: Surroundings,
        settings: Settings,
    ) -> Result<(Service, Committer), OpenError> {
        let Surroundings { store, clock, random, runtime, accept_clock, boot, search, disk } =
            surroundings;
        let (folder, stored) = (store.folder()?, store.tenants()?);
        let newest = newest_stamp(store.as_ref(), &stored)?;
        let (promise, clock) = trusted_clock::begin(clock, folder.lease, newest, accept_clock)?;
        let (now, began_ms) = (clock.now(), clock.elapsed_ms());
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let mut start = Start::new(now, &folder, &boot, promise);
        let rooms = Rooms::new(runtime.clone(), settings.requests_per_org_max);
        for one in stored {
            start.load(store.as_ref(), one, &rooms)?;
        }
        start.tell();
        let lost_before = start.lost_before(&folder);
        let device_key = folder.device_key.map_or_else(|| new_device_key(random.as_ref()), Ok)?;
        let Start { tenants, sessions, latest, lost_runs, .. } = start;
        let (orders_bytes, views_bytes) =
            (settings.cache_bytes_max / 2, settings.cache_bytes_max / 4);
        let (queue, jobs) = Queue::new();
        let shared = Arc::new(Shared {
            store,
            clock,
            random,
            runtime,
            rooms,
            tenants: RwLock::new(tenants),
            sessions,
            lease: Lease::new(promise),
            lease_moved: Notify::new(),
            disk: Disk::new(disk),
            versions: Versions::new(settings.cache_bytes_max / 8),
            removed_lists: RemovedLists::new(settings.cache_bytes_max / 8),
            orders: Orders::new(orders_bytes, settings.cache_bytes_max),
            views: Views::new(views_bytes),
            boards: Boards::new(settings.cache_bytes_max),
            attempts: Attempts::new(),
            setup: SetupToken::default(),
            stopping: watch::Sender::new(false),
            indexing: AtomicBool::new(false),
            long_steps: Mutex::new(()),
            warmed: AtomicBool::new(false),
            hashing: Hashing::default(),
            device_key,
            in_order: AtomicBool::new(true),
            closing: AtomicBool::new(false),
            boot,
            search,
            // Later than anything that the process before this one noted.
            steady: Steady { began: latest.plus_millis(1), began_ms },
            lost_before,
            committer: Mutex::new(None),
        });
        shared.look_at_the_disk();
        let mut committer = Committer::new(shared.clone(), jobs, folder.transactions);
        if !lost_runs.is_empty() {
            // Together with which start of the machine this is: the next process would take them for
            // ones that survived.
            committer.transact(Durability::Power, |transaction| {
                let mut forget = lost_runs.iter().map(|(org, run)| transaction.drop_run(*org, run));
                forget.try_for_each(|done| done.map_err(|e| unavailable(&e)))
            })?;
        }
        committer.renew_lease()?;
        Ok((Service { shared, queue: Arc::new(queue) }, committer))
    }

    /// Work for every minute or so, on a thread that may wait: [`Service::forget_expired`],
    /// [`Service::go_on`], and what makes later answers faster. Where a round before this one is still at long
    /// work, this one does only what is short. All of it ends when the service closes.
    pub fn housekeep(&self) {
        wait(self.forget_expired());
        let Some(_alone) = self.shared.long_steps.try_lock() else { return };
        wait(self.go_on());
        if !self.shared.warmed.swap(true, Ordering::AcqRel) {
            self.warm_boards();
        }
        self.index_words();
    }

    /// Forgets what has expired.
    pub async fn forget_expired(&self) {
        let now = self.shared.steady_now();
        let ended = self.shared.sessions.expire(now);
        let note =
            |session: Arc<Session>| (session.tenant.clone(), Note::SessionEnded(session.record()));
        self.note_all(ended.into_iter().map(note)).await;
        for org in self.orgs() {
            let expired = org.runs.lock().expire(now);
            self.note_all(expired.into_iter().map(|run| (org.clone(), Note::RunEnded(run)))).await;
            org.log.coverages.write_soon();
            self.keep_audit(&org).await;
        }
    }

    /// Has many notes kept, in steps, so that others' notes come in between. What is not noted now is found expired
    /// again after the next start.
    async fn note_all(&self, notes: impl Iterator<Item = (Arc<Tenant>, Note)>) {
        let mut notes = notes.peekable();
        let mut in_step = 0;
        while let Some((org, note)) = notes.next() {
            in_step += 1;
            if in_step < step_of(STEP_NOTES) && notes.peek().is_some() {
                let _ = self.note(&org, note, None);
                continue;
            }
            in_step = 0;
            let (reply, kept) = oneshot::channel();
            if self.note(&org, note, Some(reply)).is_ok() {
                let _ = kept.await;
            }
        }
    }

    /// Continues work that was interrupted: first imports to be taken back, statuses to be renamed everywhere. It
    /// may take long, and ends when the service closes.
    pub async fn go_on(&self) {
        self.cut_back_failed().await;
        self.spread_interrupted().await;
    }

    /// Announces that the server is about to stop: followers end. Questions and writes
    /// are still answered.
    pub fn begin_to_stop(&self) {
        self.shared.stopping.send_replace(true);
    }

    /// Shuts down cleanly. No question may be asked from here on.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        if let Err(problem) = wait(self.call(None, Committer::close)) {
            tracing::warn!(%problem, "the shutdown was not clean; the next start treats it as a crash");
        }
        let _ = self.queue.send(Job::Stop);
        if let Some(committer) = self.shared.committer.lock().take() {
            let _ = committer.join();
        }
    }
}

/// Ends the process if its thread panics. Without a committer nothing could be written again; a
/// service manager starts another process, which finds everything that was acknowledged.
struct EndsTheProcess;

impl Drop for EndsTheProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the thread that commits has ended unexpectedly; the process stops");
            std::process::abort();
        }
    }
}

fn new_device_key(random: &dyn Random) -> Result<DeviceKey, OpenError> {
    let mut key = [0; 32];
    random.fill(&mut key).map_err(OpenError::Random)?;
    Ok(DeviceKey(key))
}

/// The latest stamp of all versions.
fn newest_stamp(store: &dyn Store, tenants: &[TenantRecord]) -> Result<Stamp, StoreError> {
    let mut newest = Stamp::MIN;
    for TenantRecord { organization, .. } in tenants {
        let last = Seq(store.head(organization.key)?.0.saturating_sub(1));
        store.log(organization.key, last, &mut |entry| {
            newest = newest.max(entry.stamp);
            ControlFlow::Continue(())
        })?;
    }
    Ok(newest)
}

impl Committer {
    /// Saves what was only in memory, and the exact bound of what has been exposed. From here on no more
    /// is promised.
    ///
    /// # Errors
    /// When the store cannot write; the next start counts this as a crash.
    pub fn close(&mut self) -> Result<(), Refusal> {
        let shared = self.shared.clone();
        let orgs: Vec<_> = shared.tenants.read().values().cloned().collect();
        // What a version carries, its log keeps for its organization alone. The present instant says when
        // somebody was last here: a start judges the clock by it.
        let told = orgs.iter().filter_map(|org| org.log.exposure.told_beyond_versions()).max();
        let now = shared.clock.now();
        let lease = told.map_or(now, |told| told.max(now));
        self.transact_leaving(lease, true, Durability::Power, |transaction| {
            let mut keep = || {
                for session in shared.sessions.all() {
                    transaction.touch_session(session.tenant.key, &session.record())?;
                }
                for org in &orgs {
                    let runs = org.runs.lock().not_kept();
                    runs.iter().try_for_each(|run| transaction.put_run(org.key, run))?;
                    let counts = org.people.audit.not_written();
                    counts.iter().try_for_each(|one| transaction.put_audit(org.key, one))?;
                    let coverages = org.log.coverages.take_all();
                    coverages.iter().try_for_each(|one| transaction.put_coverage(org.key, one))?;
                }
                Ok(())
            };
            keep().map_err(|e| unavailable(&e))
        })?;
        self.closed = true;
        Ok(())
    }
}
