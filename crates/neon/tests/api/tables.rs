//! Tables that people have edited, imported again: only what somebody changed is a change.

use domain::ManualClock;
use neon::export::Format;
use service::{ImportError, ImportOptions, ImportReport};

use crate::client::Client;
use crate::harness::TestServer;
use crate::import::{DRY_RUN, OVERWRITE, PLAIN};

const HEADER: &str =
    "activityId,subject,startDateTime,activityStatus.id,activityStatus.name,activityPriority,note";

/// A server with activity 1, in an organization of Chicago, and its export as CSV.
fn with_one() -> (TestServer<ManualClock>, Client, String) {
    let server = TestServer::at("2026-02-03T12:00:00Z");
    let client = server.org("demo", "America/Chicago").editor();
    let row = "1,first,2026-03-02 09:00,2,Not Started,NORMAL,\"a\r\nb\"";
    import(&client, &format!("{HEADER}\n{row}\n"), PLAIN).unwrap();
    let export = client.org.export(Format::Csv);
    server.advance(60_000);
    (server, client, export)
}

fn import(
    client: &Client,
    file: &str,
    options: ImportOptions,
) -> Result<ImportReport, ImportError> {
    client.org.import(file, options)
}

#[track_caller]
fn refused(client: &Client, file: &str, text: &str) {
    let before = client.everything();
    let error = import(client, file, PLAIN).unwrap_err().to_string();
    assert!(error.contains(text), "{error}");
    assert_eq!(client.everything().records(), before.records());
}

#[test]
fn what_a_program_does_to_a_table_that_it_saves_is_no_change() {
    let (_server, client, export) = with_one();
    for (from, to) in [
        ("2026-03-02T09:00:00.000-06:00", "2026-03-02 09:00"),
        ("2026-03-02T09:00:00.000-06:00", "02.03.26 09:00"),
        ("2026-03-02T09:00:00.000-06:00", "3/2/2026 9:00 AM"),
        ("2026-03-02T09:00:00.000-06:00", "2026-03-02 15:00:00+00"),
        ("2026-03-02T09:00:00.000-06:00", "2026-03-02t08:59:59.000"),
        ("a\r\nb", "a\nb"),
        ("1,first", "1.0,first"),
        ("Not Started", " not started "),
    ] {
        let saved = export.replace('"', "").replace("a\r\nb", "\"a\r\nb\"");
        let saved = saved.replace(from, to);
        assert_ne!(saved, export);
        assert_eq!(import(&client, &saved, PLAIN).unwrap().unchanged, 1, "{to}");
    }
    assert_eq!(client.retrieve(1)["note"], "a\r\nb");
}

#[test]
fn an_edit_of_a_start_to_the_next_day_or_minute_is_taken() {
    for (kept, edit, becomes) in [
        ("2026-03-02T09:00:00.000-06:00", "2026-03-03", "2026-03-03T00:00:00.000-06:00"),
        ("2026-03-02T09:00:30.000-06:00", "2026-03-02 09:01", "2026-03-02T09:01:00.000-06:00"),
    ] {
        let (server, client, _) = with_one();
        client.update(1, &format!("activity.startDateTime={kept}"));
        server.advance(60_000);
        let export = client.org.export(Format::Csv);
        let cut = export.replace(kept, &kept[..16]);
        assert_eq!(import(&client, &cut, PLAIN).unwrap().unchanged, 1, "{cut}");
        let edited = export.replace(kept, edit);
        assert_eq!(import(&client, &edited, PLAIN).unwrap().updated, 1, "{edited}");
        assert_eq!(client.retrieve(1)["startDateTime"], becomes);
    }
}

#[test]
fn an_edit_of_the_last_digit_of_a_long_number_is_taken() {
    let (server, client, _) = with_one();
    client.update(1, "activity.subject=12345678901234567890");
    server.advance(60_000);
    let export = client.org.export(Format::Csv);
    let rounded = export.replace("12345678901234567890", "1.23456789012346E+019");
    assert_eq!(import(&client, &rounded, PLAIN).unwrap().unchanged, 1);
    let edited = export.replace("12345678901234567890", "12345678901234567891");
    assert_eq!(import(&client, &edited, PLAIN).unwrap().updated, 1);
    assert_eq!(client.retrieve(1)["subject"], "12345678901234567891");
}

