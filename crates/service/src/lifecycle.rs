//! Opening a data folder's store, looking after it, and closing it in order.

use std::sync::Arc;

use domain::Clock;
use parking_lot::{Mutex, RwLock};
use store::{FolderState, Store, StoreError};
use thiserror::Error;
use tokio::sync::Notify;

use crate::commit::{Committer, Job, Queue, unavailable};
use crate::lease::Lease;
use crate::notes::Note;
use crate::sessions::Sessions;
use crate::sorting::Orders;
use crate::tenant::Tenant;
use crate::versions::Versions;
use crate::{Random, Refusal, Service, Shared};

/// What can be set about a service.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Requests that an organization may have under way at once.
    pub requests_per_org_max: usize,
    /// Bytes of versions and sorted orders that are kept in memory.
    pub cache_bytes_max: u64,
    /// Whether questions are going to be answered: then an orderly stop leaves no run behind that
    /// the next process does not know.
    pub serving: bool,
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
    /// The operating system gives no thread.
    #[error("no thread for the commit: {0}")]
    Thread(std::io::Error),
}

impl Service {
    /// Takes up the work on a store: rebuilds what is derived from it, and promises a first lease.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: Settings,
    ) -> Result<Service, OpenError> {
        let folder = store.folder()?;
        let started = clock.now();
        let mut tenants = std::collections::HashMap::new();
        for stored in store.tenants()? {
            let limit = settings.requests_per_org_max;
            let tenant = Tenant::load(store.as_ref(), stored, folder.lease, limit)?;
            tenants.insert(tenant.id.clone(), Arc::new(tenant));
        }
        let sessions = Sessions::default();
        for tenant in tenants.values() {
            for record in store.sessions(tenant.key)? {
                sessions.resume(tenant.clone(), record);
            }
        }
        let orders_bytes = settings.cache_bytes_max / 4;
        let shared = Arc::new(Shared {
            store,
            clock,
            random,
            settings,
            tenants: RwLock::new(tenants),
            sessions,
            lease: Lease::new(folder.lease),
            lease_moved: Notify::new(),
            versions: Versions::new(settings.cache_bytes_max - orders_bytes),
            orders: Orders::new(orders_bytes),
            queue: Queue::new(),
            started,
            clean_start: folder.clean,
            committer: Mutex::new(None),
        });
        let service = Service { shared };
        service.start_committer().map_err(OpenError::Thread)?;
        service.call::<_, Refusal>(|committer| {
            committer.renew_lease();
            Ok(())
        })?;
        Ok(service)
    }

    fn start_committer(&self) -> std::io::Result<()> {
        let Some(jobs) = self.shared.queue.take_receiver() else { return Ok(()) };
        let committer = Committer::new(self.shared.clone());
        let thread = std::thread::Builder::new().name("commit".to_owned());
        *self.shared.committer.lock() = Some(thread.spawn(move || committer.run(&jobs))?);
        Ok(())
    }

    /// Forgets what has expired, and goes on with interrupted work. To be called every minute or so,
    /// on a thread that may wait.
    pub fn housekeep(&self) {
        let now = self.now();
        for session in self.shared.sessions.expire(now) {
            let ended = Note::SessionEnded(session.record());
            // What is not noted now is found expired again after the next start.
            let _ = self.note(&session.tenant, ended, None);
        }
        for org in self.orgs() {
            let expired = org.runs.lock().expire(now);
            for run in expired {
                let _ = self.note(&org, Note::RunEnded(run), None);
            }
        }
        self.spread_interrupted();
    }

    /// Ends in order: keeps what only memory knew, and the exact bound of what has been told. No
    /// question may be asked from here on.
    pub fn close(&self) {
        let exposed = self.orgs().iter().map(|org| org.exposure.exposed()).max();
        let lease = exposed.unwrap_or_else(|| self.shared.lease.bound());
        let clean = self.shared.clean_start || self.shared.settings.serving;
        let sessions = self.shared.sessions.all();
        let runs: Vec<_> =
            self.orgs().into_iter().map(|org| (org.key, org.runs.lock().unrecorded())).collect();
        let closed = self.call(move |committer| {
            committer.transact(|transaction| {
                let mut keep = || {
                    for session in &sessions {
                        transaction.put_session(session.tenant.key, &session.record())?;
                    }
                    for (org, runs) in &runs {
                        runs.iter().try_for_each(|run| transaction.put_run(*org, run))?;
                    }
                    transaction.put_folder(FolderState { lease, clean })
                };
                keep().map_err(|e| unavailable(&e))
            })?;
            committer.closed = true;
            Ok::<(), Refusal>(())
        });
        if let Err(problem) = closed {
            tracing::warn!(%problem, "not closed in order; the next start counts this as a crash");
        }
        let _ = self.shared.queue.send(Job::Stop);
        if let Some(committer) = self.shared.committer.lock().take() {
            let _ = committer.join();
        }
    }
}

impl Shared {
    /// The lease has become durable: those who wait for the horizon look again.
    pub(crate) fn lease_renewed(&self, bound: domain::Stamp) {
        self.lease.renewed(bound);
        self.lease_moved.notify_waiters();
    }
}
