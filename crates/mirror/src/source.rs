//! The source: a server that speaks API v1, over HTTP.

pub(crate) mod digests;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use api_v1::{PATH, code, method, parameter};
use domain::{ActivityId, NoNames, Stamp, Zone};
use files::{AnswerError, AnswerPage, ColumnNames, ReadError, Reading};
use serde::Deserialize;
use thiserror::Error;
use ureq::Agent;
use ureq::http::StatusCode;

use crate::row::Said;
use crate::{Patience, Row, Stop, Unreadable};

/// Driftless puts its version into this header of every answer of API v1.
pub const VERSION_HEADER: &str = "driftless-version";

/// Driftless says in this header which log it answers from: another one after a backup was restored.
pub const LOG_HEADER: &str = "driftless-log";

/// Records that are asked for on a page: the vendor's largest.
pub(crate) const PAGE_SIZE: u64 = 200;

/// Ids that one question has at most.
const IDS_MAX: usize = 100;

/// A single request that takes longer is given up.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A larger answer is not read.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Stands for a time of creation that the source does not say.
pub const NEVER: Stamp = Stamp::MAX;

/// Why the source could not be asked.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The address is none.
    #[error("{0:?} is no address of a server: give one like https://api.neoncrm.com")]
    Address(String),
    /// The run was told to stop.
    #[error("stopped")]
    Stopped,
    /// It was not there for longer than there was patience.
    #[error("{url} is not available: {problem}; given up after {attempts} attempts")]
    Unavailable {
        /// What was asked.
        url: String,
        /// What happened the last time.
        problem: String,
        /// How often.
        attempts: u32,
    },
    /// It cannot be trusted, or is no server at all.
    #[error("{url} cannot be asked: {problem}")]
    Unusable {
        /// What was asked.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What answered is no API v1.
    #[error(
        "{url} does not answer as API v1 does (status {status}): it begins {beginning:?}; is the address right?"
    )]
    NotApi {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
        /// How the answer begins.
        beginning: String,
    },
    /// The key or the organization is wrong.
    #[error("{url} does not accept the key for organization {organization:?}: {message}")]
    Login {
        /// What was asked.
        url: String,
        /// The organization.
        organization: String,
        /// What it said.
        message: String,
    },
    /// It refuses for good.
    #[error("{url} refuses: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// What it said.
        message: String,
    },
    /// Sessions end before anything has come.
    #[error("{0} ends each session before it has answered")]
    Sessions(String),
    /// A record that no activity can be.
    #[error(transparent)]
    Record(#[from] ReadError),
    /// It is not what it was before.
    #[error("{0} was restored from a backup, or replaced by another, while it was read")]
    Replaced(String),
    /// The answer cannot be the whole truth.
    #[error("{url} answers what cannot be: {problem}; nothing of it was taken")]
    Odd {
        /// What was asked.
        url: String,
        /// What is wrong.
        problem: String,
    },
}

/// A question for a page of what has changed, the oldest change first.
#[derive(Clone, Debug)]
pub(crate) struct Question<'q> {
    /// None: only what `ids` says.
    from: Option<Stamp>,
    /// None: up to now.
    to: Option<Stamp>,
    /// Of these activities only; of all, if there are none.
    ids: &'q [ActivityId],
    /// From 1.
    page: u64,
}

impl<'q> Question<'q> {
    /// For all that has changed in a window.
    pub(crate) fn window(from: Stamp, to: Option<Stamp>, page: u64) -> Question<'static> {
        Question { from: Some(from), to, ids: &[], page }
    }

    /// For as many activities as [`Source::ids_max`] says, or for those of them that have changed since.
    pub(crate) fn of_ids(ids: &'q [ActivityId], since: Option<Stamp>) -> Question<'q> {
        Question { from: since, to: None, ids, page: 1 }
    }
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) responded: Stamp,
    pub(crate) told: AnswerPage,
    pub(crate) rows: Vec<Row>,
    /// Records that cannot be activities.
    pub(crate) unreadable: Vec<Unreadable>,
    pub(crate) removed: Vec<ActivityId>,
    /// The stamps of all records, in their order.
    pub(crate) stamps: Vec<Option<Stamp>>,
}

