//! What has gone from a data folder is noticed: at a start, and by `check`.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use crate::client::{ALL, Client, creation};
use crate::folder::{DATA, Folder};
use crate::server::{Server, WAIT_MAX};

/// Commands that need what was there.
const NEEDY: [&str; 6] = [
    "serve --listen 127.0.0.1:0",
    "serve --listen 127.0.0.1:0 --init --accept-clock",
    "--data driftless-data demo --listen 127.0.0.1:0",
    "org add other",
    "export acme",
    "check",
];

const DATABASE: &str = "driftless-data/driftless.db";
const LOG: &str = "driftless-data/driftless.db-wal";
const MARKER: &str = "driftless-data/driftless.marker";

/// Every one of these refuses with a sentence that has these parts; the folder keeps what it has.
#[track_caller]
fn refused(folder: &Folder, parts: &[&str]) {
    let kept = || [DATABASE, MARKER].map(|name| fs::read(folder.path(name)).ok());
    let before = kept();
    for line in NEEDY {
        let said = folder.refused(line);
        for part in parts {
            assert!(said.contains(part), "{line}: {said}");
        }
        assert!(kept() == before, "{line} has touched something");
    }
}

/// Runs a server until so many writes have been acknowledged, and kills it.
fn killed_after(folder: &Folder, key: &str, writes: usize) -> Vec<i64> {
    let server = folder.serve();
    let client = Client::log_in(&server, key);
    let ids = (0..writes).map(|_| client.create("Call")).collect();
    server.kill();
    ids
}

#[test]
fn a_log_that_was_removed_after_a_kill_is_missed() {
    let (folder, key) = Folder::with_key();
    killed_after(&folder, &key, 10);
    folder.ok("check"); // Whoever opens the folder in order puts all of it into the database.
    assert!(!folder.path(LOG).exists());
    let ids = killed_after(&folder, &key, 50);

    let log = fs::read(folder.path(LOG)).unwrap();
    fs::remove_file(folder.path(LOG)).unwrap();
    let lacks = ["organization acme has 10 of 60 versions", LOG, "backup", "remove", MARKER];
    refused(&folder, &lacks);
    fs::write(folder.path(LOG), "").unwrap();
    refused(&folder, &lacks);
    // A log that is cut anywhere, or has another letter, ends there.
    fs::write(folder.path(LOG), &log[..log.len() / 2]).unwrap();
    refused(&folder, &["organization acme has ", " of 60 versions"]);

    fs::write(folder.path(LOG), &log).unwrap();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    assert_eq!(client.sync(ALL).total(), 60);
    assert_eq!(client.create("after"), ids.last().unwrap() + 1);
    server.stop();
    assert_eq!(folder.ok("check"), "no problems found\n");
}

#[test]
fn a_damaged_marker_hides_nothing_that_has_gone() {
    let (folder, key) = Folder::with_key();
    killed_after(&folder, &key, 30);
    let whole = fs::read(folder.path(MARKER)).unwrap();
    let mut flipped = whole.clone();
    flipped[40] ^= 1;
    fs::remove_file(folder.path(LOG)).unwrap();
    for damaged in [b"rubbish".repeat(20).as_slice(), &whole[..30], &flipped] {
        fs::write(folder.path(MARKER), damaged).unwrap();
        refused(&folder, &[MARKER, "is damaged", DATABASE, "backup", "remove"]);
    }
}

#[test]
fn a_marker_that_is_damaged_under_a_server_is_told_by_check() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    Client::log_in(&server, &key).create("Call");
    let mut marker = fs::read(folder.path(MARKER)).unwrap();
    marker[3] ^= 1; // The first record is written only once.
    fs::write(folder.path(MARKER), marker).unwrap();
    let said = folder.run("check");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("driftless.marker is damaged"), "{said:?}");
    server.stop();
}

/// From now on nothing is acknowledged, the server says so, and which file it is about.
#[track_caller]
fn refuses_writes(server: &Server, client: &Client, file: &str) {
    let answer = client.get("createActivity", &creation("lost"));
    assert!(answer.error().is_some(), "{answer:?}");
    let begun = Instant::now();
    while server.get("/readyz").status != 503 {
        assert!(begun.elapsed() < WAIT_MAX, "it says that it is ready");
    }
    let answer = client.get("createActivity", &creation("lost"));
    assert!(answer.error().is_some(), "{answer:?}");
    server.log.wait_for("the file's name", |line| line.contains(&format!("{file} is ")));
}

