//! What a start finds in the store, and what of it has to go: runs that a power cut may have taken back, and
//! what was opened under a clock that was ahead, once its promise is taken back.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{OrgId, OrgKey, Stamp, SystemUser};
use store::{
    Durability, FolderState, RunRecord, SessionRecord, Store, StoreError, TenantRecord, Transaction,
};

use crate::Refusal;
use crate::commit::{Committer, unavailable};
use crate::import::cut_back;
use crate::sabotage::Guard;
use crate::sessions::Sessions;
use crate::tenant::Tenant;
use crate::trusted_clock::utc;

/// A start in the making.
pub(crate) struct Start {
    /// By the clock.
    now: Stamp,
    /// The bound of all that has been told, as far as it is to count.
    pub(crate) promise: Stamp,
    /// The bound that was kept, where it lay beyond this and no longer counts.
    taken_back: Option<Stamp>,
    /// Whether what is kept of runs can be trusted.
    runs_survived: bool,
    /// Nothing is kept that happened later.
    pub(crate) latest: Stamp,
    pub(crate) tenants: HashMap<OrgId, Arc<Tenant>>,
    pub(crate) sessions: Sessions,
    pub(crate) lost: Lost,
}

/// What is not to be found by the next start.
#[derive(Default)]
pub(crate) struct Lost {
    runs: Vec<(OrgKey, RunRecord)>,
    sessions: Vec<(OrgKey, SessionRecord)>,
    /// With passwords as of now: a session is worth something only if it is younger.
    users: Vec<(OrgKey, SystemUser)>,
}

impl Start {
    /// A start at this instant, on what the process before has left, with the promise that is to count.
    pub(crate) fn new(now: Stamp, folder: &FolderState, boot: &str, promise: Stamp) -> Start {
        let taken_back = Some(folder.lease).filter(|kept| promise < *kept);
        // After a power cut, a run that was told may be gone while an older one of the same question
        // is still there: then none of them can be trusted.
        let is_same_machine = !boot.is_empty() && folder.boot == boot;
        let runs_survived = taken_back.is_none() && (folder.clean || is_same_machine);
        Start {
            now,
            promise,
            taken_back,
            runs_survived,
            latest: now,
            tenants: HashMap::new(),
            sessions: Sessions::default(),
            lost: Lost::default(),
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
        requests_max: usize,
    ) -> Result<(), StoreError> {
        cut_back(store, &mut stored.organization)?;
        if self.taken_back.is_some() {
            self.bring_logins_back(&mut stored);
        }
        let exposed = if Guard::Lease.is_off() { Stamp::MIN } else { self.promise };
        let tenant = Arc::new(Tenant::load(store, stored, exposed, requests_max)?);
        if !self.runs_survived {
            let lost = tenant.runs.lock().forget_all();
            self.lost.runs.extend(lost.into_iter().map(|run| (tenant.key, run)));
        }
        self.take_up(store, &tenant)?;
        self.tenants.insert(tenant.id.clone(), tenant);
        Ok(())
    }

    /// Says what it costs that a promise is taken back, and what of that time stays.
    pub(crate) fn tell(&self) {
        let Some(kept) = self.taken_back else { return };
        tracing::warn!(
            promised = utc(kept),
            "the promise is taken back to the clock: whoever has been told a later instant than now has to read everything again from before it, and everybody has to log in again"
        );
        for tenant in self.tenants.values() {
            let timeline = tenant.timeline.read();
            let later = timeline.between(Some(self.now.plus_millis(1)), None);
            let versions = later.through.0 - later.after.0;
            if let Some(last) = timeline.last_stamp().filter(|_| versions > 0) {
                tracing::warn!(
                    org = %tenant.id,
                    versions,
                    until = utc(last),
                    "times of change that are later than the clock stay, and new ones follow them until the clock has passed them"
                );
            }
        }
    }

    fn take_up(&mut self, store: &dyn Store, tenant: &Arc<Tenant>) -> Result<(), StoreError> {
        let sessions = store.sessions(tenant.key)?;
        if self.taken_back.is_some() {
            self.lost.sessions.extend(sessions.into_iter().map(|session| (tenant.key, session)));
            return Ok(());
        }
        let runs = tenant.runs.lock().last_used();
        let used = sessions.iter().map(|session| session.last_used);
        let latest = used.chain(runs).chain(tenant.polls.last_at()).max();
        self.latest = self.latest.max(latest.unwrap_or(self.now));
        for session in sessions {
            self.sessions.resume(tenant.clone(), session);
        }
        Ok(())
    }

    /// A password that was set while the clock was ahead would be younger than all sessions for long.
    fn bring_logins_back(&mut self, stored: &mut TenantRecord) {
        for user in &mut stored.users {
            if let Some(login) = user.login.as_mut().filter(|login| login.password_set > self.now) {
                login.password_set = self.now;
                self.lost.users.push((stored.organization.key, user.clone()));
            }
        }
    }
}

impl Lost {
    fn forget(&self, transaction: &mut dyn Transaction) -> Result<(), StoreError> {
        self.runs.iter().try_for_each(|(org, run)| transaction.drop_run(*org, run))?;
        self.sessions
            .iter()
            .try_for_each(|(org, session)| transaction.drop_session(*org, session))?;
        self.users.iter().try_for_each(|(org, user)| transaction.put_user(*org, user))
    }

    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.sessions.is_empty() && self.users.is_empty()
    }
}

impl Committer {
    /// Has the store forget what a start has found to be lost. Before a lease is promised, which tells on
    /// which start of the machine that was: the next process would take it for what survived.
    pub(crate) fn forget(&mut self, lost: &Lost) -> Result<(), Refusal> {
        if lost.is_empty() {
            return Ok(());
        }
        self.transact(Durability::Power, |transaction| {
            lost.forget(transaction).map_err(|e| unavailable(&e))
        })
    }
}
