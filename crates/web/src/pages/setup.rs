//! Creates the first admin, by the link that the server prints when it starts and no one can sign in yet.
//!
//! The link's token also shows that the form is ours, because no other site knows it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::{LoginName, Name, ORG_ID_CHARS_MAX, OrgId, Zone};
use maud::{Markup, html};
use service::{
    AdminError, FirstAdmin, FirstOrg, NewSession, Password, SetupError, SignInError, Tenant,
};

use super::sign_in;
use crate::cookies::Cookie;
use crate::fields::Fields;
use crate::form::{Label, Wrong, choice, field, line, options, zone_typed};
use crate::layout;
use crate::problem::{capitalized, shown};
use crate::reached::client;
use crate::{Problem, Web, body};

pub(crate) fn routes() -> Router<Web> {
    Router::new().route("/setup", get(show).post(set_up))
}

/// Tells people where to find the link.
const WHERE_THE_LINK_IS: &str = "The server prints a setup link when it starts. Look in its terminal, or in its log (journalctl, docker logs).";

async fn show(State(web): State<Web>, request: Request) -> Response {
    let query = Fields::parse(request.uri().query().unwrap_or_default().as_bytes());
    let (parts, _) = request.into_parts();
    // An address without a token is not an attempt to guess one.
    if query.raw("token").is_empty() && !web.service.can_anybody_sign_in() {
        return refused(&web, None);
    }
    match web.service.check_setup(query.raw("token"), client(&parts.extensions)) {
        Err(problem) => refused(&web, Some(&problem)),
        Ok(()) => form(&web, &query, &Wrong::default()),
    }
}

/// Says why the form is not shown, and what to do.
fn refused(web: &Web, problem: Option<&SetupError>) -> Response {
    let (status, title) = match problem {
        Some(SetupError::Done) => (StatusCode::GONE, "This server is already set up"),
        Some(SetupError::TooManyAttempts(_)) => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many attempts")
        }
        Some(_) => (StatusCode::FORBIDDEN, "This setup link is not valid"),
        None => (StatusCode::FORBIDDEN, "Open the setup link"),
    };
    let content = html! {
        div.card.narrow.setup {
            h1 { (title) }
            @match problem {
                Some(SetupError::Done) => {
                    p { "The setup link has already been used. An admin can add everyone else in Settings." }
                    div.buttons { a.button.primary href="/sign-in" { "Sign in" } }
                }
                Some(SetupError::TooManyAttempts(problem)) => {
                    p { (shown(problem)) }
                    (on_the_server(web))
                }
                Some(_) => {
                    p { "A setup link works once, and only until the server stops. Restart the server to get a new one." }
                    (on_the_server(web))
                }
                None => {
                    p { (WHERE_THE_LINK_IS) }
                    (on_the_server(web))
                }
            }
        }
    };
    (status, layout::bare(title, &content)).into_response()
}

/// Takes the place of the sign-in form while no one can sign in.
pub(super) fn nobody_yet(web: &Web) -> Markup {
    html! {
        div.card.narrow.setup {
            h1 { "No one can sign in yet" }
            p { (WHERE_THE_LINK_IS) " Open it to create the first admin." }
            (on_the_server(web))
        }
    }
}

/// The commands that do the same.
fn on_the_server(web: &Web) -> Markup {
    let orgs = web.service.orgs();
    let (first, org) = match &*orgs {
        [] => ("driftless org add acme --time-zone America/Chicago\n", "acme".to_owned()),
        [org] => ("", org.id.to_string()),
        _ => ("", "ORG".to_owned()),
    };
    let user =
        format!("driftless user add {org} \"Your Name\" --role admin --login you --password-stdin");
    let (which, several) = match first {
        "" => ("this command", "it"),
        _ => ("these commands", "each of them"),
    };
    html! {
        p { "Can’t find the link? Run " (which) " on the server instead:" }
        pre.copy { (first) (user) }
        p.hint {
            "You will be asked for a password. If the data folder is not " code { "./driftless-data" }
            ", add " code { "--data DIR" } " to " (several) "."
            @if orgs.len() > 1 { " " code { "driftless org list" } " lists the organizations." }
        }
    }
}

