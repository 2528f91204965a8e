//! Custom fields: their values, their order, and that they come back as they are.

use std::cell::Cell;

use neon::export::Format;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use service::ImportOptions;

use crate::client::REQUIRED;
use crate::harness::TestServer;
use crate::updates::{FIELD, check_written_back, import, written_back};

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[test]
fn a_value_that_changes_keeps_its_place_and_leaves_the_others_as_they_are() {
    let server = TestServer::start();
    let client = server.editor();
    let list = |id| client.retrieve(id)["customFieldDataList"]["customFieldData"].clone();
    let field = |id: &str, value: &str| json!({ "fieldId": id, "fieldValue": value });
    let sent = |fields: &[(&str, &str)]| -> String {
        let one = |(id, value): &(&str, &str)| {
            format!("&{FIELD}.fieldId={}&{FIELD}.fieldValue={}", escaped(id), escaped(value))
        };
        fields.iter().map(one).collect()
    };
    let given = [("7", "x"), ("8", " y "), ("7", "x"), ("9", "w"), ("7", "z")];
    let id = client.create_with(&sent(&given));
    assert_eq!(
        list(id),
        json!(given.map(|(id, value)| field(id, value))),
        "in their order, all of them"
    );
    let changed = [("7", "x"), ("8", " y "), ("7", "new"), ("9", "w"), ("7", "z"), ("7", "more")];
    client.update(id, &sent(&changed));
    assert_eq!(list(id), json!(changed.map(|(id, value)| field(id, value))));
    client.update(id, &sent(&[("7", "only")]));
    let left = [("7", "only"), ("8", " y "), ("9", "w")];
    assert_eq!(list(id), json!(left.map(|(id, value)| field(id, value))));

    // What an import has brought, and no write could have: it stays beside what changes.
    let fields = r#"{"fieldId":" 7","fieldValue":""},{"fieldId":"7","fieldOptionId":" 1 "},{"fieldId":"7","fieldValue":"x"}"#;
    import(&client, 100, &format!(r#","customFieldDataList":{{"customFieldData":[{fields}]}}"#));
    let mut record = client.retrieve(100);
    record["customFieldDataList"]["customFieldData"][2]["fieldValue"] = json!("y");
    client.post("updateActivity", &written_back(&record, true)).ok();
    assert_eq!(list(100), record["customFieldDataList"]["customFieldData"]);
}

#[test]
fn what_is_kept_of_custom_fields_can_be_exported_and_imported() {
    let server = TestServer::start();
    let client = server.editor();
    let long = "x".repeat(201);
    for member in ["fieldId=1&FIELD.fieldOptionId=LONG", "fieldId=LONG&FIELD.fieldValue=1"] {
        let sent = format!("FIELD.{member}").replace("FIELD", FIELD).replace("LONG", &long);
        let answer =
            client.post("createActivity", &format!("activity.subject=s&{REQUIRED}&{sent}"));
        let message = answer.inside["errors"]["error"][0]["errorMessage"].to_string();
        assert!(message.contains("at most 200 characters, but has 201"), "{message}");
    }
}

/// What separates, quotes and is trimmed, here and there.
fn awkward() -> impl Strategy<Value = String> {
    let pieces =
        [" ", "\t", "\r\n", "'", "=", "\"", ",", ";", "&", "%", "+", "[0]", "x", "é", "🎈"];
    let piece = prop::sample::select(pieces.to_vec());
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

/// Custom fields as an import may bring them, few ids among them.
fn awkward_fields() -> impl Strategy<Value = Value> {
    let id = prop::sample::select(vec!["7", "8", " 7", "a b", "7 "]);
    let field = (id, prop::option::of(awkward()), prop::option::of(awkward()));
    let field = field.prop_map(|(id, value, option)| {
        let members =
            [("fieldId", Some(id.to_owned())), ("fieldValue", value), ("fieldOptionId", option)];
        let members =
            members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?))));
        members.collect::<Value>()
    });
    prop::collection::vec(field, 1..6).prop_map(Value::Array)
}

#[test]
fn custom_fields_stay_as_they_are_whatever_way_they_come_back() {
    let server = TestServer::start();
    let client = server.editor();
    let last = Cell::new(0);
    let mut runner =
        TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let told = runner.run(&awkward_fields(), |fields| {
        last.set(last.get() + 1);
        let id: i64 = last.get();
        let list = json!({ "customFieldData": fields });
        import(&client, id, &format!(r#","customFieldDataList":{list}"#));
        let before = client.retrieve(id);
        prop_assert_eq!(&before["customFieldDataList"]["customFieldData"], &fields);
        check_written_back(&client, id);
        for format in Format::ALL {
            let report = client.org.import(&client.org.export(format), ImportOptions::default());
            prop_assert_eq!(report.unwrap().unchanged, id.unsigned_abs());
        }
        prop_assert_eq!(client.retrieve(id), before);
        Ok(())
    });
    told.unwrap();
}
