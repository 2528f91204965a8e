//! Measures the released binary, beside what the same disk can do without it.
//!
//! To add a measurement: give it a file like `writes.rs` and a subcommand here. What a server is and
//! how it is asked stands in `server.rs` and `client.rs`.

mod client;
mod limit;
mod load;
mod server;
mod sqlite;
mod writes;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// What goes wrong ends a measurement: it would be worth nothing.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures Driftless.
///
/// Build what is measured first, and give the machine nothing else to do:
///
///   cargo build --release && cargo run --release -p driftless-bench -- writes
#[derive(Parser)]
#[command(name = "bench", max_term_width = 100, verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Subcommand)]
enum Measurement {
    /// Writes a second, beside the commits a second of bare SQLite on the same disk.
    ///
    /// Each round measures three things, one after the other, so that what else the machine does hits
    /// all of them:
    ///
    ///   sqlite  one connection with WAL and synchronous=FULL, a row a commit
    ///   many    a fresh server, many clients on connections that are kept, over one organization
    ///   one     the same server, one client
    ///
    /// Each write changes one of 200 activities; wrk (Debian's package) sends them. An answer other
    /// than SUCCESS ends the measurement. Printed are the medians of all rounds.
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
}

/// What can be said about `writes`.
#[derive(Args)]
pub(crate) struct Writes {
    /// Where the data is written: on the disk that is to be measured [default: a folder that is
    /// removed afterwards, beside the binary].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The server's binary [default: `driftless` beside this one].
    #[arg(long, value_name = "FILE")]
    driftless: Option<PathBuf>,
    /// How many rounds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each measurement of a round takes, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many clients «many» are.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=200))]
    clients: u32,
}

#[allow(clippy::print_stderr, reason = "a command says why it failed")]
fn main() -> ExitCode {
    let measured = match Cli::parse().measurement {
        Measurement::Writes(args) => writes::measure(&args),
        Measurement::Limit { listen, bytes } => limit::serve(listen, bytes),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}
