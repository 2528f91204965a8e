//! Strangers that take connections and memory: everybody else is served, and the log and the metrics say so.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Instant;

use tokio::net::TcpSocket;

use crate::client::{ALL, Client, FORM, path};
use crate::folder::Folder;
use crate::server::{Server, WAIT_MAX};

/// The value of a metric.
#[track_caller]
fn metric(server: &Server, name: &str) -> u64 {
    let metrics = server.get("/metrics").body;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name}: {metrics}")).parse().unwrap()
}

fn shed(server: &Server, reason: &str) -> u64 {
    metric(server, &format!("driftless_shed_total{{reason=\"{reason}\"}}"))
}

/// A connection from another address of this computer.
fn connect_from(address: &str, server: &Server) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connecting = async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
        socket.connect(server.address).await.unwrap().into_std().unwrap()
    };
    let stream = runtime.block_on(connecting);
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
    stream.set_write_timeout(Some(WAIT_MAX)).unwrap();
    stream
}

/// The status of the answer to these bytes; none if the server closes the connection without one.
fn status(mut stream: &TcpStream, bytes: &str) -> Option<u16> {
    let _ = stream.write_all(bytes.as_bytes());
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    str::from_utf8(&line[9..]).unwrap().parse().ok()
}

/// Adds somebody who can sign in.
const ADMIN: &str = "user add acme Eve --role admin --login eve --password-stdin";

const GET: &str = "GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A request whose body never comes.
fn body_to_come(bytes: usize) -> String {
    format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {bytes}\r\n\r\n",
        path("syncActivities")
    )
}

#[test]
fn thousands_of_silent_connections_shut_nobody_out() {
    let (folder, key) = Folder::with_key();
    let server = Server::start(&folder, &["--connections-max", "16"]);
    let client = Client::log_in(&server, &key);
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.extend((0..50).map(|_| server.connect()));
        assert_eq!(server.get("/healthz").status, 200);
        // Its own connection has been unused longest, and may be closed while it is used again.
        Client::with_session(&server, &client.session).sync(ALL);
    }
    assert!(shed(&server, "idle") >= 1_000 - 16);
    assert!(metric(&server, "driftless_connections") <= 16 + 16 + 64);
    server.log.wait_for("what was closed", |line| line.contains("closed those that were unused"));
    drop(silent);
    server.stop();
}

/// Also where the limit on open files is what bounds them.
#[test]
fn the_limit_on_open_files_bounds_connections() {
    let (folder, key) = Folder::with_key();
    let serving = folder.serving(&[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 300; exec \"$@\"", "sh"]).arg(serving.get_program());
    limited.args(serving.get_args()).current_dir(serving.get_current_dir().unwrap());
    let server = Server::of(limited);
    server.log.wait_for("the limit", |line| line.contains("ulimit -n"));
    let silent: Vec<TcpStream> = (0..500).map(|_| server.connect()).collect();
    assert_eq!(server.get("/healthz").status, 200);
    let client = Client::log_in(&server, &key);
    client.create("Call");
    client.sync(ALL);
    drop(silent);
    let log = server.stop();
    assert!(!log.iter().any(|line| line.contains("cannot accept")), "{log:?}");
}

#[test]
fn health_checks_are_answered_when_all_connections_are_at_work() {
    let (folder, _) = Folder::with_key();
    let base = ["--connections-max", "8", "--base-path", "/crm"];
    let server = Server::start(&folder, &base);
    let at_work: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    for mut stream in &at_work {
        stream.write_all(body_to_come(10).as_bytes()).unwrap();
    }
    // Each is at work as soon as its head has been read, which may be a little later.
    let until = Instant::now() + WAIT_MAX;
    while server.get("/sign-in").status != 503 {
        assert!(Instant::now() < until, "there is a place left");
        let mut stream = server.connect();
        stream.write_all(body_to_come(10).as_bytes()).unwrap();
    }
    for address in ["/healthz", "/readyz", "/crm/healthz"] {
        assert_eq!(server.get(address).status, 200, "{address}");
    }
    drop(at_work);
    server.stop();
}

#[test]
fn one_address_cannot_take_the_connections_of_others() {
    let folder = Folder::with_key().0;
    let server = Server::start(&folder, &["--connections-max", "64", "--trusted-proxy", "none"]);
    let strangers: Vec<TcpStream> = (0..40).map(|_| connect_from("127.0.0.2", &server)).collect();
    for mut stream in &strangers {
        // Some have been closed by then.
        let _ = stream.write_all(body_to_come(10).as_bytes());
    }
    let neighbour = connect_from("127.0.0.3", &server);
    assert_eq!(status(&neighbour, GET), Some(200));
    let until = Instant::now() + WAIT_MAX;
    // Those that were closed go a little later.
    while metric(&server, "driftless_connections") > 64 / 8 + 2 {
        assert!(Instant::now() < until, "it has more than its share");
    }
    assert!(shed(&server, "address") + shed(&server, "idle") >= 30);
    drop(strangers);
    server.stop();
}

