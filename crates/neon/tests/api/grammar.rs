//! How parameters may be written: everything that clients have been seen to send.

use crate::client::{Client, FORM, REQUIRED};
use crate::harness::request;
use crate::manual::with_sample;

const JSON: Option<&str> = Some("application/json");

/// `{s}` stands for the session's id.
#[track_caller]
fn check(client: &Client, verb: &str, query: &str, declared: Option<&str>, form: &str) {
    let fill = |text: &str| text.replace("{s}", &client.session);
    let path = format!("account/syncActivities{}", fill(query));
    let answer = client.org.host.send(request(verb, &path, declared, fill(form))).ok();
    assert_eq!(answer.ids(), [653], "{verb} {query} {form}");
}

#[test]
fn names_come_in_any_case_and_junk_around_them_is_ignored() {
    let (_server, client) = with_sample();
    for query in [
        "userSessionId={s}&activityIds.activityId=653",
        "usersessionid={s}&ACTIVITYIDS.ACTIVITYID=653",
        "&userSessionId={s}&&activityIds.activityId=653&",
        "userSessionId={s}&activityIds.activityId=+653+",
        "userSessionId={s}&activityIds.activityId%20=%20653",
        "userSessionId=%20{s}%20&activityIds.activityId=653",
        "userSessionId={s}&activityIds.activityId=653&originDetail=x&fromSource=y&keywork=z",
        "userSessionId={s}&activityIds.activityId=653&page.currentPage=&page.pageSize",
        "userSessionId={s}&activityIds.activityId=&activityIds.activityId=653&activityIds.activityId",
        "userSessionId={s}&activityIds.activityId=653&syncActivityTimeFrom=&syncActivityTimeTo=",
        "userSessionId={s}&activityIds.activityId=653&page.sortColumn=&page.sortDirection=",
        "userSessionId={s}&activityIds.activityId=653&ignoreDeletedIdList=",
        "responseType=json&userSessionId={s}&activityIds.activityId=653",
        "responseType=JSON&userSessionId={s}&activityIds.activityId=653",
        "responseType=&userSessionId={s}&activityIds.activityId=653",
        "userSessionId={s}&activityIds.activityId=653&=&%FF=%00&%",
        "userSessionId=&userSessionId={s}&userSessionId=&activityIds.activityId=653",
        "userSessionId={s}&activityIds%2EactivityId=%36%35%33",
    ] {
        let with_mark = format!("?{query}");
        check(&client, "GET", &with_mark, None, "");
        check(&client, "GET", &with_mark, JSON, "");
        check(&client, "POST", &with_mark, None, "");
        check(&client, "POST", &with_mark, JSON, "");
        check(&client, "POST", "", Some(FORM), query);
        check(&client, "POST", "?", None, query);
    }
}

/// In every way in which a request can carry it.
#[track_caller]
fn check_everywhere(client: &Client, query: &str) {
    let with_mark = format!("?{query}");
    check(client, "GET", &with_mark, None, "");
    check(client, "POST", &with_mark, JSON, "");
    check(client, "POST", "", Some(FORM), query);
}

#[test]
fn lists_and_members_come_in_brackets_with_or_without_a_number() {
    let (_server, client) = with_sample();
    for ids in [
        "activityIds.activityId[0]=653",
        "activityIds.activityId[]=653",
        "activityIds[activityId][0]=653",
        "activityIds[activityId][]=653",
        "activityIds[activityId]=653",
        "activityIds[0].activityId=653",
        "activityIds[0][activityId]=653",
        "activityIds.0.activityId=653",
        "activityIds.activityId.17=653",
        "activityIds.activityId[0=653",
        "ACTIVITYIDS[ActivityID][3]=653",
        "activityIds[]=653",
        "activityIds=653",
        "activityIds.activityId[0]=653&activityIds.activityId[1]=653&activityIds.activityId[2]=",
    ] {
        let range = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
        check_everywhere(&client, &format!("userSessionId={{s}}&{range}&{ids}"));
        let escaped = ids.replace('[', "%5B").replace(']', "%5d");
        check_everywhere(&client, &format!("userSessionId={{s}}&{range}&{escaped}"));
    }
    let ids = "activityIds.activityId[]=653";
    check_everywhere(&client, &format!("userSessionId[]={{s}}&page[pageSize]=1&{ids}"));
    check_everywhere(&client, &format!("userSessionId={{s}}&page[currentPage][0]=1&{ids}"));
}

