//! Heads that do not end, on nearly all connections that there are.

use super::attack::Attack;
use super::neighbour::SUCCESS;
use super::{Row, Scene};
use crate::Outcome;

const CONNECTIONS: usize = 4_090;

/// Just short of what is refused.
const HEAD_BYTES: usize = 125_000;

pub(crate) fn rows(scene: &Scene<'_>) -> Outcome<Vec<Row>> {
    let poll = scene.neighbour.poll();
    let without = scene.neighbour.asks(&poll, SUCCESS)?;
    let mut head = "GET / HTTP/1.1\r\nHost: x\r\n".to_owned();
    while head.len() < HEAD_BYTES {
        head += &format!("X-Filler: {}\r\n", "x".repeat(2_000));
    }
    let attack = Attack::start(scene.server, CONNECTIONS, head.into_bytes())?;
    let with = scene.neighbour.asks(&poll, SUCCESS)?;
    drop(attack);
    Ok(vec![Row { attack: "4,090 unfinished heads of 125 KB", neighbour: "polls", without, with }])
}
