//! One activity: new, shown, edited, removed.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use maud::html;

use crate::layout::{self, Nav};
use crate::{SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/activities/{id}", get(show))
}

async fn show(who: SignedIn) -> Response {
    layout::page(&who, "Activity", Nav::Activities, &html! { h1 { "Activity" } })
}

/// Forms that are remembered, so that one that is sent twice creates once.
const FORMS_MAX: usize = 10_000;

/// Which form created which activity.
pub(crate) struct Created(quick_cache::sync::Cache<String, domain::ActivityId>);

impl Default for Created {
    fn default() -> Created {
        Created(quick_cache::sync::Cache::new(FORMS_MAX))
    }
}
