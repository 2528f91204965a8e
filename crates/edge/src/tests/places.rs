//! Which connections there are, when there are too many.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Uri};
use axum::response::Response;
use axum::routing::post;
use service::Outbox;
use tokio::sync::Semaphore;

use super::*;

fn few(connections_max: usize) -> Limits {
    Limits { connections_max, ..patient() }
}

/// Answers `/echo/{word}` at once, and what is posted to `/held` when it may.
fn held(release: &Arc<Semaphore>) -> Router {
    async fn wait(State(release): State<Arc<Semaphore>>, body: String) -> String {
        release.acquire().await.unwrap().forget();
        body
    }
    Router::new().route("/held", post(wait)).with_state(Arc::clone(release)).merge(echo())
}

/// A connection whose request is being answered.
async fn at_work(server: &Server) -> Client<TcpStream> {
    let mut client = server.connect().await;
    let head = "Host: x\r\nContent-Length: 5\r\nExpect: 100-continue";
    client.send(format!("POST /held HTTP/1.1\r\n{head}\r\n\r\n")).await;
    // The server says so when the handler begins to read.
    let mut told = [0; 25];
    within(client.stream.read_exact(&mut told)).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    client
}

/// Lets it finish.
async fn finish(mut client: Client<TcpStream>, release: &Semaphore) {
    release.add_permits(1);
    client.send("whole").await;
    assert_eq!(client.receive().await.body, "whole");
}

#[tokio::test]
async fn the_connection_that_has_been_unused_longest_makes_room() {
    let server = Server::start(echo(), few(2)).await;
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    assert_eq!(first.get("/echo/old").await.status, 200);
    assert_eq!(second.get("/echo/old").await.status, 200);
    assert_eq!(first.get("/echo/old").await.status, 200);
    let mut third = server.connect().await;
    assert_eq!(third.get("/echo/new").await.status, 200);
    assert_eq!(second.read_to_end().await, b"", "it was unused longest");
    assert_eq!(first.get("/echo/old").await.status, 200);
}

#[tokio::test]
async fn silent_connections_keep_nobody_out() {
    let server = Server::start(echo(), few(4)).await;
    let mut silent = Vec::new();
    for round in 0..100 {
        let mut client = server.connect().await;
        client.send(if round % 2 == 0 { "" } else { "GET /echo/one HT" }).await;
        silent.push(client);
        assert_eq!(server.connect().await.get("/echo/one").await.status, 200, "round {round}");
    }
}

#[tokio::test]
async fn a_connection_whose_request_is_being_answered_is_not_closed() {
    let release = Arc::new(Semaphore::new(0));
    let server = Server::start(held(&release), few(2)).await;
    let busy = at_work(&server).await;
    for _ in 0..20 {
        assert_eq!(server.connect().await.get("/echo/one").await.status, 200);
    }
    finish(busy, &release).await;
}

#[tokio::test]
async fn when_all_are_at_work_a_newcomer_is_told_to_try_again() {
    let release = Arc::new(Semaphore::new(0));
    let server = Server::start(held(&release), few(2)).await;
    let (first, second) = (at_work(&server).await, at_work(&server).await);
    // More than the reserve has places for: silent ones there make room too.
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(server.connect().await);
        let mut client = server.connect().await;
        let answer = client.get("/echo/one").await;
        assert_eq!((answer.status, &*answer.body), (503, "{\"refused\":{\"status\":503}}"));
        assert_eq!(header(&answer.head, "retry-after"), Some("1"));
        assert_eq!(client.read_to_end().await, b"");
    }
    let mut late = server.connect().await;
    finish(second, &release).await;
    // It came while all were at work, and has an ordinary place by the time that it asks.
    assert_eq!(late.get("/echo/one").await.status, 200);
    assert_eq!(late.get("/echo/two").await.status, 200);
    finish(first, &release).await;
}

/// Answers at `/vital` even when all are at work.
struct Vital(Router);

impl Answers for Vital {
    async fn answer(&self, request: Request<Body>, peer: SocketAddr, outbox: &Outbox) -> Response {
        self.0.answer(request, peer, outbox).await
    }

    fn is_vital(&self, uri: &Uri) -> bool {
        uri.path() == "/echo/vital"
    }
}

/// Is asked by a trusted proxy.
struct BehindProxy(Router);

impl Answers for BehindProxy {
    async fn answer(&self, request: Request<Body>, peer: SocketAddr, outbox: &Outbox) -> Response {
        self.0.answer(request, peer, outbox).await
    }

    fn trusts(&self, address: IpAddr) -> bool {
        address == IpAddr::from([127, 0, 0, 1])
    }
}

#[tokio::test]
async fn what_is_vital_is_answered_when_all_are_at_work() {
    let release = Arc::new(Semaphore::new(0));
    let Edge { tls, answers, refusal, limits } = edge(held(&release), few(2));
    let edge = Edge { tls, answers: Vital(answers), refusal, limits };
    let server = Server::of(edge).await;
    let _at_work = (at_work(&server).await, at_work(&server).await);
    for _ in 0..40 {
        let mut client = server.connect().await;
        assert_eq!(client.get("/echo/vital").await.body, "{\"echo\":\"vital\"}");
        assert_eq!(client.read_to_end().await, b"", "its place is for the next");
        assert_eq!(server.connect().await.get("/echo/one").await.status, 503);
    }
}

#[tokio::test]
async fn a_place_is_free_again_when_its_connection_ends() {
    let release = Arc::new(Semaphore::new(0));
    let server = Server::start(held(&release), few(2)).await;
    for _ in 0..20 {
        drop((at_work(&server).await, at_work(&server).await));
        // The server may learn of their end a little later.
        while server.connect().await.get("/echo/one").await.status == 503 {}
    }
}

#[tokio::test]
async fn one_address_has_its_share_and_its_own_unused_connections_make_room() {
    let release = Arc::new(Semaphore::new(0));
    let limits = Limits { connections_from_address_max: 2, ..few(100) };
    let server = Server::start(held(&release), limits.clone()).await;
    let mut idle = server.connect().await;
    assert_eq!(idle.get("/echo/one").await.status, 200);
    let (busy, another) = (at_work(&server).await, at_work(&server).await);
    assert_eq!(idle.read_to_end().await, b"");
    assert!(is_refused(&mut server.connect().await).await);
    finish(busy, &release).await;
    finish(another, &release).await;

    let router = held(&release);
    let Edge { tls, answers, refusal, limits } = edge(router, limits);
    let server = Server::of(Edge { tls, answers: BehindProxy(answers), refusal, limits }).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(at_work(&server).await);
    }
    for client in clients {
        // A proxy stands for many.
        finish(client, &release).await;
    }
}

/// Whether the server closes this without an answer.
async fn is_refused(client: &mut Client<TcpStream>) -> bool {
    let _ = client.stream.write_all(b"GET /echo/one HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut bytes = Vec::new();
    let read = within(client.stream.read_to_end(&mut bytes)).await;
    bytes.is_empty() && (read.is_err() || read.is_ok_and(|count| count == 0))
}
