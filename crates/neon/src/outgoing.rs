//! An answer's body: a large one takes its organization's room until its reader has read it.

use axum::body::{Body, Bytes};
use service::Tenant;
use tokio::sync::OwnedSemaphorePermit;

use crate::ANSWER_BYTES_FREE;
use crate::errors::ApiError;

/// What is sent, and its part of the room.
struct Held {
    json: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// The body of an answer to somebody of this organization.
///
/// # Errors
/// When the organization's other readers have too much to read still.
pub(crate) fn body(json: Bytes, org: Option<&Tenant>) -> Result<Body, ApiError> {
    let Some(org) = org.filter(|_| json.len() > ANSWER_BYTES_FREE) else {
        return Ok(json.into());
    };
    match org.room_for_answer(json.len()) {
        Some(room) => Ok(Bytes::from_owner(Held { json, _room: room }).into()),
        None => Err(ApiError::unavailable(
            "too many large answers of the organization are still being read",
        )),
    }
}
