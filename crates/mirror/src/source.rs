//! The source: a server that speaks API v1, over HTTP.

pub(crate) mod digests;
mod error;
mod page;

use std::collections::HashMap;

use api_v1::{BEGIN_AGAIN, answer, code, header, method, parameter, root};
use domain::Stamp;
use files::AnswerError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::{Answer, Http, NoAnswer, Verb};
use crate::{Patience, Stop};

pub use error::SourceError;
pub use page::PAGE_SIZE;
pub(crate) use page::{Page, Question};

/// As often is a server asked again that answers something else than it did before.
const NOT_API_ATTEMPTS_MAX: u32 = 2;

/// Ids that one question has at most.
const IDS_MAX: usize = 100;

/// Why a page did not come.
pub(crate) enum NoPage {
    /// The run that it belongs to is over: it begins again with page 1.
    RunOver,
    /// It will not come.
    Source(SourceError),
}

impl From<NoAnswer> for Trouble {
    fn from(no_answer: NoAnswer) -> Trouble {
        match no_answer {
            NoAnswer::MayPass(problem) => Trouble::Wait(problem),
            NoAnswer::TooLarge => Trouble::TooLarge,
            NoAnswer::Final(error) => Trouble::Final(error),
        }
    }
}

impl From<SourceError> for NoPage {
    fn from(error: SourceError) -> NoPage {
        NoPage::Source(error)
    }
}

/// What became of one attempt.
enum Trouble {
    /// It may pass.
    Wait(String),
    /// The session has ended.
    Session,
    /// It is a later page of a run that is not known any more.
    RunOver,
    /// It is larger than is read.
    TooLarge,
    Final(SourceError),
}

/// A server of API v1, logged in to as one organization.
pub struct Source {
    http: Http,
    organization: String,
    key: String,
    session: Option<String>,
    /// Records that are asked for on a page: fewer once an answer was too large.
    asked_size: u64,
    /// Whether it has answered as API v1 does.
    has_answered: bool,
    is_driftless: bool,
    /// Which log it says it answers from.
    log: Option<String>,
    /// Whether nothing has been asked since the login.
    is_fresh: bool,
    /// When it answered the login, by its own clock.
    now: Option<Stamp>,
    /// The size of its pages, as it said last.
    page_size: u64,
    /// How many requests have been sent.
    requests: u64,
    note: Box<dyn FnMut(&str) + Send>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginResponse {
    user_session_id: Option<String>,
    response_date_time: Option<String>,
    errors: Option<Errors>,
}

/// Why a request was refused.
#[derive(Deserialize)]
struct Errors {
    error: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorEntry {
    error_code: String,
    error_message: String,
}

impl Errors {
    fn read(self) -> Vec<AnswerError> {
        let read = |entry: ErrorEntry| AnswerError {
            code: entry.error_code.parse().ok(),
            message: entry.error_message,
        };
        self.error.into_iter().map(read).collect()
    }
}

impl Source {
    /// The organization of a server. `address` is that of the server, with or without the path of API v1; `note`
    /// is told why a request is repeated.
    ///
    /// # Errors
    /// When the address is not valid.
    pub fn new(
        address: &str,
        organization: &str,
        key: &str,
        patience: Patience,
        stop: Stop,
        note: Box<dyn FnMut(&str) + Send>,
    ) -> Result<Source, SourceError> {
        Ok(Source {
            http: Http::new(address, patience, stop)?,
            organization: organization.to_owned(),
            key: key.to_owned(),
            session: None,
            asked_size: PAGE_SIZE,
            has_answered: false,
            is_driftless: false,
            log: None,
            is_fresh: false,
            now: None,
            page_size: 1,
            requests: 0,
            note,
        })
    }

    /// Where API v1 is.
    #[must_use]
    pub fn address(&self) -> &str {
        self.http.address()
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// Whether it says that it is Driftless; known after the login.
    #[must_use]
    pub fn is_driftless(&self) -> bool {
        self.is_driftless
    }

    /// How many requests it has been sent, those that were repeated included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// What tells its log from every other, if it says so; known after the login.
    #[must_use]
    pub fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }

    /// Tells the person who watches, as when a request is repeated.
    pub(crate) fn tell(&mut self, line: &str) {
        (self.note)(line);
    }

    /// Logs in again before the next request.
    pub(crate) fn end_session(&mut self) {
        self.session = None;
    }

    /// As many ids can be asked for at once: the answer is one page then.
    pub(crate) fn ids_max(&self) -> usize {
        usize::try_from(self.page_size).unwrap_or(IDS_MAX).clamp(1, IDS_MAX)
    }

    /// Logs in before the first run: so a key that is wrong is noticed before a target is made.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn greet(&mut self) -> Result<(), SourceError> {
        self.login()?;
        self.is_fresh = true;
        Ok(())
    }

    /// What its clock showed at the login that a run begins with. Driftless, of which nothing depends on that, goes on
    /// in the session of the run before.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub(crate) fn begin(&mut self) -> Result<Stamp, SourceError> {
        let goes_on = self.is_driftless && self.session.is_some();
        match (std::mem::take(&mut self.is_fresh) || goes_on, self.now) {
            (true, Some(now)) => Ok(now),
            _ => self.login(),
        }
    }

