//! The real store on a disk that fails at a chosen commit, as one does whose sync reports an error.

use std::ops::ControlFlow;
use std::path::Path;

use domain::{
    Account, ActivityId, ApiKey, AuditEntry, AuditQuery, ClientId, KeyId, OrgKey, Organization,
    Seq, Stamp, Status, StatusId, SystemUser, Version,
};
use parking_lot::Mutex;
use store::{
    AuditEnds, CommitError, CoverageRecord, CurrentRow, Durability, Examined, FolderState,
    LogEntry, RunRecord, SessionRecord, Store, StoreError, StoredVersion, TenantRecord,
    Transaction,
};
use store_sqlite::SqliteStore;

/// What became of a commit that reported an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedCommit {
    There,
    Lost,
}

/// Passes everything on to the real store, until a commit is to fail.
pub(crate) struct Faulty {
    pub(crate) real: SqliteStore,
    faults: Mutex<Faults>,
}

#[derive(Default)]
struct Faults {
    next: Option<FailedCommit>,
    /// Happens while that commit is under way.
    meanwhile: Option<Box<dyn FnOnce() + Send>>,
    /// As a store whose commit has failed: no transaction begins until it has been reopened.
    broken: bool,
    /// So often it cannot be.
    closed: u32,
    /// So often somebody has tried in vain.
    tried: u32,
}

impl Faulty {
    pub(crate) fn open(folder: &Path) -> Faulty {
        Faulty { real: SqliteStore::open(folder).unwrap(), faults: Mutex::default() }
    }

    /// The next commit comes to this, and reports that nobody knows. Then the store cannot be reopened
    /// for so many times.
    pub(crate) fn fail_next(&self, fate: FailedCommit, closed: u32) {
        *self.faults.lock() = Faults { next: Some(fate), closed, ..Faults::default() };
    }

    /// The same, and something happens while the commit is under way.
    pub(crate) fn fail_next_while(
        &self,
        fate: FailedCommit,
        closed: u32,
        meanwhile: impl FnOnce() + Send + 'static,
    ) {
        self.fail_next(fate, closed);
        self.faults.lock().meanwhile = Some(Box::new(meanwhile));
    }

    /// How often somebody has tried to reopen the store, since it was last told to fail, and could not.
    pub(crate) fn tried(&self) -> u32 {
        self.faults.lock().tried
    }

    /// From now on the store can be reopened.
    pub(crate) fn recover(&self) {
        self.faults.lock().closed = 0;
    }
}

fn failing() -> StoreError {
    StoreError::Unavailable("the disk fails".to_owned())
}

