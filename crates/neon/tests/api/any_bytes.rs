//! Whatever comes in, an answer in the envelope goes out, and the server goes on.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::client::Client;
use crate::harness::TestServer;

/// A server, an editor, and an activity that must still be there afterwards.
fn with_client() -> (TestServer, Client, i64) {
    let server = TestServer::start();
    let client = server.editor();
    let id = client.create("kept");
    (server, client, id)
}

/// Bytes as they may stand in an address.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        match byte {
            b if b.is_ascii_alphanumeric() || b"/.&=+;:,-_~!*'()$@".contains(b) => {
                text.push(char::from(*b));
            }
            b => write!(text, "%{b:02X}").unwrap(),
        }
        text
    })
}

fn verbs() -> impl Strategy<Value = Method> {
    let known = select(vec!["GET", "POST", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]);
    let known = known.prop_map(|verb| verb.parse().unwrap());
    prop_oneof![known, "[A-Z!#$%&'*+.^_`|~-]{1,12}".prop_filter_map("no verb", |v| v.parse().ok())]
        // The answer to HEAD has no body, the address of CONNECT no path.
        .prop_filter("no body or no path", |verb| !matches!(*verb, Method::HEAD | Method::CONNECT))
}

fn paths() -> impl Strategy<Value = String> {
    let known = select(vec![
        "account/syncActivities",
        "account/createActivity",
        "common/login",
        "account/retrieveActivity",
    ]);
    prop_oneof![
        known.prop_map(str::to_owned),
        vec(any::<u8>(), 0..40).prop_map(|bytes| escaped(&bytes))
    ]
}

/// Anything, or something that looks like a query.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = select(vec![
        "userSessionId=",
        "{s}",
        "activityIds.activityId=",
        "1",
        "&",
        "&&",
        "=",
        "%",
        "%F",
        "+",
        "page.pageSize",
        "activity.",
        "\u{FFFD}",
        "\0",
    ]);
    prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(pieces, 0..30).prop_map(|pieces| pieces.concat().into_bytes())
    ]
}

#[test]
fn any_bytes_get_an_answer_in_the_envelope() {
    let (server, client, id) = with_client();
    let types = select(vec![
        None,
        Some("application/x-www-form-urlencoded"),
        Some("application/json"),
        Some(""),
        Some("multipart/form-data; boundary=x"),
    ]);
    let requests = (verbs(), paths(), bytes(), types, bytes());
    proptest!(ProptestConfig::with_cases(1_000), |((verb, path, query, declared, body) in requests)| {
        let query = String::from_utf8_lossy(&query).replace("{s}", &client.session);
        let uri = format!("{}/{path}?{}", neon::BASE_PATH, escaped(query.as_bytes()));
        let mut request = Request::builder().method(verb).uri(uri);
        if let Some(declared) = declared {
            request = request.header(header::CONTENT_TYPE, declared);
        }
        let answer = server.send(request.body(Body::from(body)).unwrap());
        let served = [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        prop_assert!(served.contains(&answer.status), "{}", answer.status);
    });
    assert_eq!(client.everything().ids(), [id]);
}

const METHODS: [&str; 8] = [
    "syncActivities",
    "createActivity",
    "addActivity",
    "updateActivity",
    "removeActivity",
    "retrieveActivity",
    "listActivityStatus",
    "digestActivities",
];

const NAMES: [&str; 32] = [
    "asOfDateTime",
    "fromActivityId",
    "toActivityId",
    "parts",
    "activityIds.activityId",
    "syncActivityTimeFrom",
    "syncActivityTimeTo",
    "ignoreDeletedIdList",
    "page.currentPage",
    "page.pageSize",
    "page.sortColumn",
    "page.sortDirection",
    "activityId",
    "activity.activityId",
    "activity.subject",
    "activity.note",
    "activity.startDateTime",
    "activity.endDateTime",
    "activity.clientId",
    "activity.systemUserId",
    "activity.activityStatus.id",
    "activity.activityStatus.name",
    "activity.activityPriority",
    "activity.customFieldDataList.customFieldData.fieldId",
    "activity.customFieldDataList.customFieldData.fieldValue",
    "activity.customFieldDataList.customFieldData.fieldOptionId",
    "activity.customFieldDataList.customFieldData.",
    "activityIds[activityId][0]",
    "activityIds.",
    "activity[customFieldDataList][customFieldData][7][fieldId]",
    "activity.customFieldDataList.customFieldData.fieldValue[7]",
    "responseType",
];

const VALUES: [&str; 30] = [
    "",
    " ",
    "0",
    "1",
    "2",
    "-1",
    "3",
    "10",
    "200",
    "9007199254740991",
    "9223372036854775807",
    "99999999999999999999",
    "1e3",
    "0x1",
    "true",
    "false",
    "JSON",
    "ASC",
    "desc",
    "subject",
    "activityStatus.id",
    "Normal",
    "Not Started",
    "2014-01-11T11:44:37.048+08:00",
    "2014-01-11T11:44:37 0800",
    "0001-01-01T00:00:00+18:00",
    "9999-12-31T23:59:59-18:00",
    "2020-02-30T00:00:00Z",
    "é😀\u{202E}\n",
    "a\0b",
];

const WHOLE: &str = "activityId=1&activity.activityId=1&activityIds.activityId=1&activity.subject=x&activity.startDateTime=2026-01-05T09:00:00Z&activity.clientId=1&activity.activityStatus.id=2&activity.activityPriority=Low&";

/// The codes that a logged in editor can be answered with.
const CODES: [u32; 13] =
    [1, 21, 10200, 10201, 10202, 10203, 10204, 10205, 10206, 10207, 10208, 10240, 10242];

#[test]
fn any_values_get_a_success_or_a_reason() {
    let (_server, client, _) = with_client();
    let value =
        prop_oneof![4 => select(VALUES.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    let pairs = vec((select(NAMES.to_vec()), value), 0..10);
    let requests = (select(METHODS.to_vec()), pairs, any::<bool>(), any::<bool>());
    proptest!(ProptestConfig::with_cases(1_500), |((method, pairs, whole, by_form) in requests)| {
        // Behind most of what is required, so that more than the first check is reached.
        let begin = if whole { WHOLE } else { "" };
        let query = form_urlencoded::Serializer::for_suffix(begin.to_owned(), begin.len())
            .extend_pairs(pairs)
            .finish();
        let answer = match by_form {
            true => client.post(method, &query),
            false => client.get(method, &query),
        };
        prop_assert_eq!(answer.status, StatusCode::OK);
        prop_assert_eq!(&answer.root, &format!("{method}Response"));
        for (code, text) in answer.errors() {
            prop_assert!(CODES.contains(&code), "{}", answer.text);
            prop_assert!(code != 1 || text.contains(" expected "), "{}", text);
        }
    });
    client.everything();
}