/// The beginning of a request that is longer than what a connection has for it by itself.
fn long_head() -> String {
    let line = format!("X: {}\r\n", "h".repeat(1_000));
    format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{}", line.repeat(90))
}

#[test]
fn long_heads_of_strangers_leave_room_for_those_of_others() {
    let folder = Folder::with_key().0;
    let server = Server::start(&folder, &["--trusted-proxy", "none"]);
    let mut unfinished = Vec::new();
    while shed(&server, "head") == 0 {
        let mut stream = connect_from("127.0.0.2", &server);
        // One that is refused may be closed before all of it is sent.
        let _ = stream.write_all(long_head().as_bytes());
        unfinished.push(stream);
        assert!(unfinished.len() < 200, "they are bounded");
    }
    assert!(unfinished.len() > 20, "{}", unfinished.len());
    let neighbour = connect_from("127.0.0.3", &server);
    assert_eq!(status(&neighbour, &(long_head() + "\r\n")), Some(200));
    assert_eq!(server.get("/healthz").status, 200);
    server.log.wait_for("what was refused", |line| line.contains("large requests ran short"));
    drop(unfinished);
    server.stop();
}

#[test]
fn bodies_that_strangers_do_not_finish_leave_room_for_those_of_others() {
    const LARGE: usize = 2_000_000;

    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let mut unfinished = Vec::new();
    while shed(&server, "body") == 0 {
        let mut stream = server.connect();
        let begun = body_to_come(LARGE + 1) + &"&".repeat(LARGE);
        let _ = stream.write_all(begun.as_bytes());
        unfinished.push(stream);
        assert!(unfinished.len() < 50, "they are bounded");
    }
    // Whether the session is in the query or at the beginning of the body.
    let filler = "&".repeat(1_000_000);
    let session = format!("userSessionId={}&{ALL}", client.session);
    for (query, form) in
        [(format!("?{session}"), filler.clone()), (String::new(), session + &filler)]
    {
        let request = format!(
            "POST {}{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{form}",
            path("syncActivities"),
            form.len()
        );
        let page = server.send(request.as_bytes());
        assert!(page.body.contains("\"operationResult\":\"SUCCESS\""), "{page:?}");
    }
    drop(unfinished);
    server.stop();
}

/// Forms of people whose sessions have ended are kept for them, whatever others send.
#[test]
fn forms_that_strangers_do_not_finish_leave_room_for_those_of_others() {
    const LARGE: usize = 700_000;

    let folder = Folder::with_key().0;
    assert_eq!(folder.run_with_input(ADMIN, "correct-horse-battery").code, 0);
    let server = folder.serve();
    let head = |address: &str, bytes: usize| {
        format!(
            "POST /accounts HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\nConnection: close\r\nContent-Type: {FORM}\r\nContent-Length: {bytes}\r\n\r\n"
        )
    };
    let mut unfinished = Vec::new();
    while shed(&server, "body") == 0 {
        let mut stream = server.connect();
        let begun = head("192.0.2.1", LARGE + 1) + &"&".repeat(LARGE);
        let _ = stream.write_all(begun.as_bytes());
        unfinished.push(stream);
        assert!(unfinished.len() < 200, "they are bounded");
    }
    let form = format!("csrf=0123456789abcdef&name={}", "x".repeat(200_000));
    let page = server.send((head("192.0.2.2", form.len()) + &form).as_bytes());
    assert!(page.body.contains("name=\"kept\""), "{}", page.head);
    drop(unfinished);
    server.stop();
}

/// A server that does not accept for a while, as after a burst, keeps newcomers waiting instead of losing them.
#[test]
fn hundreds_of_connections_can_wait_to_be_accepted() {
    let folder = Folder::with_key().0;
    let server = folder.serve();
    server.signal("-STOP");
    let waiting: Vec<_> =
        (0..600).map(|_| TcpStream::connect_timeout(&server.address, WAIT_MAX)).collect();
    server.signal("-CONT");
    for stream in waiting {
        let stream = stream.expect("it waits in the queue");
        stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
        assert_eq!(status(&stream, GET), Some(200));
    }
    server.stop();
}
