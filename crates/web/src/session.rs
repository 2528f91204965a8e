//! Finds out who sends a request, and whether a form is ours.
//!
//! The session id is in a cookie that scripts cannot read and that browsers do not send with other sites' forms.
//! Every form carries a token derived from the id, which no other site knows.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::Method;
use axum::http::request::Parts;
use domain::Role;
use service::Person;

use crate::body;
use crate::cookies::Cookie;
use crate::fields::Fields;
use crate::interrupted_form::{self, InterruptedForm};
use crate::problem::Resend;
use crate::reached::{Stood, client, stood};
use crate::room::Seat;
use crate::times::Clock;
use crate::tokens::{is_token, token};
use crate::{FORM_BYTES_MAX, Problem, Web};

/// A person who is signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) person: Person,
    /// The token that each of their forms carries.
    pub(crate) csrf: String,
    session: Arc<str>,
    /// The time, and the zone in which the person sees all times.
    pub(crate) clock: Clock,
}

impl SignedIn {
    /// Fails without this role.
    pub(crate) fn needs(&self, role: Role) -> Result<(), Problem> {
        if self.person.may(role) { Ok(()) } else { Err(Problem::Forbidden(role)) }
    }

    /// Fails if the person may not change activities, or no one may now.
    pub(crate) fn needs_to_edit(&self) -> Result<(), Problem> {
        self.needs(Role::Editor)?;
        Ok(self.person.tenant.directory().is_writable()?)
    }

    /// The same of what only admins may: import, and say which statuses there are.
    pub(crate) fn needs_to_import(&self) -> Result<(), Problem> {
        self.needs(Role::Admin)?;
        Ok(self.person.tenant.directory().is_writable()?)
    }

    /// Whether that is to be offered.
    pub(crate) fn imports(&self) -> bool {
        self.needs_to_import().is_ok()
    }

    /// The person with this session, at this address; none if there is no such session, or it has ended.
    pub(crate) fn of(web: &Web, session: Option<&str>, from: Option<IpAddr>) -> Option<SignedIn> {
        let id = session?;
        let person = web.service.person(id)?.at(from);
        let clock = Clock { zone: person.zone(), now: web.service.now() };
        Some(SignedIn { person, csrf: token(id), session: id.into(), clock })
    }

    /// The person who sent a request.
    fn by(parts: &Parts, web: &Web) -> Result<SignedIn, Problem> {
        let session = web.cookies.get(&parts.headers, Cookie::Session);
        if let Some(who) = SignedIn::of(web, session, client(&parts.extensions)) {
            return Ok(who);
        }
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return Err(Problem::SignedOut(None));
        }
        let back = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Err(Problem::SignIn { back: back.to_owned() })
    }

    /// Whether a form's token is one of this session.
    pub(crate) fn is_form_of(&self, token: &str) -> bool {
        is_token(token, &self.session)
    }

    /// Whether the person may change activities, and the organization is not read-only.
    pub(crate) fn edits(&self) -> bool {
        self.needs_to_edit().is_ok()
    }

    /// Whether the person may name accounts.
    pub(crate) fn names(&self) -> bool {
        self.person.may(Role::Editor)
    }
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Problem;

    /// Takes a place in the person's organization.
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<SignedIn, Problem> {
        let who = SignedIn::by(parts, web)?;
        Seat::of(parts).take(&who.person.tenant).await?;
        Ok(who)
    }
}

/// A form that came from one of our pages, and who sent it.
pub(crate) struct Posted {
    pub(crate) who: SignedIn,
    pub(crate) fields: Fields,
}

impl FromRequest<Web> for Posted {
    type Rejection = Problem;

    /// Takes a place in the person's organization once the form has come: one that comes slowly does not keep others
    /// waiting.
    async fn from_request(request: Request, web: &Web) -> Result<Posted, Problem> {
        let (parts, body) = request.into_parts();
        let who = match SignedIn::by(&parts, web) {
            Err(Problem::SignedOut(_)) => return Err(InterruptedForm::of(&parts, body, web).await),
            who => who?,
        };
        let mut share = who.person.tenant.share();
        let bytes = body::read_counted(body, FORM_BYTES_MAX, &mut share).await?;
        Seat::of(&parts).take_with(share).await?;
        let fields = body::fields(&web.service, bytes).await?;
        if is_token(fields.raw("csrf"), &who.session) {
            return Ok(Posted { who, fields });
        }
        // The person signed in again while the form was open. A form of another site has another origin.
        if stood(&parts.headers) != Stood::Here || fields.raw("csrf").is_empty() {
            return Err(Problem::ForeignForm);
        }
        if !interrupted_form::is_shown_again(&fields) {
            return Err(Problem::LongOldForm);
        }
        let action = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let csrf = who.csrf.clone();
        let (fields, secrets) = interrupted_form::showable(&fields);
        Err(Problem::OldForm(Box::new(Resend { action, csrf, fields, secrets })))
    }
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
