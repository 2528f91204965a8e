//! Reads forms of people who are not signed in. All such forms share one budget, so that the memory they take does
//! not depend on how many people send one, and no address can use it up.

use std::net::SocketAddr;

use std::sync::Arc;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Extensions;
use axum::response::Response;
use futures_util::stream;
use http_body_util::BodyExt;
use service::{FairRoom, Network, Owner, Share, Shed};

use crate::Problem;

/// The bytes that each such form may take outside the budget: more than a sign-in needs.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// The bytes that all of them may take together beyond that. Until it is answered, a form takes up to eight times
/// its length in memory.
const BUDGET_BYTES: usize = 16 << 20;

/// The answer to a form leaves in pieces of this size.
const SENT_BYTES: usize = 32 << 10;

/// The memory for all bodies sent without a session. Clones share it.
#[derive(Clone)]
pub(crate) struct Budget(Arc<FairRoom>);

impl Default for Budget {
    fn default() -> Budget {
        Budget(FairRoom::new(BUDGET_BYTES, Shed::Body))
    }
}

/// Where a request comes from, as it counts here.
pub(crate) fn sender(extensions: &Extensions) -> Owner {
    let peer = extensions.get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip());
    Owner::Network(Network::of(peer.unwrap_or([0; 4].into())))
}

/// A body's part of the budget, until the last clone is dropped.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Option<Arc<Share>>);

/// Reads a body of up to `bytes_max`. Beyond [`FREE_BYTES`] it continues only if `may_go_on` accepts what has come
/// so far.
pub(crate) async fn read(
    mut body: Body,
    bytes_max: usize,
    budget: &Budget,
    sender: Owner,
    may_go_on: fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, Held), Problem> {
    // An announced length that is too large is refused at once, an unannounced one when it is reached.
    if HttpBody::size_hint(&body).lower() > bytes_max as u64 {
        return Err(Problem::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut held: Option<Share> = None;
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
        let share = held.get_or_insert_with(|| budget.0.share(sender));
        share.grow_to(len - FREE_BYTES).map_err(|_no_room| {
            Problem::Unavailable(
                "Too many large forms are being sent at once. Try again in a moment.".into(),
            )
        })?;
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
