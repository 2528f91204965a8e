//! What every target does, whatever it writes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "other tests use the rest")]
mod postgresql;
mod singer;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLockReadGuard};

use domain::{Activity, ActivityId, Moment, Note, Priority, Provenance, Stamp, StatusId};
use domain::{StatusName, Subject};
use mirror::columns::{Value, values};
use mirror::target::{Applied, Batch, Rows, Target, TargetAddress, TargetError};
use mirror::{Row, State, Unreadable};

use crate::postgresql::{Postgresql, STARTING};

fn address(kind: &str, folder: &Path) -> TargetAddress {
    let (kind, name) = kind.split_once(':').unwrap();
    format!("{kind}:{}", folder.join(name).display()).parse().unwrap()
}

fn open(kind: &str, folder: &Path) -> Box<dyn Target> {
    address(kind, folder).open(None).unwrap()
}

/// Holds off the start of processes while a story is told.
fn alone() -> RwLockReadGuard<'static, ()> {
    STARTING.read().unwrap_or_else(PoisonError::into_inner)
}

/// A new target of each kind.
fn each(story: impl Fn(&TargetAddress)) {
    for kind in ["sqlite:crm.db", "csv:crm.csv", "jsonl:changes"] {
        let (_alone, folder) = (alone(), tempfile::tempdir().unwrap());
        story(&address(kind, folder.path()));
    }
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let name = format!("mirror_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let server = Postgresql::start();
    let _alone = alone();
    story(&server.database(&name).parse().unwrap());
}

fn row(id: i64, subject: &str, modified: i64) -> Row {
    let stamp = Stamp::from_millis(modified);
    let activity = Activity {
        created: stamp,
        created_by: Some("Ada Byron".to_owned()),
        modified_by: None,
        subject: Subject::parse(subject).unwrap(),
        note: Note::parse("a \"note\";\nof two lines").unwrap(),
        start: Moment { stamp, offset_seconds: -18_000 },
        end: None,
        client: None,
        system_user: None,
        status: StatusId(2),
        status_name: StatusName::parse("Not Started").unwrap(),
        priority: Priority::Normal,
        custom_fields: Vec::new(),
        provenance: Provenance::default(),
        external_id: None,
    };
    Row {
        id: ActivityId(id),
        modified: Some(stamp),
        created: Some(stamp),
        activity: Box::new(activity),
    }
}

fn state(from: i64) -> State {
    let mut state = State::new("https://crm.example/neonws/services/api", "acme");
    state.from_millis = Some(from);
    state
}

fn apply(target: &mut dyn Target, rows: &[Row], removed: &[i64], from: i64) -> (u64, u64) {
    let removed: Vec<ActivityId> = removed.iter().copied().map(ActivityId).collect();
    let state = state(from);
    let batch = Batch {
        rows,
        unreadable: &[],
        removed: &removed,
        unknown: &[],
        state: &state,
        as_of: Stamp::from_millis(from),
        is_repair: false,
    };
    let Applied { written, removed } = target.apply(&batch).unwrap();
    target.finish().unwrap();
    assert_eq!(target.state().unwrap(), Some(state));
    (written, removed)
}

fn kept(target: &mut dyn Target) -> &mut dyn Rows {
    target.rows().unwrap()
}

/// What the target has: id and subject.
fn held(target: &mut dyn Target) -> Vec<(i64, String)> {
    let rows = kept(target).rows_after(ActivityId(i64::MIN), 1_000).unwrap();
    let shown = |row: &mirror::columns::Values| match (&row[0], &row[1]) {
        (Value::Number(id), Value::Text(subject)) => (*id, subject.clone()),
        other => panic!("{other:?}"),
    };
    rows.iter().map(shown).collect()
}

#[test]
fn a_target_that_was_only_opened_is_as_good_as_new() {
    each(|address| {
        drop(address.open(None).unwrap());
        // A process that another test is just starting has a copy of the lock until it runs.
        let mut target = loop {
            match address.open(None) {
                Err(TargetError::InUse { .. }) => std::thread::yield_now(),
                opened => break opened.unwrap(),
            }
        };
        assert_eq!(target.state().unwrap(), None);
    });
}

#[test]
fn a_new_target_has_nothing_and_has_come_nowhere() {
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        assert_eq!(target.state().unwrap(), None, "{kind:?}");
        assert_eq!((kept(target).count().unwrap(), held(target)), (0, Vec::new()), "{kind:?}");
    });
}

