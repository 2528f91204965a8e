//! The users: their names, roles and logins.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{LoginName, Name, Role, SystemUser, UserId};
use maud::{Markup, html};
use service::{AdminError, Directory, NewUser, Password, UserChange};

use super::Typed;
use crate::created::{form_token, once};
use crate::form::{Label, Wrong, choice, field, line};
use crate::layout::{self, Nav, counted, csrf, notice};
use crate::pages::names;
use crate::session::{Number, Posted, Query};
use crate::times::{self, Shape, ago};
use crate::{Problem, SignedIn, Web};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/settings/users", post(add))
        .route("/settings/users/new", get(new))
        .route("/settings/users/{id}", get(show).post(change))
        .route("/settings/users/{id}/login", post(set_login))
        .route("/settings/users/{id}/calendar/revoke", post(revoke_calendar))
        .route("/settings/users/{id}/disable", post(disable))
        .route("/settings/users/{id}/enable", post(enable))
}

/// Roles, and what each may do.
const ROLES: [(Role, &str); 3] = [
    (Role::Viewer, "Viewer: can see everything"),
    (Role::Editor, "Editor: can also change activities"),
    (Role::Admin, "Admin: can also change settings"),
];

/// All users, with disabled ones last.
pub(super) fn list(web: &Web, who: &SignedIn) -> Markup {
    let directory = who.person.tenant.directory();
    let mut users: Vec<&SystemUser> = directory.users.values().collect();
    users.sort_by_cached_key(|user| (user.disabled, service::place(user.name.as_str()), user.id));
    let seen = web.service.last_seen(&who.person.tenant);
    let last_seen =
        |user: UserId| Some(ago(web.service.now().millis() - seen.get(&user)?.millis()));
    html! {
        div.scroll { table.grid {
            thead { tr {
                th scope="col" { "Name" }
                th scope="col" { "Role" }
                th scope="col" { "Login name" }
                th scope="col" { "Last seen" }
                th.num scope="col" { "ID" }
            } }
            tbody { @for user in users {
                tr {
                    td.title data-label="Name" {
                        a href={ "/settings/users/" (user.id) } { (user.name) }
                        @if user.id == who.person.user { " " span.badge.muted { "you" } }
                        @if user.disabled { " " span.badge.bad { "disabled" } }
                    }
                    td data-label="Role" { (user.role) }
                    td data-label="Login name" {
                        @match &user.login {
                            Some(login) => {
                                (login.name)
                                @if login.password.is_none() { " " span.badge.muted { "no password yet" } }
                            }
                            None => span.muted { "cannot sign in" },
                        }
                    }
                    td.when data-label="Last seen" { (last_seen(user.id).unwrap_or_default()) }
                    td.num data-label="ID" { (user.id) }
                }
            } }
        } }
        div.buttons { a.button href="/settings/users/new" { "Add user" } }
    }
}

async fn new(State(web): State<Web>, who: SignedIn) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    new_page(&web, &who, &Typed::default())
}

fn new_page(web: &Web, who: &SignedIn, typed: &Typed) -> Result<Response, Problem> {
    let content = html! {
        (layout::head("Add user", &html! {}))
        (typed.wrong.notice())
        form.edit action="/settings/users" method="post" {
            (csrf(who))
            (form_token(web)?)
            (name_and_role(typed, "", Role::Editor))
            (login_name(typed, "", "Only for people who sign in here. Leave empty for a user that only scripts use.", false))
            (password(typed))
            div.buttons {
                button.primary type="submit" { "Add user" }
                a.button.quiet href="/settings#users" { "Cancel" }
            }
        }
    };
    let page = layout::page(who, "Add user", Nav::Settings, &content);
    Ok((typed.wrong.status(), page).into_response())
}

fn name_and_role(typed: &Typed, name: &str, role: Role) -> Markup {
    let label = Label { name: "name", text: "Name", required: true, ..Label::default() };
    let roles = ROLES.map(|(role, text)| (role.to_string(), text));
    let chosen = typed.or("role", role.as_str());
    let role = Label { name: "role", text: "Role", required: true, ..Label::default() };
    html! {
        div.pair {
            (line(label, "text", typed.or("name", name), &typed.wrong))
            (choice(role, roles, chosen, &typed.wrong))
        }
    }
}

