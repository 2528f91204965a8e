//! A form that was sent after its session had ended: the sign-in page carries it, and it continues from there.
//!
//! The server stores none of it. Its fields are hidden fields of the sign-in form, after that form's own fields and
//! a separator, so signing in sends them again. The form continues at once if it certainly came from one of our
//! pages and the same person has signed in; otherwise a page asks first.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use maud::{Markup, html};

use crate::body::{self, Held};
use crate::cookies::Cookie;
use crate::fields::{Fields, local};
use crate::form::hidden;
use crate::reached::{Stood, is_secure, stood};
use crate::tokens::{is_token, token};
use crate::{FORM_BYTES_MAX, Problem, Web};

/// The field that separates the sign-in form's own fields from the carried ones. Its value is where those go.
const KEPT: &str = "kept";

/// The field after it: 1 if the form is certainly ours.
const OURS: &str = "kept-ours";

/// The field after that: the names of the password fields, which have to be typed again.
const WITHOUT: &str = "kept-without";

/// Fields whose values are never sent back, with the labels they have when they are typed again.
const SECRETS: [(&str, &str); 4] = [
    ("password", "Password"),
    ("current", "Current password"),
    ("new", "New password"),
    ("again", "Confirm password"),
];

/// The most bytes of names and values that are shown again: more than the longest note has in most scripts. On a page,
/// they can be six times as long.
pub(crate) const SHOWN_AGAIN_BYTES_MAX: usize = 256 << 10;

/// The longest form that can have no more than that, in bytes: each is written with three at most.
pub(crate) const KEPT_FORM_BYTES_MAX: usize = 3 * SHOWN_AGAIN_BYTES_MAX;

/// A field whose value is not shown again: its name and its label.
pub(crate) type Secret = (&'static str, &'static str);

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct InterruptedForm {
    /// Where it goes.
    pub(crate) action: String,
    /// Its fields, without its token and without passwords.
    pub(crate) fields: Fields,
    /// Whether it certainly belongs to the session that has ended.
    pub(crate) is_ours: bool,
    /// The passwords it had, which have to be typed again.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) held: Held,
}

/// A form's fields that may be shown again, and those with passwords.
pub(crate) fn showable(fields: &Fields) -> (Fields, Vec<Secret>) {
    let is_typed = |(name, _): &Secret| !fields.raw(name).is_empty();
    let shown = SECRETS.iter().fold(fields.without("csrf"), |shown, (name, _)| shown.without(name));
    (shown, SECRETS.into_iter().filter(is_typed).collect())
}

/// Whether a form is short enough to be shown again.
pub(crate) fn is_shown_again(fields: &Fields) -> bool {
    let bytes: usize = fields.pairs().map(|(name, value)| name.len() + value.len()).sum();
    bytes <= SHOWN_AGAIN_BYTES_MAX
}

/// Whether what has come of a sign-in form has something kept in it.
pub(crate) fn is_begun(bytes: &[u8]) -> bool {
    let mark = format!("&{KEPT}=");
    bytes.windows(mark.len()).any(|part| part == mark.as_bytes())
}

impl InterruptedForm {
    /// Keeps a form whose sender is no longer signed in.
    pub(crate) async fn of(parts: &Parts, body: Body, web: &Web) -> Problem {
        if body.size_hint().lower() > FORM_BYTES_MAX as u64 {
            return Problem::TooLarge;
        }
        let sender = body::sender(&parts.extensions);
        let read = body::read(body, KEPT_FORM_BYTES_MAX, &web.budget, sender, |_| true).await;
        let (bytes, held) = match read {
            Ok(read) => read,
            // It cannot be kept, but the browser still has it.
            Err(Problem::TooLarge | Problem::Unavailable(_)) => return Problem::SignedOut(None),
            Err(problem) => return problem,
        };
        let fields = match body::fields(&web.service, bytes).await {
            Ok(fields) if is_shown_again(&fields) => fields,
            Ok(_) => return Problem::SignedOut(None),
            Err(problem) => return problem,
        };
        let given = fields.raw("csrf");
        let session = web.cookies.get(&parts.headers, Cookie::Session);
        let is_of_session = session.is_some_and(|session| is_token(given, session));
        let stood = stood(&parts.headers);
        if given.is_empty() || (stood == Stood::Elsewhere && !is_of_session) {
            return Problem::SignedOut(None);
        }
        let action = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let (fields, secrets) = showable(&fields);
        // A form of another session may be another person's, even if it came from our pages.
        let kept = InterruptedForm { action, fields, is_ours: is_of_session, secrets, held };
        Problem::SignedOut(Some(Arc::new(kept)))
    }

