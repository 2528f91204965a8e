//! One of the two servers.

use std::collections::BTreeMap;
use std::time::Instant;

use api_v1::{method, parameter};
use domain::{Moment, Stamp};
use ureq::Agent;
use ureq::http::Response;

use super::CompareError;
use super::json::Json;
use super::question::{Question, Session, Verb};
use crate::source::{self, SourceError, VERSION_HEADER};
use crate::{Patience, Stop};

/// A larger answer is not read.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// As often is a server asked that answers that it is not available. After that, this is its answer.
const BUSY_ATTEMPTS_MAX: u32 = 3;

/// What a server answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// By name in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    Json(Json),
    /// The beginning of what is no JSON.
    Other(String),
}

impl Reply {
    /// What is in the one member that an answer has.
    pub(super) fn content(&self) -> Option<&Json> {
        match &self.body {
            Body::Json(Json::Object(members)) => members.first().map(|(_, content)| content),
            _ => None,
        }
    }

    /// The code of the first error.
    fn code(&self) -> Option<String> {
        let error = self.content()?.at(&["errors", "error"])?.list().first()?;
        match error.get("errorCode")? {
            Json::Text(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    fn is_busy(&self) -> bool {
        self.status == 429 || self.status >= 500 || self.code().as_deref() == Some("2")
    }
}

/// A server that is compared, and who asks it.
pub struct Side {
    agent: Agent,
    api: String,
    organization: String,
    key: String,
    session: Option<String>,
    version: Option<String>,
    patience: Patience,
    stop: Stop,
}

impl Side {
    /// An organization of a server. `address` may have the path of API v1 or not.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(
        address: &str,
        organization: &str,
        key: &str,
        patience: Patience,
        stop: Stop,
    ) -> Result<Side, SourceError> {
        Ok(Side {
            agent: source::agent(),
            api: source::api_address(address)?,
            organization: organization.to_owned(),
            key: key.to_owned(),
            session: None,
            version: None,
            patience,
            stop,
        })
    }

    /// Where API v1 is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.api
    }

    /// The version, if it says that it is Driftless.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Logs in; the answer, and when the server gave it by its own clock.
    pub(super) fn log_in(&mut self) -> Result<(Reply, Stamp), CompareError> {
        let question = Question::new("login", method::LOGIN, Session::None)
            .with(parameter::LOGIN_KEY, &self.key)
            .with(parameter::LOGIN_ORG, &self.organization);
        let reply = self.answer(&question)?;
        let said = |name: &str| reply.content().and_then(|content| content.get(name)?.text());
        let session = said(parameter::SESSION).map(str::to_owned);
        let now = said("responseDateTime").and_then(|time| Moment::lower_bound(time).ok());
        let message = || {
            let error = reply.content()?.at(&["errors", "error"])?.list().first()?;
            error.get("errorMessage")?.text().map(str::to_owned)
        };
        if let Body::Other(beginning) = &reply.body {
            let (url, status) = (self.api.clone(), reply.status);
            let beginning = beginning.trim().chars().take(80).collect();
            return Err(SourceError::NotApi { url, status, beginning }.into());
        }
        let (Some(session), Some(now)) = (session, now) else {
            return Err(CompareError::Login {
                address: self.api.clone(),
                organization: self.organization.clone(),
                message: message().unwrap_or_else(|| "no session was given".to_owned()),
            });
        };
        self.session = Some(session);
        Ok((reply, now))
    }

    /// Asks. Where the session has ended meanwhile, a new one is begun.
    pub(super) fn ask(&mut self, question: &Question) -> Result<Reply, CompareError> {
        let reply = self.answer(question)?;
        if question.session == Session::Own && reply.code().as_deref() == Some("4") {
            self.log_in()?;
            return self.answer(question);
        }
        Ok(reply)
    }

    fn answer(&mut self, question: &Question) -> Result<Reply, CompareError> {
        let since = Instant::now();
        let mut attempts = 0;
        loop {
            if self.stop.is_told() {
                return Err(CompareError::Stopped);
            }
            let answered = self.send(question);
            let pause = self.patience.pause(attempts, since);
            attempts += 1;
            match (answered, pause) {
                (Ok(reply), Some(_)) if reply.is_busy() && attempts < BUSY_ATTEMPTS_MAX => {}
                (Ok(reply), _) => return Ok(reply),
                (Err(error), Some(_)) if may_pass(&error) => {}
                (Err(error), _) => {
                    let (address, question) = (self.api.clone(), question.name.clone());
                    let problem = error.to_string();
                    return Err(CompareError::Unavailable { address, question, problem });
                }
            }
            if pause.is_some_and(|pause| self.stop.wait(pause)) {
                return Err(CompareError::Stopped);
            }
        }
    }

    fn send(&mut self, question: &Question) -> Result<Reply, ureq::Error> {
        let session = match question.session {
            Session::Own | Session::Ended => self.session.as_deref(),
            Session::Wrong => Some("0123456789abcdef0123456789abcdef"),
            Session::None => None,
        };
        let own = session.map(|session| (parameter::SESSION, session));
        let given = question.parameters.iter().map(|(name, value)| (&**name, &**value));
        let pairs = own.into_iter().chain(given);
        let url = format!("{}/{}", self.api, question.method);
        let answer = match question.verb {
            Verb::Get => {
                let query =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
                self.agent.get(format!("{url}?{query}")).call()
            }
            Verb::Post => self.agent.post(url).send_form(pairs),
        }?;
        let reply = read(answer)?;
        self.version = reply.headers.get(VERSION_HEADER).cloned();
        Ok(reply)
    }
}

fn read(mut answer: Response<ureq::Body>) -> Result<Reply, ureq::Error> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in answer.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert(value);
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    let body = match serde_json::from_slice(&body) {
        Ok(json) => Body::Json(json),
        Err(_) => Body::Other(String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned()),
    };
    Ok(Reply { status: answer.status().as_u16(), headers, body })
}

/// Whether asking again can help.
fn may_pass(error: &ureq::Error) -> bool {
    use ureq::Error;
    matches!(
        error,
        Error::Timeout(_)
            | Error::Io(_)
            | Error::HostNotFound
            | Error::ConnectionFailed
            | Error::Protocol(_)
    )
}
