//! One of the two servers.

use std::collections::BTreeMap;

use api_v1::{answer, code, header, method, parameter};
use domain::{Moment, Stamp};

use super::CompareError;
use super::json::Json;
use super::question::{Question, Session};
use crate::http::{Answer, Http, NoAnswer};
use crate::{Patience, SourceError, Stop};

/// As often is a server asked that answers that it is not available. After that, this is its answer.
const BUSY_ATTEMPTS_MAX: u32 = 3;

/// Shorter sessions and keys are no secret.
const SECRET_CHARS_MIN: usize = 8;

/// Shown in the place of a session or key.
const SECRET_SHOWN: &str = "(secret)";

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
    /// What is not JSON.
    Other(String),
    /// There was no answer at all, and why.
    Nothing(String),
}

impl Reply {
    /// What is in the one member that an answer has.
    pub(super) fn content(&self) -> Option<&Json> {
        match &self.body {
            Body::Json(Json::Object(members)) => members.first().map(|(_, content)| content),
            _ => None,
        }
    }

    /// The same, with a session or key replaced wherever the server repeats it: it must not be shown.
    fn without(mut self, secret: &str) -> Reply {
        // A shorter one can be part of any word.
        if secret.len() < SECRET_CHARS_MIN {
            return self;
        }
        let hide = |text: &mut String| *text = text.replace(secret, SECRET_SHOWN);
        self.headers.values_mut().for_each(hide);
        match &mut self.body {
            Body::Json(json) => json.each_text(&mut |text| hide(text)),
            Body::Other(text) | Body::Nothing(text) => hide(text),
        }
        self
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.content()?.get(member)?.text()
    }

    /// The first error.
    fn error(&self) -> Option<&Json> {
        self.content()?.at(&[answer::ERRORS, answer::ERROR])?.list().first()
    }

    fn has_code(&self, code: u32) -> bool {
        let said = self.error().and_then(|error| error.get(answer::ERROR_CODE));
        said.is_some_and(|said| match said {
            Json::Text(text) => text.parse() == Ok(code),
            other => other.number() == Some(code.into()),
        })
    }
}

/// A server that is compared, as one of its organizations sees it.
pub struct Side {
    http: Http,
    organization: String,
    key: String,
    session: Option<String>,
    version: Option<String>,
    /// Whether the last question was not answered: the next one has to be.
    is_silent: bool,
}

impl Side {
    /// An organization of a server. `address` may have the path of API v1 or not.
    ///
    /// # Errors
    /// When the address is not valid.
    pub fn new(
        address: &str,
        organization: &str,
        key: &str,
        patience: Patience,
        stop: Stop,
    ) -> Result<Side, SourceError> {
        Ok(Side {
            http: Http::new(address, patience, stop)?,
            organization: organization.to_owned(),
            key: key.to_owned(),
            session: None,
            version: None,
            is_silent: false,
        })
    }

    /// Where API v1 is.
    #[must_use]
    pub fn address(&self) -> &str {
        self.http.address()
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
        let (reply, answer) = self.answer(&question)?;
        if let Body::Other(_) = &reply.body {
            return Err(answer.not_api().into());
        }
        let now = reply.text(answer::RESPONDED).and_then(|time| Moment::lower_bound(time).ok());
        let (Some(session), Some(now)) = (reply.text(parameter::SESSION), now) else {
            let message = reply.error().and_then(|error| error.get(answer::ERROR_MESSAGE)?.text());
            let (url, organization) = (self.address().to_owned(), self.organization.clone());
            let message = message.unwrap_or("no session").to_owned();
            return Err(SourceError::Login { url, organization, message }.into());
        };
        let session = session.to_owned();
        let reply = reply.without(&session);
        self.session = Some(session);
        Ok((reply, now))
    }

    /// Asks. Where the session has ended meanwhile, a new one is begun. A server may leave one question without an
    /// answer, but not two in a row.
    pub(super) fn ask(&mut self, question: &Question) -> Result<Reply, CompareError> {
        let was_silent = std::mem::take(&mut self.is_silent);
        let reply = match self.answer(question) {
            Ok((reply, _)) => reply,
            Err(CompareError::Unavailable { problem, .. }) if !was_silent => {
                self.is_silent = true;
                let (headers, body) = (BTreeMap::new(), Body::Nothing(problem));
                return Ok(Reply { status: 0, headers, body });
            }
            Err(error) => return Err(error),
        };
        if question.session == Session::Own && reply.has_code(code::SESSION_INVALID) {
            self.log_in()?;
            return Ok(self.answer(question)?.0);
        }
        Ok(reply)
    }

    fn answer(&mut self, question: &Question) -> Result<(Reply, Answer), CompareError> {
        let mut attempts = self.http.attempts();
        loop {
            attempts.heed_stop()?;
            let answered = self.send(question);
            let pause = attempts.failed();
            match (answered, pause) {
                (Ok(answer), pause) => {
                    let session = self.session.as_deref().unwrap_or_default();
                    let reply = read(&answer).without(&self.key).without(session);
                    let is_busy = answer.is_busy() || reply.has_code(code::UNAVAILABLE);
                    if pause.is_none() || !is_busy || attempts.made() >= BUSY_ATTEMPTS_MAX {
                        self.version = reply.headers.get(header::VERSION).cloned();
                        return Ok((reply, answer));
                    }
                }
                (Err(NoAnswer::Final(error)), _) => return Err(error.into()),
                (Err(NoAnswer::TooLarge), _) => {
                    let (address, question) = (self.address().to_owned(), question.name.clone());
                    let problem = "its answer is too large".to_owned();
                    return Err(CompareError::Unavailable { address, question, problem });
                }
                (Err(NoAnswer::MayPass(_)), Some(_)) => {}
                (Err(NoAnswer::MayPass(problem)), None) => {
                    let (address, question) = (self.address().to_owned(), question.name.clone());
                    return Err(CompareError::Unavailable { address, question, problem });
                }
            }
            if let Some(pause) = pause {
                attempts.wait(pause)?;
            }
        }
    }

    fn send(&self, question: &Question) -> Result<Answer, NoAnswer> {
        let session = match question.session {
            Session::Own | Session::Ended => self.session.as_deref(),
            Session::Wrong => Some("0123456789abcdef0123456789abcdef"),
            Session::None => None,
        };
        let own = session.map(|session| (parameter::SESSION, session));
        let given = question.parameters.iter().map(|(name, value)| (&**name, &**value));
        self.http.send(question.verb, &question.method, own.into_iter().chain(given))
    }
}

fn read(answer: &Answer) -> Reply {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &answer.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(&value);
            })
            .or_insert(value);
    }
    let body = match serde_json::from_slice(&answer.body) {
        Ok(json) => Body::Json(json),
        Err(_) => Body::Other(String::from_utf8_lossy(&answer.body).into_owned()),
    };
    Reply { status: answer.status.as_u16(), headers, body }
}
