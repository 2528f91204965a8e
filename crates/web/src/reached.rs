//! How a browser reaches the pages: by which name, and whether over TLS. A proxy in front knows it, and whoever
//! serves the pages decides which proxies to believe.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::Web;

/// The scheme that the browser speaks. Within the pages this header is ours: what came in it is taken away.
const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What a proxy that is believed says of a request: goes into its extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Whether the browser speaks TLS; none where nobody said so: then it does if we do.
    pub secure: Option<bool>,
    /// Host and port that it asked for; none where nobody said so: then it is what came as `Host`.
    pub host: Option<String>,
}

/// Puts what is believed where everything that follows looks for it.
pub(crate) async fn settled(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let Reached { secure, host } = request.extensions_mut().remove().unwrap_or_default();
    let secure = secure.unwrap_or(web.settings.secure);
    let scheme = HeaderValue::from_static(if secure { "https" } else { "http" });
    request.headers_mut().insert(SCHEME, scheme);
    if let Some(host) = host.and_then(|host| HeaderValue::from_str(&host).ok()) {
        request.headers_mut().insert(header::HOST, host);
    }
    next.run(request).await
}

/// Whether the browser speaks TLS, to us or to a proxy in front.
pub(crate) fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(SCHEME).is_some_and(|scheme| scheme == "https")
}

/// Where a form stood that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stood {
    /// On a page of this very host.
    Here,
    /// On a page of another site, or on one of which the browser does not say so.
    Elsewhere,
    /// Nobody says: the browser is none of today's.
    Unsaid,
}

/// Where the browser says that the form stood. A script cannot set these headers.
pub(crate) fn stood(headers: &HeaderMap) -> Stood {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin") => return Stood::Here,
        Some("cross-site" | "same-site") => return Stood::Elsewhere,
        _ => {}
    }
    match headers.get(header::ORIGIN) {
        None => Stood::Unsaid,
        Some(origin) => {
            let is_here = origin.to_str().ok().zip(text(header::HOST));
            let is_here = is_here.is_some_and(|(origin, host)| is_of(origin, host));
            if is_here { Stood::Here } else { Stood::Elsewhere }
        }
    }
}

/// Whether an origin is of that host. Some proxies name the scheme's own port, which browsers leave out.
fn is_of(origin: &str, host: &str) -> bool {
    let Some((scheme, named)) = origin.split_once("://") else { return false };
    let port = if scheme == "https" { ":443" } else { ":80" };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    bare(named) == bare(host)
}
