//! A path below which everything lies, as browsers see it: that of a proxy which serves other things beside it.
//!
//! Pages, forms and redirects name addresses as if there were none. A request loses the path on its way in;
//! on its way out an answer's addresses get it, in one place. A proxy that takes the path away itself is no
//! problem: what comes without it is served just the same.

use std::fmt;
use std::str::FromStr;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use thiserror::Error;

/// The longest that is taken, in bytes: it stands before every address of a page.
const BYTES_MAX: usize = 200;

/// The attributes of our pages that hold addresses. Every other one that begins with a slash is a value.
const ADDRESSES: [&str; 7] =
    ["href", "action", "formaction", "src", "data-live", "data-find", "data-progress"];

/// First parts that are taken, beside the pages' own.
const TAKEN: [&str; 4] = ["neonws", "healthz", "readyz", "metrics"];

/// Nothing, or a path like `/crm`: a slash before each part and none at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasePath(String);

/// Why a text is no base path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BasePathError {
    /// It is written in another way.
    #[error(
        "expected a path like /crm or /tools/crm: a slash before each part, and in the parts letters, digits, -, _, . and ~"
    )]
    Malformed,
    /// It is longer than is taken.
    #[error("expected at most {BYTES_MAX} letters")]
    TooLong,
    /// Requests for it could not be told from those for our own addresses.
    #[error("/{0} is an address of Driftless's own: choose another first part")]
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
    /// Takes the path away from a request. One for the path itself is answered: it lacks the slash that cookies
    /// of what lies below it need.
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

    /// The path for cookies that are meant for everything below it.
    pub(crate) fn of_cookies(&self) -> String {
        format!("{}/", self.0)
    }

    /// Puts the path before the addresses that an answer names.
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
        // A page is made as a whole, and lies in memory already.
        let page = to_bytes(body, usize::MAX).await.unwrap_or_default();
        head.headers.remove(header::CONTENT_LENGTH);
        let page = match str::from_utf8(&page) {
            Ok(html) => Body::from(self.put_into(html)),
            Err(_) => Body::from(page),
        };
        Response::from_parts(head, page)
    }

    /// In texts and in values, pages have `&quot;` in the place of every quotation mark (maud sees to that). So
    /// these letters in a row are the beginning of an attribute, whatever somebody has typed.
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

/// Two slashes would begin the name of another host.
fn is_own(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//")
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}