fn form(web: &Web, fields: &Fields, wrong: &Wrong) -> Response {
    let typed = |name, text, help, is_first| {
        let label = Label { name, text, help, required: true, is_first, ..Label::default() };
        line(label, "text", fields.raw(name), wrong)
    };
    let secret = |name, text, help| {
        let label = Label { name, text, help, required: true, ..Label::default() };
        line(label, "password", "", wrong)
    };
    let orgs = web.service.orgs();
    let has_orgs = !orgs.is_empty();
    let content = html! {
        div.card.narrow.setup {
            h1 { "Set up Driftless" }
            @if wrong.is_empty() {
                p {
                    @if has_orgs { "Create the first admin." } @else { "Create your organization and its first admin." }
                    " This link works once."
                }
            }
            (wrong.notice())
            form.edit action="/setup" method="post" data-setup {
                input type="hidden" name="token" value=(fields.raw("token"));
                @if has_orgs {
                    (existing(&orgs, fields, wrong))
                } @else {
                    h2 { "Your organization" }
                    (typed("org_name", "Name", "", true))
                    (typed("org", "ID", "A short name like acme. People and scripts use it to sign in. It cannot be changed later.", false))
                    (zone(fields, wrong))
                }
                h2 { "You, the first admin" }
                (typed("name", "Your name", "", has_orgs))
                (login(fields, wrong))
                (secret("password", "Password", "At least 10 characters. Several words in a row are easy to remember."))
                (secret("again", "Confirm password", ""))
                div.buttons { button.primary type="submit" { "Set up and sign in" } }
            }
        }
        p.hint {
            "Moving from NeonCRM? To keep the original times of change, run "
            code { "driftless import" } " before anyone signs in. Then open this link."
        }
    };
    (wrong.status(), layout::bare("Set up", &content)).into_response()
}

/// A field that password managers recognize as the user name.
fn login(fields: &Fields, wrong: &Wrong) -> Markup {
    let label = Label {
        name: "login",
        text: "Login name",
        help: "Without spaces, like ada or ada@example.org.",
        required: true,
        ..Label::default()
    };
    field(label, wrong, |part| {
        html! {
            input id=(part.id) name=(label.name) value=(fields.raw("login")) required autocomplete="username"
                autocapitalize="none" spellcheck="false" autofocus[part.focus] aria-describedby=[part.described]
                aria-invalid=[part.invalid];
        }
    })
}

/// Lets the person choose which of the existing organizations gets the admin.
fn existing(orgs: &[Arc<Tenant>], fields: &Fields, wrong: &Wrong) -> Markup {
    let name = |org: &Tenant| format!("{} ({})", org.directory().organization.name, org.id);
    if let [org] = orgs {
        return html! {
            p { "You become the first admin of " b { (name(org)) } "." }
            input type="hidden" name="org" value=(org.id);
        };
    }
    let named: Vec<(String, String)> =
        orgs.iter().map(|org| (org.id.to_string(), name(org))).collect();
    let label = Label { name: "org", text: "Organization", required: true, ..Label::default() };
    let offered = named.iter().map(|(id, name)| (id.clone(), name.as_str()));
    choice(label, offered, fields.get("org"), wrong)
}

/// A script preselects the time zone of the browser.
fn zone(fields: &Fields, wrong: &Wrong) -> Markup {
    let label = Label {
        name: "zone",
        text: "Time zone",
        help: "Used for all times, and for when a day starts. You can change it later.",
        required: true,
        ..Label::default()
    };
    let names = Zone::names();
    let none = [(String::new(), "Choose…")];
    let offered = none.into_iter().chain(names.iter().map(|name| (name.clone(), name.as_str())));
    field(label, wrong, |part| {
        html! {
            select id=(part.id) name=(label.name) required data-own-zone aria-describedby=[part.described]
                aria-invalid=[part.invalid] {
                (options(offered, fields.get("zone")))
            }
        }
    })
}

