//! `mirror verify` by digests: whatever somebody has done to the tables, it finds exactly that, and repairs it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use ::mirror::target::{SqliteTarget, TargetError};
use ::mirror::{Breaker, Difference, Options, Patience, Report, Source, Stop, Verified};
use domain::ActivityId;
use rusqlite::Connection;

use crate::client::Client;
use crate::folder::Folder;
use crate::server::Server;

struct Silent;

impl Report for Silent {
    fn progress(&mut self, _: u64, _: u64) {}
}

fn source(address: &str, key: &str) -> Source {
    let (stop, note) = (Stop::default(), Box::new(|_: &str| ()));
    let patience = Patience { total: Duration::from_secs(60), ..Patience::default() };
    Source::new(&format!("http://{address}"), "acme", key, patience, stop, note).unwrap()
}

fn options() -> Options {
    let breaker = Breaker { accepts_all: true, ..Breaker::default() };
    Options { breaker, ..Options::default() }
}

fn verify(server: &Server, key: &str, file: &Path, repair: bool) -> Verified {
    let mut source = source(&server.address.to_string(), key);
    // A process that another test is just starting has a copy of the lock that was ours, for an instant.
    let mut target = loop {
        match SqliteTarget::open(file) {
            Err(TargetError::InUse { .. }) => {}
            opened => break opened.unwrap(),
        }
    };
    let stop = Stop::default();
    ::mirror::verify(&mut source, &mut target, &options(), repair, &stop, &mut Silent).unwrap()
}

/// Everything in the tables.
fn content(connection: &Connection) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["activity", "activity_deleted", "activity_unreadable"] {
        let sql = format!("SELECT * FROM {table} ORDER BY activity_id");
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let shown = statement.query_map([], |row| {
            let values = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
            Ok(format!("{:?}", values.collect::<Result<Vec<_>, _>>()?))
        });
        rows.extend(shown.unwrap().map(Result::unwrap));
    }
    rows
}

