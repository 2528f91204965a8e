//! The room that a request takes in its organization, from the start of the work until its answer has been sent.
//!
//! Whoever finds out which organization a request belongs to takes a place there and leaves it in the request's
//! [`Seat`]. When the page is made, [`counted`] counts its length, and [`held`] holds that until the connection has
//! taken and written it. Forms of people who are not signed in hold their part of their budget in the same way.

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use service::{NoRoom, Place, Share, Tenant};

use crate::problem;

/// An answer up to this length, in bytes, does not count: a connection takes as much at once, whether its reader
/// reads or not.
pub(crate) const FREE_BYTES: usize = 16 << 10;

/// Where a request's place is kept until its answer is complete. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Seat(Arc<Mutex<Option<Place>>>);

impl Seat {
    /// Takes a place in the organization, unless the request has one already.
    pub(crate) async fn take(&self, org: &Tenant) -> Result<(), NoRoom> {
        self.take_with(org.share()).await
    }

    /// The same for a request that has a share already.
    pub(crate) async fn take_with(&self, share: Share) -> Result<(), NoRoom> {
        if self.0.lock().is_none() {
            let place = share.into_place().await?;
            *self.0.lock() = Some(place);
        }
        Ok(())
    }

    /// Whether the request has a place, or gets one in the organization now.
    pub(crate) fn is_taken_in(&self, org: &Tenant) -> bool {
        let mut place = self.0.lock();
        if place.is_none() {
            *place = org.try_place();
        }
        place.is_some()
    }

    fn leave(&self) -> Option<Place> {
        self.0.lock().take()
    }
}

impl<S: Sync> FromRequestParts<S> for Seat {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Seat, Self::Rejection> {
        Ok(Seat::of(parts))
    }
}

impl Seat {
    /// The seat of a request.
    pub(crate) fn of(parts: &Parts) -> Seat {
        parts.extensions.get().cloned().unwrap_or_default()
    }
}

/// What an answer holds until it has been sent. It travels in the answer's extensions.
#[derive(Clone)]
pub(crate) struct Holding {
    _held: Arc<dyn Any + Send + Sync>,
}

impl Holding {
    pub(crate) fn new(held: impl Any + Send + Sync) -> Holding {
        Holding { _held: Arc::new(held) }
    }
}

/// Gives a request its seat, and counts the answer. If there is no room for that, another one says so. A stream has no
/// length: what it holds, it counts itself.
pub(crate) async fn counted(mut request: Request, next: Next) -> Response {
    let seat = Seat::default();
    request.extensions_mut().insert(seat.clone());
    let mut response = next.run(request).await;
    let Some(mut place) = seat.leave() else { return response };
    let bytes = response.body().size_hint().exact().unwrap_or(0);
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= FREE_BYTES {
        return response;
    }
    if let Err(why) = place.share().grow_to(bytes).await {
        return problem::no_room(why);
    }
    let mut share = place.into_share();
    share.shrink_to(bytes);
    response.extensions_mut().insert(Holding::new(share));
    response
}

/// Makes an answer hold its share until it has been sent.
pub(crate) async fn held(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Holding>() {
        Some(holding) => response.map(|body| Body::new(Held { body, holding })),
        None => response,
    }
}

/// The body of an answer that holds something.
struct Held {
    body: Body,
    holding: Holding,
}

/// A piece of it, which is dropped when it has been written.
struct Piece {
    bytes: Bytes,
    _holding: Holding,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let holding = self.holding.clone();
        let piece = |bytes| Bytes::from_owner(Piece { bytes, _holding: holding });
        Pin::new(&mut self.body)
            .poll_frame(cx)
            .map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
