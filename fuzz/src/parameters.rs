//! Requests to the API: what is in the query, and in the form of the body.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::Moment;
use http_body_util::BodyExt;
use neon::Api;
use serde_json::Value;
use service::{Authority, NewKey, Outbox, Service, Surroundings, wait};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::request::{Current, Tried};
use crate::setup;

/// What an organization has been through before the next begins: inputs find a small one, whichever they are.
const REQUESTS_PER_SERVER: u32 = 2_000;

/// The statuses that `docs/api.md` names.
const STATUSES: [StatusCode; 6] = [
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::URI_TOO_LONG,
];

/// The fixed text of code 1, which says nothing without what is behind it.
const SYSTEM: &str = "Unexpected System error occured.";

pub(crate) static SERVER: Current<Server> = Current::new();

/// Every answer is one that clients can read, and what was acknowledged can be had back.
///
/// The first line of an input is the path and the query, the rest is the form.
pub fn parameters(input: &[u8]) {
    SERVER.try_with(input);
}

/// A server with an organization, and a script.
pub(crate) struct Server {
    runtime: Runtime,
    service: Service,
    api: Api,
    key: NewKey,
    /// The session that inputs are tried in.
    session: String,
    /// That of another script, which sees what has become of them: it reads pages of its own only.
    reader: String,
    /// Where the script's next poll begins.
    from: String,
    /// What it knows from those before.
    copy: BTreeMap<i64, Value>,
    requests: u32,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.service.close();
    }
}

impl Tried for Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = Arc::new(SqliteStore::open(folder.path()).expect("a new store"));
        let settings = service::Settings { requests_per_org_max: 64, cache_bytes_max: 64 << 10 };
        let service = Service::open(Surroundings::system(store), settings).expect("a new service");
        let settings = neon::Settings { page_size_max: 200, cache_bytes_max: 64 << 10 };
        let (org, user) = setup::organization(&service);
        let key = wait(service.add_key(Authority::command_line(&org), user, None)).expect("a key");
        let api = Api::new(service.clone(), settings);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (session, reader) = (String::new(), String::new());
        let from = "2000-01-01T00:00:00Z".to_owned();
        let mut server = Server {
            runtime,
            service,
            api,
            key,
            session,
            reader,
            from,
            copy: BTreeMap::new(),
            requests: 0,
            _folder: folder,
        };
        let readers =
            wait(server.service.add_key(Authority::command_line(&org), user, None)).expect("a key");
        server.reader = server.log_in(&readers.secret);
        server.log_in_again();
        server
    }

    fn is_used_up(&self) -> bool {
        self.requests > REQUESTS_PER_SERVER
    }

    fn try_with(&mut self, path: &str, query: &str, form: &[u8]) {
        let query = format!("userSessionId={}&{query}", self.session);
        let answer = self.ask(path, &query, form);
        let written = answer.is_success().then(|| answer.inside["activityId"].as_i64()).flatten();
        match (&*answer.root, written) {
            ("logoutResponse", _) => self.log_in_again(),
            ("createActivityResponse" | "addActivityResponse" | "updateActivityResponse", id) => {
                if let Some(id) = id {
                    self.has(id);
                }
            }
            ("removeActivityResponse", Some(id)) => self.lacks(id),
            _ => {}
        }
    }
}

impl Server {
    fn log_in(&mut self, key: &str) -> String {
        let answer = self.ask("common/login", &format!("login.apiKey={key}&login.orgid=demo"), b"");
        answer.inside["userSessionId"].as_str().expect("a session").to_owned()
    }

    fn log_in_again(&mut self) {
        let key = self.key.secret.clone();
        self.session = self.log_in(&key);
    }

    /// Both ways to read an activity show the same, and who polls has it.
    fn has(&mut self, id: i64) {
        let retrieved = self.call("retrieveActivity", &format!("activityId={id}"));
        let record = &retrieved.inside["activity"];
        assert_eq!(record["activityId"], id, "{}", retrieved.text);
        let by_id = self.call("syncActivities", &format!("activityIds.activityId={id}"));
        assert_eq!(by_id.records(), std::slice::from_ref(record), "{}", by_id.text);
        assert!(by_id.deleted().is_empty(), "{}", by_id.text);
        self.poll();
        assert_eq!(self.copy.get(&id), Some(record));
    }

