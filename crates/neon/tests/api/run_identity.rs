//! Which pages belong together, though a request carries no cursor but a page number.

use domain::{ManualClock, Role};

use crate::answer::Answer;
use crate::client::Client;
use crate::harness::{TestServer, later};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

const FROM: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";

/// Twelve records: two pages.
fn with_two_pages() -> (TestServer<ManualClock>, Client) {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_many('a', 12);
    (server, client)
}

fn page(client: &Client, n: u64) -> Answer {
    ask(client, FROM, n)
}

fn ask(client: &Client, question: &str, n: u64) -> Answer {
    client.sync(&format!("{question}&page.currentPage={n}"))
}

/// Something changes, and time goes on: a new run would show it.
fn change(server: &TestServer<ManualClock>, client: &Client) {
    client.create("between");
    server.advance(1_000);
}

#[track_caller]
fn same_run(one: &Answer, other: &Answer) {
    assert_eq!((one.time(), &one.page()[1..]), (other.time(), &other.page()[1..]));
}

#[track_caller]
fn other_run(one: &Answer, other: &Answer) {
    assert!(one.horizon() < other.horizon(), "{} and {}", one.time(), other.time());
}

#[test]
fn page_1_begins_a_run() {
    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    let again = page(&client, 1);
    other_run(&first, &again);
    same_run(&again, &page(&client, 2));
}

#[test]
fn page_1_joins_the_run_that_a_later_page_opened() {
    let (server, client) = with_two_pages();
    let second = page(&client, 2);
    change(&server, &client);
    let first = page(&client, 1);
    same_run(&second, &first);
    assert_eq!(second.ids(), [2, 1]);
    assert_eq!(first.ids(), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    // Once only: after that it begins one.
    other_run(&first, &page(&client, 1));
}

#[test]
fn a_page_may_be_asked_for_again() {
    let (server, client) = with_two_pages();
    page(&client, 1);
    let second = page(&client, 2);
    for _ in 0..3 {
        change(&server, &client);
        assert_eq!(page(&client, 2).text, second.text);
    }
}

/// One reader asks on until a page is empty, and another of the same session begins meanwhile.
#[test]
fn a_page_that_may_be_of_two_runs_is_refused_and_both_readers_lose_nothing() {
    let (server, client) = with_two_pages();
    let first_to = "syncActivityTimeTo=2026-02-03T04:05:30Z";
    let all = format!("{FROM}&{first_to}&page.pageSize=100");
    assert_eq!(ask(&client, &all, 1).ids().len(), 12);
    server.advance(5 * MINUTE_MS);
    client.create_many('b', 100);
    server.advance(5 * MINUTE_MS);
    let later = format!("{FROM}&syncActivityTimeTo=2026-02-03T04:14:00Z&page.pageSize=100");
    let other = ask(&client, &later, 1);
    let refused = client.get("syncActivities", &format!("{all}&page.currentPage=2"));
    refused.fails(
        2,
        "Service is not available: page 2 could belong to either of two requests of this session that differ only in To: begin again with page 1",
    );
    let second = ask(&client, &later, 2);
    same_run(&other, &second);
    assert_eq!((other.ids().len(), second.ids().len()), (100, 12));
    assert_eq!(ask(&client, &all, 1).ids().len(), 12);
    assert_eq!(ask(&client, &all, 2).ids().len(), 0);
}

/// The question up to an instant.
fn until(to: &str) -> String {
    format!("{FROM}&syncActivityTimeTo={to}")
}

#[test]
fn an_upper_bound_that_is_later_belongs_to_the_run() {
    let (server, client) = with_two_pages();
    let first = ask(&client, &until(&server.clock_text()), 1);
    assert_eq!(first.page()[3], 12);
    change(&server, &client);
    let second = ask(&client, &until(&server.clock_text()), 2);
    same_run(&first, &second);
    assert_eq!(second.ids(), [2, 1]);
    // And on page 1, a later one is another run.
    let again = ask(&client, &until(&server.clock_text()), 1);
    assert_eq!(again.page()[3], 13);
    same_run(&again, &ask(&client, &until(&server.clock_text()), 2));
}

/// A script that computes To anew for every page, on a machine whose clock steps back between two.
#[test]
fn an_upper_bound_that_is_earlier_belongs_to_the_run_too() {
    for step_ms in [-1, -1_000, -7_200_000, -40 * 24 * HOUR_MS] {
        let (server, client) = with_two_pages();
        client.create_many('b', 13);
        let at = server.clock_text();
        let pages = |to: &[&str]| -> Vec<Answer> {
            let page = |(n, to): (u64, &&str)| {
                if n > 1 {
                    change(&server, &client);
                }
                ask(&client, &format!("{}&page.pageSize=5", until(to)), n)
            };
            (1..).zip(to).map(page).collect()
        };
        let (back, late) = (later(&at, step_ms), later(&at, 3_000));
        let answers = pages(&[&at, &back, &back, &late, &at]);
        for answer in &answers {
            same_run(&answers[0], answer);
        }
        let mut ids: Vec<i64> = answers.iter().flat_map(Answer::ids).collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=25).collect::<Vec<_>>(), "{step_ms}");
    }
}

