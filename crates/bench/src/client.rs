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
            base: server.base.clone(),
            session: String::new(),
        };
        let login = format!("login.apiKey={}&login.orgid={ORG}", server.key);
        let answer = client.ask("common/login", &login)?;
        client.session = answer["userSessionId"].as_str().ok_or("no session")?.to_owned();
        Ok(client)
    }

    /// Creates an activity.
    pub(crate) fn create(&self) -> Outcome<()> {
        let query = format!("userSessionId={}&activity.subject=Call&{REQUIRED}", self.session);
        self.ask("account/createActivity", &query).map(drop)
    }

    /// The session's id.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Where the server listens: `http://127.0.0.1:12345`.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// How many updates the server has answered with success since it started.
    pub(crate) fn updates_that_succeeded(&self) -> Outcome<u64> {
        let metrics =
            self.agent.get(format!("{}/metrics", self.base)).call()?.body_mut().read_to_string()?;
        let name = r#"driftless_requests_total{method="account/updateActivity",result="success"} "#;
        let count = metrics.lines().find_map(|line| line.strip_prefix(name));
        Ok(count.map_or(Ok(0), str::parse)?)
    }

    /// The inside of an answer, which must be a success.
    fn ask(&self, method: &str, query: &str) -> Outcome<Value> {
        let url = format!("{}/neonws/services/api/{method}?{query}", self.base);
        let body = self.agent.get(url).call()?.body_mut().read_to_string()?;
        let answer: Value = serde_json::from_str(&body)?;
        let inside = answer.as_object().and_then(|members| members.values().next());
        match inside {
            Some(inside) if inside["operationResult"] == "SUCCESS" => Ok(inside.clone()),
            _ => Err(format!("{method} was answered with {body}").into()),
        }
    }
}