#[test]
fn to_look_at_a_target_makes_nothing() {
    each(|kind| {
        let look = || kind.open_to_look(None).unwrap();
        assert_eq!((look().state().unwrap(), kept(&mut *look()).count().unwrap()), (None, 0));
        match kind {
            TargetAddress::Postgresql(url) => {
                let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
                let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
                assert_eq!(client.query_one(sql, &[]).unwrap().get::<_, i64>(0), 0);
            }
            TargetAddress::Sqlite(path)
            | TargetAddress::Csv(path)
            | TargetAddress::JsonLines(path) => {
                assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "{kind:?}");
            }
            TargetAddress::Singer => unreachable!(),
        }
        apply(&mut *kind.open(None).unwrap(), &[row(1, "Call", 1_000)], &[], 5);
        assert_eq!(held(&mut *look()), [(1, "Call".to_owned())], "{kind:?}");
    });
}

#[test]
fn two_mirrors_do_not_write_to_one_target() {
    each(|kind| {
        let _held = kind.open(None).unwrap();
        let refused = kind.open(None).map(drop).unwrap_err();
        assert!(refused.to_string().contains("another mirror is writing"), "{kind:?}: {refused}");
    });
}

#[test]
fn what_was_written_is_there_after_the_target_is_opened_again() {
    each(|kind| {
        let mut target = kind.open(None).unwrap();
        let rows = [row(1, "Call", 1_000), row(2, "Mail", 2_000), row(3, "Meet", 3_000)];
        assert_eq!(apply(&mut *target, &rows, &[], 5), (3, 0), "{kind:?}");
        assert_eq!(apply(&mut *target, &[row(2, "Letter", 4_000)], &[3, 9], 6), (1, 1), "{kind:?}");
        drop(target);
        let target = &mut *kind.open(None).unwrap();
        assert_eq!(target.state().unwrap(), Some(state(6)), "{kind:?}");
        let expected = [(1, "Call".to_owned()), (2, "Letter".to_owned())];
        assert_eq!(held(target), expected, "{kind:?}");
        assert_eq!(kept(target).count().unwrap(), 2, "{kind:?}");
        assert_eq!(kept(target).count_of(&[1, 3, 9].map(ActivityId)).unwrap(), 1, "{kind:?}");
        let [first, ..] = &kept(target).rows_of(&[ActivityId(1)]).unwrap()[..] else {
            panic!("{kind:?}")
        };
        assert_eq!(*first, values(&rows[0]), "{kind:?}");
    });
}

#[test]
fn a_batch_that_comes_twice_changes_nothing_the_second_time() {
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        let rows = [row(1, "Call", 1_000), row(2, "Mail", 2_000)];
        assert_eq!(apply(target, &rows, &[7], 5), (2, 0), "{kind:?}");
        assert_eq!(apply(target, &rows, &[7], 5), (0, 0), "{kind:?}");
    });
}

#[test]
fn an_older_version_does_not_overwrite_a_newer_one_unless_it_repairs() {
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        apply(target, &[row(1, "new", 2_000)], &[], 5);
        assert_eq!(apply(target, &[row(1, "old", 1_000)], &[], 5), (0, 0), "{kind:?}");
        let (rows, state) = ([row(1, "right", 1_000)], state(5));
        let batch = Batch {
            rows: &rows,
            unreadable: &[],
            removed: &[],
            unknown: &[],
            state: &state,
            as_of: Stamp::MAX,
            is_repair: true,
        };
        assert_eq!(target.apply(&batch).unwrap().written, 1, "{kind:?}");
        assert_eq!(held(target), [(1, "right".to_owned())], "{kind:?}");
    });
}

