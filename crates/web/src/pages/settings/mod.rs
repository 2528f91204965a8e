//! The settings: the organization, its users and its statuses.

mod audit;
mod statuses;
mod users;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{Name, Role};
use maud::{Markup, html};

use super::getting_started;
use crate::fields::Fields;
use crate::form::{Label, Wrong, line, zone_control, zone_typed};
use crate::layout::{self, Nav, csrf, notice};
use crate::session::{Posted, Query};
use crate::{Problem, SignedIn, Web};

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/settings", get(show))
        .route("/settings/organization", post(change_org))
        .merge(audit::routes())
        .merge(users::routes())
        .merge(statuses::routes())
}

/// A form as it came in, and its errors.
#[derive(Default)]
struct Typed {
    fields: Fields,
    wrong: Wrong,
}

impl Typed {
    /// What was typed into a field, or the present value if the field was not sent.
    fn or<'a>(&'a self, name: &str, there: &'a str) -> &'a str {
        if self.fields.has(name) { self.fields.raw(name) } else { there }
    }
}

/// The messages that an address can ask for.
const DONE: [(&str, &str); 5] = [
    ("organization", "Organization saved."),
    ("user", "User saved."),
    ("status", "Status saved."),
    ("added", "Status added at the end of the list. Move it where you want it."),
    ("hidden", "Checklist hidden."),
];

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    overview(&web, &who, query.get("done"), &Typed::default())
}

fn overview(web: &Web, who: &SignedIn, done: &str, typed: &Typed) -> Result<Response, Problem> {
    let done = DONE.iter().find(|(name, _)| *name == done);
    let content = html! {
        (layout::head("Settings", &html! {}))
        (typed.wrong.notice())
        @if let Some((_, text)) = done { (notice("ok", text)) }
        section.card #organization { h2 { "Organization" } (organization(who, typed)) }
        section #users { h2 { "Users" } (users::list(web, who)) }
        section #statuses { h2 { "Statuses" } (statuses::list(web, who, typed)?) }
        @if who.imports() { section.card #import {
            h2 { "Import" }
            p { "Bring in activities from a workbook, CSV or saved API answers. You see what would change before anything is written." }
            p { a.button href="/import" { "Import a file" } }
        } }
        section.card #audit {
            h2 { "Audit log" }
            p { "See who signed in, changed people, keys or settings, or took data out." }
            p { a.button href="/settings/audit" { "Open the audit log" } }
        }
        section.card #getting-started { h2 { "Getting started" } (getting_started::setting(web, who)) }
    };
    let page = layout::page(who, "Settings", Nav::Settings, &content);
    Ok((typed.wrong.status(), page).into_response())
}

fn organization(who: &SignedIn, typed: &Typed) -> Markup {
    let directory = who.person.tenant.directory();
    let there = &directory.organization;
    let name = Label { name: "org_name", text: "Name", required: true, ..Label::default() };
    let zone = Label {
        name: "zone",
        text: "Time zone",
        help: "Used for all times, and for when a day starts. People can choose their own in Preferences.",
        required: true,
        ..Label::default()
    };
    html! {
        form.edit action="/settings/organization" method="post" {
            (csrf(who))
            div.pair {
                (line(name, "text", typed.or("org_name", there.name.as_str()), &typed.wrong))
                (zone_control(zone, typed.or("zone", there.zone.name()), &typed.wrong))
            }
            p.hint { "The organization ID, for signing in and for scripts, is " code { (there.id) } "." }
            div.buttons { button.primary type="submit" { "Save" } }
        }
    }
}

async fn change_org(
    State(web): State<Web>,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let mut wrong = Wrong::default();
    let name = wrong.check("org_name", Name::parse(fields.raw("org_name")));
    let zone = wrong.check("zone", zone_typed(fields.get("zone")));
    if let (Some(name), Some(zone)) = (name, zone) {
        web.service.change_org(&who.person, Some(name), Some(zone)).await?;
        return Ok(Redirect::to("/settings?done=organization").into_response());
    }
    overview(&web, &who, "", &Typed { fields, wrong })
}
