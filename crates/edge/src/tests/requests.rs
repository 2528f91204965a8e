//! What a client gets for what it sends.

use super::*;

/// The answer that the edge gives of itself, and the end of the connection.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.head);
    assert_eq!(answer.body, format!("{{\"refused\":{{\"status\":{status}}}}}"));
    assert_eq!(header(&answer.head, "content-type"), Some("application/json"));
    assert_eq!(header(&answer.head, "cache-control"), Some("no-store"));
    assert_eq!(header(&answer.head, "connection"), Some("close"));
}

async fn check_refused(request: impl AsRef<[u8]>, status: u16) {
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    client.send(request).await;
    assert_refused(&client.receive().await, status);
    assert_eq!(client.read_to_end().await, b"");
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    for word in ["one", "two", "three"] {
        let answer = client.get(&format!("/echo/{word}")).await;
        assert_eq!((answer.status, answer.body), (200, format!("{{\"echo\":\"{word}\"}}")));
    }
}

#[tokio::test]
async fn requests_sent_in_one_go_are_answered_in_order() {
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    client
        .send("GET /echo/one HTTP/1.1\r\nHost: x\r\n\r\nGET /echo/two HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n")
        .await;
    assert_eq!(client.receive().await.body, "{\"echo\":\"one\"}");
    assert_eq!(client.receive().await.body, "{\"echo\":\"two\"}");
    assert_refused(&client.receive().await, 400);
}

#[tokio::test]
async fn handlers_know_the_peer() {
    use axum::extract::ConnectInfo;
    let router = Router::new().route(
        "/",
        get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
    );
    let server = Server::start(router, patient()).await;
    let mut client = server.connect().await;
    let own = client.stream.local_addr().unwrap();
    assert_eq!(client.get("/").await.body, own.to_string());
}

#[tokio::test]
async fn a_malformed_request_line_is_refused() {
    check_refused("rubbish\r\n\r\n", 400).await;
}

#[tokio::test]
async fn a_malformed_header_is_refused() {
    check_refused("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400).await;
}

#[tokio::test]
async fn a_malformed_length_is_refused() {
    check_refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400).await;
}

#[tokio::test]
async fn an_unknown_version_is_refused() {
    check_refused("GET / HTTP/7.0\r\n\r\n", 400).await;
}

#[tokio::test]
async fn a_kept_connection_of_an_old_client_is_refused_in_its_version() {
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    client.send("GET /echo/one HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    assert_eq!(client.receive().await.status, 200);
    client.send("rubbish\r\n\r\n").await;
    let answer = client.receive().await;
    assert!(answer.head.starts_with("http/1.0 "), "{}", answer.head);
    assert_refused(&answer, 400);
}

#[tokio::test]
async fn a_uri_just_short_of_the_limit_is_served() {
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    let path = "/echo/long?";
    let query = "q".repeat(65_534 - path.len());
    assert_eq!(client.get(&format!("{path}{query}")).await.status, 200);
}

#[tokio::test]
async fn a_uri_beyond_the_limit_is_refused() {
    check_refused(format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "u".repeat(70 * 1024)), 414).await;
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let header = format!("X: {}\r\n", "h".repeat(1_000));
    check_refused(
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", header.repeat(90) + &header.repeat(60)),
        431,
    )
    .await;
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    check_refused(format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(101)), 431)
        .await;
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_reads_only_after_it_has_sent_everything() {
    let megabytes = vec![b'h'; 4 * 1024 * 1024];
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: x\r\nX: ").await;
    client.send(megabytes).await;
    assert_refused(&client.receive().await, 431);
}

#[tokio::test]
async fn a_refusal_reaches_such_a_client_after_an_answer_too() {
    let server = Server::start(echo(), patient()).await;
    let mut client = server.connect().await;
    // In one write, so that the server has read the rubbish before it waits for a request again.
    client.send("GET /echo/one HTTP/1.1\r\nHost: x\r\n\r\nrubbish\r\n\r\n").await;
    client.send(vec![b'r'; 4 * 1024 * 1024]).await;
    assert_eq!(client.receive().await.body, "{\"echo\":\"one\"}");
    assert_refused(&client.receive().await, 400);
}

