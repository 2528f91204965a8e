//! What a client cannot hold on to.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use tokio::sync::Notify;

use super::*;

#[tokio::test]
async fn half_a_head_and_then_silence_is_closed() {
    let server = Server::start(echo(), Limits { header_read: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    client.send("GET /echo/one HT").await;
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn half_a_head_after_an_answer_is_closed() {
    let server = Server::start(echo(), Limits { header_read: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.get("/echo/one").await.status, 200);
    client.send("GET /echo/two HT").await;
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let server = Server::start(echo(), Limits { idle: SOON, ..patient() }).await;
    assert_eq!(server.connect().await.read_to_end().await, b"");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start(echo(), Limits { idle: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    assert_eq!(client.get("/echo/one").await.status, 200);
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn a_connection_is_not_idle_while_its_handler_works() {
    let release = Arc::new(Notify::new());
    let router = Router::new()
        .route(
            "/slow",
            get(|State(release): State<Arc<Notify>>| async move {
                release.notified().await;
                "done"
            }),
        )
        .with_state(Arc::clone(&release));
    let limits = Limits { idle: SOON, header_read: SOON, stall: SOON, ..patient() };
    let server = Server::start(router, limits).await;
    let mut client = server.connect().await;
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let_the_idle_limit_pass(&server).await;
    release.notify_one();
    assert_eq!(client.receive().await.body, "done");
}

/// Uses other connections as the clock: each is closed when the limit has passed.
async fn let_the_idle_limit_pass(server: &Server) {
    for _ in 0..4 {
        server.connect().await.read_to_end().await;
    }
}

#[tokio::test]
async fn the_handler_of_a_stalled_body_gets_an_error_and_can_answer() {
    let router = Router::new().route(
        "/",
        post(|body: Result<Bytes, _>| async move {
            match body {
                Ok(_) => "whole",
                Err(_) => "stalled",
            }
        }),
    );
    let server = Server::start(router, Limits { stall: SOON, linger: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc").await;
    assert_eq!(client.receive().await.body, "stalled");
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_dropped() {
    let dropped = Arc::new(Notify::new());
    let router = Router::new().route("/", get(endless_answer)).with_state(Arc::clone(&dropped));
    let server = Server::start(router, Limits { stall: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within(dropped.notified()).await;
}

#[tokio::test]
async fn an_answer_that_is_being_read_outlives_the_idle_limit() {
    let dropped = Arc::new(Notify::new());
    let router = Router::new().route("/", get(endless_answer)).with_state(Arc::clone(&dropped));
    let limits = Limits { idle: SOON, header_read: SOON, ..patient() };
    let server = Server::start(router, limits).await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    client.stream.readable().await.unwrap();
    let_the_idle_limit_pass(&server).await;
    assert_eq!(client.receive().await.body.len(), ANSWER_BYTES);
}

/// More than the buffers of both sides' sockets hold.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Tells when the answer is no longer held.
async fn endless_answer(State(dropped): State<Arc<Notify>>) -> Bytes {
    struct Answer(Vec<u8>, Arc<Notify>);
    impl AsRef<[u8]> for Answer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }
    impl Drop for Answer {
        fn drop(&mut self) {
            self.1.notify_one();
        }
    }
    Bytes::from_owner(Answer(vec![b'a'; ANSWER_BYTES], dropped))
}
