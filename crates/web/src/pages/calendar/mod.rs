//! The calendar feed of a person: its secret address and its content.

mod feed;
mod ical;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};

use crate::layout::{self, Nav, copied, csrf, notice};
use crate::session::Posted;
use crate::times::{self, Shape};
use crate::{Problem, SignedIn, Web, api};

/// The message that the preferences show.
pub(crate) const REVOKED: &str = "calendar-revoked";

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/calendar/{org}/{user}/{file}", get(feed::show))
        .route("/preferences/calendar", post(create))
        .route("/preferences/calendar/revoke", post(revoke))
}

/// The section of the preferences about the feed.
pub(crate) fn section(who: &SignedIn) -> Markup {
    let feed = who.person.system_user().and_then(|user| user.calendar);
    html! {
        section.card {
            h2 { "Calendar feed" }
            p { "Subscribe to your activities in a calendar app. The app can read them but cannot change anything." }
            @if let Some(feed) = feed {
                p { "You created the address on " (times::time(feed.created, &who.clock, Shape::Date)) ". It was shown then and cannot be shown again." }
                div.buttons {
                    (create_form(who, "Replace the address", Some("Replace the address? Apps that use the current one will stop getting your activities.")))
                    form action="/preferences/calendar/revoke" method="post"
                        data-confirm="Revoke the address? Apps that use it will stop getting your activities." {
                        (csrf(who))
                        button.danger type="submit" { "Revoke the address" }
                    }
                }
            } @else {
                (create_form(who, "Create an address", None))
            }
        }
    }
}

fn create_form(who: &SignedIn, button: &str, question: Option<&str>) -> Markup {
    html! {
        form action="/preferences/calendar" method="post" data-confirm=[question] {
            (csrf(who))
            button type="submit" { (button) }
        }
    }
}

/// A form that is sent twice creates two addresses; the one shown last is the valid one.
async fn create(
    State(web): State<Web>,
    headers: HeaderMap,
    Posted { who, .. }: Posted,
) -> Result<Response, Problem> {
    let secret = web.service.create_calendar(&who.person).await?;
    let (org, user) = (&who.person.tenant.id, who.person.user);
    let root = api::root_or_unknown(&web, &headers);
    let address = format!("{root}/calendar/{org}/{user}/{secret}.ics");
    let content = html! {
        (layout::head("Your calendar feed", &html! {}))
        (notice("warn", "This address is shown only once. Anyone who knows it can read your activities, so keep it private."))
        div.card {
            h2 { "The address" }
            (copied("calendar-address", "Copy address", &address))
            p { "In your calendar app, choose a command like “Subscribe to a calendar” or “Add from URL”, and paste the address." }
            h2 { "Including done activities" }
            p { "The feed leaves out done activities. To include them, use this address instead:" }
            (copied("calendar-address-done", "Copy address", &format!("{address}?{}", feed::WITH_DONE)))
            p.hint { "The feed reaches " (service::CALENDAR_DAYS_BACK) " days back and a year ahead. Your calendar app decides how often it checks for changes; some do so only once a day." }
        }
        p { a.button href="/preferences" { "Back to Preferences" } }
    };
    Ok(layout::page(&who, "Your calendar feed", Nav::None, &content))
}

async fn revoke(State(web): State<Web>, Posted { who, .. }: Posted) -> Result<Response, Problem> {
    web.service.revoke_calendar(&who.person, who.person.user).await?;
    Ok(Redirect::to(&format!("/preferences?done={REVOKED}")).into_response())
}
