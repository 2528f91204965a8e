//! The edge: it accepts connections, speaks HTTP/1.1 (over TLS if configured) and passes each
//! request to an implementation of [`Answers`]. It knows nothing about what is served.
//!
//! Why not `axum::serve`: a server on an open network needs a limit on everything that a
//! client can hold on to, and `axum::serve` sets none. What this module promises:
//!
//! - **No client holds a connection forever.** A connection waits for the next request, for the rest
//!   of a request's head, for a request's body and for its answer to be read, each under a limit
//!   of its own ([`Limits`]). Only the time that a handler takes is not limited here.
//! - **Every answer has a body with one root**, even an answer that hyper gives of itself before
//!   any handler sees the request (`refusal.rs`).
//! - **An answer arrives**, even if the client was still sending when it was given: the write side
//!   is closed first, the read side only after the client had time to read (`wire.rs`).
//! - **No client shuts others out** (`places.rs`): where connections run short, those are closed that
//!   have been unused longest, and health checks are answered even if all are at work.
//! - **A stop is orderly**: requests under way are finished, new ones are refused.
//!
//! Way of a connection: [`Edge::serve`] accepts it and finds it a place, `connection.rs` does the handshake and drives
//! hyper, hyper reads and writes through a wire (`wire.rs`), and a timer (`waiting.rs`) tells
//! it when to give up on a client that stays silent.
//!
//! Left to whatever answers: the size of bodies, the time that handlers take, and their panics.

mod body;
mod connection;
mod file_limit;
mod outage;
mod patience;
mod places;
mod refusal;
#[cfg(test)]
mod tests;
mod tls;
mod waiting;
mod wire;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Uri};
use axum::response::Response;
use service::Outbox;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::MissedTickBehavior;
use tower::Service;

use self::places::Places;

pub use outage::Outage;
pub use refusal::Refusal;
pub use tls::{Tls, TlsError, UnixClock};

/// Connections at a time.
pub const CONNECTIONS_MAX: u32 = 4_096;

/// One address can have one in so many of them, unless it is a trusted proxy's.
const FROM_ADDRESS_SHARE: usize = 8;

/// From the first byte of a request to the end of its head; also the time for a TLS handshake.
const HEADER_READ_SECONDS_MAX: u64 = 15;

/// Silence between two requests, or before the first. Longer than the minute for which clients and
/// proxies usually keep a connection, so that it is they who close it and no request meets a
/// connection that is being closed.
const IDLE_SECONDS_MAX: u64 = 75;

/// Within each such span a body or an answer must make progress, see `patience.rs`. A minute, as in
/// nginx: the kernel reports a full send buffer as writable only when a third of it is free again,
/// so that a slow but honest reader looks stalled for a while.
const STALL_SECONDS_MAX: u64 = 60;

/// How long a client may still send to, and read from, a connection that is being closed.
const LINGER_SECONDS_MAX: u64 = 5;

/// How long a stop waits for the requests under way.
const SHUTDOWN_SECONDS_MAX: u64 = 10;

/// Accepting fails when the process is out of file descriptors. They come back when connections
/// end, so trying again at once would only burn the processor.
const ACCEPT_PAUSE_MILLISECONDS: u64 = 100;

/// How often the log is told of connections that were closed or refused.
const SHED_TOLD_EVERY: Duration = Duration::from_secs(5);

/// How much a client can hold on to. `Limits::of` is what a server wants.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time.
    pub connections_max: usize,
    /// From one address that is not a trusted proxy's, or from one IPv6 network.
    pub connections_from_address_max: usize,
    /// From a request's first byte to the end of its head, and for a TLS handshake.
    pub header_read: Duration,
    /// Silence while no request is under way.
    pub idle: Duration,
    /// Span within which a body or an answer must make progress.
    pub stall: Duration,
    /// Time for the client to read the last answer of a connection.
    pub linger: Duration,
    /// Time for requests under way when the server stops.
    pub shutdown: Duration,
}

