//! The path that all addresses start with when a proxy serves other applications on the same host.
//!
//! Pages, forms and redirects are written as if there were no such path. It is removed from each request and added
//! to the addresses in each answer, in one place. A proxy may also remove the path itself: requests without it are
//! served just the same.

use std::fmt;
use std::str::FromStr;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use thiserror::Error;

/// The greatest length, in bytes: it is added to every address on a page.
const BYTES_MAX: usize = 200;

/// The attributes of our pages that hold addresses. Other attributes that start with a slash are plain values.
const ADDRESSES: [&str; 7] =
    ["href", "action", "formaction", "src", "data-live", "data-find", "data-progress"];

/// First parts that are already used, in addition to those of the pages.
const TAKEN: [&str; 4] = ["neonws", "healthz", "readyz", "metrics"];

/// Nothing, or a path like `/crm`: a slash before each part and none at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(String);

/// Why a text is not a base path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BasePathError {
    /// It does not have the form of a path.
    #[error(
        "expected a path like /crm or /tools/crm: a slash before each part, and in the parts letters, digits, -, _, . and ~"
    )]
    Malformed,
    /// It is too long.
    #[error("expected at most {BYTES_MAX} characters")]
    TooLong,
    /// Requests for it could not be distinguished from those for our own addresses.
    #[error("/{0} is used by Driftless itself: choose another first part")]
    Taken(String),
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<BasePath, BasePathError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() && text == "/" {
            return Ok(BasePath::default());
        }
        let parts = path.strip_prefix('/').ok_or(BasePathError::Malformed)?;
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let is_part = |part: &str| {
            !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(is_letter)
        };
        if !parts.split('/').all(is_part) {
            return Err(BasePathError::Malformed);
        }
        if path.len() > BYTES_MAX {
            return Err(BasePathError::TooLong);
        }
        let first = parts.split('/').next().unwrap_or_default();
        if TAKEN.contains(&first) || crate::PAGES.contains(&first) {
            return Err(BasePathError::Taken(first.to_owned()));
        }
        Ok(BasePath(path.to_owned()))
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BasePath {
    /// Removes the path from a request. A request for the path itself is redirected, because cookies need the slash
    /// at its end.
    ///
    /// # Errors
    /// The answer, which sends the browser on.
    #[expect(clippy::result_large_err, reason = "an answer is what it is")]
    pub fn strip(&self, mut request: Request) -> Result<Request, Response> {
        let Some(rest) = request.uri().path().strip_prefix(&self.0).filter(|_| !self.0.is_empty())
        else {
            return Ok(request);
        };
        let query = request.uri().query();
        let with_query =
            |path: &str| query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        if rest.is_empty() {
            return Err(Redirect::temporary(&with_query(&format!("{}/", self.0))).into_response());
        }
        if rest.starts_with('/')
            && let Some(uri) = with_path(request.uri(), &with_query(rest))
        {
            *request.uri_mut() = uri;
        }
        Ok(request)
    }

    /// Whether the pages have the whole host.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The path of cookies.
    pub(crate) fn of_cookies(&self) -> String {
        format!("{}/", self.0)
    }

    /// Adds the path to the addresses in an answer.
    pub(crate) async fn put(&self, response: Response) -> Response {
        if self.0.is_empty() {
            return response;
        }
        let (mut head, body) = response.into_parts();
        let location = head.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
        if let Some(to) = location.filter(|to| is_own(to))
            && let Ok(to) = HeaderValue::from_str(&format!("{}{to}", self.0))
        {
            head.headers.insert(header::LOCATION, to);
        }
        let kind = head.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if !kind.starts_with(b"text/html") {
            return Response::from_parts(head, body);
        }
        // Pages are made as a whole, so this one is in memory already.
        let page = to_bytes(body, usize::MAX).await.unwrap_or_default();
        head.headers.remove(header::CONTENT_LENGTH);
        let page = match str::from_utf8(&page) {
            Ok(html) => Body::from(self.put_into(html)),
            Err(_) => Body::from(page),
        };
        Response::from_parts(head, page)
    }

    /// maud writes every quotation mark in texts and values as `&quot;`. So these characters in a row always start an
    /// attribute, whatever people have typed.
    fn put_into(&self, html: &str) -> String {
        let mut out = String::with_capacity(html.len() + html.len() / 8);
        let mut done = 0;
        for (at, _) in html.match_indices("=\"/") {
            let name = html[..at].rsplit(' ').next().unwrap_or_default();
            let value = at + 2;
            if ADDRESSES.contains(&name) && is_own(&html[value..]) {
                out.push_str(&html[done..value]);
                out.push_str(&self.0);
                done = value;
            }
        }
        out.push_str(&html[done..]);
        out
    }
}

/// Two slashes would be followed by the name of another host.
fn is_own(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//")
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}
