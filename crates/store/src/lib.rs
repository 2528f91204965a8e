//! The storage traits, the stored form of a version, and the contract every back-end passes.
//!
//! A back-end stores what it is given, in the order it is given, and judges nothing: which version
//! follows which is decided in `service`. Every method names the organization that it concerns
//! (invariant 9).
//!
//! To add a back-end: implement [`Store`] and [`Transaction`], then expand `contract_tests!` in a
//! file of its `tests` folder; see the module `contract`.

mod content;
#[cfg(feature = "contract")]
pub mod contract;
mod error;
mod letters;
mod rows;
mod scan;
mod search;
mod words;

use std::ops::ControlFlow;

use domain::{
    Account, ActivityId, ApiKey, AuditEntry, AuditQuery, ClientId, KeyId, OrgKey, Organization,
    Seq, Stamp, Status, StatusId, SystemUser, Version,
};

pub use content::{Content, StoredField, StoredMoment, StoredText, StoredVersion, decode, encode};
pub use error::{CommitError, StoreError};
pub use letters::fold;
pub use rows::{
    AuditEnds, CoverageRecord, CurrentRow, DeviceKey, Examined, FolderState, LogEntry, RunRecord,
    SessionRecord, TenantRecord,
};
pub use search::{Mark, SearchIndex, Text};
pub use words::{NameFinder, Part, Token, Word, Words, tokens};

/// A place that keeps organizations and their logs.
///
/// Reading methods see everything committed before they were called, and of each commit all or
/// nothing.
pub trait Store: Send + Sync {
    /// Opens the one write transaction, to be committed with this durability; waits for the one
    /// before it to end.
    ///
    /// # Errors
    /// When the store cannot write now.
    fn begin(&self, durability: Durability) -> Result<Box<dyn Transaction + '_>, StoreError>;

    /// Forgets everything held open, opens it again, and makes durable what is there: what a commit
    /// of unknown outcome needs before it can be asked about with [`Store::head`].
    ///
    /// # Errors
    /// When the store cannot be opened.
    fn reopen(&self) -> Result<(), StoreError>;

    /// What is stored in addition to the organizations; of an empty store, a lease before all instants and a
    /// clean end.
    ///
    /// # Errors
    /// When the store cannot read.
    fn folder(&self) -> Result<FolderState, StoreError>;