fn ids(connection: &Connection, table: &str) -> Vec<i64> {
    let sql = format!("SELECT activity_id FROM {table} ORDER BY activity_id");
    let mut statement = connection.prepare(&sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Does something to the tables; the id that it concerns.
fn damage(connection: &Connection, random: &mut fastrand::Rng) -> i64 {
    let (there, removed) = (ids(connection, "activity"), ids(connection, "activity_deleted"));
    let one = *random.choice(&there).unwrap();
    let new = random.i64(1_000..1 << 53);
    let changes = [
        "subject = subject || 'x'",
        "note = ''",
        "note = 'other'",
        "start_date_time = '1999-01-01 00:00:00.000'",
        "start_date_time = 'noon'",
        "end_date_time = '1999-01-01 00:00:00.000'",
        "client_id = 1",
        "client_id = NULL",
        "system_user_id = 77",
        "activity_status_name = 'Other'",
        "activity_priority = 'normal'",
        "created_by = NULL",
        "last_modified_date_time = '2999-01-01 00:00:00.000'",
        "last_modified_by = 'Somebody'",
        "custom_fields = '[ ]'",
        "custom_fields = '{'",
    ];
    let run = |sql: &str, id: i64| connection.execute(sql, [id]).unwrap();
    match random.u8(0..8) {
        0..3 => {
            let change = random.choice(changes).unwrap();
            run(&format!("UPDATE activity SET {change} WHERE activity_id = ?1"), one);
            one
        }
        3 => {
            run("DELETE FROM activity WHERE activity_id = ?1", one);
            one
        }
        4 => {
            let copied = "subject, note, start_date_time, end_date_time, client_id, system_user_id, activity_status_id, activity_status_name, activity_priority, created_date_time, created_by, last_modified_date_time, last_modified_by, custom_fields";
            let id = *random.choice(&[new, -new, i64::MAX, i64::MIN + 1, removed[0]]).unwrap();
            let sql =
                format!("INSERT OR IGNORE INTO activity SELECT ?1, {copied} FROM activity LIMIT 1");
            run(&sql, id);
            id
        }
        5 => {
            let id = *random.choice(&removed).unwrap();
            run("DELETE FROM activity_deleted WHERE activity_id = ?1", id);
            id
        }
        6 => {
            let id = *random.choice(&[new, one, removed[0]]).unwrap();
            let sql = "INSERT OR IGNORE INTO activity_unreadable VALUES (?1, '2026-01-01 00:00:00.000', '{}', 'x')";
            run(sql, id);
            id
        }
        _ => {
            let id = if random.bool() { new } else { one };
            run("INSERT OR IGNORE INTO activity_deleted VALUES (?1)", id);
            id
        }
    }
}

/// Activities of all kinds, with gaps between their ids.
fn populate(folder: &Folder) {
    let record = |id: i64| {
        format!(
            r#"{{"activityId":{id},"subject":"Call {id}","note":"line\nof \"{id}\" 王","startDateTime":"2026-01-05T09:00:00.{:03}-06:00","clientId":{},"activityStatus":{{"id":"2","name":"Not Started"}},"activityPriority":"Normal","createdDateTime":"2026-01-01T00:00:00Z","createdBy":"Ada","customFieldDataList":{{"customFieldData":[{{"fieldId":"81","fieldValue":"a\"{id}"}},{{"fieldId":"82","fieldOptionId":"5"}}]}}}}"#,
            id % 1_000,
            id % 7 + 1,
        )
    };
    let lines: Vec<String> = (1..=60).map(|n| record(n * n * 31)).collect();
    folder.write("import.jsonl", lines.join("\n"));
    folder.ok("import acme import.jsonl");
}

#[test]
fn exactly_what_was_changed_in_the_tables_is_found_and_repaired() {
    let (folder, key) = Folder::with_key();
    populate(&folder);
    let server = Server::start(&folder, &[]);
    let client = Client::log_in(&server, &key);
    let created: Vec<i64> = (0..12).map(|n| client.create(&format!("Mail+{n}"))).collect();
    created.iter().step_by(3).for_each(|id| client.remove(*id));
    client.update(created[1], "activity.subject=+blanks+&activity.note=a%0D%0Ab");

    let file = folder.path("crm.db");
    assert!(verify(&server, &key, &file, false).differences.is_empty());
    let connection = Connection::open(&file).unwrap();
    let right = content(&connection);
    assert_eq!(right.len(), 60 + 12, "68 are there, and 4 removals");
    for seed in 0..25 {
        let mut random = fastrand::Rng::with_seed(seed);
        let touched: BTreeSet<i64> =
            (0..random.usize(1..12)).map(|_| damage(&connection, &mut random)).collect();
        let is_equal = content(&connection) == right;
        let told = verify(&server, &key, &file, false);
        let found: BTreeSet<i64> = told.differences.keys().map(|id| id.0).collect();
        assert!(found.is_subset(&touched), "seed {seed}: {touched:?}, {:?}", told.differences);
        assert_eq!(found.is_empty(), is_equal, "seed {seed}: {touched:?}");
        let repaired = verify(&server, &key, &file, true);
        assert_eq!(repaired.differences, told.differences, "seed {seed}");
        assert_eq!(content(&connection), right, "seed {seed}: {:?}", told.differences);
        assert!(verify(&server, &key, &file, false).differences.is_empty(), "seed {seed}");
    }
}

#[test]
fn what_is_written_meanwhile_is_no_difference() {
    let (folder, key) = Folder::with_key();
    let server = Server::start(&folder, &[]);
    let client = Client::log_in(&server, &key);
    let ids: Vec<i64> = (0..20).map(|n| client.create(&format!("Call+{n}"))).collect();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for round in 0..10 {
                for id in &ids[1..] {
                    client.update(*id, &format!("activity.subject=Call+{id}+{round}"));
                }
                client.remove(client.create("short"));
            }
        });
        let file = folder.path("crm.db");
        let mut is_over = false;
        while !is_over {
            is_over = writing.is_finished();
            let told = verify(&server, &key, &file, false);
            assert_eq!(told.differences.len(), 0, "{:?}", told.differences);
        }
        Connection::open(&file)
            .unwrap()
            .execute("DELETE FROM activity WHERE activity_id = ?1", [ids[0]])
            .unwrap();
        let told = verify(&server, &key, &file, true).differences;
        assert_eq!(
            told.into_iter().collect::<Vec<_>>(),
            [(ActivityId(ids[0]), Difference::Missing)]
        );
    });
}

