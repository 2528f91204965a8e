//! Updating: named members change, others stay, an empty value clears.

use domain::{Role, StatusId, StatusName};
use serde_json::{Value, json};
use service::{Authority, ImportOptions, wait};

use crate::client::Client;
use crate::harness::TestServer;

pub(crate) const FIELD: &str = "activity.customFieldDataList.customFieldData";

/// An activity with everything that one can have.
fn full(client: &Client) -> i64 {
    let fields =
        format!("{FIELD}.fieldId=7&{FIELD}.fieldValue=x&{FIELD}.fieldId=8&{FIELD}.fieldOptionId=2");
    client.create_with(&format!("activity.note=n&activity.endDateTime=2026-01-05T10:00:00-06:00&activity.systemUserId=12&{fields}"))
}

/// The record without what every change moves.
fn content(record: &Value) -> Value {
    let mut content = record.clone();
    let members = content.as_object_mut().unwrap();
    members.remove("lastModifiedDateTime").unwrap();
    content
}

#[test]
fn named_members_change_and_others_stay() {
    let server = TestServer::start();
    let client = server.editor();
    let id = full(&client);
    let mut expected = content(&client.retrieve(id));
    for (sent, member, shown) in [
        ("activity.subject=Visit", "subject", json!("Visit")),
        ("activity.note=rang", "note", json!("rang")),
        (
            "activity.startDateTime=2026-02-01T00:00:00%2B01:00",
            "startDateTime",
            json!("2026-02-01T00:00:00.000+01:00"),
        ),
        (
            "activity.endDateTime=2026-02-02T00:00:00Z",
            "endDateTime",
            json!("2026-02-02T00:00:00.000+00:00"),
        ),
        ("activity.clientId=9", "clientId", json!(9)),
        ("activity.systemUserId=13", "systemUserId", json!(13)),
        ("activity.activityStatus.id=4", "activityStatus", json!({"id": "4", "name": "Completed"})),
        ("activity.activityPriority=Low", "activityPriority", json!("LOW")),
    ] {
        let before = client.stamp(id);
        client.update(id, sent);
        expected[member] = shown;
        assert_eq!(content(&client.retrieve(id)), expected, "{sent}");
        assert!(client.stamp(id) > before, "{sent}");
    }
}

#[test]
fn an_empty_value_clears_what_is_optional() {
    let server = TestServer::start();
    let client = server.editor();
    let id = full(&client);
    let mut expected = content(&client.retrieve(id));
    client.update(id, "activity.note=");
    expected["note"] = json!("");
    assert_eq!(content(&client.retrieve(id)), expected);
    for (sent, member) in
        [("activity.endDateTime=", "endDateTime"), ("activity.systemUserId", "systemUserId")]
    {
        client.update(id, sent);
        expected.as_object_mut().unwrap().remove(member).unwrap();
        assert_eq!(content(&client.retrieve(id)), expected, "{sent}");
    }
}

#[test]
fn what_is_required_cannot_be_cleared() {
    let server = TestServer::start();
    let client = server.editor();
    let id = full(&client);
    let before = client.retrieve(id);
    let check = |members: &str, expected: &[(u32, &str)]| {
        let answer = client.get("updateActivity", &format!("activity.activityId={id}&{members}"));
        assert_eq!(answer.errors(), expected, "{members}");
    };
    check("activity.subject=", &[(10202, "Activity subject is required.")]);
    check("activity.startDateTime=", &[(10203, "Activity start date time is required.")]);
    check("activity.clientId=", &[(10204, "Activity client id is required.")]);
    check("activity.activityStatus.id=", &[(10205, "Activity status is required.")]);
    check("activity.activityStatus.name=+", &[(10205, "Activity status is required.")]);
    check("activity.activityPriority=", &[(10206, "Activity priority is required.")]);
    check(
        "activity.note=lost&activity.subject=&activity.clientId=&activity.activityPriority=Sometimes",
        &[
            (10202, "Activity subject is required."),
            (10204, "Activity client id is required."),
            (
                1,
                "Unexpected System error occured. activity.activityPriority is \"Sometimes\", expected High, Normal or Low",
            ),
        ],
    );
    assert_eq!(client.retrieve(id), before, "nothing of a refused update is there");
}

