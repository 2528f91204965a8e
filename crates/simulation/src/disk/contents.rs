//! What lies on the disk, and how it changes.

use std::collections::BTreeMap;

use domain::{
    Account, ActivityId, ApiKey, AuditEntry, ClientId, KeyId, OrgKey, Organization, SecretHash,
    Seq, Stamp, Status, StatusId, SystemUser, UserId, Version,
};
use store::{CoverageRecord, FolderState, RunRecord, SessionRecord};

/// Everything that is kept.
#[derive(Clone, Default)]
pub(super) struct Contents {
    pub(super) folder: Option<FolderState>,
    pub(super) organizations: BTreeMap<OrgKey, Organization>,
    pub(super) users: BTreeMap<(OrgKey, UserId), SystemUser>,
    pub(super) keys: BTreeMap<(OrgKey, KeyId), ApiKey>,
    pub(super) statuses: BTreeMap<(OrgKey, StatusId), Status>,
    pub(super) sessions: BTreeMap<(OrgKey, SecretHash), SessionRecord>,
    pub(super) coverages: BTreeMap<(OrgKey, KeyId), CoverageRecord>,
    pub(super) audit: BTreeMap<(OrgKey, u64), AuditEntry>,
    pub(super) accounts: BTreeMap<(OrgKey, ClientId), Account>,
    pub(super) runs: BTreeMap<(OrgKey, SecretHash, [u8; 16], Stamp), RunRecord>,
    pub(super) log: BTreeMap<OrgKey, Vec<Version>>,
    pub(super) latest: BTreeMap<(OrgKey, ActivityId), Seq>,
}

/// One thing that a transaction does.
#[derive(Clone)]
pub(super) enum Op {
    Append(OrgKey, Version),
    /// Only so many versions stay.
    CutBack(OrgKey, usize),
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
    Coverage(OrgKey, CoverageRecord),
    Audit(OrgKey, AuditEntry),
    Account(OrgKey, Account),
    AccountGone(OrgKey, ClientId),
    Folder(FolderState),
}

impl Contents {
    pub(super) fn apply_all(&mut self, ops: &[Op]) {
        ops.iter().for_each(|op| self.apply(op.clone()));
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Append(org, version) => {
                self.latest.insert((org, version.id), version.seq);
                self.log.entry(org).or_default().push(version);
            }
            Op::CutBack(org, kept) => {
                for version in self.log.entry(org).or_default().drain(kept..) {
                    self.latest.remove(&(org, version.id));
                }
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
            Op::Coverage(org, coverage) => {
                self.coverages.insert((org, coverage.key), coverage);
            }
            Op::Audit(org, entry) => {
                self.audit.insert((org, entry.number), entry);
            }
            Op::AccountGone(org, id) => {
                self.accounts.remove(&(org, id));
            }
            Op::Account(org, account) => {
                self.accounts.insert((org, account.id), account);
            }
            Op::Folder(state) => self.folder = Some(state),
        }
    }

    pub(super) fn version(&self, org: OrgKey, seq: Seq) -> Option<&Version> {
        let position = usize::try_from(seq.0).ok()?.checked_sub(1)?;
        self.log.get(&org)?.get(position)
    }

    pub(super) fn of<K: Copy + Ord, V: Clone>(
        map: &BTreeMap<(OrgKey, K), V>,
        org: OrgKey,
    ) -> Vec<V> {
        map.iter().filter(|((of, _), _)| *of == org).map(|(_, value)| value.clone()).collect()
    }
}
