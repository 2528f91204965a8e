//! One request, from the socket to the answer.

use std::net::SocketAddr;
use std::sync::Arc;

use api_v1::parameter;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Method as Verb, Request, Response, StatusCode, header};
use domain::Moment;
use service::{Caller, Place, Served, Tenant};

use crate::body::{Form, Sender};
use crate::envelope::{Envelope, Success, failure, response};
use crate::errors::ApiError;
use crate::method::{Method, Target};
use crate::outgoing::{self, Outbox};
use crate::params::Params;
use crate::{BASE_PATH, Neon, QUERY_BYTES_MAX, methods};

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

/// What a method has come to.
pub(crate) struct Answer {
    /// Whose it is: decides in which zone times are shown.
    pub(crate) org: Option<Arc<Tenant>>,
    pub(crate) response_date_time: Option<Moment>,
    pub(crate) content: Result<Success, Vec<ApiError>>,
    /// The page of changes that it is, to be told of once it has been sent.
    pub(crate) served: Option<Served>,
    /// Its place among the requests that the organization has under way.
    pub(crate) place: Option<Place>,
}

impl Answer {
    /// An answer that is nobody's yet.
    pub(crate) fn of(content: Result<Success, Vec<ApiError>>) -> Answer {
        Answer { org: None, response_date_time: None, content, served: None, place: None }
    }

    /// A failure before anybody was recognised.
    pub(crate) fn refused(error: ApiError) -> Answer {
        Answer::of(Err(vec![error]))
    }
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
    /// Puts an answer into its envelope.
    async fn finish(
        &self,
        target: &Target,
        status: StatusCode,
        answer: Answer,
        outbox: &Outbox,
    ) -> (Response<Body>, Outcome) {
        let Answer { org, response_date_time, content, served, place } = answer;
        let response_date_time = response_date_time.unwrap_or_else(|| match &org {
            Some(org) => org.directory().organization.zone.at(self.service.recent_horizon(org)),
            None => self.service.now().at_offset(0),
        });
        let mut error_code = content.as_ref().err().and_then(|errors| code(errors));
        let envelope = Envelope { root: &target.root, response_date_time, content };
        let body = match outgoing::body(envelope.into_pieces(), place, served, outbox).await {
            Ok(body) => body,
            Err(why) => {
                let errors = [ApiError::from(why)];
                error_code = code(&errors);
                Body::from(failure(&target.root, response_date_time, &errors))
            }
        };
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

/// The first error's code.
fn code(errors: &[ApiError]) -> Option<u32> {
    errors.first().map(|error| error.code)
}