#[test]
fn the_activity_must_be_named_and_be_there() {
    let server = TestServer::start();
    let client = server.editor();
    let gone = client.create("gone");
    client.remove(gone);
    client.get("updateActivity", "activity.subject=x").fails(10200, "Activity ID is required");
    client
        .get("updateActivity", "activity.activityId=&activity.subject=x")
        .fails(10200, "Activity ID is required");
    for id in ["0", "-1", "424242", "9007199254740992", "9223372036854775807", &gone.to_string()] {
        let query = format!("activity.activityId={id}&activity.subject=x");
        client.get("updateActivity", &query).fails(10201, "Activity ID is invalid");
    }
}

#[test]
fn custom_fields_are_merged_by_their_id() {
    let server = TestServer::start();
    let client = server.editor();
    let id = full(&client);
    let check = |sent: &[&str], expected: Value| {
        let members: Vec<String> = sent.iter().map(|pair| format!("{FIELD}.{pair}")).collect();
        client.update(id, &members.join("&"));
        let shown = client.retrieve(id);
        let list = shown.get("customFieldDataList").map(|list| list["customFieldData"].clone());
        assert_eq!(list.unwrap_or_default(), expected, "{sent:?}");
    };
    let option = json!({"fieldId": "8", "fieldOptionId": "2"});
    check(&["fieldId=7", "fieldValue=y"], json!([{"fieldId": "7", "fieldValue": "y"}, option]));
    check(
        &["fieldId=9", "fieldValue=z"],
        json!([{"fieldId": "7", "fieldValue": "y"}, option, {"fieldId": "9", "fieldValue": "z"}]),
    );
    // All values given for a field take the place of all that it had.
    check(
        &[
            "fieldId=7",
            "fieldOptionId=1",
            "fieldId=9",
            "fieldValue=",
            "fieldId=7",
            "fieldOptionId=3",
        ],
        json!([{"fieldId": "7", "fieldOptionId": "1"}, {"fieldId": "7", "fieldOptionId": "3"}, option]),
    );
    check(&["fieldId=7", "fieldValue=", "fieldOptionId="], json!([option]));
    check(&["fieldId=8"], Value::Null);
}

