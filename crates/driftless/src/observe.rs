//! What the server reports about itself: a log line and metrics for every request, health, readiness.
//!
//! Query and body are never used here, and of a path only known names: API v1 has its secrets in the URL
//! (invariant 10), and by mistake they can end up in the path.

mod keys;

use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Clock;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use neon::{Api, Outcome};
use service::{Service, SystemClock};

use self::keys::WrongKey;
use crate::request_log::{Answered, RequestLog};

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
    metrics::describe_histogram!("driftless_request_seconds", "Time taken to answer a request");
    metrics::describe_counter!("driftless_versions_total", "Versions of activities written");
    metrics::describe_counter!(
        "driftless_commits_total",
        "Commits, each a group of versions that became visible together"
    );
    metrics::describe_gauge!("driftless_disk_free_bytes", "Space on the disk of the data folder");
    metrics::describe_gauge!(
        "driftless_unsent_bytes",
        "Bytes of answers and pages that have not been sent yet, and of forms being answered"
    );
    metrics::describe_counter!(
        "driftless_refused_for_room_total",
        "Requests refused because their organization had too many in progress or too much not yet sent"
    );
    metrics::describe_gauge!("driftless_connections", "Connections at the moment");
    service::describe_shed();
    Ok(handle)
}

/// `/healthz`, `/readyz` and `/metrics`.
pub(crate) fn router(
    service: Service,
    metrics: PrometheusHandle,
    request_log: RequestLog,
) -> Router {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let of_keys = service.clone();
    let render = move |ConnectInfo(peer): ConnectInfo<SocketAddr>, headers: HeaderMap| async move {
        request_log.take_up();
        if let Some(free) = of_keys.disk_free_bytes() {
            metrics::gauge!("driftless_disk_free_bytes").set(free as f64);
        }
        metrics::gauge!("driftless_unsent_bytes").set(of_keys.unsent_bytes() as f64);
        metrics::counter!("driftless_refused_for_room_total").absolute(of_keys.refused_for_room());
        let mut rendered = metrics.render();
        // There may be many, and their organizations' locks are not to be waited for here.
        let service = of_keys.clone();
        let keys = service.blocking(move || {
            keys::shown_to(peer, &headers, &of_keys).map(|orgs| keys::render(&of_keys, &orgs))
        });
        match keys.await {
            Ok(Ok(keys)) => rendered.push_str(&keys),
            Ok(Err(WrongKey)) => return wrong_key(),
            Err(_) => {}
        }
        ([(header::CONTENT_TYPE, text)], rendered).into_response()
    };
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready).with_state(service))
        .route("/metrics", get(render))
        .method_not_allowed_fallback(|| async { (StatusCode::METHOD_NOT_ALLOWED, "use GET\n") })
}

fn wrong_key() -> Response {
    let asks = [(header::WWW_AUTHENTICATE, "Basic realm=\"Driftless\"")];
    let advice =
        "use an organization's id as the user name and one of its API keys as the password\n";
    (StatusCode::UNAUTHORIZED, asks, advice).into_response()
}

/// Ready is who can read and write.
async fn ready(State(service): State<Service>) -> Response {
    match service.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(problem) => (StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")).into_response(),
    }
}

/// A request that is being answered.
pub(crate) struct Observed {
    begun: Instant,
    verb: &'static str,
    page: &'static str,
}

impl Observed {
    /// A request has come.
    pub(crate) fn begin(request: &Request) -> Observed {
        let path = request.uri().path();
        let page = if Api::serves(path) { "unknown" } else { page(path) };
        Observed { begun: Instant::now(), verb: verb(request.method()), page }
    }

    /// This is its answer, with what the API says about it.
    pub(crate) fn end(self, response: &Response, outcome: Outcome) -> Answered {
        let ended = Instant::now();
        Answered {
            at: SystemClock.now(),
            ended,
            verb: self.verb,
            method: outcome.method.unwrap_or(self.page),
            org: outcome.org,
            status: response.status().as_u16(),
            code: outcome.error_code,
            bytes: HttpBody::size_hint(response.body()).exact(),
            took: ended - self.begun,
        }
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
