//! What changed: what syncActivities would answer.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/changes", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Changes", Nav::Changes, &html! { h1 { "Changes" } })
}
