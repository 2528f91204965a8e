//! Signing in and out, and changing one's password.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{Attempt, BUSY_SECONDS, NewSession, Password, SignInError};

use super::setup;
use crate::cookies::Cookie;
use crate::fields::{self, Fields};
use crate::form::{Label, Wrong, line};
use crate::interrupted_form::{self, GoesOn, InterruptedForm};
use crate::layout::{self, Nav, csrf, notice};
use crate::problem::{InSession, Resend, capitalized, shown};
use crate::reached::{Stood, client, is_secure, stood};
use crate::session::{Posted, Query};
use crate::tokens::{is_token, token};
use crate::{Problem, SignedIn, Web, api, body};

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/password", get(password_form).post(change_password))
}

async fn form(State(web): State<Web>, headers: HeaderMap, Query(query): Query) -> Response {
    let last = web.cookies.last_login(&headers);
    let given = |name| if query.has(name) { query.get(name) } else { last.get(name) };
    let shown = Shown { org: given("org"), login: given("login"), ..Shown::default() };
    sign_in_page(&web, &headers, StatusCode::OK, &Shown { back: query.get("back"), ..shown })
}

/// The sign-in form for a person who sent another form after their session ended. That form continues from here.
pub(crate) fn goes_on(web: &Web, headers: &HeaderMap, kept: &InterruptedForm) -> Response {
    let last = web.cookies.last_login(headers);
    let shown = Shown {
        org: last.get("org"),
        login: last.get("login"),
        kept: Some(kept),
        ..Shown::default()
    };
    sign_in_page(web, headers, StatusCode::UNAUTHORIZED, &shown)
}

/// The content of the form.
#[derive(Default)]
struct Shown<'a> {
    org: &'a str,
    login: &'a str,
    back: &'a str,
    problem: Option<String>,
    stays: bool,
    kept: Option<&'a InterruptedForm>,
}

/// The form has a token of its own, so that no other site can sign people in as someone else. The secret behind the
/// token outlives sign-ins, so that the form stays valid in other tabs.
fn sign_in_page(web: &Web, headers: &HeaderMap, status: StatusCode, shown: &Shown<'_>) -> Response {
    if shown.kept.is_none() && !web.service.can_anybody_sign_in() {
        return layout::bare("No one can sign in yet", &setup::nobody_yet(web)).into_response();
    }
    let present = web.cookies.get(headers, Cookie::Form).filter(|secret| is_secret(secret));
    let Ok(secret) = present.map_or_else(|| web.service.new_secret(), |one| Ok(one.to_owned()))
    else {
        return Problem::Unavailable(
            "The server could not generate a random value. Try again.".to_owned(),
        )
        .into_response();
    };
    // If there is only one organization, people do not need to know its id.
    let orgs = web.service.orgs();
    let only = if let [org] = &*orgs { org.id.to_string() } else { String::new() };
    let org = if shown.org.is_empty() { only.as_str() } else { shown.org };
    let title = if shown.kept.is_some() { "You are signed out" } else { "Sign in" };
    let content = html! {
        div.card.narrow {
            h1 { (title) }
            @if let Some(kept) = shown.kept { p {
                "Nothing has been saved yet, and nothing you typed is lost. Sign in to continue."
                @if !kept.secrets.is_empty() { " You will need to type passwords again." }
            } }
            @if let Some(problem) = &shown.problem { (notice("bad", problem)) }
            form.edit action="/sign-in" method="post" {
                input type="hidden" name="csrf" value=(token(&secret));
                input type="hidden" name="back" value=(shown.back);
                div.field {
                    label for="org" { "Organization" }
                    input #org name="org" value=(org) required autofocus[org.is_empty()] autocomplete="organization" autocapitalize="none" spellcheck="false";
                }
                div.field {
                    label for="login" { "Login name" }
                    input #login name="login" value=(shown.login) required autofocus[!org.is_empty() && shown.login.is_empty()] autocomplete="username" autocapitalize="none" spellcheck="false";
                }
                div.field {
                    label for="password" { "Password" }
                    input #password name="password" type="password" required autofocus[!org.is_empty() && !shown.login.is_empty()] autocomplete="current-password";
                }
                div.field {
                    label.check {
                        input type="checkbox" name="stay" value="1" checked[shown.stays];
                        "Stay signed in on this computer"
                    }
                }
                @if let Some(kept) = shown.kept { (kept.hidden()) }
                div.buttons { button.primary type="submit" { "Sign in" } }
            }
        }
        p.hint {
            "Looking for the API? Scripts use API v1 at " code { (api::path(web)) } "."
        }
    };
    let mut response = (status, layout::bare(title, &content)).into_response();
    let line = web.cookies.set(Cookie::Form, Some(&secret), is_secure(headers));
    response.headers_mut().append(header::SET_COOKIE, line);
    if let Some(holding) = shown.kept.and_then(|kept| kept.held.clone().on()) {
        response.extensions_mut().insert(holding);
    }
    response
}

