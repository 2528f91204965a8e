//! How a browser reaches the pages: under which host name, and whether over TLS. Proxies report it; the binary
//! decides which proxies to trust.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::Web;

/// The scheme that the browser uses. Inside this crate the header is ours: its original value is replaced.
const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What a trusted proxy says about a request; it is in the request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Whether the browser uses TLS; none if no proxy says so, then it does if we do.
    pub secure: Option<bool>,
    /// Host and port that it asked for; none if no proxy says so, then `Host` counts.
    pub host: Option<String>,
}

/// Puts the trusted values where all that follows looks for them.
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

/// The address that a request comes from: the client's, as far as trusted proxies tell. None if it came through no
/// socket.
pub(crate) fn client(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip().to_canonical())
}

/// Whether the browser uses TLS, to us or to a proxy.
pub(crate) fn is_secure(headers: &HeaderMap) -> bool {
    headers.get(SCHEME).is_some_and(|scheme| scheme == "https")
}

/// Which site a form came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stood {
    /// A page of this host.
    Here,
    /// Another site, or one that the browser does not name.
    Elsewhere,
    /// Unknown: only old browsers do not say.
    Unsaid,
}

/// Which site the browser says the form came from. Scripts cannot set these headers.
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
