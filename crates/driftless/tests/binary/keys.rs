//! What a key was given and what it lacks, as machines are told it: `key check`, exit codes, metrics.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::client::{ALL, Answer, Client, agent};
use crate::folder::{Folder, Output};
use crate::server::WAIT_MAX;

/// A first line of `key check`, and its exit code.
fn checked(folder: &Folder) -> (i32, String) {
    let Output { code, out, err } = folder.run("keys check acme");
    assert_eq!(err, "");
    (code, out.lines().next().unwrap().to_owned())
}

#[track_caller]
fn check(folder: &Folder, code: i32, beginning: &str) {
    let (found, line) = checked(folder);
    assert!(found == code && line.starts_with(beginning), "{found}: {line}");
    let figures = line.split_once(" | ").expect("figures").1;
    assert!(figures.split(' ').all(|figure| figure.contains('=')), "{line}");
}

/// A question of pages of one record.
fn page(from: &str, page: u32) -> String {
    let from = from.replace('+', "%2B");
    format!("syncActivityTimeFrom={from}&page.pageSize=1&page.currentPage={page}")
}

/// Reads a page, and waits until it counts as served. The client has it a moment before that; the same
/// connection answers its next question only after it.
#[track_caller]
fn read(client: &Client, query: &str) -> Answer {
    let page = client.sync(query);
    client.get("listActivityStatus", "").ok();
    page
}

const BEGINNING: &str = "0001-01-01T00:00:00Z";

#[test]
fn a_check_says_what_each_key_lacks_and_ends_with_a_code_for_monitoring() {
    let (folder, key) = Folder::with_key();
    check(&folder, 0, "KEYS OK - acme: nothing is missing, 1 key checked | keys=1 warning=0");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    for subject in ["one", "two", "three"] {
        client.create(subject);
    }
    check(&folder, 0, "KEYS OK - acme: ");
    // One page of three.
    read(&client, &page(BEGINNING, 1));
    check(
        &folder,
        2,
        "KEYS CRITICAL - acme: key 1 incomplete, page 1 of 3, 2 changes never delivered | keys=1 warning=0 critical=1 undelivered=2 behind=0",
    );
    read(&client, &page(BEGINNING, 2));
    check(&folder, 1, "KEYS WARNING - acme: key 1 reading, page 2 of 3, 1 change still to come");
    let told = read(&client, &page(BEGINNING, 3)).time().to_owned();
    check(&folder, 0, "KEYS OK - acme: ");
    // The year 2030 of somebody who will read this then is further away still.
    read(&client, &page("2999-01-01T00:00:00Z", 1));
    check(&folder, 2, "KEYS CRITICAL - acme: key 1 asks from the future");
    read(&client, &page(&told, 1));
    check(&folder, 0, "KEYS OK - acme: ");
    // A script that asks from its own clock, and so leaves out what came before.
    client.create("lost");
    let last = client.create("last");
    let records = read(&client, &format!("activityIds.activityId={last}"));
    let from = records.records()[0]["lastModifiedDateTime"].as_str().unwrap().to_owned();
    read(&client, &page(&from, 1));
    check(&folder, 2, "KEYS CRITICAL - acme: key 1 skipped, 1 change never delivered");
    let (_, out) = (0, folder.run("key check acme").out);
    assert!(out.lines().nth(1).unwrap().starts_with("KEY  COMPLETE UP TO"), "{out}");
    assert!(out.lines().nth(2).unwrap().contains("skipped (from 2"), "{out}");

    // A stop keeps it, and the check needs no server.
    server.stop();
    check(&folder, 2, "KEYS CRITICAL - acme: key 1 skipped, 1 change never delivered");
    let server = folder.serve();
    check(&folder, 2, "KEYS CRITICAL - acme: key 1 skipped, 1 change never delivered");
    read(&Client::log_in(&server, &key), &page(&told, 1));
    check(&folder, 2, "KEYS CRITICAL - acme: key 1 incomplete, page 1 of ");
    read(&Client::log_in(&server, &key), ALL);
    check(&folder, 0, "KEYS OK - acme: ");
    folder.ok("key revoke acme 1");
    check(&folder, 0, "KEYS OK - acme: ");
    server.stop();
}

#[test]
fn what_cannot_be_checked_is_unknown() {
    let (folder, _) = Folder::with_key();
    let unknown = |line: &str| {
        let Output { code, out, err } = folder.run(line);
        assert_eq!((code, err.as_str()), (3, ""), "{out}");
        assert!(out.starts_with("KEYS UNKNOWN - ") && out.lines().count() == 1, "{out}");
    };
    unknown("key check nobody");
    unknown("--data nowhere key check acme");
    let server = folder.serve();
    unknown("keys check nobody");
    server.stop();
}

#[test]
fn what_is_expected_of_a_key_is_said_and_taken_back() {
    let (folder, _) = Folder::with_key();
    let transcript = folder.transcript(&[
        "key expect acme 1 7d",
        "key expect acme 1 --none",
        "key expect acme 2 7d",
        "key expect acme 1 soon",
        "key expect acme 1",
    ]);
    insta::assert_snapshot!(transcript);
}

