//! What the server tells about itself: a log line and metrics for every request, health, readiness.
//!
//! Neither query nor body is ever looked at here, and of a path only what is known by name: API v1
//! has its secrets in the URL (invariant 10), and a slip of the hand puts them in the path.

use std::time::Instant;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::OrgId;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use service::Service;

use crate::log;

/// Bounds of the histogram of durations, in seconds.
const SECONDS_BOUNDS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

/// Begins counting.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, BuildError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, &SECONDS_BOUNDS)?
        .install_recorder()?;
    metrics::describe_counter!(
        "driftless_requests_total",
        "Requests answered, by method and result"
    );
    metrics::describe_histogram!("driftless_request_seconds", "Time from a request to its answer");
    metrics::describe_counter!("driftless_versions_total", "Versions written");
    metrics::describe_counter!(
        "driftless_commits_total",
        "Commits: versions that became visible together"
    );
    Ok(handle)
}

/// `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router(service: Service, metrics: PrometheusHandle) -> Router {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let render = move || async move {
        metrics.run_upkeep();
        ([(header::CONTENT_TYPE, text)], metrics.render())
    };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready).with_state(service))
        .route("/metrics", get(render))
}

/// Ready is who can read and write.
async fn ready(State(service): State<Service>) -> Response {
    match service.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
    }
}

/// A request that is being answered: what will stand of it in the log and the metrics.
pub(crate) struct Observed {
    begun: Instant,
    verb: &'static str,
    page: &'static str,
}

impl Observed {
    /// It has come.
    pub(crate) fn begin(request: &Request) -> Observed {
        let (verb, page) = (verb(request.method()), page(request.uri().path()));
        Observed { begun: Instant::now(), verb, page }
    }

    /// This is its answer.
    pub(crate) fn end(self, response: &Response) {
        let Observed { begun, verb, page } = self;
        let seconds = begun.elapsed().as_secs_f64();
        let status = response.status().as_u16();
        let outcome = response.extensions().get::<neon::Outcome>();
        let method = outcome.map_or(page, |outcome| outcome.method.unwrap_or("unknown"));
        let org = outcome.and_then(|outcome| outcome.org.as_ref()).map(OrgId::as_str);
        let code = outcome.and_then(|outcome| outcome.error_code);
        let ok = code.is_none() && status < 400;
        let result = if ok { "success" } else { "fail" };
        metrics::counter!("driftless_requests_total", "method" => method, "result" => result)
            .increment(1);
        metrics::histogram!("driftless_request_seconds", "method" => method).record(seconds);
        let bytes = HttpBody::size_hint(response.body()).exact();
        let ms = (seconds * 1e6).round() / 1e3;
        tracing::info!(target: log::REQUESTS, verb, method, org, status, code, bytes, ms, "request");
    }
}

fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

/// A path outside the API, as far as it is one of ours.
fn page(path: &str) -> &'static str {
    let known = ["/", "/healthz", "/readyz", "/metrics"].into_iter().find(|known| *known == path);
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    // Pages with a number in their address are counted together.
    let page = web::PAGES.iter().find(|page| **page == first);
    known.or(page.copied()).unwrap_or("unknown")
}