impl Store for Faulty {
    fn begin(&self, durability: Durability) -> Result<Box<dyn Transaction + '_>, StoreError> {
        if self.faults.lock().broken {
            return Err(failing());
        }
        let inner = self.real.begin(durability)?;
        Ok(Box::new(FaultyTransaction { inner, faults: &self.faults }))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut faults = self.faults.lock();
        if faults.closed > 0 {
            faults.closed -= 1;
            faults.tried += 1;
            return Err(failing());
        }
        faults.broken = false;
        self.real.reopen()
    }

    fn folder(&self) -> Result<FolderState, StoreError> {
        self.real.folder()
    }

    fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError> {
        self.real.tenants()
    }

    fn sessions(&self, org: OrgKey) -> Result<Vec<SessionRecord>, StoreError> {
        self.real.sessions(org)
    }

    fn runs(&self, org: OrgKey) -> Result<Vec<RunRecord>, StoreError> {
        self.real.runs(org)
    }

    fn coverages(&self, org: OrgKey) -> Result<Vec<CoverageRecord>, StoreError> {
        self.real.coverages(org)
    }

    fn accounts(&self, org: OrgKey) -> Result<Vec<Account>, StoreError> {
        self.real.accounts(org)
    }

    fn audit(&self, org: OrgKey, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        self.real.audit(org, query)
    }

    fn audit_ends(&self, org: OrgKey) -> Result<Option<AuditEnds>, StoreError> {
        self.real.audit_ends(org)
    }

    fn head(&self, org: OrgKey) -> Result<Seq, StoreError> {
        self.real.head(org)
    }

    fn log(
        &self,
        org: OrgKey,
        after: Seq,
        visit: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.real.log(org, after, visit)
    }

    fn version_bytes(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<usize>, StoreError> {
        self.real.version_bytes(org, seqs)
    }

    fn show_versions(
        &self,
        org: OrgKey,
        seqs: &[Seq],
        visit: &mut dyn FnMut(StoredVersion<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.real.show_versions(org, seqs, visit)
    }

    fn versions(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<Version>, StoreError> {
        self.real.versions(org, seqs)
    }

    fn latest(&self, org: OrgKey, id: ActivityId) -> Result<Option<Seq>, StoreError> {
        self.real.latest(org, id)
    }

    fn current(
        &self,
        org: OrgKey,
        visit: &mut dyn FnMut(CurrentRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.real.current(org, visit)
    }

    fn with_status(
        &self,
        org: OrgKey,
        status: StatusId,
        after: ActivityId,
        limit: usize,
    ) -> Result<Vec<ActivityId>, StoreError> {
        self.real.with_status(org, status, after, limit)
    }

    fn examine(&self, visit: &mut dyn FnMut(Examined)) -> Result<(), StoreError> {
        self.real.examine(visit)
    }
}

struct FaultyTransaction<'a> {
    inner: Box<dyn Transaction + 'a>,
    faults: &'a Mutex<Faults>,
}

impl Transaction for FaultyTransaction<'_> {
    fn current(&mut self, org: OrgKey, id: ActivityId) -> Result<Option<Version>, StoreError> {
        self.inner.current(org, id)
    }

    fn append(&mut self, org: OrgKey, version: &Version) -> Result<(), StoreError> {
        self.inner.append(org, version)
    }

    fn cut_back(&mut self, org: OrgKey, versions_max: u32) -> Result<bool, StoreError> {
        self.inner.cut_back(org, versions_max)
    }

    fn put_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.inner.put_organization(organization)
    }

    fn put_user(&mut self, org: OrgKey, user: &SystemUser) -> Result<(), StoreError> {
        self.inner.put_user(org, user)
    }

    fn put_key(&mut self, org: OrgKey, key: &ApiKey) -> Result<(), StoreError> {
        self.inner.put_key(org, key)
    }

    fn put_last_login(&mut self, org: OrgKey, key: KeyId, at: Stamp) -> Result<(), StoreError> {
        self.inner.put_last_login(org, key, at)
    }

    fn put_status(&mut self, org: OrgKey, status: &Status) -> Result<(), StoreError> {
        self.inner.put_status(org, status)
    }

    fn put_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.inner.put_session(org, session)
    }

    fn touch_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.inner.touch_session(org, session)
    }

    fn drop_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.inner.drop_session(org, session)
    }

    fn put_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError> {
        self.inner.put_run(org, run)
    }

    fn drop_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError> {
        self.inner.drop_run(org, run)
    }

    fn put_coverage(&mut self, org: OrgKey, coverage: &CoverageRecord) -> Result<(), StoreError> {
        self.inner.put_coverage(org, coverage)
    }

    fn put_account(&mut self, org: OrgKey, account: &Account) -> Result<(), StoreError> {
        self.inner.put_account(org, account)
    }

    fn drop_account(&mut self, org: OrgKey, id: ClientId) -> Result<(), StoreError> {
        self.inner.drop_account(org, id)
    }

    fn put_audit(&mut self, org: OrgKey, entry: &AuditEntry) -> Result<(), StoreError> {
        self.inner.put_audit(org, entry)
    }

    fn expire_audit(
        &mut self,
        org: OrgKey,
        before: Stamp,
        through: u64,
        entries_max: u32,
    ) -> Result<(), StoreError> {
        self.inner.expire_audit(org, before, through, entries_max)
    }

    fn put_folder(&mut self, state: &FolderState) -> Result<(), StoreError> {
        self.inner.put_folder(state)
    }

    fn commit(self: Box<Self>) -> Result<(), CommitError> {
        let mut faults = self.faults.lock();
        let Some(fate) = faults.next.take() else { return self.inner.commit() };
        faults.broken = true;
        let meanwhile = faults.meanwhile.take();
        drop(faults);
        match fate {
            FailedCommit::There => self.inner.commit()?,
            FailedCommit::Lost => drop(self.inner),
        }
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        Err(CommitError::Unknown("the sync failed".to_owned()))
    }
}
