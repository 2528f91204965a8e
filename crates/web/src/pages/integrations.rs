//! The keys of the organization, and what is asked with them.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/integrations", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Integrations", Nav::Integrations, &html! { h1 { "Integrations" } })
}
