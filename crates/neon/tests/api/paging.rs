//! Page numbers and page sizes.

use serde_json::json;

use crate::harness::TestServer;

const EVERYTHING: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.sortDirection=ASC";

#[test]
fn odd_pages_and_sizes_are_clamped() {
    let server = TestServer::start();
    let client = server.editor();
    let made = client.create_many('a', 31);
    let check = |query: &str, page: [u64; 4], ids: &[i64]| {
        let answer = client.sync(&format!("{EVERYTHING}&{query}"));
        assert_eq!((answer.page(), answer.ids()), (page, ids.to_vec()), "{query}");
    };
    check("", [1, 10, 4, 31], &made[..10]);
    check("page.currentPage=2", [2, 10, 4, 31], &made[10..20]);
    check("page.currentPage=4", [4, 10, 4, 31], &made[30..]);
    for first in ["0", "-1", "-9223372036854775808", "1", "+1", ""] {
        check(&format!("page.currentPage={first}"), [1, 10, 4, 31], &made[..10]);
    }
    for past in [5, 1_000_000, i64::MAX.unsigned_abs()] {
        check(&format!("page.currentPage={past}"), [past, 10, 4, 31], &[]);
    }
    for default in ["0", "-1", "-9223372036854775808", ""] {
        check(&format!("page.pageSize={default}"), [1, 10, 4, 31], &made[..10]);
    }
    for all in ["201", "999999", "4294967296", "9223372036854775807"] {
        check(&format!("page.pageSize={all}"), [1, 200, 1, 31], &made);
    }
    check("page.pageSize=1&page.currentPage=31", [31, 1, 31, 31], &made[30..]);
    check("page.pageSize=31", [1, 31, 1, 31], &made);
    check("page.pageSize=30&page.currentPage=2", [2, 30, 2, 31], &made[30..]);
    check("page.pageSize=31&page.currentPage=2", [2, 31, 1, 31], &[]);
}

#[test]
fn a_record_is_the_same_on_pages_of_every_size_and_however_often_it_is_read() {
    let server = TestServer::start();
    let client = server.editor();
    let made = client.create_many('a', 420);
    for id in made.iter().step_by(7) {
        client.update(*id, "activity.note=changed");
    }
    for id in made.iter().step_by(11) {
        client.remove(*id);
    }
    let read = |size: usize, direction: &str| -> Vec<serde_json::Value> {
        let page = |page: usize| {
            let paging = format!("page.pageSize={size}&page.currentPage={page}");
            let query = format!("syncActivityTimeFrom=2000-01-01T00:00:00Z&{paging}");
            client.sync(&format!("{query}&page.sortDirection={direction}")).records().to_vec()
        };
        (1..).map(page).take_while(|records| !records.is_empty()).flatten().collect()
    };
    let one_by_one = made.iter().filter(|id| (*id - made[0]) % 11 != 0);
    let mut expected: Vec<_> = one_by_one.map(|id| client.retrieve(*id)).collect();
    let key = |record: &serde_json::Value| {
        let time = record["lastModifiedDateTime"].as_str().unwrap().to_owned();
        (time, record["activityId"].as_i64())
    };
    expected.sort_by_key(key);
    for size in [200, 100, 10, 150, 200, 99, 100] {
        assert_eq!(read(size, "ASC"), expected, "{size}");
    }
    expected.reverse();
    for size in [100, 200, 17] {
        assert_eq!(read(size, "DESC"), expected, "{size}");
    }
}

#[test]
fn nothing_found_is_one_empty_page() {
    let server = TestServer::start();
    let client = server.editor();
    let answer = client
        .sync("syncActivityTimeFrom=2000-01-01T00:00:00Z&syncActivityTimeTo=2000-01-02T00:00:00Z");
    assert_eq!(answer.inside["activities"], json!({"activity": []}));
    assert_eq!(
        answer.inside["page"],
        json!({"currentPage": 1, "pageSize": 10, "totalPage": 1, "totalResults": 0})
    );
    assert_eq!(answer.inside["deletedActivityIdList"], json!({"activityId": []}));
    let past = client.sync(
        "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.currentPage=7&ignoreDeletedIdList=true",
    );
    assert_eq!(past.page(), [7, 10, 1, 0]);
}

#[test]
fn the_largest_page_is_a_setting() {
    let server = TestServer::start();
    let client = server.editor();
    client.create_many('a', 3);
    server.restart_with(2);
    let answer = client.sync(&format!("{EVERYTHING}&page.pageSize=5"));
    assert_eq!(answer.page(), [1, 2, 2, 3]);
}

#[test]
fn pages_join_without_gap_or_overlap() {
    let server = TestServer::start();
    let client = server.editor();
    let made = client.create_many('a', 23);
    for size in [1, 2, 7, 22, 23, 24] {
        for direction in ["ASC", "DESC"] {
            let page = |n: u64| {
                let query = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
                client.sync(&format!("{query}&page.sortDirection={direction}&page.pageSize={size}&page.currentPage={n}"))
            };
            let mut ids: Vec<i64> = (1..=page(1).page()[2]).flat_map(|n| page(n).ids()).collect();
            if direction == "DESC" {
                ids.reverse();
            }
            assert_eq!(ids, made, "{size} {direction}");
        }
    }
}

#[test]
fn a_page_of_long_records_is_whole() {
    let server = TestServer::start();
    let client = server.editor();
    let made = client.create_many('a', 20);
    // More than is read where the question stands.
    let note = |id: i64| format!("{id}").repeat(20_000);
    for id in &made {
        let form = format!("activity.activityId={id}&activity.note={}", note(*id));
        client.post("updateActivity", &form).ok();
    }
    for size in [20, 15, 3] {
        server.restart(); // Nothing is in memory.
        let answer = client.sync(&format!("{EVERYTHING}&page.pageSize={size}"));
        let records = answer.inside["activities"]["activity"].as_array().unwrap();
        assert_eq!(records.len(), size);
        for (record, id) in records.iter().zip(&made) {
            assert_eq!(record["activityId"], *id);
            assert!(record["note"] == note(*id), "the note of {id}");
        }
    }
}
