//! How connections, and the server, end.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use tokio::sync::Notify;

use super::*;

#[tokio::test]
async fn an_answer_reaches_a_client_whose_body_was_not_read() {
    let router = Router::new()
        .route("/", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "{\"too\":\"large\"}") }));
    let server = Server::start(router, patient()).await;
    let mut client = server.connect().await;
    let body = vec![b'b'; 8 * 1024 * 1024];
    client
        .send(format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len()))
        .await;
    client.send(body).await;
    let answer = client.receive().await;
    assert_eq!((answer.status, answer.body.as_str()), (413, "{\"too\":\"large\"}"));
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn a_closed_connection_lingers_only_so_long() {
    let server = Server::start(echo(), Limits { linger: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    client.send("GET /echo/one HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    client.read_to_end().await;
    // The client never closes its side, yet the server does: then it takes nothing more.
    let is_closed = async { while client.stream.write_all(b"x").await.is_ok() {} };
    within(is_closed).await;
}

#[tokio::test]
async fn a_panicking_handler_ends_only_its_connection() {
    async fn broken() -> &'static str {
        panic!("a handler's mistake")
    }
    let server = Server::start(echo().route("/broken", get(broken)), patient()).await;
    let mut client = server.connect().await;
    client.send("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(client.read_to_end().await, b"");
    assert_eq!(server.connect().await.get("/echo/alive").await.status, 200);
}

/// A handler that tells when it has begun and waits until it may finish.
#[derive(Clone, Default)]
struct Gate {
    begun: Arc<Notify>,
    release: Arc<Notify>,
}

impl Gate {
    fn router(&self) -> Router {
        async fn pass(State(gate): State<Gate>) -> &'static str {
            gate.begun.notify_one();
            gate.release.notified().await;
            "finished"
        }
        echo().merge(Router::new().route("/gate", get(pass)).with_state(self.clone()))
    }
}

#[tokio::test]
async fn a_stop_finishes_requests_closes_idle_connections_and_refuses_new_ones() {
    let gate = Gate::default();
    let server = Server::start(gate.router(), patient()).await;
    let mut fresh = server.connect().await;
    let mut idle = server.connect().await;
    idle.get("/echo/one").await;
    let mut busy = server.connect().await;
    busy.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within(gate.begun.notified()).await;

    server.stop.send(()).unwrap();
    assert_eq!(idle.read_to_end().await, b"");
    assert_eq!(fresh.read_to_end().await, b"");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody listens any more");
    assert!(!server.serving.is_finished(), "a request is still under way");

    gate.release.notify_one();
    let answer = busy.receive().await;
    assert_eq!(answer.body, "finished");
    assert_eq!(header(&answer.head, "connection"), Some("close"));
    drop(busy);
    within(server.serving).await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let gate = Gate::default();
    let server = Server::start(gate.router(), Limits { shutdown: SOON, ..patient() }).await;
    let mut client = server.connect().await;
    client.send("GET /gate HTTP/1.1\r\nHost: x\r\n\r\n").await;
    within(gate.begun.notified()).await;
    server.stop.send(()).unwrap();
    within(server.serving).await.unwrap();
    assert_eq!(client.read_to_end().await, b"");
}
