//! The stream as hyper sees it, between it and the socket or the TLS session.
//!
//! Four things happen here that hyper leaves open: a client that does not read is given up
//! ([`Patience`]), a bare refusal gets a body ([`refusal::dress`]), a connection is closed in
//! two steps, so that the client gets to read the last answer, and long heads share a bounded memory.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use service::IntakeShare;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::Limits;
use super::patience::Patience;
use super::refusal::{self, Refusal};
use super::waiting::Conversation;

/// What a client may still send to a connection that is being closed. Enough for it to finish
/// most bodies that a handler refused as too large.
const LINGER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a connection has for a head. What is longer needs a share of the memory for long heads.
const HEAD_BYTES_FREE: usize = 16 << 10;

/// A buffer grows by doubling, so a long head can take twice its length.
const BUFFER_PER_HEAD: usize = 2;

/// The most that is read at once. hyper's buffer grows with what it gets, and stays as large.
const READ_BYTES_MAX: usize = 8 << 10;

/// After writing so much, the other connections of the thread have their turn: a client that reads as fast as we write
/// would keep them waiting otherwise.
const TURN_BYTES: usize = 1 << 20;

/// How much of that is discarded at a time.
const DISCARD_BYTES: usize = 8 * 1024;

/// Pieces that are no longer than this together are joined to be written: copying them costs less than
/// having the kernel gather them.
const JOINED_BYTES_MAX: usize = 8 * 1024;

/// Slices that are written at once at most when a turn ends with them.
const SLICES_MAX: usize = 16;

/// A stream that behaves as described above.
pub(super) struct Wire<S> {
    stream: S,
    refusal: Refusal,
    conversation: Arc<Conversation>,
    /// Runs while the client does not take what we write.
    patience: Patience,
    /// The answer that is being written in place of hyper's.
    dressed: Option<Dressed>,
    /// What a long head takes beyond what every connection has. hyper keeps its buffer, so this is kept too.
    head_share: Option<IntakeShare>,
    is_head_refused: bool,
    /// What may still be written in this turn, in bytes.
    turn_bytes_left: usize,
    linger: Duration,
    closing: Closing,
    /// The client will send nothing more.
    is_at_end: bool,
}

/// An answer that replaces another, and how much of it has been written.
struct Dressed {
    answer: Vec<u8>,
    written: usize,
}

/// The steps of closing a connection.
enum Closing {
    /// Not begun, or the stream has not yet shut down its write side.
    Open,
    /// The client can read to the end; what it still sends is discarded, within limits.
    Lingering { sleep: Pin<Box<Sleep>>, bytes_left: usize },
    /// The socket can be closed.
    Done,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A wire over an established stream.
    pub(super) fn new(
        stream: S,
        refusal: Refusal,
        conversation: Arc<Conversation>,
        limits: &Limits,
    ) -> Self {
        Self {
            stream,
            refusal,
            conversation,
            patience: Patience::new(limits.stall),
            dressed: None,
            head_share: None,
            is_head_refused: false,
            turn_bytes_left: TURN_BYTES,
            linger: limits.linger,
            closing: Closing::Open,
            is_at_end: false,
        }
    }

    /// Gives up when the client makes us wait for too long.
    fn poll_patiently<T>(
        &mut self,
        cx: &mut Context<'_>,
        step: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match step(Pin::new(&mut self.stream), cx) {
            Poll::Pending => {
                let given_up = self.patience.poll_blocked(cx);
                if let Some(since) = self.patience.waits_since() {
                    self.conversation.seat.is_kept_waiting(since);
                }
                given_up
            }
            ready => {
                self.conversation.seat.continues();
                ready
            }
        }
    }

