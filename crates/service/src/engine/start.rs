//! What a start finds in the store, and what it must drop: runs that a power cut may have undone, and what
//! was made while the clock was ahead, once that promise is taken back.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{OrgId, OrgKey, Stamp, SystemUser};
use store::{Durability, FolderState, RunRecord, Store, StoreError, TenantRecord};

use crate::base::sabotage::Guard;
use crate::base::trusted_clock::utc;
use crate::commit::cut_back::cut_back;
use crate::folder::sessions::Sessions;
use crate::folder::tenant::Tenant;
use crate::limits::room::Rooms;
use crate::log::coverage::brought_back;

/// A start in the making.
pub(crate) struct Start {
    /// By the clock.
    now: Stamp,
    /// The bound of all that has been exposed, as far as it counts.
    promise: Stamp,
    /// The bound that was kept, where it lay beyond this and no longer counts.
    taken_back: Option<Stamp>,
    /// Whether what is kept of runs can be trusted.
    runs_survived: bool,
    /// Nothing is kept that happened later.
    pub(crate) latest: Stamp,
    pub(crate) tenants: HashMap<OrgId, Arc<Tenant>>,
    pub(crate) sessions: Sessions,
    /// Runs that the next start is not to find.
    pub(crate) lost_runs: Vec<(OrgKey, RunRecord)>,
}

impl Start {
    /// A start at this instant, on what the process before has left, with the promise that is to count.
    pub(crate) fn new(now: Stamp, folder: &FolderState, boot: &str, promise: Stamp) -> Start {
        // After a power cut, a run that was told may be gone while an older one of the same question
        // is still there: then none of them can be trusted.
        let runs_survived = folder.clean || (!boot.is_empty() && folder.boot == boot);
        Start {
            now,
            promise,
            taken_back: Some(folder.lease).filter(|kept| promise < *kept),
            runs_survived,
            latest: now,
            tenants: HashMap::new(),
            sessions: Sessions::default(),
            lost_runs: Vec::new(),
        }
    }

    /// Up to when what was known of runs may have gone.
    pub(crate) fn lost_before(&self, folder: &FolderState) -> Stamp {
        match self.taken_back {
            None if folder.clean => folder.lost_before,
            _ => self.latest,
        }
    }

    /// Rebuilds what is derived from an organization's log, and takes up its runs and sessions.
    pub(crate) fn load(
        &mut self,
        store: &dyn Store,
        mut stored: TenantRecord,
        rooms: &Arc<Rooms>,
    ) -> Result<(), StoreError> {
        cut_back(store, &mut stored.organization)?;
        if self.taken_back.is_some() {
            bring_back(store, stored.organization.key, &mut stored.users, self.now)?;
        }
        let exposed = if Guard::Lease.is_off() { Stamp::MIN } else { self.promise };
        let tenant = Arc::new(Tenant::load(store, stored, exposed, rooms)?);
        self.happened(tenant.runs.lock().last_used());
        if !self.runs_survived {
            let lost = tenant.runs.lock().forget_all();
            self.lost_runs.extend(lost.into_iter().map(|run| (tenant.key, run)));
        }
        for session in store.sessions(tenant.key)? {
            self.happened(Some(session.last_used));
            self.sessions.resume(tenant.clone(), session);
        }
        self.tenants.insert(tenant.id.clone(), tenant);
        Ok(())
    }

    fn happened(&mut self, at: Option<Stamp>) {
        self.latest = self.latest.max(at.unwrap_or(self.latest));
    }

    /// Says what it costs that a promise is taken back, and what of that time stays.
    pub(crate) fn tell(&self) {
        let Some(kept) = self.taken_back else { return };
        tracing::warn!(
            promised = utc(kept),
            "times that were returned before are later than the clock, and are no longer honored: integrations that received a later time than now must read everything again from before now, and everyone must log in again"
        );
        for tenant in self.tenants.values() {
            let timeline = tenant.log.timeline.read();
            let later = timeline.between(Some(self.now.plus_millis(1)), None);
            let versions = later.through.0 - later.after.0;
            if let Some(last) = timeline.last_stamp().filter(|_| versions > 0) {
                tracing::warn!(
                    org = %tenant.id,
                    versions,
                    until = utc(last),
                    "some times of change are later than the clock; new ones follow them until the clock has passed them"
                );
            }
        }
    }
}

/// Has nothing of an organization lie later than now but its versions: sessions and runs end, and what else
/// was noted counts as of now.
fn bring_back(
    store: &dyn Store,
    org: OrgKey,
    users: &mut [SystemUser],
    now: Stamp,
) -> Result<(), StoreError> {
    let (sessions, runs) = (store.sessions(org)?, store.runs(org)?);
    let coverages = store.coverages(org)?;
    let mut transaction = store.begin(Durability::Power)?;
    sessions.iter().try_for_each(|session| transaction.drop_session(org, session))?;
    runs.iter().try_for_each(|run| transaction.drop_run(org, run))?;
    for coverage in coverages.iter().filter_map(|coverage| brought_back(coverage, now)) {
        transaction.put_coverage(org, &coverage)?;
    }
    for user in users {
        // A session is worth something only if it is younger than the password.
        if let Some(login) = user.login.as_mut().filter(|login| login.password_set > now) {
            login.password_set = now;
            transaction.put_user(org, user)?;
        }
    }
    transaction.commit().map_err(|e| StoreError::Unavailable(e.to_string()))
}
