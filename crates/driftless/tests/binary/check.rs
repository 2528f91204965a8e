//! `check` on a database that somebody has damaged: each fault is named, and none hides another.

use crate::client::{ALL, Client, path};
use crate::folder::{Folder, Output};
use crate::import::{ANSWER, line};

const DATABASE: &str = "driftless-data/driftless.db";

/// A folder with the organizations `acme` and `other`; acme has the records 652 and 653, 652 with two
/// versions, the tombstones 700 and 701, and a user with a key.
pub(crate) fn filled() -> Folder {
    let (folder, _) = Folder::with_key();
    folder.ok("org add other");
    folder.write("answer.json", ANSWER);
    folder.write("more.json", ANSWER.replace("HIGH", "LOW"));
    folder.write("line.jsonl", line(1, "one"));
    folder.ok("import acme answer.json");
    folder.ok("import acme more.json");
    folder.ok("import other line.jsonl");
    folder
}

pub(crate) fn damage(folder: &Folder, sql: &str) {
    let database = rusqlite::Connection::open(folder.path(DATABASE)).unwrap();
    database.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    assert!(database.changes() > 0, "{sql} changes nothing");
    database.close().unwrap_or_else(|(_, e)| panic!("{e}"));
}

/// The problems, once the rest of what `check` says has been looked at.
#[track_caller]
fn problems(output: &Output) -> Vec<&str> {
    let lines: Vec<&str> = output.out.lines().collect();
    let found =
        if lines.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", lines.len()) };
    let said = format!("driftless: {found} found; restore the folder from a backup\n");
    assert_eq!((output.code, &output.err), (1, &said), "{output:?}");
    lines
}

#[track_caller]
fn check(sql: &str, expected: &[&str]) {
    let folder = filled();
    assert_eq!(folder.ok("check"), "no problems found\n");
    damage(&folder, sql);
    assert_eq!(problems(&folder.run("check")), expected, "{sql}");
}

