//! Two organizations, their people, and browsers to look at the pages with.
//!
//! ```text
//! let world = World::new();
//! let id = world.activity("Call Ada");
//! let mut browser = world.editor();            // signed in to acme
//! let page = browser.get("/activities").ok();  // 200, or the test fails
//! page.shows("Call Ada");
//! let page = browser.post("/activities/1/restore", &[("back", "/bin")]);
//! assert_eq!(page.redirected(), "/bin");
//! world.viewer().post("/activities/1/remove", &[]).refused(403);
//! world.stranger().get("/activities/1").refused(404);
//! ```

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::response::Parts;
use axum::http::{HeaderMap, Method, Request, header};
use axum::response::Response;
use domain::{
    ActivityId, Author, ClientId, Draft, LoginName, ManualClock, Moment, Name, Note, OrgId, Origin,
    Presence, Priority, Role, StatusId, StatusRef, Subject, UserId, Zone,
};
use http_body_util::BodyExt;
use service::{
    Authority, NewUser, Password, Service, Surroundings, Tenant, UserChange, Write, Written, wait,
};
use store_sqlite::{SqliteSearch, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// The password of all users.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The time at the start: a Wednesday, 10:00 in the organizations' zone.
pub(crate) const NOW: &str = "2026-03-04T10:00:00-06:00";

/// The people of acme: login name and name of each.
pub(crate) const ADMIN: (UserId, &str, &str) = (UserId(1), "ada", "Ada Byron");
pub(crate) const EDITOR: (UserId, &str, &str) = (UserId(2), "ed", "Ed Cohen");
pub(crate) const VIEWER: (UserId, &str, &str) = (UserId(3), "vi", "Vi Dahl");

/// The admin of beta.
pub(crate) const STRANGER: (UserId, &str, &str) = (UserId(1), "sam", "Sam Eriksen");

/// The statuses of a new organization.
pub(crate) const NOT_STARTED: StatusId = StatusId(2);
pub(crate) const COMPLETED: StatusId = StatusId(4);

/// A value as an address has it.
pub(crate) fn query(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

pub(crate) fn moment(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

/// The organizations `acme` (Acme Relief: an admin, an editor, a viewer) and `beta` (an admin), both
/// in the zone America/Chicago, with a clock that stays at [`NOW`] until it is moved.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) acme: Arc<Tenant>,
    pub(crate) beta: Arc<Tenant>,
    router: Router,
    runtime: Runtime,
    settings: web::Settings,
    folder: TempDir,
}

/// One process at work on a data folder.
fn open(folder: &Path, clock: &Arc<ManualClock>, settings: web::Settings) -> (Service, Router) {
    let store = Arc::new(SqliteStore::open(folder).unwrap());
    let search = Arc::new(SqliteSearch::open(folder).unwrap());
    let surroundings =
        Surroundings { clock: clock.clone(), search: Some(search), ..Surroundings::system(store) };
    let limits = service::Settings { requests_per_org_max: 64, cache_bytes_max: 1 << 20 };
    let service = Service::open(surroundings, limits).unwrap();
    (service.clone(), web::router(service, settings))
}

impl World {
    pub(crate) fn new() -> World {
        World::with(web::Settings::default())
    }

    pub(crate) fn with(settings: web::Settings) -> World {
        let world = World::without_people(settings);
        world.add_user(&world.acme, ADMIN, Role::Admin);
        world.add_user(&world.acme, EDITOR, Role::Editor);
        world.add_user(&world.acme, VIEWER, Role::Viewer);
        world.add_user(&world.beta, STRANGER, Role::Admin);
        world
    }

    /// Only the organizations, without users.
    pub(crate) fn without_people(settings: web::Settings) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(moment(NOW).stamp));
        let (service, router) = open(folder.path(), &clock, settings.clone());
        let org = |id, name| {
            let zone = Zone::parse("America/Chicago").unwrap();
            wait(service.add_org(OrgId::parse(id).unwrap(), Name::parse(name).unwrap(), zone))
                .unwrap()
        };
        let (acme, beta) = (org("acme", "Acme Relief"), org("beta", "Beta House"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        World { service, clock, acme, beta, router, runtime, settings, folder }
    }

    /// Stops properly, and continues from disk like a new process.
    pub(crate) fn restart(&mut self) {
        self.service.close();
        (self.service, self.router) = open(self.folder.path(), &self.clock, self.settings.clone());
        self.acme = self.service.org(&self.acme.id).unwrap();
        self.beta = self.service.org(&self.beta.id).unwrap();
    }

    /// Adds a user who can sign in.
    pub(crate) fn add_user(
        &self,
        org: &Arc<Tenant>,
        (id, login, name): (UserId, &str, &str),
        role: Role,
    ) {
        let user = NewUser { id: Some(id), name: Name::parse(name).unwrap(), role };
        wait(self.service.add_user(Authority::command_line(org), user, None)).unwrap();
        let (login, password) = (LoginName::parse(login), Password::parse(PASSWORD));
        wait(self.service.set_login(
            Authority::command_line(org),
            id,
            login.unwrap(),
            password.unwrap(),
        ))
        .unwrap();
    }

    /// A browser without a session.
    pub(crate) fn browser(&self) -> Browser<'_> {
        Browser { world: self, cookies: BTreeMap::new(), csrf: None, origin: None, address: None }
    }

    /// One whose requests come from this address.
    pub(crate) fn browser_at(&self, address: &str) -> Browser<'_> {
        Browser { address: Some(address.parse().unwrap()), ..self.browser() }
    }

    /// A browser in which a user is signed in.
    pub(crate) fn signed_in(&self, org: &str, login: &str) -> Browser<'_> {
        let mut browser = self.browser();
        assert_eq!(browser.sign_in(org, login, PASSWORD).redirected(), "/");
        browser
    }

    pub(crate) fn admin(&self) -> Browser<'_> {
        self.signed_in("acme", ADMIN.1)
    }

    pub(crate) fn editor(&self) -> Browser<'_> {
        self.signed_in("acme", EDITOR.1)
    }

    pub(crate) fn viewer(&self) -> Browser<'_> {
        self.signed_in("acme", VIEWER.1)
    }

    /// The admin of another organization.
    pub(crate) fn stranger(&self) -> Browser<'_> {
        self.signed_in("beta", STRANGER.1)
    }

    /// An activity of acme's: the editor's, not started, at [`NOW`], about account 3400.
    pub(crate) fn activity(&self, subject: &str) -> ActivityId {
        self.activity_with(subject, |_| {})
    }

    /// The same with something else about it.
    pub(crate) fn activity_with(
        &self,
        subject: &str,
        change: impl FnOnce(&mut Draft),
    ) -> ActivityId {
        let mut draft = Draft {
            subject: Subject::parse(subject).unwrap(),
            note: Note::empty(),
            start: moment(NOW),
            end: None,
            client: ClientId(3_400),
            system_user: Presence::Set(EDITOR.0),
            status: StatusRef::Id(NOT_STARTED),
            priority: Priority::Normal,
            custom_fields: Vec::new(),
        };
        change(&mut draft);
        self.write(Write::Create(Box::new(draft))).id
    }

    /// Writes to acme as its editor, as API v1 does.
    pub(crate) fn write(&self, write: Write) -> Written {
        let author = Author { user: Some(EDITOR.0), origin: Origin::Api };
        self.block_on(self.service.write(&self.acme, author, write)).unwrap()
    }

    /// The pages themselves, for a request that no [`Browser`] sends.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Waits for a future, in the runtime in which the pages live.
    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Moves the clock, and lets the server notice: its lease is renewed when it is due.
    pub(crate) fn advance(&self, millis: i64) {
        self.clock.advance(millis);
        // Refused, but each passes through the committer, which looks after the lease between.
        let nobody = || {
            wait(self.service.change_user(
                Authority::command_line(&self.acme),
                UserId(-1),
                UserChange::DISABLE,
            ))
            .unwrap_err()
        };
        nobody();
        nobody();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.service.close();
    }
}

