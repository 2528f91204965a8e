//! Readers of the output who go away.

use std::io::{BufRead, BufReader, PipeWriter};
use std::process::Stdio;

use crate::client::{ALL, Client};
use crate::folder::{Folder, Output, either_way};
use crate::server::Server;
use crate::shape;

/// A pipe that nobody reads.
fn unread() -> PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

#[test]
fn whoever_reads_the_results_may_have_seen_enough() {
    either_way(|folder| {
        folder.ok("org add acme");
        for line in ["org list", "status list acme", "export acme --format csv", "check"] {
            let status = folder.command(line.split(' ')).stdout(unread()).status().unwrap();
            assert_eq!(status.code(), Some(0), "{line}");
        }
        String::new()
    });
}

/// A monitor that reads the first line alone goes by the exit code.
#[test]
fn a_check_ends_with_what_it_found_whoever_reads_it() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    client.create("one");
    client.create("two");
    client.sync("syncActivityTimeFrom=0001-01-01T00:00:00Z&page.pageSize=1");
    let code =
        |line: &str| folder.command(line.split(' ')).stdout(unread()).status().unwrap().code();
    let codes = || (code("keys check acme"), code("check"));
    assert_eq!(codes(), (Some(2), Some(0)));
    server.stop();
    assert_eq!(codes(), (Some(2), Some(0)));
    let database = folder.path("driftless-data").join(store_sqlite::DATABASE_FILE);
    let connection = rusqlite::Connection::open(database).unwrap();
    connection.execute("UPDATE change SET document = 'other' WHERE seq = 1", ()).unwrap();
    assert_eq!(code("check"), Some(1));
}

#[test]
fn nobody_need_read_what_is_told_beside_the_results() {
    either_way(|folder| {
        folder.ok("org add acme");
        let run = |line: &str| {
            let mut command = folder.command(line.split(' '));
            Output::of(&command.stderr(unread()).output().unwrap())
        };
        assert_eq!(run("user add acme Ada").out, "1\n");
        let key = run("key add acme --user 1");
        assert!(key.code == 0 && shape::is_secret(key.out.trim()), "{key:?}");
        assert_eq!(run("key add acme --user 2").code, 1, "a failure is one all the same");
        String::new()
    });
}

#[test]
fn a_server_goes_on_when_nobody_reads_its_log() {
    let (folder, key) = Folder::with_key();
    let mut command = folder.serving(&[]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("serving") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it listens");
    }
    drop(log);
    let server = Server::running(child).at(&line);
    let client = Client::log_in(&server, &key);
    let id = client.create("Call");
    assert_eq!(client.sync(ALL).ids(), [id]);
    folder.ok("org list");
    server.signal("-TERM");
    assert_eq!(server.ended().0.code(), Some(0));
}
