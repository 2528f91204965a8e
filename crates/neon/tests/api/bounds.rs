//! Which changes a question covers: bounds, ids, the list of the removed.

use crate::errors::RANGE_OR_ID;
use crate::harness::{TestServer, later};
use crate::manual::with_sample;

/// When activity 653 of the sample was changed, to the second.
const CHANGED: &str = "2014-04-08T19:26:06";

#[test]
fn both_bounds_are_inclusive_to_the_millisecond() {
    let (_server, client) = with_sample();
    let check = |from: &str, to: &str, expected: &[i64]| {
        let bounds = format!("syncActivityTimeFrom={from}&syncActivityTimeTo={to}");
        assert_eq!(client.sync(&bounds).ids(), expected, "{bounds}");
    };
    let (before, at, after) =
        ("2014-04-08T19:26:05.999Z", "2014-04-08T19:26:06.000Z", "2014-04-08T19:26:06.001Z");
    check(at, at, &[653]);
    check(before, at, &[653]);
    check(at, after, &[653]);
    check(before, before, &[]);
    check(after, after, &[]);
    // What is finer than milliseconds is cut from a lower bound, and raises an upper one.
    check("2014-04-08T19:26:06.000999Z", after, &[653]);
    check("2014-04-08T19:26:06.001000Z", after, &[]);
    check(before, "2014-04-08T19:26:05.9990001Z", &[653]);
    check(before, "2014-04-08T19:26:05.9990000Z", &[]);
    // Raised, the upper one is not before the lower one.
    check("2014-04-08T19:26:06.0009Z", "2014-04-08T19:26:06.0001Z", &[653]);
}

#[test]
fn an_instant_has_many_spellings() {
    let (_server, client) = with_sample();
    for spelling in [
        "2014-04-09T03:26:06.000+08:00",
        "2014-04-09T03:26:06.000%2B08:00",
        "2014-04-09T03:26:06.000%2b0800",
        "2014-04-09T03:26:06.000+0800",
        "2014-04-09T03:26:06.000%2008:00",
        "2014-04-09T03%3A26%3A06%2B08%3A00",
        "2014-04-08T19:26:06Z",
        "2014-04-08T19:26:06.0Z",
        "2014-04-08T19:26:06.000000Z",
        "2014-04-08T13:26:06-06:00",
        "2014-04-08T13:26:06-0600",
        "%20+2014-04-08T19:26:06Z+%20",
    ] {
        let bounds = format!("syncActivityTimeFrom={spelling}&syncActivityTimeTo={spelling}");
        assert_eq!(client.sync(&bounds).ids(), [653], "{spelling}");
    }
}

#[test]
fn an_upper_bound_alone_is_no_question() {
    let (_server, client) = with_sample();
    for query in [
        String::new(),
        format!("syncActivityTimeTo={CHANGED}Z"),
        format!("syncActivityTimeFrom=&syncActivityTimeTo={CHANGED}Z"),
        "activityIds.activityId=&activityIds.activityId".to_owned(),
        "page.currentPage=1&ignoreDeletedIdList=true".to_owned(),
    ] {
        client.get("syncActivities", &query).fails(10242, RANGE_OR_ID);
    }
}

#[test]
fn unknown_ids_are_left_out() {
    let (_server, client) = with_sample();
    let answer = client.sync(
        "activityIds.activityId=999&activityIds.activityId=653&activityIds.activityId=0&activityIds.activityId=-7&activityIds.activityId=9223372036854775807",
    );
    assert_eq!((answer.ids(), answer.deleted()), (vec![653], Some(vec![])));
    let answer = client.sync("activityIds.activityId=999");
    assert_eq!((answer.ids(), answer.page()), (vec![], [1, 10, 1, 0]));
}

#[test]
fn an_id_asked_for_twice_is_answered_once() {
    let (_server, client) = with_sample();
    let twice = "activityIds.activityId=653&activityIds.activityId=653&activityIds.activityId=652";
    let answer = client.sync(twice);
    assert_eq!((answer.ids(), answer.page()), (vec![653, 652], [1, 10, 1, 2]));
}

#[test]
fn ids_given_a_hundred_times_make_no_more_pages_and_are_the_same_question() {
    let (server, client, _) = with_a_removal();
    let once = "&activityIds.activityId=1&activityIds.activityId=2&activityIds.activityId=3";
    let page = |ids: &str, page: u32| {
        let answer = client.sync(&format!("page.pageSize=1&page.currentPage={page}{ids}"));
        let time = answer.inside["responseDateTime"].clone();
        (answer.ids(), answer.deleted(), answer.page(), time)
    };
    let first = page(once, 1);
    server.advance(60_000);
    let second = page(&once.repeat(100), 2);
    assert_eq!(first.3, second.3, "one run");
    assert_eq!((first.0, first.1, first.2), (vec![3], Some(vec![2]), [1, 1, 2, 2]));
    assert_eq!((second.0, second.1, second.2), (vec![1], Some(vec![2]), [2, 1, 2, 2]));
}

