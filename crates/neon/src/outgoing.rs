//! An answer's body: a large one takes its organization's room until its reader has read it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use service::{NoRoom, Place, Served, Share};

use crate::ANSWER_BYTES_FREE;

/// What a connection takes at once, whether its reader reads or not.
const BUFFERED_BYTES: usize = 512 << 10;

/// The last piece of a larger answer has at most so many bytes.
const END_BYTES: usize = 16;

/// Pages whose last piece a connection has taken and not yet written: an answer that is cut off before counts
/// as not delivered.
///
/// Without a connection, as by default, whoever takes the last piece has it.
#[derive(Clone, Debug, Default)]
pub struct Outbox(Option<Arc<Mutex<Vec<Served>>>>);

impl Outbox {
    /// That of a connection, which says when it has written all that it has taken.
    #[must_use]
    pub fn of_connection() -> Outbox {
        Outbox(Some(Arc::default()))
    }

    /// All that was taken has been written.
    pub fn is_written(&self) {
        let Some(taken) = &self.0 else { return };
        let taken = std::mem::take(&mut *taken.lock());
        taken.into_iter().for_each(Served::is_sent);
    }

    fn take(&self, served: Served) {
        match &self.0 {
            Some(taken) => taken.lock().push(served),
            None => served.is_sent(),
        }
    }
}

/// The last piece of an answer, which is let go once it has been sent, and the answer's share of the room.
struct Last {
    json: Bytes,
    _share: Share,
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
    /// What goes into the outbox with the last piece.
    served: Option<Served>,
    outbox: Outbox,
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
            self.outbox.take(served);
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

/// The body of an answer that has this place.
///
/// # Errors
/// When the organization's other readers have too much to read still.
pub(crate) async fn body(
    mut json: Vec<Bytes>,
    place: Option<Place>,
    served: Option<Served>,
    outbox: &Outbox,
) -> Result<Body, NoRoom> {
    let bytes_left = json.iter().map(Bytes::len).sum();
    // The end goes by itself, so that it is only taken once nearly all before it has been sent.
    let end = json.last_mut().filter(|_| bytes_left > BUFFERED_BYTES);
    if let Some(end) = end.map(|last| last.split_off(last.len().saturating_sub(END_BYTES))) {
        json.push(end);
    }
    if let Some(mut place) = place.filter(|_| bytes_left > ANSWER_BYTES_FREE)
        && let Some(last) = json.last_mut()
    {
        place.share().grow_to(bytes_left).await?;
        let mut share = place.into_share();
        share.shrink_to(bytes_left);
        *last = Bytes::from_owner(Last { json: std::mem::take(last), _share: share });
    }
    let outbox = outbox.clone();
    Ok(Body::new(Pieces { pieces: json.into_iter(), bytes_left, served, outbox }))
}

/// The body of a short answer.
pub(crate) fn small(json: &[Bytes]) -> Body {
    Body::from(json.concat())
}
