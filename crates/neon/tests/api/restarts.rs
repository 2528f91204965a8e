//! What survives an orderly stop, and what a power cut.

use domain::ManualClock;
use service::{Authority, wait};

use crate::answer::Answer;
use crate::client::Client;
use crate::harness::{TestServer, moment};

const FROM: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";

const BEGIN_AGAIN: &str = "Service is not available: the paged request that page 2 belongs to was interrupted by a restart: begin again with page 1";

/// The ways in which a process ends.
type Ending = fn(&TestServer<ManualClock>);

const ENDINGS: [Ending; 2] = [TestServer::restart, TestServer::crash];

fn with_records(count: usize) -> (TestServer<ManualClock>, Client) {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_many('a', count);
    (server, client)
}

fn page(client: &Client, n: u64) -> Answer {
    client.sync(&format!("{FROM}&page.currentPage={n}"))
}

#[test]
fn what_was_acknowledged_is_there() {
    for end in ENDINGS {
        let (server, client) = with_records(12);
        client.update(3, "activity.subject=edited&activity.activityStatus.id=4");
        client.remove(5);
        let before = client.everything();
        end(&server);
        let after = client.everything();
        assert_eq!(after.records(), before.records());
        assert_eq!(after.deleted(), Some(vec![5]));
        assert!(after.horizon() >= before.horizon());
        assert_eq!(client.create("next"), 13);
    }
}

#[test]
fn runs_of_several_pages_go_on() {
    for end in ENDINGS {
        for order in ["", "&page.sortColumn=subject"] {
            let (server, client) = with_records(30);
            let page = |n: u64| client.sync(&format!("{FROM}{order}&page.currentPage={n}"));
            let whole = client.sync(&format!("{FROM}{order}&page.pageSize=200"));
            let first = page(1);
            end(&server);
            client.update(30, "activity.subject=edited");
            client.update(1, "activity.subject=edited");
            client.remove(15);
            server.advance(1_000);
            let second = page(2);
            end(&server);
            client.create("new");
            let third = page(3);
            let ids: Vec<i64> =
                [&first, &second, &third].into_iter().flat_map(Answer::ids).collect();
            assert_eq!(ids, whole.ids());
            assert_eq!(third.records(), &whole.records()[20..]);
            assert_eq!((second.time(), third.time()), (first.time(), first.time()));
            assert_eq!(third.page(), [3, 10, 3, 30]);
        }
    }
}

#[test]
fn a_run_opened_by_a_later_page_still_takes_its_first() {
    for end in ENDINGS {
        let (server, client) = with_records(12);
        let second = page(&client, 2);
        end(&server);
        client.create("new");
        let first = page(&client, 1);
        assert_eq!((first.time(), first.page()[3]), (second.time(), 12));
    }
}

#[test]
fn the_next_session_takes_over_also_after_a_restart() {
    for end in ENDINGS {
        let (server, client) = with_records(12);
        let first = page(&client, 1);
        end(&server);
        client.create("new");
        let second = page(&client.again(), 2);
        assert_eq!((second.time(), second.ids()), (first.time(), vec![2, 1]));
    }
}

#[test]
fn a_lost_run_is_begun_again_after_a_crash() {
    let (server, client) = with_records(5);
    // A run of a single page is in memory only.
    page(&client, 1);
    server.crash();
    client.get("syncActivities", &format!("{FROM}&page.currentPage=2")).fails(2, BEGIN_AGAIN);
    // One that was never begun cannot be told from it.
    let other = "activityIds.activityId=1&page.currentPage=2";
    client.get("syncActivities", other).fails(2, BEGIN_AGAIN);
    // Nor can one that a new session asks for: it may have taken the old one's place.
    client.again().get("syncActivities", other).fails(2, BEGIN_AGAIN);
    // With page 1 it goes on.
    let first = page(&client, 1);
    assert_eq!(page(&client, 2).time(), first.time());
}

#[test]
fn an_orderly_stop_loses_no_run() {
    let (server, client) = with_records(10);
    let first = page(&client, 1);
    server.restart();
    client.create("new");
    let second = page(&client, 2);
    assert_eq!((second.time(), second.page()), (first.time(), [2, 10, 1, 10]));
}

