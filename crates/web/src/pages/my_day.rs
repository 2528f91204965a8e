//! The start page: what is due.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "My day", Nav::MyDay, &html! { h1 { "My day" } })
}
