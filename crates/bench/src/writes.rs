//! How many writes a second, beside what the disk can do.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::client::Client;
use crate::server::{Server, default_binary};
use crate::{Outcome, Writes, load, sqlite};

/// Activities that are there to be changed.
const ACTIVITIES: u32 = 200;

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
    let client = Client::log_in(&server)?;
    (0..ACTIVITIES).try_for_each(|_| client.create())?;
    let rate = |clients| load::updates_per_second(&client, folder, ACTIVITIES, clients, during);
    let (many_writes, one_writes) = (rate(args.clients)?, rate(1)?);
    Ok(Round { sqlite_commits, many_writes, one_writes })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    (values[(values.len() - 1) / 2] + values[upper]) / 2.0
}
