//! One activity: creating, showing, editing, removing and restoring it.
//!
//! The form carries the position of the version that it was made from. Untouched fields are not part of the edit, and
//! an edit of an old version never overwrites a newer one: `merge` combines the two, and where they collide,
//! `conflict` lets the person choose.

mod account;
mod conflict;
mod content;
mod controls;
mod edit;
mod merge;
mod new;
mod remove;
mod then;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, post};
use domain::ActivityId;

use crate::session::Number;
use crate::{Problem, Web};

pub(crate) use super::names::Names;

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/activities", post(new::create))
        .route("/activities/new", get(new::form))
        .route("/activities/{id}", get(edit::show).post(edit::save))
        .route("/activities/{id}/remove", post(remove::remove))
        .route("/activities/{id}/restore", post(remove::restore))
}

/// The activity in an address.
pub(crate) struct Id(pub(crate) ActivityId);

impl FromRequestParts<Web> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Id, Problem> {
        let Number(id) = Number::from_request_parts(parts, web).await?;
        Ok(Id(ActivityId(id)))
    }
}

/// The address of an activity's page.
pub(crate) fn address(id: ActivityId) -> String {
    format!("/activities/{id}")
}

/// The start of a text, if there is little room.
pub(crate) fn short(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
