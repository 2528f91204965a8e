//! How many writes a second, beside what the disk can do.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::server::{Server, default_binary};
use crate::{Outcome, Writes, sqlite};

/// What one round came to, each a second.
struct Round {
    sqlite_commits: f64,
    many_writes: f64,
    one_writes: f64,
}

/// Measures, and prints as it goes.
pub(crate) fn measure(args: &Writes) -> Outcome<()> {
    let binary = args.driftless.clone().map_or_else(default_binary, Ok)?;
    let dir = args.dir.clone().map_or_else(beside_the_binary, Ok)?;
    std::fs::create_dir_all(&dir)?;
    let mut out = stdout().lock();
    writeln!(out, "in {}; {} clients, {} s each", dir.display(), args.clients, args.seconds)?;
    writeln!(
        out,
        "{:>7}{:>18}{:>16}{:>16}",
        "round", "sqlite commits/s", "many writes/s", "one writes/s"
    )?;
    let mut rounds = Vec::new();
    for n in 1..=args.rounds {
        let folder = tempfile::Builder::new().prefix("driftless-bench-").tempdir_in(&dir)?;
        let round = round(&binary, folder.path(), args)?;
        line(&mut out, &n.to_string(), &round)?;
        rounds.push(round);
    }
    let middle = |of: fn(&Round) -> f64| median(rounds.iter().map(of).collect());
    let medians = Round {
        sqlite_commits: middle(|round| round.sqlite_commits),
        many_writes: middle(|round| round.many_writes),
        one_writes: middle(|round| round.one_writes),
    };
    line(&mut out, "median", &medians)?;
    writeln!(
        out,
        "{:>7}{:>18}{:>16.2}{:>16.2}  (writes to a commit of bare SQLite, median of rounds)",
        "ratio",
        "1",
        middle(|round| round.many_writes / round.sqlite_commits),
        middle(|round| round.one_writes / round.sqlite_commits)
    )?;
    Ok(())
}

fn beside_the_binary() -> Outcome<PathBuf> {
    let folder = std::env::current_exe()?;
    Ok(folder.parent().ok_or("the binary lies nowhere")?.to_owned())
}

fn line(out: &mut impl Write, name: &str, round: &Round) -> std::io::Result<()> {
    let Round { sqlite_commits, many_writes, one_writes } = round;
    writeln!(out, "{name:>7}{sqlite_commits:>18.0}{many_writes:>16.0}{one_writes:>16.0}")
}

fn round(binary: &Path, folder: &Path, args: &Writes) -> Outcome<Round> {
    let during = Duration::from_secs(args.seconds);
    let sqlite_commits = sqlite::commits_per_second(folder, during)?;
    let server = Server::start(binary, &folder.join("data"))?;
    let many_writes = writes_per_second(&server, args.clients, during)?;
    let one_writes = writes_per_second(&server, 1, during)?;
    Ok(Round { sqlite_commits, many_writes, one_writes })
}

/// Writes a second of so many clients at once. They are logged in before the time begins.
fn writes_per_second(server: &Server, clients: u32, during: Duration) -> Outcome<f64> {
    let clients: Vec<Client> =
        (0..clients).map(|_| Client::log_in(server)).collect::<Outcome<_>>()?;
    let start = Barrier::new(clients.len());
    std::thread::scope(|scope| {
        let work = |client| {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                write_during(client, during)
            })
        };
        let working: Vec<_> = clients.iter().map(work).collect();
        let rates = working.into_iter().map(|each| each.join().map_err(|_| "a client panicked")?);
        rates.sum()
    })
}

/// Creates and changes activities in turn, as fast as the answers come; returns writes a second.
fn write_during(client: &Client, during: Duration) -> Outcome<f64> {
    let begun = Instant::now();
    let mut writes = 0_u32;
    while begun.elapsed() < during {
        let id = client.create(&format!("Call%20{writes}"))?;
        client.update(id, &format!("Call%20{writes}%20again"))?;
        writes += 2;
    }
    Ok(f64::from(writes) / begun.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    (values[(values.len() - 1) / 2] + values[upper]) / 2.0
}
