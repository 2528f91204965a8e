//! One organization, at work.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::{KeyId, OrgId, OrgKey, Organization, Seq, Stage, Stamp, StatusId};
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::{Store, StoreError, TenantRecord};
use timeline::{Entry, Timeline};
use tokio::sync::{Notify, Semaphore};

use crate::board::place::BoardPlace;
use crate::directory::Directory;
use crate::directory::accounts::Accounts;
use crate::directory::trail::Trail;
use crate::folder::works::LongWorks;
use crate::limits::followers::Followers;
use crate::limits::quota::Stored;
use crate::limits::room::{NoRoom, Place, Room, Rooms, Share};
use crate::lists::calendar::CALENDARS_PER_ORG_MAX;
use crate::log::coverage::Coverages;
use crate::log::exposure::Exposure;
use crate::log::external_ids::ExternalIds;
use crate::runs::Runs;

/// Questions of one organization that sort, or make digests, at the same time; others wait for them. Fewer than
/// all may together, so that none keeps the others out.
const SORTS_PER_ORG_MAX: usize = crate::runs::sorting::SORTS_MAX / 2;

/// Long pages of one organization of which a part is read and printed at the same time; those of others wait for them,
/// and not for other organizations'.
const LONG_READS_PER_ORG_MAX: usize = 2;

/// The downloads of one organization at the same time. They have their own room, so that slow ones do not take that
/// of other answers.
pub const DOWNLOADS_PER_ORG_MAX: usize = 4;

/// The most bytes that the downloads of one organization may hold.
pub const DOWNLOADS_BYTES_MAX: usize = 32 << 20;

/// Everything about one organization that is kept in memory.
pub struct Tenant {
    /// The store's number for it.
    pub key: OrgKey,
    /// The outside's name for it.
    pub id: OrgId,
    directory: RwLock<Arc<Directory>>,
    accounts: RwLock<Accounts>,
    pub(crate) timeline: RwLock<Timeline>,
    pub(crate) exposure: Exposure,
    pub(crate) runs: Mutex<Runs>,
    pub(crate) board: BoardPlace,
    /// What each key has asked for, and what of it was delivered.
    pub(crate) coverages: Coverages,
    /// Places for clients that follow the head.
    pub(crate) following: Arc<Followers>,
    /// Rung whenever the horizon may have moved for another reason than time.
    pub(crate) moved: Notify,
    /// Questions that may sort or make digests at once: each may hold many keys in memory, and a thread.
    pub(crate) sorting: Arc<Semaphore>,
    /// Turns to read and print a part of a long page ([`crate::service::Service::fold_long`]).
    pub(crate) long_reads: Semaphore,
    /// Statuses whose name is being spread to the records now.
    pub(crate) spreading: Mutex<Vec<StatusId>>,
    /// How often a status has been renamed since the process began.
    pub(crate) renames: AtomicU64,
    /// Long work that was started in the pages.
    pub(crate) long_works: Mutex<LongWorks>,
    /// Which activity has which id in the system that it was imported from.
    pub(crate) external_ids: ExternalIds,
    /// Held by a first import; another waits for it.
    pub(crate) first_import: tokio::sync::Mutex<()>,
    /// Turns to make a calendar feed.
    pub(crate) calendars: Arc<Semaphore>,
    /// How much its log takes, if that is limited.
    pub(crate) stored: Stored,
    answers: Arc<Room>,
    downloads: Arc<Room>,
    /// What is known of its audit trail.
    pub(crate) audit: Trail,
}

