//! The edge seen from a real socket.
//!
//! No test sleeps: each waits for the event itself, such as the end of a connection, with limits
//! that are either far beyond the test ([`NEVER`]) or almost nothing ([`SOON`]).

mod closing;
mod delivery;
mod limits;
mod places;
mod requests;
mod tls;
mod turns;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Answers, Edge, Limits};

/// A limit that the test is not about.
const NEVER: Duration = Duration::from_secs(3_600);

/// The limit that the test is about.
const SOON: Duration = Duration::from_millis(50);

/// Whatever a test waits for takes far less, unless the server is broken.
const TEST_SECONDS_MAX: u64 = 30;

fn refusal(status: StatusCode) -> String {
    format!("{{\"refused\":{{\"status\":{}}}}}", status.as_u16())
}

/// Answers `/echo/{word}` with `{"echo":"word"}`.
fn echo() -> Router {
    Router::new().route(
        "/echo/{word}",
        get(|Path(word): Path<String>| async move { format!("{{\"echo\":\"{word}\"}}") }),
    )
}

fn patient() -> Limits {
    Limits {
        connections_max: 100,
        connections_from_address_max: 100,
        header_read: NEVER,
        idle: NEVER,
        stall: NEVER,
        linger: NEVER,
        shutdown: NEVER,
    }
}

fn edge(router: Router, limits: Limits) -> Edge<Router> {
    Edge { tls: None, answers: router, refusal, limits }
}

/// A server on a port of its own.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(router: Router, limits: Limits) -> Self {
        Self::of(edge(router, limits)).await
    }

    async fn of(edge: Edge<impl Answers>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(edge.serve(listener, async {
            let _ = stopped.await;
        }));
        Self { address, stop, serving }
    }

    async fn connect(&self) -> Client<TcpStream> {
        Client { stream: TcpStream::connect(self.address).await.unwrap() }
    }
}

/// One connection to the server.
struct Client<S> {
    stream: S,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl<S: AsyncRead + AsyncWriteExt + Unpin> Client<S> {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        self.receive().await
    }

    /// One whole answer.
    async fn receive(&mut self) -> Answer {
        within(async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.stream.read_u8().await.expect("the connection ended in a head"));
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let length =
                header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.unwrap();
            let status = head[9..12].parse().unwrap();
            Answer { status, head, body: String::from_utf8(body).unwrap() }
        })
        .await
    }

    /// What the server sends before it closes the connection.
    async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        within(self.stream.read_to_end(&mut bytes)).await.expect("the connection was reset");
        bytes
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Fails a test that would otherwise hang.
async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(TEST_SECONDS_MAX), future)
        .await
        .expect("what the test waits for did not happen")
}