#[tokio::test]
async fn no_bytes_take_the_server_down() {
    let server = Server::start(echo(), patient()).await;
    let mut random = Random(0x5EED);
    for round in 0..400 {
        let input = if round % 2 == 0 { random.bytes() } else { random.damaged_request() };
        let mut client = server.connect().await;
        client.send(&input).await;
        client.stream.shutdown().await.unwrap();
        let answer = String::from_utf8(client.read_to_end().await).unwrap();
        // A request that was damaged harmlessly is answered by the router, a truncated one by
        // the end of the connection, and anything else has a body with one root.
        if let Some((head, body)) = answer.split_once("\r\n\r\n")
            && head.starts_with("HTTP/1.1 400")
        {
            assert_eq!(body, "{\"refused\":{\"status\":400}}", "round {round}");
        }
    }
    assert_eq!(server.connect().await.get("/echo/alive").await.body, "{\"echo\":\"alive\"}");
}

/// A small generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..=self.below(300)).map(|_| self.byte()).collect()
    }

    fn damaged_request(&mut self) -> Vec<u8> {
        let mut request = b"POST /echo/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
            3\r\nabc\r\n0\r\n\r\n"
            .to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(request.len());
            request[place] = self.byte();
        }
        request
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    for head in [
        "GET /echo/one HTTP/1.1\r\n",
        "GET /echo/one HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        "GET /echo/one HTTP/1.0\r\nHost: a\r\nHost: b\r\n",
        "GET /echo/one HTTP/1.1\r\nHost: a/b\r\n",
        "GET /echo/one HTTP/1.1\r\nHost: a b\r\n",
        "GET /echo/one HTTP/1.1\r\nHost: a@b\r\n",
    ] {
        check_refused(format!("{head}\r\n"), 400).await;
    }
    let server = Server::start(echo(), patient()).await;
    for head in [
        "GET /echo/one HTTP/1.0\r\n",
        "GET /echo/one HTTP/1.1\r\nHost:\r\n",
        "GET /echo/one HTTP/1.1\r\nHost: crm_1.example:8420\r\n",
        "GET /echo/one HTTP/1.1\r\nHost: [2001:db8::7]:80\r\n",
    ] {
        let mut client = server.connect().await;
        client.send(format!("{head}\r\n")).await;
        assert_eq!(client.receive().await.status, 200, "{head}");
    }
}

/// More than a connection has for a head by itself.
fn long_head(bytes: usize) -> String {
    let path = "/echo/long?";
    format!("GET {path}{} HTTP/1.1\r\nHost: x\r\n", "q".repeat(bytes.min(65_534 - path.len())))
        + &format!("X: {}\r\n", "h".repeat(1_000)).repeat(bytes.saturating_sub(65_534) / 1_000)
}

#[tokio::test]
async fn unfinished_long_heads_are_bounded_and_short_ones_get_through() {
    let server = Server::start(echo(), patient()).await;
    let mut unfinished = Vec::new();
    let refused = loop {
        let mut client = server.connect().await;
        client.send(long_head(100_000)).await;
        unfinished.push(client);
        // One that is refused is the only one that gets an answer.
        let mut probe = server.connect().await;
        probe.send(long_head(100_000) + "\r\n").await;
        let answer = probe.receive().await;
        if answer.status != 200 {
            break answer;
        }
        assert_eq!(header(&answer.head, "connection"), Some("close"), "its buffer is large");
        assert!(unfinished.len() < 90, "they are bounded");
    };
    assert_refused(&refused, 431);
    assert!(unfinished.len() > 30, "{}", unfinished.len());
    assert_eq!(server.connect().await.get("/echo/short").await.status, 200);
    for mut client in unfinished.drain(..10) {
        client.send("\r\n").await;
        assert_eq!(client.receive().await.status, 200);
        assert_eq!(client.read_to_end().await, b"");
    }
    let is_room_again = async {
        loop {
            let mut client = server.connect().await;
            client.send(long_head(100_000) + "\r\n").await;
            if client.receive().await.status == 200 {
                break;
            }
        }
    };
    within(is_room_again).await;
}
