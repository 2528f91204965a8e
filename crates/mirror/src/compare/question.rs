//! What two servers are asked.

use api_v1::{answer, member, method, parameter};
use domain::Stamp;
use thiserror::Error;

use super::json::Json;
use super::side::Reply;
use crate::http::Verb;
use crate::source::PAGE_SIZE;

/// An id that no activity has.
const UNKNOWN_ID: &str = "9007199254740000";

/// With whose session a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// The one that the login gave.
    Own,
    /// One that does not exist.
    Wrong,
    /// None.
    None,
    /// The one that the login gave, which may have ended: no other is begun.
    Ended,
}

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// For people.
    pub(super) name: String,
    pub(super) verb: Verb,
    /// Service and method, `account/syncActivities`.
    pub(super) method: String,
    /// Without the session.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) session: Session,
}

impl Question {
    pub(super) fn new(name: impl Into<String>, method: &str, session: Session) -> Question {
        let (name, method) = (name.into(), method.to_owned());
        Question { name, verb: Verb::Post, method, parameters: Vec::new(), session }
    }

    pub(super) fn with(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Question {
        self.parameters.push((name.to_owned(), value.to_string()));
        self
    }

    fn over_get(self) -> Question {
        Question { verb: Verb::Get, ..self }
    }
}

/// What has changed up to an instant, the oldest change first.
fn window(name: impl Into<String>, to: Stamp) -> Question {
    Question::new(name, method::SYNC, Session::Own)
        .with(parameter::FROM, "1970-01-01T00:00:00.000+00:00")
        .with(parameter::TO, &to.at_offset(0))
        .with(parameter::SORT_COLUMN, member::MODIFIED)
        .with(parameter::SORT_DIRECTION, "ASC")
}

/// A page of everything.
pub(super) fn page(to: Stamp, number: u64, size: u64) -> Question {
    let name = match size {
        PAGE_SIZE => format!("syncActivities: page {number} of everything"),
        size => format!("syncActivities: page {number} of everything, {size} a page"),
    };
    window(name, to).with(parameter::PAGE, &number).with(parameter::PAGE_SIZE, &size)
}

/// What the first page of the left server says about its data, for questions about them.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Ids of activities.
    ids: Vec<i64>,
    /// An id of a removed one.
    removed: Option<i64>,
    /// The pages of everything.
    pub(super) pages: u64,
    /// The records on each but the last.
    pub(super) page_size: u64,
}

impl Known {
    pub(super) fn from(first_page: &Reply) -> Known {
        let content = first_page.content();
        let activities =
            content.and_then(|content| content.at(&[answer::ACTIVITIES, answer::ACTIVITY]));
        let ids = activities.map_or(&[][..], Json::list).iter();
        let ids = ids.filter_map(|activity| activity.get(member::ID)?.number()).take(3).collect();
        let removed = content.and_then(|content| content.at(&[answer::REMOVED, member::ID]));
        let removed = removed.and_then(|removed| removed.list().first()?.number());
        let of_page = |member| {
            let number = content.and_then(|content| content.at(&[answer::PAGE, member])?.number());
            number.and_then(|number| u64::try_from(number).ok())
        };
        Known {
            ids,
            removed,
            pages: of_page(answer::PAGES).unwrap_or(0),
            page_size: of_page(answer::PAGE_SIZE).unwrap_or(PAGE_SIZE),
        }
    }
}

/// All questions other than the login and the pages of everything; none of them changes anything.
pub(super) fn built_in(to: Stamp, known: &Known) -> Vec<Question> {
    let mut all = ranges(to);
    all.extend(by_id(to, known));
    all.extend(refusals(to));
    all
}

fn ranges(to: Stamp) -> Vec<Question> {
    let named = |name: &str| window(format!("syncActivities: {name}"), to);
    let bare =
        |name: &str| Question::new(format!("syncActivities: {name}"), method::SYNC, Session::Own);
    let from = (parameter::FROM, "1970-01-01T00:00:00.000+00:00");
    vec![
        named("no page asked for"),
        named("10 a page, page 2").with(parameter::PAGE, &2).with(parameter::PAGE_SIZE, &10),
        named("more on a page than can be").with(parameter::PAGE_SIZE, &100_000),
        named("a page after the last").with(parameter::PAGE, &1_000_000),
        named("without removed ids")
            .with(parameter::IGNORE_DELETED, "true")
            .with(parameter::PAGE_SIZE, &10),
        named("with removed ids")
            .with(parameter::IGNORE_DELETED, "false")
            .with(parameter::PAGE_SIZE, &10),
        named("responseType=JSON").with("responseType", "JSON").with(parameter::PAGE_SIZE, &10),
        named("over GET").with(parameter::PAGE_SIZE, &10).over_get(),
        bare("the latest change first")
            .with(from.0, from.1)
            .with(parameter::TO, &to.at_offset(0))
            .with(parameter::SORT_COLUMN, member::MODIFIED)
            .with(parameter::SORT_DIRECTION, "DESC"),
        bare("in the order of subjects")
            .with(from.0, from.1)
            .with(parameter::TO, &to.at_offset(0))
            .with(parameter::SORT_COLUMN, member::SUBJECT)
            .with(parameter::SORT_DIRECTION, "ASC"),
        bare("in no given order").with(from.0, from.1).with(parameter::TO, &to.at_offset(0)),
        bare("an empty range")
            .with(from.0, from.1)
            .with(parameter::TO, "1970-01-01T00:00:01.000+00:00"),
        bare("names in other cases")
            .with("SYNCACTIVITYTIMEFROM", from.1)
            .with("syncactivitytimeto", &to.at_offset(0))
            .with("PAGE.PAGESIZE", &10),
    ]
}