#[test]
fn a_record_that_cannot_be_read_is_kept_until_it_can_or_is_removed() {
    let flawed = |id: i64, modified: i64| Unreadable {
        id: ActivityId(id),
        modified: Some(Stamp::from_millis(modified)),
        record: format!(r#"{{"activityId":{id},"subject":""}}"#),
        problem: "subject is empty".to_owned(),
    };
    let set_aside = |target: &mut dyn Target, unreadable: &[Unreadable]| {
        let (state, as_of) = (state(6), Stamp::MAX);
        let (rows, removed, state, is_repair) = (&[], &[], &state, false);
        let unknown = &[];
        target
            .apply(&Batch { rows, unreadable, removed, unknown, state, as_of, is_repair })
            .unwrap();
    };
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        apply(target, &[row(1, "Call", 1_000)], &[], 5);
        set_aside(target, &[flawed(1, 2_000), flawed(2, 2_000), flawed(3, 2_000)]);
        assert_eq!(held(target), [(1, "Call".to_owned())], "{kind:?}: as it could be read last");
        let noted = |target: &mut dyn Target| -> Vec<i64> {
            let rows = kept(target);
            let noted = rows.unreadable_after(ActivityId(0), 10).unwrap();
            assert_eq!(rows.unreadable().unwrap(), noted.len() as u64, "{kind:?}");
            assert!(noted.iter().all(|(_, record)| record.ends_with(r#""subject":""}"#)));
            noted.iter().map(|(id, _)| id.0).collect()
        };
        assert_eq!(noted(target), [1, 2, 3], "{kind:?}");
        // What is older than the record does not tell that it can be read.
        apply(target, &[row(1, "Call", 1_000), row(2, "Mail", 3_000)], &[3], 7);
        assert_eq!(noted(target), [1], "{kind:?}");
        apply(target, &[row(1, "Meet", 2_000)], &[], 8);
        assert_eq!(noted(target).len(), 0, "{kind:?}");
    });
}

#[test]
fn a_log_says_of_records_that_cannot_be_read_when_they_can_and_when_they_are_removed() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let target = &mut *open("jsonl:changes", folder.path());
    let apply_flawed = |target: &mut dyn Target, ids: &[i64]| {
        let record = |id: &i64| Unreadable {
            id: ActivityId(*id),
            modified: Some(Stamp::from_millis(2_000)),
            record: "{}".to_owned(),
            problem: "subject is missing".to_owned(),
        };
        let (unreadable, state) = (ids.iter().map(record).collect::<Vec<_>>(), state(5));
        target.apply(&Batch { unreadable: &unreadable, ..Batch::of_state(&state) }).unwrap();
    };
    apply(target, &[row(1, "Call", 1_000)], &[], 5);
    apply_flawed(target, &[1, 2, 3]);
    // Its content is as it was before it could not be read.
    let again = Row { modified: Some(Stamp::from_millis(1_000)), ..row(1, "Call", 1_000) };
    let (rows, state) = ([again], state(6));
    target.apply(&Batch { rows: &rows, is_repair: true, ..Batch::of_state(&state) }).unwrap();
    apply(target, &[], &[2, 9], 7);
    let (state, unknown) = (self::state(8), [3].map(ActivityId));
    target.apply(&Batch { unknown: &unknown, ..Batch::of_state(&state) }).unwrap();
    apply(target, &[], &[2, 3], 9);
    let text = fs::read_to_string(folder.path().join("changes/activities-000001.jsonl")).unwrap();
    let said = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let what = match (&line["unreadable"], &line["removed"]) {
            (serde_json::Value::String(_), _) => "unreadable",
            (_, serde_json::Value::Bool(true)) => "removed",
            _ => "there",
        };
        (line["activity_id"].as_i64().unwrap(), what)
    };
    let said: Vec<(i64, &str)> = text.lines().map(said).collect();
    let flawed = [1, 2, 3].map(|id| (id, "unreadable"));
    let rest = [(1, "there"), (2, "removed"), (3, "removed")];
    assert_eq!(said, [&[(1, "there")][..], &flawed, &rest].concat());
}

