//! `mirror`: keeps a database equal to what a server of API v1 has. It needs no data folder.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::mirror::target::TargetAddress;
use ::mirror::{Breaker, Options, Patience, Report, RunError, Source, Stop, Summary};
use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use domain::Zone;
use thiserror::Error;

use crate::commands::{Ending, Failure};
use crate::console::{Console, Terminal};
use crate::signals::StopSignals;

/// The longest key that a file may hold, in bytes.
const KEY_BYTES_MAX: usize = 1_000;

#[derive(Subcommand, Debug)]
pub(crate) enum Mirror {
    /// Bring the target up to what the server has now; with --every, again and again.
    ///
    /// The first run loads everything. Each further run asks for what has changed or was removed since, and
    /// goes on where the one before ended, even if it was killed. Exit codes: 0 done, 1 failed (the next run
    /// goes on), 2 wrong usage, 3 stopped because too much would be removed.
    Run(Run),
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The server's address, like https://api.neoncrm.com or http://127.0.0.1:8420.
    #[arg(long, env = "DRIFTLESS_MIRROR_FROM", value_name = "URL")]
    from: String,
    /// The organization's id on that server.
    #[arg(long, env = "DRIFTLESS_MIRROR_ORG", value_name = "ORG")]
    org: String,
    /// A file whose first line is the API key. Without it, the key is read from the environment:
    /// DRIFTLESS_MIRROR_KEY.
    #[arg(long, env = "DRIFTLESS_MIRROR_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where to write: sqlite:FILE.
    #[arg(long, env = "DRIFTLESS_MIRROR_TO", value_name = "TARGET")]
    to: TargetAddress,
    /// Run again that long after each run, like 30s or 5m, until the process is told to end.
    #[arg(long, env = "DRIFTLESS_MIRROR_EVERY", value_name = "DURATION", value_parser = humantime::parse_duration)]
    every: Option<Duration>,
    /// How far each run reaches back into the one before, for changes that the server shows late. Not used
    /// if the server is Driftless, which never does.
    #[arg(long, env = "DRIFTLESS_MIRROR_OVERLAP", default_value = "10m", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    overlap: Duration,
    /// Stop if a run would remove more than this percentage of the target's activities, and more than 20.
    #[arg(long, env = "DRIFTLESS_MIRROR_DELETE_MAX", default_value_t = 5.0, value_name = "PERCENT",
          value_parser = percent)]
    delete_max: f64,
    /// Remove what the server has removed, however much it is.
    #[arg(long, env = "DRIFTLESS_MIRROR_ACCEPT_DELETIONS", value_parser = BoolishValueParser::new())]
    accept_deletions: bool,
    /// Keep trying that long if the server is not available.
    #[arg(long, env = "DRIFTLESS_MIRROR_PATIENCE", default_value = "5m", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    patience: Duration,
    /// Only say how much would be written and removed.
    #[arg(long, env = "DRIFTLESS_MIRROR_DRY_RUN", value_parser = BoolishValueParser::new())]
    dry_run: bool,
}

/// Why there is no key.
#[derive(Debug, Error)]
enum NoKey {
    #[error("no API key: give --key-file, or set DRIFTLESS_MIRROR_KEY")]
    Nowhere,
    #[error("{file}: {source}", file = .file.display())]
    File { file: PathBuf, source: io::Error },
    #[error("{} has no API key in its first line", .0.display())]
    Empty(PathBuf),
}

fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim_end_matches('%').parse().ok();
    let number = number.filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}

pub(crate) fn run(mirror: &Mirror) -> Result<Ending, Failure> {
    let Mirror::Run(run) = mirror;
    let stop = stop_on_signals()?;
    let key = key(run)?;
    let patience = Patience { total: run.patience, ..Patience::default() };
    let note = Box::new(|line: &str| {
        let _ = writeln!(io::stderr(), "{line}");
    });
    let mut source = Source::new(&run.from, &run.org, &key, patience, stop.clone(), note)?;
    let mut target = run.to.open()?;
    let options = Options {
        overlap_ms: i64::try_from(run.overlap.as_millis()).unwrap_or(i64::MAX),
        breaker: Breaker {
            percent: run.delete_max,
            is_open: run.accept_deletions,
            ..Breaker::default()
        },
        dry_run: run.dry_run,
    };
    loop {
        let begun = Instant::now();
        let mut progress = Progress(Terminal::new());
        let done = ::mirror::run(&mut source, &mut *target, &options, &stop, &mut progress);
        drop(progress);
        match (done, run.every) {
            (Ok(summary), _) => say(&summary, run.dry_run, begun.elapsed())?,
            (Err(error @ RunError::Breaker { .. }), _) => {
                writeln!(io::stderr(), "driftless: {error}")?;
                return Ok(Ending::Unknown);
            }
            (Err(error @ (RunError::Source(_) | RunError::Restless)), Some(_)) => {
                writeln!(io::stderr(), "driftless: {error}")?;
            }
            (Err(error), _) => return Err(error.into()),
        }
        match run.every {
            Some(pause) if !stop.wait(pause) => {}
            _ => return Ok(Ending::Done),
        }
    }
}

/// The signals that would end the process end the run after the page under way instead.
fn stop_on_signals() -> Result<Stop, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let signals = StopSignals::catch(&runtime)?;
    let stop = Stop::default();
    let told = stop.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(signals.told_to_stop());
        told.stop();
    })?;
    Ok(stop)
}

fn key(run: &Run) -> Result<String, NoKey> {
    let Some(file) = &run.key_file else {
        let key = std::env::var("DRIFTLESS_MIRROR_KEY").ok();
        return key.filter(|key| !key.trim().is_empty()).ok_or(NoKey::Nowhere);
    };
    let read = fs::read_to_string(file);
    let text = read.map_err(|source| NoKey::File { file: file.clone(), source })?;
    let line = text.lines().next().unwrap_or_default().trim();
    let key = Some(line).filter(|line| !line.is_empty() && line.len() <= KEY_BYTES_MAX);
    key.map(str::to_owned).ok_or_else(|| NoKey::Empty(file.clone()))
}

fn say(summary: &Summary, dry_run: bool, took: Duration) -> Result<(), Failure> {
    let Summary { read, written, removed, pages: _, complete_to } = *summary;
    let would = if dry_run { "would be " } else { "" };
    let seconds = took.as_secs_f64();
    let end = match complete_to {
        Some(to) => format!("complete up to {}", Zone::utc().at(to)),
        None => "stopped before the end; the next run goes on".to_owned(),
    };
    let line = format!(
        "{read} read, {written} {would}written, {removed} {would}removed in {seconds:.1} s; {end}\n"
    );
    let mut out = io::stdout();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}

struct Progress(Terminal);

impl Report for Progress {
    fn progress(&mut self, done: u64, total: u64) {
        let is_worth_it = total > 1_000 || io::stderr().is_terminal();
        if is_worth_it {
            let _ = self.0.progress("activities", done, Some(total));
        }
    }
}