#[test]
fn a_database_that_is_taken_from_under_a_server_gets_no_more_writes() {
    let (folder, key) = Folder::with_key();
    folder.ok("backup copy");
    let aside = folder.path("aside");
    for another in [None, Some("copy/driftless.db")] {
        let server = folder.serve();
        let client = Client::log_in(&server, &key);
        let id = client.create("kept");
        fs::rename(folder.path(DATABASE), &aside).unwrap();
        if let Some(another) = another {
            fs::copy(folder.path(another), folder.path(DATABASE)).unwrap();
        }
        refuses_writes(&server, &client, DATABASE);

        fs::rename(&aside, folder.path(DATABASE)).unwrap();
        let begun = Instant::now();
        while server.get("/readyz").status != 200 {
            assert!(begun.elapsed() < WAIT_MAX, "it is there again");
        }
        assert_eq!(client.create("after"), id + 1);
        server.kill();
        assert_eq!(folder.ok("check"), "no problems found\n");
    }
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    fs::remove_file(folder.path(DATABASE)).unwrap();
    refuses_writes(&server, &client, DATABASE);
    server.kill();
    refused(&folder, &["driftless-data/driftless.db is missing"]);
}

#[test]
fn a_log_that_is_removed_from_under_a_server_takes_nothing_along() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let ids: Vec<i64> = (0..10).map(|_| client.create("kept")).collect();
    fs::remove_file(folder.path(LOG)).unwrap();
    refuses_writes(&server, &client, LOG);
    server.log.wait_for("the way out", |line| line.contains("restart the server"));
    server.kill();

    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    assert_eq!(client.sync(ALL).total(), 10);
    assert_eq!(client.create("after"), ids.last().unwrap() + 1);
    server.stop();
    assert_eq!(folder.ok("check"), "no problems found\n");
}

#[test]
fn a_promise_that_was_removed_with_the_log_is_missed() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    Client::log_in(&server, &key).sync(ALL);
    server.kill();
    fs::remove_file(folder.path(LOG)).unwrap();
    refused(
        &folder,
        &["it does not record that clients may have received times up to ", LOG, MARKER],
    );
}

#[test]
fn organizations_that_were_removed_with_the_log_are_missed() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    for org in ["one", "two"] {
        folder.ok(&format!("org add {org}"));
        let user = folder.ok(&format!("user add {org} Ada"));
        let key = folder.ok(&format!("key add {org} --user {}", user.trim()));
        Client::log_in_to(org, &server, key.trim()).create("Call");
    }
    Client::log_in(&server, &key).create("Call");
    server.kill();
    fs::remove_file(folder.path(LOG)).unwrap();
    refused(&folder, &["organization acme has 0 of 1 versions", "2 more organizations"]);
}

#[test]
fn whoever_knows_what_it_costs_goes_on_without_it() {
    let (folder, key) = Folder::with_key();
    killed_after(&folder, &key, 5);
    fs::remove_file(folder.path(LOG)).unwrap();
    refused(&folder, &[]);
    fs::remove_file(folder.path(MARKER)).unwrap();
    let server = folder.serve();
    assert_eq!(Client::log_in(&server, &key).create("again"), 1);
    server.stop();
    assert_eq!(folder.ok("check"), "no problems found\n");
}

#[test]
fn a_database_that_was_removed_is_missed() {
    let (folder, key) = Folder::with_key();
    killed_after(&folder, &key, 5);
    let kept = fs::read(folder.path(DATABASE)).unwrap();
    fs::remove_file(folder.path(DATABASE)).unwrap();
    let missing = ["driftless-data/driftless.db is missing", "put it back", "backup"];
    refused(&folder, &missing);
    let marker = fs::read(folder.path(MARKER)).unwrap();
    fs::remove_file(folder.path(MARKER)).unwrap();
    refused(&folder, &missing); // The log beside it is a sign too.
    fs::write(folder.path(MARKER), marker).unwrap();
    fs::remove_file(folder.path(LOG)).unwrap();
    refused(&folder, &missing);

    // Made anew under another name, and then put here: another database.
    folder.ok("--data elsewhere org add acme");
    fs::copy(folder.path("elsewhere/driftless.db"), folder.path(DATABASE)).unwrap();
    refused(&folder, &["is not the database that", MARKER]);
    fs::write(folder.path(DATABASE), kept).unwrap();
    refused(&folder, &["organization acme has 0 of 5 versions"]);
}