#[test]
fn nothing_is_left_of_a_record_that_cannot_be_read_and_that_the_source_does_not_know() {
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        let record = Unreadable {
            id: ActivityId(4),
            modified: None,
            record: "{}".to_owned(),
            problem: "subject is missing".to_owned(),
        };
        let (unreadable, state, unknown) = ([record], state(5), [4].map(ActivityId));
        target.apply(&Batch { unreadable: &unreadable, ..Batch::of_state(&state) }).unwrap();
        assert_eq!(kept(target).unreadable().unwrap(), 1, "{kind:?}");
        target.apply(&Batch { unknown: &unknown, ..Batch::of_state(&state) }).unwrap();
        assert_eq!(kept(target).unreadable().unwrap(), 0, "{kind:?}");
    });
}

#[test]
fn rows_come_by_their_ids_whatever_the_ids_lengths() {
    each(|address| {
        let mut target = address.open(None).unwrap();
        let rows: Vec<Row> = (1..=1_200).map(|id| row(id, "one", 1)).collect();
        apply(&mut *target, &rows, &[], 1);
        let (mut after, mut ids) = (ActivityId(0), Vec::new());
        loop {
            let next = kept(&mut *target).rows_after(after, 500).unwrap();
            let Some(last) = next.last() else { break };
            let id = |values: &mirror::columns::Values| match values[0] {
                Value::Number(id) => id,
                _ => panic!("no id: {values:?}"),
            };
            after = ActivityId(id(last));
            ids.extend(next.iter().map(id));
        }
        assert_eq!(ids, (1..=1_200).collect::<Vec<i64>>());
    });
}

#[test]
fn what_was_removed_can_come_back() {
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        apply(target, &[row(1, "Call", 1_000)], &[], 5);
        assert_eq!(apply(target, &[], &[1], 6), (0, 1), "{kind:?}");
        assert_eq!(apply(target, &[row(1, "again", 7_000)], &[], 7), (1, 0), "{kind:?}");
        assert_eq!(held(target), [(1, "again".to_owned())], "{kind:?}");
    });
}

#[test]
fn a_csv_file_is_written_again_only_where_something_has_changed() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let target = &mut *open("csv:crm.csv", folder.path());
    let rows = [row(1, "Call", 1_000)];
    apply(target, &rows, &[], 5);
    let file = folder.path().join("crm.csv");
    let written = || fs::metadata(&file).unwrap().modified().unwrap();
    let (before, content) = (written(), fs::read_to_string(&file).unwrap());
    apply(target, &rows, &[9], 6);
    assert_eq!(written(), before);
    fs::write(&file, "as somebody left it").unwrap();
    apply(target, &rows, &[9], 7);
    assert_eq!(fs::read_to_string(&file).unwrap(), content);
    apply(target, &[row(1, "Mail", 7_000)], &[], 8);
    assert!(fs::read_to_string(&file).unwrap().contains("Mail"));
}

#[test]
fn a_csv_file_has_the_activities_that_are_there() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let target = &mut *open("csv:crm.csv", folder.path());
    apply(target, &[row(2, "Mail", 2_000), row(1, "Call", 1_000), row(3, "x", 3_000)], &[3], 5);
    let text = fs::read_to_string(folder.path().join("crm.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let shown: Vec<[&str; 4]> =
        rows.iter().map(|row| [&row[0], &row[1], &row[3], &row[4]]).collect();
    let time = ["1970-01-01T00:00:01.000+00:00", "1970-01-01T00:00:02.000+00:00"];
    assert_eq!(shown, [["1", "Call", time[0], ""], ["2", "Mail", time[1], ""]]);
    assert_eq!(&rows[0][2], "a \"note\";\nof two lines");
}

#[test]
fn a_log_has_a_line_for_each_change_and_none_that_was_not_finished() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut target = open("jsonl:changes", folder.path());
    apply(&mut *target, &[row(1, "Call", 1_000)], &[], 5);
    drop(target);
    let file = folder.path().join("changes/activities-000001.jsonl");
    // A run was killed while it wrote the next lines.
    let mut log = fs::OpenOptions::new().append(true).open(&file).unwrap();
    log.write_all(b"{\"activity_id\":2,\"subj").unwrap();
    let target = &mut *open("jsonl:changes", folder.path());
    apply(target, &[row(2, "Mail", 2_000)], &[1], 6);
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| {
            (line["activity_id"].as_i64(), line["subject"].as_str(), line["removed"].as_bool())
        })
        .collect();
    assert_eq!(
        shown,
        [
            (Some(1), Some("Call"), Some(false)),
            (Some(2), Some("Mail"), Some(false)),
            (Some(1), None, Some(true)),
        ]
    );
}

