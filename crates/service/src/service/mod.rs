//! The service itself: how use cases reach the commit and threads that may wait; opening and closing.

pub(crate) mod lifecycle;
pub(crate) mod start;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Author, Clock, OrgId, OrgKey, Stamp};
use parking_lot::{Mutex, RwLock};
use store::{DeviceKey, SearchIndex, Store};
use tokio::sync::{Notify, oneshot, watch};

use crate::base::random::Random;
use crate::base::refusal::{Refusal, out_of_order, stopping, unavailable};
use crate::base::runtime::Runtime;
use crate::base::sabotage;
use crate::board::place::Boards;
use crate::commit::write::{Write, Written};
use crate::commit::{Committer, Job, Queue};
use crate::folder::sessions::Sessions;
use crate::folder::tenant::Tenant;
use crate::gate::hashing::Hashing;
use crate::gate::setup_token::SetupToken;
use crate::gate::throttle::Attempts;
use crate::limits::disk::Disk;
use crate::limits::room::Rooms;
use crate::log::lease::Lease;
use crate::log::versions::Versions;
use crate::runs::removed::RemovedLists;
use crate::runs::sorting::Orders;
use crate::runs::views::Views;

/// A data folder at work. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    pub(crate) shared: Arc<Shared>,
}

/// Where the steady time began, and what had passed then.
pub(crate) struct Steady {
    began: Stamp,
    began_ms: i64,
}

/// What all threads of a data folder share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) runtime: Arc<dyn Runtime>,
    /// What answers may hold in memory.
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) tenants: RwLock<HashMap<OrgId, Arc<Tenant>>>,
    pub(crate) sessions: Sessions,
    pub(crate) lease: Lease,
    pub(crate) disk: Disk,
    /// Rung when the lease has been renewed.
    pub(crate) lease_moved: Notify,
    pub(crate) versions: Versions,
    pub(crate) orders: Orders,
    pub(crate) views: Views,
    pub(crate) removed_lists: RemovedLists,
    pub(crate) boards: Boards,
    pub(crate) queue: Queue,
    pub(crate) attempts: Attempts,
    /// What the setup link of this process has in it.
    pub(crate) setup: SetupToken,
    /// Set when the server is about to stop: followers end.
    pub(crate) stopping: watch::Sender<bool>,
    /// Whether the boards have been made ready after the start.
    pub(crate) warmed: AtomicBool,
    /// Held by the housekeeping that does long work.
    long_steps: Mutex<()>,
    /// Whether a thread reads words into the index.
    pub(crate) indexing: AtomicBool,
    /// Turns to hash a password.
    pub(crate) hashing: Hashing,
    /// What device cookies are signed with.
    pub(crate) device_key: DeviceKey,
    /// False while the store has to be reopened.
    pub(crate) in_order: AtomicBool,
    /// True once the service ends: background work stops.
    closing: AtomicBool,
    /// Which start of the machine this is.
    pub(crate) boot: String,
    /// What finds activities by their words.
    pub(crate) search: Option<Arc<dyn SearchIndex>>,
    steady: Steady,
    /// What was known of runs up to here may have gone with a process that died.
    pub(crate) lost_before: Stamp,
    committer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Shared {
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// The present instant by a clock that began right and never steps: what came first by it, came
    /// first. Sessions and runs go by it.
    pub(crate) fn steady_now(&self) -> Stamp {
        self.steady.began.plus_millis(self.clock.elapsed_ms() - self.steady.began_ms)
    }

    /// When this process began, by the same clock: later than anything that one before it has noted.
    pub(crate) fn steady_start(&self) -> Stamp {
        self.steady.began
    }
}