/// Keeps browsers from filling in the admin's own name.
fn login_name(typed: &Typed, there: &str, help: &str, required: bool) -> Markup {
    let label = Label { name: "login", text: "Login name", help, required, ..Label::default() };
    unremembered(label, typed, typed.or("login", there))
}

fn password(typed: &Typed) -> Markup {
    let help =
        "At least 10 characters. Leave empty to generate one, which is then shown to you once.";
    unremembered(
        Label { name: "password", text: "Password", help, required: false, ..Label::default() },
        typed,
        "",
    )
}

fn unremembered(label: Label<'_>, typed: &Typed, value: &str) -> Markup {
    field(label, &typed.wrong, |part| {
        html! {
            input id=(part.id) name=(label.name) value=(value) required[label.required] autocomplete="off"
                autocapitalize="none" spellcheck="false" aria-describedby=[part.described] autofocus[part.focus]
                aria-invalid=[part.invalid];
        }
    })
}

async fn add(State(web): State<Web>, Posted { who, fields }: Posted) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let mut typed = Typed { fields, wrong: Wrong::default() };
    let (name, role) = read_name_and_role(&mut typed);
    let wants_login = ["login", "password"].iter().any(|field| !typed.fields.get(field).is_empty());
    let login = if wants_login { read_login(&web, &mut typed)? } else { None };
    if let (Some(name), Some(role), true) = (name, role, typed.wrong.is_empty()) {
        let user = NewUser { id: None, name, role };
        let of_login = login.as_ref().map(|new| (new.name.clone(), new.password.clone()));
        let (service, person) = (web.service.clone(), who.person.clone());
        let create = async move { Ok((service.add_user(&person, user, of_login).await?.0, ())) };
        match once(&web, &who, &typed.fields, create).await? {
            Ok((id, Some(()))) => return Ok(done(&who, UserId(id), login, "added")),
            // The password generated for this second request is not used.
            Ok((id, None)) => return Ok(saved(UserId(id), added_before(login.as_ref()))),
            Err(problem) => taken(&who, &mut typed, problem)?,
        }
    }
    ask_for_password(&mut typed);
    new_page(&web, &who, &typed)
}

/// The message if the same form has already added the user.
fn added_before(login: Option<&NewLogin>) -> &'static str {
    if login.is_some_and(|new| new.made_up.is_some()) { "added-before" } else { "added" }
}

fn read_name_and_role(typed: &mut Typed) -> (Option<Name>, Option<Role>) {
    let Typed { fields, wrong } = typed;
    let role = Role::parse(fields.get("role")).ok_or("must be one from the list");
    (wrong.check("name", Name::parse(fields.raw("name"))), wrong.check("role", role))
}

/// A login from the form.
struct NewLogin {
    name: LoginName,
    password: Password,
    /// The password to show, if it was generated.
    made_up: Option<String>,
}

fn read_login(web: &Web, typed: &mut Typed) -> Result<Option<NewLogin>, Problem> {
    let Typed { fields, wrong } = typed;
    let name = wrong.check("login", LoginName::parse(fields.get("login")));
    let made_up = match fields.raw("password") {
        "" => Some(web.service.generate_password()?),
        _ => None,
    };
    let password = Password::parse(made_up.as_deref().unwrap_or(fields.raw("password")));
    let password = wrong.check("password", password);
    Ok(name.zip(password).map(|(name, password)| NewLogin { name, password, made_up }))
}

/// Passwords are not sent back. If another field has an error, asks for the password again instead of silently
/// generating one.
fn ask_for_password(typed: &mut Typed) {
    let was_typed = !typed.fields.raw("password").is_empty();
    if was_typed && !typed.wrong.is_empty() && !typed.wrong.has("password") {
        typed.wrong.add("password", "must be typed again, or left empty to generate one");
    }
}

/// Notes what is wrong with the login name or the password.
fn taken(who: &SignedIn, typed: &mut Typed, problem: AdminError) -> Result<(), Problem> {
    match problem {
        AdminError::LoginExists(_, other) => {
            let other = names::user(&who.person.tenant.directory(), other);
            typed.wrong.add("login", format!("is already used by {other}: choose another"));
        }
        AdminError::Password(problem) => typed.wrong.add("password", problem.to_string()),
        other => return Err(other.into()),
    }
    Ok(())
}

