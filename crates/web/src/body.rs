//! A form that somebody sends who is not signed in: read under a budget that all such forms share, so that the
//! memory for them does not depend on how many send one.

use std::sync::Arc;

use axum::body::{Body, HttpBody, to_bytes};
use axum::response::Response;
use futures_util::stream;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// What every such form may take beside the budget, in bytes: more than a sign-in needs.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// What all of them may take together beyond that, in bytes. Until its answer has left, one takes up to eight times
/// as much memory as it is long.
const BUDGET_BYTES: usize = 16 << 20;

/// The budget is counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

/// The answer to a form leaves in pieces of this size.
const SENT_BYTES: usize = 32 << 10;

/// What all bodies of strangers may take together. Clones are the same.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Budget {
        Budget(Arc::new(Semaphore::new(BUDGET_BYTES / PIECE_BYTES)))
    }
}

/// A body's part of the budget, until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Option<Arc<OwnedSemaphorePermit>>);

/// Reads a body of up to `bytes_max`. What is larger than [`FREE_BYTES`] goes on only if `may_go_on` says so of
/// what has come.
pub(crate) async fn read(
    mut body: Body,
    bytes_max: usize,
    budget: &Budget,
    may_go_on: fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, Held), Problem> {
    // Who announces too much is told at once; who announces nothing, when it has come.
    if HttpBody::size_hint(&body).lower() > bytes_max as u64 {
        return Err(Problem::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut held: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Problem::cut_short())?.into_data() else { continue };
        let len = bytes.len() + piece.len();
        let is_long = len > FREE_BYTES;
        if len > bytes_max {
            return Err(Problem::TooLarge);
        }
        bytes.extend_from_slice(&piece);
        if !is_long {
            continue;
        }
        if held.is_none() && !may_go_on(&bytes) {
            return Err(Problem::TooLarge);
        }
        let wanted = (len - FREE_BYTES).div_ceil(PIECE_BYTES);
        let more = wanted - held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        // Nobody waits here: those who wait would hold what the others wait for.
        let more = u32::try_from(more).ok();
        let more = more.and_then(|more| budget.0.clone().try_acquire_many_owned(more).ok());
        let more = more.ok_or_else(|| {
            Problem::Unavailable(
                "Too many large forms are being sent at once. Try again in a moment.".into(),
            )
        })?;
        match &mut held {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
    }
    Ok((bytes, Held(held.map(Arc::new))))
}

/// Has an answer hold a part of the budget until it has left. It does so in pieces that are its own, so that
/// little of it is left in memory when the last has been taken.
pub(crate) async fn hold(response: Response, Held(held): Held) -> Response {
    let Some(held) = held else { return response };
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    head.headers.remove(axum::http::header::CONTENT_LENGTH);
    let pieces = stream::unfold((whole, held), |(mut rest, held)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(SENT_BYTES)).to_vec();
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, held)))
    });
    Response::from_parts(head, Body::from_stream(pieces))
}
