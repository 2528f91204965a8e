//! The organization's zone: how its stamps are shown.

use crate::harness::TestServer;

#[test]
fn stamps_are_shown_in_the_organizations_zone() {
    // Without the milliseconds, of which each write takes some.
    let seconds = |text: &serde_json::Value| {
        let text = text.as_str().unwrap();
        format!("{}{}", &text[..19], &text[23..])
    };
    let check = |zone: &str, january: &str, july: &str| {
        let server = TestServer::at("2026-01-15T12:00:00Z");
        let client = server.org("demo", zone).editor();
        let id = client.create("Call");
        server.advance(181 * 86_400_000);
        let client = client.again();
        client.update(id, "activity.note=x");
        let shown = client.retrieve(id);
        assert_eq!(seconds(&shown["createdDateTime"]), january, "{zone}");
        assert_eq!(seconds(&shown["lastModifiedDateTime"]), july, "{zone}");
        let answer = client.sync("activityIds.activityId=1");
        assert_eq!(seconds(&answer.inside["responseDateTime"]), july, "{zone}");
        assert_eq!(answer.records()[0]["createdDateTime"], shown["createdDateTime"], "{zone}");
        assert_eq!(shown["startDateTime"], "2026-01-05T09:00:00.000-06:00", "kept as it came");
        // What was told can be asked with.
        let stamp = client.stamp(id);
        let bounds = format!("syncActivityTimeFrom={stamp}&syncActivityTimeTo={stamp}");
        assert_eq!(client.sync(&bounds).ids(), [id]);
    };
    check("UTC", "2026-01-15T12:00:00+00:00", "2026-07-15T12:00:00+00:00");
    check("America/Chicago", "2026-01-15T06:00:00-06:00", "2026-07-15T07:00:00-05:00");
    check("+08:00", "2026-01-15T20:00:00+08:00", "2026-07-15T20:00:00+08:00");
    check("-05:30", "2026-01-15T06:30:00-05:30", "2026-07-15T06:30:00-05:30");
    check("Asia/Kathmandu", "2026-01-15T17:45:00+05:45", "2026-07-15T17:45:00+05:45");
}

#[test]
fn the_hour_that_comes_twice_is_told_apart() {
    let server = TestServer::at("2026-11-01T06:59:59.998Z");
    let client = server.org("demo", "America/Chicago").editor();
    let first = client.create("before");
    let told = client.everything().after();
    server.advance(1_000);
    let second = client.create("after");
    assert_eq!(client.stamp(first), "2026-11-01T01:59:59.999-05:00");
    assert_eq!(client.stamp(second), "2026-11-01T01:00:00.999-06:00");
    assert_eq!(client.sync(&format!("syncActivityTimeFrom={told}")).ids(), [second]);
    assert_eq!(client.everything().ids(), [second, first]);
}

#[test]
fn who_is_not_known_yet_is_told_utc() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    server.org("demo", "America/Chicago");
    for path in [
        "common/login",
        "account/syncActivities",
        "nothing",
        "account/syncActivities?userSessionId=x",
    ] {
        assert_eq!(server.get(path).time(), "2026-02-03T04:05:06.789+00:00", "{path}");
    }
}
