//! Every failure: its code, its text, its envelope.

use axum::http::StatusCode;
use domain::Role;

use crate::client::{FORM, REQUIRED, path};
use crate::harness::{REQUESTS_PER_ORG_MAX, TestServer, request};

pub(crate) const SESSION_REQUIRED: &str = "User session ID is required";
pub(crate) const SESSION_INVALID: &str = "User session id is invalid.";
pub(crate) const PERMISSION_DENIED: &str = "Permission denied.";
pub(crate) const RANGE_OR_ID: &str = "Date range or activity id is required.";

const METHODS: [&str; 9] = [
    "logout",
    "syncActivities",
    "createActivity",
    "addActivity",
    "updateActivity",
    "removeActivity",
    "retrieveActivity",
    "listActivityStatus",
    "digestActivities",
];

#[test]
fn the_envelope_is_what_old_clients_look_for() {
    let server = TestServer::at("2026-02-03T04:05:06.789Z");
    let client = server.org("demo", "-06:00").editor();
    insta::assert_snapshot!(client.get("syncActivities", "").text, @r#"{"syncActivitiesResponse":{"operationResult":"FAIL","responseDateTime":"2026-02-02T22:05:06.789-06:00","errors":{"error":[{"errorCode":"10242","errorMessage":"Date range or activity id is required."}]}}}"#);
    insta::assert_snapshot!(server.get("account/syncActivities").text, @r#"{"syncActivitiesResponse":{"operationResult":"FAIL","responseDateTime":"2026-02-03T04:05:06.789+00:00","errors":{"error":[{"errorCode":"3","errorMessage":"User session ID is required"}]}}}"#);
}

#[test]
fn every_method_wants_a_session_first() {
    let server = TestServer::start();
    server.editor();
    for method in METHODS {
        let path = path(method);
        server.get(&path).fails(3, SESSION_REQUIRED);
        server.get(&format!("{path}?userSessionId=")).fails(3, SESSION_REQUIRED);
        server.get(&format!("{path}?userSessionId=%20")).fails(3, SESSION_REQUIRED);
        for id in ["T0000000000000", "0123456789abcdef0123456789abcdef", "%FF", "x'--"] {
            let answer = server.get(&format!("{path}?userSessionId={id}"));
            assert_eq!(answer.root, format!("{method}Response"));
            answer.fails(4, SESSION_INVALID);
        }
    }
}

#[test]
fn who_may_only_ask_is_told_before_the_parameters_are_looked_at() {
    let server = TestServer::start();
    let org = server.org("demo", "+00:00");
    let id = org.editor().create("Call");
    let viewer = org.client(7, "Vera View", Role::Viewer);
    for method in ["createActivity", "addActivity", "updateActivity", "removeActivity"] {
        viewer.get(method, "").fails(5, PERMISSION_DENIED);
        let all = format!("activityId={id}&activity.activityId={id}&activity.subject=x&{REQUIRED}");
        viewer.get(method, &all).fails(5, PERMISSION_DENIED);
    }
    assert_eq!(viewer.retrieve(id)["subject"], "Call");
    assert_eq!(viewer.everything().ids(), [id]);
    viewer.get("listActivityStatus", "").ok();
    viewer.get("digestActivities", "").ok();
}

#[test]
fn an_admin_may_what_an_editor_may() {
    let server = TestServer::start();
    let admin = server.org("demo", "+00:00").client(1, "Ada Byron", Role::Admin);
    let id = admin.create("Call");
    admin.update(id, "activity.subject=Visit");
    admin.remove(id);
}

#[test]
fn from_after_to() {
    let server = TestServer::start();
    let client = server.editor();
    let bounds =
        "syncActivityTimeFrom=2014-02-01T00:00:00.001Z&syncActivityTimeTo=2014-02-01T00:00:00Z";
    let text = "Synchronized “from” date cannot be after synchronized “to” date.";
    client.get("syncActivities", bounds).fails(10240, text);
    client.get("syncActivities", &format!("{bounds}&activityIds.activityId=1")).fails(10240, text);
}

#[test]
fn malformed_values_are_named_with_what_is_expected() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    let check = |method: &str, parameter: &str, expected: &str| {
        let common = format!(
            "activityIds.activityId=1&activity.activityId={id}&activity.subject=x&{REQUIRED}"
        );
        let text = format!("Unexpected System error occured. {expected}");
        client.get(method, &format!("{common}&{parameter}")).fails(1, &text);
    };
    let time = "expected a time with an offset, like 2014-01-10T15:50:28.153+08:00";
    for bad in ["yesterday", "0", "2014-13-01T00:00:00Z", "2014-01-10", "2014-01-10T15:50:28"] {
        for bound in ["syncActivityTimeFrom", "syncActivityTimeTo"] {
            check(
                "syncActivities",
                &format!("{bound}={bad}"),
                &format!("{bound} is {bad:?}, {time}"),
            );
        }
        for member in ["activity.startDateTime", "activity.endDateTime"] {
            let expected = format!("{member} is {bad:?}, {time}");
            check("createActivity", &format!("{member}={bad}"), &expected);
            check("updateActivity", &format!("{member}={bad}"), &expected);
        }
    }
    let whole = "expected a whole number of at most 18 digits";
    for (parameter, bad) in [
        ("activityIds.activityId", "abc"),
        ("activityIds.activityId", "99999999999999999999"),
        ("page.currentPage", "one"),
        ("page.pageSize", "1.5"),
    ] {
        check(
            "syncActivities",
            &format!("{parameter}={bad}"),
            &format!("{parameter} is {bad:?}, {whole}"),
        );
    }
    check(
        "removeActivity",
        "activityId=x",
        "activityId is \"x\", expected a whole number of at most 18 digits",
    );
    check(
        "retrieveActivity",
        "activityId=1;2",
        "activityId is \"1;2\", expected a whole number of at most 18 digits",
    );
    check(
        "updateActivity",
        "activity.activityId=x",
        "activity.activityId is \"x\", expected a whole number of at most 18 digits",
    );
    check(
        "syncActivities",
        "page.sortDirection=SIDEWAYS",
        "page.sortDirection is \"SIDEWAYS\", expected ASC or DESC",
    );
    check(
        "syncActivities",
        "ignoreDeletedIdList=perhaps",
        "ignoreDeletedIdList is \"perhaps\", expected true or false",
    );
    check(
        "syncActivities",
        "responseType=XML",
        "responseType is \"XML\", expected JSON (XML is not supported)",
    );
    for method in ["createActivity", "updateActivity"] {
        for member in ["activity.clientId", "activity.systemUserId"] {
            for bad in ["x", "0", "-1", "9007199254740992"] {
                let expected = format!(
                    "{member} is {bad:?}, expected a whole number from 1 to 9007199254740991"
                );
                check(method, &format!("{member}={bad}"), &expected);
            }
        }
        // The ends of time, which other systems write for «open»: never moved.
        for member in ["activity.startDateTime", "activity.endDateTime"] {
            for time in [
                "9999-12-31T23:59:59.000+00:00",
                "9999-12-31T00:00:00.000-06:00",
                "9999-12-30T00:00:00Z",
                "0001-01-01T00:00:00.000+00:00",
            ] {
                let expected = format!(
                    "{member} is {time:?}, expected a time from 0001-01-02T00:00:00.000+00:00 to 9999-12-29T23:59:59.999+00:00"
                );
                check(method, &format!("{member}={}", time.replace('+', "%2B")), &expected);
            }
        }
        check(
            method,
            "activity.activityStatus.id=two",
            "activity.activityStatus.id is \"two\", expected a whole number of at most 18 digits",
        );
        check(
            method,
            "activity.activityPriority=Urgent",
            "activity.activityPriority is \"Urgent\", expected High, Normal or Low",
        );
        check(method, "activity.note=%FF", "activity.note is \"\u{FFFD}\", expected text in UTF-8");
        check(
            method,
            "activity.subject=a%00b",
            "activity.subject is \"a\\0b\", expected a valid text: it must not contain NUL characters, or control characters where a single line is expected",
        );
        check(
            method,
            "activity.customFieldDataList.customFieldData.fieldValue=lost",
            "activity.customFieldDataList.customFieldData is \"lost\", expected a fieldId with it",
        );
    }
    assert_eq!(client.everything().ids(), [id]);
    assert_eq!(client.retrieve(id)["subject"], "Call");
}

#[test]
fn of_a_long_value_the_beginning_is_shown() {
    let server = TestServer::start();
    let client = server.editor();
    let text = format!(
        "Unexpected System error occured. activityId is \"{}…\", expected a whole number of at most 18 digits",
        "é".repeat(80)
    );
    client.get("retrieveActivity", &format!("activityId={}", "%C3%A9".repeat(81))).fails(1, &text);
}

#[test]
fn too_many_requests_at_once_are_told_to_come_again() {
    let server = TestServer::start();
    let client = server.editor();
    let tenant = client.org.tenant();
    let under_way: Vec<_> =
        (0..REQUESTS_PER_ORG_MAX).map(|_| tenant.try_place().unwrap()).collect();
    let text =
        "Service is not available: the organization has too many requests in progress; try again";
    client.get("listActivityStatus", "").fails(2, text);
    let login = format!("common/login?login.apiKey={}&login.orgid=demo", client.key.secret);
    server.get(&login).fails(2, text);
    drop(under_way);
    client.get("listActivityStatus", "").ok();
}

#[test]
fn unknown_methods_are_answered_in_the_envelope_too() {
    let server = TestServer::start();
    let check = |path: &str, root: &str| {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.root.as_str()), (StatusCode::NOT_FOUND, root), "{path}");
        let text = "Unexpected System error occured. there is no such method; the supported ones are common/login, common/logout and, below account/, syncActivities, createActivity, addActivity, updateActivity, removeActivity, retrieveActivity, listActivityStatus, digestActivities";
        assert_eq!(answer.errors(), [(1, text)]);
    };
    check("", "errorResponse");
    check("nothing", "nothingResponse");
    check("account/listDonations", "listDonationsResponse");
    check("common/syncActivities", "syncActivitiesResponse");
    check("account/syncActivities/more?userSessionId=1", "moreResponse");
    check("account/%3Cscript%3E", "errorResponse");
    check("account/%FF%00", "errorResponse");
    check(&"a".repeat(65), "errorResponse");
    check("//", "errorResponse");
    let bare = axum::http::Request::get(neon::BASE_PATH).body(axum::body::Body::empty()).unwrap();
    assert_eq!(server.send(bare).status, StatusCode::NOT_FOUND);
}

