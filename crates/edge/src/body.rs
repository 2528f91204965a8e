//! A request's body that fails when the client stops sending it.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::patience::Patience;
use super::waiting::Conversation;

/// A body under the rule of [`Patience`]. The handler that reads it gets the error and can still
/// answer; hyper closes the connection afterwards, as after any body that was not read whole.
pub(super) struct PatientBody {
    incoming: Incoming,
    patience: Patience,
    conversation: Arc<Conversation>,
}

impl PatientBody {
    /// The clock starts when a handler first has to wait.
    pub(super) fn new(
        incoming: Incoming,
        stall: Duration,
        conversation: Arc<Conversation>,
    ) -> Self {
        Self { incoming, patience: Patience::new(stall), conversation }
    }
}

impl Body for PatientBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Pending => {
                let given_up = this.patience.poll_blocked(cx);
                if let Some(since) = this.patience.waits_since() {
                    this.conversation.seat.is_kept_waiting(since);
                }
                given_up.map(|slow| Some(slow.map_err(Into::into)))
            }
            Poll::Ready(frame) => {
                this.conversation.seat.continues();
                if let Some(Ok(frame)) = &frame {
                    this.patience.moved(frame.data_ref().map_or(0, Bytes::len));
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