    /// Takes a sign-in form apart: its own fields, and what is kept in it.
    pub(crate) fn split(fields: &Fields, held: Held) -> (Fields, Option<InterruptedForm>) {
        let (own, rest) = fields.split_at(KEPT);
        let kept = local(rest.raw(KEPT)).map(|action| InterruptedForm {
            action: action.to_owned(),
            // The first of each name is ours: one of the form's own comes later.
            is_ours: rest.raw(OURS) == "1",
            secrets: secrets(rest.raw(WITHOUT)),
            fields: rest.after(3),
            held,
        });
        (own, kept)
    }

    /// The hidden fields for the end of the sign-in form.
    pub(crate) fn hidden(&self) -> Markup {
        let names: Vec<&str> = self.secrets.iter().map(|(name, _)| *name).collect();
        html! {
            input type="hidden" name=(KEPT) value=(self.action);
            input type="hidden" name=(OURS) value=(u8::from(self.is_ours));
            input type="hidden" name=(WITHOUT) value=(names.join(","));
            @for (name, value) in self.fields.pairs() { (hidden(name, value)) }
        }
    }
}

fn secrets(names: &str) -> Vec<Secret> {
    SECRETS.into_iter().filter(|(name, _)| names.split(',').any(|given| given == *name)).collect()
}

/// A kept form to be sent in a session that has just begun. It travels in the extensions of the answer to the
/// sign-in.
#[derive(Clone)]
pub(crate) struct GoesOn {
    pub(crate) session: String,
    pub(crate) kept: Arc<InterruptedForm>,
}

/// Sends such a form as the browser would, and returns the answer to it.
pub(crate) async fn go_on(State(web): State<Web>, request: Request, next: Next) -> Response {
    let is_sign_in = request.method() == Method::POST && request.uri().path() == "/sign-in";
    let before = is_sign_in.then(|| (request.headers().clone(), request.extensions().clone()));
    let mut response = next.clone().run(request).await;
    let going_on = response.extensions_mut().remove::<GoesOn>();
    let Some((GoesOn { session, kept }, (headers, extensions))) = going_on.zip(before) else {
        return response;
    };
    let csrf = token(&session);
    let form = kept.fields.with("csrf", &csrf).encoded();
    let mut request = Request::new(Body::from(form));
    let Ok(uri) = kept.action.parse::<Uri>() else { return response };
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    *request.extensions_mut() = extensions;
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT] {
        request.headers_mut().remove(name);
    }
    let secure = is_secure(request.headers());
    let cookie = web.cookies.pair(Cookie::Session, &session, secure);
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        request.headers_mut().insert(header::COOKIE, cookie);
    }
    let mut answer = next.run(request).await;
    // The cookies of the sign-in come first, so that those of what followed replace them.
    let later: Vec<HeaderValue> =
        answer.headers_mut().get_all(header::SET_COOKIE).iter().cloned().collect();
    answer.headers_mut().remove(header::SET_COOKIE);
    let first = response.headers().get_all(header::SET_COOKIE).iter().cloned();
    for line in first.chain(later) {
        answer.headers_mut().append(header::SET_COOKIE, line);
    }
    answer
}