#[test]
fn pages_asked_for_at_once_may_have_any_upper_bounds() {
    let (server, client) = with_two_pages();
    client.create_many('b', 28);
    let at = server.clock_text();
    let first = ask(&client, &until(&at), 1);
    change(&server, &client);
    for (n, step_ms) in [(4, -1_000), (2, 1_000), (3, -2_000)] {
        same_run(&first, &ask(&client, &until(&later(&at, step_ms)), n));
    }
}

#[test]
fn a_new_session_goes_on_with_an_earlier_upper_bound() {
    let (server, client) = with_two_pages();
    let at = server.clock_text();
    let first = ask(&client, &until(&at), 1);
    change(&server, &client);
    same_run(&first, &ask(&client.again(), &until(&later(&at, -1_000)), 2));
}

#[test]
fn a_window_of_long_before_is_another_question() {
    let (server, client) = with_two_pages();
    client.create_many('b', 28);
    ask(&client, &until(&server.clock_text()), 1);
    // Neither the page that comes next nor the one that came last.
    let other = ask(&client, &until("2001-01-01T00:00:00Z"), 3);
    assert_eq!(other.page(), [3, 10, 1, 0]);
}

#[test]
fn of_two_runs_with_different_upper_bounds_each_gets_its_pages() {
    let (server, client) = with_two_pages();
    let (early, late) = (server.clock_text(), "2030-01-01T00:00:00Z".to_owned());
    let first = ask(&client, &until(&early), 1);
    change(&server, &client);
    let other = ask(&client, &until(&late), 1);
    change(&server, &client);
    same_run(&first, &ask(&client, &until(&early), 2));
    same_run(&other, &ask(&client, &until(&late), 2));
}

#[test]
fn spelling_does_not_make_another_question() {
    let (server, client) = with_two_pages();
    let ids = |ids: &[i64]| -> String {
        ids.iter().map(|id| format!("&activityIds.activityId={id}")).collect()
    };
    let all: Vec<i64> = (1..=12).collect();
    let mut turned: Vec<i64> = all.iter().rev().copied().collect();
    turned.push(7);
    let spellings = [
        (
            FROM.to_owned(),
            "SYNCACTIVITYTIMEFROM=2000-01-01T08:00:00.000%2B08:00&originDetail=page2".to_owned(),
        ),
        (format!("{FROM}&page.pageSize=10"), format!("{FROM}&page.pageSize=0&fromSource=x")),
        (
            format!("{FROM}&page.sortDirection=DESC"),
            format!("{FROM}&page.sortColumn=lastModifiedDateTime&page.sortDirection=desc"),
        ),
        (format!("{FROM}&ignoreDeletedIdList=false"), FROM.to_owned()),
        (ids(&all), ids(&turned)),
        (
            format!("{FROM}&page.sortColumn=subject"),
            format!("{FROM}&page.sortColumn=SUBJECT&page.sortDirection=ASC"),
        ),
    ];
    for (one, other) in spellings {
        let first = ask(&client, &one, 1);
        change(&server, &client);
        same_run(&first, &ask(&client, &other, 2));
    }
}

#[test]
fn everything_else_that_differs_does() {
    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    for other in [
        "syncActivityTimeFrom=2000-01-01T00:00:00.001Z".to_owned(),
        format!("{FROM}&syncActivityTimeTo=2030-01-01T00:00:00Z"),
        format!("{FROM}&page.pageSize=9"),
        format!("{FROM}&page.sortDirection=ASC"),
        format!("{FROM}&page.sortColumn=subject"),
        format!("{FROM}&ignoreDeletedIdList=true"),
        format!("{FROM}&activityIds.activityId=1&activityIds.activityId=2"),
    ] {
        other_run(&first, &ask(&client, &other, 2));
    }
    same_run(&first, &page(&client, 2));
}

