//! What pages are made of besides HTML: it comes with the binary.

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
    "progress.js" JS,
    "rows.js" JS,
    "send.js" JS,
    "submitting.js" JS,
];

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/assets/{name}", get(asset))
}

/// Another release has other contents under the same names: browsers ask again after a while.
async fn asset(Path(name): Path<String>) -> Response {
    let Some((_, kind, content)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "max-age=600")];
    (headers, *content).into_response()
}
