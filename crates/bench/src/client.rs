//! A script: logs in once, then asks.

use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::Outcome;
use crate::fill::{KEY, org};
use crate::server::Server;

/// Whatever takes longer has failed.
const ANSWER_SECONDS_MAX: u64 = 30;

/// Somebody who is logged in.
pub(crate) struct Client {
    agent: Agent,
    base: String,
    session: String,
}

impl Client {
    /// Logs in to organization number `n`.
    pub(crate) fn log_in(base: &str, n: u32) -> Outcome<Client> {
        let mut client = Client { agent: agent(), base: base.to_owned(), session: String::new() };
        let org = org(n);
        let login =
            format!("/neonws/services/api/common/login?login.apiKey={KEY}&login.orgid={org}");
        let answer = client.ask(&login)?.0;
        client.session = answer["userSessionId"].as_str().ok_or("no session")?.to_owned();
        Ok(client)
    }

    /// Whoever is logged in to a server already.
    pub(crate) fn of(server: &Server) -> Client {
        let (base, session) = (server.base.clone(), server.session.clone());
        Client { agent: agent(), base, session }
    }

    /// The session's id.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// The inside of an answer, which must be a success, and its bytes.
    pub(crate) fn ask(&self, target: &str) -> Outcome<(Value, usize)> {
        let body = get(&self.agent, &format!("{}{target}", self.base), &[])?;
        let answer: Value = serde_json::from_str(&body)?;
        let inside = answer.as_object().and_then(|members| members.values().next());
        match inside {
            Some(inside) if inside["operationResult"] == "SUCCESS" => {
                Ok((inside.clone(), body.len()))
            }
            _ => Err(format!("{target} was answered with {body}").into()),
        }
    }

    /// Fails if the server has answered any request with an error since it started.
    pub(crate) fn expect_no_failure(&self) -> Outcome<()> {
        let metrics = get(&self.agent, &format!("{}/metrics", self.base), &[])?;
        let failed = metrics.lines().find(|line| {
            line.starts_with("driftless_requests_total")
                && line.contains(r#"result="fail""#)
                && !line.ends_with(" 0")
        });
        failed.map_or(Ok(()), |line| Err(format!("not all succeeded: {line}").into()))
    }
}

/// What asks.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(ANSWER_SECONDS_MAX))).build().new_agent()
}

/// The body of a successful answer; headers are written `Name: value`.
pub(crate) fn get(agent: &Agent, url: &str, headers: &[String]) -> Outcome<String> {
    let mut request = agent.get(url);
    for (name, value) in headers.iter().filter_map(|header| header.split_once(": ")) {
        request = request.header(name, value);
    }
    let mut response = request.call()?;
    let body = response.body_mut().with_config().limit(1 << 30).read_to_string()?;
    match response.status().is_success() {
        true => Ok(body),
        false => Err(format!("{url} was answered with {}: {body}", response.status()).into()),
    }
}
