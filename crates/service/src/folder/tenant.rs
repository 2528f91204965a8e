//! One organization, at work.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::{Account, OrgId, OrgKey, Stamp, StatusId};
use parking_lot::{Mutex, RwLockReadGuard};
use store::{Store, StoreError, TenantRecord};

use crate::board::place::BoardPlace;
use crate::directory::Directory;
use crate::directory::accounts::Accounts;
use crate::directory::people::People;
use crate::folder::works::LongWorks;
use crate::limits::Limits;
use crate::limits::room::{NoRoom, Place, Rooms, Share};
use crate::log::Log;
use crate::runs::Runs;

/// Everything about one organization that is kept in memory.
pub struct Tenant {
    /// The store's number for it.
    pub key: OrgKey,
    /// The outside's name for it.
    pub id: OrgId,
    pub(crate) log: Arc<Log>,
    pub(crate) people: People,
    pub(crate) limits: Limits,
    pub(crate) runs: Mutex<Runs>,
    pub(crate) board: Arc<BoardPlace>,
    /// Statuses whose name is being spread to the records now.
    pub(crate) spreading: Mutex<Vec<StatusId>>,
    /// How often a status has been renamed since the process began.
    pub(crate) renames: AtomicU64,
    /// Long work that was started in the pages.
    pub(crate) long_works: Mutex<LongWorks>,
    /// Held by a first import; another waits for it.
    pub(crate) first_import: tokio::sync::Mutex<()>,
}

impl Tenant {
    /// Takes up what the store has of the organization.
    pub(crate) fn load(
        store: &dyn Store,
        stored: TenantRecord,
        exposed: Stamp,
        rooms: &Arc<Rooms>,
    ) -> Result<Tenant, StoreError> {
        let key = stored.organization.key;
        Ok(Tenant {
            key,
            id: stored.organization.id.clone(),
            log: Arc::new(Log::load(store, &stored.organization, exposed)?),
            runs: Mutex::new(Runs::new(store.runs(key)?)),
            people: People::load(store, stored)?,
            limits: Limits::new(rooms),
            board: Arc::new(BoardPlace::new()),
            spreading: Mutex::default(),
            renames: AtomicU64::new(0),
            long_works: Mutex::default(),
            first_import: tokio::sync::Mutex::new(()),
        })
    }

    /// The directory as it is now.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        self.people.directory()
    }

    /// The names of its accounts. Not to be held while waiting for anything.
    pub fn accounts(&self) -> RwLockReadGuard<'_, Accounts> {
        self.people.accounts()
    }

    /// Shows the accounts whose name has all these words anywhere in it, or whose number begins with them, by name;
    /// all where there are no words. For a thread that may take its time: see
    /// [`Service::among_accounts`](crate::Service::among_accounts).
    pub fn accounts_with(&self, words: &str, visit: &mut dyn FnMut(&Account)) {
        self.people.accounts_with(words, visit);
    }

    /// How many those are, and `take` of them after the first `skip`.
    #[must_use]
    pub fn page_of_accounts(&self, words: &str, skip: usize, take: usize) -> (usize, Vec<Account>) {
        self.people.page_of_accounts(words, skip, take)
    }

    /// All accounts, by name.
    #[must_use]
    pub fn all_accounts(&self) -> Vec<Account> {
        self.people.page_of_accounts("", 0, usize::MAX).1
    }

    /// A place among the requests that the organization may have under way at the same time, to be held until the
    /// answer is complete. Waits for a short time if all are taken.
    ///
    /// # Errors
    /// When all stay taken.
    pub async fn place(&self) -> Result<Place, NoRoom> {
        self.limits.answers.place().await
    }

    /// The same without waiting.
    #[must_use]
    pub fn try_place(&self) -> Option<Place> {
        self.limits.answers.try_place()
    }

    /// A share, of nothing yet, of the bytes that the organization's requests and answers may have in memory. To be
    /// held until the answer has been sent.
    #[must_use]
    pub fn share(&self) -> Share {
        self.limits.answers.share()
    }

    /// A place among the organization's downloads, which have room of their own; none if all are taken.
    #[must_use]
    pub fn download(&self) -> Option<Place> {
        self.limits.downloads.try_place()
    }
}
