//! The store, as the service sees it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use domain::{
    Account, ActivityId, AuditEntry, AuditQuery, OrgKey, Organization, Seq, Stamp, StatusId,
    Version,
};
use store::{
    AuditEnds, CoverageRecord, CurrentRow, Durability, Examined, FolderState, LogEntry, RunRecord,
    SessionRecord, Store, StoreError, StoredVersion, TenantRecord, Transaction,
};

use super::contents::Contents;
use super::transaction::SimTransaction;
use super::{Disk, SimStore};
use crate::world::{self, one_in};

impl Store for SimStore {
    fn begin(&self, durability: Durability) -> Result<Box<dyn Transaction + '_>, StoreError> {
        world::point();
        let disk = self.0.lock();
        if disk.broken || disk.limbo.is_some() {
            return Err(StoreError::Unavailable("has to be reopened".to_owned()));
        }
        drop(disk);
        Ok(Box::new(SimTransaction { store: self, durability, ops: Vec::new() }))
    }

    fn reopen(&self) -> Result<(), StoreError> {
        world::point();
        if one_in(3) {
            return Err(StoreError::Unavailable("not yet".to_owned()));
        }
        let mut disk = self.0.lock();
        disk.broken = false;
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
            transactions: 0,
            device_key: None,
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

    fn coverages(&self, org: OrgKey) -> Result<Vec<CoverageRecord>, StoreError> {
        Ok(Contents::of(&self.0.lock().visible.coverages, org))
    }

    fn accounts(&self, org: OrgKey) -> Result<Vec<Account>, StoreError> {
        Ok(Contents::of(&self.0.lock().visible.accounts, org))
    }

    fn audit(&self, org: OrgKey, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        let entries = Contents::of(&self.0.lock().visible.audit, org);
        let wanted = |entry: &AuditEntry| {
            entry.number < query.before
                && query.kind.is_none_or(|kind| kind == entry.kind)
                && query.actor.is_none_or(|actor| actor == entry.by.actor)
        };
        Ok(entries.into_iter().rev().filter(wanted).take(query.limit).collect())
    }

    fn audit_ends(&self, org: OrgKey) -> Result<Option<AuditEnds>, StoreError> {
        let entries = Contents::of(&self.0.lock().visible.audit, org);
        let ends = entries.first().zip(entries.last());
        Ok(ends.map(|(first, last)| AuditEnds {
            first: first.number,
            first_at: first.at,
            last: last.number,
        }))
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

    fn show_versions(
        &self,
        org: OrgKey,
        seqs: &[Seq],
        visit: &mut dyn FnMut(StoredVersion<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let disk = self.0.lock();
        for seq in seqs.iter().copied().collect::<BTreeSet<Seq>>() {
            let version = disk.read(org, seq)?;
            if visit(StoredVersion::of(version)).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn version_bytes(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<usize>, StoreError> {
        let disk = self.0.lock();
        let bytes =
            |version| StoredVersion::of(version).content.map_or(0, |content| content.bytes());
        seqs.iter().map(|seq| disk.read(org, *seq).map(bytes)).collect()
    }

    fn versions(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<Version>, StoreError> {
        let disk = self.0.lock();
        seqs.iter().map(|seq| disk.read(org, *seq).cloned()).collect()
    }

    fn latest(&self, org: OrgKey, id: ActivityId) -> Result<Option<Seq>, StoreError> {
        Ok(self.0.lock().visible.latest.get(&(org, id)).copied())
    }

    fn current(
        &self,
        org: OrgKey,
        visit: &mut dyn FnMut(CurrentRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let contents = self.0.lock().visible.clone();
        let of_org = contents.latest.iter().filter(|((of, _), _)| *of == org);
        let versions = of_org.filter_map(|(_, seq)| contents.version(org, *seq));
        let _ = versions.filter_map(CurrentRow::of).try_for_each(visit);
        Ok(())
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

impl Disk {
    /// The version at a position, if it can be read.
    fn read(&self, org: OrgKey, seq: Seq) -> Result<&Version, StoreError> {
        let version = self.visible.version(org, seq);
        let version = version.filter(|version| !self.damaged.contains(&(org, version.id)));
        version.ok_or_else(|| StoreError::Damaged(format!("position {seq} cannot be read")))
    }
}
