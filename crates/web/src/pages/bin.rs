//! What was removed, and its way back.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/bin", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Bin", Nav::None, &html! { h1 { "Bin" } })
}
