//! Orders: by every member of the record, in both directions.

use serde_json::json;
use service::ImportOptions;

use crate::client::Client;
use crate::harness::TestServer;

const EVERYTHING: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";

/// Five records that differ in every member, and of which most lack what can be absent. The ids go
/// against the times of change.
const RECORDS: &str = r#"[
{"activityId":5,"subject":"b","note":"z","startDateTime":"2026-01-01T00:00:00Z","createdDateTime":"2025-01-03T00:00:00Z","lastModifiedDateTime":"2025-02-01T00:00:00Z","createdBy":"Zoe","lastModifiedBy":"Ada","endDateTime":"2026-03-01T00:00:00Z","clientId":7,"systemUserId":30,"activityStatus":{"id":"2","name":"Not Started"},"activityPriority":"NORMAL","customFieldDataList":{"customFieldData":[{"fieldId":"7","fieldValue":"b"}]}},
{"activityId":4,"subject":"B","note":"","startDateTime":"2026-01-01T09:00:00+09:30","createdDateTime":"2025-01-02T00:00:00Z","lastModifiedDateTime":"2025-02-02T00:00:00Z","activityStatus":{"id":"4","name":"Completed"},"activityPriority":"HIGH"},
{"activityId":3,"subject":"é","note":"a","startDateTime":"2026-01-01T02:00:00Z","createdDateTime":"2025-01-01T00:00:00Z","lastModifiedDateTime":"2025-02-03T00:00:00Z","createdBy":"Ada","endDateTime":"2026-02-01T00:00:00Z","clientId":10,"systemUserId":4,"activityStatus":{"id":"1","name":"In Progress"},"activityPriority":"LOW","customFieldDataList":{"customFieldData":[{"fieldId":"7","fieldValue":"a"}]}},
{"activityId":2,"subject":"b","note":"a","startDateTime":"2026-01-01T02:00:00Z","createdDateTime":"2025-01-01T00:00:00Z","lastModifiedDateTime":"2025-02-04T00:00:00Z","lastModifiedBy":"Zoe","activityStatus":{"id":"2","name":"Not Started"},"activityPriority":"NORMAL"},
{"activityId":1,"subject":"😀","note":"Z","startDateTime":"2026-01-01T03:00:00Z","createdDateTime":"2025-01-05T00:00:00Z","lastModifiedDateTime":"2025-02-04T00:00:00Z","activityStatus":{"id":"10","name":"waiting"},"activityPriority":"LOW"}
]"#;

fn with_records() -> (TestServer, Client) {
    let server = TestServer::start();
    let org = server.org("demo", "+00:00");
    org.import(RECORDS, ImportOptions::default()).unwrap();
    let client = org.editor();
    (server, client)
}

#[test]
fn every_member_is_a_column_in_both_directions() {
    let (_server, client) = with_records();
    let by_ids = "activityIds.activityId=1&activityIds.activityId=2&activityIds.activityId=3&activityIds.activityId=4&activityIds.activityId=5";
    let check = |column: &str, ascending: [i64; 5], descending: [i64; 5]| {
        for (direction, expected) in
            [("ASC", ascending), ("DESC", descending), ("asc", ascending), ("", ascending)]
        {
            for question in [EVERYTHING, by_ids] {
                let query =
                    format!("{question}&page.sortColumn={column}&page.sortDirection={direction}");
                assert_eq!(client.sync(&query).ids(), expected, "{query}");
            }
        }
    };
    // Absent values come last in both directions; the last key is the id, in the same direction.
    check("createdDateTime", [2, 3, 4, 5, 1], [1, 5, 4, 3, 2]);
    check("createdBy", [3, 5, 1, 2, 4], [5, 3, 4, 2, 1]);
    check("lastModifiedDateTime", [5, 4, 3, 1, 2], [2, 1, 3, 4, 5]);
    check("lastModifiedBy", [5, 2, 1, 3, 4], [2, 5, 4, 3, 1]);
    check("activityId", [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]);
    check("subject", [4, 2, 5, 3, 1], [1, 3, 5, 2, 4]);
    check("note", [4, 1, 2, 3, 5], [5, 3, 2, 1, 4]);
    check("startDateTime", [4, 5, 2, 3, 1], [1, 3, 2, 5, 4]);
    check("endDateTime", [3, 5, 1, 2, 4], [5, 3, 4, 2, 1]);
    check("clientId", [5, 3, 1, 2, 4], [3, 5, 4, 2, 1]);
    check("systemUserId", [3, 5, 1, 2, 4], [5, 3, 4, 2, 1]);
    check("activityStatus", [4, 3, 2, 5, 1], [1, 5, 2, 3, 4]);
    check("activityStatus.name", [4, 3, 2, 5, 1], [1, 5, 2, 3, 4]);
    check("activityStatus.id", [3, 2, 5, 4, 1], [1, 4, 5, 2, 3]);
    check("activityPriority", [4, 1, 3, 2, 5], [5, 2, 3, 1, 4]);
    check("customFieldDataList", [3, 5, 1, 2, 4], [5, 3, 4, 2, 1]);
}

