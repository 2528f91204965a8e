//! What happens after an activity's form is saved: back to the activity, marked as done, or on to a follow-up.

use axum::response::{IntoResponse, Redirect, Response};
use domain::{ActivityId, Member, Seq};

use super::content::Typed;
use super::{Names, address};
use crate::fields::Fields;
use crate::pages::names::done_status;
use crate::pages::told::Told;

/// The values of the buttons that do more than save.
pub(super) const DONE: &str = "done";
pub(super) const FOLLOW_UP: &str = "follow-up";

/// The field of a form that comes from the conflict page.
pub(super) const SETTLED: &str = "settled";

/// What a form's button does in addition to saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: show the activity.
    Stay,
    /// Marks it as done and goes back to where it was opened from.
    Done,
    /// Marks it as done and opens the form for a follow-up.
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

    /// Reads the button, and sets the done status if it asks for that.
    pub(super) fn read(fields: &Fields, names: &Names, typed: &mut Typed) -> Then {
        let then = match fields.get("then") {
            DONE => Then::Done,
            FOLLOW_UP => Then::FollowUp,
            _ => return Then::Stay,
        };
        // The person may have chosen another status on the conflict page.
        if fields.has(SETTLED) {
            return then;
        }
        let chosen = typed.get(Member::StatusId).parse().ok().map(domain::StatusId);
        let status = chosen.and_then(|id| names.directory.statuses.get(&id));
        if let (false, Some(done)) =
            (status.is_some_and(|status| status.done), done_status(&names.directory))
        {
            typed.set(Member::StatusId, done.to_string());
        }
        then
    }

    /// Redirects after the activity has been saved; `done` is the message to show, `version` the new version, if one
    /// was made.
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
