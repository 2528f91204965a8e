//! One connection, from the handshake to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use neon::Outbox;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::PatientBody;
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
    mut stopped: watch::Receiver<bool>,
) {
    // Answers leave at once; without this the last segment of each waits for the client's
    // delayed acknowledgement. Failing to set it costs time, not correctness.
    let _ = stream.set_nodelay(true);
    let Some(tls) = &edge.tls else {
        return converse(&edge, stream, peer, stopped).await;
    };
    let handshake = tokio::select! {
        handshake = timeout(edge.limits.header_read, tls.acceptor().accept(stream)) => handshake,
        () = told_to_finish(&mut stopped) => return,
    };
    match handshake {
        Ok(Ok(stream)) => converse(&edge, stream, peer, stopped).await,
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
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let conversation = Arc::new(Conversation::default());
    let wire = Wire::new(stream, edge.refusal, Arc::clone(&conversation), &edge.limits);
    let timer = RequestTimer::new(Arc::clone(&conversation), edge.limits.header_read);
    let service = service_fn(|request| {
        conversation.request_came();
        answer(edge, request, peer, &conversation.outbox)
    });
    let connection = http1::Builder::new()
        .timer(timer)
        // The timer itself tells silence from a head that does not end.
        .header_read_timeout(edge.limits.idle)
        .max_header_size(HEAD_BYTES_MAX)
        // Bounds what a connection buffers in either direction; hyper's own choice is 400 KiB.
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(wire), service);
    let mut connection = pin!(connection);
    let end = tokio::select! {
        end = connection.as_mut() => end,
        () = told_to_finish(&mut stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
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
    outbox: &Outbox,
) -> Result<Response, Infallible> {
    let request = request.map(|body| {
        if body.is_end_stream() {
            Body::empty()
        } else {
            Body::new(PatientBody::new(body, edge.limits.stall))
        }
    });
    Ok(edge.answers.answer(request, peer, outbox).await)
}