#[test]
fn an_offset_that_a_program_has_dropped_is_no_change() {
    let (_server, client, _) = with_one();
    client.update(1, "activity.startDateTime=2026-03-02T09:00:00%2B01:00");
    let export = client.org.export(Format::Csv);
    let dropped = export.replace("2026-03-02T09:00:00.000+01:00", "2026-03-02 09:00:00.000000");
    assert_ne!(dropped, export);
    assert_eq!(import(&client, &dropped, PLAIN).unwrap().unchanged, 1);
    // In a column that names its time zone it is a time of that zone.
    let zoned = dropped.replace("startDateTime", "startDateTime (America/Chicago)");
    assert_eq!(import(&client, &zoned, PLAIN).unwrap().updated, 1);
    assert_eq!(client.retrieve(1)["startDateTime"], "2026-03-02T09:00:00.000-06:00");
}

#[test]
fn times_that_a_program_has_moved_to_another_zone_are_refused() {
    let server = TestServer::at("2026-02-03T12:00:00Z");
    let client = server.org("demo", "America/Chicago").editor();
    // Clocks change within these days.
    let rows = (1..=28).map(|day| format!("{day},s,2026-03-{day:02} 09:00,2,Not Started,LOW,\n"));
    let file = format!("{HEADER}\n{}", rows.collect::<String>());
    assert_eq!(import(&client, &file, PLAIN).unwrap().created, 28);
    let export = client.org.export(Format::Csv);
    let moved = export
        .replace("T09:00:00.000-06:00", "T09:00:00Z")
        .replace("T09:00:00.000-05:00", "T09:00:00Z");
    refused(&client, &moved, "28 of 28 start times have been moved");
    assert!(import(&client, &moved, DRY_RUN).is_err());
    // By so much no two zones are apart: somebody has moved them.
    for (day, time) in
        [("2026-04", "T09:00:00"), ("2026-03", "T09:10:00"), ("2026-04", "T11:00:00")]
    {
        let edited = export.replace("2026-03", day).replace("T09:00:00", time);
        assert_eq!(import(&client, &edited, DRY_RUN).unwrap().updated, 28, "{edited}");
    }
    // A few are edits.
    let edited = export.replacen("T09:00:00.000-06:00", "T09:00:00Z", 2);
    assert_eq!(import(&client, &edited, PLAIN).unwrap().updated, 2);
    assert_eq!(import(&client, &moved, OVERWRITE).unwrap().updated, 26);
}

#[test]
fn times_that_somebody_has_moved_by_a_day_are_taken() {
    let server = TestServer::at("2026-02-03T12:00:00Z");
    let client = server.org("demo", "America/Chicago").editor();
    let rows = |day: u8| -> String {
        (1..=12).map(|id| format!("{id},s,2026-03-{day:02} 09:00,2,Not Started,LOW,\n")).collect()
    };
    import(&client, &format!("{HEADER}\n{}", rows(2)), PLAIN).unwrap();
    server.advance(60_000);
    let export = client.org.export(Format::Csv);
    for day in ["01", "03", "04"] {
        let moved = export.replace("2026-03-02", &format!("2026-03-{day}"));
        assert_eq!(import(&client, &moved, DRY_RUN).unwrap().updated, 12, "{day}");
    }
    let zone = export.replace("T09:00:00.000-06:00", "T09:00:00.000Z");
    refused(&client, &zone, "12 of 12 start times have been moved");
}

#[test]
fn both_sides_stand_where_they_changed_different_members() {
    let (_server, client, export) = with_one();
    client.update(1, "activity.note=here");
    let edited = export.replace("first", "there");
    assert_eq!(import(&client, &edited, PLAIN).unwrap().updated, 1);
    let record = client.retrieve(1);
    assert_eq!((&record["subject"], &record["note"]), (&"there".into(), &"here".into()));
    assert_eq!(import(&client, &edited, PLAIN).unwrap().unchanged, 1);
}

#[test]
fn a_conflict_is_told_and_not_written_unless_somebody_says_so() {
    let (_server, client, export) = with_one();
    client.update(1, "activity.subject=here");
    let edited = export.replace("first", "there");
    let before = client.everything();
    for options in [DRY_RUN, PLAIN] {
        let report = import(&client, &edited, options).unwrap();
        assert_eq!((report.updated, report.conflicts.count), (0, 1));
        let conflict = &report.conflicts.first[0];
        let [subject] = &conflict.members[..] else { panic!("{conflict:?}") };
        let sides = (subject.before.as_deref(), subject.after.as_deref());
        assert_eq!((conflict.id.0, sides), (1, (Some("here"), Some("there"))));
        assert_eq!(client.everything().records(), before.records());
    }
    assert_eq!(import(&client, &edited, OVERWRITE).unwrap().updated, 1);
    assert_eq!(client.retrieve(1)["subject"], "there");
}

