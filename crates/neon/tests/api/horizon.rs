//! `responseDateTime`: the instant that an answer is complete up to (invariant 3).

use domain::Role;

use crate::harness::{TestServer, later, moment};

const EVERYTHING: &str = "syncActivityTimeFrom=2000-01-01T00:00:00Z";

#[test]
fn it_is_not_before_any_change_that_the_answer_shows() {
    let server = TestServer::start();
    let client = server.editor();
    for n in 0..20 {
        let id = client.create(&format!("a{n}"));
        let answer = client.sync(EVERYTHING);
        let newest = answer.records()[0]["lastModifiedDateTime"].as_str().unwrap();
        assert_eq!(answer.ids()[0], id);
        assert!(answer.horizon() >= moment(newest).stamp);
    }
}

#[test]
fn what_is_written_after_it_is_stamped_after_it() {
    let server = TestServer::start();
    let client = server.editor();
    for n in 0..50 {
        let told = client.everything();
        let id = client.create(&format!("a{n}"));
        assert!(moment(&client.stamp(id)).stamp > told.horizon());
        client.update(id, "activity.note=x");
        assert_eq!(client.sync(&format!("syncActivityTimeFrom={}", told.after())).ids(), [id]);
    }
}

#[test]
fn a_write_tells_one_that_covers_it() {
    let server = TestServer::start();
    let client = server.editor();
    let answer = client
        .get("createActivity", &format!("activity.subject=x&{}", crate::client::REQUIRED))
        .ok();
    assert!(answer.horizon() >= moment(&client.stamp(1)).stamp);
    for (method, query) in [
        ("updateActivity", "activity.activityId=1&activity.note=n"),
        ("removeActivity", "activityId=1"),
        ("listActivityStatus", ""),
        ("syncActivities", "activityIds.activityId=x"),
    ] {
        let told = client.get(method, query);
        let id = client.create("after");
        assert!(moment(&client.stamp(id)).stamp >= told.horizon(), "{method}");
    }
}

#[test]
fn what_was_shown_is_older_than_every_later_change() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create("x");
    let everything = format!("{EVERYTHING}&page.sortDirection=ASC");
    for (method, query) in [
        ("retrieveActivity", "activityId=1"),
        ("digestActivities", ""),
        ("syncActivities", &*everything),
    ] {
        let told = client.get(method, query).horizon();
        let id = client.create("after");
        assert!(moment(&client.stamp(id)).stamp > told, "{method}");
    }
}

#[test]
fn changes_that_nobody_has_read_in_between_may_share_a_millisecond_and_those_of_one_activity_never()
{
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let [a, b, c] = ["a", "b", "c"].map(|subject| client.create(subject));
    client.update(b, "activity.note=x");
    let all = client.everything();
    let times: Vec<_> = all.records().iter().map(|it| it["lastModifiedDateTime"].clone()).collect();
    assert_eq!(all.ids(), [b, c, a]);
    assert_eq!(times[1], times[2]);
    assert_eq!(times[0], later(times[1].as_str().unwrap(), 1));
}

#[test]
fn it_never_goes_back_though_the_clock_does() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let other = client.org.client(7, "Ada Byron", Role::Viewer);
    let mut told = client.everything().horizon();
    for step_ms in [0, 0, 1, -1, -500, 3, -3_600_000, 1_800_000, -60_000, 7_200_000] {
        server.advance(step_ms);
        let writer = client.again();
        let id = writer.create("x");
        let stamp = moment(&writer.stamp(id)).stamp;
        assert!(stamp > told, "stamped {stamp:?}, told {told:?}");
        for reader in [writer, other.again()] {
            let horizon = reader.everything().horizon();
            assert!(horizon >= told.max(stamp));
            told = horizon;
        }
    }
}

#[test]
fn closed_windows_chained_by_it_cover_everything_once() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let mut from = "2000-01-01T00:00:00Z".to_owned();
    let mut seen = Vec::new();
    for n in 0..20 {
        client.create(&format!("a{n}"));
        let to = client.sync("activityIds.activityId=0");
        client.create(&format!("b{n}"));
        let window =
            client.sync(&format!("syncActivityTimeFrom={from}&syncActivityTimeTo={}", to.time()));
        assert_eq!(window.page()[2], 1);
        seen.extend(window.ids().into_iter().rev());
        from = to.after();
        server.advance(7);
    }
    assert_eq!(seen, (1..=39).collect::<Vec<i64>>());
}

#[test]
fn an_upper_bound_a_little_ahead_is_waited_for() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("a");
    let to = later(client.everything().time(), 120);
    let answer = client.sync(&format!("{EVERYTHING}&syncActivityTimeTo={to}"));
    assert!(answer.horizon() >= moment(&to).stamp, "the window is complete when it is told");
    assert_eq!(answer.ids(), [id]);
    // What comes now is after the window.
    let next = client.create("b");
    let after = later(&to, 1);
    assert_eq!(client.sync(&format!("syncActivityTimeFrom={after}")).ids(), [next]);
}

#[test]
fn one_further_ahead_is_answered_as_of_now() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let id = client.create("a");
    server.advance(1);
    let now = server.clock_text();
    for ahead_ms in [2_001, 60_000, 365 * 86_400_000] {
        let query = format!("{EVERYTHING}&syncActivityTimeTo={}", later(&now, ahead_ms));
        let answer = client.sync(&query);
        assert_eq!((answer.time(), answer.ids()), (now.as_str(), vec![id]));
    }
    let forever = client.sync(&format!("{EVERYTHING}&syncActivityTimeTo=9999-12-31T23:59:59.999Z"));
    assert_eq!((forever.time(), forever.ids()), (now.as_str(), vec![id]));
    let at_once = client.sync(&format!("{EVERYTHING}&syncActivityTimeTo={now}"));
    assert_eq!((at_once.time(), at_once.ids()), (now.as_str(), vec![id]));
}

#[test]
fn several_pages_of_a_waited_for_window_are_one_run() {
    let server = TestServer::start();
    let client = server.editor();
    client.create_many('a', 12);
    let to = later(client.everything().time(), 60);
    let window = format!("{EVERYTHING}&syncActivityTimeTo={to}");
    let pages = client.org.host.send_both(
        client.request("syncActivities", &format!("{window}&page.currentPage=2")),
        client.request("syncActivities", &format!("{window}&page.currentPage=1")),
    );
    let (second, first) = (pages.0.ok(), pages.1.ok());
    assert_eq!(first.time(), second.time());
    assert_eq!((first.ids().len(), second.ids()), (10, vec![2, 1]));
}
