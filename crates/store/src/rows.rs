//! What a store reads and writes other than versions.

use std::fmt;

use domain::{
    ActivityId, ApiKey, ClientId, KeyId, Kind, Opener, Organization, Priority, SecretHash, Seq,
    Stamp, Status, StatusId, SystemUser, UserId, Version,
};

/// An organization with everything about it that is small enough to be kept in memory.
#[derive(Clone, Debug)]
pub struct TenantRecord {
    /// The organization.
    pub organization: Organization,
    /// Its users, by id.
    pub users: Vec<SystemUser>,
    /// Its API keys, by id.
    pub keys: Vec<ApiKey>,
    /// Its statuses, by id.
    pub statuses: Vec<Status>,
}

/// A version as the timeline needs it: without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Position in the log.
    pub seq: Seq,
    /// The commit's time.
    pub stamp: Stamp,
    /// Which activity it is a version of.
    pub id: ActivityId,
    /// Record or tombstone.
    pub kind: Kind,
}

/// An activity that is there, as lists need it: what can be told apart and sorted by, without the
/// long texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentRow<'a> {
    /// Which activity.
    pub id: ActivityId,
    /// Its version in the log.
    pub seq: Seq,
    /// That version's stamp.
    pub stamp: Stamp,
    /// What it is about.
    pub subject: &'a str,
    /// When it begins.
    pub start: Stamp,
    /// When it ends.
    pub end: Option<Stamp>,
    /// The account that it is about.
    pub client: Option<ClientId>,
    /// Whose it is.
    pub system_user: Option<UserId>,
    /// Its status.
    pub status: StatusId,
    /// How urgent it is.
    pub priority: Priority,
}

impl<'a> CurrentRow<'a> {
    /// The same of a version; none of a tombstone.
    #[must_use]
    pub fn of(version: &'a Version) -> Option<CurrentRow<'a>> {
        let activity = version.record()?;
        Some(CurrentRow {
            id: version.id,
            seq: version.seq,
            stamp: version.stamp,
            subject: activity.subject.as_str(),
            start: activity.start.stamp,
            end: activity.end.map(|end| end.stamp),
            client: activity.client,
            system_user: activity.system_user,
            status: activity.status,
            priority: activity.priority,
        })
    }
}

/// What [`Store::examine`](crate::Store::examine) comes across.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Examined {
    /// What follows belongs to the organization of this id; before the first, to none.
    Organization(String),
    /// The next version of its log.
    Version {
        /// Position in the log.
        seq: Seq,
        /// The commit's time.
        stamp: Stamp,
        /// Which activity it is a version of.
        id: ActivityId,
        /// The version that it says it supersedes.
        previous: Option<Seq>,
    },
    /// Something is not as it should be: what and where, in words.
    Problem(String),
}

/// What is kept once per data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderState {
    /// No instant after this one has been exposed (invariant 3).
    pub lease: Stamp,
    /// Whether the last process that owned the folder shut down cleanly.
    pub clean: bool,
    /// On which start of the machine it worked; empty where the machine does not tell. What was not
    /// synced has survived if this is the same start still.
    pub boot: String,
    /// What was known of runs up to here may have gone with a process that died.
    pub lost_before: Stamp,
    /// How many transactions have been committed that changed something else than activities, sessions
    /// and runs: each counts itself, which tells whether one of unknown outcome is there.
    pub transactions: u64,
    /// What device cookies are signed with; none in an empty store.
    pub device_key: Option<DeviceKey>,
}

/// A random key, which is shown nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceKey(pub [u8; 32]);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(…)")
    }
}

/// A session, as it survives a restart. The session id itself is kept by its hash alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// What is kept of the session id.
    pub hash: SecretHash,
    /// What it was opened with.
    pub opener: Opener,
    /// When it was opened.
    pub created: Stamp,
    /// When it was last used, give or take a minute.
    pub last_used: Stamp,
    /// Whether it outlives the browser: a person asked to stay signed in.
    pub stays: bool,
}

/// A run, as it survives a restart (invariant 4): everything about it but the query, which every
/// request of the run repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// The session it belongs to.
    pub session: SecretHash,
    /// The key of that session.
    pub key: KeyId,
    /// What identifies the query, the upper bound and the page number left out.
    pub query: [u8; 16],
    /// The query's upper bound; [`Stamp::MAX`] where it has none.
    pub to: Stamp,
    /// Runs count up within an organization: of two, the one that began later has the greater number.
    pub number: u64,
    /// Records on each of its pages, settled when it began.
    pub page_size: u32,
    /// The view: as of which position it is answered.
    pub seq: Seq,
    /// The horizon that all its pages tell.
    pub horizon: Stamp,
    /// Whether page 1 has been served.
    pub first_page_served: bool,
    /// The page that was served last.
    pub last_page: u64,
    /// When that was.
    pub last_used: Stamp,
}

/// Where an organization's audit log begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditEnds {
    /// The number of the first entry that is kept.
    pub first: u64,
    /// When that was.
    pub first_at: Stamp,
    /// The number of the last one.
    pub last: u64,
}

/// What a key has asked for, and what of it was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageRecord {
    /// The key.
    pub key: KeyId,
    /// In a form that only the service looks into: a line of JSON, a few dozen KiB at most. Empty where
    /// what was written has been damaged.
    pub document: String,
}