impl Limits {
    /// As many connections as are wanted, if the limit on open files allows them.
    pub fn of(connections_wanted: u32) -> Self {
        let wanted = connections_wanted as usize;
        let files = file_limit::connections(wanted + places::SPARE_MAX);
        let connections_max =
            files.saturating_sub(places::SPARE_MAX).max(files.div_ceil(2)).min(wanted);
        if connections_max < wanted {
            tracing::warn!(
                connections_max,
                wanted,
                "the limit on open files (ulimit -n) allows fewer connections than wanted: raise it, or lower --connections-max"
            );
        }
        Self {
            connections_max,
            connections_from_address_max: (connections_max / FROM_ADDRESS_SHARE).max(1),
            header_read: Duration::from_secs(HEADER_READ_SECONDS_MAX),
            idle: Duration::from_secs(IDLE_SECONDS_MAX),
            stall: Duration::from_secs(STALL_SECONDS_MAX),
            linger: Duration::from_secs(LINGER_SECONDS_MAX),
            shutdown: Duration::from_secs(SHUTDOWN_SECONDS_MAX),
        }
    }
}

/// Answers requests.
pub trait Answers: Send + Sync + 'static {
    /// Answers a request of this peer. What must be reported once the answer is written goes into the connection's outbox.
    fn answer(
        &self,
        request: Request<Body>,
        peer: SocketAddr,
        outbox: &Outbox,
    ) -> impl Future<Output = Response> + Send;

    /// Whether this is the address of a trusted proxy, which stands for many clients.
    fn trusts(&self, _address: IpAddr) -> bool {
        false
    }

    /// Whether this is answered even when all places for connections are at work: health checks.
    fn is_vital(&self, _uri: &Uri) -> bool {
        false
    }
}

impl Answers for Router {
    /// The request carries `axum::extract::ConnectInfo<SocketAddr>`, the peer.
    async fn answer(&self, mut request: Request<Body>, peer: SocketAddr, _: &Outbox) -> Response {
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(response) = self.clone().call(request).await;
        response
    }
}

/// What every connection needs to know.
pub struct Edge<A> {
    /// Speaks TLS if there is one.
    pub tls: Option<Arc<Tls>>,
    /// Answers the requests.
    pub answers: A,
    /// Writes the body of an answer that no handler gave.
    pub refusal: Refusal,
    /// How much a client can hold on to.
    pub limits: Limits,
}

impl<A: Answers> Edge<A> {
    /// Serves what `listener` accepts until `shutdown` resolves, then lets the requests under way
    /// finish. Returns when no connection is left.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let places = Places::new(&self.limits);
        let edge = Arc::new(self);
        let mut telling = tokio::time::interval(SHED_TOLD_EVERY);
        telling.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut outage = Outage::default();
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(end) = connections.join_next() => report_panic(end),
                _ = telling.tick() => service::tell_shed(),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        places.have_left().await;
                        // A connection without a place is closed by being dropped.
                        let stands_for_many = edge.answers.trusts(peer.ip().to_canonical());
                        if let Some(seat) = places.admit(peer.ip(), stands_for_many) {
                            let (edge, stopped) = (Arc::clone(&edge), stopped.clone());
                            connections.spawn(connection::run(edge, stream, peer, seat, stopped));
                        }
                    }
                    Err(error) => survive(&error, &mut outage).await,
                }
            }
        }
        // First of all, so that clients are refused at once and can turn elsewhere.
        drop(listener);
        stop.send_replace(true);
        finish(connections, edge.limits.shutdown).await;
    }
}

/// No error of `accept` is a reason to stop serving: each concerns one connection, or passes.
async fn survive(error: &io::Error, outage: &mut Outage) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    outage.failed("connections", error);
    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MILLISECONDS)).await;
}

/// Waits for the connections, which have been told to finish, and drops those that do not.
async fn finish(mut connections: JoinSet<()>, limit: Duration) {
    let all_ended = async {
        while let Some(end) = connections.join_next().await {
            report_panic(end);
        }
    };
    if tokio::time::timeout(limit, all_ended).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "closing connections whose requests did not finish in time"
        );
        connections.shutdown().await;
    }
}

/// A panic in a handler ends its connection and nothing else, but it must not go unseen.
fn report_panic(end: Result<(), JoinError>) {
    if let Err(error) = end
        && error.is_panic()
    {
        tracing::error!("a connection was closed because its handler panicked");
    }
}
