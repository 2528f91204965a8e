//! `mirror`: keeps a database or files equal to what a server of API v1 has. It needs no data folder.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::mirror::target::{Target, TargetAddress};
use ::mirror::{
    Breaker, Difference, Options, Patience, Report, RunError, Source, Stop, Summary, Verified,
};
use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use domain::Zone;
use thiserror::Error;

use crate::commands::{Ending, Failure};
use crate::console::{Console, Terminal};
use crate::signals::StopSignals;

/// The longest key that a file may hold, in bytes.
const KEY_BYTES_MAX: usize = 1_000;

/// As many differences are listed.
const DIFFERENCES_SHOWN_MAX: usize = 100;

#[derive(Subcommand, Debug)]
pub(crate) enum Mirror {
    /// Bring the target up to what the server has now; with --every, again and again.
    ///
    /// The first run loads everything. Each further run reads what has changed or was removed since. It
    /// continues where the last run ended, even if that was killed. Exit codes: 0 done, 1 failed (the next run
    /// continues), 2 wrong usage, 3 stopped because too much would be removed.
    Run(Run),
    /// Compare the target with the server, activity by activity.
    ///
    /// It first runs like `mirror run`, then lists what differs. If the server is Driftless, it compares digests
    /// and reads only activities that differ; otherwise, it reads everything once more. Exit codes: 0
    /// equal (or repaired), 1 different or failed, 2 wrong usage, 3 stopped because too much would be removed.
    Verify(Verify),
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    between: Between,
    /// Run again that long after each run, like 30s or 5m, until the process is told to end.
    #[arg(long, env = "DRIFTLESS_MIRROR_EVERY", value_name = "DURATION", value_parser = humantime::parse_duration)]
    every: Option<Duration>,
    /// Only say how much would be written and removed.
    #[arg(long, env = "DRIFTLESS_MIRROR_DRY_RUN", value_parser = BoolishValueParser::new())]
    dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    between: Between,
    /// Write what is missing or different, and remove what the server does not have.
    #[arg(long, env = "DRIFTLESS_MIRROR_REPAIR", value_parser = BoolishValueParser::new())]
    repair: bool,
}

/// From where to where.
#[derive(Args, Debug)]
struct Between {
    /// The server's address, beginning with http:// or https://; the path of API v1 may be left out.
    #[arg(long, env = "DRIFTLESS_MIRROR_FROM", value_name = "URL")]
    from: String,
    /// The organization's id on that server.
    #[arg(long, env = "DRIFTLESS_MIRROR_ORG", value_name = "ORG")]
    org: String,
    /// A file whose first line is the API key. Without it, the key is read from the environment:
    /// DRIFTLESS_MIRROR_KEY.
    #[arg(long, env = "DRIFTLESS_MIRROR_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where to write: sqlite:FILE, postgresql://USER@HOST/DATABASE, csv:FILE or jsonl:DIR.
    #[arg(long, env = "DRIFTLESS_MIRROR_TO", value_name = "TARGET")]
    to: TargetAddress,
    /// How far each run reaches back into the one before, for changes that the server shows late. Not used
    /// if the server is Driftless, which never does.
    #[arg(long, env = "DRIFTLESS_MIRROR_OVERLAP", default_value = "10m", value_name = "DURATION",
          value_parser = humantime::parse_duration)]
    overlap: Duration,
    /// Stop before more than this percentage of the target's activities, and more than 20, are removed.
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
    match mirror {
        Mirror::Run(run) => {
            again_and_again(&mut Work::prepare(&run.between, run.dry_run)?, run.every)
        }
        Mirror::Verify(verify) => {
            compare(&mut Work::prepare(&verify.between, false)?, verify.repair)
        }
    }
}

/// A source and a target, ready.
struct Work {
    source: Source,
    target: Box<dyn Target>,
    options: Options,
    stop: Stop,
}