#[test]
fn a_run_into_sqlite_ends_with_a_commit_of_its_own_although_others_read() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let target = &mut *open("sqlite:crm.db", folder.path());
    apply(target, &[row(1, "Call", 1_000)], &[], 5);
    let reader = rusqlite::Connection::open(folder.path().join("crm.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM activity").unwrap();
    let written = || fs::metadata(folder.path().join("crm.db-wal")).unwrap().len();
    let (rows, state) = ([row(1, "Mail", 2_000)], state(6));
    for changes in [true, false] {
        target.apply(&Batch { rows: &rows, ..Batch::of_state(&state) }).unwrap();
        let before = written();
        target.finish().unwrap();
        assert_eq!(written() > before, changes, "what changes nothing waits for no disk");
    }
}

#[test]
fn a_file_of_somebody_else_is_not_replaced() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.csv");
    fs::write(&file, "my,precious\n").unwrap();
    let refused = address("csv:crm.csv", folder.path()).open(None).map(drop).unwrap_err();
    assert!(refused.to_string().contains("no mirror has made"), "{refused}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "my,precious\n");
}

#[test]
fn a_log_that_is_not_known_any_more_is_left_alone() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mut target = open("jsonl:changes", folder.path());
    apply(&mut *target, &[row(1, "Call", 1_000)], &[], 5);
    drop(target);
    let file = folder.path().join("changes/activities-000001.jsonl");
    let before = fs::read(&file).unwrap();
    fs::remove_file(folder.path().join("changes/state.mirror")).unwrap();
    let refused = address("jsonl:changes", folder.path()).open(None).map(drop).unwrap_err();
    assert!(refused.to_string().contains("no state.mirror"), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn tables_of_others_and_of_another_form_are_left_alone() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let address = format!("sqlite:{}", folder.path().join(name).display());
        address.parse::<TargetAddress>().unwrap().open(None).map(drop)
    };
    let sql = |name: &str, sql: &str| {
        rusqlite::Connection::open(folder.path().join(name)).unwrap().execute_batch(sql).unwrap();
    };
    sql("theirs.db", "CREATE TABLE activity (id)");
    assert!(open("theirs.db").unwrap_err().to_string().contains("no mirror has made"));
    open("later.db").unwrap();
    sql("later.db", "UPDATE driftless_mirror SET value = '9' WHERE name = 'version'");
    assert!(open("later.db").unwrap_err().to_string().contains("version \"9\""));
    open("more.db").unwrap();
    sql("more.db", "ALTER TABLE activity ADD COLUMN colour TEXT DEFAULT 'red'");
    open("more.db").unwrap();
}

