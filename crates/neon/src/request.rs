//! One request, from the socket to the answer.

use std::net::SocketAddr;
use std::sync::Arc;

use api_v1::parameter;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method as Verb, Request, Response, StatusCode, header};
use domain::{Stamp, Zone};
use service::{Caller, Outbox, Tenant};

use crate::answer::Answer;
use crate::body::{Form, Sender};
use crate::errors::ApiError;
use crate::json::{self, Head};
use crate::method::{Method, Target};
use crate::outgoing;
use crate::params::Params;
use crate::{BASE_PATH, BODY_BYTES_MAX, Neon, QUERY_BYTES_MAX, methods};

/// What became of a request, for the log and the metrics.
#[derive(Clone, Default)]
pub struct Outcome {
    /// The method; none where there is no such method.
    pub method: Option<&'static str>,
    /// The organization, once it is known.
    pub org: Option<Arc<Tenant>>,
    /// The first error's code; none after success.
    pub error_code: Option<u32>,
}

/// Answers whatever comes in below the API's path.
pub(crate) async fn answer(
    neon: &Neon,
    request: Request<Body>,
    peer: Option<SocketAddr>,
    outbox: &Outbox,
) -> (Response<Body>, Outcome) {
    let path = request.uri().path();
    let target = Target::of(path.strip_prefix(BASE_PATH).unwrap_or(path));
    let (head, body) = request.into_parts();
    let (status, answer) = match answered(neon, &head, body, &target, peer).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err((status, error)) => (status, Answer::refused(error)),
    };
    neon.finish(&target, status, answer, outbox).await
}

/// Why a request reached no method.
pub(crate) type Misunderstood = (StatusCode, ApiError);

fn refused(status: StatusCode, problem: &str) -> Misunderstood {
    (status, ApiError::bad_request(problem))
}

/// Has the method answer, with the parameters of query and body.
async fn answered(
    neon: &Neon,
    head: &Parts,
    body: Body,
    target: &Target,
    peer: Option<SocketAddr>,
) -> Result<Answer, Misunderstood> {
    let (method, query) = understand(head, target)?;
    // What it holds of the budget it holds to the end: the parameters lie in it, or are as large again.
    let sender = Sender { service: &neon.service, query, peer };
    let form = Form::read(&neon.bodies, sender, &head.headers, body).await?;
    let params = Params::parse(query.as_bytes(), &form.bytes)
        .map_err(|problem| refused(StatusCode::PAYLOAD_TOO_LARGE, &problem))?;
    Ok(methods::answer(neon, method, &params, peer).await)
}

/// Finds the method and the query.
fn understand<'a>(head: &'a Parts, target: &Target) -> Result<(Method, &'a str), Misunderstood> {
    let Some(method) = target.method else {
        let known = "there is no such method; the supported ones are common/login, common/logout and, below account/, syncActivities, createActivity, addActivity, updateActivity, removeActivity, retrieveActivity, listActivityStatus, digestActivities";
        return Err(refused(StatusCode::NOT_FOUND, known));
    };
    if !matches!(head.method, Verb::GET | Verb::POST) {
        let problem = "this HTTP method is not supported; use GET or POST";
        return Err(refused(StatusCode::METHOD_NOT_ALLOWED, problem));
    }
    let query = head.uri.query().unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        let problem = format!(
            "the query is too long: the maximum is {QUERY_BYTES_MAX} bytes; send the parameters in the body of a POST request"
        );
        return Err(refused(StatusCode::URI_TOO_LONG, &problem));
    }
    Ok((method, query))
}

impl Neon {
    /// Prints an answer.
    async fn finish(
        &self,
        target: &Target,
        status: StatusCode,
        answer: Answer,
        outbox: &Outbox,
    ) -> (Response<Body>, Outcome) {
        let Answer { org, mut place, mut content } = answer;
        let (horizon, served) = match &mut content {
            Ok(success) => (success.horizon, success.served.take()),
            Err(_) => (None, None),
        };
        // Only an answer without one of its own: each instant that is told costs the next commit.
        let horizon = horizon.unwrap_or_else(|| match &org {
            Some(org) => self.service.recent_horizon(org),
            None => self.service.now(),
        });
        let zone =
            org.as_ref().map_or_else(Zone::utc, |org| org.directory().organization.zone.clone());
        let head = Head { root: &target.root, horizon, zone: &zone };
        let printed = match content {
            Ok(success) => {
                self.json.success(head, &success, place.as_mut()).await.map_err(Vec::from)
            }
            Err(errors) => Err(errors),
        };
        let body = match printed {
            Ok(printed) => outgoing::body(printed, place, served, outbox)
                .await
                .map_err(|no_room| vec![no_room.into()]),
            Err(errors) => Err(errors),
        };
        let error_code = body.as_ref().err().and_then(|errors| code(errors));
        let body = body.unwrap_or_else(|errors| Body::from(json::failure(head, &errors)));
        let mut response = response(status, body);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = header::HeaderValue::from_static("GET, POST");
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        (response, Outcome { method: target.name, org, error_code })
    }

    /// Who asks.
    pub(crate) fn caller(&self, params: &Params<'_>) -> Result<Caller, ApiError> {
        let session = params.value(parameter::SESSION).ok_or(ApiError::SESSION_REQUIRED)?;
        self.service.caller(session).ok_or(ApiError::SESSION_INVALID)
    }
}

/// An answer of the API over HTTP.
fn response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    let version = header::HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    headers.insert(api_v1::header::VERSION, version);
    response
}

/// The first error's code.
fn code(errors: &[ApiError]) -> Option<u32> {
    errors.first().map(|error| error.code)
}

/// The body of an answer to a request that no method ever saw, because it was no HTTP, or too large.
#[must_use]
pub fn refusal(status: StatusCode, now: Stamp) -> String {
    let error = match status {
        StatusCode::SERVICE_UNAVAILABLE => {
            ApiError::unavailable("too many connections are in use; try again")
        }
        StatusCode::URI_TOO_LONG => ApiError::bad_request(
            "the URL is too long: send the parameters in the body of a POST request",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::bad_request(&format!(
            "the request body is too large: the maximum is {BODY_BYTES_MAX} bytes"
        )),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ApiError::bad_request(
            "the URL and headers are too large: send the parameters in the body of a POST request",
        ),
        _ => ApiError::bad_request("the request is not valid HTTP; HTTP/1.1 needs one Host header"),
    };
    let head = Head { root: "errorResponse", horizon: now, zone: &Zone::utc() };
    String::from_utf8_lossy(&json::failure(head, &[error])).into_owned()
}
