//! A simulated store: what a process sees, and what a power cut leaves.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use domain::{
    ActivityId, ApiKey, KeyId, OrgKey, Organization, SecretHash, Seq, Stamp, Status, StatusId,
    SystemUser, UserId, Version,
};
use parking_lot::Mutex;
use store::{
    CommitError, Durability, Examined, FolderState, LogEntry, RunRecord, SessionRecord, Store,
    StoreError, TenantRecord, Transaction,
};

use crate::world::{self, one_in};

/// Everything that is kept.
#[derive(Clone, Default)]
struct Contents {
    folder: Option<FolderState>,
    organizations: BTreeMap<OrgKey, Organization>,
    users: BTreeMap<(OrgKey, UserId), SystemUser>,
    keys: BTreeMap<(OrgKey, KeyId), ApiKey>,
    statuses: BTreeMap<(OrgKey, StatusId), Status>,
    sessions: BTreeMap<(OrgKey, SecretHash), SessionRecord>,
    runs: BTreeMap<(OrgKey, SecretHash, [u8; 16], Stamp), RunRecord>,
    log: BTreeMap<OrgKey, Vec<Version>>,
    latest: BTreeMap<(OrgKey, ActivityId), Seq>,
}

/// One thing that a transaction does.
#[derive(Clone)]
enum Op {
    Append(OrgKey, Version),
    Organization(Organization),
    User(OrgKey, SystemUser),
    Key(OrgKey, ApiKey),
    LastLogin(OrgKey, KeyId, Stamp),
    Status(OrgKey, Status),
    Session(OrgKey, SessionRecord),
    SessionUsed(OrgKey, SessionRecord),
    SessionGone(OrgKey, SecretHash),
    Run(OrgKey, RunRecord),
    RunGone(OrgKey, RunRecord),
    Folder(FolderState),
}

#[derive(Default)]
struct Disk {
    /// What a process sees.
    visible: Contents,
    /// What has been synced.
    synced: Contents,
    /// Transactions that are visible and not yet synced.
    unsynced: Vec<Vec<Op>>,
    /// A commit that nobody knows the outcome of.
    limbo: Option<Vec<Op>>,
    /// The next so many commits to be synced end in limbo.
    failing: u32,
    /// How often the power has gone.
    boot: u64,
}

/// How a machine dies.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Crash {
    /// The process is killed: the operating system keeps what was written.
    Process,
    /// The power goes: what was not synced may be lost, from some transaction on.
    Power,
}

/// The disk in the machine. Clones are the same disk.
#[derive(Clone, Default)]
pub(crate) struct SimStore(Arc<Mutex<Disk>>);

impl SimStore {
    /// The machine dies.
    pub(crate) fn crash(&self, how: Crash) {
        let mut disk = self.0.lock();
        let disk = &mut *disk;
        // A commit under way when the machine died was never acknowledged; it may be there.
        if let Some(limbo) = disk.limbo.take()
            && one_in(2)
        {
            disk.visible.apply_all(&limbo);
            disk.unsynced.push(limbo);
        }
        if let Crash::Power = how {
            let survive =
                usize::try_from(world::below(disk.unsynced.len() as u64 + 1)).unwrap_or(0);
            disk.unsynced.truncate(survive);
            for ops in disk.unsynced.drain(..) {
                disk.synced.apply_all(&ops);
            }
            disk.visible = disk.synced.clone();
            disk.boot += 1;
        }
        disk.failing = 0;
    }

    /// A copy of what is visible now, as a backup takes it: on a disk of its own.
    #[must_use]
    pub(crate) fn backup(&self) -> SimStore {
        let visible = self.0.lock().visible.clone();
        let synced = visible.clone();
        SimStore(Arc::new(Mutex::new(Disk { visible, synced, ..Disk::default() })))
    }

    /// The next commits end in limbo: nobody knows whether they are there.
    pub(crate) fn fail_next(&self, commits: u32) {
        self.0.lock().failing = commits;
    }

    /// Which start of the machine this is.
    pub(crate) fn boot(&self) -> String {
        self.0.lock().boot.to_string()
    }

    /// The whole log of an organization.
    #[must_use]
    pub(crate) fn whole_log(&self, org: OrgKey) -> Vec<Version> {
        self.0.lock().visible.log.get(&org).cloned().unwrap_or_default()
    }

    /// Writes without a server: for setting up.
    pub(crate) fn set_up(
        &self,
        organization: &Organization,
        user: &SystemUser,
        keys: &[ApiKey],
        status: &Status,
    ) {
        let org = organization.key;
        let mut ops = vec![
            Op::Organization(organization.clone()),
            Op::User(org, user.clone()),
            Op::Status(org, status.clone()),
        ];
        ops.extend(keys.iter().map(|key| Op::Key(org, key.clone())));
        let mut disk = self.0.lock();
        disk.visible.apply_all(&ops);
        disk.synced.apply_all(&ops);
    }
}