#[test]
fn what_was_removed_is_noted_and_what_the_source_does_not_know_goes_without_a_trace() {
    each(|kind| {
        let target = &mut *kind.open(None).unwrap();
        let rows = [row(1, "Call", 1_000), row(2, "Mail", 2_000), row(3, "Meet", 3_000)];
        apply(target, &rows, &[], 5);
        apply(target, &[], &[2, 7, 9], 6);
        let removed = |target: &mut dyn Target, after, max| {
            let told = kept(target).removed_after(ActivityId(after), max).unwrap().unwrap();
            told.into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(removed(target, 0, 10), [2, 7, 9], "{kind:?}");
        assert_eq!(removed(target, 2, 1), [7], "{kind:?}");
        let (state, unknown) = (state(7), [3, 7].map(ActivityId));
        let batch = Batch { unknown: &unknown, ..Batch::of_state(&state) };
        assert_eq!(target.apply(&batch).unwrap().removed, 1, "{kind:?}");
        assert_eq!(removed(target, 0, 10), [2, 9], "{kind:?}");
        assert_eq!(held(target), [(1, "Call".to_owned())], "{kind:?}");
    });
}

#[test]
fn a_server_whose_certificate_is_not_known_is_named_with_both_ways_out() {
    let mut server = Postgresql::start();
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = server.write("cert.pem", &certified.cert.pem()).display().to_string();
    let key = server.write("key.pem", &certified.signing_key.serialize_pem()).display().to_string();
    let url = server.database("crm");
    server.stop();
    server.restart_with(&[
        "ssl=on",
        &format!("ssl_cert_file={certificate}"),
        &format!("ssl_key_file={key}"),
    ]);
    let open = |more: &str| {
        let address: TargetAddress = format!("{url}{more}").parse().unwrap();
        address.open(None).map(drop).map_err(|error| error.to_string())
    };
    for more in ["", "?sslmode=require", "?sslmode=verify-full"] {
        let refused = open(more).unwrap_err();
        for told in ["UnknownIssuer", "?sslrootcert=FILE", "?sslmode=disable"] {
            assert!(refused.contains(told), "{more}: {refused}");
        }
    }
    assert_eq!(open("?sslmode=disable"), Ok(()));
    assert_eq!(open(&format!("?sslmode=require&sslrootcert={certificate}")), Ok(()));
    let refused = open("?sslrootcert=/nowhere.pem").unwrap_err();
    assert!(refused.contains("/nowhere.pem: "), "{refused}");
    let refused = open(&format!("?sslrootcert={key}")).unwrap_err();
    assert!(refused.contains("it has no certificate"), "{refused}");
}

#[test]
fn a_user_without_rights_is_told_which_are_missing() {
    let server = Postgresql::start();
    let url = server.database("crm");
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute("CREATE ROLE guest LOGIN").unwrap();
    let guest: TargetAddress = url.replace("postgres@", "guest@").parse().unwrap();
    let refused = guest.open(None).map(drop).unwrap_err().to_string();
    assert!(refused.contains("permission denied for schema public. Its user must"), "{refused}");
    // Tables that another user's mirror has made.
    drop(url.parse::<TargetAddress>().unwrap().open(None).unwrap());
    let refused = guest.open(None).map(drop).unwrap_err().to_string();
    assert!(refused.contains("permission denied for table driftless_mirror"), "{refused}");
}

#[test]
fn a_time_that_no_mirror_writes_is_not_like_any_that_it_does() {
    let server = Postgresql::start();
    let url = server.database("crm");
    let address: TargetAddress = url.parse().unwrap();
    let mut target = address.open(None).unwrap();
    let mine = row(1, "Call", -62_000_000_000_000);
    apply(&mut *target, &[Row { modified: None, ..mine.clone() }], &[], 5);
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    let mut differs = |time: &str| {
        let set = format!("UPDATE activity SET start_date_time = {time}");
        client.execute(&set, &[]).unwrap();
        let held = kept(&mut *target).rows_of(&[ActivityId(1)]).unwrap();
        held[0] != values(&Row { modified: None, ..mine.clone() })
    };
    let exact = "'0005-04-19 09:46:40+00'::timestamptz";
    assert!(!differs(exact));
    for other in ["'infinity'", "'-infinity'", "'0005-04-19 09:46:40+00 BC'"] {
        assert!(differs(other), "{other}");
    }
    for more in ["1 microsecond", "-1 microsecond", "400 microseconds"] {
        assert!(differs(&format!("{exact} + interval '{more}'")), "{more}");
    }
    assert!(!differs(exact));
    // A repair writes it back.
    assert!(differs("'infinity'"));
    let (rows, state) = ([Row { modified: None, ..mine.clone() }], state(6));
    let batch = Batch { rows: &rows, is_repair: true, ..Batch::of_state(&state) };
    assert_eq!(target.apply(&batch).unwrap().written, 1);
}