/// Shows a generated password at once, because it is not stored.
fn done(who: &SignedIn, id: UserId, login: Option<NewLogin>, what: &str) -> Response {
    let address = format!("/settings/users/{id}");
    let Some(NewLogin { name, made_up: Some(password), .. }) = login else {
        return Redirect::to(&format!("{address}?done={what}")).into_response();
    };
    let org = &who.person.tenant.id;
    let content = html! {
        (layout::head("New password", &html! {}))
        (notice("warn", "This password is shown only once. Pass it on, and ask the person to change it after signing in."))
        div.card {
            dl.facts {
                dt { "Organization" } dd { code { (org) } }
                dt { "Login name" } dd { code { (name) } }
            }
            pre.copy #password { (password) }
            div.buttons {
                button type="button" data-copy="#password" hidden { "Copy password" }
                a.button.primary href=(address) { "Done" }
            }
        }
    };
    layout::page(who, "New password", Nav::Settings, &content)
}

/// The messages that an address can ask for.
const DONE: [(&str, &str); 7] = [
    ("added", "User added."),
    (
        "added-before",
        "The user was already added when the form was first sent, and the password was shown then. If you did not write it down, set a new one.",
    ),
    ("saved", "User saved."),
    ("login", "New password set. The user has been signed out everywhere."),
    ("disabled", "User disabled. Their sessions, API keys and calendar feed no longer work."),
    ("calendar", "Calendar feed revoked."),
    ("enabled", "User enabled."),
];

async fn show(who: SignedIn, Number(id): Number, Query(query): Query) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    user_page(&who, UserId(id), query.get("done"), &Typed::default())
}

fn user_page(who: &SignedIn, id: UserId, done: &str, typed: &Typed) -> Result<Response, Problem> {
    let directory = who.person.tenant.directory();
    let user = directory.users.get(&id).ok_or(Problem::NotFound)?;
    let done = DONE.iter().find(|(name, _)| *name == done);
    let address = format!("/settings/users/{id}");
    let content = html! {
        (layout::head(user.name.as_str(), &html! { a.button.quiet href="/settings#users" { "All users" } }))
        (typed.wrong.notice())
        @if let Some((_, text)) = done { (notice("ok", text)) }
        section.card {
            form.edit action=(address) method="post" {
                (csrf(who))
                (name_and_role(typed, user.name.as_str(), user.role))
                div.buttons { button.primary type="submit" { "Save" } }
            }
        }
        @if id == who.person.user {
            p.hint { "This is you. You can " a href="/password" { "change your password" } ", but only another admin can disable you." }
        } @else {
            section.card { h2 { "Signing in" } (reset_form(who, user, typed)) }
            section.card { h2 { "Access" } (access(who, &directory, user)) }
        }
    };
    let page = layout::page(who, user.name.as_str(), Nav::Settings, &content);
    Ok((typed.wrong.status(), page).into_response())
}

fn reset_form(who: &SignedIn, user: &SystemUser, typed: &Typed) -> Markup {
    let there = user.login.as_ref().map_or("", |login| login.name.as_str());
    let asked = has_password(user);
    let (help, button) = if there.is_empty() {
        ("This user cannot sign in yet.", "Allow sign-in")
    } else if !asked {
        ("This user has no password yet and cannot sign in.", "Set password")
    } else {
        ("A new password signs this user out everywhere.", "Set new password")
    };
    html! {
        form.edit action={ "/settings/users/" (user.id) "/login" } method="post"
            data-confirm=[asked.then(|| format!("Set a new password for {}? This signs them out everywhere.", user.name))] {
            (csrf(who))
            div.pair { (login_name(typed, there, help, true)) (password(typed)) }
            @if asked {
                noscript {
                    label.check { input type="checkbox" name="confirmed" value="1"; "Yes, sign this user out everywhere" }
                }
            }
            div.buttons { button type="submit" { (button) } }
        }
    }
}

fn has_password(user: &SystemUser) -> bool {
    user.login.as_ref().is_some_and(|login| login.password.is_some())
}

