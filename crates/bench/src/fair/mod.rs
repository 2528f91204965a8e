//! What a neighbour feels while somebody attacks: each part measures the same requests without the attack and with it,
//! on one server.
//!
//! To add a part: a file with a function that returns its [`Row`]s, a name in [`Part`], and a line in [`measure`].

mod answers;
mod attack;
mod beside;
mod bodies;
mod commit;
mod connections;
mod heads;
mod long_work;
mod neighbour;
mod signin;

use std::fmt::Write as _;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::Outcome;
use crate::fill::Content;
use crate::server::{Server, default_binary};
use crate::setup::{Setup, Way, default_folder};

pub(crate) use beside::{Ask, compare};
pub(crate) use neighbour::{Felt, Neighbour};

/// Two organizations: the attacker may be in the first, the neighbour is in the second.
const CONTENT: Content = Content { activities: 10_000, tombstones: 0, organizations: 2 };

/// The organization of the neighbour.
const NEIGHBOUR: u32 = 2;

/// What is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Thousands of silent connections.
    Connections,
    /// Thousands of unfinished heads of 125 KB.
    Heads,
    /// Unfinished bodies of 2 MB.
    Bodies,
    /// Answers that are not read, and very large ones.
    Answers,
    /// Fifty writers of 990 KB each.
    Commit,
    /// Account search, long lists of removed ids, a rename.
    LongWork,
    /// 400 attempts to sign in at once.
    SignIn,
}

/// Options of `fair`.
#[derive(Args)]
pub(crate) struct Fair {
    /// Measure only these.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

/// What a part works on.
pub(crate) struct Scene<'s> {
    /// Logged in to the first organization.
    pub(crate) server: &'s Server,
    /// Logged in to the second.
    pub(crate) neighbour: Neighbour<'s>,
}

/// A line of the table.
pub(crate) struct Row {
    pub(crate) attack: &'static str,
    /// What the neighbour does.
    pub(crate) neighbour: &'static str,
    pub(crate) without: Felt,
    pub(crate) with: Felt,
}

/// Measures and prints the table.
pub(crate) fn fair(args: &Fair) -> Outcome<()> {
    let binary = args.driftless.clone().map_or_else(default_binary, Ok)?;
    let during = Duration::from_secs(args.seconds);
    let way = Way { binary, folder: default_folder()?, rounds: 1, during };
    let mut rows = Vec::new();
    for part in Part::value_variants() {
        if args.only.is_empty() || args.only.contains(part) {
            rows.extend(measure(&way, *part)?);
        }
    }
    Ok(stdout().write_all(table(&rows)?.as_bytes())?)
}

/// Each part has a server of its own, so that memory can be compared.
fn measure(way: &Way, part: Part) -> Outcome<Vec<Row>> {
    match part {
        Part::Connections => on_scene(way, connections::rows),
        Part::Heads => on_scene(way, heads::rows),
        Part::Bodies => on_scene(way, bodies::rows),
        Part::Answers => answers::answers(way),
        Part::Commit => commit::commit(way),
        Part::LongWork => long_work::long_work(way),
        Part::SignIn => signin::signin(way),
    }
}

fn on_scene(way: &Way, rows: fn(&Scene<'_>) -> Outcome<Vec<Row>>) -> Outcome<Vec<Row>> {
    let setup = Setup::new(way, CONTENT)?;
    let server = setup.serve()?;
    let neighbour = Neighbour::log_in(&server, NEIGHBOUR, setup.during)?;
    rows(&Scene { server: &server, neighbour })
}

fn table(rows: &[Row]) -> Outcome<String> {
    let mut text = String::from(
        "| attack | neighbour | p50 without · with | p99 without · with | p99 ratio | failed | memory without · with |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for Row { attack, neighbour, without, with } in rows {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let mib = |bytes: u64| bytes >> 20;
        writeln!(
            text,
            "| {attack} | {neighbour} | {:.2} · {:.2} ms | {:.2} · {:.2} ms | {:.2} × | {} of {} | {} · {} MiB |",
            ms(without.p50),
            ms(with.p50),
            ms(without.p99),
            ms(with.p99),
            ms(with.p99) / ms(without.p99),
            with.failed,
            with.requests,
            mib(without.memory),
            mib(with.memory),
        )?;
    }
    Ok(text)
}
