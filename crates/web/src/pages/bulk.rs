//! Changes of many activities at once, and how far they have come.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/work/{number}", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Work", Nav::None, &html! { h1 { "Work" } })
}