/// Fields `first` to `last`, each with this value.
fn fields(numbers: std::ops::RangeInclusive<usize>, value: &str) -> String {
    let pairs = numbers.map(|n| format!("{FIELD}.fieldId={n}&{FIELD}.fieldValue={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

#[test]
fn a_record_has_only_so_many_custom_fields() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    let update = |fields: String| {
        client.post("updateActivity", &format!("activity.activityId={id}&{fields}"))
    };
    update(fields(1..=400, "x")).ok();
    let refused = update(fields(401..=501, "x"));
    let text = "Unexpected System error occured. the activity would have 501 custom field values; the maximum is 500";
    refused.fails(1, text);
    assert_eq!(
        client.retrieve(id)["customFieldDataList"]["customFieldData"].as_array().unwrap().len(),
        400
    );
    update(fields(301..=500, "y")).ok();
    update(format!("{FIELD}.fieldId=1&{}", fields(501..=501, "z"))).ok();
    let shown = client.retrieve(id)["customFieldDataList"]["customFieldData"].clone();
    let ids: Vec<String> = (2..=501).map(|n| n.to_string()).collect();
    let shown: Vec<&str> =
        shown.as_array().unwrap().iter().map(|f| f["fieldId"].as_str().unwrap()).collect();
    assert_eq!(shown, ids, "in the order that they came in");
}

#[test]
fn custom_fields_together_have_only_so_much_text() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    let update = |fields: String| {
        client.post("updateActivity", &format!("activity.activityId={id}&{fields}"))
    };
    let long = "x".repeat(100_000);
    update(fields(1..=10, &long)).ok();
    let text = "Unexpected System error occured. the activity would have 1100013 bytes of custom fields; the maximum is 1048576";
    update(fields(11..=11, &long)).fails(1, text);
    update(fields(10..=10, "short")).ok();
    update(fields(11..=11, &long)).ok();
}

#[test]
fn saving_what_is_there_already_is_no_change() {
    let server = TestServer::start();
    let client = server.editor();
    let other = client.org.client(7, "Ada Byron", Role::Editor);
    let id = full(&client);
    let (before, seen) = (client.retrieve(id), client.everything().after());
    for members in [
        "",
        "activity.subject=Call",
        "activity.subject=Call&activity.note=n&activity.clientId=3480&activity.systemUserId=12&activity.activityPriority=NORMAL",
        "activity.startDateTime=2026-01-05T09:00:00-0600&activity.endDateTime=2026-01-05T10:00:00.000-06:00",
        "activity.activityStatus.id=2",
        "activity.activityStatus.name=not+started",
        &format!("{FIELD}.fieldId=7&{FIELD}.fieldValue=x"),
        &format!("{FIELD}.fieldId=9&{FIELD}.fieldValue="),
    ] {
        other.update(id, members);
        assert_eq!(client.retrieve(id), before, "{members}");
    }
    // The same instant with another offset is shown differently: a change.
    other.update(id, "activity.startDateTime=2026-01-05T15:00:00Z");
    let changes = client.sync(&format!("syncActivityTimeFrom={seen}"));
    assert_eq!(changes.ids(), [id]);
    assert_eq!(changes.records()[0]["lastModifiedBy"], "Ada Byron");
    assert_eq!(changes.records()[0]["createdBy"], "Colin Pizarek");
}

/// The members of a record as a form that sends them back. Custom fields come with all their members,
/// or with those that were shown.
pub(crate) fn written_back(record: &Value, whole_fields: bool) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in record.as_object().unwrap().iter().filter(|(_, value)| !value.is_object())
    {
        form.append_pair(&format!("activity.{name}"), &text(value));
    }
    form.append_pair("activity.activityStatus.name", &text(&record["activityStatus"]["name"]));
    let none = Vec::new();
    let list = record["customFieldDataList"]["customFieldData"].as_array().unwrap_or(&none);
    for field in list {
        for name in ["fieldId", "fieldOptionId", "fieldValue"] {
            if let Some(value) = field.get(name).or(whole_fields.then_some(&json!(""))) {
                form.append_pair(&format!("{FIELD}.{name}"), &text(value));
            }
        }
    }
    form.finish()
}

#[track_caller]
pub(crate) fn check_written_back(client: &Client, id: i64) {
    let before = client.retrieve(id);
    for whole_fields in [false, true] {
        client.post("updateActivity", &written_back(&before, whole_fields)).ok();
        assert_eq!(client.retrieve(id), before);
    }
}

/// Imports a record with these members, which begin with a comma.
pub(crate) fn import(client: &Client, id: i64, members: &str) {
    let record = format!(
        r#"{{"activityId":{id},"subject":"s","startDateTime":"2026-01-01T00:00:00Z","activityStatus":{{"id":"2","name":"n"}},"activityPriority":"LOW"{members}}}"#
    );
    client.org.import(&record, ImportOptions::default()).unwrap();
}

