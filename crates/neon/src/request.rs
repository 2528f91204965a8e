//! One request, from the socket to the answer.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, Method as Verb, Request, Response, StatusCode, header};
use domain::{Moment, OrgId};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use service::Caller;

use crate::envelope::{Envelope, Success, response};
use crate::errors::ApiError;
use crate::method::{Method, Target};
use crate::params::Params;
use crate::{BASE_PATH, BODY_BYTES_MAX, Neon, QUERY_BYTES_MAX, methods};

/// What became of a request, for the log and the metrics: it travels beside the response.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The method; none where there is no such method.
    pub method: Option<&'static str>,
    /// The organization, once it is known.
    pub org: Option<OrgId>,
    /// The first error's code; none after success.
    pub error_code: Option<u32>,
}

/// What a method has come to.
pub(crate) struct Answer {
    /// Whose it is: decides in which zone times are shown.
    pub(crate) org: Option<Arc<service::Tenant>>,
    pub(crate) response_date_time: Option<Moment>,
    pub(crate) content: Result<Success, Vec<ApiError>>,
}

impl Answer {
    /// A failure before anybody was recognised.
    pub(crate) fn refused(error: ApiError) -> Answer {
        Answer { org: None, response_date_time: None, content: Err(vec![error]) }
    }
}

/// Answers whatever comes in below the API's path.
pub(crate) async fn answer(
    State(neon): State<Arc<Neon>>,
    request: Request<Body>,
) -> Response<Body> {
    let path = request.uri().path();
    let target = Target::of(path.strip_prefix(BASE_PATH).unwrap_or(path));
    let (status, answer) = match understand(request, &target).await {
        Ok((method, params)) => (StatusCode::OK, methods::answer(&neon, method, &params).await),
        Err((status, problem)) => (status, Answer::refused(ApiError::bad_request(&problem))),
    };
    neon.finish(&target, status, answer)
}

type Misunderstood = (StatusCode, String);

/// Finds method and parameters.
async fn understand(
    request: Request<Body>,
    target: &Target,
) -> Result<(Method, Params), Misunderstood> {
    let (head, body) = request.into_parts();
    let Some(method) = target.method else {
        let known = "there is no such method; those served are common/login, common/logout and, below account/, syncActivities, createActivity, addActivity, updateActivity, removeActivity, retrieveActivity, listActivityStatus".to_owned();
        return Err((StatusCode::NOT_FOUND, known));
    };
    if !matches!(head.method, Verb::GET | Verb::POST) {
        let problem = "this verb is not served; use GET or POST".to_owned();
        return Err((StatusCode::METHOD_NOT_ALLOWED, problem));
    }
    let query = head.uri.query().unwrap_or_default();
    if query.len() > QUERY_BYTES_MAX {
        let problem = format!(
            "the query is too long: at most {QUERY_BYTES_MAX} bytes are read; send the parameters as the body of a POST"
        );
        return Err((StatusCode::URI_TOO_LONG, problem));
    }
    let form = read_form(&head.headers, body).await?;
    let params = Params::parse(query.as_bytes(), &form);
    params
        .map(|params| (method, params))
        .map_err(|problem| (StatusCode::PAYLOAD_TOO_LARGE, problem))
}

/// Reads the body, which is a form or nothing. Some clients declare JSON and send nothing.
async fn read_form(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Misunderstood> {
    let too_large = || {
        let problem = format!("the body is too large: at most {BODY_BYTES_MAX} bytes are read");
        (StatusCode::PAYLOAD_TOO_LARGE, problem)
    };
    // Who announces too much is told at once, not when all of it has come.
    if body.size_hint().lower() > BODY_BYTES_MAX as u64 {
        return Err(too_large());
    }
    let form = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => return Err(too_large()),
        Err(_) => return Err((StatusCode::BAD_REQUEST, "the body ended too early".to_owned())),
    };
    let declared =
        headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let is_form = declared.is_none_or(|declared| {
        let essence = declared.split(';').next().unwrap_or_default().trim();
        essence.is_empty() || essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    if !is_form && !form.is_empty() {
        let problem = format!(
            "the body's Content-Type is {:?}, expected application/x-www-form-urlencoded",
            declared.unwrap_or_default()
        );
        // Answered like any malformed value: by a failure that clients look at.
        return Err((StatusCode::OK, problem));
    }
    Ok(form.to_vec())
}

impl Neon {
    /// Puts an answer into its envelope.
    fn finish(&self, target: &Target, status: StatusCode, answer: Answer) -> Response<Body> {
        let outcome = Outcome {
            method: target.name,
            org: answer.org.as_ref().map(|org| org.id.clone()),
            error_code: answer
                .content
                .as_ref()
                .err()
                .and_then(|errors| errors.first())
                .map(|e| e.code),
        };
        let response_date_time = answer.response_date_time.unwrap_or_else(|| match &answer.org {
            Some(org) => org.directory().organization.zone.at(self.service.horizon(org)),
            None => self.service.now().at_offset(0),
        });
        let envelope = Envelope { root: &target.root, response_date_time, content: answer.content };
        let mut response = response(status, envelope.to_json());
        if status == StatusCode::METHOD_NOT_ALLOWED {
            let allowed = header::HeaderValue::from_static("GET, POST");
            response.headers_mut().insert(header::ALLOW, allowed);
        }
        response.extensions_mut().insert(outcome);
        response
    }

    /// Who asks.
    pub(crate) fn caller(&self, params: &Params) -> Result<Caller, ApiError> {
        let session = params.value("usersessionid").ok_or(ApiError::SESSION_REQUIRED)?;
        self.service.caller(session).ok_or(ApiError::SESSION_INVALID)
    }
}
