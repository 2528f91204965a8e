//! Logging in and out, and how sessions end.

use domain::{KeyId, Role};
use service::{Authority, UserChange, wait};

use crate::client::{Client, FORM, REQUIRED};
use crate::errors::SESSION_INVALID;
use crate::harness::{TestServer, request};

const MINUTE_MS: i64 = 60_000;

#[track_caller]
fn is_live(client: &Client) {
    client.get("listActivityStatus", "").ok();
}

#[track_caller]
fn has_ended(client: &Client) {
    client.get("listActivityStatus", "").fails(4, SESSION_INVALID);
    let draft = format!("activity.subject=x&{REQUIRED}");
    client.get("createActivity", &draft).fails(4, SESSION_INVALID);
}

#[test]
fn logging_in_answers_with_a_session() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.org("demo", "-06:00").editor();
    let login = format!("common/login?login.apiKey={}&login.orgid=demo", client.key.secret);
    let answer = server.get(&login).ok();
    let session = answer.inside["userSessionId"].as_str().unwrap();
    assert_eq!(session.len(), 32);
    assert!(session.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f')), "{session}");
    insta::assert_snapshot!(answer.text.replace(session, "…"), @r#"{"loginResponse":{"operationResult":"SUCCESS","responseMessage":"User logged in.","responseDateTime":"2026-02-02T22:05:06.789-06:00","userSessionId":"…"}}"#);
}

#[test]
fn a_login_is_refused_with_its_reason() {
    let server = TestServer::start();
    let client = server.editor();
    let other = server.org("other", "+00:00").editor();
    let key = &client.key.secret;
    let check = |query: &str, code: u32, text: &str| {
        let answer = server.get(&format!("common/login?{query}"));
        assert_eq!(answer.root, "loginResponse");
        assert!(!answer.text.contains(key) && !answer.text.contains(&other.key.secret));
        answer.fails(code, text);
    };
    check("", 10, "Api key is required.");
    check("login.apiKey=&login.orgid=demo", 10, "Api key is required.");
    check(&format!("login.apiKey={key}"), 12, "OrgId is required.");
    check(&format!("login.apiKey={key}&login.orgid=+"), 12, "OrgId is required.");
    check(&format!("login.apiKey={key}&login.orgid=nobody"), 14, "OrgId is invalid.");
    check(&format!("login.apiKey={key}&login.orgid=two+words"), 14, "OrgId is invalid.");
    check(
        "login.apiKey=0123456789abcdef0123456789abcdef&login.orgid=demo",
        13,
        "Api key is invalid.",
    );
    check("login.apiKey=%FF&login.orgid=demo", 13, "Api key is invalid.");
    check(
        &format!("login.apiKey={}&login.orgid=demo", other.key.secret),
        13,
        "Api key is invalid.",
    );
    check(&format!("login.apiKey={}&login.orgid=demo", client.session), 13, "Api key is invalid.");
}

#[test]
fn names_of_the_login_come_as_the_pages_write_them() {
    let server = TestServer::start();
    let client = server.editor();
    let key = &client.key.secret;
    for query in [
        format!("login.apiKey={key}&login.orgid=demo"),
        format!("login.apikey={key}&login.orgId=demo"),
        format!("LOGIN.APIKEY=+{key}+&login.orgId=+demo+&responseType=json"),
    ] {
        server.get(&format!("common/login?{query}")).ok();
        server.send(request("POST", "common/login", Some(FORM), query)).ok();
    }
}

#[test]
fn a_key_may_have_several_sessions() {
    let server = TestServer::start();
    let one = server.editor();
    let other = one.again();
    assert_ne!(one.session, other.session);
    is_live(&one);
    other.get("logout", "").ok();
    has_ended(&other);
    is_live(&one);
}

#[test]
fn logging_out_ends_the_session() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    insta::assert_snapshot!(client.get("logout", "").ok().text, @r#"{"logoutResponse":{"operationResult":"SUCCESS","responseMessage":"User logged out.","responseDateTime":"2026-02-03T04:05:06.789+00:00"}}"#);
    client.get("logout", "").fails(4, SESSION_INVALID);
    has_ended(&client);
    server.restart();
    has_ended(&client);
}

#[test]
fn half_an_hour_without_use_ends_a_session() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    server.advance(30 * MINUTE_MS);
    is_live(&client);
    server.advance(30 * MINUTE_MS + 1);
    has_ended(&client);
    server.service().housekeep();
    has_ended(&client);
    is_live(&client.again());
}

