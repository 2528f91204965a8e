//! Paths as old scripts write them.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::{Router, middleware};

/// Puts up with doubled slashes: scripts join a host that ends in one and a path that begins with
/// one. It goes around a whole router, since it has to come before a route is chosen.
pub fn tidied(router: Router) -> Router {
    Router::new()
        .fallback_service(router)
        .layer(middleware::map_request(async |request| tidy(request)))
}

/// One request as [`tidied`] has it.
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
