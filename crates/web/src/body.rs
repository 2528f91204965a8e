//! Reads forms of people who are not signed in. All such forms share one budget, so that the memory they take does
//! not depend on how many people send one.

use std::sync::Arc;

use axum::body::{Body, HttpBody, to_bytes};
use axum::response::Response;
use futures_util::stream;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;

/// The bytes that each such form may take outside the budget: more than a sign-in needs.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// The bytes that all of them may take together beyond that. Until it is answered, a form takes up to eight times
/// its length in memory.
const BUDGET_BYTES: usize = 16 << 20;

/// The budget is counted in pieces of this size.
const PIECE_BYTES: usize = 1 << 10;

/// The answer to a form leaves in pieces of this size.
const SENT_BYTES: usize = 32 << 10;

/// The memory for all bodies sent without a session. Clones share it.
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

/// Reads a body of up to `bytes_max`. Beyond [`FREE_BYTES`] it continues only if `may_go_on` accepts what has come
/// so far.
pub(crate) async fn read(
    mut body: Body,
    bytes_max: usize,
    budget: &Budget,
    may_go_on: fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, Held), Problem> {
    // An announced length that is too large is refused at once, an unannounced one when it is reached.
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
        // Never wait here: each waiting request would hold what the others wait for.
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

/// Makes an answer hold its part of the budget until it has been sent. It is sent in separate pieces, so that little
/// of it is left in memory when the last one is taken.
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
