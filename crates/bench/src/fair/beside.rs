//! A neighbour that asks for several things at once, in peace and then while others ask as fast as they can.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Felt, Row};
use crate::Outcome;
use crate::connection::Connection;
use crate::fill::{KEY, org};
use crate::process::memory_bytes;
use crate::question::Update;
use crate::server::Server;
use crate::setup::Setup;

/// What a neighbour does: asks, and waits for the answer.
pub(crate) type Ask<'a> = Box<dyn FnMut() -> Outcome<()> + Send + 'a>;

/// A neighbour asks this often, for each kind of request.
const EVERY: Duration = Duration::from_millis(20);

/// See `nice(2)`.
const ATTACKERS_NICENESS: i32 = 15;

/// How long an attack goes on before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// Has this thread, an attacker's, run when the server and the neighbour leave it time: a real attacker has a machine
/// of their own, and what this one takes of the cores here would be measured as the server's doing.
pub(super) fn stand_back() {
    let _ = rustix::process::nice(ATTACKERS_NICENESS);
}

/// Measures a neighbour in peace, and then while attackers ask as fast as they can. Answers to attackers are not
/// looked at: they may be refusals.
pub(crate) fn compare(
    server: &Server,
    during: Duration,
    attack: &'static str,
    mut neighbour: Vec<(&'static str, Ask<'_>)>,
    attackers: Vec<Ask<'_>>,
) -> Outcome<Vec<Row>> {
    felt(server, WARM_UP, &mut neighbour)?; // What is asked for the first time is not measured.
    let controls = felt(server, during, &mut neighbour)?;
    let over = AtomicBool::new(false);
    let attacks = std::thread::scope(|scope| {
        for mut attacker in attackers {
            let over = &over;
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    if attacker().is_err() {
                        std::thread::sleep(EVERY);
                    }
                }
            });
        }
        std::thread::sleep(WARM_UP);
        let attacks = felt(server, during, &mut neighbour);
        over.store(true, Ordering::Relaxed);
        attacks
    })?;
    let both = controls.into_iter().zip(attacks);
    let row = |((name, _), (without, with)): (&(&'static str, Ask<'_>), (Felt, Felt))| Row {
        attack,
        neighbour: name,
        without,
        with,
    };
    Ok(neighbour.iter().zip(both).map(row).collect())
}

/// How each kind of request is answered, all of them at the same time.
fn felt(
    server: &Server,
    during: Duration,
    neighbour: &mut [(&'static str, Ask<'_>)],
) -> Outcome<Vec<Felt>> {
    let (begun, memory) = (Instant::now(), Mutex::new(0));
    let times = std::thread::scope(|scope| {
        let asking: Vec<_> = neighbour
            .iter_mut()
            .map(|(_, ask)| {
                let memory = &memory;
                scope.spawn(move || -> Outcome<Vec<Duration>> {
                    let mut times = Vec::new();
                    while begun.elapsed() < during {
                        let asked = Instant::now();
                        ask()?;
                        times.push(asked.elapsed());
                        if times.len() % 10 == 1 {
                            let held = memory_bytes(server.id())?;
                            let mut most = memory.lock().map_err(|_| "a thread has failed")?;
                            *most = held.max(*most);
                        }
                        std::thread::sleep(EVERY.saturating_sub(asked.elapsed()));
                    }
                    Ok(times)
                })
            })
            .collect();
        let times = asking.into_iter().map(|one| one.join().map_err(|_| "a thread has failed")?);
        times.collect::<Outcome<Vec<_>>>()
    })?;
    let memory = memory.into_inner().map_err(|_| "a thread has failed")?;
    Ok(times.into_iter().map(|times| Felt::of(times, 0, memory)).collect())
}

/// Logs in with the key of an organization.
pub(crate) fn logins(server: &Server, number: u32) -> Outcome<Ask<'static>> {
    let mut connection = Connection::open(&server.base)?;
    let login =
        format!("/neonws/services/api/common/login?login.apiKey={KEY}&login.orgid={}", org(number));
    Ok(Box::new(move || connection.get(&login).map(drop)))
}

/// Changes one of so many activities.
pub(crate) fn updates(server: &Server, session: &str, activities: u64) -> Outcome<Ask<'static>> {
    let (mut connection, session) = (Connection::open(&server.base)?, session.to_owned());
    Ok(Box::new(move || {
        connection.get(&Update::draw(activities).driftless(&session).target).map(drop)
    }))
}

/// Adds a viewer to the first organization, before its server starts.
pub(crate) fn add_viewer(setup: &Setup, login: &str, password: &str) -> Outcome<()> {
    let mut command = Command::new(&setup.binary);
    command.args(["user", "add", &org(1), "Someone", "--role", "viewer", "--login", login]);
    command.args(["--password-stdin", "--data"]).arg(setup.data());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        writeln!(input, "{password}")?;
    }
    match child.wait()?.success() {
        true => Ok(()),
        false => Err("a viewer could not be added".into()),
    }
}