    fn poll_write_patiently(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.turn_bytes_left == 0 {
            self.turn_bytes_left = TURN_BYTES;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let bytes = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        let written = if bytes > self.turn_bytes_left {
            let mut space = [IoSlice::new(&[]); SLICES_MAX];
            let part = cut(bufs, self.turn_bytes_left, &mut space);
            ready!(self.poll_patiently(cx, |stream, cx| stream.poll_write_vectored(cx, part)))?
        } else if bufs.len() > 1 && bytes <= JOINED_BYTES_MAX {
            let mut space = [MaybeUninit::uninit(); JOINED_BYTES_MAX];
            let mut joined = ReadBuf::uninit(&mut space);
            bufs.iter().for_each(|buf| joined.put_slice(buf));
            ready!(self.poll_patiently(cx, |stream, cx| stream.poll_write(cx, joined.filled())))?
        } else {
            ready!(self.poll_patiently(cx, |stream, cx| stream.poll_write_vectored(cx, bufs)))?
        };
        self.turn_bytes_left -= written;
        self.patience.moved(written);
        Poll::Ready(Ok(written))
    }

    /// Begins to replace hyper's answer if it is a bare refusal.
    ///
    /// hyper flushes an answer before it parses the next request, and always offers all that it
    /// has not yet written; so a refusal is the one buffer of a write.
    fn dress(&mut self, bufs: &[IoSlice<'_>]) {
        if self.dressed.is_none()
            && let [written] = bufs
        {
            let Some(answer) = refusal::dress(written, self.refusal) else { return };
            self.dressed = Some(Dressed { answer, written: 0 });
            // It may have come along with the request before, unseen.
            self.conversation.request_came();
        }
    }

    /// Writes the rest of the replacement.
    fn poll_write_dressed(
        &mut self,
        cx: &mut Context<'_>,
        dressed: &mut Dressed,
    ) -> Poll<io::Result<()>> {
        while dressed.written < dressed.answer.len() {
            let rest = IoSlice::new(&dressed.answer[dressed.written..]);
            match ready!(self.poll_write_patiently(cx, &[rest]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                bytes => dressed.written += bytes,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// How much may be read now. None if it is more of a head for which there is no memory.
    fn readable_bytes(&mut self) -> Option<usize> {
        let Some(head) = self.conversation.head_bytes() else { return Some(READ_BYTES_MAX) };
        if head < HEAD_BYTES_FREE {
            return Some(READ_BYTES_MAX.min(HEAD_BYTES_FREE - head));
        }
        self.conversation.head_is_long();
        let share = self.head_share.get_or_insert_with(|| self.conversation.seat.head_share());
        let beyond = head + READ_BYTES_MAX - HEAD_BYTES_FREE;
        share.grow_to(beyond * BUFFER_PER_HEAD).ok().map(|()| READ_BYTES_MAX)
    }

    /// Answers in hyper's place that a head is too long, and closes the connection.
    fn poll_refuse_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_head_refused {
            self.is_head_refused = true;
            let answer = refusal::answer(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, self.refusal);
            self.dressed = Some(Dressed { answer, written: 0 });
        }
        if let Some(mut dressed) = self.dressed.take()
            && self.poll_write_dressed(cx, &mut dressed)?.is_pending()
        {
            self.dressed = Some(dressed);
            return Poll::Pending;
        }
        ready!(Pin::new(self).poll_shutdown(cx))?;
        Poll::Ready(Err(io::Error::new(io::ErrorKind::OutOfMemory, "no memory for a long head")))
    }

    /// A socket that is closed while the client's bytes lie unread in it makes the kernel reset
    /// the connection, and a reset destroys the answer that the client has not read yet. That is
    /// the case after a refusal and after a body that a handler did not read; so the rest is read
    /// and thrown away. A client that has nothing under way needs no such care.
    fn start_lingering(&self) -> Closing {
        if self.is_at_end || !self.conversation.has_request() {
            return Closing::Done;
        }
        let sleep = Box::pin(tokio::time::sleep(self.linger));
        Closing::Lingering { sleep, bytes_left: LINGER_BYTES_MAX }
    }
}

/// The first of these bytes, as many as that.
fn cut<'a>(
    bufs: &'a [IoSlice<'_>],
    mut bytes_left: usize,
    space: &'a mut [IoSlice<'a>; SLICES_MAX],
) -> &'a [IoSlice<'a>] {
    let mut slices = 0;
    for (slice, buf) in space.iter_mut().zip(bufs) {
        *slice = IoSlice::new(&buf[..buf.len().min(bytes_left)]);
        (bytes_left, slices) = (bytes_left - slice.len(), slices + 1);
        if bytes_left == 0 {
            break;
        }
    }
    &space[..slices]
}

/// Ready when the client has sent everything, or more than is accepted.
fn poll_discard<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    bytes_left: &mut usize,
) -> Poll<()> {
    let mut space = [0; DISCARD_BYTES];
    while *bytes_left > 0 {
        let mut rest = ReadBuf::new(&mut space);
        match ready!(Pin::new(&mut *stream).poll_read(cx, &mut rest)) {
            Ok(()) if !rest.filled().is_empty() => {
                *bytes_left = bytes_left.saturating_sub(rest.filled().len());
            }
            Ok(()) | Err(_) => break,
        }
    }
    Poll::Ready(())
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(bytes_max) = this.readable_bytes() else { return this.poll_refuse_head(cx) };
        let filled_before = buf.filled().len();
        if buf.remaining() <= bytes_max {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        } else {
            let mut space = [MaybeUninit::uninit(); READ_BYTES_MAX];
            let mut part = ReadBuf::uninit(&mut space[..bytes_max]);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
            buf.put_slice(part.filled());
        }
        let bytes = buf.filled().len() - filled_before;
        if bytes > 0 {
            this.conversation.add_head_bytes(bytes);
            this.conversation.request_came();
        } else {
            this.is_at_end = true;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.dress(bufs);
        let Some(mut dressed) = this.dressed.take() else {
            return this.poll_write_patiently(cx, bufs);
        };
        let result = this.poll_write_dressed(cx, &mut dressed);
        if result.is_pending() {
            this.dressed = Some(dressed);
        }
        // hyper learns of the write when the whole replacement is out: then all of its is done.
        result.map_ok(|()| bufs.iter().map(|buf| buf.len()).sum())
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_patiently(cx, AsyncWrite::poll_flush))?;
        // hyper flushes when it has nothing left to write.
        this.patience.rest();
        this.turn_bytes_left = TURN_BYTES;
        this.conversation.outbox.is_written();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Closing::Open = this.closing {
            ready!(this.poll_patiently(cx, AsyncWrite::poll_shutdown))?;
            this.closing = this.start_lingering();
            // The answer is out: from here on, its place can be given to another connection.
            this.conversation.seat.awaits_request(Instant::now());
        }
        if let Closing::Lingering { sleep, bytes_left } = &mut this.closing {
            if sleep.as_mut().poll(cx).is_pending() {
                ready!(poll_discard(&mut this.stream, cx, bytes_left));
            }
            this.closing = Closing::Done;
        }
        Poll::Ready(Ok(()))
    }
}
