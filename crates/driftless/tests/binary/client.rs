//! A script of 2014: logs in once, then sends everything in the URL.

use serde_json::Value;
use ureq::Agent;

use crate::server::{Server, WAIT_MAX};

/// Where the API is.
pub(crate) const API: &str = "/neonws/services/api";

/// The type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// What `createActivity` requires beside the subject.
const REQUIRED: &str = "activity.startDateTime=2026-01-05T09:00:00.000-06:00&activity.clientId=3480&activity.activityStatus.id=2&activity.activityPriority=Normal";

/// A lower bound before everything.
pub(crate) const ALL: &str = "syncActivityTimeFrom=0001-01-01T00:00:00Z&page.pageSize=200";

/// Somebody who is logged in, with a connection that is kept alive.
pub(crate) struct Client {
    agent: Agent,
    base: String,
    pub(crate) session: String,
}

/// An agent that gives up where a test would wait too long, and takes every status for an answer.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(WAIT_MAX)).build().new_agent()
}

/// `common/login`, `account/syncActivities`.
pub(crate) fn path(method: &str) -> String {
    let group = if matches!(method, "login" | "logout") { "common" } else { "account" };
    format!("{API}/{group}/{method}")
}

/// The query that logs in.
pub(crate) fn login(org: &str, key: &str) -> String {
    format!("login.apiKey={key}&login.orgid={org}")
}

impl Client {
    /// Somebody who has a session, real or not.
    pub(crate) fn with_session(server: &Server, session: &str) -> Client {
        Client {
            agent: agent(),
            base: format!("http://{}", server.address),
            session: session.to_owned(),
        }
    }

    /// Logs in to `acme`.
    #[track_caller]
    pub(crate) fn log_in(server: &Server, key: &str) -> Client {
        Client::log_in_by(agent(), format!("http://{}", server.address), key)
    }

    #[track_caller]
    pub(crate) fn log_in_by(agent: Agent, base: String, key: &str) -> Client {
        Client { agent, base, session: String::new() }.logged_in("acme", key)
    }

    /// Logs in to another organization.
    #[track_caller]
    pub(crate) fn log_in_to(org: &str, server: &Server, key: &str) -> Client {
        Client::with_session(server, "").logged_in(org, key)
    }

    #[track_caller]
    fn logged_in(self, org: &str, key: &str) -> Client {
        let mut client = self;
        let answer = client.send("login", &login(org, key)).unwrap().ok();
        client.session = answer.inside["userSessionId"].as_str().unwrap().to_owned();
        client
    }

    fn send(&self, method: &str, query: &str) -> Result<Answer, ureq::Error> {
        let mut answer = self.agent.get(format!("{}{}?{query}", self.base, path(method))).call()?;
        let body = answer.body_mut().read_to_string()?;
        Ok(Answer::of(answer.status().as_u16(), &body))
    }

    /// Asks; there is no answer where the server ends meanwhile.
    pub(crate) fn try_get(&self, method: &str, query: &str) -> Result<Answer, ureq::Error> {
        self.send(method, &format!("userSessionId={}&{query}", self.session))
    }

    #[track_caller]
    pub(crate) fn get(&self, method: &str, query: &str) -> Answer {
        self.try_get(method, query).unwrap()
    }

    #[track_caller]
    pub(crate) fn sync(&self, query: &str) -> Answer {
        self.get("syncActivities", query).ok()
    }

    /// Creates an activity; returns its id.
    #[track_caller]
    pub(crate) fn create(&self, subject: &str) -> i64 {
        self.get("createActivity", &creation(subject)).ok().id()
    }

    #[track_caller]
    pub(crate) fn update(&self, id: i64, members: &str) {
        self.get("updateActivity", &format!("activity.activityId={id}&{members}")).ok();
    }

    #[track_caller]
    pub(crate) fn remove(&self, id: i64) {
        self.get("removeActivity", &format!("activityId={id}")).ok();
    }
}

/// The query that creates an activity.
pub(crate) fn creation(subject: &str) -> String {
    format!("activity.subject={subject}&{REQUIRED}")
}

/// The inside of an answer's one root member.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) root: String,
    pub(crate) inside: Value,
}

impl Answer {
    /// Reads an answer and asserts what holds for all of them: one root member, a result, a time.
    #[track_caller]
    pub(crate) fn of(status: u16, body: &str) -> Answer {
        let whole: Value = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {body:?}"));
        let members = whole.as_object().expect("an answer is an object");
        assert_eq!(members.len(), 1, "one root member: {body}");
        let (root, inside) = members.iter().next().unwrap();
        assert!(inside["responseDateTime"].is_string(), "every answer has its time: {body}");
        let failed = inside.get("errors").is_some();
        assert_eq!(inside["operationResult"], if failed { "FAIL" } else { "SUCCESS" }, "{body}");
        Answer { status, root: root.clone(), inside: inside.clone() }
    }

    /// The answer, which must be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Answer {
        assert_eq!((self.status, self.error()), (200, None), "{}", self.inside);
        self
    }

    /// Code and text of the first error.
    pub(crate) fn error(&self) -> Option<(&str, &str)> {
        let error = self.inside.pointer("/errors/error/0")?;
        Some((error["errorCode"].as_str()?, error["errorMessage"].as_str()?))
    }

    /// The first error's code; empty after success.
    pub(crate) fn code(&self) -> &str {
        self.error().map_or("", |(code, _)| code)
    }

    #[track_caller]
    pub(crate) fn id(&self) -> i64 {
        self.inside["activityId"].as_i64().expect("an id is a number")
    }

    /// The horizon.
    pub(crate) fn time(&self) -> &str {
        self.inside["responseDateTime"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn records(&self) -> &[Value] {
        self.inside["activities"]["activity"].as_array().expect("there are activities")
    }

    #[track_caller]
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.records().iter().map(|record| record["activityId"].as_i64().unwrap()).collect()
    }

    #[track_caller]
    pub(crate) fn deleted(&self) -> Vec<i64> {
        let list = self.inside["deletedActivityIdList"]["activityId"].as_array();
        list.expect("there is a list").iter().map(|id| id.as_i64().unwrap()).collect()
    }

    /// How many records the whole answer has.
    pub(crate) fn total(&self) -> u64 {
        self.inside["page"]["totalResults"].as_u64().unwrap()
    }
}
