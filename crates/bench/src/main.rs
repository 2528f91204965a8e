//! Measures the released binary, beside what the machine can do without it and what people would use
//! instead.
//!
//! `bench/run` runs everything. What is measured stands in `run.rs`, one function for each row of the
//! table; the servers in `server.rs` and `others.rs`; what they are asked in `question.rs`. To add a
//! measurement: a function there, its figures in `results.rs`, and a place in `report.rs`.

#![expect(clippy::disallowed_methods, reason = "what is measured here is real time")]

mod about;
mod charts;
mod client;
mod connection;
mod fill;
mod limit;
mod load;
mod others;
mod process;
mod question;
mod rates;
mod report;
mod results;
mod run;
mod server;
mod setup;
mod sqlite;
mod steady;
mod svg;
mod table;
mod writes;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// What goes wrong ends a measurement: it would be worth nothing.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures Driftless.
///
/// Build what is measured first, and give the machine nothing else to do. `bench/run` does it all.
#[derive(Parser)]
#[command(name = "bench", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Subcommand)]
enum Measurement {
    /// Measures everything and writes docs/performance.md with its charts.
    Report(Report),
    /// Writes a second, beside the commits a second of bare SQLite on the same disk.
    ///
    /// Each round measures three things, one after the other, so that what else the machine does hits
    /// all of them:
    ///
    ///   sqlite  one connection with WAL and synchronous=FULL, a row a commit
    ///   many    32 clients on connections that are kept, over one organization
    ///   one     the same server, one client
    ///
    /// Each write changes one of the activities; wrk (Debian's package) sends them. An answer other
    /// than SUCCESS ends the measurement.
    #[command(verbatim_doc_comment)]
    Writes(Writes),
    /// Serves the limit: a bare hyper server that answers every request with the same bytes.
    Limit {
        /// Where.
        #[arg(long, value_name = "ADDRESS")]
        listen: SocketAddr,
        /// How many bytes.
        #[arg(long)]
        bytes: usize,
    },
    /// Fills a data folder straight through the store, to look at it or to serve it.
    ///
    /// The organizations are bench1, bench2 …, each with the key 00000000000000000000000000000001.
    Fill {
        /// A folder that is empty or not there yet.
        dir: PathBuf,
        #[command(flatten)]
        content: fill::Content,
    },
}

/// What can be said about `report`.
#[derive(Args)]
pub(crate) struct Report {
    /// Only try it out: one short round, and no more than 100,000 activities.
    #[arg(long)]
    quick: bool,
    /// Measure only these; the other figures stay as they were measured before.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<run::Part>,
    /// Measure nothing: write the report from the figures that were measured before.
    #[arg(long)]
    render_only: bool,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
}

/// What can be said about `writes`.
#[derive(Args)]
pub(crate) struct Writes {
    /// Where the data is written: on the disk that is to be measured [default: a folder that is
    /// removed afterwards, near the binary].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
    /// How many activities are there to be changed.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    activities: u64,
    /// How many rounds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each measurement of a round takes, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
}

#[allow(clippy::print_stderr, reason = "a command says why it failed")]
fn main() -> ExitCode {
    let measured = match Cli::parse().measurement {
        Measurement::Report(args) => report::report(&args),
        Measurement::Writes(args) => writes::measure(&args),
        Measurement::Limit { listen, bytes } => limit::serve(listen, bytes),
        Measurement::Fill { dir, content } => fill::fill(&dir, content),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}
