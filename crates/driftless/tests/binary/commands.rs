//! The socket through which commands reach a server: what it bears, and what a command says when it
//! breaks.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};

use crate::folder::{DATA, Folder};
use crate::server::{Server, WAIT_MAX};

const SOCKET: &str = "driftless-data/driftless.sock";

fn connect(folder: &Folder) -> UnixStream {
    let stream = UnixStream::connect(folder.path(SOCKET)).unwrap();
    stream.set_read_timeout(Some(WAIT_MAX)).unwrap();
    stream
}

#[test]
fn a_command_too_many_is_told_so_and_those_who_say_nothing_are_not_waited_for() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    let silent: Vec<UnixStream> = (0..8).map(|_| connect(&folder)).collect();
    let said = folder.refused("org list");
    assert_eq!(said, "the server is already running 8 commands; try again later");
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the server has hung up");
    }
    folder.ok("org list");
    server.stop();
}

#[test]
fn connections_and_commands_are_taken_again_once_there_are_file_descriptors() {
    let (folder, _) = Folder::with_key();
    let mut serving = folder.serving(&[]);
    serving.env("RUST_LOG", "info,edge=debug");
    let server = Server::of(serving);
    // Only the three standard descriptors lie below this limit: what is open stays so, and nothing more can be opened.
    let before = server.limit_descriptors(Some(3));
    let mut connection = server.connect();
    write!(connection, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let command = connect(&folder);
    for what in ["connections", "commands"] {
        let still = format!("still cannot accept {what}");
        server.log.wait_for(what, |line| line.contains(&still) && line.contains("failures=4"));
    }
    server.limit_descriptors(before);
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(command);
    folder.ok("org list");
    let log = server.stop();
    for what in ["connections", "commands"] {
        let told = log.iter().filter(|line| line.contains(&format!("cannot accept {what} at")));
        assert_eq!(told.count(), 1, "{what}: once for an outage: {log:#?}");
    }
}

/// Somebody who holds the folder and hangs up once a command has come so far.
fn hanging_up(folder: &Folder, after: impl FnOnce(UnixStream) + Send + 'static) -> File {
    let lock = File::open(folder.path(DATA).join("driftless.lock")).unwrap();
    lock.try_lock().unwrap();
    let listener = UnixListener::bind(folder.path(SOCKET)).unwrap();
    std::thread::spawn(move || after(listener.accept().unwrap().0));
    lock
}

#[test]
fn a_socket_that_breaks_is_a_failure() {
    let stopped = "the server stopped before the command had finished";
    let breaks: [fn(UnixStream); 3] = [
        drop,
        |stream| {
            BufReader::new(stream).read_line(&mut String::new()).unwrap();
        },
        |stream| stream.shutdown(std::net::Shutdown::Read).unwrap(),
    ];
    for (n, after) in breaks.into_iter().enumerate() {
        let (folder, _) = Folder::with_key();
        folder.write("large.jsonl", "\n".repeat(4 << 20));
        let _held = hanging_up(&folder, after);
        let output = folder.run("import acme large.jsonl");
        assert_eq!((output.code, output.out.as_str()), (1, ""), "{n}: {output:?}");
        let told = [stopped, "onnection reset"];
        assert!(told.iter().any(|text| output.err.contains(text)), "{n}: {output:?}");
    }
}