/// Why a page did not come.
pub(crate) enum NoPage {
    /// The run that it belongs to is over: it begins again with page 1.
    RunOver,
    /// It will not come.
    Source(SourceError),
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
    Final(SourceError),
}

/// A server of API v1, logged in to as one organization.
pub struct Source {
    agent: Agent,
    api: String,
    organization: String,
    key: String,
    session: Option<String>,
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
    patience: Patience,
    stop: Stop,
    note: Box<dyn FnMut(&str) + Send>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginAnswer {
    login_response: LoginResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginResponse {
    user_session_id: Option<String>,
    response_date_time: Option<String>,
    #[serde(default)]
    errors: serde_json::Value,
}

impl Source {
    /// The organization of a server. `address` is that of the server, with or without the path of API v1; `note`
    /// is told why a request is repeated.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(
        address: &str,
        organization: &str,
        key: &str,
        patience: Patience,
        stop: Stop,
        note: Box<dyn FnMut(&str) + Send>,
    ) -> Result<Source, SourceError> {
        let api = api_address(address)?;
        Ok(Source {
            agent: agent(),
            api,
            organization: organization.to_owned(),
            key: key.to_owned(),
            session: None,
            is_driftless: false,
            log: None,
            is_fresh: false,
            now: None,
            page_size: 1,
            requests: 0,
            patience,
            stop,
            note,
        })
    }

    /// Where API v1 is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.api
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

    /// Logs in anew; what its clock shows.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn login(&mut self) -> Result<Stamp, SourceError> {
        self.session = None;
        let session = self.repeat(Source::try_login);
        self.session = Some(session.map_err(|no_page| match no_page {
            NoPage::Source(error) => error,
            NoPage::RunOver => SourceError::Sessions(self.api.clone()),
        })?);
        let odd =
            |problem: &str| SourceError::Odd { url: self.api.clone(), problem: problem.to_owned() };
        self.now.ok_or_else(|| odd("the login has no responseDateTime"))
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
        let since = Instant::now();
        let mut attempts = 0;
        loop {
            if self.stop.is_told() {
                return Err(NoPage::Source(SourceError::Stopped));
            }
            let problem = match attempt(self) {
                Ok(done) => return Ok(done),
                Err(Trouble::Final(error)) => return Err(NoPage::Source(error)),
                Err(Trouble::Session | Trouble::RunOver) => {
                    self.session = None;
                    return Err(NoPage::RunOver);
                }
                Err(Trouble::Wait(problem)) => problem,
            };
            let pause = self.patience.pause(attempts, since);
            attempts += 1;
            let Some(pause) = pause else {
                let url = self.api.clone();
                return Err(SourceError::Unavailable { url, problem, attempts }.into());
            };
            (self.note)(&format!("{problem}; next attempt in {:.0} s", pause.as_secs_f64()));
            if self.stop.wait(pause) {
                return Err(NoPage::Source(SourceError::Stopped));
            }
        }
    }

    fn try_login(&mut self) -> Result<String, Trouble> {
        let form = [
            (parameter::LOGIN_KEY, self.key.clone()),
            (parameter::LOGIN_ORG, self.organization.clone()),
        ];
        let url = format!("{}/{}", self.api, method::LOGIN);
        let (status, body) = self.post(&url, &form)?;
        let Ok(LoginAnswer { login_response }) = serde_json::from_slice::<LoginAnswer>(&body)
        else {
            return Err(not_api(&url, status, &body));
        };
        let LoginResponse { user_session_id, response_date_time, errors } = login_response;
        let told = response_date_time.as_deref().and_then(lower_bound);
        self.now = told;
        user_session_id.ok_or_else(|| {
            let text = errors["error"][0]["errorMessage"].as_str().unwrap_or("no session");
            let code = errors["error"][0]["errorCode"].as_str();
            if code == Some("2") {
                return Trouble::Wait(text.to_owned());
            }
            let (organization, message) = (self.organization.clone(), text.to_owned());
            Trouble::Final(SourceError::Login { url, organization, message })
        })
    }

