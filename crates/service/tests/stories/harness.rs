//! A service on a folder of its own, with one organization and one editor.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{
    Activity, ActivityId, Author, ClientId, Clock, Draft, Imported, Members, Moment, Name, Note,
    OrgId, Origin, Patch, Presence, Priority, Provenance, Role, Stamp, StatusId, StatusName,
    StatusRef, Subject, Terms, UserId, Version, Zone,
};
use service::{
    AskError, Authority, Caller, Committer, Direction, ImportError, ImportOptions, ImportReport,
    ListError, ListQuery, Listing, NewUser, Order, Refusal, Service, Settings, Spool,
    StoredVersion, Surroundings, SyncPage, SyncQuery, Tenant, UserChange, Write, Written, wait,
};
use store::StoreError;
use store_sqlite::SqliteSearch;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::faulty::Faulty;

/// Records on the largest page.
pub(crate) const PAGE_SIZE_MAX: u32 = 200;

/// Small caches, so that versions are also read from the store.
const SETTINGS: Settings = Settings { requests_per_org_max: 64, cache_bytes_max: 16 << 10 };

pub(crate) const EDITOR: UserId = UserId(101_132);

pub(crate) fn stamp(text: &str) -> Stamp {
    Moment::parse(text).unwrap().stamp
}

pub(crate) fn moment() -> Moment {
    Moment::parse("2026-01-05T09:00:00-06:00").unwrap()
}

pub(crate) struct World<C> {
    pub(crate) clock: Arc<C>,
    pub(crate) service: Service,
    pub(crate) store: Arc<Faulty>,
    pub(crate) org: Arc<Tenant>,
    pub(crate) key: String,
    runtime: Runtime,
    folder: TempDir,
}

fn open<C: Clock + 'static>(folder: &Path, clock: &Arc<C>) -> (Arc<Faulty>, Service) {
    let store = Arc::new(Faulty::open(folder));
    let surroundings = Surroundings {
        clock: clock.clone(),
        search: Some(Arc::new(SqliteSearch::open(folder).unwrap())),
        ..Surroundings::system(store.clone())
    };
    (store, Service::open(surroundings, SETTINGS).unwrap())
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A copy of what lies in a data folder now: what follows there does not reach it.
pub(crate) fn left_in(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

impl<C: Clock + 'static> World<C> {
    pub(crate) fn new(clock: C) -> World<C> {
        let (clock, folder) = (Arc::new(clock), tempfile::tempdir().unwrap());
        let (store, service) = open(folder.path(), &clock);
        let name = Name::parse("Demo").unwrap();
        let org = wait(service.add_org(OrgId::parse("demo").unwrap(), name, Zone::utc())).unwrap();
        let user = NewUser {
            id: Some(EDITOR),
            name: Name::parse("Colin Pizarek").unwrap(),
            role: Role::Editor,
        };
        wait(service.add_user(Authority::command_line(&org), user, None)).unwrap();
        let key =
            wait(service.add_key(Authority::command_line(&org), EDITOR, None)).unwrap().secret;
        World { clock, service, store, org, key, runtime: runtime(), folder }
    }

    /// Ends the process, in order or not, and begins the next.
    pub(crate) fn restart(&mut self, in_order: bool) {
        if in_order {
            self.service.close();
        }
        let left = left_in(self.folder.path());
        self.go_on(left);
    }

    /// Where the data is.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Begins a process on what another has left.
    pub(crate) fn go_on(&mut self, next: TempDir) {
        self.service.close();
        (self.store, self.service) = open(next.path(), &self.clock);
        self.folder = next;
        self.org = self.service.org(&self.org.id).unwrap();
    }

    /// A service on the same store whose committer works only when it is told to.
    pub(crate) fn by_hand(&self) -> (Service, Committer) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        self.by_hand_in(Surroundings { clock, ..Surroundings::system(self.store.clone()) })
    }

    /// The same in surroundings of its own.
    pub(crate) fn by_hand_in(&self, surroundings: Surroundings) -> (Service, Committer) {
        self.service.close();
        let settings = Settings { requests_per_org_max: 64, cache_bytes_max: 1 << 20 };
        Service::prepare(surroundings, settings).unwrap()
    }

    /// Changes the data folder behind the server's back.
    pub(crate) fn damage(&self, sql: &str) {
        let database = self.folder.path().join(store_sqlite::DATABASE_FILE);
        rusqlite::Connection::open(database).unwrap().execute_batch(sql).unwrap();
    }

    /// Lets the committer look after its lease, as it does by itself from time to time.
    pub(crate) fn settle(&self) {
        let nobody = || {
            wait(self.service.change_user(
                Authority::command_line(&self.org),
                UserId(-1),
                UserChange::DISABLE,
            ))
            .unwrap_err()
        };
        nobody();
        nobody();
    }

    pub(crate) fn log_in(&self) -> String {
        self.runtime.block_on(self.service.login(&self.org.id, &self.key, None)).unwrap().1
    }

    pub(crate) fn caller(&self, session: &str) -> Option<Caller> {
        self.service.caller(session)
    }

    pub(crate) fn sync(&self, caller: &Caller, query: &SyncQuery) -> SyncAnswer {
        self.sync_at_most(caller, query, PAGE_SIZE_MAX)
    }

    /// The same of a server that gives so many records on a page at most.
    pub(crate) fn sync_at_most(
        &self,
        caller: &Caller,
        query: &SyncQuery,
        page_size_max: u32,
    ) -> SyncAnswer {
        self.runtime.block_on(answer(&self.service, caller, query, page_size_max)).unwrap()
    }

    pub(crate) fn list(&self, query: &ListQuery) -> Result<Listing, ListError> {
        self.runtime.block_on(self.service.list(&self.org, query))
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn write(&self, write: Write) -> Result<Written, Refusal> {
        self.runtime.block_on(self.service.write(&self.org, author(), write))
    }

    /// The stamp of the latest version of an activity, be it a tombstone.
    pub(crate) fn last_stamp(&self, id: ActivityId) -> Stamp {
        let mut last = None;
        let each = &mut |change: service::Change| {
            last.get_or_insert(change.version.stamp);
            Ok::<(), StoreError>(())
        };
        self.service.history(&self.org, id, each).unwrap();
        last.unwrap()
    }

    pub(crate) fn import(
        &self,
        items: &[Imported],
        restore: bool,
    ) -> Result<ImportReport, ImportError> {
        self.import_watched(items, restore, |_| {})
    }

    /// Imports, and does something whenever some more has been written.
    pub(crate) fn import_watched(
        &self,
        items: &[Imported],
        restore: bool,
        progress: impl Fn(u64) + Send + Sync,
    ) -> Result<ImportReport, ImportError> {
        let mut spool = Spool::new(self.folder.path()).unwrap();
        items.iter().for_each(|item| spool.push(item).unwrap());
        let options = ImportOptions { restore, ..ImportOptions::default() };
        wait(self.service.import(&self.org, spool.finish().unwrap(), options, &progress))
    }
}

