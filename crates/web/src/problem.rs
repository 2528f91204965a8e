//! Errors of requests, and the pages that show them.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::Role;
use maud::{Markup, html};
use service::{
    AdminError, AskError, BUSY_SECONDS, ListError, LongWorkError, NoRoom, ReadOnly, Refusal,
};

use crate::Web;
use crate::cookies::Cookie;
use crate::fields::Fields;
use crate::form::hidden;
use crate::interrupted_form::{InterruptedForm, Secret};
use crate::layout::{self, Nav};
use crate::pages::sign_in;
use crate::room::{Holding, Seat};
use crate::session::SignedIn;

/// A form of an earlier session, with the token of the current one.
#[derive(Debug)]
pub(crate) struct Resend {
    pub(crate) action: String,
    pub(crate) csrf: String,
    /// Without its token and without passwords.
    pub(crate) fields: Fields,
    /// The passwords that were in it.
    pub(crate) secrets: Vec<Secret>,
}

impl Resend {
    fn page(&self) -> Markup {
        html! {
            div.card.narrow {
                h1 { "Send the form again?" }
                p { "You signed in again after you opened this form. Nothing has been saved yet, but what you typed is still here." }
                form.edit action=(self.action) method="post" {
                    input type="hidden" name="csrf" value=(self.csrf);
                    @for (name, value) in self.fields.pairs() {
                        (hidden(name, value))
                    }
                    @if !self.secrets.is_empty() { p { "Passwords are not kept. Please type them again." } }
                    @for (name, text) in &self.secrets {
                        div.field {
                            label for={ "f-" (name) } { (text) }
                            input id={ "f-" (name) } name=(name) type="password" required autocomplete="off";
                        }
                    }
                    div.buttons { button.primary type="submit" { "Send again" } }
                }
            }
        }
    }
}

/// Why a request fails.
#[derive(Debug)]
pub(crate) enum Problem {
    /// There is no such page, or no such thing in the organization.
    NotFound,
    /// Not signed in: sign in first, then continue.
    SignIn {
        /// Where to continue.
        back: String,
    },
    /// It needs this role.
    Forbidden(Role),
    /// The organization follows another server; the text says which.
    ReadOnly(String),
    /// A form was sent after the session ended. What was typed must not be lost: the sign-in form carries it, if it
    /// could be kept.
    SignedOut(Option<Arc<InterruptedForm>>),
    /// The form does not come from our pages.
    ForeignForm,
    /// The form comes from an earlier session of the same person, who may send it again.
    OldForm(Box<Resend>),
    /// The same of a form that is too long to be shown again.
    LongOldForm,
    /// The form is too large.
    TooLarge,
    /// The request makes no sense; the text says why.
    Wrong(String),
    /// Not available now; the text says why.
    Unavailable(String),
    /// Too many others want the same; the text says so.
    Busy(String),
    /// Available soon: the browser tries again by itself. The text says why.
    Preparing(String),
}

impl Problem {
    /// A form did not arrive completely.
    pub(crate) fn cut_short() -> Problem {
        Problem::Wrong("The form did not arrive completely. Please send it again.".to_owned())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, title, text) = match self {
            Problem::SignIn { back } => {
                let back = Fields::default().with("back", &back);
                return Redirect::to(&back.address("/sign-in")).into_response();
            }
            Problem::OldForm(resend) => {
                let page = Unframed { title: "Send the form again?", content: resend.page() };
                return (StatusCode::CONFLICT, Extension(page)).into_response();
            }
            Problem::SignedOut(Some(kept)) => return Extension(kept).into_response(),
            Problem::SignedOut(None) => (
                StatusCode::UNAUTHORIZED,
                "You are signed out",
                "Nothing has been saved yet. Sign in again in another tab, then come back here and send the form again. What you typed is still there."
                    .to_owned(),
            ),
            Problem::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                "There is nothing at this address, or it no longer exists.".to_owned(),
            ),
            Problem::Forbidden(role) => (
                StatusCode::FORBIDDEN,
                "You don’t have permission",
                format!("You need the {role} role for this. An admin of your organization can give it to you."),
            ),
            Problem::ReadOnly(text) => (StatusCode::FORBIDDEN, "This organization is read-only", text),
            Problem::ForeignForm => (
                StatusCode::FORBIDDEN,
                "Please try again",
                "This form belongs to an earlier sign-in or to another site. Go back, reload the page and send it again."
                    .to_owned(),
            ),
            Problem::LongOldForm => (
                StatusCode::CONFLICT,
                "Send the form again",
                "You signed in again after you opened this form, and it is too long to be shown here. Nothing has been saved yet. Go back, copy what you typed, reload the page, paste it and save."
                    .to_owned(),
            ),
            Problem::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too much data",
                "What you sent is too large. Shorten it, or select fewer activities."
                    .to_owned(),
            ),
            Problem::Wrong(text) => (StatusCode::BAD_REQUEST, "That didn’t work", text),
            Problem::Unavailable(text) => {
                (StatusCode::SERVICE_UNAVAILABLE, "Not available right now", shown(&text))
            }
            Problem::Busy(text) => return busy(&text),
            Problem::Preparing(text) => return preparing(&text),
        };
        let content = said(title, &text);
        let mut response = (status, Extension(Unframed { title, content })).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, AGAIN_AFTER);
        }
        response
    }
}

fn said(title: &str, text: &str) -> Markup {
    html! {
        div.empty {
            h1 { (title) }
            p { (text) }
            p { a.button.primary href="/" { "Go to My day" } }
        }
    }
}

