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
mod fair;
mod fill;
mod limit;
mod load;
mod mirrors;
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
/// Build the server first, and leave the computer otherwise idle. `bench/run` does everything.
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
    /// Measures writes per second, compared with commits per second of plain SQLite on the same disk.
    ///
    /// Each round measures three things, one after the other, so that other load on the computer affects
    /// all of them:
    ///
    ///   sqlite  one connection with WAL and synchronous=FULL, one row per commit
    ///   many    32 clients on kept-alive connections, in one organization
    ///   one     the same server, one client
    ///
    /// Each write changes one activity; wrk (Debian's package) sends the writes. An answer other than
    /// SUCCESS ends the measurement.
    #[command(verbatim_doc_comment)]
    Writes(Writes),
    /// Measures what an organization feels while another one asks for as much as it can.
    Fair(fair::Fair),
    /// Serves the limit: a bare hyper server that answers every request with the same bytes.
    Limit {
        /// The address to listen on.
        #[arg(long, value_name = "ADDRESS")]
        listen: SocketAddr,
        /// The number of bytes in an answer.
        #[arg(long)]
        bytes: usize,
    },
    /// Fills a data folder directly through the store, to look at it or to serve it.
    ///
    /// The organizations are bench1, bench2 …, each with the key 00000000000000000000000000000001.
    Fill {
        /// A folder that is empty or does not exist yet.
        dir: PathBuf,
        #[command(flatten)]
        content: fill::Content,
    },
}

/// Options of `report`.
#[derive(Args)]
pub(crate) struct Report {
    /// Make a trial run: one short round with at most 100,000 activities.
    #[arg(long)]
    quick: bool,
    /// Measure only these; the other figures stay as they are.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<run::Part>,
    /// Measure nothing: write the report from the existing figures.
    #[arg(long)]
    render_only: bool,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
}

/// Options of `writes`.
#[derive(Args)]
pub(crate) struct Writes {
    /// Where the data is written, on the disk to be measured [default: a temporary folder near the binary].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
    /// How many activities there are to change.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    activities: u64,
    /// The number of rounds.
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
        Measurement::Fair(args) => fair::measure(&args),
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