fn by_id(to: Stamp, known: &Known) -> Vec<Question> {
    let sync = method::SYNC;
    let mut all = Vec::new();
    if !known.ids.is_empty() {
        let several = Question::new("syncActivities: by ids", sync, Session::Own);
        let several =
            known.ids.iter().fold(several, |question, id| question.with(parameter::IDS, id));
        all.push(several.with(parameter::IDS, UNKNOWN_ID));
        all.push(window("syncActivities: by id and range", to).with(parameter::IDS, &known.ids[0]));
    }
    let retrieve = |name: &str, id: &str| {
        Question::new(format!("retrieveActivity: {name}"), method::RETRIEVE, Session::Own)
            .with(member::ID, id)
    };
    all.extend(known.ids.iter().map(|id| retrieve(&id.to_string(), &id.to_string())));
    all.extend(known.removed.map(|id| retrieve("a removed one", &id.to_string())));
    all.push(retrieve("an unknown id", UNKNOWN_ID));
    all.push(Question::new("retrieveActivity: no id", method::RETRIEVE, Session::Own));
    all.push(Question::new("listActivityStatus", method::LIST_STATUS, Session::Own));
    all
}

fn refusals(to: Stamp) -> Vec<Question> {
    let sync = method::SYNC;
    let with_session = |session, name: &str| Question { session, ..window(name, to) };
    let own = |name: &str| Question::new(name, sync, Session::Own);
    let login = |name: &str| Question::new(name, method::LOGIN, Session::None);
    vec![
        with_session(Session::None, "syncActivities: no session"),
        with_session(Session::Wrong, "syncActivities: a wrong session"),
        own("syncActivities: neither range nor ids"),
        own("syncActivities: only a To").with(parameter::TO, &to.at_offset(0)),
        own("syncActivities: From after To")
            .with(parameter::FROM, &to.at_offset(0))
            .with(parameter::TO, "1970-01-01T00:00:00.000+00:00"),
        own("syncActivities: a From that is no time").with(parameter::FROM, "yesterday"),
        own("syncActivities: an unknown sort column")
            .with(parameter::FROM, "1970-01-01T00:00:00.000+00:00")
            .with(parameter::SORT_COLUMN, "colour"),
        window("syncActivities: page 0", to).with(parameter::PAGE, &0),
        login("login: no key").with(parameter::LOGIN_ORG, "nobody"),
        login("login: no organization")
            .with(parameter::LOGIN_KEY, "0123456789abcdef0123456789abcdef"),
        Question::new("a method that does not exist", "account/syncNothing", Session::Own),
    ]
}

/// Why a recorded request cannot be asked.
#[derive(Debug, Error)]
pub enum RecordedError {
    /// It is not one.
    #[error(
        "line {line} is not a request of API v1: {text:?}; expected, for example, account/syncActivities?syncActivityTimeFrom=…"
    )]
    NotOne {
        /// From 1.
        line: usize,
        /// How it begins.
        text: String,
    },
    /// It might change both servers.
    #[error(
        "line {line} is not known to only read ({method}): compare sends methods whose names begin with list, retrieve, sync or digest; remove the line"
    )]
    Writes {
        /// From 1.
        line: usize,
        /// The method.
        method: String,
    },
}

/// Requests that somebody recorded, one a line: a method and its parameters, an address, or a line of a log that
/// has one. Sessions in them are replaced, logins left out, and empty lines and those that begin with # skipped.
pub(super) fn recorded(text: &str) -> Result<Vec<Question>, RecordedError> {
    let mut all = Vec::new();
    for (at, text) in text.lines().enumerate() {
        let (line, text) = (at + 1, text.trim());
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let Some((method, query)) = request_in(text) else {
            // What is shown may have a session in it.
            let text = text.split('?').next().unwrap_or(text).chars().take(60).collect();
            return Err(RecordedError::NotOne { line, text });
        };
        let is = |other: &&str| other.eq_ignore_ascii_case(method);
        if [method::LOGIN, method::LOGOUT].iter().any(is) {
            continue;
        }
        if !method::only_reads(method) {
            return Err(RecordedError::Writes { line, method: method.to_owned() });
        }
        let mut question = Question::new(format!("line {line}: {method}"), method, Session::Own);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !name.eq_ignore_ascii_case(parameter::SESSION) {
                question = question.with(&name, &value);
            }
        }
        all.push(if text.starts_with("POST") { question } else { question.over_get() });
    }
    Ok(all)
}

/// The method and the query of the first word that is a request.
fn request_in(text: &str) -> Option<(&str, &str)> {
    text.split([' ', '\t', '"', '\'']).find_map(|word| {
        let below = match word.split_once(api_v1::PATH) {
            Some((_, below)) => below.trim_start_matches('/'),
            None => word,
        };
        let (method, query) = below.split_once('?').unwrap_or((below, ""));
        let (service, name) = method.split_once('/')?;
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic());
        (is_name(service) && is_name(name)).then_some((method, query))
    })
}
