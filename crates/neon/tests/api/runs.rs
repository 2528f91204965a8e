//! One run, one view, one horizon: whatever happens between its pages (invariant 4).

use domain::ManualClock;
use serde_json::Value;

use crate::answer::Answer;
use crate::client::Client;
use crate::harness::TestServer;

const PAGE_SIZE: usize = 10;

/// Thirty records of three subjects, two of them removed, by somebody else than who asks.
fn with_records() -> (TestServer<ManualClock>, Client, Vec<i64>) {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let made: Vec<i64> = (0..30).map(|n| client.create(["x", "y", "z"][n % 3])).collect();
    client.remove(made[3]);
    client.remove(made[17]);
    (server, client, made)
}

/// What a busy office does between two pages: edits of every member that is sorted by, removals,
/// new records.
fn meddle(other: &Client, made: &[i64], page: usize) {
    for n in [page, 10 + page, 24 + page] {
        let edit = format!(
            "activity.activityId={}&activity.subject=a{page}&activity.note=n&activity.startDateTime=1999-01-01T00:00:00Z&activity.activityStatus.id=4",
            made[n]
        );
        // Refused where it has been removed: that is part of the office.
        other.get("updateActivity", &edit);
    }
    for n in [5 + page, 20 + page] {
        other.get("removeActivity", &format!("activityId={}", made[n]));
    }
    other.create_many('n', 3);
}

fn page(client: &Client, question: &str, n: usize) -> Answer {
    client.sync(&format!("{question}&page.pageSize={PAGE_SIZE}&page.currentPage={n}"))
}

/// Asks for all pages while others write, and holds them against what there was at the beginning.
#[track_caller]
fn check(question: &str) {
    let (server, client, made) = with_records();
    let other = client.again();
    server.advance(5_000);
    let whole = client.sync(&format!("{question}&page.pageSize=200"));
    let records: Vec<&[Value]> = whole.records().chunks(PAGE_SIZE).collect();
    assert!(records.len() > 1, "{question} has {} pages", records.len());

    let first = page(&client, question, 1);
    assert_eq!(first.page()[2..], [records.len() as u64, whole.page()[3]]);
    for (index, expected) in records.iter().enumerate() {
        let n = index + 1;
        let answer = if n == 1 { first.clone() } else { page(&client, question, n) };
        assert_eq!(answer.records(), *expected, "page {n} of {question}");
        assert_eq!(answer.page()[1..], first.page()[1..], "page {n} of {question}");
        assert_eq!(answer.time(), first.time(), "page {n} of {question}");
        assert_eq!(answer.deleted(), whole.deleted(), "page {n} of {question}");
        meddle(&other, &made, n);
        server.advance(1_000);
    }
    // Every page can be asked for again, also past the end.
    assert_eq!(page(&client, question, 2).records(), records[1]);
    assert_eq!(page(&client, question, 9).time(), first.time());
    // Its time is the upper bound, if there is one: then its records tell.
    let again = page(&client, question, 1);
    assert_ne!(
        (again.time(), again.records()),
        (first.time(), first.records()),
        "page 1 begins another"
    );
}

fn every_order(question: &str) {
    let columns = [
        "",
        "lastModifiedDateTime",
        "createdDateTime",
        "createdBy",
        "lastModifiedBy",
        "activityId",
        "subject",
        "note",
        "startDateTime",
        "endDateTime",
        "activityStatus",
        "activityPriority",
    ];
    for column in columns {
        for direction in ["ASC", "DESC"] {
            check(&format!("{question}&page.sortColumn={column}&page.sortDirection={direction}"));
        }
    }
}

const FROM: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
const TO: &str = "syncActivityTimeTo=2026-02-03T04:05:10Z";
const FAR_TO: &str = "syncActivityTimeTo=2036-01-01T00:00:00Z";

fn ids() -> String {
    (1..=30).map(|id| format!("&activityIds.activityId={id}")).collect()
}

#[test]
fn of_an_open_range() {
    every_order(FROM);
}

#[test]
fn of_a_closed_range() {
    every_order(&format!("{FROM}&{TO}"));
}

#[test]
fn of_a_range_that_ends_in_the_future() {
    check(&format!("{FROM}&{FAR_TO}"));
    check(&format!("{FROM}&{FAR_TO}&page.sortColumn=subject"));
}

#[test]
fn of_ids() {
    check(&ids());
    check(&format!("{}&page.sortColumn=subject", ids()));
}

#[test]
fn of_ids_within_a_range() {
    check(&format!("{FROM}{}", ids()));
    check(&format!("{FROM}&{TO}{}", ids()));
    check(&format!("{FROM}&{TO}{}&page.sortColumn=note&page.sortDirection=DESC", ids()));
}

#[test]
fn without_the_removed() {
    check(&format!("{FROM}&ignoreDeletedIdList=true"));
}

#[test]
fn a_reader_that_goes_on_from_the_runs_time_has_everything() {
    let (server, client, made) = with_records();
    let other = client.again();
    let mut mirror = std::collections::BTreeMap::new();
    let mut apply = |answer: &Answer| {
        mirror.extend(answer.ids().into_iter().zip(answer.records().iter().cloned()));
        answer.deleted().unwrap().iter().for_each(|id| drop(mirror.remove(id)));
    };
    let mut question = FROM.to_owned();
    for _ in 0..3 {
        let first = page(&client, &question, 1);
        apply(&first);
        for n in 2..=usize::try_from(first.page()[2]).unwrap() {
            meddle(&other, &made, n);
            apply(&page(&client, &question, n));
        }
        question = format!("syncActivityTimeFrom={}", first.time());
        server.advance(1);
    }
    apply(&client.sync(&format!("{question}&page.pageSize=200")));
    let truth = client.everything();
    let expected = truth.ids().into_iter().zip(truth.records().iter().cloned()).collect();
    assert_eq!(mirror, expected);
}