#[test]
fn an_older_copy_in_its_place_is_noticed() {
    let (folder, key) = Folder::with_key();
    killed_after(&folder, &key, 5);
    folder.ok("backup copy");
    killed_after(&folder, &key, 3);
    folder.ok("check");
    fs::copy(folder.path("copy/driftless.db"), folder.path(DATABASE)).unwrap();
    refused(&folder, &["organization acme has 5 of 8 versions"]);

    // Served from a folder of its own, it goes on from where it was taken, and is another from then on.
    let server = Server::start(&folder, &["--data", "copy"]);
    let client = Client::log_in(&server, &key);
    (6..=20).for_each(|id| assert_eq!(client.create("Call"), id));
    server.stop();
    fs::copy(folder.path("copy/driftless.db"), folder.path(DATABASE)).unwrap();
    refused(&folder, &["is not the database that"]);
}

#[test]
fn a_letter_that_was_changed_in_a_stored_text_is_found() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    client.create("the+blue+ink");
    let id = client.create("the+black+ink");
    client.update(id, "activity.note=not+the+red+one");
    server.stop();
    for (before, after, found) in [
        ("blue ink", "blae ink", "position 1, activity 1: "),
        ("black ink", "block ink", "position 2, activity 2: "),
        ("red one", "bed one", "position 3, activity 2: "),
    ] {
        let whole = fs::read(folder.path(DATABASE)).unwrap();
        let mut changed = whole.clone();
        // Everywhere that it stands: in the version, and in the current state, which so agree.
        let is_there = |at: &usize| whole[*at..].starts_with(before.as_bytes());
        let places: Vec<usize> = (0..whole.len()).filter(is_there).collect();
        assert!(!places.is_empty());
        for place in places {
            changed[place..][..after.len()].copy_from_slice(after.as_bytes());
        }
        fs::write(folder.path(DATABASE), changed).unwrap();
        let said = folder.run("check");
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.out.contains(&format!("organization acme: {found}")), "{said:?}");
        assert!(said.out.contains("is not what was written"), "{said:?}");
        fs::write(folder.path(DATABASE), whole).unwrap();
    }
    assert_eq!(folder.ok("check"), "no problems found\n");
}

#[test]
fn a_running_server_is_checked_against_what_it_has_told() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    (1..=3).for_each(|id| assert_eq!(client.create("Call"), id));
    assert_eq!(folder.ok("check"), "no problems found\n");
    let database = rusqlite::Connection::open(folder.path(DATABASE)).unwrap();
    database
        .execute_batch("DELETE FROM change WHERE seq = 3; DELETE FROM activity WHERE seq = 3")
        .unwrap();
    drop(database);
    let said = folder.run("check");
    assert_eq!(said.code, 1);
    assert!(said.out.contains("organization acme has 2 of 3 versions"), "{said:?}");
    server.stop();
}

#[test]
fn a_first_import_that_was_cut_short_leaves_nothing_to_miss() {
    let (folder, _) = Folder::with_key();
    let lines: String = (1..=20_000).map(|id| crate::import::line(id, "Call")).collect();
    folder.write("lines.jsonl", &lines);
    let server = folder.serve();
    let mut import = folder.command(["import", "acme", "lines.jsonl"]);
    let mut importing = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let database = rusqlite::Connection::open(folder.path(DATABASE)).unwrap();
    let count = "SELECT count(*) FROM change";
    while database.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        assert!(importing.try_wait().unwrap().is_none(), "it has ended before it has begun");
    }
    drop(database);
    server.kill();
    importing.wait().unwrap();

    folder.serve().stop();
    assert_eq!(folder.ok("check"), "no problems found\n");
    assert_eq!(folder.ok("export acme"), "", "it is cut back");
    let server = folder.serve();
    folder.ok("import acme lines.jsonl");
    server.kill();
    assert_eq!(folder.ok("export acme").lines().count(), 20_000);
    folder.serve().stop();
}

#[test]
fn a_server_begins_a_folder_only_when_told_to() {
    let folder = Folder::new();
    let line = "serve --listen 127.0.0.1:0";
    let said = folder.refused(line);
    assert!(
        said.contains("`driftless org add`") && said.contains("`driftless serve --init`"),
        "{said}"
    );
    assert!(folder.names("").is_empty(), "nothing is made");
    fs::create_dir(folder.path(DATA)).unwrap();
    let said = folder.refused(line);
    assert!(said.contains("`driftless serve --init`"), "{said}");
    assert!(folder.names(DATA).is_empty(), "nothing is made");

    let server = Server::start(&folder, &["--init"]);
    folder.ok("org add acme");
    server.stop();
    folder.serve().stop();
    let other = Folder::new();
    let mut command = other.serving(&[]);
    command.env("DRIFTLESS_INIT", "yes");
    Server::of(command).stop();
}