#[test]
fn a_hundred_thousand_activities_are_compared_in_a_handful_of_requests() {
    let (folder, key) = Folder::with_key();
    let record = |id: u32| {
        format!(
            r#"{{"activityId":{id},"subject":"Call {id}","startDateTime":"2026-01-05T09:00:00Z","clientId":7,"activityStatus":{{"id":"2","name":"Not Started"}},"activityPriority":"Normal"}}"#
        )
    };
    let lines: Vec<String> = (1..=100_000).map(record).collect();
    folder.write("import.jsonl", lines.join("\n"));
    folder.ok("import acme import.jsonl");
    let server = Server::start(&folder, &[]);
    let file = folder.path("crm.db");
    verify(&server, &key, &file, false);
    let told = verify(&server, &key, &file, false);
    // The login, a poll, and one question for digests.
    assert_eq!((told.compared, told.differences.len(), told.requests), (100_000, 0, 3));

    let connection = Connection::open(&file).unwrap();
    for sql in [
        "UPDATE activity SET note = 'x' WHERE activity_id = 4711",
        "DELETE FROM activity WHERE activity_id = 4712",
        "UPDATE activity SET client_id = 8 WHERE activity_id = 99999",
        "INSERT INTO activity_deleted VALUES (123456789)",
    ] {
        connection.execute(sql, []).unwrap();
    }
    let told = verify(&server, &key, &file, true);
    let found: Vec<i64> = told.differences.keys().map(|id| id.0).collect();
    assert_eq!(found, [4_711, 4_712, 99_999, 123_456_789]);
    // Two parts are divided further, the four are looked at, twice, and in the end there is no difference.
    assert_eq!((told.requests, told.left), (3 + 2 + 2 + 1, Some(0)));
    assert!(verify(&server, &key, &file, false).differences.is_empty());
}

#[test]
fn the_place_moves_on_while_nothing_changes() {
    let (folder, key) = Folder::with_key();
    let server = Server::start(&folder, &[]);
    Client::log_in(&server, &key).create("Call");
    let file = folder.path("crm.db");
    let complete_to = || verify(&server, &key, &file, false).as_of.unwrap();
    let first = complete_to();
    // Two polls within one millisecond have the same place.
    while complete_to() == first {}
    assert!(first < complete_to());
}

#[test]
fn a_mirror_that_stays_notices_that_its_server_was_restored_and_asks_once_while_nothing_changes() {
    let (folder, key) = Folder::with_key();
    let server = Server::start(&folder, &[]);
    let client = Client::log_in(&server, &key);
    let ids = ["Call", "Mail"].map(|subject| client.create(subject));
    let address = server.address.to_string();
    let (mut source, stop) = (source(&address, &key), Stop::default());
    let mut target = SqliteTarget::open(&folder.path("crm.db")).unwrap();
    let mut run = || {
        let before = source.requests();
        let options = options();
        let done = ::mirror::run(&mut source, &mut target, &options, &stop, &mut Silent).unwrap();
        (done.restored, source.requests() - before)
    };
    assert_eq!(run(), (None, 2), "the login, and all there is");
    assert_eq!(run(), (None, 1));
    folder.ok("backup copy");
    client.update(ids[0], "activity.subject=Call+back");
    client.remove(ids[1]);
    assert_eq!(run(), (None, 1));
    server.stop();
    let restored = Server::of(folder.command(["--data", "copy", "serve", "--listen", &address]));
    assert_eq!(run().0, Some(2));
    assert_eq!(run(), (None, 1));
    restored.stop();
}
