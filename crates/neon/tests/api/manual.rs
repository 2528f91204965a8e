//! The manual's page, point by point.

use api_v1::member;
use serde_json::json;
use service::ImportOptions;

use crate::client::Client;
use crate::harness::TestServer;

/// The answer that the page shows.
pub(crate) const SAMPLE: &str = include_str!("sample.json");

/// The page's request, below the API's path: with its plus signs as they are.
const REQUEST: &str = "account/syncActivities?userSessionId=T1397187872133&syncActivityTimeFrom=2014-01-11T11:44:37.048+08:00&activityIds.activityId=653&activityIds.activityId=652";

/// A server that holds the sample, at the sample's own time.
pub(crate) fn with_sample() -> (TestServer<domain::ManualClock>, Client) {
    let server = TestServer::at("2014-04-11T11:45:32.855+08:00");
    let org = server.org("demo", "+08:00");
    org.import(SAMPLE, ImportOptions::default()).unwrap();
    let client = org.editor();
    (server, client)
}

/// The JSON without the blanks between its tokens.
fn compact(json: &str) -> String {
    let mut within_text = false;
    let mut keep = |c: char| {
        within_text ^= c == '"';
        within_text || !c.is_whitespace()
    };
    json.chars().filter(|c| keep(*c)).collect()
}

#[test]
fn the_pages_request_is_answered_with_the_pages_answer() {
    let (server, client) = with_sample();
    let answer = server.get(&REQUEST.replace("T1397187872133", &client.session));
    assert_eq!(answer.text, compact(SAMPLE));
}

#[test]
fn it_answers_by_range_or_by_ids_or_by_both() {
    let (_server, client) = with_sample();
    let check = |query: &str, expected: &[i64]| {
        assert_eq!(client.sync(query).ids(), expected, "{query}");
    };
    check("syncActivityTimeFrom=2014-03-01T00:00:00+08:00", &[653, 652]);
    check("syncActivityTimeFrom=2014-04-01T00:00:00+08:00", &[653]);
    let march = "syncActivityTimeFrom=2014-03-01T00:00:00Z&syncActivityTimeTo=2014-04-01T00:00:00Z";
    check(march, &[652]);
    check("activityIds.activityId=652", &[652]);
    check("activityIds.activityId=652&activityIds.activityId=653", &[653, 652]);
    check("activityIds.activityId=653&syncActivityTimeFrom=2014-04-01T00:00:00Z", &[653]);
    check("activityIds.activityId=652&syncActivityTimeFrom=2014-04-01T00:00:00Z", &[]);
    check(&format!("activityIds.activityId=653&{march}"), &[]);
    let until = "syncActivityTimeTo=2014-04-01T00:00:00Z";
    check(&format!("activityIds.activityId=652&activityIds.activityId=653&{until}"), &[652]);
}

#[test]
fn it_does_not_change_what_it_shows() {
    let (server, client) = with_sample();
    let before = client.everything();
    server.advance(60_000);
    client.sync("activityIds.activityId=652");
    client.retrieve(652);
    assert_eq!(client.everything().records(), before.records());
}

#[test]
fn creating_and_updating_move_the_time_of_change() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let id = client.create("Call");
    let created = client.retrieve(id);
    assert_eq!(created["createdDateTime"], "2026-02-03T04:05:06.790+00:00");
    assert_eq!(created["lastModifiedDateTime"], created["createdDateTime"]);
    assert_eq!(created["createdBy"], "Colin Pizarek");
    assert_eq!(created["lastModifiedBy"], "Colin Pizarek");

    server.advance(60_000);
    let now = server.clock_text();
    client.update(id, "activity.note=rang");
    let updated = client.retrieve(id);
    assert_eq!(updated["createdDateTime"], created["createdDateTime"]);
    assert_eq!(updated["lastModifiedDateTime"], now);
    assert_eq!(updated["note"], "rang");
}

#[test]
fn a_removed_activity_moves_to_the_other_list() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    let (kept, gone) = (client.create("kept"), client.create("gone"));
    let before = client.everything().after();
    client.remove(gone);
    let answer = client.sync(&format!("syncActivityTimeFrom={before}"));
    assert_eq!((answer.ids(), answer.deleted()), (vec![], Some(vec![gone])));
    let answer = client.everything();
    assert_eq!((answer.ids(), answer.deleted()), (vec![kept], Some(vec![gone])));
}

#[test]
fn members_and_types_are_those_of_the_page() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.editor();
    client.create_with(
        "activity.endDateTime=2026-01-05T09:30:00-06:00&activity.activityPriority=high",
    );
    let answer = client.everything();
    let expected = json!([{
        "createdDateTime": "2026-02-03T04:05:06.790+00:00",
        "createdBy": "Colin Pizarek",
        "lastModifiedDateTime": "2026-02-03T04:05:06.790+00:00",
        "lastModifiedBy": "Colin Pizarek",
        "activityId": 1,
        "subject": "Call",
        "note": "",
        "startDateTime": "2026-01-05T09:00:00.000-06:00",
        "endDateTime": "2026-01-05T09:30:00.000-06:00",
        "clientId": 3480,
        "systemUserId": 101_132,
        "activityStatus": {"id": "2", "name": "Not Started"},
        "activityPriority": "HIGH"
    }]);
    assert_eq!(answer.inside["activities"]["activity"], expected);
    assert_eq!(
        answer.inside["page"],
        json!({"currentPage": 1, "pageSize": 200, "totalPage": 1, "totalResults": 1})
    );
}

#[test]
fn a_record_has_the_members_of_the_table_in_its_order() {
    let server = TestServer::at("2026-11-30T09:00:00Z");
    let client = server.org("demo", "UTC").editor();
    let id = client.create_with(
        "activity.note=n&activity.endDateTime=2026-12-01T10:00:00Z&activity.systemUserId=7\
         &activity.customFieldDataList.customFieldData.fieldId=1\
         &activity.customFieldDataList.customFieldData.fieldValue=x",
    );
    let text = client.sync(&format!("activityIds.activityId={id}")).text;
    let places = [
        member::CREATED,
        member::CREATED_BY,
        member::MODIFIED,
        member::MODIFIED_BY,
        member::ID,
        member::SUBJECT,
        member::NOTE,
        member::START,
        member::END,
        member::CLIENT,
        member::SYSTEM_USER,
        member::STATUS,
        member::PRIORITY,
        member::CUSTOM_FIELDS,
    ]
    .map(|name| text.find(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name}: {text}")));
    assert!(places.is_sorted(), "{text}");
}