#[test]
fn without_a_column_the_newest_change_comes_first() {
    let (_server, client) = with_records();
    assert_eq!(client.sync(EVERYTHING).ids(), [2, 1, 3, 4, 5]);
    assert_eq!(
        client.sync(&format!("{EVERYTHING}&page.sortDirection=DESC")).ids(),
        [2, 1, 3, 4, 5]
    );
    assert_eq!(client.sync(&format!("{EVERYTHING}&page.sortDirection=ASC")).ids(), [5, 4, 3, 1, 2]);
}

#[test]
fn columns_come_in_any_case_with_blanks() {
    let (_server, client) = with_records();
    for column in ["SUBJECT", "subject", "+Sub+ject+"] {
        assert_eq!(
            client.sync(&format!("{EVERYTHING}&page.sortColumn={column}")).ids(),
            [4, 2, 5, 3, 1]
        );
    }
    let two_words = client.sync(&format!("{EVERYTHING}&page.sortColumn=Activity+Id"));
    assert_eq!(two_words.ids(), [1, 2, 3, 4, 5]);
}

#[test]
fn unknown_columns_are_refused() {
    let (_server, client) = with_records();
    for column in ["shoeSize", "activity", "subject;", "%FF", "deletedActivityIdList"] {
        let answer =
            client.get("syncActivities", &format!("{EVERYTHING}&page.sortColumn={column}"));
        answer.fails(21, "Search sort column is invalid.");
    }
}

#[test]
fn column_and_direction_are_echoed_only_when_named() {
    let (_server, client) = with_records();
    let check = |query: &str, expected: serde_json::Value| {
        let page = client.sync(&format!("{EVERYTHING}&{query}")).inside["page"].clone();
        let mut whole =
            json!({"currentPage": 1, "pageSize": 10, "totalPage": 1, "totalResults": 5});
        for (name, value) in expected.as_object().unwrap() {
            whole[name] = value.clone();
        }
        assert_eq!(page, whole, "{query}");
    };
    check("", json!({}));
    check("page.sortColumn=&page.sortDirection=", json!({}));
    check("page.sortColumn=Subject", json!({"sortColumn": "Subject"}));
    check("page.sortDirection=desc", json!({"sortDirection": "DESC"}));
    check(
        "PAGE.SORTCOLUMN=NOTE&page.sortDirection=Asc",
        json!({"sortColumn": "NOTE", "sortDirection": "ASC"}),
    );
}

#[test]
fn equal_values_do_not_move_between_pages() {
    let server = TestServer::start();
    let client = server.editor();
    let made: Vec<i64> = (0..40).map(|n| client.create(["x", "y", "z"][n % 3])).collect();
    for column in ["subject", "activityStatus", "endDateTime", "systemUserId"] {
        for direction in ["ASC", "DESC"] {
            let order =
                format!("{EVERYTHING}&page.sortColumn={column}&page.sortDirection={direction}");
            let whole = client.sync(&format!("{order}&page.pageSize=200")).ids();
            let page = |n: u64| {
                client.sync(&format!("{order}&page.pageSize=3&page.currentPage={n}")).ids()
            };
            let paged: Vec<i64> = (1..=14).flat_map(page).collect();
            assert_eq!(paged, whole, "{order}");
            let mut sorted = paged;
            sorted.sort_unstable();
            assert_eq!(sorted, made, "{order}");
        }
    }
}

#[test]
fn texts_too_long_to_be_sorted_in_memory_are_told_of() {
    let server = TestServer::start();
    let client = server.editor();
    let note = "x".repeat(domain::NOTE_CHARS_MAX);
    let by_note = "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.sortColumn=note";
    // The server of these tests has 64 KiB for caches, and four times that for keys.
    for n in 1..=3 {
        let id = client.create("long");
        client
            .post("updateActivity", &format!("activity.activityId={id}&activity.note={note}"))
            .ok();
        let answer = client.get("syncActivities", by_note);
        assert_eq!(answer.errors().len(), usize::from(n == 3), "{n}");
    }
    let told = client.get("syncActivities", by_note);
    assert_eq!(told.errors()[0].0, 2);
    assert!(told.errors()[0].1.contains("sort by another column"), "{}", told.text);
    client.sync("syncActivityTimeFrom=2000-01-01T00:00:00Z&page.sortColumn=subject");
}