#[test]
fn sessions_have_runs_of_their_own() {
    let (server, client) = with_two_pages();
    let other = client.again();
    let first = page(&client, 1);
    change(&server, &client);
    let others = page(&other, 1);
    other_run(&first, &others);
    change(&server, &client);
    same_run(&first, &page(&client, 2));
    same_run(&others, &page(&other, 2));
}

#[test]
fn a_session_that_takes_the_place_of_another_goes_on_with_its_run() {
    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    let second = page(&client.again(), 2);
    same_run(&first, &second);
    assert_eq!(second.ids(), [2, 1]);
}

#[test]
fn also_when_the_session_before_it_has_expired_or_logged_out() {
    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    server.advance(31 * MINUTE_MS);
    server.service().housekeep();
    let next = client.again();
    same_run(&first, &page(&next, 2));

    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    client.get("logout", "").ok();
    same_run(&first, &page(&client.again(), 2));
}

#[test]
fn only_with_the_page_that_comes_next() {
    let (server, client) = with_two_pages();
    client.create_many('b', 18);
    let first = page(&client, 1);
    change(&server, &client);
    other_run(&first, &page(&client.again(), 3));
}

#[test]
fn not_from_a_session_that_is_still_at_it() {
    let (server, client) = with_two_pages();
    let other = client.again();
    server.advance(1_000);
    let first = page(&client, 1);
    change(&server, &client);
    other_run(&first, &page(&other, 2));
}

#[test]
fn not_from_another_key() {
    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    let other = client.org.client(7, "Ada Byron", Role::Admin);
    other_run(&first, &page(&other, 2));
    let same_user =
        Client::log_in(client.org.clone(), client.user, client.org.add_key(client.user));
    other_run(&first, &page(&same_user, 2));
}

#[test]
fn a_run_is_kept_for_a_day_after_its_last_use() {
    let (server, client) = with_two_pages();
    let first = page(&client, 1);
    change(&server, &client);
    server.advance(23 * HOUR_MS);
    server.service().housekeep();
    let next = client.again();
    same_run(&first, &page(&next, 2));
    server.advance(24 * HOUR_MS + 1);
    server.service().housekeep();
    other_run(&first, &page(&client.again(), 3));
}

#[test]
fn who_asks_on_until_a_page_is_empty_stays_with_the_run() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_many('a', 10);
    let first = page(&client, 1);
    assert_eq!(first.page()[2], 1);
    change(&server, &client);
    let second = page(&client, 2);
    same_run(&first, &second);
    assert_eq!(second.ids(), [0; 0]);
}

#[test]
fn a_run_that_has_grown_to_several_pages_is_not_dropped_for_others() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_many('a', 10);
    assert_eq!(page(&client, 1).page()[2], 1, "a single page at first");
    client.create_many('b', 10);
    let first = page(&client, 1);
    assert_eq!(first.page()[2], 2);
    change(&server, &client);
    // The same key asks for other single pages, more than are kept.
    for n in 0..service::SINGLE_PAGE_RUNS_PER_KEY_MAX {
        client.sync(&format!("activityIds.activityId={}", 1_000 + n));
    }
    same_run(&first, &page(&client, 2));
}

#[test]
fn a_single_page_asked_for_just_now_is_not_dropped_for_one_asked_before() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_many('a', 10);
    page(&client, 1);
    for n in 2..service::SINGLE_PAGE_RUNS_PER_KEY_MAX {
        client.sync(&format!("activityIds.activityId={}", 1_000 + n));
    }
    let first = page(&client, 1);
    change(&server, &client);
    client.sync("activityIds.activityId=998");
    client.sync("activityIds.activityId=999");
    same_run(&first, &page(&client, 2));
}

#[test]
fn a_page_whose_run_may_have_been_dropped_for_others_is_told_to_begin_again() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_many('a', 10);
    assert_eq!(page(&client, 1).page()[2], 1);
    let other = client.again();
    for n in 0..service::SINGLE_PAGE_RUNS_PER_KEY_MAX {
        other.sync(&format!("activityIds.activityId={}", 1_000 + n));
    }
    change(&server, &client);
    // Were it taken for a new run, `between` would be on neither page, and its time passed.
    let second = client.get("syncActivities", &format!("{FROM}&page.currentPage=2"));
    let text = second.errors()[0].1;
    assert!(text.ends_with("begin again with page 1"), "{text}");
    assert_eq!(second.errors()[0].0, 2);
    assert_eq!(page(&client, 1).page()[3], 11);
    // A day later nobody can go on with a run of then.
    server.advance(service::RUN_HOURS_MAX * HOUR_MS + 1);
    ask(&client.again(), "syncActivityTimeFrom=2001-01-01T00:00:00Z", 2);
}
