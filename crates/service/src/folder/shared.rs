//! What all threads of a data folder share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Clock, OrgId, Stamp};
use parking_lot::{Mutex, RwLock};
use store::{DeviceKey, FolderState, SearchIndex, Store};
use tokio::sync::{Notify, watch};

use crate::base::random::Random;
use crate::base::runtime::Runtime;
use crate::board::place::Boards;
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

/// Where the steady time began, and what had passed then.
pub(crate) struct Steady {
    pub(crate) began: Stamp,
    pub(crate) began_ms: i64,
}

/// See the module.
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
    pub(crate) attempts: Attempts,
    /// What the setup link of this process has in it.
    pub(crate) setup: SetupToken,
    /// Set when the server is about to stop: followers end.
    pub(crate) stopping: watch::Sender<bool>,
    /// Whether the boards have been made ready after the start.
    pub(crate) warmed: AtomicBool,
    /// Held by the housekeeping that does long work.
    pub(crate) long_steps: Mutex<()>,
    /// Whether a thread reads words into the index.
    pub(crate) indexing: AtomicBool,
    /// Turns to hash a password.
    pub(crate) hashing: Hashing,
    /// What device cookies are signed with.
    pub(crate) device_key: DeviceKey,
    /// False while the store has to be reopened.
    pub(crate) in_order: AtomicBool,
    /// True once the service ends: background work stops.
    pub(crate) closing: AtomicBool,
    /// Which start of the machine this is.
    pub(crate) boot: String,
    /// What finds activities by their words.
    pub(crate) search: Option<Arc<dyn SearchIndex>>,
    pub(crate) steady: Steady,
    /// What was known of runs up to here may have gone with a process that died.
    pub(crate) lost_before: Stamp,
    pub(crate) committer: Mutex<Option<std::thread::JoinHandle<()>>>,
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

    /// What is stored in addition to the organizations.
    pub(crate) fn folder_state(&self, lease: Stamp, clean: bool, transactions: u64) -> FolderState {
        let boot = self.boot.clone();
        // Which runs have been dropped for others is known in memory alone.
        let dropped = || self.tenants.read().values().any(|org| org.runs.lock().have_dropped());
        let lost_before = if clean && dropped() { self.steady_now() } else { self.lost_before };
        let device_key = Some(self.device_key);
        FolderState { lease, clean, boot, lost_before, transactions, device_key }
    }

    /// The lease has become durable: waiters for the horizon look again.
    pub(crate) fn lease_renewed(&self, bound: Stamp) {
        self.lease.renewed(bound);
        self.lease_moved.notify_waiters();
    }

    /// Makes an organization known, unless it is already; returns the one that is known.
    pub(crate) fn take_up(&self, tenant: Tenant) -> Arc<Tenant> {
        let mut tenants = self.tenants.write();
        tenants.entry(tenant.id.clone()).or_insert_with(|| Arc::new(tenant)).clone()
    }

    /// Looks at the disk, and at what organizations have stored, if it is time to.
    pub(crate) fn look_at_the_disk(&self) {
        let store = self.store.as_ref();
        let Some(quota) = self.disk.look(store, self.clock.elapsed_ms()) else { return };
        for org in self.tenants.read().values() {
            let head = org.log.timeline.read().head().seq();
            org.limits.stored.count(store, (org.key, &org.id), head, quota);
        }
    }
}
