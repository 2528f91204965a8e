//! Creating and retrieving.

use serde_json::Value;

use crate::client::REQUIRED;
use crate::harness::TestServer;

const SYSTEM_ERROR: &str = "Unexpected System error occured.";

#[test]
fn both_names_create_and_each_is_answered_under_its_own() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let query = format!("activity.subject=Call&{REQUIRED}");
    insta::assert_snapshot!(client.get("createActivity", &query).ok().text, @r#"{"createActivityResponse":{"operationResult":"SUCCESS","responseDateTime":"2026-02-03T04:05:06.790+00:00","activityId":1}}"#);
    insta::assert_snapshot!(client.get("addActivity", &query).ok().text, @r#"{"addActivityResponse":{"operationResult":"SUCCESS","responseDateTime":"2026-02-03T04:05:06.790+00:00","activityId":2}}"#);
}

#[test]
fn everything_that_is_required_and_missing_is_told_at_once() {
    let server = TestServer::start();
    let client = server.editor();
    let all = [
        (10202, "Activity subject is required."),
        (10203, "Activity start date time is required."),
        (10204, "Activity client id is required."),
        (10205, "Activity status is required."),
        (10206, "Activity priority is required."),
    ];
    let members = [
        "activity.subject=Call",
        "activity.startDateTime=2026-01-05T09:00:00Z",
        "activity.clientId=3480",
        "activity.activityStatus.name=Waiting",
        "activity.activityPriority=LOW",
    ];
    for method in ["createActivity", "addActivity"] {
        assert_eq!(client.get(method, "").errors(), all);
        let empty = "activity.subject=%20&activity.startDateTime=&activity.clientId&activity.activityStatus.id=&activity.activityStatus.name=&activity.activityPriority=";
        assert_eq!(client.get(method, empty).errors(), all);
        for (missing, error) in all.iter().enumerate() {
            let others: Vec<&str> = members
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != missing)
                .map(|(_, m)| *m)
                .collect();
            assert_eq!(client.get(method, &others.join("&")).errors(), [*error]);
        }
        client.get(method, &members.join("&")).ok();
    }
    assert_eq!(client.everything().page()[3], 2, "what was refused is not there");
}

#[test]
fn missing_and_malformed_members_are_told_together() {
    let server = TestServer::start();
    let client = server.editor();
    let answer = client.get(
        "createActivity",
        "activity.endDateTime=noon&activity.clientId=1&activity.activityStatus.id=2",
    );
    let codes: Vec<u32> = answer.errors().iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [10202, 10203, 1, 10206]);
}

#[test]
fn optional_members_may_come_empty() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create_with("activity.note=&activity.endDateTime=&activity.systemUserId=");
    let shown = client.retrieve(id);
    assert_eq!(shown["note"], "");
    assert_eq!(shown.get("endDateTime"), None);
    assert_eq!(shown["systemUserId"], 101_132, "the key's own user");
}

#[test]
fn a_system_user_that_is_named_stays_named() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create_with("activity.systemUserId=12");
    let shown = client.retrieve(id);
    assert_eq!(
        (&shown["systemUserId"], &shown["createdBy"]),
        (&Value::from(12), &Value::from("Colin Pizarek"))
    );
}

#[test]
fn start_and_end_keep_the_offset_they_came_with() {
    let server = TestServer::start();
    let client = server.org("demo", "+08:00").editor();
    let check = |sent: &str, shown: &str| {
        let id = client
            .create_with(&format!("activity.startDateTime={sent}&activity.endDateTime={sent}"));
        let record = client.retrieve(id);
        assert_eq!(record["startDateTime"], shown);
        assert_eq!(record["endDateTime"], shown);
        let answer = client.sync(&format!("activityIds.activityId={id}"));
        assert_eq!(answer.records()[0]["startDateTime"], shown);
    };
    check("2014-04-08T11:00:00.000-05:00", "2014-04-08T11:00:00.000-05:00");
    check("2014-04-08T11:00:00.661-0530", "2014-04-08T11:00:00.661-05:30");
    check("2014-04-08T11:00:00+14:00", "2014-04-08T11:00:00.000+14:00");
    check("2014-04-08T11:00:00Z", "2014-04-08T11:00:00.000+00:00");
    check("1999-12-31T23:59:59.9999-00:30", "1999-12-31T23:59:59.999-00:30");
    check("9999-12-30T17:59:59.999%2B18:00", "9999-12-30T17:59:59.999+18:00");
    check("0001-01-01T06:00:00-18:00", "0001-01-01T06:00:00.000-18:00");
}

#[test]
fn an_end_before_the_start_is_taken() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create_with("activity.endDateTime=1990-01-01T00:00:00Z");
    assert_eq!(client.retrieve(id)["endDateTime"], "1990-01-01T00:00:00.000+00:00");
}

#[test]
fn priorities_come_in_any_case_and_go_in_capitals() {
    let server = TestServer::start();
    let client = server.editor();
    for (sent, shown) in
        [("Low", "LOW"), ("normal", "NORMAL"), ("HIGH", "HIGH"), ("+hIgH+", "HIGH")]
    {
        let id = client.create_with(&format!("activity.activityPriority={sent}"));
        assert_eq!(client.retrieve(id)["activityPriority"], shown);
    }
}

#[test]
fn texts_have_limits() {
    let server = TestServer::start();
    let client = server.editor();
    let create = |member: &str, chars: usize| {
        let text = "é".repeat(chars);
        client.post("createActivity", &format!("activity.subject=x&{REQUIRED}&{member}={text}"))
    };
    let check = |member: &str, max: usize| {
        create(member, max).ok();
        let answer = create(member, max + 1);
        let too_long = format!("it must have at most {max} characters, but has {}", max + 1);
        let [(1, text)] = answer.errors()[..] else { panic!("{}", answer.text) };
        assert!(
            text.starts_with(SYSTEM_ERROR) && text.contains(member) && text.ends_with(&too_long),
            "{text}"
        );
    };
    check("activity.subject", 4_000);
    check("activity.note", 100_000);
}

#[test]
fn ids_count_up_and_are_never_given_twice() {
    let server = TestServer::start();
    let client = server.editor();
    assert_eq!(client.create_many('a', 3), [1, 2, 3]);
    client.remove(3);
    assert_eq!(client.create("b"), 4);
    client.remove(4);
    server.restart();
    assert_eq!(client.create("c"), 5);
}

#[test]
fn retrieving_wants_an_id_that_is_there() {
    let server = TestServer::start();
    let client = server.editor();
    let gone = client.create("gone");
    client.remove(gone);
    client.get("retrieveActivity", "").fails(10200, "Activity id is required");
    client.get("retrieveActivity", "activityId=").fails(10200, "Activity id is required");
    for id in ["0", "-1", "999", "9007199254740992", "9223372036854775807", &gone.to_string()] {
        client
            .get("retrieveActivity", &format!("activityId={id}"))
            .fails(10201, "Activity ID is invalid");
    }
}
