//! Paths as old scripts write them.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Puts up with doubled slashes: scripts join a host that ends in one and a path that begins with
/// one. To be done before a path is told apart.
#[must_use]
pub fn tidy(mut request: Request) -> Request {
    if let Some(uri) = with_single_slashes(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// None where there is nothing to do.
fn with_single_slashes(uri: &Uri) -> Option<Uri> {
    if !uri.path().contains("//") {
        return None;
    }
    let mut tidy = String::with_capacity(uri.path().len());
    for c in uri.path().chars() {
        if c != '/' || !tidy.ends_with('/') {
            tidy.push(c);
        }
    }
    if let Some(query) = uri.query() {
        tidy.push('?');
        tidy.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(tidy).ok()?);
    Uri::from_parts(parts).ok()
}
