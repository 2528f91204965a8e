//! The one write transaction.

use domain::{
    Account, ActivityId, ApiKey, AuditEntry, ClientId, KeyId, OrgKey, Organization, Stamp, Status,
    SystemUser, Version,
};
use store::{
    CommitError, CoverageRecord, Durability, FolderState, RunRecord, SessionRecord, StoreError,
    Transaction,
};

use super::SimStore;
use super::contents::Op;
use crate::world;

/// Versions that are cut back at a time.
const CUT_MAX: usize = 3;

pub(super) struct SimTransaction<'a> {
    pub(super) store: &'a SimStore,
    pub(super) durability: Durability,
    pub(super) ops: Vec<Op>,
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
        if disk.damaged.contains(&(org, id)) {
            return Err(StoreError::Damaged(format!("activity {id} cannot be read")));
        }
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

    fn cut_back(&mut self, org: OrgKey, versions_max: u32) -> Result<bool, StoreError> {
        world::point();
        let length = self.store.0.lock().visible.log.get(&org).map_or(0, Vec::len);
        // Far fewer at a time, so that it takes several transactions.
        let step = usize::try_from(versions_max).map_or(CUT_MAX, |max| max.min(CUT_MAX));
        let kept = length.saturating_sub(step);
        self.push(Op::CutBack(org, kept)).map(|()| kept > 0)
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

    fn put_coverage(&mut self, org: OrgKey, coverage: &CoverageRecord) -> Result<(), StoreError> {
        self.push(Op::Coverage(org, coverage.clone()))
    }

    fn put_account(&mut self, org: OrgKey, account: &Account) -> Result<(), StoreError> {
        self.push(Op::Account(org, account.clone()))
    }

    fn drop_account(&mut self, org: OrgKey, id: ClientId) -> Result<(), StoreError> {
        self.push(Op::AccountGone(org, id))
    }

    fn put_audit(&mut self, org: OrgKey, entry: &AuditEntry) -> Result<(), StoreError> {
        self.push(Op::Audit(org, entry.clone()))
    }

    /// No simulation lasts so long.
    fn expire_audit(&mut self, _: OrgKey, _: Stamp, _: u64, _: u32) -> Result<(), StoreError> {
        Ok(())
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
