//! Signing in and out, and the change of one's own password.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use service::{Password, SignInError};

use crate::fields::{self, Fields};
use crate::form::{Label, Wrong, line};
use crate::layout::{self, Nav, csrf, notice};
use crate::problem::shown;
use crate::session::{FORM, Posted, Query, SESSION, cookie, is_secure, set_cookie, token};
use crate::{Problem, SignedIn, Web};

/// The largest sign-in form that is read, in bytes: whoever sends one is nobody yet.
const SIGN_IN_BYTES_MAX: u64 = 16 << 10;

pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .route("/sign-in", get(form).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/password", get(password_form).post(change_password))
}

async fn form(State(web): State<Web>, headers: HeaderMap, Query(query): Query) -> Response {
    let shown = Shown { org: query.get("org"), login: query.get("login"), problem: None };
    sign_in_page(&web, &headers, StatusCode::OK, &shown, query.get("back"))
}

/// What the form has in it.
struct Shown<'a> {
    org: &'a str,
    login: &'a str,
    problem: Option<String>,
}

/// The form carries a token of its own, so that nobody can be signed in as somebody else from afar.
fn sign_in_page(
    web: &Web,
    headers: &HeaderMap,
    status: StatusCode,
    shown: &Shown<'_>,
    back: &str,
) -> Response {
    let present = cookie(headers, FORM).map(str::to_owned);
    let Ok(secret) = present.map_or_else(|| web.service.new_secret(), Ok) else {
        return Problem::Unavailable("The machine gives no randomness.".to_owned()).into_response();
    };
    // Where there is only one organization, nobody has to know its id.
    let orgs = web.service.orgs();
    let only = if let [org] = &*orgs { org.id.to_string() } else { String::new() };
    let org = if shown.org.is_empty() { only.as_str() } else { shown.org };
    let content = html! {
        div.card.narrow {
            h1 { "Sign in" }
            @if let Some(problem) = &shown.problem { (notice("bad", problem)) }
            form.edit action="/sign-in" method="post" {
                input type="hidden" name="csrf" value=(token(&secret));
                input type="hidden" name="back" value=(back);
                div.field {
                    label for="org" { "Organization" }
                    input #org name="org" value=(org) required autocomplete="organization" autocapitalize="none" spellcheck="false";
                }
                div.field {
                    label for="login" { "Login name" }
                    input #login name="login" value=(shown.login) required autocomplete="username" autocapitalize="none" spellcheck="false";
                }
                div.field {
                    label for="password" { "Password" }
                    input #password name="password" type="password" required autocomplete="current-password";
                }
                div.buttons { button.primary type="submit" { "Sign in" } }
            }
        }
        p.hint {
            "Scripts log in elsewhere: API v1 lies at " code { "/neonws/services/api" } "."
        }
    };
    let mut response = (status, layout::bare("Sign in", &content)).into_response();
    let line = set_cookie(FORM, Some(&secret), is_secure(web, headers));
    response.headers_mut().append(header::SET_COOKIE, line);
    response
}

async fn sign_in(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let headers = request.headers().clone();
    let peer = request.extensions().get().map(|ConnectInfo::<SocketAddr>(peer)| peer.ip());
    let peer = peer.map_or_else(String::new, |ip| ip.to_string());
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if length.is_none_or(|bytes: u64| bytes > SIGN_IN_BYTES_MAX) {
        return Err(Problem::TooLarge);
    }
    let body = Bytes::from_request(request, &web).await.map_err(|_| Problem::TooLarge)?;
    let fields = Fields::parse(&body);
    if cookie(&headers, FORM).map(token).as_deref() != Some(fields.raw("csrf")) {
        return Err(Problem::ForeignForm);
    }
    let (org, login) = (fields.get("org"), fields.get("login"));
    let opened = web.service.sign_in(org, login, fields.raw("password"), &peer).await;
    let (status, problem) = match opened {
        Ok(session) => {
            tracing::info!(org, "signed in");
            let back = fields::local(fields.get("back")).unwrap_or("/");
            return Ok(with_session(&web, &headers, Some(&session), back));
        }
        Err(SignInError::Unavailable(problem)) => return Err(Problem::Unavailable(problem)),
        Err(e @ SignInError::TooManyAttempts(_)) => (StatusCode::TOO_MANY_REQUESTS, e),
        Err(e @ SignInError::Wrong) => (StatusCode::UNPROCESSABLE_ENTITY, e),
    };
    tracing::warn!(%problem, peer, "nobody was signed in");
    let form = Shown { org, login, problem: Some(shown(&problem)) };
    Ok(sign_in_page(&web, &headers, status, &form, fields.get("back")))
}

/// Sends the browser on, with another session's id or none.
fn with_session(web: &Web, headers: &HeaderMap, session: Option<&str>, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    let secure = is_secure(web, headers);
    let cookies = response.headers_mut();
    cookies.append(header::SET_COOKIE, set_cookie(SESSION, session, secure));
    cookies.append(header::SET_COOKIE, set_cookie(FORM, None, secure));
    // What another person's session has left in the browser goes with it.
    if session.is_none() {
        cookies.insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    }
    response
}

async fn sign_out(
    State(web): State<Web>,
    headers: HeaderMap,
    posted: Posted,
) -> Result<Response, Problem> {
    web.service.sign_out(&posted.who.person).await?;
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
        @if done { (notice("ok", "Your password has been changed. Everywhere else you are signed out.")) }
        form.edit.narrow action="/password" method="post" {
            (csrf(who))
            // For those who keep passwords: whose it is.
            input type="text" name="username" autocomplete="username" value=(login) hidden readonly;
            (field("current", "Current password", ""))
            (field("new", "New password", "At least 10 characters. A few words in a row are easy to remember."))
            (field("again", "New password again", ""))
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
        wrong.add("again", "is not the same as the new password");
    }
    if let Some(new) = new.filter(|_| wrong.is_empty()) {
        match web.service.change_password(&who.person, fields.raw("current"), new).await {
            Ok(session) => {
                return Ok(with_session(&web, &headers, Some(&session), "/password?done=1"));
            }
            Err(SignInError::Wrong) => wrong.add("current", "is not right"),
            Err(SignInError::TooManyAttempts(e)) => {
                wrong.add("current", format!("was wrong too often: {e}"));
            }
            Err(SignInError::Unavailable(problem)) => return Err(Problem::Unavailable(problem)),
        }
    }
    Ok(password_page(&who, StatusCode::UNPROCESSABLE_ENTITY, &wrong, false))
}
