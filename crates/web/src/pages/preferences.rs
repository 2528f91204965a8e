//! The preferences of a person.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::html;

use crate::form::{Label, Wrong, zone_control, zone_typed};
use crate::layout::{self, Nav, csrf, notice};
use crate::pages::calendar;
use crate::session::{Posted, Query};
use crate::{Problem, SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/preferences", get(show).post(save))
}

async fn show(who: SignedIn, Query(query): Query) -> Response {
    let chosen = who.person.system_user().and_then(|user| user.zone);
    let chosen = chosen.map_or_else(String::new, |zone| zone.name().to_owned());
    page(&who, &chosen, &Wrong::default(), done(query.get("done")))
}

/// The message that the address asks for.
fn done(name: &str) -> &'static str {
    match name {
        "1" => "Preferences saved.",
        calendar::REVOKED => "Calendar feed address revoked.",
        _ => "",
    }
}

fn page(who: &SignedIn, chosen: &str, wrong: &Wrong, done: &str) -> Response {
    let directory = who.person.tenant.directory();
    let help = format!(
        "Used for all times that you see and enter. Leave empty to use {}, the organization’s time zone.",
        directory.organization.zone,
    );
    let zone =
        Label { name: "zone", text: "Time zone", help: &help, required: false, ..Label::default() };
    let content = html! {
        (layout::head("Preferences", &html! {}))
        (wrong.notice())
        @if !done.is_empty() { (notice("ok", done)) }
        section.card {
            h2 { "Times" }
            form.edit action="/preferences" method="post" {
                (csrf(who))
                (zone_control(zone, chosen, wrong))
                div.buttons { button.primary type="submit" { "Save" } }
            }
        }
        (calendar::section(who))
    };
    (wrong.status(), layout::page(who, "Preferences", Nav::None, &content)).into_response()
}

async fn save(State(web): State<Web>, Posted { who, fields }: Posted) -> Result<Response, Problem> {
    let mut wrong = Wrong::default();
    let typed = fields.get("zone");
    let zone = if typed.is_empty() { Ok(None) } else { zone_typed(typed).map(Some) };
    match wrong.check("zone", zone) {
        Some(zone) => {
            web.service.set_zone(&who.person, zone).await?;
            Ok(Redirect::to("/preferences?done=1").into_response())
        }
        None => Ok(page(&who, typed, &wrong, "")),
    }
}
