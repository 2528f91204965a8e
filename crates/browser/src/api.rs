//! A script that is logged in to the API of the same server.

use serde_json::Value;
use ureq::Agent;

use crate::{Person, Server, WAIT_MAX};

/// A session of API v1.
#[derive(Debug)]
pub struct Api {
    agent: Agent,
    base: String,
    session: String,
}

impl Api {
    /// Logs in with a new key of this person.
    #[track_caller]
    pub fn new(server: &Server, person: &Person) -> Api {
        let key = server.key(person);
        let (api, answer) = Api::log_in(server, &person.org, &key);
        assert_eq!(answer["operationResult"], "SUCCESS", "{answer}");
        api
    }

    /// Tries to log in; also returns the answer's root member, which may be a refusal.
    #[track_caller]
    pub fn log_in(server: &Server, org: &str, key: &str) -> (Api, Value) {
        let config = Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(WAIT_MAX)).build().new_agent();
        let base = format!("{}/neonws/services/api", server.base);
        let mut api = Api { agent, base, session: String::new() };
        let answer = api.ask("common/login", &[("login.orgid", org), ("login.apiKey", key)]);
        api.session = answer["userSessionId"].as_str().unwrap_or_default().to_owned();
        (api, answer)
    }

    /// Sends a request, like `ask("account/syncActivities", &[("syncActivityTimeFrom", …)])`; returns the content of
    /// the answer's root member.
    #[track_caller]
    pub fn ask(&self, method: &str, members: &[(&str, &str)]) -> Value {
        let members = [members, &[("userSessionId", &*self.session)]].concat();
        let request = self.agent.post(format!("{}/{method}", self.base));
        let mut answer = request.send_form(members).expect("the API answers");
        let body = answer.body_mut().read_to_string().expect("the answer is text");
        let whole: Value = serde_json::from_str(&body).expect("the answer is JSON");
        whole.as_object().and_then(|members| members.values().next()).cloned().unwrap_or_default()
    }

    /// Creates an activity with this subject and the other required members; returns its id.
    #[track_caller]
    pub fn create(&self, subject: &str) -> String {
        let members = [&[("activity.subject", subject)], REQUIRED].concat();
        let answer = self.ask("account/createActivity", &members);
        assert_eq!(answer["operationResult"], "SUCCESS", "{answer}");
        answer["activityId"].to_string()
    }

    /// The answer of `syncActivities` for everything since then.
    #[track_caller]
    pub fn changes(&self, since: &str) -> Value {
        let range = [("syncActivityTimeFrom", since), ("page.pageSize", "200")];
        let answer = self.ask("account/syncActivities", &range);
        assert_eq!(answer["operationResult"], "SUCCESS", "{answer}");
        answer
    }
}

/// The required members of an activity apart from its subject.
const REQUIRED: &[(&str, &str)] = &[
    ("activity.startDateTime", "2026-01-05T09:00:00Z"),
    ("activity.clientId", "3480"),
    ("activity.activityStatus.name", "Not Started"),
    ("activity.activityPriority", "NORMAL"),
];