impl Contents {
    fn apply_all(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| self.apply(op.clone()));
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Append(org, version) => {
                self.latest.insert((org, version.id), version.seq);
                self.log.entry(org).or_default().push(version);
            }
            Op::Organization(organization) => {
                self.organizations.insert(organization.key, organization);
            }
            Op::User(org, user) => {
                self.users.insert((org, user.id), user);
            }
            Op::Key(org, key) => {
                self.keys.insert((org, key.id), key);
            }
            Op::LastLogin(org, key, at) => {
                if let Some(key) = self.keys.get_mut(&(org, key)) {
                    key.last_login = Some(at);
                }
            }
            Op::Status(org, status) => {
                self.statuses.insert((org, status.id), status);
            }
            Op::Session(org, session) => {
                self.sessions.insert((org, session.hash), session);
            }
            Op::SessionUsed(org, session) => {
                if let Some(present) = self.sessions.get_mut(&(org, session.hash)) {
                    present.last_used = session.last_used;
                }
            }
            Op::SessionGone(org, hash) => {
                self.sessions.remove(&(org, hash));
            }
            Op::Run(org, run) => {
                self.runs.insert((org, run.session, run.query, run.to), run);
            }
            Op::RunGone(org, run) => {
                self.runs.remove(&(org, run.session, run.query, run.to));
            }
            Op::Folder(state) => self.folder = Some(state),
        }
    }

    fn version(&self, org: OrgKey, seq: Seq) -> Option<&Version> {
        let position = usize::try_from(seq.0).ok()?.checked_sub(1)?;
        self.log.get(&org)?.get(position)
    }

    fn of<K: Copy + Ord, V: Clone>(map: &BTreeMap<(OrgKey, K), V>, org: OrgKey) -> Vec<V> {
        map.iter().filter(|((of, _), _)| *of == org).map(|(_, value)| value.clone()).collect()
    }
}