fn access(who: &SignedIn, directory: &Directory, user: &SystemUser) -> Markup {
    let keys = directory.keys.values().filter(|key| key.user == user.id && !key.revoked).count();
    let keys = match keys {
        0 => String::new(),
        n => counted(n as u64, "API key", "API keys"),
    };
    let (text, what, button) = if user.disabled {
        (
            match &*keys {
                "" => "This user is disabled and cannot sign in.".to_owned(),
                keys => format!(
                    "This user is disabled and cannot sign in. {keys} cannot be used either."
                ),
            },
            "enable",
            "Enable",
        )
    } else {
        let and_keys = if keys.is_empty() { keys } else { format!(" and stops {keys}") };
        let text = format!(
            "Disabling this user signs them out at once{and_keys}. Everything they have done stays."
        );
        (text, "disable", "Disable")
    };
    html! {
        @if let Some(feed) = &user.calendar {
            p { "This user has had a calendar feed since " (times::time(feed.created, &who.clock, Shape::Date)) "." }
            form action={ "/settings/users/" (user.id) "/calendar/revoke" } method="post" {
                (csrf(who))
                button type="submit" { "Revoke calendar feed" }
            }
        }
        p { (text) }
        @let question = format!("Disable {}? Their sessions, API keys and calendar feed stop working at once.", user.name);
        form action={ "/settings/users/" (user.id) "/" (what) } method="post"
            data-confirm=[(!user.disabled).then_some(question)] {
            (csrf(who))
            button.danger[!user.disabled] type="submit" { (button) }
        }
    }
}

async fn change(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = UserId(id);
    let mut typed = Typed { fields, wrong: Wrong::default() };
    let (name, role) = read_name_and_role(&mut typed);
    if name.is_some() && role.is_some() {
        match web
            .service
            .change_user(&who.person, id, UserChange { name, role, disabled: None })
            .await
        {
            Ok(()) => return Ok(saved(id, "saved")),
            Err(AdminError::Yourself) => {
                typed
                    .wrong
                    .add("role", "You cannot take the admin role from yourself: ask another admin");
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    user_page(&who, id, "", &typed)
}

async fn set_login(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = UserId(id);
    let mut typed = Typed { fields, wrong: Wrong::default() };
    let ends_sessions = {
        let directory = who.person.tenant.directory();
        has_password(directory.users.get(&id).ok_or(Problem::NotFound)?)
    };
    let new = read_login(&web, &mut typed)?.filter(|_| typed.wrong.is_empty());
    if new.is_some() && ends_sessions && typed.fields.get("confirmed") != "1" {
        typed
            .wrong
            .add("password", "Please confirm that a new password signs this user out everywhere");
        return user_page(&who, id, "", &typed);
    }
    if let Some(new) = new {
        let (name, password) = (new.name.clone(), new.password.clone());
        match web.service.set_login(&who.person, id, name, password).await {
            Ok(()) => return Ok(done(&who, id, Some(new), "login")),
            Err(problem) => taken(&who, &mut typed, problem)?,
        }
    }
    ask_for_password(&mut typed);
    user_page(&who, id, "", &typed)
}

async fn revoke_calendar(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, .. }: Posted,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    web.service.revoke_calendar(&who.person, UserId(id)).await?;
    Ok(saved(UserId(id), "calendar"))
}

async fn disable(web: State<Web>, id: Number, posted: Posted) -> Result<Response, Problem> {
    set_disabled(web, id, posted, true).await
}

async fn enable(web: State<Web>, id: Number, posted: Posted) -> Result<Response, Problem> {
    set_disabled(web, id, posted, false).await
}

async fn set_disabled(
    State(web): State<Web>,
    Number(id): Number,
    Posted { who, .. }: Posted,
    disabled: bool,
) -> Result<Response, Problem> {
    who.needs(Role::Admin)?;
    let id = UserId(id);
    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
    web.service.change_user(&who.person, id, change).await?;
    Ok(saved(id, if disabled { "disabled" } else { "enabled" }))
}

fn saved(id: UserId, what: &str) -> Response {
    Redirect::to(&format!("/settings/users/{id}?done={what}")).into_response()
}
