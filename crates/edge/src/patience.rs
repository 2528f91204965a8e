//! How long to wait for a client that takes or gives bytes.
//!
//! A limit on the whole transfer would cut off honest clients on slow lines; a limit on the pause
//! between two bytes would let a client trickle one byte at a time for a year. So a client must
//! move [`STALL_BYTES_MIN`] within each span, or finish.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// What must move within each span of patience: about one kilobyte a second with a span of a
/// minute, a third of the slowest mobile line in use.
const STALL_BYTES_MIN: usize = 64 * 1024;

/// A clock that runs while the client is waited for.
pub(super) struct Patience {
    span: Duration,
    /// The end of the current span; none while nothing is waited for.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Bytes within the current span.
    moved_bytes: usize,
}

impl Patience {
    /// A clock at rest.
    pub(super) fn new(span: Duration) -> Self {
        Self { span, sleep: None, moved_bytes: 0 }
    }

    /// To be called when the client has made us wait: pending as long as that is all right.
    pub(super) fn poll_blocked<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let span = self.span;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(span)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client is too slow")))
    }

    /// Since when the client is waited for, if it is.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let deadline = self.sleep.as_ref()?.deadline().into_std();
        deadline.checked_sub(self.span)
    }

    /// To be called when the client has taken or given bytes.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved_bytes = self.moved_bytes.saturating_add(bytes);
        if self.moved_bytes >= STALL_BYTES_MIN {
            self.rest();
        }
    }

    /// To be called when nothing is waited for any more.
    pub(super) fn rest(&mut self) {
        self.sleep = None;
        self.moved_bytes = 0;
    }
}
