//! The API keys of the organization, and what each has received.

mod key;
mod receipt;
mod state;

use std::cmp::Reverse;

use api_v1::{method, parameter};
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{KeyId, Name, Role, SystemUser, UserId, Zone};
use maud::{Markup, html};
use service::{AdminError, Directory, Integration, IntegrationState, NewKey};

use crate::created::{form_token, once};
use crate::fields::Fields;
use crate::form::{Label, Wrong, choice, line};
use crate::layout::{self, Nav, copied, counted, csrf, empty, notice};
use crate::session::{Number, Posted, Query};
use crate::times::{ago, interval};
use crate::{Problem, SignedIn, Web, api};

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/integrations", get(show).post(add_key))
        .route("/integrations/{key}", get(key::show))
        .route("/integrations/{key}/expected", post(key::expect))
        .route("/integrations/{key}/revoke", post(revoke))
}

async fn show(
    State(web): State<Web>,
    who: SignedIn,
    Query(query): Query,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let done = match (query.get("revoked"), query.get("added")) {
        ("", "") => html! {},
        ("", key) => notice(
            "warn",
            &format!(
                "Key {key} was already added and shown when the form was first sent. If you did not copy it then, revoke it and create another one."
            ),
        ),
        (key, _) => notice("ok", &format!("Key {key} was revoked and no longer works.")),
    };
    page(&web, &who, &done, &Fields::default(), &Wrong::default())
}

fn page(
    web: &Web,
    who: &SignedIn,
    above: &Markup,
    fields: &Fields,
    wrong: &Wrong,
) -> Result<Response, Problem> {
    let directory = who.person.tenant.directory();
    let all = web.service.integrations(&who.person.tenant);
    let is_revoked = |one: &Integration| one.state == IntegrationState::Revoked;
    let (revoked, mut live): (Vec<_>, Vec<_>) = all.into_iter().partition(is_revoked);
    // The worst come first; the order among equals stays.
    live.sort_by_key(|one| Reverse(one.severity()));
    let content = html! {
        (layout::head("Integrations", &html! {}))
        (wrong.notice())
        p.lead { "Give each script its own API key. This page shows what each one has received from API v1, and what it has missed." }
        (above)
        @if live.is_empty() {
            (empty("No API keys yet", "Add one below for your first script.", &html! {}))
        } @else {
            (table(who, &live, &directory))
            p.hint {
                "A poll is a request for everything that changed in a time range. A change counts as delivered once the page with it has been sent. "
                "A key counts as silent when it has not polled for four times its usual interval (and at least an hour), or for longer than you expect. "
                "Times are in " (who.clock.zone) ", to the millisecond as in the API."
            }
        }
        (new_key_form(web, who, fields, wrong)?)
        @if !revoked.is_empty() {
            details {
                summary { (counted(revoked.len() as u64, "revoked key", "revoked keys")) }
                (table(who, &revoked, &directory))
            }
        }
    };
    let page = layout::page(who, "Integrations", Nav::Integrations, &content);
    Ok((wrong.status(), page).into_response())
}

fn table(who: &SignedIn, integrations: &[Integration], directory: &Directory) -> Markup {
    let zone = &who.clock.zone;
    html! {
        div.scroll {
            table.grid {
                thead {
                    tr {
                        th scope="col" { "Key" }
                        th scope="col" { "State" }
                        th scope="col" { "Complete up to" }
                        th scope="col" { "Never delivered" }
                        th scope="col" { "Behind by" }
                        th scope="col" { "Last poll" }
                        th scope="col" { span.unseen { "Actions" } }
                    }
                }
                tbody { @for one in integrations { (row(who, one, directory, zone)) } }
            }
        }
    }
}

fn row(who: &SignedIn, one: &Integration, directory: &Directory, zone: &Zone) -> Markup {
    let key = &one.key;
    let user = directory.users.get(&key.user);
    let address = format!("/integrations/{}", key.id);
    let lost = one.missing.changes();
    html! {
        tr {
            td.title data-label="Key" {
                a href=(address) { (named(one)) }
                small {
                    "Key " (key.id) ", " (user.map_or_else(String::new, |user| user.name.to_string()))
                    @if user.is_some_and(|user| user.disabled) { " (disabled, so the key does not work)" }
                }
            }
            td.title data-label="State" {
                (state::badge(one))
                small { (state::sentence(one, zone)) }
                @for hint in &one.hints { small { (state::hint(*hint, zone)) } }
            }
            td.when data-label="Complete up to" { (state::complete(one, zone)) }
            td data-label="Never delivered" {
                @if lost > 0 {
                    a href={ (address) "#undelivered" } { (counted(lost, "change", "changes")) }
                } @else if one.poll.is_some() {
                    "none"
                }
            }
            td data-label="Behind by" { @if one.poll.is_some() { (state::behind(one, zone)) } @else { "everything" } }
            td.when data-label="Last poll" {
                @match (&one.poll, one.ago_ms) {
                    (Some(poll), Some(ms)) => {
                        time datetime=(zone.at(poll.last_at)) title=(zone.at(poll.last_at)) { (ago(ms)) }
                        @if let Some(rhythm) = one.rhythm_ms { br; span.muted { "usually every " (state::rhythm_in_words(rhythm)) } }
                        @if let Some(expected) = key.expected { br; span.muted { "expected every " (interval(expected.millis())) } }
                    }
                    _ => "never",
                }
            }
            td { @if !key.revoked { (revoke_form(who, one)) } }
        }
    }
}

