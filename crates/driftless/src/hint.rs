//! Adds the command that helps to an error of the service. The service itself names no commands: its errors also
//! reach API clients and people in the pages.

use std::error::Error;

use service::{AdminError, ClockError, DAMAGED, ImportError, NotTaken, OpenError, StoreError};

use crate::commands::Failure;

/// The failure, with a hint where there is one.
pub(crate) fn hinted(failure: Failure) -> Failure {
    match hint(&*failure) {
        Some(hint) => format!("{failure}; {hint}").into(),
        None => failure,
    }
}

/// The same for a text.
pub(crate) fn hinted_text(text: String) -> String {
    if text.ends_with(DAMAGED) { format!("{text}; {CHECK}") } else { text }
}

const CHECK: &str = "`driftless check` shows where";
const ACCEPT_CLOCK: &str =
    "if the clock is right, start the server once with `driftless serve --accept-clock`";
const ACCEPT_CLOCK_BEHIND: &str = "if the clock is right, start the server once with `driftless serve --accept-clock`: integrations that have received a later time must then read everything again";

fn hint(error: &(dyn Error + Send + Sync + 'static)) -> Option<&'static str> {
    let of_admin = |error: &AdminError| match error {
        AdminError::UnknownOrg(_) => Some("`driftless org list` lists the organizations"),
        AdminError::UnknownUser(_) => Some("`driftless user list ORG` lists the users"),
        AdminError::UnknownKey(_) => Some("`driftless key list ORG` lists the keys"),
        AdminError::UnknownStatus(_) => Some("`driftless status list ORG` lists the statuses"),
        AdminError::UserIdsExhausted => Some("choose a free id with `driftless user add --id`"),
        _ => None,
    };
    let of_clock = |error: &ClockError| match error {
        ClockError::Ahead { .. } => Some(ACCEPT_CLOCK),
        ClockError::Behind { .. } => Some(ACCEPT_CLOCK_BEHIND),
        ClockError::Insane(_) => None,
    };
    let of_store = |error: &StoreError| match error {
        StoreError::Damaged(_) => Some(CHECK),
        StoreError::Unavailable(_) => None,
    };
    if let Some(error) = error.downcast_ref::<AdminError>() {
        return of_admin(error).or_else(|| of_text(error));
    }
    match error.downcast_ref::<ImportError>() {
        Some(ImportError::Admin(error)) => return of_admin(error).or_else(|| of_text(error)),
        Some(ImportError::NotTaken(NotTaken::HasActivities | NotTaken::LoggedIn)) => {
            return Some("`driftless org add` creates one");
        }
        _ => {}
    }
    match error.downcast_ref::<OpenError>() {
        Some(OpenError::Clock(error)) => return of_clock(error),
        Some(OpenError::Store(error)) => return of_store(error),
        _ => {}
    }
    error.downcast_ref::<StoreError>().map_or_else(|| of_text(error), of_store)
}

/// Damage is reported in many places, always with the same words at the end.
fn of_text(error: &dyn Error) -> Option<&'static str> {
    error.to_string().ends_with(DAMAGED).then_some(CHECK)
}