#[test]
fn every_use_keeps_a_session_alive() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    for _ in 0..10 {
        server.advance(25 * MINUTE_MS);
        server.service().housekeep();
        client.get("syncActivities", "").fails(10242, crate::errors::RANGE_OR_ID);
    }
}

#[test]
fn a_clock_that_steps_back_ends_no_session() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    server.advance(-24 * 60 * MINUTE_MS);
    is_live(&client);
}

/// The one idle longest ends for another, but never for one of another key.
#[test]
fn a_key_that_logs_in_too_often_ends_its_own_sessions() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let other = server.editor();
    server.advance(1);
    let first = Client::log_in(other.org.clone(), other.user, other.org.add_key(other.user));
    server.advance(1);
    let second = first.again();
    server.advance(1);
    for _ in 2..service::SESSIONS_PER_KEY_MAX {
        first.again();
    }
    is_live(&first);
    is_live(&other);
    second.again();
    has_ended(&second);
    is_live(&first);
    is_live(&other);
}

#[test]
fn sessions_survive_a_restart_and_a_crash() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    server.advance(20 * MINUTE_MS);
    is_live(&client);
    server.restart();
    server.advance(20 * MINUTE_MS);
    is_live(&client);
    server.advance(0);
    server.crash();
    server.advance(20 * MINUTE_MS);
    is_live(&client);
    // Each start begins a millisecond after all that was noted.
    server.advance(31 * MINUTE_MS + 10);
    server.restart();
    has_ended(&client);
}

#[test]
fn disabling_a_user_ends_their_sessions_at_once() {
    let server = TestServer::start();
    let org = server.org("demo", "+00:00");
    let (colin, ada) = (org.editor(), org.client(7, "Ada Byron", Role::Editor));
    wait(org.service().change_user(
        Authority::command_line(&org.tenant()),
        colin.user,
        UserChange::DISABLE,
    ))
    .unwrap();
    has_ended(&colin);
    is_live(&ada);
    let login = format!("common/login?login.apiKey={}&login.orgid=demo", colin.key.secret);
    server.get(&login).fails(13, "Api key is invalid.");
    server.restart();
    has_ended(&colin);
}

#[test]
fn revoking_a_key_ends_its_sessions_at_once() {
    let server = TestServer::start();
    let org = server.org("demo", "+00:00");
    let first = org.editor();
    let second = Client::log_in(org.clone(), first.user, org.add_key(first.user));
    wait(org.service().revoke_key(Authority::command_line(&org.tenant()), first.key.id)).unwrap();
    has_ended(&first);
    is_live(&second);
    let login = format!("common/login?login.apiKey={}&login.orgid=demo", first.key.secret);
    server.get(&login).fails(13, "Api key is invalid.");
    assert!(
        wait(org.service().revoke_key(Authority::command_line(&org.tenant()), KeyId(99))).is_err()
    );
}

#[test]
fn secrets_are_nowhere_on_disk_and_in_no_answer() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("a+mark+that+is+found");
    let secrets = [&client.session, &client.key.secret];
    for query in ["", "activityIds.activityId=x", "syncActivityTimeFrom=2000-01-01T00:00:00Z"] {
        let answer = client.get("syncActivities", query);
        assert!(secrets.iter().all(|secret| !answer.text.contains(*secret)), "{}", answer.text);
    }
    let found = |text: &str| {
        let bytes = text.as_bytes();
        server.files().iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
    };
    assert!(
        found("a mark that is found"),
        "activity {id} is on disk, so that this test looks well"
    );
    assert!(secrets.iter().all(|secret| !found(secret)));
}

#[test]
fn a_clock_that_was_once_far_ahead_does_not_keep_sessions_alive() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let year_ms = 365 * 24 * 60 * MINUTE_MS;
    server.clock.advance(year_ms);
    let late = client.again();
    server.clock.advance(-year_ms);
    is_live(&late);
    server.clock.advance(31 * MINUTE_MS);
    has_ended(&late);
}
