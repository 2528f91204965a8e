//! Removing.

use crate::harness::TestServer;

#[test]
fn removing_answers_with_the_envelope_alone() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let id = client.create("Call");
    let answer = client.get("removeActivity", &format!("activityId={id}")).ok();
    insta::assert_snapshot!(answer.text, @r#"{"removeActivityResponse":{"operationResult":"SUCCESS","responseDateTime":"2026-02-03T04:05:06.791+00:00"}}"#);
}

#[test]
fn the_activity_must_be_named_and_be_there() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    client.get("removeActivity", "").fails(10200, "Activity ID is required");
    client.get("removeActivity", "activityId=").fails(10200, "Activity ID is required");
    client.remove(id);
    for id in ["0", "-1", "424242", "9007199254740992", "9223372036854775807", &id.to_string()] {
        let query = format!("activityId={id}");
        client.get("removeActivity", &query).fails(10201, "Activity ID is invalid");
    }
}

#[test]
fn removing_twice_is_one_removal() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    client.remove(id);
    let after = client.everything().after();
    client
        .get("removeActivity", &format!("activityId={id}"))
        .fails(10201, "Activity ID is invalid");
    let answer = client.sync(&format!("syncActivityTimeFrom={after}"));
    assert_eq!(answer.deleted(), Some(vec![]), "the second made no version");
}

#[test]
fn who_comes_back_after_years_still_hears_of_it() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let id = client.create("Call");
    let seen = client.everything().time().to_owned();
    client.remove(id);
    server.advance(10 * 365 * 86_400_000);
    server.restart();
    server.service().housekeep();
    let answer = client.again().sync(&format!("syncActivityTimeFrom={seen}"));
    assert_eq!((answer.ids(), answer.deleted()), (vec![], Some(vec![id])));
}