impl<C> Drop for World<C> {
    fn drop(&mut self) {
        self.service.close();
    }
}

/// A page with its records.
#[derive(Clone, Debug)]
pub(crate) struct SyncAnswer {
    pub(crate) page: SyncPage,
    pub(crate) records: Vec<Arc<Version>>,
}

impl Deref for SyncAnswer {
    type Target = SyncPage;

    fn deref(&self) -> &SyncPage {
        &self.page
    }
}

/// Answers a question as a door does, and makes sure that what it shows of the records are the versions
/// that there are.
pub(crate) async fn answer(
    service: &Service,
    caller: &Caller,
    query: &SyncQuery,
    page_size_max: u32,
) -> Result<SyncAnswer, AskError> {
    let mut page = service.sync_page(caller, query, page_size_max).await?;
    let show = |shown: &mut Vec<_>, version: &StoredVersion<'_>| {
        let activity = version.content.as_ref().map(|content| content.to_activity().unwrap());
        shown.push((version.seq, (version.stamp, version.id, activity)));
    };
    let org = &caller.tenant;
    let (shown, long) = service.fold_versions(org, &page.seqs, Vec::new(), show).await?;
    let shown = service.fold_long(org, long, shown, show).await?;
    let shown: BTreeMap<_, _> = shown.into_iter().collect();
    let records = service.versions(&caller.tenant, page.seqs.clone()).await?;
    for record in &records {
        let expected = (record.stamp, record.id, record.record().cloned());
        assert_eq!(shown.get(&record.seq), Some(&expected));
    }
    if let Some(served) = page.served.take() {
        served.is_sent();
    }
    Ok(SyncAnswer { page, records })
}

pub(crate) fn author() -> Author {
    Author { user: Some(EDITOR), origin: Origin::Api }
}

pub(crate) fn create(subject: &str) -> Write {
    Write::Create(Box::new(Draft {
        subject: Subject::parse(subject).unwrap(),
        note: Note::empty(),
        start: moment(),
        end: None,
        client: ClientId(3480),
        system_user: Presence::Keep,
        status: StatusRef::Id(StatusId(2)),
        priority: Priority::Normal,
        custom_fields: Vec::new(),
    }))
}

pub(crate) fn update(id: ActivityId, subject: &str) -> Write {
    let subject = Some(Subject::parse(subject).unwrap());
    Write::Update(id, Box::new(Patch { subject, ..Patch::default() }))
}

/// What a file says of an activity; one without a subject has been removed.
pub(crate) fn imported(id: ActivityId, subject: Option<&str>) -> Imported {
    let Some(subject) = subject else { return Imported::Removed { id, at: None } };
    let activity = Activity {
        created: stamp("2020-01-01T00:00:00Z"),
        created_by: None,
        modified_by: None,
        subject: Subject::parse(subject).unwrap(),
        note: Note::empty(),
        start: moment(),
        end: None,
        client: None,
        system_user: None,
        status: StatusId(2),
        status_name: StatusName::parse("Not Started").unwrap(),
        priority: Priority::Low,
        custom_fields: Vec::new(),
        external_id: None,
        provenance: Provenance::default(),
    };
    Imported::Record {
        id: Some(id),
        stamp: None,
        named: Members::ALL,
        terms: Terms::Exact,
        row: None,
        activity: Box::new(activity),
    }
}

/// Everything, newest first, in pages of the largest size.
pub(crate) fn everything() -> SyncQuery {
    SyncQuery {
        ids: None,
        from: Some(Stamp::MIN),
        to: None,
        ignore_removed: false,
        order: Order::default(),
        page_size: PAGE_SIZE_MAX,
        page: 1,
    }
}

pub(crate) fn ascending(by: domain::Member) -> Order {
    Order { by, direction: Direction::Ascending }
}