    /// How many bytes can still be written where the data is; none where the store cannot know.
    ///
    /// # Errors
    /// When the store cannot be asked.
    fn free_bytes(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    /// About how many bytes a part of an organization's log takes: what comes after a position, up to another one,
    /// which is included. Nothing where the store has no disk.
    ///
    /// # Errors
    /// When the store cannot read.
    fn log_bytes(&self, org: OrgKey, after: Seq, through: Seq) -> Result<u64, StoreError> {
        let _ = (org, after, through);
        Ok(0)
    }

    /// All organizations with their users, keys and statuses.
    ///
    /// # Errors
    /// When the store cannot read.
    fn tenants(&self) -> Result<Vec<TenantRecord>, StoreError>;

    /// The sessions of an organization.
    ///
    /// # Errors
    /// When the store cannot read.
    fn sessions(&self, org: OrgKey) -> Result<Vec<SessionRecord>, StoreError>;

    /// The runs of an organization.
    ///
    /// # Errors
    /// When the store cannot read.
    fn runs(&self, org: OrgKey) -> Result<Vec<RunRecord>, StoreError>;

    /// What each key of an organization has asked for, and what of it was delivered.
    ///
    /// # Errors
    /// When the store cannot read.
    fn coverages(&self, org: OrgKey) -> Result<Vec<CoverageRecord>, StoreError>;

    /// The accounts of an organization.
    ///
    /// # Errors
    /// When the store cannot read.
    fn accounts(&self, org: OrgKey) -> Result<Vec<Account>, StoreError>;

    /// The entries of an organization's audit log that a query wants, the latest first.
    ///
    /// # Errors
    /// When the store cannot read.
    fn audit(&self, org: OrgKey, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError>;

    /// Where an organization's audit log begins and ends; none if it is empty.
    ///
    /// # Errors
    /// When the store cannot read.
    fn audit_ends(&self, org: OrgKey) -> Result<Option<AuditEnds>, StoreError>;

    /// The position of the last version in the organization's log.
    ///
    /// # Errors
    /// When the store cannot read.
    fn head(&self, org: OrgKey) -> Result<Seq, StoreError>;

    /// Shows the log after a position, in its order, without contents, until the visitor stops it.
    ///
    /// # Errors
    /// When the store cannot read.
    fn log(
        &self,
        org: OrgKey,
        after: Seq,
        visit: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Shows the versions at these positions, in the order of the log and each once, until the visitor stops it.
    ///
    /// # Errors
    /// When the store cannot read, or has no version at one of the positions.
    fn show_versions(
        &self,
        org: OrgKey,
        seqs: &[Seq],
        visit: &mut dyn FnMut(StoredVersion<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// How many bytes the content of each version at these positions takes as it is stored, in the order asked for,
    /// without reading it; none for a tombstone.
    ///
    /// # Errors
    /// When the store cannot read, or has no version at one of the positions.
    fn version_bytes(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<usize>, StoreError>;

    /// The versions at these positions, in the order asked for.
    ///
    /// # Errors
    /// When the store cannot read, or has no version at one of the positions.
    fn versions(&self, org: OrgKey, seqs: &[Seq]) -> Result<Vec<Version>, StoreError>;

    /// The position of an activity's latest version.
    ///
    /// # Errors
    /// When the store cannot read.
    fn latest(&self, org: OrgKey, id: ActivityId) -> Result<Option<Seq>, StoreError>;

    /// Shows every activity that is there, removed ones left out, in id order and in one snapshot,
    /// until told to stop.
    ///
    /// # Errors
    /// When the store cannot read.
    fn current(
        &self,
        org: OrgKey,
        visit: &mut dyn FnMut(CurrentRow<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Up to `limit` activities after `after`, in id order, that have this status now.
    ///
    /// # Errors
    /// When the store cannot read.
    fn with_status(
        &self,
        org: OrgKey,
        status: StatusId,
        after: ActivityId,
        limit: usize,
    ) -> Result<Vec<ActivityId>, StoreError>;

    /// Reads everything there is, in one snapshot: shows each organization's log in its order, and
    /// tells what cannot be read or contradicts something else, and goes on. Whether the log itself
    /// is in order is for the caller to judge.
    ///
    /// # Errors
    /// When the store cannot read.
    fn examine(&self, visit: &mut dyn FnMut(Examined)) -> Result<(), StoreError>;
}

/// How long a commit has to last before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// It survives the death of the process. For sessions and runs.
    Process,
    /// It survives a power cut. For everything else (invariant 5).
    Power,
}

/// The one open write transaction. Dropped without [`Transaction::commit`], it changes nothing. One that
/// came across damage may not be committed any more: to continue, begin another.
pub trait Transaction {
    /// The latest version of an activity, including those appended in this transaction.
    ///
    /// # Errors
    /// When the store cannot read.
    fn current(&mut self, org: OrgKey, id: ActivityId) -> Result<Option<Version>, StoreError>;

    /// Appends the next version to the log and makes it the current state of its activity
    /// (invariant 5). The caller hands over versions in seq order without gaps.
    ///
    /// # Errors
    /// When the store cannot write; as damaged, when it already has a version at that position.
    fn append(&mut self, org: OrgKey, version: &Version) -> Result<(), StoreError>;

    /// Takes up to `versions_max` versions off the end of a log, and their activities with them; true
    /// if there are more. For a first import that was cut short, where each activity has only one.
    ///
    /// # Errors
    /// When the store cannot write.
    fn cut_back(&mut self, org: OrgKey, versions_max: u32) -> Result<bool, StoreError>;

    /// Adds or changes an organization.
    ///
    /// # Errors
    /// When the store cannot write, or another organization has that id.
    fn put_organization(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Adds or changes a system user.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_user(&mut self, org: OrgKey, user: &SystemUser) -> Result<(), StoreError>;

    /// Adds or changes an API key.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_key(&mut self, org: OrgKey, key: &ApiKey) -> Result<(), StoreError>;

    /// Saves the last login with a key; the rest of the key stays as it is.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_last_login(&mut self, org: OrgKey, key: KeyId, at: Stamp) -> Result<(), StoreError>;

    /// Adds or changes a status.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_status(&mut self, org: OrgKey, status: &Status) -> Result<(), StoreError>;

    /// Adds or changes a session.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError>;

    /// Keeps when a session was last used. One that has ended stays so.
    ///
    /// # Errors
    /// When the store cannot write.
    fn touch_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError>;

    /// Forgets a session. Its runs stay: a newer session of the key may continue them.
    ///
    /// # Errors
    /// When the store cannot write.
    fn drop_session(&mut self, org: OrgKey, session: &SessionRecord) -> Result<(), StoreError>;

    /// Adds a run, or changes the one of the same session, query and upper bound.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError>;

    /// Forgets a run.
    ///
    /// # Errors
    /// When the store cannot write.
    fn drop_run(&mut self, org: OrgKey, run: &RunRecord) -> Result<(), StoreError>;

    /// Keeps what a key has asked for, and what of it was delivered.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_coverage(&mut self, org: OrgKey, coverage: &CoverageRecord) -> Result<(), StoreError>;

    /// Adds or renames an account.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_account(&mut self, org: OrgKey, account: &Account) -> Result<(), StoreError>;

    /// Forgets an account's name.
    ///
    /// # Errors
    /// When the store cannot write.
    fn drop_account(&mut self, org: OrgKey, id: ClientId) -> Result<(), StoreError>;

    /// Adds an entry to the audit log, or replaces the one of that number.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_audit(&mut self, org: OrgKey, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Removes from the first `entries_max` entries of the audit log those that are older than `before` or have a
    /// number up to `through`.
    ///
    /// # Errors
    /// When the store cannot write.
    fn expire_audit(
        &mut self,
        org: OrgKey,
        before: Stamp,
        through: u64,
        entries_max: u32,
    ) -> Result<(), StoreError>;

    /// Saves what is stored in addition to the organizations.
    ///
    /// # Errors
    /// When the store cannot write.
    fn put_folder(&mut self, state: &FolderState) -> Result<(), StoreError>;

    /// Makes everything durable and visible together.
    ///
    /// # Errors
    /// See [`CommitError`]: the caller must distinguish «not there» from «unknown».
    fn commit(self: Box<Self>) -> Result<(), CommitError>;
}
