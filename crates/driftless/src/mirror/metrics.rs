//! What a mirror reports about itself to Prometheus.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use ::metrics::{counter, describe_counter, describe_gauge, gauge};
use ::mirror::{RunError, SourceError, Summary, Verified};
use domain::{Clock, Stamp};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use service::SystemClock;
use tokio::sync::Semaphore;

use crate::commands::Failure;

const COMPLETE_TO: &str = "driftless_mirror_complete_until_timestamp_seconds";
const LAST_SUCCESS: &str = "driftless_mirror_last_success_timestamp_seconds";
const READ: &str = "driftless_mirror_read_total";
const WRITTEN: &str = "driftless_mirror_written_total";
const REMOVED: &str = "driftless_mirror_removed_total";
const UNREADABLE: &str = "driftless_mirror_unreadable";
const ERRORS: &str = "driftless_mirror_errors_total";
const HELD_BACK: &str = "driftless_mirror_removals_held_back";
const LAST_COMPARISON: &str = "driftless_mirror_last_comparison_timestamp_seconds";
const REPAIRED: &str = "driftless_mirror_repaired_total";

/// The kinds of [`ERRORS`].
const KINDS: [&str; 3] = ["source", "target", "removals"];

/// A client that does not send its request within this time is dropped.
const REQUEST_WITHIN: Duration = Duration::from_secs(15);

/// As many clients are served at once: more than there are monitors.
const CONNECTIONS_MAX: usize = 16;

/// An address and a port; a port alone is one of this machine's own address.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.parse().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    port.or_else(|_| text.parse())
        .map_err(|_| "expected an address and a port, like 127.0.0.1:9420".to_owned())
}

/// Begins counting, and serves what was counted.
pub(super) fn serve(address: SocketAddr) -> Result<(), Failure> {
    let listener = TcpListener::bind(address)
        .map_err(|error| format!("cannot serve metrics on {address}: {error}"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = PrometheusBuilder::new().install_recorder()?;
    describe();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = {
        let _within = runtime.enter();
        tokio::net::TcpListener::from_std(listener)?
    };
    let serving = std::thread::Builder::new().name("metrics".to_owned());
    serving.spawn(move || runtime.block_on(answer_all(listener, handle)))?;
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("metrics are at http://{address}/metrics\n").as_bytes(),
    );
    Ok(())
}

async fn answer_all(listener: tokio::net::TcpListener, metrics: PrometheusHandle) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // As when there are no more file descriptors.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let metrics = metrics.clone();
        let answering = service_fn(move |request: Request<_>| {
            let answer = answer(&request, &metrics);
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(REQUEST_WITHIN)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), answering);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(REQUEST_WITHIN, connection).await;
            drop(place);
        });
    }
}

fn answer(
    request: &Request<hyper::body::Incoming>,
    metrics: &PrometheusHandle,
) -> Response<String> {
    let is_known = request.uri().path() == "/metrics" && request.method() == Method::GET;
    let body = if is_known { metrics.render() } else { "only GET /metrics is here\n".to_owned() };
    let mut response = Response::new(body);
    let text = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, text);
    if !is_known {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

fn describe() {
    describe_gauge!(COMPLETE_TO, "Up to when the target has everything, by the server's clock");
    describe_gauge!(LAST_SUCCESS, "When a run last came to its end");
    describe_counter!(READ, "Activities that the server has sent");
    describe_counter!(WRITTEN, "Activities written to the target");
    describe_counter!(REMOVED, "Activities removed from the target");
    describe_gauge!(UNREADABLE, "Records in the target that cannot be read");
    describe_counter!(ERRORS, "Runs that ended early, by the kind of reason");
    describe_gauge!(HELD_BACK, "1 if the last run would have removed too much");
    describe_gauge!(LAST_COMPARISON, "When everything was last compared with the server");
    describe_counter!(REPAIRED, "Differences that comparisons have repaired");
    for name in [READ, WRITTEN, REMOVED, REPAIRED] {
        counter!(name).increment(0);
    }
    for kind in KINDS {
        counter!(ERRORS, "kind" => kind).increment(0);
    }
    for name in [UNREADABLE, HELD_BACK] {
        gauge!(name).set(0.0);
    }
}

/// A run has ended. Without [`serve`], nothing is counted.
pub(super) fn done(summary: &Summary) {
    counter!(READ).increment(summary.read);
    counter!(WRITTEN).increment(summary.written);
    counter!(REMOVED).increment(summary.removed);
    counter!(REPAIRED).increment(summary.restored.unwrap_or(0));
    gauge!(UNREADABLE).set(number(summary.unreadable));
    gauge!(HELD_BACK).set(0.0);
    if let Some(to) = summary.complete_to {
        gauge!(COMPLETE_TO).set(seconds(to));
        gauge!(LAST_SUCCESS).set(seconds(SystemClock.now()));
    }
}

/// A run has failed.
pub(super) fn failed(error: &RunError) {
    let [source, target, removals] = KINDS;
    let kind = match error {
        RunError::Source(SourceError::Stopped) => return,
        RunError::Source(_) | RunError::Restless => source,
        RunError::Breaker { .. } => removals,
        _ => target,
    };
    counter!(ERRORS, "kind" => kind).increment(1);
    if kind == removals {
        gauge!(HELD_BACK).set(1.0);
    }
}

/// A comparison has ended.
pub(super) fn compared(verified: &Verified) {
    if let Some(left) = verified.left {
        counter!(REPAIRED).increment(verified.different.saturating_sub(left));
    }
    if verified.as_of.is_some() {
        gauge!(LAST_COMPARISON).set(seconds(SystemClock.now()));
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
fn seconds(stamp: Stamp) -> f64 {
    stamp.millis() as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floating point numbers")]
fn number(count: u64) -> f64 {
    count as f64
}
