//! Asks two servers the same questions, and tells where they answer differently.
//!
//! Nothing is changed at either. What two servers cannot have in common is set aside ([`SET_ASIDE`]): of a session
//! id only that there is one, of the time of an answer only the form in which it is written.

mod difference;
mod json;
mod question;
mod side;

use api_v1::method;
use domain::Stamp;
use serde::Serialize;
use thiserror::Error;

pub use difference::{Difference, Kind, MEMBERS, SET_ASIDE};
pub use question::RecordedError;
pub use side::Side;

use crate::SourceError;
use crate::source::PAGE_SIZE;
use question::{Known, Question, Session};

/// Why two servers could not be compared.
#[derive(Debug, Error)]
pub enum CompareError {
    /// One of them was not there, or went away.
    #[error("{address} is not available: {problem} (asked: {question})")]
    Unavailable {
        /// Which.
        address: String,
        /// What it was asked.
        question: String,
        /// What happened.
        problem: String,
    },
    /// One of them cannot be asked.
    #[error(transparent)]
    Server(#[from] SourceError),
    /// A recorded request cannot be asked.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
}

/// What is compared.
#[derive(Clone, Debug, Default)]
pub struct Extent {
    /// As many pages of 200 records are compared, the oldest change first.
    pub pages_max: u64,
    /// Recorded requests, one a line.
    pub recorded: String,
    /// More members whose values are set aside, as those of [`SET_ASIDE`].
    pub set_aside: Vec<String>,
}

/// How both servers answered a question.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// What they were asked.
    pub question: String,
    /// None: they answered the same.
    pub differences: Vec<Difference>,
}

/// Asks everything; `told` hears of each question as soon as both have answered it.
///
/// # Errors
/// When one of the servers cannot be asked, or a recorded request is not one, or might change something.
pub fn compare(
    left: &mut Side,
    right: &mut Side,
    extent: &Extent,
    told: &mut dyn FnMut(Asked),
) -> Result<(), CompareError> {
    let recorded = question::recorded(&extent.recorded)?;
    let (left_login, left_now) = left.log_in()?;
    let (right_login, right_now) = right.log_in()?;
    let mut tell = |question: &Question, one: &side::Reply, other: &side::Reply| {
        let differences = difference::differences(one, other, &extent.set_aside);
        told(Asked { question: question.name.clone(), differences });
    };
    tell(&Question::new("login", method::LOGIN, Session::None), &left_login, &right_login);
    let known = pages(left, right, left_now.min(right_now), extent.pages_max, &mut tell)?;
    let questions = question::built_in(left_now.min(right_now), &known).into_iter();
    let last =
        ["logout", "logout again"].map(|name| Question::new(name, method::LOGOUT, Session::Ended));
    for question in questions.chain(recorded).chain(last) {
        tell(&question, &left.ask(&question)?, &right.ask(&question)?);
    }
    Ok(())
}

type Tell<'t> = dyn FnMut(&Question, &side::Reply, &side::Reply) + 't;

/// The pages of everything; what further questions can be about.
fn pages(
    left: &mut Side,
    right: &mut Side,
    to: Stamp,
    pages_max: u64,
    tell: &mut Tell<'_>,
) -> Result<Known, CompareError> {
    let first = question::page(to, 1, PAGE_SIZE);
    let (one, other) = (left.ask(&first)?, right.ask(&first)?);
    tell(&first, &one, &other);
    let (known, there) = (Known::from(&one), Known::from(&other));
    // Servers may give less than they are asked for: then both are asked for as much as either gives.
    let size = known.page_size.min(there.page_size).clamp(1, PAGE_SIZE);
    let begin = if size < PAGE_SIZE { 1 } else { 2 };
    let pages = known.pages.max(there.pages).min(pages_max * PAGE_SIZE / size);
    for number in begin..=pages {
        let question = question::page(to, number, size);
        tell(&question, &left.ask(&question)?, &right.ask(&question)?);
    }
    Ok(known)
}
