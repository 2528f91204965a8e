//! JSON: what is read of it, and what is refused and where.

use domain::{Activity, ClientId, Moment, NAME_CHARS_MAX, Note, Priority, Provenance, StatusId};
use domain::{StatusName, Subject, UserId};

use super::*;

/// The sample without the white space between its members.
pub(super) fn sample_on_one_line() -> String {
    let value: Box<serde_json::value::RawValue> = serde_json::from_str(SAMPLE).unwrap();
    let mut in_text = false;
    let keep = |c: &char| {
        in_text ^= *c == '"';
        in_text || !c.is_whitespace()
    };
    value.get().chars().filter(keep).collect()
}

#[test]
fn every_member_is_kept() {
    let activity = Activity {
        created: stamp("2013-07-09T15:53:19.000+08:00"),
        created_by: Some("z2Administrator ".to_owned()),
        modified_by: Some("Ada".to_owned()),
        subject: Subject::parse("s").unwrap(),
        note: Note::parse("a\nb").unwrap(),
        start: Moment::parse("2014-04-08T11:00:00.000-05:00").unwrap(),
        end: Some(Moment::parse("2014-03-31T11:00:00.000-05:00").unwrap()),
        client: Some(ClientId(31)),
        system_user: Some(UserId(101_132)),
        status: StatusId(2),
        status_name: StatusName::parse("n").unwrap(),
        priority: Priority::Normal,
        custom_fields: vec![custom_field("7", Some(""), Some("8")), custom_field("9", None, None)],
        external_id: None,
        provenance: Provenance::default(),
    };
    let stamp = stamp("2014-04-09T03:26:06.500-06:00");
    assert_eq!(one(&record("1", EVERY_OTHER_MEMBER)), (Some(stamp), activity));
}

