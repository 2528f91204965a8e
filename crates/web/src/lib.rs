//! The pages for people: HTML rendered here, one small style sheet, a little JavaScript, all of it in
//! the binary, and no request to any other host.
//!
//! A request comes in at [`router`]; `session` says who asks and guards every form; the page's own
//! file in `pages/` asks `service` and renders with the helpers of `layout`, `form` and `times`.
//! Everything works without JavaScript, except what is live.
//!
//! To add a page: a file in `pages/` with a `routes()` of its own, merged in [`router`], and a link in
//! `layout`. Whoever may see it is decided by the extractor that its handler takes: `SignedIn`
//! for everybody of the organization, `SignedIn::needs` for a role.

mod api;
mod assets;
mod base_path;
mod body;
mod cookies;
mod created;
mod fields;
mod form;
mod kept;
mod layout;
mod pages;
mod problem;
mod reached;
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

pub use base_path::{BasePath, BasePathError};
pub use reached::Reached;

pub(crate) use problem::Problem;
pub(crate) use session::SignedIn;

/// Nothing from another host, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The largest form that is read, in bytes: a note of the greatest length, every letter of it escaped,
/// or a selection of many activities.
const FORM_BYTES_MAX: usize = 2 << 20;

/// The first parts of all pages' addresses: what a log may name of one.
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

/// What can be set about the pages.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether they are served over TLS: then cookies are sent over nothing else.
    pub secure: bool,
    /// The path below which browsers find them.
    pub base_path: BasePath,
    /// Where files that are to be imported are set aside, without a name; the system's folder for such files where
    /// there is none.
    pub folder: Option<PathBuf>,
    /// What tells the cookies of this data folder from those of others on the same host; letters and digits.
    pub cookies_of: String,
}

/// What every page is made from.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) service: Service,
    pub(crate) settings: Arc<Settings>,
    pub(crate) cookies: Arc<Cookies>,
    /// What forms of those who are not signed in may take together.
    pub(crate) budget: body::Budget,
    /// What was created by which form: a form that is sent twice creates once.
    pub(crate) created: Arc<created::Created>,
    /// Files that are to be imported.
    pub(crate) uploads: Arc<pages::Uploads>,
}

/// The routes of the pages, and the answer to every address that is none of ours. A request may have [`Reached`]
/// among its extensions, and has lost the base path ([`BasePath::strip`]).
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
        .layer(axum::extract::DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(guarded))
        .with_state(web.clone());
    // A form that goes on after a sign-in goes to another route: this stands around all of them.
    Router::new()
        .fallback_service(pages)
        .layer(middleware::from_fn_with_state(web.clone(), kept::go_on))
        .layer(middleware::from_fn_with_state(web.clone(), reached::settled))
        .layer(middleware::from_fn_with_state(web, sent))
        .layer(CompressionLayer::new().compress_when(compressed()))
}

/// What is worth compressing: texts as a whole. What follows live goes out line by line, and a workbook is
/// compressed already.
fn compressed() -> impl Predicate {
    let live = NotForContentType::const_new("text/event-stream");
    let workbook = NotForContentType::const_new("application/vnd.openxmlformats-officedocument");
    SizeAbove::new(COMPRESSED_BYTES_MIN).and(NotForContentType::IMAGES).and(live).and(workbook)
}

/// Less than this fits into a packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 1_024;

/// An answer on its way out: its addresses get the base path, and what it holds is held until it has left.
async fn sent(State(web): State<Web>, request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let held = response.extensions_mut().remove::<body::Held>().unwrap_or_default();
    fused(body::hold(web.settings.base_path.put(response).await, held).await)
}

/// What compresses an answer may ask once more after its end, which not every stream takes.
fn fused(response: Response) -> Response {
    response.map(|body| match body.size_hint().exact() {
        Some(_) => body,
        None => Body::from_stream(body.into_data_stream().fuse()),
    })
}

/// The headers that every answer has. Nothing that shows data is kept by anybody.
async fn guarded(request: axum::extract::Request, next: Next) -> Response {
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
    response
}
