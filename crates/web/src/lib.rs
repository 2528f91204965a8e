//! The web pages: HTML rendered on the server, one small style sheet and a little JavaScript, all of it in the
//! binary. Pages never load anything from another host.
//!
//! A request enters at [`router`]; `session` finds out who sends it and checks every form; the page's own file in
//! `pages/` calls `service` and renders with the helpers of `layout`, `form` and `times`. Everything works without
//! JavaScript, except live updates.
//!
//! To add a page, write a file in `pages/` with its own `routes()`, merge them in [`router`], and add a link in
//! `layout`. The handler's extractor decides who may see the page: `SignedIn` admits everyone in the organization,
//! `SignedIn::needs` asks for a role.

mod api;
mod assets;
mod base_path;
mod body;
mod cookies;
mod created;
mod fields;
mod form;
mod interrupted_form;
mod layout;
mod pages;
mod problem;
mod reached;
mod room;
mod session;
mod text;
mod times;
mod tokens;
mod way_back;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use futures_util::StreamExt;
use service::Service;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::cookies::Cookies;
use crate::reached::is_secure;

pub use base_path::{BasePath, BasePathError};
pub use reached::Reached;

pub(crate) use problem::Problem;
pub(crate) use session::SignedIn;

/// Allows nothing from other hosts and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// For a year, browsers come over TLS alone. Other hosts of the domain are not concerned.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000";

/// The largest form that is read, in bytes: enough for the longest note with every character escaped, or for a
/// selection of many activities.
const FORM_BYTES_MAX: usize = 2 << 20;

/// The first parts of all page addresses; logs name only these.
pub const PAGES: [&str; 19] = [
    "assets",
    "setup",
    "sign-in",
    "sign-out",
    "getting-started",
    "password",
    "preferences",
    "calendar",
    "activities",
    "activities.csv",
    "activities.xlsx",
    "bin",
    "import",
    "work",
    "accounts",
    "changes",
    "integrations",
    "settings",
    "favicon.ico",
];

/// Settings of the pages.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether they are served over TLS; then cookies are never sent without it.
    pub secure: bool,
    /// The path that all addresses start with.
    pub base_path: BasePath,
    /// The folder for uploaded files, which have no name there; the system's folder for temporary files if none.
    pub folder: Option<PathBuf>,
    /// Distinguishes the cookies of this data folder from those of others on the same host; letters and digits.
    pub cookies_of: String,
}

/// What all pages share.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) service: Service,
    pub(crate) settings: Arc<Settings>,
    pub(crate) cookies: Arc<Cookies>,
    /// The memory for forms of people who are not signed in.
    pub(crate) budget: body::Budget,
    /// What each form has created, so that a form sent twice creates one thing.
    pub(crate) created: Arc<created::Created>,
    /// Files that are to be imported.
    pub(crate) uploads: Arc<pages::Uploads>,
}

/// The routes of the pages, and “Page not found” for every other address. A request may have [`Reached`] in its
/// extensions; its base path has been removed ([`BasePath::strip`]).
pub fn router(service: Service, settings: Settings) -> Router {
    let web = Web {
        service,
        cookies: Arc::new(Cookies::of(&settings)),
        settings: Arc::new(settings),
        budget: body::Budget::default(),
        created: Arc::default(),
        uploads: Arc::default(),
    };
    let pages = Router::new()
        .merge(assets::routes())
        .merge(pages::routes())
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::NotFound })
        .layer(middleware::from_fn_with_state(web.clone(), problem::framed))
        .layer(middleware::from_fn(room::counted))
        .layer(axum::extract::DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(web.clone(), guarded))
        .with_state(web.clone());
    // A form that continues after a sign-in goes to another route, so this wraps all routes.
    Router::new()
        .fallback_service(pages)
        .layer(middleware::from_fn_with_state(web.clone(), interrupted_form::go_on))
        .layer(middleware::from_fn_with_state(web.clone(), reached::settled))
        .layer(middleware::from_fn_with_state(web, sent))
        .layer(CompressionLayer::new().compress_when(compressed()))
        .layer(middleware::from_fn(room::held))
}

/// What is worth compressing: complete texts. Live events are sent line by line, and workbooks are compressed
/// already.
fn compressed() -> impl Predicate {
    let live = NotForContentType::const_new("text/event-stream");
    let workbook = NotForContentType::const_new("application/vnd.openxmlformats-officedocument");
    SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::IMAGES).and(live).and(workbook)
}

/// Less than this fits into a packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 1_024;

/// Finishes an answer: adds the base path to its addresses.
async fn sent(State(web): State<Web>, request: axum::extract::Request, next: Next) -> Response {
    fused(web.settings.base_path.put(next.run(request).await).await)
}

/// Compression may poll a body again after its end, which not every stream allows.
fn fused(response: Response) -> Response {
    response.map(|body| match body.size_hint().exact() {
        Some(_) => body,
        None => Body::from_stream(body.into_data_stream().fuse()),
    })
}

/// Adds the headers that every answer has. Answers with data must not be cached.
async fn guarded(State(web): State<Web>, request: axum::extract::Request, next: Next) -> Response {
    // It concerns the whole host, so that below a base path it is not ours to say.
    let insists_on_tls = is_secure(request.headers()) && web.settings.base_path.is_empty();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::CACHE_CONTROL, "no-store");
    if insists_on_tls {
        set(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
    response
}