impl Work {
    fn prepare(between: &Between, dry_run: bool) -> Result<Work, Failure> {
        let stop = stop_on_signals()?;
        let key = key(between)?;
        let patience = Patience { total: between.patience, ..Patience::default() };
        let note = Box::new(|line: &str| {
            let _ = writeln!(io::stderr(), "{line}");
        });
        let (from, org) = (&between.from, &between.org);
        let source = Source::new(from, org, &key, patience, stop.clone(), note)?;
        let target = between.to.open()?;
        let breaker = Breaker {
            percent: between.delete_max,
            is_open: between.accept_deletions,
            ..Breaker::default()
        };
        let overlap_ms = i64::try_from(between.overlap.as_millis()).unwrap_or(i64::MAX);
        Ok(Work { source, target, options: Options { overlap_ms, breaker, dry_run }, stop })
    }
}

fn again_and_again(work: &mut Work, every: Option<Duration>) -> Result<Ending, Failure> {
    let Work { source, target, options, stop } = work;
    loop {
        let begun = Instant::now();
        let mut progress = Progress(Terminal::new());
        let done = ::mirror::run(source, &mut **target, options, stop, &mut progress);
        drop(progress);
        match (done, every) {
            (Ok(summary), _) => say(&summary, options.dry_run, begun.elapsed())?,
            (Err(error @ RunError::Breaker { .. }), _) => return broken_off(&error),
            // The next run may find it mended.
            (Err(error @ (RunError::Source(_) | RunError::Restless)), Some(_)) => {
                writeln!(io::stderr(), "driftless: {error}")?;
            }
            (Err(error), _) => return Err(error.into()),
        }
        match every {
            Some(pause) if !stop.wait(pause) => {}
            _ => return Ok(Ending::Done),
        }
    }
}

fn broken_off(error: &RunError) -> Result<Ending, Failure> {
    writeln!(io::stderr(), "driftless: {error}")?;
    Ok(Ending::Unknown)
}

fn compare(work: &mut Work, repair: bool) -> Result<Ending, Failure> {
    let Work { source, target, options, stop } = work;
    let mut progress = Progress(Terminal::new());
    let told = ::mirror::verify(source, &mut **target, options, repair, stop, &mut progress);
    drop(progress);
    let Verified { compared, differences, is_repaired, as_of, requests } = match told {
        Ok(verified) => verified,
        Err(error @ RunError::Breaker { .. }) => return broken_off(&error),
        Err(error) => return Err(error.into()),
    };
    let Some(as_of) = as_of else {
        writeln!(io::stderr(), "driftless: stopped before the end: nothing was found out")?;
        return Ok(Ending::Warning);
    };
    let mut out = io::stdout();
    for (id, difference) in differences.iter().take(DIFFERENCES_SHOWN_MAX) {
        match difference {
            Difference::Missing => writeln!(out, "{id}: missing in the target")?,
            Difference::Stale(columns) => writeln!(out, "{id}: differs in {}", columns.join(", "))?,
            Difference::Ghost => writeln!(out, "{id}: not at the server")?,
            Difference::RemovalMissing => writeln!(out, "{id}: removal missing in the target")?,
            Difference::RemovalWrong => {
                writeln!(out, "{id}: removed in the target, but not at the server")?;
            }
        }
    }
    let more = differences.len().saturating_sub(DIFFERENCES_SHOWN_MAX);
    if more > 0 {
        writeln!(out, "and {more} more")?;
    }
    let found = match (differences.len(), is_repaired) {
        (0, _) => "equal".to_owned(),
        (count, true) => format!("{count} repaired"),
        (count, false) => format!("{count} different; --repair repairs them"),
    };
    let as_of = Zone::utc().at(as_of);
    writeln!(out, "{compared} compared as of {as_of} in {requests} requests: {found}")?;
    let is_equal = differences.is_empty() || is_repaired;
    Ok(if is_equal { Ending::Done } else { Ending::Warning })
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

fn key(between: &Between) -> Result<String, NoKey> {
    let Some(file) = &between.key_file else {
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
