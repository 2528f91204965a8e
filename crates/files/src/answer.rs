//! One answer of API v1 as it comes: its records, and what it says besides them.

use std::io;
use std::ops::ControlFlow;

use api_v1::answer;
use domain::{ActivityId, Imported, Moment, Stamp};

use super::object::{elements, is_empty, members};
use super::problem::{Problems, ReadError, shown};
use super::value::Form;
use super::{Intake, Reading, Summary, json};

/// As much of an error's text is kept.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// What an answer says besides its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerHead {
    /// Why it was refused; empty where `operationResult` is `SUCCESS`.
    pub errors: Vec<AnswerError>,
    /// Its `responseDateTime`, if there is one that can be read.
    pub responded: Option<Stamp>,
    /// Its `page`, if it is there as a whole.
    pub page: Option<AnswerPage>,
}

/// One entry of `errors.error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerError {
    /// The vendor's code, like 4 for a session that has ended.
    pub code: Option<u32>,
    /// The text; of a very long one the beginning.
    pub message: String,
}

/// Which page an answer is, and of how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerPage {
    /// `currentPage`, from 1.
    pub current: u64,
    /// `pageSize`, which may be less than what was asked for.
    pub size: u64,
    /// `totalPage`.
    pub pages: u64,
    /// `totalResults`.
    pub results: u64,
}

/// A record that cannot be an activity: it lacks something, or has a value that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its `activityId`, if that can be read.
    pub id: Option<ActivityId>,
    /// Its `lastModifiedDateTime`, if that can be read.
    pub stamp: Option<Stamp>,
    /// The record as it came.
    pub record: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads one answer of `syncActivities`, `listActivities` or `retrieveActivity`, and hands over what it says as
/// [`read`](super::read) does, and records that are not right to `aside`. Of an answer that is a refusal, nothing is
/// handed over.
///
/// `name` stands in messages.
///
/// # Errors
/// When it is no such answer, or something in it is no record at all. Some of its records may have been handed over
/// then.
pub fn read_answer(
    name: &str,
    answer: &[u8],
    reading: Reading<'_>,
    each: &mut dyn FnMut(Imported) -> ControlFlow<()>,
    aside: &mut dyn FnMut(Unreadable),
) -> Result<AnswerHead, ReadError> {
    let (problems, summary) = (Problems::default(), Summary::default());
    let mut set_aside = |record: Unreadable| aside(record);
    let aside: Option<&mut dyn FnMut(Unreadable)> = Some(&mut set_aside);
    let mut intake = Intake {
        reading,
        each: &mut |imported| each(imported),
        aside,
        problems,
        summary,
        head: None,
    };
    json::read(&mut io::Cursor::new(answer), 1, &mut intake)
        .map_err(|source| ReadError::Io { name: name.to_owned(), source })?;
    let head = intake.head.take();
    match head {
        Some(head) if !head.errors.is_empty() => Ok(head),
        head => {
            intake.problems.verdict(name)?;
            head.ok_or_else(|| {
                let text = format!("no answer of API v1: {}", shown_bytes(answer));
                let source = io::Error::new(io::ErrorKind::InvalidData, text);
                ReadError::Io { name: name.to_owned(), source }
            })
        }
    }
}

fn shown_bytes(bytes: &[u8]) -> String {
    shown(String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).trim())
}

/// The members of an answer that say how it went, as JSON text.
pub(super) struct Told<'a> {
    pub(super) result: Option<&'a str>,
    pub(super) errors: Option<&'a str>,
    pub(super) responded: Option<&'a str>,
    pub(super) page: Option<&'a str>,
}

impl AnswerHead {
    pub(super) fn of(told: &Told<'_>) -> AnswerHead {
        let responded = told.responded.and_then(|text| Form::Json.text(text));
        let errors = match told.result {
            Some(r#""SUCCESS""#) => Vec::new(),
            _ => errors(told.errors, told.result),
        };
        AnswerHead {
            errors,
            responded: responded.and_then(|text| Moment::lower_bound(&text).ok()),
            page: told.page.and_then(page),
        }
    }
}

fn page(page: &str) -> Option<AnswerPage> {
    const NAMES: [&str; 4] =
        [answer::PAGE_NUMBER, answer::PAGE_SIZE, answer::PAGES, answer::RESULTS];
    let told = members(page, &NAMES, &mut |_, _| ()).ok()?;
    let number = |text: Option<&str>| Form::Json.text(text?)?.trim().parse().ok();
    let [current, size, pages, results] = told.map(number);
    Some(AnswerPage { current: current?, size: size?, pages: pages?, results: results? })
}

fn errors(errors: Option<&str>, result: Option<&str>) -> Vec<AnswerError> {
    let list = || -> Option<Vec<AnswerError>> {
        let [list] = members(errors?, &[answer::ERROR], &mut |_, _| ()).ok()?;
        let list = elements(list?).ok()?;
        list.into_iter().map(error).collect()
    };
    list().filter(|list| !list.is_empty()).unwrap_or_else(|| {
        let text = errors.filter(|text| !is_empty(text)).or(result).unwrap_or("no operationResult");
        vec![AnswerError { code: None, message: shown(text) }]
    })
}

fn error(entry: &str) -> Option<AnswerError> {
    let [code, message] =
        members(entry, &[answer::ERROR_CODE, answer::ERROR_MESSAGE], &mut |_, _| ()).ok()?;
    let code = code.and_then(|code| Form::Json.text(code)?.trim().parse().ok());
    let message = message.and_then(|message| Form::Json.text(message)).unwrap_or_default();
    Some(AnswerError { code, message: message.chars().take(MESSAGE_CHARS_MAX).collect() })
}