#[test]
fn answers_and_records_come_in_many_forms() {
    let both = "653 ddddd\n652 ddddd";
    check(SAMPLE, both);
    check(&sample_on_one_line(), both);
    check(&format!("\u{feff}\r\n\n{SAMPLE}"), both);
    check(&SAMPLE.replace('\n', "\r\n"), both);
    check(&format!("{SAMPLE}{SAMPLE}"), &format!("{both}\n{both}"));
    check(&format!("{}\n{SAMPLE}", sample_on_one_line()), &format!("{both}\n{both}"));
    check(&format!("[{SAMPLE},\n{}]", record("1", "")), &format!("{both}\n1 s"));
    check(&format!("{}{}", record("1", ""), record("2", "")), "1 s\n2 s");
    check(&format!("{}\n\n  {}", record("1", ""), record("2", "")), "1 s\n2 s");
    check(&format!("[\n{},{}\n]", record("1", ""), record("2", "")), "1 s\n2 s");
    check(&SAMPLE.replace("\"\"", r#""\"}]\\""#), both);
    check("", "f: the file is empty");
    check(" \n", "f: the file is empty");
    check("[]", "");
    check(
        r#"{"activityId":29,"deletedDateTime":"2026-02-03T04:05:06+0100"}"#,
        "29 removed 2026-02-03T03:05:06.000+00:00",
    );
    let record = record("5", "");
    check(&format!(r#"{{"retrieveActivityResponse":{{"activity":{record}}}}}"#), "5 s");
    check(
        &format!(
            r#"{{"listActivitiesResponse":{{"operationResult":"SUCCESS","page":{{}},"searchResults":{{"nameValuePairs":[]}},"activities":{{"activity":{record}}}}}}}"#
        ),
        "5 s",
    );
    let sync = |members: &str| format!(r#"{{"syncActivitiesResponse":{{{members}}}}}"#);
    let deleted = |ids: &str| sync(&format!(r#""activities":{{}},"deletedActivityIdList":{ids}"#));
    check(&deleted(r#"{"activityId":[29,"30"]}"#), "29 removed\n30 removed");
    check(&deleted(r#"{"activityId":29}"#), "29 removed");
    check(&deleted(r#""""#), "");
    check(&deleted("null"), "");
    check(&sync(r#""activities":"""#), "");
}

#[test]
fn types_are_read_leniently() {
    let plain = one(&record("1", ""));
    let same = |from: &str, to: &str| {
        let changed = record("1", "").replace(from, to);
        assert_ne!(changed, record("1", ""), "{from}");
        assert_eq!(one(&changed), plain, "{changed}");
    };
    same(r#""activityId":1"#, r#""activityId":" 1""#);
    same(r#""id":"2""#, r#""id":2"#);
    same(r#"{"id":"2","name":"n"}"#, r#"{"name":"\u006e","id":"2"}"#);
    same(
        r#""activityStatus":{"id":"2","name":"n"}"#,
        r#""activityStatus.id":2,"activityStatus.name":"n""#,
    );
    same("NORMAL", "Normal");
    same(
        "00-05:00",
        "00 -05:00".trim_start_matches("00 ").replace("-05:00", "00.000-05:00").as_str(),
    );
    same("-05:00", "-0500");
    same("-05:00", ".0004-05:00");
    same(
        "NORMAL\"",
        "NORMAL\",\"note\":null,\"clientId\":\"\",\"endDateTime\":\"\",\"createdBy\":null",
    );
    same("NORMAL\"", "NORMAL\",\"customFieldDataList\":null");
    same("NORMAL\"", "NORMAL\",\"customFieldDataList\":{}");
    same("NORMAL\"", "NORMAL\",\"customFieldDataList\":{\"customFieldData\":[]}");
    let blank = record("1", "").replace("-05:00", "+05:00");
    assert_eq!(one(&blank.replace("+05:00", " 05:00")), one(&blank));

    let field = |list: &str| {
        one(&record("1", &format!(r#","customFieldDataList":{list}"#))).1.custom_fields
    };
    let expected = [custom_field("7", Some("3"), None)];
    assert_eq!(
        field(r#"{"customFieldData":{"fieldId":7,"fieldValue":3,"fieldOptionId":null}}"#),
        expected
    );
    assert_eq!(field(r#"[{"fieldId":"7","fieldValue":"3"}]"#), expected);
}

#[test]
fn what_is_absent_is_not_named_and_what_is_empty_is() {
    let members = |json: &str| format!("{:?}", named(&record("1", json)));
    assert_eq!(members(""), "[]");
    assert_eq!(
        members(EVERY_OTHER_MEMBER),
        "[ModifiedBy, Note, End, Client, SystemUser, CustomFields]"
    );
    let empty = r#","note":"","endDateTime":null,"clientId":"","customFieldDataList":{}"#;
    assert_eq!(members(empty), "[Note, End, Client, CustomFields]");
}

#[test]
fn creation_falls_back_on_the_last_change_and_then_on_now() {
    let created = |more: &str| one(&record("1", more)).1.created;
    let modified = r#","lastModifiedDateTime":"2014-04-09T03:26:06.000+08:00""#;
    assert_eq!(created(modified), stamp("2014-04-09T03:26:06.000+08:00"));
    assert_eq!(created(""), stamp(NOW));
    assert_eq!(one(&record("1", "")).0, None);
}

#[test]
fn what_is_not_kept_is_named() {
    let more = r#","timeZoneOffset":5,"activityStatus2":null,"customFieldDataList":{"customFieldData":[{"fieldId":"1","colour":1}]}"#;
    check(
        &format!("{}\n{}", record("1", more), record("2", r#","timeZoneOffset":5"#)),
        "1 s\n2 s\nignored activityStatus2 1\nignored customFieldData.colour 1\nignored timeZoneOffset 2",
    );
    let many: String = (0..60).map(|n| format!(r#","x{n}":1"#)).collect();
    let (_, summary) = read_bytes(record("1", &many).as_bytes()).unwrap();
    assert_eq!((summary.ignored.names().count(), summary.ignored.more()), (50, 10));
}

#[test]
fn every_fault_of_json_names_its_line_and_member() {
    let is = |what: &str, expected: &str| check(what, expected);
    is(
        "5",
        "f, row 1: the first row names none of the columns of an activity: expected JSON, a workbook (.xlsx, .ods), or CSV with commas, semicolons or tabs, whose first row has names like activityId, subject and startDateTime. It has: 5",
    );
    is(
        "{}\n5",
        "f, line 1: activityId is missing\nf, line 1: subject is missing\nf, line 1: startDateTime is missing\nf, line 1: activityStatus.id is missing\nf, line 1: activityStatus.name is missing\nf, line 1: activityPriority is missing\nf, line 2: the record is 5, expected an object",
    );
    is(
        &SAMPLE.replace("2014-03-08T11:00:00.000-05:00", "noon"),
        r#"f, line 30: startDateTime is "noon", expected a time with an offset, like 2014-01-10T15:50:28.153+08:00"#,
    );
    is(
        &format!("\n\n{}", SAMPLE.replace("653", "0")),
        "f, line 13: activityId is 0, expected a whole number from 1 to 9007199254740991",
    );
    is(&SAMPLE.replacen("\"activityId\": 653,", "", 1), "f, line 7: activityId is missing");
    is(
        &SAMPLE.replacen("\"name\": \"Not Started\"", "\"nome\": 5", 1),
        "f, line 7: activityStatus.name is missing",
    );
    is(
        &SAMPLE.replacen("\"activityId\": []", "\"activityId\": [\n1, {\n}]", 1),
        "f, line 49: deletedActivityIdList.activityId is { }, expected a whole number from 1 to 9007199254740991",
    );
    is(
        &sample_on_one_line().replace("653", "65.3"),
        "f, line 1: activityId is 65.3, expected a whole number from 1 to 9007199254740991",
    );
    let second = |broken: &str| format!("{}\n{broken}", record("1", ""));
    is(
        &second(&record("9007199254740992", "")),
        "f, line 2: activityId is 9007199254740992, expected a whole number from 1 to 9007199254740991",
    );
    is(
        &second(&record("2", "").replace("NORMAL", "pressing")),
        r#"f, line 2: activityPriority is "pressing", expected LOW, NORMAL or HIGH"#,
    );
    is(&second(&record("2", "").replace("\"s\"", "\" \"")), "f, line 2: subject must not be empty");
    is(
        &second(&record("2", "").replace("\"s\"", "true")),
        "f, line 2: subject is true, expected text",
    );
    is(
        &second(&record("2", r#","note":"\ud800""#)),
        r#"f, line 2: note is "\ud800", expected text"#,
    );
    is(
        &second(&record("2", r#","createdBy":"\u0000""#)),
        "f, line 2: createdBy must not contain NUL characters, or control characters where a single line is expected",
    );
    is(
        &second(&record("2", r#","note":"\u0000""#)),
        "f, line 2: note must not contain NUL characters, or control characters where a single line is expected",
    );
    is(
        &second(&record("2", &format!(r#","createdBy":"{}""#, "é".repeat(NAME_CHARS_MAX + 1)))),
        "f, line 2: createdBy must have at most 200 characters, but has 201",
    );
    is(
        &second(&record("2", r#","clientId":[1]"#)),
        "f, line 2: clientId is [1], expected a whole number from 1 to 9007199254740991, or 0 for none",
    );
    for member in ["clientId", "systemUserId"] {
        for number in ["9007199254740992", "\"9007199254740993\"", "-9223372036854775808"] {
            is(
                &second(&record("2", &format!(r#","{member}":{number}"#))),
                &format!(
                    "f, line 2: {member} is {number}, expected a whole number from 1 to 9007199254740991, or 0 for none"
                ),
            );
        }
    }
    is(
        &second(&record("2", "").replace(r#"{"id":"2","name":"n"}"#, "2")),
        "f, line 2: activityStatus is 2, expected an object with id and name",
    );
    is(
        &second(&record("2", r#","activityId":3"#)),
        "f, line 2: the record: activityId occurs twice",
    );
    is(
        &second(&record("2", r#","customFieldDataList":7"#)),
        "f, line 2: customFieldData is 7, expected an object with fieldId, fieldValue and fieldOptionId",
    );
    is(
        &second(&record(
            "2",
            ",\"customFieldDataList\":{\"customFieldData\":[\n{\"fieldValue\":\"\"},\n{\"fieldId\":{}}]}",
        )),
        "f, line 3: fieldId is missing\nf, line 4: fieldId is {}, expected a number or text",
    );
    is(
        r#"{"activityId":29,"deletedDateTime":"soon"}"#,
        r#"f, line 1: deletedDateTime is "soon", expected a time with an offset, like 2014-01-10T15:50:28.153+08:00"#,
    );
}

#[test]
fn what_is_no_json_ends_the_file_after_its_line() {
    let first = record("1", "");
    check(
        &format!("{first}\n{{\"activityId\" 2}}\n{{}}"),
        "f, line 2: this is not valid JSON: expected a colon between a name and its value",
    );
    check(
        &format!("{first}\n{{\"subject\":\"two\nlines\"}}"),
        r"f, line 2: this is not valid JSON: a text contains a line break or another control character: in JSON, a line break is written \n",
    );
    check(
        &format!("{first}\n\n{{\n\"activityId\":2,\n"),
        "f, line 3: the JSON that starts here does not end: is the file incomplete?",
    );
    check(
        &SAMPLE[..SAMPLE.len() - 4],
        "f, line 1: the JSON that starts here does not end: is the file incomplete?",
    );
    check(
        &SAMPLE.replacen("\"subject\": \"ddddd\",", "\"subject\": \"ddddd\"", 1),
        "f, line 13: this is not valid JSON: expected a comma before the next member, or the } that ends the object",
    );
    check(
        "[\n] {\n\"activityId\":2",
        "f, line 2: the JSON that starts here does not end: is the file incomplete?",
    );
    for broken in ["}", "{\"a\":nope}", "{\"a\":tru}", "{\"a\":'x'}"] {
        check(
            &format!("{first}\n{broken}"),
            "f, line 2: this is not valid JSON: expected a value: text in quotation marks, a number, true, false, null, a list or an object",
        );
    }
    let broken = |text: &str, words: &str| {
        check(&format!("{first}\n{text}"), &format!("f, line 2: this is not valid JSON: {words}"));
    };
    broken("{'a':1}", "expected the name of a member in quotation marks");
    broken("{\"a\":1,}", "expected the name of a member in quotation marks");
    broken("[1 2]", "expected a comma before the next element, or the ] that ends the list");
    broken("[01]", "a number is not written in JSON's form");
    broken(r#"["\q"]"#, r"a text has a \ that is not one of JSON's escapes, such as \n or \\");
    let bytes = [first.as_bytes(), b"\n{\n\"\xff\"}"].concat();
    let error = read_bytes(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "f, line 3: this is not UTF-8: save the file as CSV with the encoding Unicode (UTF-8)"
    );
}

#[test]
fn more_custom_fields_than_the_api_takes_are_refused() {
    let list = |count: usize, value: &str| {
        let fields = vec![format!(r#"{{"fieldId":"7","fieldValue":"{value}"}}"#); count];
        record("2", &format!(",\n\"customFieldDataList\":[{}]", fields.join(",")))
    };
    check(&list(500, "x"), "2 s");
    check(&list(501, "x"), "f, line 2: customFieldDataList has 501 values; the maximum is 500");
    let long = "x".repeat((1 << 20) / 16 - 1);
    check(&list(16, &long), "2 s");
    check(
        &list(16, &format!("{long}y")),
        "f, line 2: customFieldDataList has 1048592 bytes of text; the maximum is 1048576",
    );
}

/// The pages that are missing of answers that say which they are.
fn missing(answers: &[(&str, u64, u64, u64)]) -> String {
    let answer = |&(method, page, pages, results): &(&str, u64, u64, u64)| {
        let record = record(&page.to_string(), "");
        format!(
            r#"{{"{method}ActivitiesResponse":{{"page":{{"currentPage":{page},"pageSize":1,"totalPage":"{pages}","totalResults":{results}}},"activities":{{"activity":[{record}]}}}}}}"#
        )
    };
    let mut pages = crate::Pages::default();
    for answer in answers.iter().map(answer) {
        let (_, summary) = read_bytes(answer.as_bytes()).unwrap();
        assert_eq!(summary.ignored.names().count(), 0, "{answer}");
        pages.merge(summary.pages);
    }
    pages.missing().collect::<Vec<_>>().join("\n")
}

#[test]
fn pages_that_are_missing_are_named() {
    assert_eq!(missing(&[]), "");
    assert_eq!(missing(&[("sync", 2, 2, 2), ("sync", 1, 2, 2), ("list", 1, 1, 1)]), "");
    assert_eq!(missing(&[("sync", 1, 2, 2), ("sync", 1, 2, 2), ("sync", 2, 2, 2)]), "");
    assert_eq!(missing(&[("sync", 1, 1, 1), ("sync", 2, 1, 1)]), "", "one behind the last");
    assert_eq!(
        missing(&[("sync", 2, 9, 9), ("sync", 3, 9, 9), ("sync", 9, 9, 9)]),
        "syncActivitiesResponse with 9 pages and 9 results: these pages are missing: 1, 4 to 8"
    );
    assert_eq!(
        missing(&[("sync", 1, 2, 2), ("sync", 2, 2, 3), ("list", 1, 1, 1)]),
        "syncActivitiesResponse with 2 pages and 2 results: these pages are missing: 2\n\
         syncActivitiesResponse with 2 pages and 3 results: these pages are missing: 1"
    );
    assert_eq!(
        missing(&[("sync", 1, 1, 5)]),
        "syncActivitiesResponse with 1 pages and 5 results: the files contain only 1 of them"
    );
    assert_eq!(
        missing(&[("sync", 1, 1 << 40, 5)]),
        "syncActivitiesResponse with 1099511627776 pages and 5 results: these pages are missing: 2 to 1099511627776"
    );
}

#[test]
fn answers_that_hold_no_activities_are_refused() {
    check(
        r#"{"syncActivitiesResponse":{"operationResult":"FAIL","responseDateTime":"x","errors":{"error":[{"errorCode":"10242","errorMessage":"Date range or activity id is required."},{"errorCode":4}]}}}"#,
        "f, line 1: syncActivitiesResponse reports a failure: 10242 Date range or activity id is required.; 4",
    );
    check(
        r#"{"listActivitiesResponse":{"operationResult":"PENDING"}}"#,
        r#"f, line 1: listActivitiesResponse reports a failure: "PENDING""#,
    );
    check(
        "{\n\"loginResponse\":{\"userSessionId\":\"x\"}}",
        "f, line 2: loginResponse contains no activities: expected syncActivitiesResponse, listActivitiesResponse or retrieveActivityResponse",
    );
    check(r#"{"syncActivitiesResponse":{}}"#, "f, line 1: activities is missing");
    check(r#"{"retrieveActivityResponse":{}}"#, "f, line 1: activity is missing");
    check(
        r#"{"syncActivitiesResponse":5}"#,
        "f, line 1: syncActivitiesResponse is 5, expected an object\nf, line 1: activities is missing",
    );
}
