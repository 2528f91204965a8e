//! One activity: new, shown, edited, removed, restored.
//!
//! The form carries the position of the version that it was made from. What nobody has touched in it
//! is no part of the edit, and an edit from an old version is not saved over a newer one: `merge` brings
//! both together, and where they collide `conflict` lets the person choose.

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

/// The activity that an address names.
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

/// The beginning of a text, for where there is little room.
pub(crate) fn short(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