fn named(one: &Integration) -> &str {
    if one.key.label.is_empty() { "Unnamed key" } else { &one.key.label }
}

/// Asks for confirmation, with or without scripts.
fn revoke_form(who: &SignedIn, one: &Integration) -> Markup {
    html! {
        details.menu {
            summary { "Revoke" }
            form action={ "/integrations/" (one.key.id) "/revoke" } method="post" {
                (csrf(who))
                p.hint { "Scripts that use “" (named(one)) "” stop working at once. This cannot be undone." }
                button.danger type="submit" { "Revoke permanently" }
            }
        }
    }
}

fn new_key_form(
    web: &Web,
    who: &SignedIn,
    fields: &Fields,
    wrong: &Wrong,
) -> Result<Markup, Problem> {
    let directory = who.person.tenant.directory();
    let label = Label {
        name: "label",
        text: "Label",
        help: "What it is for, like “mailer sync”.",
        required: false,
        ..Label::default()
    };
    let user = Label {
        name: "user",
        text: "On behalf of",
        help: "The key has this person’s permissions, and its changes carry their name.",
        required: true,
        ..Label::default()
    };
    let people = directory.users.values().filter(|user| !user.disabled);
    let people: Vec<(String, String)> = people
        .map(|user| (user.id.to_string(), format!("{} ({})", user.name, user.role)))
        .collect();
    let options = people.iter().map(|(id, text)| (id.clone(), text.as_str()));
    let chosen = fields.get("user");
    let own = who.person.user.to_string();
    Ok(html! {
        div.card {
            h2 { "New API key" }
            form.edit action="/integrations" method="post" {
                (csrf(who))
                (form_token(web)?)
                div.pair {
                    (line(label, "text", fields.raw("label"), wrong))
                    (choice(user, options, if chosen.is_empty() { &own } else { chosen }, wrong))
                }
                div.buttons { button.primary type="submit" { "Add key" } }
            }
        }
    })
}

async fn add_key(
    State(web): State<Web>,
    headers: HeaderMap,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let directory = who.person.tenant.directory();
    let mut wrong = Wrong::default();
    let label = Some(fields.get("label")).filter(|label| !label.is_empty());
    let label = label.and_then(|label| wrong.check("label", Name::parse(label)));
    let user = wrong.check("user", user(fields.get("user"), &directory));
    if let Some(user) = user.filter(|_| wrong.is_empty()) {
        let (service, person) = (web.service.clone(), who.person.clone());
        let add = async move {
            let key = service.add_key(&person, user, label).await?;
            Ok((key.id.0, key))
        };
        match once(&web, &who, &fields, add).await? {
            Ok((_, Some(key))) => return Ok(added_page(&web, &who, &headers, &key)),
            // The secret is not stored, so it cannot be shown again.
            Ok((id, None)) => {
                let added = Fields::of([("added", id.to_string())]);
                return Ok(Redirect::to(&added.address("/integrations")).into_response());
            }
            // Disabled a moment ago.
            Err(AdminError::UserDisabled(_)) => {
                wrong.add("user", "This user has just been disabled: choose another");
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    page(&web, &who, &html! {}, &fields, &wrong)
}

fn user(id: &str, directory: &Directory) -> Result<UserId, &'static str> {
    let live = |user: &&SystemUser| user.id.to_string() == id && !user.disabled;
    directory.users.values().find(live).map(|user| user.id).ok_or("Choose an active user")
}

/// The only page that ever shows the secret.
fn added_page(web: &Web, who: &SignedIn, headers: &HeaderMap, key: &NewKey) -> Response {
    let parameters = [
        (parameter::LOGIN_KEY, key.secret.clone()),
        (parameter::LOGIN_ORG, who.person.tenant.id.to_string()),
    ];
    let login = api::curl(&api::address(web, headers, method::LOGIN, &parameters));
    let content = html! {
        (layout::head("New API key", &html! {}))
        (notice("warn", "This key is shown only once. Copy it now: it cannot be looked up later."))
        div.card {
            h2 { "Key " (key.id) }
            (copied("new-key", "Copy key", &key.secret))
            h2 { "Log in with this key" }
            (copied("login-curl", "Copy curl command", &login))
            p.hint { "The answer contains a " code { (parameter::SESSION) } ". Send it with every other request." }
        }
        p { a.button href="/integrations" { "Back to Integrations" } }
    };
    layout::page(who, "New API key", Nav::Integrations, &content)
}

async fn revoke(
    State(web): State<Web>,
    Number(key): Number,
    Posted { who, .. }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = KeyId(key);
    web.service.revoke_key(&who.person, id).await?;
    let done = Fields::default().with("revoked", &id.to_string());
    Ok(Redirect::to(&done.address("/integrations")).into_response())
}
