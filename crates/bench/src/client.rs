//! A script: logs in once, then asks on a connection that is kept.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::Outcome;
use crate::server::{ORG, Server};

/// Whatever takes longer has failed.
const ANSWER_SECONDS_MAX: u64 = 30;

/// What `createActivity` requires beside the subject.
const REQUIRED: &str = "activity.note=Left%20a%20message.%20Calls%20back%20in%20the%20afternoon.&activity.startDateTime=2026-01-05T09:00:00.000-06:00&activity.clientId=3480&activity.activityStatus.id=2&activity.activityPriority=Normal";

/// Somebody who is logged in.
pub(crate) struct Client {
    agent: Agent,
    base: String,
    session: String,
}

impl Client {
    /// Logs in.
    pub(crate) fn log_in(server: &Server) -> Outcome<Client> {
        let config = Agent::config_builder().http_status_as_error(false);
        let config = config.timeout_global(Some(Duration::from_secs(ANSWER_SECONDS_MAX)));
        let mut client = Client {
            agent: config.build().new_agent(),
            base: format!("{}/neonws/services/api", server.base),
            session: String::new(),
        };
        let login = format!("login.apiKey={}&login.orgid={ORG}", server.key);
        let answer = client.ask("common/login", &login)?;
        client.session = answer["userSessionId"].as_str().ok_or("no session")?.to_owned();
        Ok(client)
    }

    /// Creates an activity; returns its id.
    pub(crate) fn create(&self, subject: &str) -> Outcome<i64> {
        let query = format!("{}&activity.subject={subject}&{REQUIRED}", self.session());
        let answer = self.ask("account/createActivity", &query)?;
        answer["activityId"].as_i64().ok_or_else(|| "no id".into())
    }

    /// Gives an activity another subject.
    pub(crate) fn update(&self, id: i64, subject: &str) -> Outcome<()> {
        let query =
            format!("{}&activity.activityId={id}&activity.subject={subject}", self.session());
        self.ask("account/updateActivity", &query).map(drop)
    }

    fn session(&self) -> String {
        format!("userSessionId={}", self.session)
    }

    /// The inside of an answer, which must be a success.
    fn ask(&self, method: &str, query: &str) -> Outcome<Value> {
        let url = format!("{}/{method}?{query}", self.base);
        let body = self.agent.get(url).call()?.body_mut().read_to_string()?;
        let answer: Value = serde_json::from_str(&body)?;
        let inside = answer.as_object().and_then(|members| members.values().next());
        match inside {
            Some(inside) if inside["operationResult"] == "SUCCESS" => Ok(inside.clone()),
            _ => Err(format!("{method} was answered with {body}").into()),
        }
    }
}
