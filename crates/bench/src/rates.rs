//! Requests a second, of all servers in turn.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Outcome;
use crate::client::{Client, agent, get};
use crate::fill::Content;
use crate::load::{Answered, Load, Request};
use crate::process::cpu_micros;
use crate::question::{Question, Scenario, Update};
use crate::results::{Rate, Rates, Updates, UpdatesRound};
use crate::server::{Server, Who};
use crate::setup::Setup;
use crate::sqlite;

/// Connections of the load.
pub(crate) const CONNECTIONS: u32 = 8;

/// Requests that a run draws from. No run of a few seconds sends many of them twice.
const REQUESTS: usize = 200_000;

/// Answers that are looked at before each run.
const SAMPLES: usize = 10;

/// Clients that write at once.
const WRITERS: u32 = 32;

/// Measures one scenario: first the limit, then the others in turn, and again.
pub(crate) fn rates(
    setup: &Setup,
    name: &str,
    scenario: Scenario,
    servers: &[&Server],
) -> Outcome<Rates> {
    setup.tell(&format!("{name}: requests a second"));
    let bytes = sample(servers[0], scenario, setup.content)?;
    in_turn(setup, name, bytes, servers, |server| {
        if server.who != Who::Limit {
            sample(server, scenario, setup.content)?;
        }
        Ok((0..REQUESTS).map(|_| server.question(&scenario.draw(setup.content))).collect())
    })
}

/// Measures polls over all organizations, a session each.
pub(crate) fn spread(
    setup: &Setup,
    name: &str,
    scenario: Scenario,
    server: &Server,
) -> Outcome<Rates> {
    setup.tell(&format!("{name}: requests a second, over all organizations"));
    let log_in = |n| Ok(Client::log_in(&server.base, n)?.session().to_owned());
    let sessions = (1..=setup.content.organizations).map(log_in).collect::<Outcome<Vec<_>>>()?;
    let bytes = sample(server, scenario, setup.content)?;
    let draw = || {
        let session = &sessions[fastrand::usize(..sessions.len())];
        Request::get(scenario.draw(setup.content).driftless(session))
    };
    in_turn(setup, name, bytes, &[server], |_| Ok((0..REQUESTS).map(|_| draw()).collect()))
}

fn in_turn(
    setup: &Setup,
    name: &str,
    bytes: usize,
    servers: &[&Server],
    draw: impl Fn(&Server) -> Outcome<Vec<Request>>,
) -> Outcome<Rates> {
    let limit = Server::limit(&setup.folder, bytes, servers[0])?;
    let mut rounds = Vec::new();
    for _ in 0..setup.rounds {
        let mut round = BTreeMap::new();
        for server in [&limit].into_iter().chain(servers.iter().copied()) {
            round.insert(server.who, rate(setup, server, CONNECTIONS, &draw(server)?)?);
        }
        rounds.push(round);
    }
    Ok(Rates { scenario: name.to_owned(), activities: setup.content.activities, bytes, rounds })
}

/// Microseconds of a poll, one after the other on one connection.
pub(crate) fn poll_micros(setup: &Setup, scenario: Scenario, server: &Server) -> Outcome<f64> {
    sample(server, scenario, setup.content)?;
    let question = || server.question(&scenario.draw(setup.content));
    let requests: Vec<_> = (0..REQUESTS).map(|_| question()).collect();
    Ok(1e6 / rate(setup, server, 1, &requests)?.per_second)
}

/// Sends requests; none may fail.
pub(crate) fn rate(
    setup: &Setup,
    server: &Server,
    connections: u32,
    requests: &[Request],
) -> Outcome<Rate> {
    let load = Load { connections, during: setup.during };
    let before = cpu_micros(&server.ids())?;
    let Answered { requests, per_second } =
        load.run(&setup.folder, &server.base, &server.headers, requests)?;
    let cpu = cpu_micros(&server.ids())? - before;
    if server.who == Who::Driftless {
        Client::of(server).expect_no_failure()?;
    }
    Ok(Rate { per_second, cpu_micros: cpu as f64 / requests as f64 })
}

/// Asks some of the questions, and looks whether as many records are in each answer as there should
/// be. Returns how many bytes an answer has, on average.
fn sample(server: &Server, scenario: Scenario, content: Content) -> Outcome<usize> {
    let agent = agent();
    if scenario == Scenario::Page {
        // It is page 1 that begins a run.
        let first = server.question(&Question::everything(1, 10)).target;
        get(&agent, &format!("{}{first}", server.base), &server.headers)?;
    }
    let mut bytes = 0;
    for _ in 0..SAMPLES {
        let target = server.question(&scenario.draw(content)).target;
        let body = get(&agent, &format!("{}{target}", server.base), &server.headers)?;
        bytes += body.len();
        let answer: Value = serde_json::from_str(&body)?;
        let records = match server.who {
            Who::PocketBase => &answer["items"],
            Who::FastApi => &answer["activities"],
            _ => &answer["syncActivitiesResponse"]["activities"]["activity"],
        };
        if records.as_array().map_or(0, Vec::len) != scenario.records() {
            return Err(format!("{target} was answered with {body}").into());
        }
    }
    Ok(bytes / SAMPLES)
}

/// Measures updates, in rounds: bare SQLite on the same disk, then each server.
pub(crate) fn updates(setup: &Setup, servers: &[&Server]) -> Outcome<Updates> {
    setup.tell("S5: updates a second of 32 clients and of one, beside commits of bare SQLite");
    let mut rounds = Vec::new();
    for _ in 0..setup.rounds {
        let sqlite = sqlite::commits_per_second(&setup.folder, setup.during)?;
        let mut round = UpdatesRound { sqlite, many: BTreeMap::new(), one: BTreeMap::new() };
        for server in servers {
            round.many.insert(server.who, updates_per_second(setup, server, WRITERS)?);
            round.one.insert(server.who, updates_per_second(setup, server, 1)?);
        }
        rounds.push(round);
    }
    Ok(Updates { activities: setup.content.activities, rounds })
}

/// Updates a second of so many clients at once.
pub(crate) fn updates_per_second(setup: &Setup, server: &Server, writers: u32) -> Outcome<f64> {
    let update = || server.update(&Update::draw(setup.content.activities));
    let requests: Vec<_> = (0..REQUESTS).map(|_| update()).collect();
    Ok(rate(setup, server, writers, &requests)?.per_second)
}