/// Were they passed over, the answer would be wider than what was asked for.
#[test]
fn what_looks_like_ids_and_is_not_understood_is_refused_by_name() {
    let (_server, client) = with_sample();
    for (sent, named) in [
        ("activityIds.activityId[a]=653", "activityIds.activityId.a"),
        ("activityIds.activityId[-1]=653", "activityIds.activityId.-1"),
        ("activityIds.id=653", "activityIds.id"),
        ("activityIds..activityId=653", "activityIds..activityId"),
        ("activityIds.activityId%255B0%255D=653", "activityIds.activityId%5B0%5D"),
        ("activityId=653", "activityId"),
        ("ActivityID[0]=653", "ActivityID"),
        ("activity_ids[]=653", "activity_ids"),
        ("activityIdList.activityId=653", "activityIdList.activityId"),
    ] {
        let text = format!(
            "Unexpected System error occured. {named} is \"653\", expected ids under the name activityIds.activityId"
        );
        let range = "syncActivityTimeFrom=2000-01-01T00:00:00Z";
        client.get("syncActivities", &format!("{range}&{sent}")).fails(1, &text);
        client.post("syncActivities", &format!("{sent}&{range}")).fails(1, &text);
    }
    let text = "Unexpected System error occured. activityIds.activityId is \"[653]\", expected a whole number of at most 18 digits";
    client.get("syncActivities", "activityIds[]=[653]").fails(1, text);
    // What says nothing asks for nothing.
    client.sync("syncActivityTimeFrom=2000-01-01T00:00:00Z&activityIds.id=&activityIds[]=");
}

#[test]
fn members_in_brackets_are_those_of_an_activity() {
    let (_server, client) = with_sample();
    let list = "activity[customFieldDataList][customFieldData]";
    let shown = |fields: &str| {
        let members = "activity[subject]=Call&activity[startDateTime]=2026-01-05T09:00:00Z&activity[clientId]=7&activity[activityStatus][id]=2&activity[activityPriority]=Low";
        let answer = client.post("createActivity", &format!("{members}&{fields}")).ok();
        let record = client.retrieve(answer.inside["activityId"].as_i64().unwrap());
        record["customFieldDataList"]["customFieldData"].clone()
    };
    let expected = serde_json::json!([
        {"fieldId": "9", "fieldOptionId": "1"},
        {"fieldId": "8", "fieldValue": "x"},
    ]);
    let by_row = ["[0][fieldId]=9", "[0][fieldOptionId]=1", "[1][fieldValue]=x", "[1][fieldId]=8"];
    assert_eq!(shown(&by_row.map(|pair| format!("{list}{pair}")).join("&")), expected);
    let by_column = [".fieldId[0]=9", ".fieldId[1]=8", ".fieldValue[1]=x", ".fieldOptionId[0]=1"];
    let list = "activity.customFieldDataList.customFieldData";
    assert_eq!(shown(&by_column.map(|pair| format!("{list}{pair}")).join("&")), expected);
    // A field that comes with nothing leaves what follows to the next.
    let by_row = ["[0].fieldId=5", "[1].fieldValue=x", "[1].fieldId=8"];
    let expected = serde_json::json!([{"fieldId": "8", "fieldValue": "x"}]);
    assert_eq!(shown(&by_row.map(|pair| format!("{list}{pair}")).join("&")), expected);
}

#[test]
fn query_and_form_are_one() {
    let (_server, client) = with_sample();
    let id = "activityIds.activityId=653";
    check(&client, "POST", "?userSessionId={s}", Some(FORM), id);
    check(
        &client,
        "POST",
        "?userSessionId={s}",
        Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"),
        id,
    );
    check(&client, "GET", "?userSessionId={s}", Some(FORM), id);
    check(&client, "POST", &format!("?{id}"), Some(FORM), "userSessionId={s}");
    // Where both name a parameter that stands once, the form's counts.
    check(
        &client,
        "POST",
        "?userSessionId=old&activityIds.activityId=653",
        Some(FORM),
        "userSessionId={s}",
    );
    let both = request(
        "POST",
        &format!(
            "account/syncActivities?userSessionId={}&activityIds.activityId=652",
            client.session
        ),
        Some(FORM),
        id,
    );
    assert_eq!(client.org.host.send(both).ok().ids(), [653, 652], "lists are joined");
}

#[test]
fn of_a_repeated_value_the_last_that_says_anything_counts() {
    let (_server, client) = with_sample();
    let page = |query: &str| client.sync(&format!("activityIds.activityId=653&{query}")).page();
    assert_eq!(page("page.pageSize=5&page.pageSize=7"), [1, 7, 1, 1]);
    assert_eq!(page("page.pageSize=5&PAGE.PAGESIZE=&page.pagesize"), [1, 5, 1, 1]);
}