impl Service {
    /// The present instant, by the clock that everything here goes by.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.shared.clock.now()
    }

    /// The bytes of answers, of all organizations, that have not been sent yet.
    #[must_use]
    pub fn unsent_bytes(&self) -> usize {
        self.shared.rooms.bytes()
    }

    /// How many requests have been refused since the start because their organization had no room.
    #[must_use]
    pub fn refused_for_room(&self) -> u64 {
        self.shared.rooms.refused()
    }

    /// The organization of that id.
    #[must_use]
    pub fn org(&self, id: &OrgId) -> Option<Arc<Tenant>> {
        self.shared.tenants.read().get(id).cloned()
    }

    /// All organizations, by id.
    #[must_use]
    pub fn orgs(&self) -> Vec<Arc<Tenant>> {
        let mut orgs: Vec<_> = self.shared.tenants.read().values().cloned().collect();
        orgs.sort_by(|a, b| a.id.cmp(&b.id));
        orgs
    }

    /// The instant up to which the organization's changes are complete and exposed (invariant 3).
    #[must_use]
    pub fn horizon(&self, org: &Tenant) -> Stamp {
        org.exposure.tell(self.now(), self.shared.lease.bound())
    }

    /// An instant of the last second up to which the organization's changes are complete: one that
    /// has been exposed already, if there is one. For answers that show no changes: each new instant
    /// exposed is one that the next commit cannot have, and a script that writes one thing after the
    /// other would wait for each.
    #[must_use]
    pub fn recent_horizon(&self, org: &Tenant) -> Stamp {
        let told = org.exposure.exposed();
        if told.plus_millis(1_000) > self.now() { told } else { self.horizon(org) }
    }

    /// Whether the organization has, or ever had, any activity.
    #[must_use]
    pub fn has_activities(&self, org: &Tenant) -> bool {
        !org.timeline.read().is_empty()
    }

    /// Whether the organization has, or ever had, any activity other than examples.
    #[must_use]
    pub fn has_own_activities(&self, org: &Tenant) -> bool {
        let examples = org.directory().organization.guide.examples;
        let made_up = examples.map_or(0, |examples| examples.activities as usize);
        org.timeline.read().activities() > made_up
    }

    /// Whether the store can be read and the committer writes.
    ///
    /// # Errors
    /// When one of them does not.
    pub async fn ready(&self) -> Result<(), Refusal> {
        let shared = self.shared.clone();
        let read = self.blocking(move || shared.store.folder()).await?;
        // What the store says may name files, and is in the log: this is told to everyone who asks.
        let hidden = || Refusal::Unavailable("the database cannot be read".to_owned());
        read.map_err(|e| unavailable(&e)).map_err(|_| hidden())?;
        self.shared.disk.admit()?;
        if !self.is_in_order() {
            return Err(out_of_order());
        }
        // The committer renews it long before it ends, if only it can write.
        if self.shared.lease.bound() < self.now() {
            return Err(Refusal::Unavailable("the disk does not respond".to_owned()));
        }
        Ok(())
    }

    /// How much space the disk has for this user of the computer; none if that is not known.
    #[must_use]
    pub fn disk_free_bytes(&self) -> Option<u64> {
        self.shared.disk.free_bytes()
    }

    /// Whether it is known what the store has: nothing is written where it is not.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.shared.in_order.load(Ordering::Acquire)
    }

    /// Hands a write to the commit. The future it returns is the acknowledgement: when it comes, the
    /// write is durable.
    ///
    /// # Errors
    /// See [`Refusal`]; nothing of a refused write is there. Where the answer was
    /// [`Refusal::Unavailable`] after a failing disk, the write may turn out to be there.
    pub async fn write(
        &self,
        org: &Arc<Tenant>,
        author: Author,
        write: Write,
    ) -> Result<Written, Refusal> {
        self.submit(org, author, write)?.await.map_err(|_| stopping())?
    }

    pub(crate) fn submit(
        &self,
        org: &Arc<Tenant>,
        author: Author,
        mut write: Write,
    ) -> Result<oneshot::Receiver<Result<Written, Refusal>>, Refusal> {
        self.shared.disk.admit()?;
        org.stored.admit()?;
        sabotage::judge_too_early(self, org, &mut write);
        let (reply, answer) = oneshot::channel();
        self.shared.queue.send(Job::Write { tenant: org.clone(), author, write, reply })?;
        Ok(answer)
    }

    /// Has the committer do something between two transactions, when it is the organization's turn; none: the
    /// data folder's.
    pub(crate) async fn call_async<T: Send + 'static, E: From<Refusal> + Send + 'static>(
        &self,
        org: Option<OrgKey>,
        work: impl FnOnce(&mut Committer) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.send_call(org, work)?.await.map_err(|_| E::from(stopping()))?
    }

    /// The same for a thread that may wait.
    pub(crate) fn call<T: Send + 'static, E: From<Refusal> + Send + 'static>(
        &self,
        org: Option<OrgKey>,
        work: impl FnOnce(&mut Committer) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.send_call(org, work)?.blocking_recv().map_err(|_| E::from(stopping()))?
    }

    fn send_call<T: Send + 'static>(
        &self,
        org: Option<OrgKey>,
        work: impl FnOnce(&mut Committer) -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Refusal> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |committer: &mut Committer| {
            let _ = reply.send(work(committer));
        });
        self.shared.queue.send(Job::Call(org, work))?;
        Ok(answer)
    }

    /// Does work in the background; nobody waits for it.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.runtime.spawn(Box::pin(work));
    }

    /// Does work that takes its time, or waits for the disk, on a thread of its own.
    ///
    /// # Errors
    /// When the service is stopping.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (work, done) = with_reply(work);
        self.shared.runtime.blocking(work).await;
        done.await.map_err(|_| stopping())
    }

    /// The same for work that computes for long, and stands back behind everything else.
    ///
    /// # Errors
    /// When the service is stopping.
    pub async fn heavy<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (work, done) = with_reply(work);
        self.shared.runtime.heavy(work).await;
        done.await.map_err(|_| stopping())
    }
}

/// Work that hands over what it comes to.
fn with_reply<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> (Box<dyn FnOnce() + Send>, oneshot::Receiver<T>) {
    let (reply, done) = oneshot::channel();
    let work = Box::new(move || {
        let _ = reply.send(work());
    });
    (work, done)
}
