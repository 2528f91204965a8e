//! What each key is missing, as metrics: computed on request.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{OrgId, Stamp};
use service::{Integration, IntegrationState, Service, Severity, Tenant};

use crate::forwarded;

/// A metric of a key: its name, what it means, and its value where it has one.
type Metric = (&'static str, &'static str, fn(&Integration) -> Option<f64>);

const METRICS: [Metric; 5] = [
    (
        "driftless_key_problem",
        "Severity of a key's state: 0 fine, 1 needs attention, 2 changes were lost",
        |one| Some(f64::from(severity(one))),
    ),
    (
        "driftless_key_undelivered_changes",
        "Current changes that a key asked for or skipped, and that were never delivered",
        |one| Some(count(one.missing.changes())),
    ),
    ("driftless_key_behind_changes", "Current changes newer than a key's last poll", |one| {
        Some(count(one.behind))
    }),
    (
        "driftless_key_complete_until_timestamp_seconds",
        "Time up to which a key has received every change since its first poll",
        |one| one.complete_until.map(seconds),
    ),
    ("driftless_key_last_poll_timestamp_seconds", "Time of a key's last poll", |one| {
        one.poll.as_ref().map(|poll| seconds(poll.last_at))
    }),
];

/// Not a key of that organization. An error, so that missing metrics are not taken for good news.
pub(super) struct WrongKey;

/// The organizations whose keys a client may see, since the list of organizations is not public: the one whose id
/// and key it sends as user name and password, or, without those, all of them if it runs on this computer and is not
/// a proxy.
pub(super) fn shown_to(
    peer: SocketAddr,
    headers: &HeaderMap,
    service: &Service,
) -> Result<Vec<Arc<Tenant>>, WrongKey> {
    if headers.contains_key(header::AUTHORIZATION) {
        let of_key =
            |(org, key): (String, String)| service.org_of_key(&OrgId::parse(&org).ok()?, &key).ok();
        return basic(headers).and_then(of_key).map(|org| vec![org]).ok_or(WrongKey);
    }
    let asks_for_itself = !forwarded::HEADERS.iter().any(|name| headers.contains_key(*name));
    let is_shown_all = peer.ip().to_canonical().is_loopback() && asks_for_itself;
    Ok(if is_shown_all { service.orgs() } else { Vec::new() })
}

/// Name and password, as RFC 7617 has them.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (name.to_owned(), password.to_owned()))
}

/// The metrics of all keys of these organizations that are not revoked.
pub(super) fn render(service: &Service, orgs: &[Arc<Tenant>]) -> String {
    let mut keys = Vec::new();
    for org in orgs {
        let live = service.integrations(org).into_iter();
        let live = live.filter(|one| one.state != IntegrationState::Revoked);
        keys.extend(live.map(|one| (labels(org.id.as_str(), &one), one)));
    }
    let mut text = String::new();
    if keys.is_empty() {
        return text;
    }
    head(&mut text, "driftless_key_state", "The state of a key, as the label state");
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

/// Exact for all realistic counts.
fn count(count: u64) -> f64 {
    count as f64
}

fn seconds(at: Stamp) -> f64 {
    at.millis() as f64 / 1_000.0
}