    fn try_ask(&mut self, question: &Question<'_>) -> Result<Page, Trouble> {
        let url = format!("{}/{}", self.api, method::SYNC);
        let mut form = vec![
            (parameter::SESSION, self.session.clone().unwrap_or_default()),
            (parameter::PAGE, question.page.to_string()),
            (parameter::PAGE_SIZE, PAGE_SIZE.to_string()),
            (parameter::SORT_COLUMN, api_v1::member::MODIFIED.to_owned()),
            (parameter::SORT_DIRECTION, "ASC".to_owned()),
        ];
        let time = |stamp: Stamp| stamp.at_offset(0).to_string();
        form.extend(question.from.map(|from| (parameter::FROM, time(from))));
        form.extend(question.to.map(|to| (parameter::TO, time(to))));
        form.extend(question.ids.iter().map(|id| (parameter::IDS, id.to_string())));
        let (status, body) = self.post(&url, &form)?;
        let page = self.page(&url, question, status, &body)?;
        self.page_size = page.told.size;
        Ok(page)
    }

    fn page(
        &self,
        url: &str,
        question: &Question<'_>,
        status: StatusCode,
        body: &[u8],
    ) -> Result<Page, Trouble> {
        // As when a proxy was cut off that does not say how long an answer is.
        let cut_off = || Trouble::Wait(format!("{url}: the answer ends before its end"));
        match body.trim_ascii_start().first() {
            Some(b'{') => {}
            Some(_) => return Err(not_api(url, status, body)),
            None => return Err(cut_off()),
        }
        let (mut rows, mut removed, mut nameless) = (Vec::new(), Vec::new(), 0_u64);
        let stamps = RefCell::new(Vec::new());
        let (mut unreadable, mut unknown) = (Vec::new(), 0_u64);
        let reading = Reading {
            now: NEVER,
            zone: &Zone::utc(),
            zone_is_said: true,
            unpacked_max: files::WORKBOOK_UNPACKED_BYTES_MAX,
            dates: None,
            columns: &ColumnNames::default(),
            folder: None,
            names: &mut NoNames,
        };
        let mut take = |imported| {
            match Said::from(imported) {
                Said::There(row) => {
                    stamps.borrow_mut().push(row.modified);
                    rows.push(row);
                }
                Said::Removed(id) => removed.push(id),
                Said::Nameless => nameless += 1,
            }
            std::ops::ControlFlow::Continue(())
        };
        let mut set_aside = |found: files::Unreadable| {
            let files::Unreadable { id, stamp: modified, record, problem } = found;
            stamps.borrow_mut().push(modified);
            match id {
                Some(id) => unreadable.push(Unreadable { id, modified, record, problem }),
                None => unknown += 1,
            }
        };
        let head = files::read_answer(url, body, reading, &mut take, &mut set_aside);
        let head = head.map_err(|error| {
            let parsed = serde_json::from_slice::<serde::de::IgnoredAny>(body);
            let is_cut_off = parsed.is_err_and(|error| error.is_eof());
            if is_cut_off { cut_off() } else { Trouble::Final(error.into()) }
        })?;
        if !head.errors.is_empty() {
            return Err(refused(url, question.page, &head.errors));
        }
        let odd =
            |problem: String| Trouble::Wait(format!("{url} answers what cannot be: {problem}"));
        let Some(told) = head.page else { return Err(odd("there is no page in it".to_owned())) };
        let Some(responded) = head.responded else {
            return Err(odd("there is no responseDateTime in it".to_owned()));
        };
        let (stamps, nameless) = (stamps.into_inner(), nameless + unknown);
        if nameless > 0 {
            return Err(odd(format!("{nameless} records have no activityId")));
        }
        let before = (told.current.saturating_sub(1)).saturating_mul(told.size);
        let expected = told.results.saturating_sub(before).min(told.size);
        let is_whole = told.size > 0 && told.pages >= told.results.div_ceil(told.size.max(1));
        if told.current != question.page || !is_whole || stamps.len() as u64 != expected {
            return Err(odd(format!(
                "page {} of {}, with {} results, {} a page, has {} records",
                told.current,
                told.pages,
                told.results,
                told.size,
                stamps.len()
            )));
        }
        Ok(Page { responded, told, rows, unreadable, removed, stamps })
    }