/// A browser: it keeps cookies, and the token of the form that it saw last.
pub(crate) struct Browser<'w> {
    world: &'w World,
    cookies: BTreeMap<String, String>,
    csrf: Option<String>,
    /// The origin of the page with the form that is sent, if the browser says so.
    origin: Option<String>,
    /// Where its requests come from, if that is known.
    address: Option<IpAddr>,
}

/// What is sent.
struct Form {
    kind: &'static str,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Browser<'_> {
    /// Opens the sign-in form and sends it.
    pub(crate) fn sign_in(&mut self, org: &str, login: &str, password: &str) -> Page {
        self.get("/sign-in").ok();
        self.post("/sign-in", &[("org", org), ("login", login), ("password", password)])
    }

    /// Opens a page.
    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, None, "text/html")
    }

    /// Requests it like a script that accepts another type.
    pub(crate) fn get_as(&mut self, path: &str, accepted: &str) -> Page {
        self.send(Method::GET, path, None, accepted)
    }

    /// Sends a form with the token of the page seen last; opens the start page first if there is none.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        if self.csrf.is_none() {
            self.get("/").ok();
        }
        let csrf = self.csrf.clone().expect("a page with a form");
        self.post_bare(path, &[fields, &[("csrf", &csrf)]].concat())
    }

    /// Sends a form like another site would: without adding a token.
    pub(crate) fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let form = Form { kind: "application/x-www-form-urlencoded", body: body.finish().into() };
        self.send(Method::POST, path, Some(form), "text/html")
    }

    /// Sends a file with a form of several parts, and the token of the page seen last.
    pub(crate) fn upload(&mut self, name: &str, content: &[u8]) -> Page {
        if self.csrf.is_none() {
            self.get("/").ok();
        }
        let csrf = self.csrf.clone().expect("a page with a form");
        self.upload_bare(&[("csrf", None, csrf.as_bytes()), ("file", Some(name), content)])
    }

    /// Sends these parts: the name of each, that of its file, and what is in it.
    pub(crate) fn upload_bare(&mut self, parts: &[(&str, Option<&str>, &[u8])]) -> Page {
        let mut body = Vec::new();
        for (name, file, content) in parts {
            let file = file.map_or(String::new(), |file| format!("; filename=\"{file}\""));
            let head =
                format!("--parts\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--parts--\r\n");
        self.upload_body(body)
    }

    /// Sends a form of several parts as it is.
    pub(crate) fn upload_body(&mut self, body: Vec<u8>) -> Page {
        let form = Form { kind: "multipart/form-data; boundary=parts", body };
        self.send(Method::POST, "/import", Some(form), "text/html")
    }

    /// Sends a form in pieces; returns the status of the answer, and how many pieces were asked for.
    pub(crate) fn upload_pieces(
        &self,
        pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
    ) -> (u16, usize) {
        let session = self.cookie("driftless_session").unwrap_or_default();
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = asked.clone();
        let pieces = pieces.map(move |piece| {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::io::Error>(piece)
        });
        let request = Request::post("/import")
            .header(header::COOKIE, format!("driftless_session={session}"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=parts")
            .body(Body::from_stream(futures_util::stream::iter(pieces)));
        let Ok(response) = self.world.block_on(self.world.router().oneshot(request.unwrap()));
        (response.status().as_u16(), asked.load(std::sync::atomic::Ordering::Relaxed))
    }

    /// Begins to send a form whose body never comes, and returns the status of the answer.
    pub(crate) fn begin_upload(&self) -> u16 {
        let session = self.cookie("driftless_session").unwrap_or_default();
        let request = Request::post("/import")
            .header(header::COOKIE, format!("driftless_session={session}"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=parts")
            .body(Body::from_stream(futures_util::stream::pending::<
                Result<Vec<u8>, std::io::Error>,
            >()));
        let Ok(response) = self.world.block_on(self.world.router().oneshot(request.unwrap()));
        response.status().as_u16()
    }

    /// Sends a form and reads only the head of the answer.
    pub(crate) fn send_unread(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(fields).finish();
        let request = Request::post(path).body(Body::from(body)).unwrap();
        let Ok(response) = self.world.block_on(self.world.router().oneshot(request));
        response
    }

    /// Sends a form that stood on a page of that origin; our own is `http://localhost`.
    pub(crate) fn post_from(&mut self, path: &str, fields: &[(&str, &str)], origin: &str) -> Page {
        self.origin = Some(origin.to_owned());
        let page = self.post_bare(path, fields);
        self.origin = None;
        page
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Closes and reopens the browser, which keeps only these cookies.
    pub(crate) fn reopen(&mut self, kept: &[&str]) {
        self.cookies.retain(|name, _| kept.contains(&name.as_str()));
    }

    /// Plants a cookie.
    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Downloads a file, which must be there.
    #[track_caller]
    pub(crate) fn download(&self, path: &str) -> (HeaderMap, Vec<u8>) {
        let (head, body) = self.answer(Method::GET, path, None, "text/html");
        assert_eq!(head.status, 200, "{}", String::from_utf8_lossy(&body));
        (head.headers, body)
    }

    fn send(&mut self, method: Method, path: &str, form: Option<Form>, accepted: &str) -> Page {
        let (head, body) = self.answer(method, path, form, accepted);
        let body = String::from_utf8(body).expect("UTF-8");
        let page = Page { status: head.status.as_u16(), headers: head.headers, body };
        self.keep_cookies(&page);
        if let Some(csrf) = page.csrf() {
            self.csrf = Some(csrf);
        }
        page
    }

    fn answer(
        &self,
        method: Method,
        path: &str,
        form: Option<Form>,
        accepted: &str,
    ) -> (Parts, Vec<u8>) {
        let mut request =
            Request::builder().method(method).uri(path).header(header::ACCEPT, accepted);
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header(header::COOKIE, cookies.collect::<Vec<_>>().join("; "));
        }
        if let Some(origin) = &self.origin {
            request = request.header(header::HOST, "localhost").header(header::ORIGIN, origin);
        }
        if let Some(form) = &form {
            request = request
                .header(header::CONTENT_TYPE, form.kind)
                .header(header::CONTENT_LENGTH, form.body.len());
        }
        if let Some(address) = self.address {
            request = request.extension(ConnectInfo(SocketAddr::new(address, 4_711)));
        }
        let request =
            request.body(Body::from(form.map_or_else(Vec::new, |form| form.body))).unwrap();
        let router = self.world.router.clone();
        self.world.block_on(async {
            let Ok(response) = router.oneshot(request).await;
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            // What the request has started goes on only while something waits.
            tokio::task::yield_now().await;
            (head, body)
        })
    }

    fn keep_cookies(&mut self, page: &Page) {
        for line in page.cookies() {
            let (cookie, attributes) = line.split_once(';').unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            self.csrf = None; // It belonged to what the cookie was before.
        }
    }
}

impl Page {
    /// The page, which must be there.
    #[track_caller]
    pub(crate) fn ok(self) -> Page {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// The page, which must have this status.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> Page {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Where it redirects to.
    #[track_caller]
    pub(crate) fn redirected(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.header("location")
    }

    /// Shows this text: HTML, with its letters escaped.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Page {
        assert!(self.body.contains(text), "no {text:?} in {}", self.body);
        self
    }

    /// Does not show this text.
    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Page {
        assert!(!self.body.contains(text), "{text:?} is in {}", self.body);
        self
    }

    /// The texts come one after the other.
    #[track_caller]
    pub(crate) fn shows_in_order(&self, texts: &[&str]) -> &Page {
        let mut rest = self.body.as_str();
        for text in texts {
            let after = rest.split_once(text).map(|(_, after)| after);
            rest = after.unwrap_or_else(|| panic!("no {text:?} in its place in {}", self.body));
        }
        self
    }

    /// The value of a header; empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The lines that set cookies.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }

    /// The value of the first control of that name, as it came over: escaped.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, after) = self.body.split_once(&format!("name=\"{name}\""))?;
        let control = after.split_once('>')?.0;
        Some(control.split_once("value=\"")?.1.split_once('"')?.0)
    }

    fn csrf(&self) -> Option<String> {
        self.value("csrf").map(str::to_owned)
    }
}
