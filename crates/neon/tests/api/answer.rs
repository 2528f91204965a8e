//! An answer of the API. Reading one asserts what holds for every answer, whatever was asked.

use axum::http::{HeaderMap, StatusCode, header};
use domain::{Moment, Stamp};
use serde_json::Value;

/// The inside of an answer's one root member.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) allow: Option<String>,
    pub(crate) root: String,
    pub(crate) inside: Value,
    pub(crate) text: String,
}

impl Answer {
    /// Reads a response: JSON, not to be cached, one root member, and in it a result, a time that
    /// can be used as a bound, and, if and only if it failed, errors.
    #[track_caller]
    pub(crate) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
        let text = String::from_utf8(body.to_vec()).expect("an answer is UTF-8");
        let header = |name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header(header::CONTENT_TYPE).as_deref(), Some("application/json"), "{text}");
        assert_eq!(header(header::CACHE_CONTROL).as_deref(), Some("no-store"), "{text}");

        let whole: Value = serde_json::from_str(&text).expect("an answer is JSON");
        let members = whole.as_object().expect("an answer is an object");
        assert_eq!(members.len(), 1, "one root member: {text}");
        let (root, inside) = members.iter().next().unwrap();
        let time = inside["responseDateTime"].as_str().expect("every answer has its time");
        assert_eq!(Moment::parse(time).unwrap().to_string(), time, "with milliseconds and offset");
        assert!(!has_null(inside), "absent members are left out: {text}");

        let answer = Answer {
            status,
            allow: header(header::ALLOW),
            root: root.clone(),
            inside: inside.clone(),
            text,
        };
        match inside["operationResult"].as_str() {
            Some("SUCCESS") => assert!(inside.get("errors").is_none(), "{}", answer.text),
            Some("FAIL") => assert!(!answer.errors().is_empty(), "{}", answer.text),
            other => panic!("operationResult is {other:?}"),
        }
        answer
    }

    /// Code and text of each error.
    #[track_caller]
    pub(crate) fn errors(&self) -> Vec<(u32, &str)> {
        let Some(errors) = self.inside.get("errors") else { return Vec::new() };
        let code = |error: &Value| -> u32 {
            error["errorCode"].as_str().expect("a code is text").parse().expect("of digits")
        };
        let errors = errors["error"].as_array().expect("errors are an array");
        let text = "an error has a text";
        errors.iter().map(|e| (code(e), e["errorMessage"].as_str().expect(text))).collect()
    }

    /// The answer, which must be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Answer {
        assert_eq!(self.inside["operationResult"], "SUCCESS", "{}", self.text);
        assert_eq!(self.status, StatusCode::OK);
        self
    }

    /// The answer must be this failure, in an envelope that clients find: HTTP 200.
    #[track_caller]
    pub(crate) fn fails(&self, code: u32, text: &str) {
        assert_eq!(self.errors(), [(code, text)], "{}", self.text);
        assert_eq!(self.status, StatusCode::OK);
    }

    /// The horizon.
    pub(crate) fn time(&self) -> &str {
        self.inside["responseDateTime"].as_str().unwrap()
    }

    pub(crate) fn horizon(&self) -> Stamp {
        Moment::parse(self.time()).unwrap().stamp
    }

    /// The lower bound of what comes after this answer: nothing that it covers.
    pub(crate) fn after(&self) -> String {
        self.horizon().plus_millis(1).at_offset(0).to_string()
    }

    #[track_caller]
    pub(crate) fn records(&self) -> &[Value] {
        self.inside["activities"]["activity"].as_array().expect("there are activities")
    }

    /// The ids of the page's records, in its order.
    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.records().iter().map(|record| record["activityId"].as_i64().unwrap()).collect()
    }

    /// The ids listed as deleted; none where there is no such list.
    pub(crate) fn deleted(&self) -> Option<Vec<i64>> {
        let list = self.inside.get("deletedActivityIdList")?["activityId"].as_array().unwrap();
        Some(list.iter().map(|id| id.as_i64().unwrap()).collect())
    }

    /// Current page, page size, total of pages, total of results.
    #[track_caller]
    pub(crate) fn page(&self) -> [u64; 4] {
        ["currentPage", "pageSize", "totalPage", "totalResults"]
            .map(|name| self.inside["page"][name].as_u64().expect("page numbers are numbers"))
    }

    /// The one record that `retrieveActivity` answers with.
    pub(crate) fn activity(&self) -> &Value {
        &self.inside["activity"]
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}