    /// Sends a form, and reads the answer.
    fn post(
        &mut self,
        url: &str,
        form: &[(&str, String)],
    ) -> Result<(StatusCode, Vec<u8>), Trouble> {
        self.requests += 1;
        let pairs = form.iter().map(|(name, value)| (*name, value.as_str()));
        let answer = self.agent.post(url).send_form(pairs);
        let mut answer = answer.map_err(|error| trouble(url, &error))?;
        let status = answer.status();
        self.is_driftless = answer.headers().contains_key(VERSION_HEADER);
        let log = answer.headers().get(LOG_HEADER).and_then(|log| log.to_str().ok());
        self.log = log.map(str::to_owned);
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| trouble(url, &error))?;
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Trouble::Wait(format!("{url} answers {status}")));
        }
        Ok((status, body))
    }
}

/// What sends requests: it follows no redirect, and takes every status for an answer.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(ANSWER_WITHIN))
        .max_redirects(0)
        .user_agent(concat!("driftless-mirror/", env!("CARGO_PKG_VERSION")))
        .build();
    config.new_agent()
}

/// The address of API v1, from what somebody has typed.
pub(crate) fn api_address(address: &str) -> Result<String, SourceError> {
    let refused = || SourceError::Address(address.to_owned());
    let uri: ureq::http::Uri = address.trim().parse().map_err(|_| refused())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if !is_http || uri.host().is_none() || uri.query().is_some() {
        return Err(refused());
    }
    let address = address.trim().trim_end_matches('/');
    let has_path = address.ends_with(PATH);
    Ok(if has_path { address.to_owned() } else { format!("{address}{PATH}") })
}

fn lower_bound(text: &str) -> Option<Stamp> {
    domain::Moment::lower_bound(text).ok()
}

/// A connection that failed may be a passing matter; a certificate or an address that is wrong is not.
fn trouble(url: &str, error: &ureq::Error) -> Trouble {
    use ureq::Error;
    let problem = error.to_string();
    match error {
        Error::Timeout(_)
        | Error::Io(_)
        | Error::HostNotFound
        | Error::ConnectionFailed
        | Error::Protocol(_) => Trouble::Wait(format!("{url}: {problem}")),
        _ => Trouble::Final(SourceError::Unusable { url: url.to_owned(), problem }),
    }
}

fn not_api(url: &str, status: StatusCode, body: &[u8]) -> Trouble {
    let beginning: String =
        String::from_utf8_lossy(&body[..body.len().min(400)]).trim().chars().take(80).collect();
    let (url, status) = (url.to_owned(), status.as_u16());
    Trouble::Final(SourceError::NotApi { url, status, beginning })
}

fn refused(url: &str, page: u64, errors: &[AnswerError]) -> Trouble {
    let texts: Vec<String> = errors
        .iter()
        .map(|error| match error.code {
            Some(code) => format!("{} (code {code})", error.message),
            None => error.message.clone(),
        })
        .collect();
    let message = texts.join("; ");
    match errors[0].code {
        Some(code::SESSION_INVALID) => Trouble::Session,
        Some(code::UNAVAILABLE) if page > 1 && message.contains("begin again with page 1") => {
            Trouble::RunOver
        }
        Some(code::UNAVAILABLE) => Trouble::Wait(format!("{url}: {message}")),
        _ => Trouble::Final(SourceError::Refused { url: url.to_owned(), message }),
    }
}