/// Whether it is a secret as we make them.
fn is_secret(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

async fn sign_in(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let (Parts { headers, extensions, .. }, body) = request.into_parts();
    let from = client(&extensions);
    let bytes_max = interrupted_form::KEPT_FORM_BYTES_MAX + body::FREE_BYTES;
    // It is longer than a sign-in needs only if it carries another form.
    let sender = body::sender(&extensions);
    let (bytes, held) =
        body::read(body, bytes_max, &web.budget, sender, interrupted_form::is_begun).await?;
    let fields = body::fields(&web.service, bytes).await?;
    let (fields, mut kept) = InterruptedForm::split(&fields, held);
    // What the form says about one that it carries counts only if the form itself is ours.
    let form_of = origin(&web, &headers, &fields);
    if let (FormOf::Unknown, Some(kept)) = (&form_of, &mut kept) {
        kept.is_ours = false;
    }
    let (org, login) = (fields.get("org"), fields.get("login"));
    let (password, stays) = (fields.raw("password"), fields.get("stay") == "1");
    let mut form =
        Shown { org, login, back: fields.get("back"), problem: None, stays, kept: kept.as_ref() };
    match form_of {
        FormOf::Ours => {}
        FormOf::Unknown => {
            form.problem = Some("This form has expired. Please sign in again.".to_owned());
            return Ok(sign_in_page(&web, &headers, StatusCode::FORBIDDEN, &form));
        }
        FormOf::Others => return Err(Problem::ForeignForm),
    }
    let devices = web.cookies.get(&headers, Cookie::Device).unwrap_or_default();
    let attempt = Attempt { org, login, password, from, devices, stays };
    let (status, again_after, problem) = match web.service.sign_in(attempt).await {
        Ok(session) => {
            tracing::info!(org, "signed in");
            let response = signed_in(&web, &headers, &session, &fields);
            return Ok(match kept {
                Some(kept) => sent_on(&web, &headers, response, session.id, kept, (org, login)),
                None => response,
            });
        }
        Err(SignInError::Unavailable(problem)) => return Err(Problem::Unavailable(problem)),
        Err(SignInError::TooManyAttempts(e)) => {
            let seconds = e.minutes * 60;
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds), SignInError::from(e))
        }
        Err(e @ SignInError::Busy(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, Some(i64::from(BUSY_SECONDS)), e)
        }
        Err(e @ (SignInError::Wrong | SignInError::Password(_))) => {
            (StatusCode::UNPROCESSABLE_ENTITY, None, e)
        }
    };
    tracing::warn!(%problem, peer = from.map(tracing::field::display), "sign-in refused");
    form.problem = Some(shown(&problem));
    let mut response = sign_in_page(&web, &headers, status, &form);
    if let Some(seconds) = again_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// Where a sign-in form comes from.
enum FormOf {
    Ours,
    /// It has a token that may be an old one of ours, and the browser does not say where it comes from.
    Unknown,
    Others,
}

/// A form with the browser's current token is ours. So is one with an older token that comes from a page of this
/// host, because the browser may have lost the cookie.
fn origin(web: &Web, headers: &HeaderMap, fields: &Fields) -> FormOf {
    let given = fields.raw("csrf");
    let own = web.cookies.get(headers, Cookie::Form);
    match stood(headers) {
        _ if given.is_empty() => FormOf::Others,
        _ if own.is_some_and(|secret| is_token(given, secret)) => FormOf::Ours,
        Stood::Here => FormOf::Ours,
        Stood::Unsaid => FormOf::Unknown,
        Stood::Elsewhere => FormOf::Others,
    }
}