    /// Logs in again; what its clock shows.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn login(&mut self) -> Result<Stamp, SourceError> {
        self.session = None;
        let session = self.repeat(Source::try_login);
        self.session = Some(session.map_err(|no_page| match no_page {
            NoPage::Source(error) => error,
            NoPage::RunOver => SourceError::Sessions(self.address().to_owned()),
        })?);
        self.now.ok_or_else(|| {
            let (url, problem) = (self.address().to_owned(), "the login has no ".to_owned());
            SourceError::Odd { url, problem: problem + answer::RESPONDED }
        })
    }

    /// Asks for a page. A page that does not come is asked for again, as long as there is patience.
    pub(crate) fn ask(&mut self, question: &Question<'_>) -> Result<Page, NoPage> {
        if self.session.is_none() {
            self.login()?;
        }
        self.repeat(|source| source.try_ask(question))
    }

    fn repeat<T>(
        &mut self,
        attempt: impl Fn(&mut Source) -> Result<T, Trouble>,
    ) -> Result<T, NoPage> {
        let mut attempts = self.http.attempts();
        loop {
            attempts.heed_stop()?;
            let problem = match attempt(self) {
                Ok(done) => return Ok(done),
                // A page of a proxy, which may be gone in a moment.
                Err(Trouble::Final(error @ SourceError::NotApi { .. }))
                    if self.has_answered && attempts.made() < NOT_API_ATTEMPTS_MAX =>
                {
                    error.to_string()
                }
                Err(Trouble::Final(error)) => return Err(NoPage::Source(error)),
                Err(Trouble::TooLarge) => {
                    let (url, problem) = (self.address().to_owned(), "its answer is too large");
                    let problem = problem.to_owned();
                    return Err(SourceError::Unusable { url, problem }.into());
                }
                Err(Trouble::Session | Trouble::RunOver) => {
                    self.session = None;
                    return Err(NoPage::RunOver);
                }
                Err(Trouble::Wait(problem)) => problem,
            };
            let Some(pause) = attempts.failed() else {
                let (url, attempts) = (self.address().to_owned(), attempts.made());
                return Err(SourceError::Unavailable { url, problem, attempts }.into());
            };
            (self.note)(&format!("{problem}; next attempt in {:.0} s", pause.as_secs_f64()));
            attempts.wait(pause)?;
        }
    }

    fn try_login(&mut self) -> Result<String, Trouble> {
        let form = [
            (parameter::LOGIN_KEY, self.key.clone()),
            (parameter::LOGIN_ORG, self.organization.clone()),
        ];
        let answer = self.post(method::LOGIN, &form)?;
        let LoginResponse { user_session_id, response_date_time, errors } =
            content(&answer, root::LOGIN)?;
        self.has_answered = true;
        self.now = response_date_time.as_deref().and_then(lower_bound);
        user_session_id.ok_or_else(|| {
            let error = errors.and_then(|errors| errors.read().into_iter().next());
            let (code, message) = match error {
                Some(error) => (error.code, printable(&error.message)),
                None => (None, "no session".to_owned()),
            };
            let (url, organization) = (answer.url, self.organization.clone());
            match code {
                Some(code::UNAVAILABLE) => Trouble::Wait(format!("{url}: {message}")),
                Some(code::SYSTEM) => Trouble::Final(SourceError::Refused { url, message }),
                _ => Trouble::Final(SourceError::Login { url, organization, message }),
            }
        })
    }

    fn try_ask(&mut self, question: &Question<'_>) -> Result<Page, Trouble> {
        let session = self.session.clone().unwrap_or_default();
        let answer = loop {
            match self.post(method::SYNC, &question.form(&session, self.asked_size)) {
                Err(Trouble::TooLarge) if self.asked_size > 1 => {
                    self.asked_size = (self.asked_size / 8).max(1);
                    // Later pages are other ones now.
                    if question.page > 1 {
                        return Err(Trouble::RunOver);
                    }
                }
                answered => break answered?,
            }
        };
        let page = Page::read(&answer, question)?;
        self.page_size = page.told.size;
        Ok(page)
    }

    /// Sends a form, and reads the answer.
    fn post(&mut self, method: &str, form: &[(&str, String)]) -> Result<Answer, Trouble> {
        self.requests += 1;
        let pairs = form.iter().map(|(name, value)| (*name, value.as_str()));
        let answer = self.http.send(Verb::Post, method, pairs)?;
        if answer.is_busy() {
            return Err(Trouble::Wait(format!("{} answers {}", answer.url, answer.status)));
        }
        self.is_driftless = answer.headers.contains_key(header::VERSION);
        self.log = answer.header(header::LOG).map(str::to_owned);
        Ok(answer)
    }
}

/// The server would keep the session for a while.
impl Drop for Source {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.http.tell(method::LOGOUT, parameter::SESSION, &session);
        }
    }
}

/// What an answer has in its root member.
fn content<T: DeserializeOwned>(answer: &Answer, root: &str) -> Result<T, Trouble> {
    let not_api = || Trouble::Final(answer.not_api());
    let parsed: Result<HashMap<String, T>, _> = serde_json::from_slice(&answer.body);
    parsed.ok().and_then(|mut members| members.remove(root)).ok_or_else(not_api)
}

fn lower_bound(text: &str) -> Option<Stamp> {
    domain::Moment::lower_bound(text).ok()
}

/// A server's text, so that it can be shown on a terminal: what could steer that is replaced.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn refused(url: &str, page: u64, errors: &[AnswerError]) -> Trouble {
    let texts: Vec<String> = errors
        .iter()
        .map(|error| match error.code {
            Some(code) => format!("{} (code {code})", error.message),
            None => error.message.clone(),
        })
        .collect();
    let message = printable(&texts.join("; "));
    match errors[0].code {
        Some(code::SESSION_INVALID) => Trouble::Session,
        Some(code::UNAVAILABLE) if page > 1 && message.contains(BEGIN_AGAIN) => Trouble::RunOver,
        Some(code::UNAVAILABLE) => Trouble::Wait(format!("{url}: {message}")),
        _ => Trouble::Final(SourceError::Refused { url: url.to_owned(), message }),
    }
}
