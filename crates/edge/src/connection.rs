//! One connection, from the handshake to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, Request, StatusCode, Version, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use service::{Shed, shed};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::PatientBody;
use super::places::{RESERVE_PATIENCE, Seat};
use super::refusal;
use super::waiting::{Conversation, RequestTimer};
use super::wire::Wire;
use super::{Answers, Edge};

/// Request line and headers together. The URI alone may have 65,534 bytes (a limit of the `http`
/// crate; the old API carries whole records in it); the rest is for the headers. It must stay well
/// above the URI's limit, or an over-long URI is refused with 431 instead of 414.
const HEAD_BYTES_MAX: usize = 128 * 1024;

/// Serves the requests of one connection until it ends or the server stops.
pub(super) async fn run(
    edge: Arc<Edge<impl Answers>>,
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers leave at once; without this the last segment of each waits for the client's
    // delayed acknowledgement. Failing to set it costs time, not correctness.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &edge.tls else {
        return converse(&edge, stream, peer, seat, stopped).await;
    };
    let handshake = tokio::select! {
        handshake = timeout(edge.limits.header_read, tls.acceptor().accept(stream)) => handshake,
        () = told_to_finish(&mut stopped) => return,
        () = seat.told_to_leave() => return,
    };
    match handshake {
        Ok(Ok(stream)) => converse(&edge, stream, peer, seat, stopped).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
        Err(_elapsed) => tracing::debug!(%peer, "TLS handshake timed out"),
    }
}

/// Resolves when the server stops.
async fn told_to_finish(stopped: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the server.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Speaks HTTP/1.1 over an established stream.
pub(super) async fn converse<S>(
    edge: &Edge<impl Answers>,
    stream: S,
    peer: SocketAddr,
    seat: Seat,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (mut idle, mut header_read) = (edge.limits.idle, edge.limits.header_read);
    if seat.is_in_reserve() {
        (idle, header_read) = (idle.min(RESERVE_PATIENCE), header_read.min(RESERVE_PATIENCE));
    }
    let conversation = Arc::new(Conversation::new(seat));
    let wire = Wire::new(stream, edge.refusal, Arc::clone(&conversation), &edge.limits);
    let timer = RequestTimer::new(Arc::clone(&conversation), idle, header_read);
    let service = service_fn(|request| {
        let is_answered = conversation.head_came();
        let conversation = &conversation;
        async move {
            if !is_answered {
                // Until the connection ends, which it is about to.
                std::future::pending::<()>().await;
            }
            answer(edge, request, peer, conversation).await
        }
    });
    let connection = http1::Builder::new()
        .timer(timer)
        // The timer itself tells silence from a head that does not end.
        .header_read_timeout(idle)
        .max_header_size(HEAD_BYTES_MAX)
        // Bounds what a connection buffers in either direction; hyper's own choice is 400 KiB.
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let mut is_last = false;
    let end = loop {
        tokio::select! {
            end = connection.as_mut() => break end,
            () = told_to_finish(&mut stopped), if !is_last => {}
            () = conversation.seat.told_to_leave() => return,
        }
        is_last = true;
        connection.as_mut().graceful_shutdown();
    };
    if let Err(error) = end {
        // Whatever went wrong here is between the client and its network.
        tracing::debug!(%peer, %error, "connection failed");
    }
}

/// Answers a request, with a body that cannot keep it waiting forever.
async fn answer(
    edge: &Edge<impl Answers>,
    request: Request<Incoming>,
    peer: SocketAddr,
    conversation: &Arc<Conversation>,
) -> Result<Response, Infallible> {
    let has_host = is_host_given(&request);
    let seat = &conversation.seat;
    // One in the reserve gets an ordinary place if there is one by now.
    let in_reserve = seat.is_in_reserve() && !seat.leaves_reserve();
    if !has_host {
        return Ok(refusal::response(StatusCode::BAD_REQUEST, edge.refusal));
    }
    if in_reserve && !edge.answers.is_vital(request.uri()) {
        shed(Shed::Full);
        return Ok(refusal::response(StatusCode::SERVICE_UNAVAILABLE, edge.refusal));
    }
    let request = request.map(|body| {
        if body.is_end_stream() {
            Body::empty()
        } else {
            Body::new(PatientBody::new(body, edge.limits.stall, Arc::clone(conversation)))
        }
    });
    let mut response = edge.answers.answer(request, peer, &conversation.outbox).await;
    if in_reserve || conversation.had_long_head() {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Whether a request names its host as RFC 9112, section 3.2, demands: in exactly one line, written as a host. In
/// HTTP/1.0 it may be absent, as in the health checks of some load balancers.
fn is_host_given(request: &Request<Incoming>) -> bool {
    let mut lines = request.headers().get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => request.version() == Version::HTTP_10,
        (Some(host), None) => host.as_bytes().iter().all(|byte| is_of_host(*byte)),
        _ => false,
    }
}

/// Letters of a name, an address or a port (RFC 3986, section 3.2.2).
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:[]%!$&'()*+,;=".contains(&byte)
}
