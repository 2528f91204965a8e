//! An answer's body: a large one takes its organization's room until its reader has read it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec::IntoIter;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use service::{AskError, NoRoom, Outbox, Place, Served, Share};

use crate::ANSWER_BYTES_FREE;
use crate::json::{LongRecords, Piece};

/// What a connection takes at once, whether its reader reads or not.
const BUFFERED_BYTES: usize = 512 << 10;

/// The last piece of a larger answer has at most so many bytes.
const END_BYTES: usize = 16;

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

/// Pieces that are sent one after the other, as one body.
struct Pieces {
    pieces: IntoIter<Piece>,
    /// The step of a long piece that is being printed.
    printing: Option<Printing>,
    /// How long the rest is; none if that shows only when it is printed.
    bytes_left: Option<usize>,
    /// What goes into the outbox with the last piece.
    served: Option<Served>,
    outbox: Outbox,
}

/// Comes to some records, and what follows them.
type Printing =
    Pin<Box<dyn Future<Output = Result<Option<(Bytes, LongRecords)>, AskError>> + Send>>;

impl Pieces {
    /// The next piece.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, AskError>>> {
        loop {
            if let Some(printing) = &mut self.printing {
                let printed = ready!(printing.as_mut().poll(context));
                self.printing = None;
                match printed {
                    Ok(Some((json, rest))) => {
                        self.printing = Some(Box::pin(rest.print_step()));
                        return Poll::Ready(Some(Ok(json)));
                    }
                    Ok(None) => {}
                    Err(problem) => {
                        // What would follow must not pass for the end of the answer.
                        (self.pieces, self.served) = (Vec::new().into_iter(), None);
                        return Poll::Ready(Some(Err(problem)));
                    }
                }
            }
            match self.pieces.next() {
                Some(Piece::Json(json)) => return Poll::Ready(Some(Ok(json))),
                Some(Piece::Long(rest)) => self.printing = Some(Box::pin(rest.print_step())),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_at_end(&self) -> bool {
        self.printing.is_none() && self.pieces.as_slice().is_empty()
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = AskError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, AskError>>> {
        // After an error the connection is closed, and the client sees that the answer is cut off.
        let piece = ready!(self.poll_piece(context));
        if let Some(Ok(json)) = &piece {
            self.bytes_left = self.bytes_left.map(|left| left - json.len());
            if self.is_at_end()
                && let Some(served) = self.served.take()
            {
                self.outbox.take(served);
            }
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_at_end()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes_left.map_or_else(SizeHint::default, |left| SizeHint::with_exact(left as u64))
    }
}

/// The body of an answer that has this place: pieces, and its end.
///
/// # Errors
/// When the organization's other readers have too much to read still.
pub(crate) async fn body(
    (mut pieces, mut end): (Vec<Piece>, Bytes),
    place: Option<Place>,
    served: Option<Served>,
    outbox: &Outbox,
) -> Result<Body, NoRoom> {
    let is_long = pieces.iter().any(|piece| matches!(piece, Piece::Long(_)));
    let bytes = pieces.iter().map(Piece::bytes_held).sum::<usize>() + end.len();
    if is_long || bytes > BUFFERED_BYTES {
        // The end goes by itself, so that it is only taken once nearly all before it has been sent.
        let last = end.split_off(end.len().saturating_sub(END_BYTES));
        pieces.push(Piece::Json(std::mem::replace(&mut end, last)));
    }
    if let Some(mut place) = place.filter(|_| bytes > ANSWER_BYTES_FREE) {
        place.share().grow_to(bytes).await?;
        let mut share = place.into_share();
        share.shrink_to(bytes);
        end = Bytes::from_owner(Last { json: end, _share: share });
    }
    pieces.push(Piece::Json(end));
    let (pieces, outbox) = (pieces.into_iter(), outbox.clone());
    let bytes_left = (!is_long).then_some(bytes);
    Ok(Body::new(Pieces { pieces, printing: None, bytes_left, served, outbox }))
}