#[test]
fn other_verbs_are_refused_and_change_nothing() {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("Call");
    for verb in ["DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "PURGE"] {
        let query =
            format!("account/removeActivity?userSessionId={}&activityId={id}", client.session);
        let answer = server.send(request(verb, &query, None, Vec::new()));
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{verb}");
        assert_eq!(answer.root, "removeActivityResponse");
        assert_eq!(answer.allow.as_deref(), Some("GET, POST"));
        let text =
            "Unexpected System error occured. this HTTP method is not supported; use GET or POST";
        assert_eq!(answer.errors(), [(1, text)]);
    }
    assert_eq!(client.everything().ids(), [id]);
}

#[test]
fn what_is_too_large_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    let client = server.editor();
    let path = path("createActivity");
    let begin = format!("userSessionId={}&activity.subject=x&{REQUIRED}", client.session);
    let check = |query: &str, body: String, status: StatusCode, problem: &str| {
        let answer = server.send(request("POST", &format!("{path}?{query}"), Some(FORM), body));
        assert_eq!(answer.status, status);
        assert_eq!(answer.root, "createActivityResponse");
        let text = format!("Unexpected System error occured. {problem}");
        assert_eq!(answer.errors(), [(1, text.as_str())]);
    };
    let long_query = format!("{begin}&activity.note={}", "x".repeat(neon::QUERY_BYTES_MAX));
    check(
        &long_query,
        String::new(),
        StatusCode::URI_TOO_LONG,
        "the query is too long: the maximum is 61440 bytes; send the parameters in the body of a POST request",
    );
    let large_body = format!("{begin}&activity.note={}", "x".repeat(neon::BODY_BYTES_MAX));
    check(
        "",
        large_body,
        StatusCode::PAYLOAD_TOO_LARGE,
        "the request body is too large: the maximum is 2097152 bytes",
    );
    let many = format!("{begin}{}", "&a=b".repeat(neon::PARAMETERS_MAX));
    check("", many, StatusCode::PAYLOAD_TOO_LARGE, "the request has more than 100000 parameters");
    assert_eq!(client.everything().page()[3], 0);
}

#[test]
fn a_body_that_is_no_form_is_named_as_such() {
    let server = TestServer::start();
    let client = server.editor();
    let query = format!("account/listActivityStatus?userSessionId={}", client.session);
    let text = "Unexpected System error occured. the request's Content-Type is \"application/json\", expected application/x-www-form-urlencoded";
    server.send(request("POST", &query, Some("application/json"), "{}")).fails(1, text);
}
