//! How long to wait for a request.
//!
//! hyper has one limit for it, which counts from the moment when it begins to wait (the client has
//! taken the last answer by then), so that it is both the idle time of a kept connection and the
//! time for a head. We want more patience for the former and less for the latter. hyper asks its timer for
//! a new sleep each time it begins to wait for a request, and for nothing else; so [`RequestTimer`] gives
//! it a sleep that knows whether the request has begun.
//!
//! Setting a timer takes the runtime longer than reading a request. So all sleeps of a connection share one
//! alarm, which is left alone where it rings too early: then it is set again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use parking_lot::Mutex;
use service::Outbox;

use super::places::Seat;

/// The state of a connection that its parts share.
///
/// All of them run in the connection's task; the fields are atomic or locked only because hyper wants its
/// timer to be `Sync`, so the ordering does not matter and nothing waits.
pub(super) struct Conversation {
    /// What has been taken to be written.
    pub(super) outbox: Outbox,
    /// Its place among all connections.
    pub(super) seat: Seat,
    /// Since the last answer, or since the beginning, something of a request has come.
    request_begun: AtomicBool,
    /// Bytes that have been read of a head that is not complete; [`HEAD_COMPLETE`] from then on.
    head_bytes: AtomicUsize,
    /// A head was longer than what a connection has for it.
    had_long_head: AtomicBool,
    alarm: Mutex<Option<Pin<Box<tokio::time::Sleep>>>>,
}

/// No head is awaited.
const HEAD_COMPLETE: usize = usize::MAX;

impl Conversation {
    /// A connection in this place, which has just begun.
    pub(super) fn new(seat: Seat) -> Conversation {
        Conversation {
            outbox: Outbox::of_connection(),
            seat,
            request_begun: AtomicBool::default(),
            head_bytes: AtomicUsize::new(0),
            had_long_head: AtomicBool::default(),
            alarm: Mutex::default(),
        }
    }

    /// hyper begins to wait for a request.
    fn request_awaited(&self, since: Instant) {
        self.request_begun.store(false, Ordering::Relaxed);
        self.head_bytes.store(0, Ordering::Relaxed);
        self.seat.awaits_request(since);
    }

    /// The head of a request is complete. False if it must not be answered: the connection has to leave.
    pub(super) fn head_came(&self) -> bool {
        self.request_came();
        self.head_bytes.store(HEAD_COMPLETE, Ordering::Relaxed);
        self.seat.works()
    }

    /// How much of an incomplete head has been read; none if there is no such head.
    pub(super) fn head_bytes(&self) -> Option<usize> {
        Some(self.head_bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes != HEAD_COMPLETE)
    }

    /// More of it has been read.
    pub(super) fn add_head_bytes(&self, bytes: usize) {
        if let Some(before) = self.head_bytes() {
            self.head_bytes.store(before + bytes, Ordering::Relaxed);
        }
    }

    /// Notes that a head is longer than what a connection has for it.
    pub(super) fn head_is_long(&self) {
        self.had_long_head.store(true, Ordering::Relaxed);
    }

    /// Whether a head was. hyper's buffer stays as large as it was then.
    pub(super) fn had_long_head(&self) -> bool {
        self.had_long_head.load(Ordering::Relaxed)
    }

    /// Bytes of a request, or a whole one, have come.
    pub(super) fn request_came(&self) {
        self.request_begun.store(true, Ordering::Relaxed);
    }

    /// Ready once the deadline has passed.
    fn poll_deadline(&self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = deadline.into();
        let mut alarm = self.alarm.lock();
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        while alarm.deadline() < deadline {
            ready!(alarm.as_mut().poll(cx));
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx)
    }

    /// True from the first byte of a request until its answer has been given.
    pub(super) fn has_request(&self) -> bool {
        self.request_begun.load(Ordering::Relaxed)
    }
}

/// hyper's timer for one connection.
pub(super) struct RequestTimer {
    conversation: Arc<Conversation>,
    idle: Duration,
    header_read: Duration,
}

impl RequestTimer {
    /// The idle time is what hyper has as its `header_read_timeout`.
    pub(super) fn new(
        conversation: Arc<Conversation>,
        idle: Duration,
        header_read: Duration,
    ) -> Self {
        Self { conversation, idle, header_read }
    }
}

impl Timer for RequestTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.conversation.request_awaited(deadline.checked_sub(self.idle).unwrap_or(deadline));
        Box::pin(RequestWait {
            conversation: Arc::clone(&self.conversation),
            header_read: self.header_read,
            reads_head: false,
            deadline,
        })
    }
}

/// Ends when hyper should give up waiting for a request.
struct RequestWait {
    conversation: Arc<Conversation>,
    header_read: Duration,
    reads_head: bool,
    deadline: Instant,
}

impl Sleep for RequestWait {}

impl Future for RequestWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if !this.reads_head && this.conversation.has_request() {
            this.reads_head = true;
            let now = Instant::now();
            this.deadline = now + this.header_read;
            this.conversation.seat.awaits_request(now);
        }
        this.conversation.poll_deadline(this.deadline, cx)
    }
}
