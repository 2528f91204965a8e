//! Silent connections of one stranger, more than the server has places for.

use super::attack::Attack;
use super::neighbour::SUCCESS;
use super::{Row, Scene};
use crate::Outcome;

const CONNECTIONS: usize = 4_200;

pub(crate) fn rows(scene: &Scene<'_>) -> Outcome<Vec<Row>> {
    let poll = scene.neighbour.poll();
    let health = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let asked = [("polls", poll.as_str(), SUCCESS), ("checks health", health, "ok\n")];
    let feel = || -> Outcome<Vec<_>> {
        asked.iter().map(|(_, request, sign)| scene.neighbour.asks(request, sign)).collect()
    };
    let without = feel()?;
    let attack = Attack::start(scene.server, CONNECTIONS, Vec::new())?;
    let with = feel()?;
    drop(attack);
    let rows = asked.iter().zip(without.into_iter().zip(with));
    let row = |((neighbour, ..), (without, with)): (&(&'static str, _, _), _)| Row {
        attack: "4,200 silent connections",
        neighbour,
        without,
        with,
    };
    Ok(rows.map(row).collect())
}