async fn set_up(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sender = body::sender(&parts.extensions);
    let (bytes, _held) = body::read(body, body::FREE_BYTES, &web.budget, sender, |_| false).await?;
    let (fields, from) = (Fields::parse(&bytes), client(&parts.extensions));
    if let Err(problem) = web.service.check_setup(fields.raw("token"), from) {
        tracing::warn!(%problem, peer = from.map(tracing::field::display), "setup refused");
        return Ok(refused(&web, Some(&problem)));
    }
    let mut wrong = Wrong::default();
    let (Some(org), Some(admin)) =
        (read_org(&web, &fields, &mut wrong), read_admin(&fields, &mut wrong))
    else {
        return Ok(form(&web, &fields, &wrong));
    };
    let id = match &org {
        FirstOrg::New { id, .. } | FirstOrg::Existing(id) => id.clone(),
    };
    let login = admin.login.to_string();
    let devices = web.cookies.get(&parts.headers, Cookie::Device).unwrap_or_default();
    match web.service.set_up(fields.raw("token"), from, org, admin, devices).await {
        Ok(session) => {
            tracing::info!(org = %id, "set up: the first admin is signed in");
            return Ok(signed_in(&web, &parts.headers, &session, &id, &login));
        }
        Err(SetupError::Admin(AdminError::Unavailable(problem))) => {
            return Err(Problem::Unavailable(problem));
        }
        Err(SetupError::Admin(AdminError::Busy(problem))) => {
            return Err(Problem::Busy(shown(&problem)));
        }
        Err(SetupError::Admin(AdminError::Password(problem))) => {
            wrong.add("password", problem.to_string());
        }
        Err(SetupError::Admin(AdminError::LoginExists(..))) => {
            wrong.add("login", "is already taken");
        }
        Err(SetupError::Admin(AdminError::OrgExists(_))) => wrong.add("org", "is already taken"),
        Err(SetupError::Admin(problem)) => wrong.add("org", capitalized(&problem)),
        // The admin has been created, and can use the sign-in form.
        Err(SetupError::SignIn(SignInError::Unavailable(problem))) => {
            return Err(Problem::Unavailable(problem));
        }
        Err(problem) => return Ok(refused(&web, Some(&problem))),
    }
    Ok(form(&web, &fields, &wrong))
}

fn signed_in(
    web: &Web,
    headers: &HeaderMap,
    session: &NewSession,
    org: &OrgId,
    login: &str,
) -> Response {
    let who = Fields::of([("org", org.as_str()), ("login", login)]);
    sign_in::signed_in(web, headers, session, &who)
}

fn read_org(web: &Web, fields: &Fields, wrong: &mut Wrong) -> Option<FirstOrg> {
    let is_new = web.service.orgs().is_empty();
    let name = is_new.then(|| wrong.check("org_name", Name::parse(fields.raw("org_name"))));
    let id = OrgId::parse(fields.get("org")).map_err(|_| {
        format!("must have 1 to {ORG_ID_CHARS_MAX} letters (a to z), digits, “.”, “_” or “-”, and no spaces")
    });
    let id = wrong.check("org", id);
    let zone = is_new.then(|| wrong.check("zone", zone_typed(fields.get("zone"))));
    match (name, zone) {
        (Some(name), Some(zone)) => Some(FirstOrg::New { id: id?, name: name?, zone: zone? }),
        _ => id.map(FirstOrg::Existing),
    }
}

fn read_admin(fields: &Fields, wrong: &mut Wrong) -> Option<FirstAdmin> {
    let name = wrong.check("name", Name::parse(fields.raw("name")));
    let login = wrong.check("login", LoginName::parse(fields.raw("login")));
    let password = wrong.check("password", Password::parse(fields.raw("password")));
    if password.is_some() && fields.raw("password") != fields.raw("again") {
        wrong.add("again", "The passwords do not match");
        return None;
    }
    Some(FirstAdmin { name: name?, login: login?, password: password? })
}