#[test]
fn ids_may_be_more_than_a_query_holds() {
    let (_server, client) = with_sample();
    let ids: String = (1..=20_000).map(|id| format!("&activityIds.activityId={id}")).collect();
    assert_eq!(client.post("syncActivities", &ids).ok().ids(), [653, 652]);
}

/// Three activities; the second is removed a minute after `changed`, at `removed`.
fn with_a_removal() -> (TestServer<domain::ManualClock>, crate::client::Client, [String; 2]) {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    for n in 0..3 {
        client.create(&format!("a{n}"));
        server.advance(1);
    }
    let changed = client.stamp(2);
    server.advance(60_000);
    let removed = server.clock_text();
    client.remove(2);
    server.advance(60_000);
    (server, client, [changed, removed])
}

#[test]
fn a_removed_id_is_in_the_list_of_its_final_state_only() {
    let (_server, client, [changed, removed]) = with_a_removal();
    let check = |query: &str, ids: &[i64], deleted: &[i64]| {
        let answer = client.sync(&format!("{query}&page.sortDirection=ASC"));
        assert_eq!(
            (answer.ids(), answer.deleted()),
            (ids.to_vec(), Some(deleted.to_vec())),
            "{query}"
        );
    };
    let (from, to) = ("syncActivityTimeFrom", "syncActivityTimeTo");
    check("activityIds.activityId=2", &[], &[2]);
    check("activityIds.activityId=2&activityIds.activityId=3", &[3], &[2]);
    // By the time of the removal, at both ends.
    check(&format!("{from}={changed}"), &[3], &[2]);
    check(&format!("{from}={removed}&{to}={removed}"), &[], &[2]);
    check(&format!("{from}={}", later(&removed, 1)), &[], &[]);
    check(&format!("{from}={changed}&{to}={}", later(&removed, -1)), &[3], &[]);
    // Removed after the upper bound: in neither list.
    check(&format!("{from}={changed}&{to}={changed}"), &[], &[]);
    // By id as well.
    check(&format!("{from}={changed}&activityIds.activityId=3"), &[3], &[]);
    check(&format!("{from}={removed}&activityIds.activityId=2"), &[], &[2]);
}

#[test]
fn the_list_of_the_removed_can_be_left_out() {
    let (_server, client, _) = with_a_removal();
    let check = |switch: &str, deleted: Option<&[i64]>| {
        let answer = client.sync(&format!("activityIds.activityId=2&{switch}"));
        assert_eq!(answer.deleted().as_deref(), deleted, "{switch}");
        assert_eq!(answer.ids(), [0; 0]);
    };
    check("", Some(&[2]));
    check("ignoreDeletedIdList=", Some(&[2]));
    check("ignoreDeletedIdList=false", Some(&[2]));
    check("ignoreDeletedIdList=0", Some(&[2]));
    check("ignoreDeletedIdList=true", None);
    check("ignoredeletedidlist=TRUE", None);
    check("ignoreDeletedIdList=1", None);
}

#[test]
fn the_list_of_the_removed_is_whole_on_every_page() {
    let server = TestServer::start();
    let client = server.editor();
    let made = client.create_many('a', 40);
    for id in &made[5..35] {
        client.remove(*id);
    }
    for page in [1, 2, 5, 99] {
        let query = format!(
            "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize=2&page.currentPage={page}"
        );
        let answer = client.sync(&query);
        assert_eq!(answer.deleted().as_deref(), Some(&made[5..35]), "page {page}");
        assert_eq!(answer.page(), [page, 2, 5, 10]);
    }
}

#[test]
fn a_long_list_of_the_removed_is_its_runs_and_its_ranges() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let made = client.create_many('a', 60);
    made[..20].iter().for_each(|id| client.remove(*id));
    // As many versions as the first has, and other ids.
    let other = server.org("other", "+00:00").editor();
    let others = other.create_many('b', 60);
    others[30..50].iter().for_each(|id| other.remove(*id));
    server.advance(60_000);
    let half = server.clock_text();
    let everything = "syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize=5";
    assert_eq!(client.sync(everything).deleted().as_deref(), Some(&made[..20]));
    assert_eq!(other.sync(everything).deleted().as_deref(), Some(&others[30..50]));
    made[20..40].iter().for_each(|id| client.remove(*id));
    server.advance(60_000);
    let check = |from: &str, page: u64, removed: &[i64]| {
        let question = format!("syncActivityTimeFrom={from}&page.pageSize=5");
        let answer = client.sync(&format!("{question}&page.currentPage={page}"));
        assert_eq!(answer.deleted().as_deref(), Some(removed), "{from}, page {page}");
    };
    let long_ago = "2000-01-01T00:00:00Z";
    check(long_ago, 1, &made[..40]);
    check(&half, 1, &made[20..40]);
    client.remove(made[59]);
    server.advance(60_000);
    check(long_ago, 2, &made[..40]);
    let with_the_last = [&made[..40], &made[59..]].concat();
    check(long_ago, 1, &with_the_last);
    check(long_ago, 2, &with_the_last);
    check(&half, 1, &with_the_last[20..]);
}
