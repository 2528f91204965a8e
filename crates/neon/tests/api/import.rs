//! Imports, as far as the API shows what came of them.

use domain::{ActivityId, ManualClock};
use serde_json::Value;
use service::{ImportOptions, ImportReport, Listed, Rehearsal};

use crate::client::{Client, REQUIRED};
use crate::harness::TestServer;
use crate::manual::{SAMPLE, with_sample};

pub(crate) const PLAIN: ImportOptions =
    ImportOptions { dry_run: false, restore: false, overwrite: false, by: None };
pub(crate) const RESTORE: ImportOptions = ImportOptions { restore: true, ..PLAIN };
pub(crate) const OVERWRITE: ImportOptions = ImportOptions { overwrite: true, ..PLAIN };
pub(crate) const DRY_RUN: ImportOptions = ImportOptions { dry_run: true, ..PLAIN };

/// A line of a file; `more`, if any, begins with a comma.
pub(crate) fn line(id: i64, subject: &str, more: &str) -> String {
    format!(
        r#"{{"activityId":{id},"subject":"{subject}","startDateTime":"2026-01-01T00:00:00Z","activityStatus":{{"id":"2","name":"Not Started"}},"activityPriority":"LOW"{more}}}"#
    )
}

pub(crate) fn changed(time: &str) -> String {
    format!(r#","lastModifiedDateTime":"{time}""#)
}

fn at_noon() -> (TestServer<ManualClock>, crate::harness::Org) {
    let server = TestServer::at("2026-02-03T12:00:00Z");
    let org = server.org("demo", "+00:00");
    (server, org)
}

/// Ids with their times of change, oldest first.
fn stamps(client: &Client) -> Vec<(i64, String)> {
    let answer = client
        .sync("syncActivityTimeFrom=0001-01-01T00:00:00Z&page.pageSize=200&page.sortDirection=ASC");
    let stamp = |record: &Value| record["lastModifiedDateTime"].as_str().unwrap().to_owned();
    answer.ids().into_iter().zip(answer.records().iter().map(stamp)).collect()
}

#[test]
fn into_an_empty_organization_ids_and_times_are_kept() {
    let (_server, org) = at_noon();
    let file = [
        line(7, "b", &changed("2025-01-02T00:00:00Z")),
        line(9, "a", &changed("2025-01-01T00:00:00.123Z")),
        line(3, "b", &changed("2025-01-02T00:00:00Z")),
        r#"{"activityId":5,"deletedDateTime":"2025-01-03T00:00:00Z"}"#.to_owned(),
    ];
    let report = org.import(&file.join("\n"), PLAIN).unwrap();
    assert_eq!((report.kept_stamps, report.created, report.removed), (true, 3, 1));
    let client = org.editor();
    let expected = [
        (9, "2025-01-01T00:00:00.123+00:00"),
        (3, "2025-01-02T00:00:00.000+00:00"),
        (7, "2025-01-02T00:00:00.000+00:00"),
    ];
    assert_eq!(stamps(&client), expected.map(|(id, stamp)| (id, stamp.to_owned())));
    assert_eq!(client.sync("syncActivityTimeFrom=2025-01-03T00:00:00Z").deleted(), Some(vec![5]));
    assert_eq!(client.create("next"), 10, "new ids come after all that were ever given");
}

#[test]
fn what_has_no_time_or_a_time_to_come_gets_the_imports() {
    let (_server, org) = at_noon();
    let file = [
        line(9, "from the future", &changed("2099-01-01T00:00:00Z")),
        line(3, "from further on", &changed("2100-01-01T00:00:00Z")),
        line(1, "timeless", ""),
        line(8, "past", &changed("2025-01-01T00:00:00Z")),
    ];
    let report = org.import(&file.join("\n"), PLAIN).unwrap();
    assert_eq!(report.from_the_future, 2);
    let client = org.editor();
    let noon = "2026-02-03T12:00:00.000+00:00";
    let expected = [(8, "2025-01-01T00:00:00.000+00:00"), (1, noon), (3, noon), (9, noon)];
    assert_eq!(stamps(&client), expected.map(|(id, stamp)| (id, stamp.to_owned())));
    assert_eq!(client.everything().ids(), [9, 3, 1, 8], "newest first, then by id");
}

#[test]
fn once_somebody_has_logged_in_times_are_new() {
    let (server, org) = at_noon();
    let client = org.editor();
    let told = client.everything();
    server.advance(60_000);
    let report = org.import(SAMPLE, PLAIN).unwrap();
    assert_eq!((report.kept_stamps, report.created), (false, 2));
    let answer = client.sync(&format!("syncActivityTimeFrom={}", told.after()));
    assert_eq!(answer.ids(), [652, 653]);
    assert_eq!(answer.records()[0]["createdDateTime"], "2013-07-09T07:53:19.000+00:00");
    assert_eq!(answer.records()[0]["createdBy"], "Colin Pizarek");
}

#[test]
fn the_same_file_again_changes_nothing() {
    let (server, client) = with_sample();
    let before = client.everything();
    server.advance(60_000);
    let report = client.org.import(SAMPLE, PLAIN).unwrap();
    assert_eq!(report, ImportReport { unchanged: 2, ..ImportReport::default() });
    assert_eq!(client.everything().records(), before.records());
}

#[test]
fn a_later_import_adds_and_updates_and_removes() {
    let (server, client) = with_sample();
    let extra = client.create("extra");
    let told = client.everything();
    server.advance(60_000);
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let answer = &mut sample["syncActivitiesResponse"];
    answer["activities"]["activity"][0]["subject"] = "edited".into();
    answer["deletedActivityIdList"]["activityId"] = vec![extra].into();
    let new = line(1000, "new", r#","createdDateTime":"2013-01-01T00:00:00Z""#);
    let file = format!("{sample}\n{new}");
    let report = client.org.import(&file, PLAIN).unwrap();
    let counts = [report.created, report.updated, report.unchanged, report.removed];
    assert_eq!(counts, [1, 1, 1, 1]);
    let answer = client.sync(&format!("syncActivityTimeFrom={}", told.after()));
    assert_eq!((answer.ids(), answer.deleted()), (vec![653, 1000], Some(vec![extra])));
    assert_eq!(answer.records()[0]["subject"], "edited");
    assert_eq!(answer.records()[0]["createdDateTime"], "2013-07-09T15:53:19.000+08:00");
    assert_eq!(answer.records()[1]["createdDateTime"], "2013-01-01T08:00:00.000+08:00");
}

#[test]
fn what_was_removed_here_comes_back_only_on_request() {
    let (server, client) = with_sample();
    client.remove(653);
    let told = client.everything();
    server.advance(60_000);
    let left = client.org.import(SAMPLE, PLAIN).unwrap().left_removed;
    assert_eq!(left, Listed { first: vec![ActivityId(653)], count: 1 });
    assert_eq!(client.everything().ids(), [652]);

    let report = client.org.import(SAMPLE, RESTORE).unwrap();
    assert_eq!((report.created, report.brought_back.count, report.unchanged), (0, 1, 1));
    let answer = client.sync(&format!("syncActivityTimeFrom={}", told.after()));
    assert_eq!((answer.ids(), answer.deleted()), (vec![653], Some(vec![])));
    let everything = client.everything();
    assert_eq!((everything.ids(), everything.deleted()), (vec![653, 652], Some(vec![])));
}

#[test]
fn the_highest_id_is_taken_before_any_other() {
    let (server, client) = with_sample();
    server.advance(60_000);
    let file = [
        line(1001, "a", &changed("2025-01-01T00:00:00Z")),
        line(1003, "b", &changed("2025-01-03T00:00:00Z")),
        line(1002, "c", &changed("2025-01-02T00:00:00Z")),
    ];
    client.org.import(&file.join("\n"), PLAIN).unwrap();
    // In a commit of its own: whatever is created from then on gets an id above the file's.
    assert_eq!(client.everything().ids()[..3], [1002, 1001, 1003]);
}

/// A line whose record has this status.
fn with_status(id: i64, status: i64, name: &str) -> String {
    let named = format!(r#"{{"id":"{status}","name":"{name}"}}"#);
    line(id, "x", "").replace(r#"{"id":"2","name":"Not Started"}"#, &named)
}

/// The statuses that can be chosen, as `id name`.
fn choices(client: &Client) -> Vec<String> {
    let answer: Value = serde_json::from_str(&client.get("listActivityStatus", "").text).unwrap();
    let list = &answer["listActivityStatusResponse"]["activityStatusList"]["activityStatus"];
    let text = |status: &Value, member: &str| status[member].as_str().unwrap().to_owned();
    let shown = |s: &Value| format!("{} {}", text(s, "id"), text(s, "name"));
    list.as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn a_first_import_takes_over_names_and_retires_who_had_them() {
    let (_server, org) = at_noon();
    let file = [with_status(1, 1, "Not Started"), with_status(2, 4, "Done")];
    let report = org.import(&file.join("\n"), PLAIN).unwrap();
    assert_eq!(report.statuses, ["1 Not Started", "2 Not Started (retired)", "4 Done"]);
    assert_eq!(report.same_names, [""; 0]);
    let client = org.editor();
    assert_eq!(choices(&client), ["1 Not Started", "3 Waiting", "4 Done", "5 Deferred"]);
    assert_eq!(client.retrieve(1)["activityStatus"]["name"], "Not Started");
}

#[test]
fn statuses_of_one_name_are_kept_apart_by_id_and_told() {
    let (_server, org) = at_noon();
    let file = [with_status(1, 8, "Parked"), with_status(2, 9, "parked")];
    let report = org.import(&file.join("\n"), PLAIN).unwrap();
    assert_eq!(report.same_names, ["8 Parked, 9 parked"]);
    let client = org.editor();
    assert_eq!(client.retrieve(2)["activityStatus"]["id"], "9");

    let file = with_status(3, 12, "Waiting");
    let told = org.import(&file, DRY_RUN).unwrap();
    assert_eq!(told.same_names, ["3 Waiting, 12 Waiting"]);
    assert_eq!(told.rehearsal.created.len(), 1);
    let told = ImportReport { rehearsal: Rehearsal::default(), ..told };
    assert_eq!(org.import(&file, PLAIN).unwrap(), told);
    assert_eq!(org.import(&file, PLAIN).unwrap().same_names, [""; 0], "told once");
}

#[test]
fn names_are_not_taken_over_where_there_are_records() {
    let (_server, client) = with_sample();
    let report = client.org.import(&with_status(1, 2, "Later"), PLAIN).unwrap();
    assert_eq!(report.statuses, [""; 0]);
    assert_eq!(client.retrieve(1)["activityStatus"]["name"], "Not Started");
}

#[test]
fn missing_statuses_are_created() {
    let (_server, client) = with_sample();
    let someday = line(1, "x", "")
        .replace(r#"{"id":"2","name":"Not Started"}"#, r#"{"id":"9","name":"Someday"}"#);
    let report = client.org.import(&someday, PLAIN).unwrap();
    assert_eq!(report.statuses, ["9 Someday"]);
    assert!(client.get("listActivityStatus", "").text.contains(r#"{"id":"9","name":"Someday"}"#));
    assert_eq!(client.retrieve(1)["activityStatus"]["name"], "Someday");
}

#[test]
fn a_dry_run_only_tells() {
    let (server, client) = with_sample();
    client.remove(652);
    let before = client.everything();
    server.advance(60_000);
    let file = format!("{}\n{}", line(653, "edited", ""), line(1000, "new", ""));
    let told = client.org.import(&file, DRY_RUN).unwrap();
    assert_eq!((told.created, told.updated), (1, 1));
    let after = client.everything();
    assert_eq!((after.records(), after.deleted()), (before.records(), before.deleted()));
    let told = ImportReport { rehearsal: Rehearsal::default(), ..told };
    assert_eq!(client.org.import(&file, PLAIN).unwrap(), told);
}

#[test]
fn the_last_id_may_be_used_up() {
    let (_server, org) = at_noon();
    org.import(&line(domain::ID_MAX, "last", ""), PLAIN).unwrap();
    let client = org.editor();
    let text = "Unexpected System error occured. organization demo has used up all activity ids";
    client.get("createActivity", &format!("activity.subject=x&{REQUIRED}")).fails(1, text);
    client.update(domain::ID_MAX, "activity.subject=still+edited");
    assert_eq!(client.everything().ids(), [domain::ID_MAX]);
}

#[test]
fn a_run_goes_on_while_a_file_is_imported() {
    let (server, client) = with_sample();
    client.create_many('a', 18);
    let from = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
    let whole = client.sync(&format!("{from}&page.pageSize=200"));
    let first = client.sync(from);
    server.advance(1_000);
    let lines: Vec<String> = (640..700).map(|id| line(id, "imported", "")).collect();
    client.org.import(&lines.join("\n"), PLAIN).unwrap();
    let second = client.sync(&format!("{from}&page.currentPage=2"));
    assert_eq!((second.records(), second.time()), (&whole.records()[10..], first.time()));
}

#[test]
fn of_a_record_and_a_removal_the_later_counts_whatever_the_order_of_the_files() {
    let record = |time: &str| {
        let time = if time.is_empty() {
            String::new()
        } else {
            format!(r#","lastModifiedDateTime":"2026-01-0{time}T00:00:00Z""#)
        };
        format!(
            r#"{{"activityId":1,"subject":"s","startDateTime":"2026-01-01T00:00:00Z","activityStatus":{{"id":"2","name":"n"}},"activityPriority":"LOW"{time}}}"#
        )
    };
    let removal =
        |time: &str| format!(r#"{{"activityId":1,"deletedDateTime":"2026-01-0{time}T00:00:00Z"}}"#);
    let for_ever = r#"{"syncActivitiesResponse":{"operationResult":"SUCCESS","activities":{"activity":[]},"deletedActivityIdList":{"activityId":[1]}}}"#;
    for (one, other, is_there) in [
        (record("3"), removal("2"), true),
        (record("2"), removal("3"), false),
        (record("3"), removal("3"), false),
        (record(""), removal("3"), false),
        (record("3"), for_ever.to_owned(), false),
    ] {
        for file in [format!("{one}\n{other}"), format!("{other}\n{one}")] {
            let server = TestServer::start();
            let org = server.org("acme", "UTC");
            org.import(&file, ImportOptions::default()).unwrap();
            let client = org.editor();
            let answer = client.sync("activityIds.activityId=1");
            assert_eq!(answer.ids(), if is_there { vec![1] } else { Vec::new() }, "{file}");
            let removed = if is_there { Vec::new() } else { vec![1] };
            assert_eq!(answer.deleted(), Some(removed), "{file}");
        }
    }
}
