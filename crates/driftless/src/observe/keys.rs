//! What each key lacks, as metrics: worked out when somebody looks.

use std::fmt::Write;

use axum::http::HeaderMap;
use domain::Stamp;
use service::{Integration, IntegrationState, Service, Severity};

/// A proxy says with these for whom it asks.
const FORWARDED: [&str; 2] = ["forwarded", "x-forwarded-for"];

/// A metric of a key: its name, what it means, and its value where it has one.
type Metric = (&'static str, &'static str, fn(&Integration) -> Option<f64>);

const METRICS: [Metric; 5] = [
    (
        "driftless_key_problem",
        "How bad the state of a key is: 0 fine, 1 to be looked at, 2 something is lost",
        |one| Some(f64::from(severity(one))),
    ),
    (
        "driftless_key_undelivered_changes",
        "Current changes that a key asked for, or skipped, and was never given",
        |one| Some(count(one.missing.changes())),
    ),
    ("driftless_key_behind_changes", "Current changes after all that a key has asked for", |one| {
        Some(count(one.behind))
    }),
    (
        "driftless_key_complete_until_timestamp_seconds",
        "Up to when a key has been given everything since its first question",
        |one| one.complete_until.map(seconds),
    ),
    ("driftless_key_last_poll_timestamp_seconds", "When a key was last asked with", |one| {
        one.poll.as_ref().map(|poll| seconds(poll.last_at))
    }),
];

/// Whether a request has come through a proxy, and so from whom it may concern or not: what organizations
/// there are is not told to everybody.
pub(super) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// The metrics of all keys that are not revoked.
pub(super) fn render(service: &Service) -> String {
    let mut keys = Vec::new();
    for org in service.orgs() {
        let live = service.integrations(&org).into_iter();
        let live = live.filter(|one| one.state != IntegrationState::Revoked);
        keys.extend(live.map(|one| (labels(org.id.as_str(), &one), one)));
    }
    let mut text = String::new();
    if keys.is_empty() {
        return text;
    }
    head(&mut text, "driftless_key_state", "The state of a key, as its label says");
    for (labels, one) in &keys {
        let state = one.state.name();
        let _ = writeln!(text, "driftless_key_state{{{labels},state=\"{state}\"}} 1");
    }
    for (name, help, value) in METRICS {
        head(&mut text, name, help);
        for (labels, one) in &keys {
            if let Some(value) = value(one) {
                let _ = writeln!(text, "{name}{{{labels}}} {value}");
            }
        }
    }
    text
}

fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "\n# HELP {name} {help}\n# TYPE {name} gauge");
}

fn labels(org: &str, one: &Integration) -> String {
    let key = &one.key;
    let (org, label) = (escaped(org), escaped(&key.label));
    format!("organization=\"{org}\",key=\"{}\",label=\"{label}\"", key.id)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn severity(one: &Integration) -> u8 {
    match one.severity() {
        Severity::Fine => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
    }
}

/// Exact as far as anybody has so many.
fn count(count: u64) -> f64 {
    count as f64
}

fn seconds(at: Stamp) -> f64 {
    at.millis() as f64 / 1_000.0
}