impl Store for SimStore {
    fn begin(&self, durability: Durability) -> Result<Box<dyn Transaction + '_>, StoreError> {
        world::point();
        if self.0.lock().limbo.is_some() {
            return Err(StoreError::Unavailable("has to be reopened".to_owned()));
        }
        Ok(Box::new(SimTransaction { store: self, durability, ops: Vec::new() }))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        world::point();
        if one_in(3) {
            return Err(StoreError::Unavailable("not yet".to_owned()));
        }
        let mut disk = self.0.lock();
        if let Some(limbo) = disk.limbo.take()
            && one_in(2)
        {
            disk.visible.apply_all(&limbo);
            disk.unsynced.push(limbo);
        }
        let disk = &mut *disk;
        for ops in disk.unsynced.drain(..) {
            disk.synced.apply_all(&ops);
        }
        Ok(())
    }

    fn folder(&self) -> Result<FolderState, StoreError> {
        let fresh = || FolderState {
            lease: Stamp::MIN,
            clean: true,
            boot: String::new(),
            lost_before: Stamp::MIN,
        };
        Ok(self.0.lock().visible.folder.clone().unwrap_or_else(fresh))
    }

    fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError> {
        let disk = self.0.lock();
        let contents = &disk.visible;
        let tenant = |organization: &Organization| TenantRecord {
            users: Contents::of(&contents.users, organization.key),
            keys: Contents::of(&contents.keys, organization.key),
            statuses: Contents::of(&contents.statuses, organization.key),
            organization: organization.clone(),
        };
        Ok(contents.organizations.values().map(tenant).collect())
    }

    fn sessions(&self, org: OrgKey) -> Result<Vec<SessionRecord>, StoreError> {
        Ok(Contents::of(&self.0.lock().visible.sessions, org))
    }

    fn runs(&self, org: OrgKey) -> Result<Vec<RunRecord>, StoreError> {
        let disk = self.0.lock();
        let of_org = disk.visible.runs.iter().filter(|((of, _, _, _), _)| *of == org);
        Ok(of_org.map(|(_, run)| *run).collect())
    }

    fn head(&self, org: OrgKey) -> Result<Seq, StoreError> {
        let disk = self.0.lock();
        Ok(Seq(disk.visible.log.get(&org).map_or(0, |log| log.len() as u64)))
    }

    fn log(
        &self,
        org: OrgKey,
        after: Seq,
        visit: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        for version in self.whole_log(org).into_iter().filter(|version| version.seq > after) {
            let entry = LogEntry {
                seq: version.seq,
                stamp: version.stamp,
                id: version.id,
                kind: version.state.kind(),
            };
            if visit(entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn versions(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<Version>, StoreError> {
        let disk = self.0.lock();
        let version = |seq: &Seq| disk.visible.version(org, *seq).cloned();
        let missing = |seq: &Seq| StoreError::Damaged(format!("no version at {seq}"));
        seqs.iter().map(|seq| version(seq).ok_or_else(|| missing(seq))).collect()
    }

    fn latest(&self, org: OrgKey, id: ActivityId) -> Result<Option<Seq>, StoreError> {
        Ok(self.0.lock().visible.latest.get(&(org, id)).copied())
    }

    fn with_status(
        &self,
        org: OrgKey,
        status: StatusId,
        after: ActivityId,
        limit: usize,
    ) -> Result<Vec<ActivityId>, StoreError> {
        let disk = self.0.lock();
        let contents = &disk.visible;
        let shows = |id: &ActivityId, seq: Seq| {
            let record = contents.version(org, seq).and_then(Version::record);
            *id > after && record.is_some_and(|record| record.status == status)
        };
        let of_org = contents.latest.iter().filter(|((of, _), _)| *of == org);
        let showing = of_org.filter(|((_, id), seq)| shows(id, **seq)).map(|((_, id), _)| *id);
        Ok(showing.take(limit).collect())
    }

    fn examine(&self, visit: &mut dyn FnMut(Examined)) -> Result<(), StoreError> {
        for tenant in self.tenants()? {
            visit(Examined::Organization(tenant.organization.id.to_string()));
            for Version { seq, stamp, id, previous, .. } in self.whole_log(tenant.organization.key)
            {
                visit(Examined::Version { seq, stamp, id, previous });
            }
        }
        Ok(())
    }
}

struct SimTransaction<'a> {
    store: &'a SimStore,
    durability: Durability,
    ops: Vec<Op>,
}

impl SimTransaction<'_> {
    fn push(&mut self, op: Op) -> Result<(), StoreError> {
        self.ops.push(op);
        Ok(())
    }
}

impl Transaction for SimTransaction<'_> {
    fn current(&mut self, org: OrgKey, id: ActivityId) -> Result<Option<Version>, StoreError> {
        world::point();
        let own = self.ops.iter().rev().find_map(|op| match op {
            Op::Append(of, version) if *of == org && version.id == id => Some(version.clone()),
            _ => None,
        });
        let disk = self.store.0.lock();
        let stored = || {
            let seq = disk.visible.latest.get(&(org, id))?;
            disk.visible.version(org, *seq).cloned()
        };
        Ok(own.or_else(stored))
    }

    fn append(&mut self, org: OrgKey, version: &Version) -> Result<(), StoreError> {
        world::point();
        self.push(Op::Append(org, version.clone()))
    }

    fn cut_back(&mut self, _: OrgKey, _: u32) -> Result<bool, StoreError> {
        Ok(false) // Nothing here imports.
    }

    fn put_organization(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.push(Op::Organization(organization.clone()))
    }

    fn put_user(&mut self, org: OrgKey, user: &SystemUser) -> Result<(), StoreError> {
        self.push(Op::User(org, user.clone()))
    }

    fn put_key(&mut self, org: OrgKey, key: &ApiKey) -> Result<(), StoreError> {
        self.push(Op::Key(org, key.clone()))
    }

    fn put_last_login(&mut self, org: OrgKey, key: KeyId, at: Stamp) -> Result<(), StoreError> {
        self.push(Op::LastLogin(org, key, at))
    }

    fn put_status(&mut self, org: OrgKey, status: &Status) -> Result<(), StoreError> {
        self.push(Op::Status(org, status.clone()))
    }

    fn put_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.push(Op::Session(org, *session))
    }

    fn touch_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.push(Op::SessionUsed(org, *session))
    }

    fn drop_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError> {
        self.push(Op::SessionGone(org, session.hash))
    }

    fn put_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError> {
        self.push(Op::Run(org, *run))
    }

    fn drop_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError> {
        self.push(Op::RunGone(org, *run))
    }

    fn put_folder(&mut self, state: &FolderState) -> Result<(), StoreError> {
        self.push(Op::Folder(state.clone()))
    }

    fn commit(self: Box<Self>) -> Result<(), CommitError> {
        world::point();
        let ops = self.ops;
        {
            let mut disk = self.store.0.lock();
            let disk = &mut *disk;
            if disk.failing > 0 && self.durability == Durability::Power {
                disk.failing -= 1;
                disk.limbo = Some(ops);
                return Err(CommitError::Unknown("the sync failed".to_owned()));
            }
            disk.visible.apply_all(&ops);
            disk.unsynced.push(ops);
            if self.durability == Durability::Power {
                for ops in disk.unsynced.drain(..) {
                    disk.synced.apply_all(&ops);
                }
            }
        }
        world::point();
        Ok(())
    }
}
