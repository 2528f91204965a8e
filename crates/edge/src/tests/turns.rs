//! Connections take turns, however much is written to one of them.

use std::sync::Arc;

use tokio::io::{DuplexStream, duplex};
use tokio::sync::watch;

use super::*;
use crate::connection::converse;
use crate::places::Places;

const LONG_BYTES: usize = 8 << 20;

#[tokio::test]
async fn a_long_answer_to_a_fast_reader_does_not_keep_others_waiting() {
    let long = || async { "x".repeat(LONG_BYTES) };
    let edge = Arc::new(edge(echo().route("/long", get(long)), patient()));
    let places = Places::new(&edge.limits);
    let (_running, stopped) = watch::channel(false);
    // As if it were read as soon as it is written: all of it fits in.
    let ask = async |path: &str| -> (DuplexStream, JoinHandle<()>) {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let (mut client, served) = duplex(2 * LONG_BYTES);
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let (edge, seat, stopped) =
            (edge.clone(), places.admit(peer.ip(), false).unwrap(), stopped.clone());
        (client, tokio::spawn(async move { converse(&edge, served, peer, seat, stopped).await }))
    };
    let (mut long, writing) = ask("/long").await;
    let (mut short, _) = ask("/echo/one").await;
    let mut answer = String::new();
    short.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with(r#"{"echo":"one"}"#), "{answer}");
    assert!(!writing.is_finished(), "the long answer came first");
    let mut answer = Vec::new();
    long.read_to_end(&mut answer).await.unwrap();
    assert!(answer.len() > LONG_BYTES);
}