#[test]
fn a_column_of_the_current_state_that_differs_is_named() {
    let of_653 = |set: &str, column: &str, says: &str, version: &str| {
        check(
            &format!("UPDATE activity SET {set} WHERE id = 653"),
            &[&format!(
                "organization acme: activity 653: column {column} says {says}, but its version says {version}"
            )],
        );
    };
    of_653("subject = 'x'", "subject", r#""x""#, r#""ddddd""#);
    of_653("subject = NULL", "subject", "nothing", r#""ddddd""#);
    of_653("stamp = stamp + 1", "stamp", "1396985166001", "1396985166000");
    of_653("removed = 1", "removed", "1", "0");
    of_653("starts = 0", "starts", "0", "1396972800000");
    of_653("ends = NULL", "ends", "nothing", "1396281600000");
    of_653("client = 5", "client", "5", "nothing");
    of_653("system_user = 5", "system_user", "5", "101132");
    of_653("status = 9", "status", "9", "2");
    of_653("priority = 3", "priority", "3", "2");
    check(
        "UPDATE activity SET removed = 0 WHERE id = 700",
        &["organization acme: activity 700: column removed says 0, but its version says 1"],
    );
}

#[test]
fn current_state_and_log_must_belong_together() {
    check(
        "DELETE FROM activity WHERE id = 652",
        &["organization acme: activity 652: it is missing from table activity"],
    );
    check(
        "UPDATE activity SET seq = 1, stamp = 9 WHERE id = 652",
        &[
            "organization acme: activity 652: column stamp says 9, but its version says 1394367314000",
            "organization acme: activity 652: column priority says 1, but its version says 3",
            "organization acme: activity 652: column seq says 1, but there is a later version at 5",
        ],
    );
    check(
        "UPDATE activity SET seq = 99 WHERE id = 652",
        &["organization acme: activity 652: there is no version at position 99"],
    );
    check(
        "INSERT INTO activity (organization, id, seq, stamp, removed) VALUES (1, 9, 2, 0, 1)",
        &["organization acme: activity 9: there is no version at position 2"],
    );
}

#[test]
fn the_log_must_be_whole_and_in_order() {
    check(
        "DELETE FROM change WHERE seq = 1 AND organization = 1",
        &[
            "organization acme: position 0 is followed by 2",
            "organization acme: position 5, activity 652: names 1 as the previous version, but the log has none",
        ],
    );
    check(
        "UPDATE change SET stamp = 5 WHERE seq = 5; UPDATE activity SET stamp = 5 WHERE seq = 5",
        &[
            "organization acme: the stamp at position 5 is earlier than the one before it",
            "organization acme: position 5, activity 652: the checksum does not match, so it is not what was written",
        ],
    );
    check(
        "UPDATE change SET previous = 2 WHERE seq = 5",
        &[
            "organization acme: position 5, activity 652: names 2 as the previous version, but the log has 1",
            "organization acme: position 5, activity 652: the checksum does not match, so it is not what was written",
        ],
    );
    let other = |column: &str| {
        check(
            &format!("UPDATE change SET {column} WHERE seq = 5"),
            &[
                "organization acme: position 5, activity 652: the checksum does not match, so it is not what was written",
            ],
        );
    };
    other("actor = 8");
    other("origin = 1");
    other("document = replace(document, 'Completed', 'Complexed')");
    other("checksum = checksum + 1");
}

#[test]
fn a_version_that_cannot_be_read_is_named_and_gone_on_from() {
    check(
        "UPDATE change SET document = NULL WHERE seq = 1 AND organization = 1;
         UPDATE change SET document = '{}' WHERE activity = 653;
         UPDATE change SET origin = 9 WHERE activity = 700;
         UPDATE change SET kind = 3 WHERE activity = 701;
         UPDATE change SET document = CAST(x'7BFF7D' AS TEXT) WHERE seq = 5;
         UPDATE activity SET subject = 'x' WHERE id = 1",
        &[
            "organization acme: position 1, activity 652: table change: Invalid type",
            "organization acme: position 2, activity 653: a stored activity cannot be read: missing field `created` at line 1 column 2",
            "organization acme: position 3, activity 700: table change: origin 9",
            "organization acme: position 4, activity 701: table change: kind 3",
            "organization acme: position 5, activity 652: table change: invalid utf-8 sequence of 1 bytes from index 1",
            r#"organization other: activity 1: column subject says "x", but its version says "one""#,
        ],
    );
}

#[test]
fn a_row_of_the_directory_that_cannot_be_read_is_named_and_gone_on_from() {
    check(
        "UPDATE organization SET zone = 'Mars/Olympus' WHERE id = 'acme';
         UPDATE system_user SET role = 'owner';
         UPDATE api_key SET hash = x'00';
         UPDATE activity_status SET name = '' WHERE id = 3 AND organization = 1;
         INSERT INTO session VALUES (1, x'01', 1, NULL, 0, 0, 0);
         INSERT INTO run VALUES (1, x'01', x'', 0, 1, 0, 1, 0, 0, 0, 0, 0);
         UPDATE activity SET subject = 'x' WHERE id IN (1, 653)",
        &[
            r#"organization acme: table organization: "Mars/Olympus" is not a time zone: use a name like America/Chicago, or an offset like -05:00"#,
            r#"organization acme: user 7: table system_user: role "owner""#,
            "organization acme: key 1: Conversion error from type Blob at index: 3, Cannot read 32 byte value out of 1 byte blob",
            "organization acme: status 3: table activity_status: must not be empty",
            "organization acme: session: Conversion error from type Blob at index: 0, Cannot read 32 byte value out of 1 byte blob",
            "organization acme: run: Conversion error from type Blob at index: 0, Cannot read 32 byte value out of 1 byte blob",
            r#"organization acme: activity 653: column subject says "x", but its version says "ddddd""#,
            r#"organization other: activity 1: column subject says "x", but its version says "one""#,
        ],
    );
}

#[test]
fn rows_of_no_organization_are_told() {
    check(
        "DELETE FROM organization WHERE id = 'other'",
        &[
            "table activity_status: rows of organization number 2, which does not exist: 5",
            "table change: rows of organization number 2, which does not exist: 1",
            "table activity: rows of organization number 2, which does not exist: 1",
            "table audit: rows of organization number 2, which does not exist: 2",
        ],
    );
    check(
        "INSERT INTO system_user VALUES (-7, 1, 'x', 'admin', 0, NULL, NULL, NULL, NULL, NULL, NULL)",
        &["table system_user: rows of organization number -7, which does not exist: 1"],
    );
}

#[test]
fn of_many_problems_the_first_are_named() {
    let folder = filled();
    let lines: String = (1_000..1_100).map(|id| line(id, "many")).collect();
    folder.write("many.jsonl", lines);
    folder.ok("import acme many.jsonl");
    damage(&folder, "UPDATE activity SET subject = 'x' WHERE id = 1 OR id >= 1000");
    let output = folder.run("check");
    let said = "driftless: 101 problems found; restore the folder from a backup\n";
    assert_eq!((output.code, output.err.as_str()), (1, said));
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!(lines.len(), 22, "{lines:?}");
    assert_eq!(lines[20], "organization acme: … and 80 more");
    assert_eq!(
        lines[21],
        r#"organization other: activity 1: column subject says "x", but its version says "one""#
    );
}

#[test]
fn a_running_server_is_checked_too_while_others_write() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    std::thread::scope(|scope| {
        let checking = scope.spawn(|| {
            for _ in 0..10 {
                assert_eq!(folder.ok("check"), "no problems found\n");
            }
        });
        while !checking.is_finished() {
            let id = client.create("meanwhile");
            client.remove(id);
        }
        checking.join().unwrap();
    });
    damage(&folder, "UPDATE activity SET removed = 0 WHERE id = 1");
    let output = folder.run("check");
    let expected = "organization acme: activity 1: column removed says 0, but its version says 1";
    assert_eq!(problems(&output), [expected]);
    server.stop();
}

#[test]
fn damage_is_told_without_a_command_to_a_script_and_with_one_in_the_log() {
    let (folder, key) = Folder::with_key();
    folder.write("line.jsonl", line(7, "Call"));
    folder.ok("import acme line.jsonl");
    damage(&folder, "UPDATE change SET document = 'secret' WHERE activity = 7");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let asked = client.get("syncActivities", ALL);
    let text = "Service is not available: a record cannot be read: the data folder is damaged";
    assert_eq!(asked.error(), Some(("2", text)));
    let changed = client.get("updateActivity", "activity.activityId=7&activity.subject=Visit");
    let text =
        "Unexpected System error occured. activity 7 cannot be read: the data folder is damaged";
    assert_eq!(changed.error(), Some(("1", text)));
    let log = server.stop();
    let told = log.iter().filter(|line| line.contains("`driftless check` shows where"));
    assert!(told.count() >= 2, "{log:#?}");
}

#[test]
fn a_long_answer_that_meets_damage_is_cut_off_and_not_delivered() {
    let (folder, key) = Folder::with_key();
    let note = "x".repeat(99_000);
    let lines =
        (1..=30).map(|id| line(id, "Call").replacen('{', &format!("{{\"note\":\"{note}\","), 1));
    folder.write("lines.jsonl", lines.collect::<String>());
    folder.ok("import acme lines.jsonl");
    damage(&folder, "UPDATE change SET document = 'secret' WHERE activity = 15");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let (target, session) = (path("syncActivities"), &client.session);
    let question = format!("{target}?userSessionId={session}&{ALL}&page.pageSize=200");
    let request = format!("GET {question} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let cut_off = server.send(request.as_bytes());
    // A chunk of length 0 would be the end.
    assert_eq!(cut_off.status, 200);
    assert!(cut_off.body.len() > 10 * note.len() && !cut_off.body.ends_with("\r\n0\r\n\r\n"));
    let keys = folder.run("keys check acme");
    assert_eq!(keys.code, 2, "{keys:?}");
    let log = server.stop();
    assert!(log.iter().any(|line| line.contains("`driftless check` shows where")), "{log:#?}");
}