/// The page in place of one for which there is no room. It does not show who is signed in, because it must be short.
pub(crate) fn no_room(why: NoRoom) -> Response {
    let title = "Not available right now";
    let mut page = layout::bare(title, &said(title, no_room_text(why))).into_response();
    *page.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    page.headers_mut().insert(header::RETRY_AFTER, AGAIN_AFTER);
    page
}

fn no_room_text(why: NoRoom) -> &'static str {
    match why {
        NoRoom::Requests => {
            "Your organization is sending too many requests at once. Try again in a moment."
        }
        NoRoom::Answers => {
            "Your organization is receiving too much at once. Try again in a moment."
        }
    }
}

impl From<NoRoom> for Problem {
    fn from(why: NoRoom) -> Problem {
        Problem::Unavailable(no_room_text(why).to_owned())
    }
}

/// Says when to try again.
fn busy(text: &str) -> Response {
    let title = "Not available right now";
    let again = [(header::RETRY_AFTER, BUSY_SECONDS.to_string())];
    let page = Extension(Unframed { title, content: said(title, text) });
    (StatusCode::SERVICE_UNAVAILABLE, again, page).into_response()
}

/// A page that reloads until the answer is ready.
fn preparing(text: &str) -> Response {
    let title = "Just a moment";
    let content = html! {
        div.empty role="status" {
            h1 { (title) }
            p { (text) " This page will reload by itself." }
            progress aria-label="Preparing the list" {}
        }
    };
    let again = [(header::REFRESH, AGAIN_AFTER), (header::RETRY_AFTER, AGAIN_AFTER)];
    let page = Extension(Unframed { title, content });
    (StatusCode::SERVICE_UNAVAILABLE, again, page).into_response()
}

/// How soon a browser tries again, in seconds.
const AGAIN_AFTER: HeaderValue = HeaderValue::from_static("1");

/// The headers that an error page keeps from the answer that it replaces.
const KEPT: [HeaderName; 3] = [header::SET_COOKIE, header::REFRESH, header::RETRY_AFTER];

/// An error page that does not know yet who asked.
#[derive(Clone)]
struct Unframed {
    title: &'static str,
    content: Markup,
}

/// The session in which such a page is shown, if it is not the one that asked.
#[derive(Clone)]
pub(crate) struct InSession(pub(crate) String);

/// Gives an error page its frame: people who are signed in keep the navigation.
pub(crate) async fn framed(State(web): State<Web>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let seat = request.extensions().get::<Seat>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    if let Some(kept) = response.extensions_mut().remove::<Arc<InterruptedForm>>() {
        return sign_in::goes_on(&web, &headers, &kept);
    }
    let Some(Unframed { title, content }) = response.extensions_mut().remove() else {
        return response;
    };
    let opened = response.extensions_mut().remove::<InSession>();
    let opened = opened.as_ref().map(|InSession(id)| id.as_str());
    let session = opened.or_else(|| web.cookies.get(&headers, Cookie::Session));
    let who = SignedIn::of(&web, session, None).filter(|who| seat.is_taken_in(&who.person.tenant));
    let mut page = match who {
        Some(who) => layout::page(&who, title, Nav::None, &content),
        None => layout::bare(title, &content).into_response(),
    };
    *page.status_mut() = response.status();
    if let Some(holding) = response.extensions_mut().remove::<Holding>() {
        page.extensions_mut().insert(holding);
    }
    for name in KEPT {
        for line in response.headers().get_all(&name) {
            page.headers_mut().append(name.clone(), line.clone());
        }
    }
    page
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Problem {
        match error {
            ListError::Preparing => Problem::Preparing(shown(&error)),
            ListError::Ask(error) => error.into(),
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Problem {
        Problem::Unavailable(error.to_string())
    }
}

impl From<ReadOnly> for Problem {
    fn from(why: ReadOnly) -> Problem {
        Problem::ReadOnly(shown(&why))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        match refusal {
            Refusal::PermissionDenied => Problem::Forbidden(Role::Editor),
            Refusal::ReadOnly(why) => why.into(),
            Refusal::UnknownActivity(_) => Problem::NotFound,
            Refusal::Unavailable(text) => Problem::Unavailable(text),
            other => Problem::Wrong(shown(&other)),
        }
    }
}

impl From<AdminError> for Problem {
    fn from(error: AdminError) -> Problem {
        match error {
            AdminError::Unavailable(text) => Problem::Unavailable(text),
            AdminError::Busy(busy) => Problem::Busy(shown(&busy)),
            AdminError::PermissionDenied(role) => Problem::Forbidden(role),
            AdminError::ReadOnly(why) => why.into(),
            AdminError::UnknownUser(_)
            | AdminError::UnknownKey(_)
            | AdminError::UnknownStatus(_)
            | AdminError::UnknownAccount(_) => Problem::NotFound,
            other => Problem::Wrong(shown(&other)),
        }
    }
}

impl From<LongWorkError> for Problem {
    fn from(error: LongWorkError) -> Problem {
        match error {
            LongWorkError::PermissionDenied => Problem::Forbidden(Role::Editor),
            LongWorkError::ReadOnly(why) => why.into(),
            other => Problem::Unavailable(shown(&other)),
        }
    }
}

/// A message as a sentence.
pub(crate) fn shown(error: &impl ToString) -> String {
    format!("{}.", capitalized(error).trim_end_matches('.'))
}

/// A message with a capital letter at its start.
pub(crate) fn capitalized(message: &impl ToString) -> String {
    let text = message.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
