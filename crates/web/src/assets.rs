//! Style sheet, scripts and icon, built into the binary.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Web;

const JS: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($name:literal $kind:expr),* $(,)?) => {
        &[$(($name, $kind, include_str!(concat!("assets/", $name)))),*]
    };
}

/// Name, type, content.
const ASSETS: &[(&str, &str, &str)] = assets![
    "style.css" "text/css; charset=utf-8",
    "favicon.svg" "image/svg+xml",
    "app.js" JS,
    "clocks.js" JS,
    "confirm.js" JS,
    "copying.js" JS,
    "dialogs.js" JS,
    "dom.js" JS,
    "keys.js" JS,
    "leaving.js" JS,
    "live.js" JS,
    "menus.js" JS,
    "moving.js" JS,
    "picking.js" JS,
    "place.js" JS,
    "progress.js" JS,
    "rows.js" JS,
    "send.js" JS,
    "setup.js" JS,
    "sizes.js" JS,
    "submitting.js" JS,
];

/// Tells these files from those of another release. Modules import each other by relative paths, so it is one
/// folder for all of them.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    ASSETS.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
});

/// The address of a file. Each release has its own, so browsers may cache it forever.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *EDITION)
}

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/assets/{edition}/{name}", get(asset))
}

async fn asset(Path((edition, name)): Path<(String, String)>) -> Response {
    let found = ASSETS.iter().find(|(known, ..)| *known == name);
    let Some((_, kind, content)) = found.filter(|_| edition == *EDITION) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = "public, max-age=31536000, immutable";
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, kept)];
    (headers, *content).into_response()
}
