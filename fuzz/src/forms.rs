//! Forms that people send from the pages, and the addresses of pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use service::{Service, Surroundings};
use store_sqlite::{SqliteSearch, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::request::{Current, Tried};
use crate::setup::{self, PASSWORD};

/// What an organization has been through before the next begins: inputs find a small one, whichever they are.
const REQUESTS_PER_SERVER: u32 = 5_000;

/// Markup that no page has: where it comes out, text has become markup.
const MARK: &str = "<x-mark";

const FORM: &str = "application/x-www-form-urlencoded";
const FILE: &str = "multipart/form-data; boundary=parts";

pub(crate) static SERVER: Current<Server> = Current::new();

/// Whatever an admin sends, a page comes back that says what has become of it, and shows text as text.
///
/// The first line of an input is the path and the query, the rest is the form. For `/import`, the rest is the file, and
/// the query is the form that follows.
pub fn forms(input: &[u8]) {
    SERVER.try_with(input);
}

/// A server with an organization, and the browser of its admin.
pub(crate) struct Server {
    runtime: Runtime,
    service: Service,
    router: Router,
    cookies: BTreeMap<String, String>,
    csrf: String,
    requests: u32,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.service.close();
    }
}

/// What comes back.
struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Tried for Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = SqliteStore::open(folder.path()).expect("a new store");
        let search = SqliteSearch::open(folder.path()).expect("a new index");
        let surroundings = Surroundings {
            search: Some(Arc::new(search)),
            ..Surroundings::system(Arc::new(store))
        };
        let settings = service::Settings { requests_per_org_max: 64, cache_bytes_max: 1 << 20 };
        let service = Service::open(surroundings, settings).expect("a new service");
        let (org, user) = setup::organization(&service);
        setup::sign_in(&service, &org, user);
        let router = web::router(service.clone(), web::Settings::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut server = Server {
            runtime: runtime.expect("a runtime"),
            service,
            router,
            cookies: BTreeMap::new(),
            csrf: String::new(),
            requests: 0,
            _folder: folder,
        };
        server.get("/sign-in");
        let form = format!("org=demo&login=ada&password={PASSWORD}&csrf={}", server.csrf);
        let signed_in = server.post("/sign-in", FORM, form.into());
        assert_eq!(signed_in.status, StatusCode::SEE_OTHER, "{}", signed_in.text());
        assert!(server.is_signed_in());
        server
    }

    /// Sending the form may have ended the session, too.
    fn is_used_up(&self) -> bool {
        self.requests > REQUESTS_PER_SERVER || self.csrf.is_empty()
    }

    fn try_with(&mut self, path: &str, query: &str, form: &[u8]) {
        let address = format!("/{path}?{query}");
        if path == "import" && !form.is_empty() {
            self.import(form, query.as_bytes());
        } else {
            let page = match form {
                [] => self.get(&address),
                form => self.post(&address, FORM, self.with_token(form)),
            };
            self.go_on(&page);
        }
        if !self.is_signed_in() {
            self.csrf.clear();
        }
    }
}

impl Server {
    fn is_signed_in(&mut self) -> bool {
        self.get("/preferences").status == StatusCode::OK
    }

    /// Uploads a file, and sends the form of the page that shows what would change.
    fn import(&mut self, content: &[u8], form: &[u8]) {
        let uploaded = self.post("/import", FILE, file(content, &self.csrf));
        let Some(preview) = self.go_on(&uploaded) else { return };
        // The first time, it shows what other choices would change.
        for _ in 0..2 {
            let page = self.post(&preview, FORM, self.with_token(form));
            self.go_on(&page);
        }
    }

    /// Opens the page that a browser is sent to.
    fn go_on(&mut self, page: &Page) -> Option<String> {
        let next = page.redirected()?;
        self.get(&next);
        Some(next)
    }

    fn with_token(&self, form: &[u8]) -> Vec<u8> {
        [form, b"&csrf=", self.csrf.as_bytes()].concat()
    }

    fn get(&mut self, address: &str) -> Page {
        self.send(Request::get(address), Vec::new())
    }

    fn post(&mut self, address: &str, kind: &str, form: Vec<u8>) -> Page {
        let request = Request::post(address).header(header::CONTENT_TYPE, kind);
        self.send(request.header(header::CONTENT_LENGTH, form.len()), form)
    }

    fn send(&mut self, request: axum::http::request::Builder, form: Vec<u8>) -> Page {
        self.requests += 1;
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request
            .header(header::ACCEPT, "text/html")
            .header(header::COOKIE, cookies.join("; "))
            .body(Body::from(Bytes::from(form)))
            .expect("a request");
        let router = self.router.clone();
        let page = self.runtime.block_on(async {
            let Ok(response) = router.oneshot(request).await;
            let (head, body) = response.into_parts();
            let is_endless = head.headers.get(header::CONTENT_TYPE).is_some_and(is_of_events);
            let body = if is_endless {
                Bytes::new()
            } else {
                body.collect().await.expect("all of a page comes").to_bytes()
            };
            Page { status: head.status, headers: head.headers, body: body.into() }
        });
        page.is_sound();
        self.keep(&page);
        page
    }

    /// Keeps what a browser keeps.
    fn keep(&mut self, page: &Page) {
        for line in page.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("cookies are text");
            let (cookie, attributes) = line.split_once(';').expect("they have attributes");
            let (name, value) = cookie.split_once('=').expect("they have a value");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        if let Some(token) = page.token() {
            self.csrf = token;
        }
    }
}

fn is_of_events(kind: &axum::http::HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"text/event-stream")
}

/// A form with a file.
fn file(content: &[u8], csrf: &str) -> Vec<u8> {
    let head = "--parts\r\nContent-Disposition: form-data; name=";
    let token = format!("{head}\"csrf\"\r\n\r\n{csrf}\r\n");
    let file = format!("{head}\"file\"; filename=\"f\"\r\n\r\n");
    [token.as_bytes(), file.as_bytes(), content, b"\r\n--parts--\r\n"].concat()
}

impl Page {
    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// What holds for every page.
    fn is_sound(&self) {
        assert!(!self.status.is_server_error(), "{}: {}", self.status, self.text());
        let kind = self.headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
        if kind.starts_with(b"text/html") {
            let text = std::str::from_utf8(&self.body).expect("a page is UTF-8");
            assert!(!text.contains(MARK), "text has become markup: {text}");
        }
    }

    /// Where the browser goes on: to another page of ours.
    fn redirected(&self) -> Option<String> {
        let next = self.headers.get(header::LOCATION)?.to_str().expect("an address is text");
        let next = next.split('#').next().unwrap_or_default();
        assert!(next.starts_with('/') && !next.starts_with("//"), "redirects to {next}");
        next.parse::<Uri>().expect("an address");
        Some(next.to_owned())
    }

    /// The token of its forms.
    fn token(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.body).ok()?;
        let (_, control) = text.split_once("name=\"csrf\" value=\"")?;
        Some(control.split_once('"')?.0.to_owned())
    }
}
