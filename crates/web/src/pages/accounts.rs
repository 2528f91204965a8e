//! The accounts by name.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/accounts", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Accounts", Nav::Accounts, &html! { h1 { "Accounts" } })
}
