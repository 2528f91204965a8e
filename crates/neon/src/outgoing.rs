//! An answer's body: a large one takes its organization's room until its reader has read it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use service::{Served, Tenant};
use tokio::sync::OwnedSemaphorePermit;

use crate::ANSWER_BYTES_FREE;
use crate::errors::ApiError;

/// What a connection takes at once, whether its reader reads or not.
const BUFFERED_BYTES: usize = 512 << 10;

/// The last piece of a larger answer has at most so many bytes.
const END_BYTES: usize = 16;

/// The last piece of an answer, which is let go once it has been sent, and the answer's part of the room.
struct Last {
    json: Bytes,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Last {
    fn as_ref(&self) -> &[u8] {
        &self.json
    }
}

/// Pieces that are sent one after the other, as one body of a known length.
struct Pieces {
    pieces: IntoIter<Bytes>,
    bytes_left: usize,
    /// To be told once the last piece has gone.
    served: Option<Served>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.next();
        self.bytes_left -= piece.as_ref().map_or(0, Bytes::len);
        if self.bytes_left == 0
            && let Some(served) = self.served.take()
        {
            served.is_sent();
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes_left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes_left as u64)
    }
}

/// The body of an answer to somebody of this organization.
///
/// # Errors
/// When the organization's other readers have too much to read still.
pub(crate) fn body(
    mut json: Vec<Bytes>,
    org: Option<&Tenant>,
    served: Option<Served>,
) -> Result<Body, ApiError> {
    let bytes_left = json.iter().map(Bytes::len).sum();
    // The end goes by itself, so that it is only taken once nearly all before it has been sent.
    let end = json.last_mut().filter(|_| bytes_left > BUFFERED_BYTES);
    if let Some(end) = end.map(|last| last.split_off(last.len().saturating_sub(END_BYTES))) {
        json.push(end);
    }
    if let Some(org) = org.filter(|_| bytes_left > ANSWER_BYTES_FREE)
        && let Some(last) = json.last_mut()
    {
        let room = org.room_for_answer(bytes_left).ok_or_else(|| {
            ApiError::unavailable("too many large answers of the organization are still being read")
        })?;
        *last = Bytes::from_owner(Last { json: std::mem::take(last), _room: room });
    }
    Ok(Body::new(Pieces { pieces: json.into_iter(), bytes_left, served }))
}
