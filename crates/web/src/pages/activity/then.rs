//! What is to happen when an activity's form has been saved: that it is done with, and what follows.

use axum::response::{IntoResponse, Redirect, Response};
use domain::{ActivityId, Seq};

use super::content::{Part, Typed};
use super::{Names, address};
use crate::fields::Fields;
use crate::pages::names::done_status;
use crate::pages::told::Told;

/// The values of the buttons that do more than save.
pub(super) const DONE: &str = "done";
pub(super) const FOLLOW_UP: &str = "follow-up";

/// The field of a form that comes from the page of a conflict.
pub(super) const SETTLED: &str = "settled";

/// What a form's button asks for besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: the activity is shown.
    Stay,
    /// It is done: back to where it was opened from.
    Done,
    /// It is done: the form for what follows.
    FollowUp,
}

impl Then {
    /// The button's value; empty for the one that only saves.
    pub(super) fn name(self) -> &'static str {
        match self {
            Then::Stay => "",
            Then::Done => DONE,
            Then::FollowUp => FOLLOW_UP,
        }
    }

    /// Reads the button; what is done gets the status for it.
    pub(super) fn read(fields: &Fields, names: &Names, typed: &mut Typed) -> Then {
        let then = match fields.get("then") {
            DONE => Then::Done,
            FOLLOW_UP => Then::FollowUp,
            _ => return Then::Stay,
        };
        // On the page of a conflict somebody may have chosen another one since.
        if fields.has(SETTLED) {
            return then;
        }
        let chosen = typed.get(Part::Status).parse().ok().map(domain::StatusId);
        let status = chosen.and_then(|id| names.directory.statuses.get(&id));
        if let (false, Some(done)) =
            (status.is_some_and(|status| status.done), done_status(&names.directory))
        {
            typed.set(Part::Status, done.to_string());
        }
        then
    }

    /// Where one goes on after the activity has been saved, which `done` says how.
    /// `version` is the one that was made, where one was.
    pub(super) fn go_on(
        self,
        id: ActivityId,
        version: Option<Seq>,
        done: &str,
        back: &str,
    ) -> Response {
        let told = version.map_or(Told::Nothing, |version| Told::Changed(id, version));
        let page = match self {
            Then::Stay => {
                let back = if back == "/activities" { "" } else { back };
                let shown = Fields::of([("done", done), ("back", back)]);
                shown.address(&address(id))
            }
            Then::Done => told.at(back),
            Then::FollowUp => {
                let after = Fields::of([("after", id.to_string()), ("back", back.to_owned())]);
                told.at(&after.address("/activities/new"))
            }
        };
        Redirect::to(&page).into_response()
    }
}
