//! Organizations do not see one another (invariant 9).

use crate::client::Client;
use crate::harness::TestServer;
use service::{Authority, UserChange, wait};

const EVERYTHING: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";

/// Two organizations, with an editor in each.
fn two() -> (TestServer, Client, Client) {
    let server = TestServer::start();
    let (one, other) =
        (server.org("one", "+00:00").editor(), server.org("other", "+00:00").editor());
    (server, one, other)
}

#[test]
fn each_counts_its_own_ids() {
    let (_server, one, other) = two();
    assert_eq!(one.create_many('a', 3), [1, 2, 3]);
    assert_eq!(other.create_many('b', 2), [1, 2]);
    assert_eq!(one.retrieve(1)["subject"], "a1");
    assert_eq!(other.retrieve(1)["subject"], "b1");
    one.remove(1);
    assert_eq!(other.retrieve(1)["subject"], "b1");
}

#[test]
fn ids_of_the_other_are_unknown() {
    let (_server, one, other) = two();
    let id = *one.create_many('a', 3).last().unwrap();
    other
        .get("retrieveActivity", &format!("activityId={id}"))
        .fails(10201, "Activity ID is invalid");
    other.get("removeActivity", &format!("activityId={id}")).fails(10201, "Activity ID is invalid");
    let edit = format!("activity.activityId={id}&activity.subject=mine");
    other.get("updateActivity", &edit).fails(10201, "Activity ID is invalid");
    let answer = other.sync(&format!("activityIds.activityId={id}"));
    assert_eq!((answer.ids(), answer.deleted()), (vec![], Some(vec![])));
    one.remove(id);
    let answer = other.sync(EVERYTHING);
    assert_eq!((answer.ids(), answer.deleted()), (vec![], Some(vec![])));
    assert_eq!(one.retrieve(1)["subject"], "a1");
}

#[test]
fn statuses_and_users_are_each_ones_own() {
    let (_server, one, other) = two();
    let name = domain::StatusName::parse("Only here").unwrap();
    wait(one.org.service().add_status(Authority::command_line(&one.org.tenant()), None, name))
        .unwrap();
    assert!(one.get("listActivityStatus", "").text.contains("Only here"));
    assert!(!other.get("listActivityStatus", "").text.contains("Only here"));
    wait(one.org.service().change_user(
        Authority::command_line(&one.org.tenant()),
        one.user,
        UserChange::DISABLE,
    ))
    .unwrap();
    other.sync(EVERYTHING);
}

#[test]
fn one_that_is_busy_does_not_hold_up_the_other() {
    let (_server, one, other) = two();
    let tenant = one.org.tenant();
    let under_way: Vec<_> = std::iter::from_fn(|| tenant.try_place()).collect();
    assert!(!under_way.is_empty());
    assert_eq!(one.get("syncActivities", EVERYTHING).errors()[0].0, 2);
    other.sync(EVERYTHING);
}

#[test]
fn pages_of_the_same_question_are_each_ones_own() {
    let (_server, one, other) = two();
    one.create_many('a', 15);
    other.create_many('b', 25);
    let page =
        |client: &Client, n: u64| client.sync(&format!("{EVERYTHING}&page.currentPage={n}")).page();
    assert_eq!(page(&one, 1), [1, 10, 2, 15]);
    assert_eq!(page(&other, 1), [1, 10, 3, 25]);
    assert_eq!(page(&one, 2), [2, 10, 2, 15]);
    assert_eq!(page(&other, 3), [3, 10, 3, 25]);
}

#[test]
fn long_pages_are_each_ones_own_however_they_are_read_through() {
    let (_server, one, other) = two();
    one.create_many('a', 320);
    other.create_many('b', 320);
    let check = |client: &Client, letter: char, page: usize| {
        let paging = format!("page.pageSize=100&page.currentPage={page}&page.sortDirection=ASC");
        let answer = client.sync(&format!("{EVERYTHING}&{paging}"));
        let subjects = answer.records().iter().map(|record| record["subject"].as_str().unwrap());
        let subjects: Vec<String> = subjects.map(str::to_owned).collect();
        let first = 100 * (page - 1) + 1;
        let expected = (first..=320.min(first + 99)).map(|n| format!("{letter}{n}"));
        assert_eq!(subjects, expected.collect::<Vec<_>>(), "{letter} {page}");
    };
    check(&other, 'b', 1);
    check(&one, 'a', 1);
    check(&one, 'a', 2);
    // What has been begun for one has the same positions.
    check(&other, 'b', 3);
    check(&one, 'a', 3);
    check(&one, 'a', 4);
    check(&other, 'b', 4);
}
