//! Who asks, and whether a form is ours.
//!
//! The session's id lives in a cookie that no script can read and no other site's form brings along.
//! Every form carries a token that follows from the id, which no other site knows.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use domain::Role;
use service::{Person, hash_secret};
use tokio::sync::OwnedSemaphorePermit;

use crate::fields::Fields;
use crate::problem::Resend;
use crate::times::Clock;
use crate::{Problem, Web};

/// The cookie with the session's id.
pub(crate) const SESSION: &str = "driftless_session";

/// The cookie that stands in for a session on the sign-in form.
pub(crate) const FORM: &str = "driftless_form";

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) person: Person,
    /// The token that each of her forms carries.
    pub(crate) csrf: String,
    /// What the clock shows that all times on the person's pages go by.
    pub(crate) clock: Clock,
    /// Her place among the requests that the organization may have under way.
    _permit: Arc<OwnedSemaphorePermit>,
}

impl SignedIn {
    /// Goes on only with this role.
    pub(crate) fn needs(&self, role: Role) -> Result<(), Problem> {
        if self.person.may(role) { Ok(()) } else { Err(Problem::Forbidden(role)) }
    }

    /// Whoever has this session: nobody, where it is none or has ended.
    pub(crate) fn of(web: &Web, session: Option<&str>) -> Result<Option<SignedIn>, Problem> {
        let found = session.and_then(|id| Some((web.service.person(id)?, token(id))));
        let Some((person, csrf)) = found else { return Ok(None) };
        let permit = person.tenant.permit().ok_or_else(|| {
            let text = "Your organization asks too much at once. Try again in a moment.";
            Problem::Unavailable(text.to_owned())
        })?;
        let clock = Clock { zone: person.zone(), now: web.service.now() };
        Ok(Some(SignedIn { person, csrf, clock, _permit: Arc::new(permit) }))
    }

    /// Whether she may write.
    pub(crate) fn edits(&self) -> bool {
        self.person.may(Role::Editor)
    }
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<SignedIn, Problem> {
        if let Some(who) = SignedIn::of(web, cookie(&parts.headers, SESSION))? {
            return Ok(who);
        }
        if parts.method != Method::GET {
            return Err(Problem::SignedOut);
        }
        let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Err(Problem::SignIn { back: back.to_owned() })
    }
}

/// A form that came from one of our own pages, and whoever sent it.
pub(crate) struct Posted {
    pub(crate) who: SignedIn,
    pub(crate) fields: Fields,
}

impl FromRequest<Web> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, web: &Web) -> Result<Posted, Problem> {
        let (mut parts, body) = request.into_parts();
        let who = SignedIn::from_request_parts(&mut parts, web).await?;
        let (action, ours) = (parts.uri.path().to_owned(), is_from_here(&parts.headers));
        let body = Bytes::from_request(Request::from_parts(parts, body), web).await;
        let fields = Fields::parse(&body.map_err(|_| Problem::TooLarge)?);
        if fields.raw("csrf") == who.csrf {
            return Ok(Posted { who, fields });
        }
        // She signed in anew while the form was open. A form of another site says so by its origin.
        if !ours || fields.raw("csrf").is_empty() {
            return Err(Problem::ForeignForm);
        }
        let csrf = who.csrf.clone();
        Err(Problem::OldForm(Box::new(Resend { action, csrf, fields })))
    }
}

/// Whether the browser says that the form stood on a page of this very host.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| Some(origin.split_once("://")?.1));
    origin.is_some() && origin == text(header::HOST)
}

/// The query of an address.
pub(crate) struct Query(pub(crate) Fields);

impl FromRequestParts<Web> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Query, Self::Rejection> {
        Ok(Query(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// The number in an address.
pub(crate) struct Number(pub(crate) i64);

impl FromRequestParts<Web> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Number, Problem> {
        let path = Path::<i64>::from_request_parts(parts, web).await;
        path.map(|Path(number)| Number(number)).map_err(|_| Problem::NotFound)
    }
}

/// The token that follows from a cookie's secret. It tells nothing about the secret.
pub(crate) fn token(secret: &str) -> String {
    let hash = hash_secret(&format!("form of {secret}"));
    hash.0[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a cookie. Those of other applications on the host may have letters of any encoding.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut cookies = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    cookies.find_map(|cookie| {
        let (given, value) = str::from_utf8(cookie.trim_ascii()).ok()?.split_once('=')?;
        (given == name).then_some(value)
    })
}

/// A line that sets a cookie until the browser is closed, or takes it away. `value` is hexadecimal.
pub(crate) fn set_cookie(name: &str, value: Option<&str>, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let gone = if value.is_none() { "; Max-Age=0" } else { "" };
    let value = value.unwrap_or_default();
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{gone}");
    HeaderValue::from_str(&line).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Whether the browser speaks TLS, to us or to a proxy in front.
pub(crate) fn is_secure(web: &Web, headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    web.settings.secure || forwarded.is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
}
