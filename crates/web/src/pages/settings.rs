//! What an admin sets: people, statuses, the organization.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/settings", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Settings", Nav::Settings, &html! { h1 { "Settings" } })
}