/// Redirects the browser, signed in.
pub(super) fn signed_in(
    web: &Web,
    headers: &HeaderMap,
    session: &NewSession,
    fields: &Fields,
) -> Response {
    let back = fields::local(fields.get("back")).unwrap_or("/");
    let mut response = with_session(web, headers, Some((&session.id, session.stays)), back);
    let secure = is_secure(headers);
    let login = web.cookies.set_login(fields.get("org"), fields.get("login"), secure);
    let device = web.cookies.set(Cookie::Device, Some(&session.devices), secure);
    for line in [login, device] {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

/// Sends a carried form in the new session. Asks first, unless it is ours and comes from the same person.
fn sent_on(
    web: &Web,
    headers: &HeaderMap,
    response: Response,
    session: String,
    kept: InterruptedForm,
    (org, login): (&str, &str),
) -> Response {
    let last = web.cookies.last_login(headers);
    let is_same =
        last.get("org") == org && last.get("login").to_lowercase() == login.to_lowercase();
    let cookies = response.headers().get_all(header::SET_COOKIE).iter().cloned();
    if kept.is_ours && is_same && kept.secrets.is_empty() {
        let mut response = response;
        response.extensions_mut().insert(GoesOn { session, kept: Arc::new(kept) });
        return response;
    }
    let (action, csrf) = (kept.action, token(&session));
    let resend = Resend { action, csrf, fields: kept.fields, secrets: kept.secrets };
    let mut asks = Problem::OldForm(Box::new(resend)).into_response();
    asks.headers_mut().extend(cookies.map(|line| (header::SET_COOKIE, line)));
    asks.extensions_mut().insert(InSession(session));
    if let Some(holding) = kept.held.on() {
        asks.extensions_mut().insert(holding);
    }
    asks
}

/// Redirects the browser, with another session or none; and says whether the session outlives the browser.
fn with_session(
    web: &Web,
    headers: &HeaderMap,
    session: Option<(&str, bool)>,
    to: &str,
) -> Response {
    let mut response = Redirect::to(to).into_response();
    let secure = is_secure(headers);
    let cookies = response.headers_mut();
    let cookie = match session {
        Some((_, true)) => Cookie::StayingSession,
        _ => Cookie::Session,
    };
    let id = session.map(|(id, _)| id);
    cookies.append(header::SET_COOKIE, web.cookies.set(cookie, id, secure));
    // Nothing of the session stays in the browser.
    if session.is_none() {
        cookies.append(header::SET_COOKIE, web.cookies.set(Cookie::Login, None, secure));
        cookies.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    }
    response
}

async fn sign_out(
    State(web): State<Web>,
    headers: HeaderMap,
    posted: Result<Posted, Problem>,
) -> Result<Response, Problem> {
    match posted {
        Ok(posted) => web.service.sign_out(&posted.who.person).await?,
        // The session has ended already.
        Err(Problem::SignedOut(_)) => {}
        Err(problem) => return Err(problem),
    }
    Ok(with_session(&web, &headers, None, "/sign-in"))
}

async fn password_form(who: SignedIn, Query(query): Query) -> Response {
    let done = query.get("done") == "1";
    password_page(&who, StatusCode::OK, &Wrong::default(), done)
}

fn password_page(who: &SignedIn, status: StatusCode, wrong: &Wrong, done: bool) -> Response {
    let field = |name, text, help| {
        line(Label { name, text, help, required: true, ..Label::default() }, "password", "", wrong)
    };
    let login = who.person.system_user().and_then(|user| user.login);
    let login = login.map_or_else(String::new, |login| login.name.to_string());
    let content: Markup = html! {
        (layout::head("Change password", &html! {}))
        (wrong.notice())
        @if done { (notice("ok", "Password changed. You are signed out everywhere else.")) }
        form.edit.narrow action="/password" method="post" {
            (csrf(who))
            // Tells password managers whose password it is.
            input type="text" name="username" autocomplete="username" value=(login) hidden readonly;
            (field("current", "Current password", ""))
            (field("new", "New password", "At least 10 characters. Several words in a row are easy to remember."))
            (field("again", "Confirm new password", ""))
            div.buttons { button.primary type="submit" { "Change password" } }
        }
    };
    (status, layout::page(who, "Change password", Nav::None, &content)).into_response()
}

async fn change_password(
    State(web): State<Web>,
    headers: HeaderMap,
    Posted { who, fields }: Posted,
) -> Result<Response, Problem> {
    let mut wrong = Wrong::default();
    let new = wrong.check("new", Password::parse(fields.raw("new")));
    if new.is_some() && fields.raw("new") != fields.raw("again") {
        wrong.add("again", "The new passwords do not match");
    }
    if let Some(new) = new.filter(|_| wrong.is_empty()) {
        match web.service.change_password(&who.person, fields.raw("current"), new).await {
            Ok(session) => {
                let session = Some((&*session, who.person.stays()));
                return Ok(with_session(&web, &headers, session, "/password?done=1"));
            }
            Err(SignInError::Wrong) => wrong.add("current", "is incorrect"),
            Err(SignInError::Password(problem)) => wrong.add("new", problem.to_string()),
            Err(SignInError::TooManyAttempts(e)) => {
                wrong.add("current", capitalized(&e));
            }
            Err(SignInError::Busy(problem)) => return Err(Problem::Busy(shown(&problem))),
            Err(SignInError::Unavailable(problem)) => return Err(Problem::Unavailable(problem)),
        }
    }
    Ok(password_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &wrong, false))
}
