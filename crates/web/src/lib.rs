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
mod created;
mod fields;
mod form;
mod layout;
mod pages;
mod problem;
mod session;
mod text;
mod times;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use service::Service;

pub(crate) use problem::Problem;
pub(crate) use session::SignedIn;

/// Nothing from another host, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The largest form that is read, in bytes: a note of the greatest length, every letter of it escaped,
/// or a selection of many activities.
const FORM_BYTES_MAX: usize = 2 << 20;

/// The first parts of all pages' addresses: what a log may name of one.
pub const PAGES: [&str; 14] = [
    "assets",
    "sign-in",
    "sign-out",
    "password",
    "preferences",
    "activities",
    "activities.csv",
    "bin",
    "work",
    "accounts",
    "changes",
    "integrations",
    "settings",
    "favicon.ico",
];

/// What can be set about the pages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Whether they are served over TLS: then cookies are sent over nothing else.
    pub secure: bool,
}

/// What every page is made from.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) service: Service,
    pub(crate) settings: Settings,
    /// What was created by which form: a form that is sent twice creates once.
    pub(crate) created: Arc<created::Created>,
}

/// The routes of the pages, and the answer to every address that is none of ours.
pub fn router(service: Service, settings: Settings) -> Router {
    let web = Web { service, settings, created: Arc::default() };
    Router::new()
        .merge(assets::routes())
        .merge(pages::routes())
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::NotFound })
        .layer(middleware::from_fn_with_state(web.clone(), problem::framed))
        .layer(axum::extract::DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn(guarded))
        .with_state(web)
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