#[test]
fn metrics_tell_of_each_key_unless_a_proxy_asks() {
    let (folder, key) = Folder::with_key();
    folder.ok("key add acme --user 7 --label \"say 'a\\b'\"");
    folder.ok("key add acme --user 7 --label gone");
    folder.ok("key revoke acme 3");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    for subject in ["one", "two", "three"] {
        client.create(subject);
    }
    read(&client, &page(BEGINNING, 1));
    let metrics = server.get("/metrics").body;
    let one = "organization=\"acme\",key=\"1\",label=\"\"";
    let two = "organization=\"acme\",key=\"2\",label=\"say 'a\\\\b'\"";
    for expected in [
        format!("driftless_key_state{{{one},state=\"incomplete\"}} 1"),
        format!("driftless_key_state{{{two},state=\"not used yet\"}} 1"),
        format!("driftless_key_problem{{{one}}} 2"),
        format!("driftless_key_problem{{{two}}} 0"),
        format!("driftless_key_undelivered_changes{{{one}}} 2"),
        format!("driftless_key_behind_changes{{{one}}} 0"),
        "# TYPE driftless_key_complete_until_timestamp_seconds gauge".to_owned(),
    ] {
        assert!(metrics.lines().any(|line| line == expected), "{expected}\n{metrics}");
    }
    let last = format!("driftless_key_last_poll_timestamp_seconds{{{one}}} ");
    let last = metrics.lines().find_map(|line| line.strip_prefix(&last)).expect("a time");
    assert!(last.parse::<f64>().unwrap() > 1.7e9, "{last}");
    assert!(!metrics.contains("gone") && !metrics.contains(&key), "{metrics}");

    for header in ["X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1"] {
        let request =
            format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{header}\r\nConnection: close\r\n\r\n");
        let metrics = server.send(request.as_bytes()).body;
        assert!(metrics.contains("driftless_requests_total"), "{metrics}");
        assert!(!metrics.contains("driftless_key") && !metrics.contains("acme"), "{metrics}");
    }
    server.stop();
}

/// As Prometheus does with `basic_auth`, be it through a proxy.
#[test]
fn whoever_brings_an_organizations_key_is_shown_its_keys_and_no_others() {
    let (folder, key) = Folder::with_key();
    folder.ok("org add other");
    folder.ok("user add other Ada");
    let others = folder.ok("key add other --user 1");
    let server = folder.serve();
    let shown = |name: &str, password: &str| {
        let basic = STANDARD.encode(format!("{name}:{password}"));
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1\r\nAuthorization: Basic {basic}\r\nConnection: close\r\n\r\n"
        );
        let answer = server.send(request.as_bytes());
        let metrics = answer.body;
        assert_eq!(metrics.contains("driftless_requests_total"), answer.status == 200, "{metrics}");
        ["acme", "other"].map(|org| metrics.contains(&format!("organization=\"{org}\"")))
    };
    assert_eq!(shown("acme", &key), [true, false]);
    assert_eq!(shown("other", others.trim()), [false, true]);
    for (name, password) in [("acme", others.trim()), ("acme", ""), ("", &key), ("none", &key)] {
        assert_eq!(shown(name, password), [false, false], "{name}");
    }
    folder.ok("key revoke acme 1");
    assert_eq!(shown("acme", &key), [false, false]);
    server.stop();
}

#[test]
fn what_was_delivered_survives_a_killed_process() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    for subject in ["one", "two", "three"] {
        client.create(subject);
    }
    read(&client, &page(BEGINNING, 1));
    read(&client, &page(BEGINNING, 2));
    wait_until_written(&folder, "\"served\":[2,[]]");
    server.kill();
    check(&folder, 1, "KEYS WARNING - acme: key 1 reading, page 2 of 3, 1 change still to come");
    let server = folder.serve();
    let client = Client::with_session(&server, &client.session);
    read(&client, &page(BEGINNING, 3));
    check(&folder, 0, "KEYS OK - acme: ");
    server.stop();
}

/// The server writes it down within a second or so, and tells nobody.
fn wait_until_written(folder: &Folder, text: &str) {
    let begun = std::time::Instant::now();
    let database = folder.path("driftless-data").join(store_sqlite::DATABASE_FILE);
    loop {
        let connection = rusqlite::Connection::open(&database).unwrap();
        let document = connection.query_row("SELECT document FROM coverage", [], |row| row.get(0));
        if document.is_ok_and(|document: String| document.contains(text)) {
            return;
        }
        assert!(begun.elapsed() < WAIT_MAX, "it is not written down");
    }
}

#[test]
fn an_answer_that_nobody_takes_is_not_delivered() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let note = "x".repeat(60_000);
    // More than the buffers of a connection hold.
    for n in 0..130 {
        let form = format!(
            "userSessionId={}&{}&activity.note={note}",
            client.session,
            crate::client::creation(&format!("n{n}"))
        );
        let url = format!("http://{}{}", server.address, crate::client::path("createActivity"));
        agent().post(&url).content_type("application/x-www-form-urlencoded").send(&form).unwrap();
    }
    let target =
        format!("{}?userSessionId={}&{ALL}", crate::client::path("syncActivities"), client.session);
    let mut stream = server.connect();
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    std::io::Read::read_exact(&mut stream, &mut [0; 1_000]).unwrap();
    drop(stream);
    server.log.wait_for("the answer to be noted", |line| line.contains("syncActivities"));
    let (code, line) = checked(&folder);
    assert!(code == 2 && line.contains("0 of 1 pages, 130 changes never delivered"), "{line}");
    read(&client, ALL);
    check(&folder, 0, "KEYS OK - acme: ");
    assert!(server.get("/metrics").body.contains("state=\"up to date\"} 1"));
    server.stop();
}