/// Whoever asked for pages of 500 and got pages of 200 goes on with pages of 200.
#[test]
fn another_limit_on_the_size_of_pages_leaves_runs_as_they_are() {
    for (before, after) in [(10, 7), (10, 25), (7, 200)] {
        let server = TestServer::at("2026-02-03T04:05:06.789Z");
        let client = server.editor();
        client.create_many('a', 25);
        server.restart_with(before);
        let page = |n: u64| client.sync(&format!("{FROM}&page.pageSize=500&page.currentPage={n}"));
        let first = page(1);
        server.restart_with(after);
        client.update(25, "activity.subject=edited");
        client.create("new");
        server.advance(1_000);
        let pages = first.page()[2];
        let answers: Vec<Answer> = (2..=pages).map(page).collect();
        let ids: Vec<i64> = std::iter::once(&first).chain(&answers).flat_map(Answer::ids).collect();
        assert_eq!(ids, (1..=25).rev().collect::<Vec<_>>(), "{before} {after}");
        for answer in &answers {
            assert_eq!((answer.time(), &answer.page()[1..]), (first.time(), &first.page()[1..]));
        }
        assert_eq!(page(1).page()[1], u64::from(after));
    }
}

/// After an orderly stop every run is known: a later page that is none's was begun under another
/// identity, or is the first of its question that is asked for.
#[test]
fn an_unknown_later_page_in_a_session_of_before_begins_again() {
    let (server, client) = with_records(12);
    server.restart();
    client.get("syncActivities", &format!("{FROM}&page.currentPage=2")).fails(2, BEGIN_AGAIN);
    let first = page(&client, 1);
    assert_eq!(page(&client, 2).time(), first.time());
    // A session of now has begun nothing before.
    client.again().sync(&format!("{FROM}&page.pageSize=3&page.currentPage=2"));
}

/// A process begins after everything that the one before it has noted, be it within a millisecond.
#[test]
fn a_session_opened_at_the_last_moment_is_one_of_before() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let now = server.clock_text();
    let last = client.again();
    assert_eq!(server.clock_text(), now);
    server.restart();
    last.get("syncActivities", &format!("{FROM}&page.currentPage=2")).fails(2, BEGIN_AGAIN);
}

/// The list shrinks to one page, of which the server dies: the run before must not come back to life.
#[test]
fn a_run_of_one_page_that_replaces_a_longer_one_is_not_undone() {
    for end in ENDINGS {
        let (server, client) = with_records(12);
        assert_eq!(page(&client, 1).page()[2], 2);
        (1..=11).for_each(|id| client.remove(id));
        server.advance(1_000);
        let first = page(&client, 1);
        assert_eq!(first.page()[2], 1);
        end(&server);
        let second = client.get("syncActivities", &format!("{FROM}&page.currentPage=2"));
        match second.inside["operationResult"].as_str() {
            Some("SUCCESS") => {
                assert_eq!((second.time(), second.ids()), (first.time(), Vec::new()));
            }
            _ => second.fails(2, BEGIN_AGAIN),
        }
    }
}

#[test]
fn an_orderly_stop_is_one_at_any_moment() {
    // The lease is due for renewal just then.
    let (server, client) = with_records(1);
    let told = client.everything().horizon();
    for millis in [2_499, 2_500, 2_501, 5_000, 100_000] {
        server.clock.advance(millis);
        server.restart();
        // After a crash, for a day, it would be told to begin again.
        client.again().sync("activityIds.activityId=1&page.currentPage=2");
    }
    server.clock.set(told);
    server.restart();
    let told_now = client.everything().horizon();
    server.clock.set(told);
    server.restart();
    assert_eq!(client.everything().horizon(), told_now, "no further than was told");
}

#[test]
fn nothing_is_stamped_behind_what_was_told() {
    for end in ENDINGS {
        let (server, client) = with_records(3);
        let mut told = client.everything().horizon();
        for step_ms in [0, 1, -1, -3_600_000, 7_200_000, -79_200_000, 10] {
            server.advance(step_ms);
            end(&server);
            let client = client.again();
            let id = client.create("after");
            let stamp = moment(&client.stamp(id)).stamp;
            assert!(stamp > told, "{stamp:?} is not after {told:?}, step {step_ms}");
            let answer = client.everything();
            assert!(answer.horizon() >= stamp);
            told = answer.horizon();
        }
    }
}

#[test]
fn renaming_goes_on_where_it_was_cut_short() {
    let (server, client) = with_records(3);
    let tenant = client.org.tenant();
    let name = domain::StatusName::parse("Open").unwrap();
    wait(client.org.service().rename_status(
        Authority::command_line(&tenant),
        domain::StatusId(2),
        name,
        &mut |_| {},
    ))
    .unwrap();
    server.crash();
    server.service().housekeep();
    let names: Vec<_> =
        client.everything().records().iter().map(|r| r["activityStatus"]["name"].clone()).collect();
    assert_eq!(names, ["Open", "Open", "Open"]);
}