#[test]
fn paths_come_in_any_case() {
    let (server, client) = with_sample();
    for path in [
        "account/syncActivities",
        "Account/SYNCACTIVITIES",
        "account/syncactivities/",
        "/account/syncActivities",
    ] {
        let query = format!("{path}?userSessionId={}&activityIds.activityId=653", client.session);
        let answer = server.get(&query).ok();
        assert_eq!((answer.ids(), answer.root.as_str()), (vec![653], "syncActivitiesResponse"));
    }
}

#[test]
fn every_method_takes_a_query_or_a_form() {
    let (server, client) = with_sample();
    let form = format!("Activity.subject=by+form&{REQUIRED}");
    let id = client.post("createActivity", &form).ok().inside["activityId"].as_i64().unwrap();
    let edit = format!("Activity.activityId={id}&ACTIVITY.SUBJECT=a+%2B+b");
    client.post("updateActivity", &edit).ok();
    let shown = client.post("retrieveActivity", &format!("activityId={id}")).ok();
    assert_eq!(shown.activity()["subject"], "a + b");
    client.post("removeActivity", &format!("activityId={id}")).ok();
    client.post("listActivityStatus", "").ok();
    client.post("digestActivities", "parts=2").ok();
    let login = format!("LOGIN.ORGID=demo&login.apikey={}", client.key.secret);
    server.send(request("POST", "common/login", Some(FORM), login)).ok();
    client.post("logout", "").ok();
}

#[test]
fn texts_keep_what_their_writer_wrote() {
    let (server, client) = with_sample();
    let check = |sent: &str, kept: &str| {
        let id = client.create_with(&format!("activity.note={sent}"));
        assert_eq!(client.retrieve(id)["note"], kept, "{sent}");
        let id = client.create_with(&format!("activity.subject={sent}"));
        assert_eq!(client.retrieve(id)["subject"], kept, "{sent}");
    };
    check("%20two++blanks%20", " two  blanks ");
    check("line%0D%0Aand%09tab", "line\r\nand\ttab");
    check("%C3%A9%F0%9F%98%80%E2%80%A8", "é😀\u{2028}");
    check("%22%5C%3C/script%3E", "\"\\</script>");
    check("a=b", "a=b");
    check("100%", "100%");
    check("%01%1F%7F", "\u{1}\u{1f}\u{7f}");
    let fields = "Activity.customFieldDataList.customFieldData";
    client.create_with(&format!(
        "{fields}.fieldId=%22&{fields}.fieldValue=%5Cn%0A&{fields}.fieldOptionId=%09"
    ));
    // Read from the store, not from what was just written.
    server.restart();
    let answer = client.sync("syncActivityTimeFrom=2000-01-01T00:00:00Z&page.pageSize=200");
    let records = answer.inside["activities"]["activity"].as_array().unwrap();
    assert!(records.len() > 14);
    for record in records {
        let id = record["activityId"].as_i64().unwrap();
        assert_eq!(*record, client.retrieve(id), "{id}");
    }
}

#[test]
fn custom_fields_are_groups_in_their_order() {
    let (_server, client) = with_sample();
    let prefix = "Activity.customFieldDataList.customFieldData.";
    let check = |pairs: &[(&str, &str)], expected: serde_json::Value| {
        let sent: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{prefix}{name}={value}")).collect();
        let id = client.create_with(&sent.join("&"));
        let shown = client.retrieve(id);
        let list = shown.get("customFieldDataList").map(|list| list["customFieldData"].clone());
        assert_eq!(list.unwrap_or_default(), expected, "{pairs:?}");
    };
    let none = serde_json::Value::Null;
    check(&[], none.clone());
    check(
        &[
            ("fieldId", "7"),
            ("fieldOptionId", ""),
            ("fieldValue", "x"),
            ("fieldId", "8"),
            ("fieldOptionId", "2"),
        ],
        serde_json::json!([{"fieldId": "7", "fieldValue": "x"}, {"fieldId": "8", "fieldOptionId": "2"}]),
    );
    check(
        &[("FIELDVALUE", "x"), ("fieldid", "7"), ("fieldvalue", "y"), ("fieldid", "8")],
        serde_json::json!([{"fieldId": "7", "fieldValue": "x"}, {"fieldId": "8", "fieldValue": "y"}]),
    );
    // Several values of one field.
    check(
        &[("fieldId", "7"), ("fieldOptionId", "1"), ("fieldId", "7"), ("fieldOptionId", "3")],
        serde_json::json!([{"fieldId": "7", "fieldOptionId": "1"}, {"fieldId": "7", "fieldOptionId": "3"}]),
    );
    // Unused rows of a form.
    check(&[("fieldId", ""), ("fieldValue", ""), ("fieldId", "9"), ("fieldValue", "")], none);
}