impl Tenant {
    /// Rebuilds what is derived from the organization's log.
    pub(crate) fn load(
        store: &dyn Store,
        stored: TenantRecord,
        exposed: Stamp,
        rooms: &Arc<Rooms>,
    ) -> Result<Tenant, StoreError> {
        let key = stored.organization.key;
        let timeline = read_log(store, &stored.organization)?;
        let head = timeline.last_stamp().unwrap_or(Stamp::MIN);
        let coverages = Coverages::new(store.coverages(key)?, timeline.head().seq());
        Ok(Tenant {
            key,
            id: stored.organization.id.clone(),
            exposure: Exposure::new(timeline.head(), head, exposed),
            timeline: RwLock::new(timeline),
            runs: Mutex::new(Runs::new(store.runs(key)?)),
            board: BoardPlace::new(),
            directory: RwLock::new(Arc::new(Directory::new(stored))),
            accounts: RwLock::new(Accounts::new(store.accounts(key)?)),
            coverages,
            following: Arc::default(),
            moved: Notify::new(),
            sorting: Arc::new(Semaphore::new(SORTS_PER_ORG_MAX)),
            long_reads: Semaphore::new(LONG_READS_PER_ORG_MAX),
            spreading: Mutex::default(),
            renames: AtomicU64::new(0),
            long_works: Mutex::default(),
            external_ids: ExternalIds::default(),
            first_import: tokio::sync::Mutex::new(()),
            calendars: Arc::new(Semaphore::new(CALENDARS_PER_ORG_MAX)),
            stored: Stored::default(),
            answers: rooms.answers(),
            downloads: rooms.room(DOWNLOADS_PER_ORG_MAX, DOWNLOADS_BYTES_MAX),
            audit: Trail::new(store.audit_ends(key)?),
        })
    }

    /// Shows a whole log in one step, that of a first import. The head is the last version's stamp, and not
    /// the one that the import has drawn: what is exposed must be covered by a version, or by a promise.
    pub(crate) fn show_log(&self, timeline: Timeline) {
        let (view, head) = (timeline.head(), timeline.last_stamp().unwrap_or(Stamp::MIN));
        *self.timeline.write() = timeline;
        self.exposure.publish(view, head);
        self.moved.notify_waiters();
    }

    /// The directory as it is now.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.directory.read().clone()
    }

    /// The names of its accounts. Not to be held while waiting for anything.
    pub fn accounts(&self) -> RwLockReadGuard<'_, Accounts> {
        self.accounts.read()
    }

    /// To be changed by the committer alone.
    pub(crate) fn accounts_to_change(&self) -> RwLockWriteGuard<'_, Accounts> {
        self.accounts.write()
    }

    /// Whether its first import is under way, or has failed and is still to be cut back.
    pub(crate) fn is_importing(&self) -> bool {
        self.directory().organization.stage == Stage::Importing
    }

    pub(crate) fn set_directory(&self, directory: Directory) {
        *self.directory.write() = Arc::new(directory);
    }

    pub(crate) fn set_organization(&self, organization: Organization) {
        let directory = Directory::clone(&self.directory());
        self.set_directory(Directory { organization, ..directory });
    }

    /// Remembers the last login with a key. Called by the committer alone, like everything
    /// that replaces the directory.
    pub(crate) fn logged_in(&self, key: KeyId, at: Stamp) {
        let mut directory = Directory::clone(&self.directory());
        if let Some(key) = directory.keys.get_mut(&key) {
            key.last_login = Some(at);
            self.set_directory(directory);
        }
    }

    /// A place among the requests that the organization may have under way at the same time, to be held until the
    /// answer is complete. Waits for a short time if all are taken.
    ///
    /// # Errors
    /// When all stay taken.
    pub async fn place(&self) -> Result<Place, NoRoom> {
        self.answers.place().await
    }

    /// The same without waiting.
    #[must_use]
    pub fn try_place(&self) -> Option<Place> {
        self.answers.try_place()
    }

    /// A share, of nothing yet, of the bytes that the organization's requests and answers may have in memory. To be
    /// held until the answer has been sent.
    #[must_use]
    pub fn share(&self) -> Share {
        self.answers.share()
    }

    /// A place among the organization's downloads, which have room of their own; none if all are taken.
    #[must_use]
    pub fn download(&self) -> Option<Place> {
        self.downloads.try_place()
    }
}

/// What follows from an organization's log.
pub(crate) fn read_log(store: &dyn Store, of: &Organization) -> Result<Timeline, StoreError> {
    let mut timeline = Timeline::new();
    let mut problem = None;
    store.log(of.key, Seq::ZERO, &mut |entry| {
        let at = timeline.append(Entry { id: entry.id, stamp: entry.stamp, kind: entry.kind });
        match at {
            Ok(seq) if seq == entry.seq => return ControlFlow::Continue(()),
            Ok(seq) => problem = Some(format!("position {seq} is missing")),
            Err(e) => problem = Some(format!("position {}: {e}", entry.seq)),
        }
        ControlFlow::Break(())
    })?;
    match problem {
        Some(problem) => {
            Err(StoreError::Damaged(format!("the log of organization {}: {problem}", of.id)))
        }
        None => Ok(timeline),
    }
}
