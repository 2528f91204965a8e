//! What counts as delivered, over HTTP.

use http_body_util::BodyExt;
use service::{Hint, Integration, IntegrationState as State};

use crate::client::Client;
use crate::harness::{Org, TestServer};

const EVERYTHING: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";

/// Somebody logged in, and what is told of their key.
fn editor(server: &TestServer) -> (Org, Client) {
    let org = server.org("demo", "+00:00");
    let client = org.editor();
    (org, client)
}

fn told(org: &Org) -> Integration {
    org.service().integrations(&org.tenant()).remove(0)
}

#[test]
fn a_short_page_that_is_taken_for_the_last_one_is_not_everything() {
    let server = TestServer::start();
    let (org, client) = editor(&server);
    client.create_many('a', 230);
    let page =
        |k: u64| client.sync(&format!("{EVERYTHING}&page.pageSize=500&page.currentPage={k}"));
    assert_eq!(page(1).page(), [1, 200, 2, 230]);
    let now = told(&org);
    assert!(matches!(now.state, State::Incomplete { .. }), "{:?}", now.state);
    assert_eq!((now.missing.unread, now.poll.as_ref().map(|poll| poll.records)), (30, Some(200)));
    assert_eq!(now.hints, [Hint::PageSize { asked: 500, given: 200 }]);
    page(2);
    assert_eq!((told(&org).state, told(&org).hints), (State::UpToDate, vec![]));
    page(3);
    assert_eq!(told(&org).state, State::UpToDate, "a page behind the last is no loss");
}

#[test]
fn pages_asked_for_at_the_same_time_and_in_any_order_count() {
    let server = TestServer::start();
    let (org, client) = editor(&server);
    client.create_many('a', 50);
    let question = |k: u64| {
        format!("{EVERYTHING}&page.sortColumn=subject&page.sortDirection=DESC&page.currentPage={k}")
    };
    client.sync(&question(1));
    for (one, other) in [(5, 3), (2, 4)] {
        assert_eq!(told(&org).missing.unread, 50);
        let request = |k| client.request("syncActivities", &question(k));
        let (one, other) = org.host.send_both(request(one), request(other));
        one.ok();
        other.ok();
    }
    assert_eq!(told(&org).state, State::UpToDate);
}

#[test]
fn an_answer_that_is_not_read_to_its_end_is_not_delivered() {
    let server = TestServer::start();
    let (org, client) = editor(&server);
    client.create_many('a', 3);
    server.block_on(async |host| {
        let response = host.send_unread(client.request("syncActivities", EVERYTHING)).await;
        assert_eq!(
            told(&org).missing.unread,
            3,
            "it was asked for, and nothing of it has gone yet"
        );
        drop(response);
        let mut body =
            host.send_unread(client.request("syncActivities", EVERYTHING)).await.into_body();
        while body.frame().await.is_some() {}
        assert_eq!(told(&org).state, State::UpToDate);
    });
}

#[test]
fn what_is_refused_or_malformed_is_no_poll() {
    let server = TestServer::start();
    let (org, client) = editor(&server);
    client.create_many('a', 3);
    assert_eq!(client.get("syncActivities", "").errors().len(), 1);
    let malformed = format!("{EVERYTHING}&page.sortColumn=nonsense");
    assert_eq!(client.get("syncActivities", &malformed).errors().len(), 1);
    client.sync("activityIds.activityId=1");
    assert_eq!((told(&org).state, told(&org).poll), (State::NotUsed, None));
}

#[test]
fn a_run_that_is_finished_after_the_session_has_expired_is_one_run() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let org = server.org("demo", "+00:00");
    let client = org.editor();
    client.create_many('a', 25);
    server.advance(1_000);
    client.sync(EVERYTHING);
    server.advance(31 * 60_000);
    let again = client.again();
    again.sync(&format!("{EVERYTHING}&page.currentPage=2"));
    assert!(matches!(told(&org).state, State::Reading { .. }), "{:?}", told(&org).state);
    again.sync(&format!("{EVERYTHING}&page.currentPage=3"));
    assert_eq!(told(&org).state, State::UpToDate);
    server.restart();
    assert_eq!(told(&org).state, State::UpToDate);
}
