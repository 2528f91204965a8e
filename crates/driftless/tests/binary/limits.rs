//! Too much, too long, or no HTTP at all: an answer that a client of 2014 can read.

use std::io::{Read, Write};

use domain::Moment;

use crate::client::{ALL, Answer, Client, path};
use crate::folder::Folder;
use crate::server::{Page, Server};

/// Sends the bytes; the answer must be a failure with one root, not to be cached.
#[track_caller]
fn check(server: &Server, name: &str, request: &[u8], status: u16, root: &str) {
    let Page { status: got, head, body } = server.send(request);
    let answer = Answer::of(got, &body);
    assert_eq!((answer.status, answer.root.as_str(), answer.code()), (status, root, "1"), "{name}");
    for header in ["content-type: application/json", "cache-control: no-store"] {
        assert!(head.contains(header), "{name}: {head}");
    }
}

#[test]
fn whatever_comes_in_is_answered_with_one_root() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    let sync = path("syncActivities");
    let get = |target: &str, more: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n").into_bytes()
    };
    let post = |size: usize, body: &str| {
        let head =
            "Host: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
        format!("POST {sync} HTTP/1.1\r\n{head}\r\nContent-Length: {size}\r\n\r\n{body}")
            .into_bytes()
    };
    let (s, e) = ("syncActivitiesResponse", "errorResponse");
    let long = "a=b&".repeat(16_000);
    let longer = "a=b&".repeat(20_000);
    let headers = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    let many: String = (0..500).map(|n| format!("X-{n}: x\r\n")).collect();
    for (name, request, status, root) in [
        ("a long query", get(&format!("{sync}?{long}"), ""), 414, s),
        ("a longer query", get(&format!("{sync}?{longer}"), ""), 414, e),
        ("a long header", get(&sync, &headers), 431, e),
        ("many headers", get(&sync, &many), 431, e),
        ("a large body", post(3 << 20, &"x".repeat(3 << 20)), 413, s),
        (
            "an unknown method",
            get("/neonws/services/api/account/listDonations", ""),
            404,
            "listDonationsResponse",
        ),
        (
            "another verb",
            get(&sync, "").strip_prefix(b"GET").map(|r| [b"PUT", r].concat()).unwrap(),
            405,
            s,
        ),
        ("no host", format!("GET {sync} HTTP/1.1\r\n\r\n").into_bytes(), 400, e),
        ("two hosts", get(&sync, "Host: y\r\n"), 400, e),
        ("no HTTP", b"EHLO example.org\r\n\r\n".to_vec(), 400, e),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), 400, e),
        ("no version", format!("GET {sync}\r\n\r\n").into_bytes(), 400, e),
        ("a broken header", get(&sync, "no colon\r\n"), 400, e),
        ("a blank in the path", get("/neonws/services api", ""), 400, e),
    ] {
        check(&server, name, &request, status, root);
    }
    assert_eq!(server.get("/readyz").status, 200, "and it goes on");
    server.stop();
}

#[test]
fn head_is_refused_without_a_body() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    let json = "content-type: application/json\r\ncache-control: no-store\r\n";
    let sync = path("syncActivities");
    for (target, status, allow) in [
        (sync.as_str(), 405, "allow: GET, POST"),
        ("//neonws/services/api/common/login?login.apiKey=x", 405, "allow: GET, POST"),
        ("/neonws/services/api/account/listDonations", 404, ""),
        ("/neonws/services/api", 404, ""),
        ("/nowhere", 404, ""),
        ("/healthz", 200, ""),
    ] {
        // A body would stand before the second answer.
        let request = format!(
            "HEAD {target} HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        );
        let page = server.send(request.as_bytes());
        assert_eq!(page.status, status, "{target}");
        assert!(page.body.starts_with("HTTP/1.1 200 OK\r\n"), "{target}: {page:?}");
        assert!(page.body.ends_with("\r\n\r\nok\n"), "{target}: {page:?}");
        let is_api = target.contains("neonws");
        assert_eq!(page.head.contains(json), is_api, "{target}: {page:?}");
        let allowed = page.head.lines().find(|line| line.starts_with("allow: "));
        assert_eq!(allowed.unwrap_or_default(), allow.to_lowercase(), "{target}");
    }
    server.stop();
}

/// A request that waits on the server until a To that lies ahead, if it is the first to get there.
fn waiting(server: &Server, client: &Client, now: &str) -> std::net::TcpStream {
    let ahead = Moment::parse(now).unwrap().stamp.plus_millis(1_500).at_offset(0).to_string();
    let ahead = ahead.replace('+', "%2B");
    let mut stream = server.connect();
    let query = format!("userSessionId={}&{ALL}&syncActivityTimeTo={ahead}", client.session);
    let head = "Host: x\r\nConnection: close";
    let request = format!("GET {}?{query} HTTP/1.1\r\n{head}\r\n\r\n", path("syncActivities"));
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

#[test]
fn an_organization_at_its_limit_is_told_to_try_again() {
    let (folder, key) = Folder::with_key();
    let server = Server::start(&folder, &["--requests-max", "1"]);
    let client = Client::log_in(&server, &key);
    // Either request may reach the server first; the one that does keeps the other out. A few
    // attempts are enough for the waiting one to be first.
    let answered = (0..10).find_map(|_| {
        let mut stream = waiting(&server, &client, client.sync(ALL).time());
        let refused = client.get("syncActivities", ALL);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let first = Answer::of(200, body);
        (first.code().is_empty() && refused.code() == "2").then_some((first, refused))
    });
    let (first, refused) = answered.expect("the waiting request keeps the other out");
    assert_eq!(first.total(), 0);
    let (_, text) = refused.error().unwrap();
    assert!(text.starts_with("Service is not available: "), "{text}");
    client.sync(ALL);
    server.stop();
}
