//! A server as a client sees it: the real API, service and store, on a folder of its own. Requests come
//! in as `driftless/front.rs` hands them over.

use std::error::Error;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, RwLock};

use axum::body::Body;
use axum::http::{Request, Response, header};
use domain::{Clock, ManualClock, Moment, Name, OrgId, Role, UserId, Version, Zone};
use files::{ColumnNames, ReadError, Reading};
use http_body_util::BodyExt;
use neon::Api;
use neon::export::{Format, Writer};

use crate::answer::Answer;
use crate::client::Client;
use service::{
    Authority, ImportError, ImportOptions, ImportPlan, ImportReport, NewKey, NewUser, Outbox,
    Service, Spool, Surroundings, SystemClock, Tenant, UserChange, wait,
};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Requests that an organization may have under way at once in these tests.
pub(crate) const REQUESTS_PER_ORG_MAX: usize = 64;

/// The largest page, where a test does not say otherwise.
const PAGE_SIZE_MAX: u32 = 200;

pub(crate) fn moment(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

/// The time that lies that many milliseconds after another, or before it.
pub(crate) fn later(text: &str, millis: i64) -> String {
    let moment = moment(text);
    moment.stamp.plus_millis(millis).at_offset(moment.offset_seconds).to_string()
}

/// A server with a clock of its own.
pub(crate) struct TestServer<C = SystemClock> {
    pub(crate) clock: Arc<C>,
    host: Arc<Host>,
}

/// What clients reach, whichever process is behind it just now.
pub(crate) struct Host {
    clock: Arc<dyn Clock>,
    runtime: Runtime,
    running: RwLock<Process>,
}

/// One process at work on a data folder.
struct Process {
    service: Service,
    api: Api,
    folder: TempDir,
}

/// Small caches, so that versions are also read from the store and records also printed anew.
const CACHE_BYTES_MAX: u64 = 64 << 10;

impl Process {
    fn start(folder: TempDir, clock: Arc<dyn Clock>, page_size_max: u32) -> Process {
        let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let settings = service::Settings {
            requests_per_org_max: REQUESTS_PER_ORG_MAX,
            cache_bytes_max: CACHE_BYTES_MAX,
        };
        let surroundings = Surroundings { clock, ..Surroundings::system(store) };
        let service = Service::open(surroundings, settings).unwrap();
        let settings = neon::Settings { page_size_max, cache_bytes_max: CACHE_BYTES_MAX };
        let api = Api::new(service.clone(), settings);
        Process { service, api, folder }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.service.close();
    }
}

impl TestServer<SystemClock> {
    pub(crate) fn start() -> TestServer<SystemClock> {
        TestServer::with_clock(SystemClock)
    }
}

impl TestServer<ManualClock> {
    /// A server whose clock stands still at this time until it is moved.
    pub(crate) fn at(time: &str) -> TestServer<ManualClock> {
        TestServer::with_clock(ManualClock::new(moment(time).stamp))
    }

    /// What the clock shows, as a bound.
    pub(crate) fn clock_text(&self) -> String {
        self.clock.now().at_offset(0).to_string()
    }

    /// Moves the clock, and lets the server notice: its lease is renewed when it is due.
    pub(crate) fn advance(&self, millis: i64) {
        self.clock.advance(millis);
        let service = self.service();
        for org in service.orgs() {
            // Refused, but each passes through the committer, which looks after the lease between.
            let nobody = || {
                wait(service.change_user(
                    Authority::command_line(&org),
                    UserId(-1),
                    UserChange::DISABLE,
                ))
                .unwrap_err()
            };
            nobody();
            nobody();
        }
    }

    /// Cuts the power: goes on with a copy of what is on disk now, as another process.
    ///
    /// Only with a clock that stands still: nothing writes by itself while the files are copied.
    pub(crate) fn crash(&self) {
        let mut running = self.host.running.write().unwrap();
        let folder = tempfile::tempdir().unwrap();
        copy_files(running.folder.path(), folder.path());
        *running = Process::start(folder, self.host.clock.clone(), PAGE_SIZE_MAX);
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

impl<C: Clock + 'static> TestServer<C> {
    fn with_clock(clock: C) -> TestServer<C> {
        let clock = Arc::new(clock);
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let running = RwLock::new(Process::start(folder, clock.clone(), PAGE_SIZE_MAX));
        let host = Arc::new(Host { clock: clock.clone(), runtime, running });
        TestServer { clock, host }
    }

    /// Stops in order, and starts again on the same folder.
    pub(crate) fn restart(&self) {
        self.restart_with(PAGE_SIZE_MAX);
    }

    /// The same, with another limit on the size of pages.
    pub(crate) fn restart_with(&self, page_size_max: u32) {
        let mut running = self.host.running.write().unwrap();
        running.service.close();
        let folder = std::mem::replace(&mut running.folder, tempfile::tempdir().unwrap());
        *running = Process::start(folder, self.host.clock.clone(), page_size_max);
    }

    pub(crate) fn service(&self) -> Service {
        self.host.service()
    }

    /// Everything that lies in the data folder.
    pub(crate) fn files(&self) -> Vec<Vec<u8>> {
        let running = self.host.running.read().unwrap();
        let files = std::fs::read_dir(running.folder.path()).unwrap();
        files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// Adds an organization whose stamps are shown in this zone.
    pub(crate) fn org(&self, id: &str, zone: &str) -> Org {
        let id = OrgId::parse(id).unwrap();
        let name = Name::parse("An organization").unwrap();
        wait(self.service().add_org(id.clone(), name, Zone::parse(zone).unwrap())).unwrap();
        Org { host: self.host.clone(), id }
    }

    /// An organization `demo` and an editor who is logged in to it.
    pub(crate) fn editor(&self) -> Client {
        self.org("demo", "+00:00").editor()
    }

    /// Sends a request that is not a logged in client's.
    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        self.host.send(request)
    }

    /// Does several things at once.
    pub(crate) fn block_on<T>(&self, story: impl AsyncFnOnce(Arc<Host>) -> T) -> T {
        self.host.runtime.block_on(story(self.host.clone()))
    }

    /// Asks without a session.
    pub(crate) fn get(&self, path_and_query: &str) -> Answer {
        self.send(request("GET", path_and_query, None, Vec::new()))
    }
}

/// A request below the API's path; `declared` is the body's content type.
pub(crate) fn request(
    verb: &str,
    path_and_query: &str,
    declared: Option<&str>,
    body: impl Into<Body>,
) -> Request<Body> {
    let uri = format!("{}/{path_and_query}", neon::BASE_PATH);
    let mut request = Request::builder().method(verb).uri(uri);
    if let Some(declared) = declared {
        request = request.header(header::CONTENT_TYPE, declared);
    }
    request.body(body.into()).unwrap()
}

impl Host {
    pub(crate) fn service(&self) -> Service {
        self.running.read().unwrap().service.clone()
    }

    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(self.send_async(request))
    }

    pub(crate) async fn send_async(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.send_unread(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer::read(head.status, &head.headers, &body)
    }

    /// Sends a request and leaves the answer unread.
    pub(crate) async fn send_unread(&self, request: Request<Body>) -> Response<Body> {
        let api = self.running.read().unwrap().api.clone();
        let request = neon::tidy(request);
        assert!(Api::serves(request.uri().path()), "{} is not the API's", request.uri());
        api.answer(request, None, &Outbox::default()).await.0
    }

    /// Sends both at the same time.
    pub(crate) fn send_both(&self, one: Request<Body>, other: Request<Body>) -> (Answer, Answer) {
        self.runtime.block_on(async { tokio::join!(self.send_async(one), self.send_async(other)) })
    }
}

/// An organization, from the admin's side.
#[derive(Clone)]
pub(crate) struct Org {
    pub(crate) host: Arc<Host>,
    pub(crate) id: OrgId,
}

impl Org {
    pub(crate) fn service(&self) -> Service {
        self.host.service()
    }

    pub(crate) fn tenant(&self) -> Arc<Tenant> {
        self.service().org(&self.id).unwrap()
    }

    pub(crate) fn add_user(&self, id: i64, name: &str, role: Role) -> UserId {
        let user = NewUser { id: Some(UserId(id)), name: Name::parse(name).unwrap(), role };
        wait(self.service().add_user(Authority::command_line(&self.tenant()), user, None)).unwrap()
    }

    pub(crate) fn add_key(&self, user: UserId) -> NewKey {
        wait(self.service().add_key(Authority::command_line(&self.tenant()), user, None)).unwrap()
    }

    /// A new user, logged in.
    pub(crate) fn client(&self, id: i64, name: &str, role: Role) -> Client {
        let user = self.add_user(id, name, role);
        Client::log_in(self.clone(), user, self.add_key(user))
    }

    /// The person of the manual's sample, logged in.
    pub(crate) fn editor(&self) -> Client {
        self.client(101_132, "Colin Pizarek", Role::Editor)
    }

    /// Imports a file, whatever its form.
    pub(crate) fn import(
        &self,
        file: &str,
        options: ImportOptions,
    ) -> Result<ImportReport, ImportError> {
        self.carry_out(self.plan(file), options)
    }

    /// Reads a file to import it.
    pub(crate) fn plan(&self, file: &str) -> ImportPlan {
        self.try_plan(file).unwrap()
    }

    /// The same for a file that may be refused.
    pub(crate) fn try_plan(&self, file: &str) -> Result<ImportPlan, ReadError> {
        let service = self.service();
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path()).unwrap();
        let mut names = service.import_names(&self.tenant(), false).unwrap();
        let reading = Reading {
            now: service.now(),
            zone: &self.tenant().directory().organization.zone,
            zone_is_said: false,
            dates: None,
            columns: &ColumnNames::default(),
            folder: Some(folder.path()),
            names: &mut names,
            unpacked_max: files::WORKBOOK_UNPACKED_BYTES_MAX,
        };
        files::read("file", Cursor::new(file), reading, &mut |item| {
            spool.push(&item).unwrap();
            ControlFlow::Continue(())
        })?;
        Ok(spool.finish().unwrap())
    }

    /// Imports what has been read.
    pub(crate) fn carry_out(
        &self,
        plan: ImportPlan,
        options: ImportOptions,
    ) -> Result<ImportReport, ImportError> {
        wait(self.service().import(&self.tenant(), plan, options, &|_| {}))
    }

    /// All that there is, as a file.
    pub(crate) fn export(&self, format: Format) -> String {
        let zone = self.tenant().directory().organization.zone.clone();
        let mut writer = Writer::new(format, zone, Vec::new()).unwrap();
        let write = &mut |version: &Version| Ok(writer.write(version)?);
        self.service().export::<Box<dyn Error>>(&self.tenant(), write).unwrap();
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }
}