    fn lacks(&mut self, id: i64) {
        let by_id = self.call("syncActivities", &format!("activityIds.activityId={id}"));
        assert!(by_id.records().is_empty(), "{}", by_id.text);
        assert_eq!(by_id.deleted(), [id], "{}", by_id.text);
        self.poll();
        assert_eq!(self.copy.get(&id), None);
    }

    /// Asks what has changed since the last time.
    fn poll(&mut self) {
        let from = self.from.replace('+', "%2B");
        let query = format!("syncActivityTimeFrom={from}&page.pageSize=200");
        let answer = self.call("syncActivities", &query);
        assert_eq!(answer.inside["page"]["totalPage"], 1, "{}", answer.text);
        let id = |value: &Value| value.as_i64().expect("ids are numbers");
        for record in answer.records() {
            self.copy.insert(id(&record["activityId"]), record.clone());
        }
        for deleted in answer.deleted() {
            self.copy.remove(&id(deleted));
        }
        answer.time().clone_into(&mut self.from);
    }

    fn call(&mut self, method: &str, query: &str) -> Answer {
        let query = format!("userSessionId={}&{query}", self.reader);
        let answer = self.ask(&format!("account/{method}"), &query, b"");
        assert!(answer.is_success(), "{query}: {}", answer.text);
        answer
    }

    fn ask(&mut self, path: &str, query: &str, form: &[u8]) -> Answer {
        self.requests += 1;
        let verb = if form.is_empty() { "GET" } else { "POST" };
        let request = Request::builder()
            .method(verb)
            .uri(format!("{}/{path}?{query}", neon::BASE_PATH))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(Bytes::copy_from_slice(form)));
        let request = neon::tidy(request.expect("an address"));
        let outbox = Outbox::default();
        let answering = async {
            let (answer, _) = self.api.answer(request, None, &outbox).await;
            let (head, body) = answer.into_parts();
            let body = body.collect().await.expect("all of an answer comes").to_bytes();
            Answer::read(head.status, &head.headers, &body)
        };
        self.runtime.block_on(answering)
    }
}

/// The inside of an answer's one root member.
struct Answer {
    root: String,
    inside: Value,
    text: String,
}

impl Answer {
    /// What holds for every answer.
    fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Answer {
        let text = String::from_utf8(body.to_vec()).expect("an answer is UTF-8");
        assert!(STATUSES.contains(&status), "{status}: {text}");
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header(header::CONTENT_TYPE), Some("application/json"), "{text}");
        assert_eq!(header(header::CACHE_CONTROL), Some("no-store"), "{text}");
        let whole: Value = serde_json::from_str(&text).expect("an answer is JSON");
        let members = whole.as_object().expect("an answer is an object");
        assert_eq!(members.len(), 1, "one root member: {text}");
        let (root, inside) = members.iter().next().expect("there is one");
        let answer = Answer { root: root.clone(), inside: inside.clone(), text };
        let time = answer.time();
        assert_eq!(Moment::parse(time).expect("a time").to_string(), time);
        match answer.inside["operationResult"].as_str() {
            Some("SUCCESS") => {
                assert!(inside.get("errors").is_none(), "{}", answer.text);
                assert_eq!(status, StatusCode::OK);
            }
            Some("FAIL") => answer.errors_are_told(),
            _ => panic!("neither success nor failure: {}", answer.text),
        }
        answer
    }

    /// Each error says what is wrong, and none is the server's.
    fn errors_are_told(&self) {
        let errors = self.inside["errors"]["error"].as_array().expect("errors are an array");
        assert!(!errors.is_empty(), "{}", self.text);
        for error in errors {
            let code = error["errorCode"].as_str().expect("a code is text");
            let message = error["errorMessage"].as_str().expect("an error has a text");
            match code {
                "1" => assert!(message.len() > SYSTEM.len(), "{}", self.text),
                "2" => assert!(message.contains(api_v1::BEGIN_AGAIN), "{}", self.text),
                _ => assert!(code.parse::<u32>().is_ok() && !message.is_empty(), "{}", self.text),
            }
        }
    }

    fn is_success(&self) -> bool {
        self.inside["operationResult"] == "SUCCESS"
    }

    fn time(&self) -> &str {
        self.inside["responseDateTime"].as_str().expect("every answer has its time")
    }

    fn records(&self) -> &[Value] {
        self.inside["activities"]["activity"].as_array().expect("there are activities")
    }

    fn deleted(&self) -> &[Value] {
        self.inside["deletedActivityIdList"]["activityId"].as_array().expect("there is a list")
    }
}