#[test]
fn a_record_that_is_written_back_as_it_was_read_is_no_change() {
    let server = TestServer::start();
    let client = server.editor();
    let fields = [
        r#"{"fieldId":"7","fieldValue":""}"#,
        r#"{"fieldId":"7","fieldValue":"  "}"#,
        r#"{"fieldId":"7"}"#,
        r#"{"fieldId":"7","fieldOptionId":"1"}"#,
        r#"{"fieldId":"7","fieldOptionId":" 1 ","fieldValue":" x "}"#,
        r#"{"fieldId":" 7 ","fieldValue":"x"}"#,
        r#"{"fieldId":"7","fieldOptionId":"1"},{"fieldId":"7","fieldOptionId":"2"}"#,
        r#"{"fieldId":"7","fieldValue":"x"},{"fieldId":"7","fieldValue":""}"#,
        r#"{"fieldId":"7","fieldValue":""},{"fieldId":"7","fieldValue":""}"#,
        r#"{"fieldId":"7","fieldValue":"x"},{"fieldId":"8","fieldValue":"y"},{"fieldId":"7","fieldValue":"z"}"#,
    ];
    for (id, fields) in (1..).zip(fields) {
        import(&client, id, &format!(r#","customFieldDataList":{{"customFieldData":[{fields}]}}"#));
        check_written_back(&client, id);
    }
    import(&client, 100, r#","note":"what \uFFFD was not read elsewhere\r\n","createdBy":"Zoë ""#);
    check_written_back(&client, 100);
}

#[test]
fn what_is_written_back_beside_a_change_stays() {
    let server = TestServer::start();
    let client = server.editor();
    let fields = r#"{"fieldId":"7","fieldValue":""},{"fieldId":"8","fieldValue":"x"},{"fieldId":"7","fieldOptionId":"1"}"#;
    import(&client, 1, &format!(r#","customFieldDataList":{{"customFieldData":[{fields}]}}"#));
    let mut expected = client.retrieve(1);
    expected["customFieldDataList"]["customFieldData"][1]["fieldValue"] = json!("y");
    client.post("updateActivity", &written_back(&expected, true)).ok();
    assert_eq!(content(&client.retrieve(1)), {
        expected["lastModifiedBy"] = json!("Colin Pizarek");
        content(&expected)
    });
    // An empty value still clears what has one.
    client.update(1, &format!("{FIELD}.fieldId=8&{FIELD}.fieldValue="));
    let left = &client.retrieve(1)["customFieldDataList"]["customFieldData"];
    assert_eq!(left.as_array().unwrap().len(), 2, "{left}");
}

#[test]
fn a_status_that_is_written_back_by_name_is_no_change_though_others_have_the_name() {
    let server = TestServer::start();
    let client = server.editor();
    let line = |id: i64, status: &str, name: &str| {
        format!(
            r#"{{"activityId":{id},"subject":"s","startDateTime":"2026-01-01T00:00:00Z","activityStatus":{{"id":"{status}","name":"{name}"}},"activityPriority":"LOW"}}"#
        )
    };
    let lines = line(1, "53", "Letter") + &line(2, "51", "letter") + &line(3, "3", "Waiting");
    client.org.import(&lines, ImportOptions::default()).unwrap();
    let (service, org) = (client.org.host.service(), client.org.tenant());
    wait(service.retire_status(Authority::command_line(&org), StatusId(3))).unwrap();
    wait(service.add_status(
        Authority::command_line(&org),
        None,
        StatusName::parse("Waiting").unwrap(),
    ))
    .unwrap();
    for id in 1..=3 {
        check_written_back(&client, id);
    }
}

#[test]
fn two_who_change_different_members_at_once_both_hold() {
    let server = TestServer::start();
    let one = server.editor();
    let other = one.again();
    let id = one.create("start");
    for n in 0..50 {
        let edit = |client: &Client, member: String| {
            client.request("updateActivity", &format!("activity.activityId={id}&activity.{member}"))
        };
        let subject = edit(&one, format!("subject=s{n}"));
        let note = edit(&other, format!("note=n{n}"));
        let (subject, note) = one.org.host.send_both(subject, note);
        subject.ok();
        note.ok();
        let shown = one.retrieve(id);
        assert_eq!(
            (&shown["subject"], &shown["note"]),
            (&json!(format!("s{n}")), &json!(format!("n{n}")))
        );
    }
}