#[test]
fn an_old_table_undoes_nothing() {
    let (server, client, export) = with_one();
    client.update(1, "activity.subject=here&activity.note=here");
    server.advance(60_000);
    assert_eq!(import(&client, &export, PLAIN).unwrap().unchanged, 1);
    assert_eq!(client.retrieve(1)["subject"], "here");
}

#[test]
fn a_column_that_is_not_there_is_left_alone_and_an_empty_cell_clears() {
    let (_server, client, _) = with_one();
    assert_eq!(import(&client, "activityId,subject\n1,new\n", PLAIN).unwrap().updated, 1);
    let record = client.retrieve(1);
    assert_eq!((&record["subject"], &record["note"]), (&"new".into(), &"a\r\nb".into()));
    assert_eq!(record["activityStatus"]["id"], "2");
    import(&client, "activityId,note\n1,\n", PLAIN).unwrap();
    assert_eq!(client.retrieve(1)["note"], "");
}

#[test]
fn a_status_goes_by_what_somebody_changed() {
    for (from, to, id) in [
        ("Not Started", "completed", "4"),
        ("2,Not Started", "3,Not Started", "3"),
        ("2,Not Started", ",In Progress", "1"),
        ("2,Not Started", "4,Completed", "4"),
    ] {
        let (_server, client, export) = with_one();
        let edited = export.replace("\"2\",\"Not Started\"", "2,Not Started").replace(from, to);
        assert_eq!(import(&client, &edited, PLAIN).unwrap().updated, 1, "{to}");
        assert_eq!(client.retrieve(1)["activityStatus"]["id"], id, "{to}");
    }
}

#[test]
fn rows_without_an_id_become_new_activities() {
    let (_server, client, _) = with_one();
    let row = "new,2026-03-03 10:00,Not Started,LOW";
    let file =
        format!("subject,startDateTime,activityStatus.name,activityPriority\n{row}\n{row}\n");
    let report = import(&client, &file, PLAIN).unwrap();
    assert_eq!((report.created, report.given_ids.count), (2, 2));
    let ids: Vec<i64> = report.given_ids.first.iter().map(|id| id.0).collect();
    assert_eq!(ids, [2, 3]);
    assert_eq!(client.retrieve(3)["startDateTime"], "2026-03-03T10:00:00.000-06:00");
    let lacking = client.org.try_plan("subject\nhalf\n").err().unwrap().to_string();
    assert!(lacking.contains("startDateTime, activityStatus.name, activityPriority"), "{lacking}");
    refused(&client, "activityId,subject\n77,half\n", "77");
}

#[test]
fn two_rows_of_one_id_that_differ_are_refused() {
    let (_server, client, _) = with_one();
    refused(
        &client,
        "activityId,subject\n1,one\n1,two\n",
        "row 3: this row and row 2 have the same activityId, 1",
    );
    assert_eq!(import(&client, "activityId,subject\n1,one\n1,one\n", PLAIN).unwrap().updated, 1);
}

#[test]
fn one_row_that_cannot_be_taken_keeps_all_from_being_written() {
    let (_server, client, export) = with_one();
    client.update(1, "activity.note=here");
    // Number and name of two statuses, neither of which it had.
    let edited = export.replace("\"2\",\"Not Started\"", "\"3\",\"Completed\"");
    let edited = edited.replace("2,Not Started", "3,Completed");
    refused(&client, &edited, "clear one of them");
}

#[test]
fn what_another_import_has_brought_since_a_table_was_read_is_no_new_activity() {
    let (_server, client, _) = with_one();
    let table = "Id,Subject,ActivityDate,Status,Priority,OwnerId\n\
         00T3k00000AbCdEEAV,Call,2026-11-30,Completed,High,\n";
    let [one, other] = [client.org.plan(table), client.org.plan(table)];
    assert_eq!(client.org.carry_out(one, PLAIN).unwrap().created, 1);
    let report = client.org.carry_out(other, PLAIN).unwrap();
    assert_eq!((report.created, report.unchanged), (0, 1));
    assert_eq!(client.everything().records().len(), 2);
}

#[test]
fn the_api_says_nothing_of_ids_in_other_systems() {
    let (_server, client, _) = with_one();
    let table = "activityId,externalId\n1,civicrm:512\n";
    assert_eq!(import(&client, table, PLAIN).unwrap().updated, 1);
    assert!(client.org.export(Format::JsonLines).contains(r#""externalId":"civicrm:512""#));
    assert!(!client.retrieve(1).to_string().contains("512"));
    assert!(!client.everything().records().iter().any(|record| record.to_string().contains("512")));
}
