//! `mirror`: keeps a database or files equal to what a server of API v1 has. It needs no data folder.

mod metrics;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ::mirror::target::{Target, TargetAddress};
use ::mirror::{
    Breaker, Difference, Options, Patience, Report, RunError, Source, SourceError, Stop, Summary,
    Verified,
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
    /// continues), 2 wrong usage, 3 stopped because too much would be removed (with --every, it tries again).
    Run(Run),
    /// Compare the target with the server, activity by activity.
    ///
    /// It first runs like `mirror run`, then reads everything once more and lists what differs. Exit codes: 0
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
    /// Compare everything with the server, and repair what differs, when the last comparison (or the first load) is
    /// that long ago, like 7d. Not with --to singer:-.
    #[arg(long, env = "DRIFTLESS_MIRROR_VERIFY_EVERY", value_name = "DURATION", value_parser = humantime::parse_duration)]
    verify_every: Option<Duration>,
    /// Serve metrics for Prometheus at this address and port; a port alone is one of 127.0.0.1.
    #[arg(long, env = "DRIFTLESS_MIRROR_METRICS", value_name = "ADDRESS", value_parser = metrics::address)]
    metrics: Option<SocketAddr>,
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
    /// Where to write: sqlite:FILE, postgresql://USER@HOST/DATABASE, csv:FILE, jsonl:DIR, or singer:- (messages
    /// for a Singer target, on standard output).
    #[arg(long, env = "DRIFTLESS_MIRROR_TO", value_name = "TARGET")]
    to: TargetAddress,
    /// With --to singer:- only: the file that the Singer target's output is appended to. It tells where to continue.
    #[arg(long, env = "DRIFTLESS_MIRROR_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
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
        Mirror::Run(run) if run.verify_every.is_some() && run.between.to == TargetAddress::Singer => {
            Err("--verify-every cannot be used with --to singer:-: what a Singer target has cannot be read".into())
        }
        Mirror::Run(run) => {
            let work = Work::prepare(&run.between, run.dry_run)?;
            if let Some(address) = run.metrics {
                metrics::serve(address)?;
            }
            again_and_again(work, run.every, run.verify_every)
        }
        Mirror::Verify(verify) => {
            let mut work = Work::prepare(&verify.between, false)?;
            work.open()?;
            work.compare(verify.repair)
        }
    }
}

/// A source and a target.
struct Work {
    source: Source,
    to: TargetAddress,
    /// The Singer target's states.
    states: Option<PathBuf>,
    /// Opened once the source has answered: a run that could not begin leaves nothing behind.
    target: Option<Box<dyn Target>>,
    options: Options,
    stop: Stop,
    /// What is told beside the results, and everything if standard output is for messages.
    out: Out,
}

/// Where lines about a run go.
#[derive(Clone, Copy)]
enum Out {
    Output,
    Error,
}

impl Out {
    fn line(self, line: &str) -> io::Result<()> {
        let line = format!("{line}\n");
        match self {
            Out::Output => {
                let mut out = io::stdout();
                out.write_all(line.as_bytes())?;
                out.flush()
            }
            Out::Error => io::stderr().write_all(line.as_bytes()),
        }
    }
}

impl Work {
    fn prepare(between: &Between, dry_run: bool) -> Result<Work, Failure> {
        if between.state.is_some() && between.to != TargetAddress::Singer {
            return Err("--state is for --to singer:- only: other targets keep their state".into());
        }
        let stop = stop_on_signals()?;
        let key = key(between)?;
        let patience = Patience { total: between.patience, ..Patience::default() };
        let note = Box::new(|line: &str| {
            let _ = writeln!(io::stderr(), "{line}");
        });
        let (from, org) = (&between.from, &between.org);
        let source = Source::new(from, org, &key, patience, stop.clone(), note)?;
        let out = if between.to == TargetAddress::Singer { Out::Error } else { Out::Output };
        let breaker = Breaker {
            percent: between.delete_max,
            is_open: between.accept_deletions,
            ..Breaker::default()
        };
        let overlap_ms = i64::try_from(between.overlap.as_millis()).unwrap_or(i64::MAX);
        let options = Options { overlap_ms, breaker, dry_run };
        let (to, states) = (between.to.clone(), between.state.clone());
        Ok(Work { source, to, states, target: None, options, stop, out })
    }

    /// Logs in, and opens the target.
    fn open(&mut self) -> Result<(), RunError> {
        if self.target.is_none() {
            self.source.greet()?;
            let states = self.states.as_deref();
            self.target = Some(match self.options.dry_run {
                true => self.to.open_to_look(states)?,
                false => self.to.open(states)?,
            });
        }
        Ok(())
    }

    fn run(&mut self) -> Result<Summary, RunError> {
        match self.open() {
            Err(RunError::Source(SourceError::Stopped)) => return Ok(Summary::default()),
            opened => opened?,
        }
        let Work { source, target: Some(target), options, stop, .. } = self else {
            return Ok(Summary::default());
        };
        ::mirror::run(source, &mut **target, options, stop, &mut Progress(Terminal::new()))
    }

    fn verify(&mut self, repair: bool) -> Result<Verified, RunError> {
        let Work { source, target: Some(target), options, stop, .. } = self else {
            return Ok(Verified::default());
        };
        let progress = &mut Progress(Terminal::new());
        ::mirror::verify(source, &mut **target, options, repair, stop, progress)
    }

    /// Whether it is that long since the target was compared.
    fn is_comparison_due(&mut self, every: Duration) -> Result<bool, RunError> {
        let Some(target) = self.target.as_mut().filter(|_| !self.options.dry_run) else {
            return Ok(false);
        };
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        Ok(target.state()?.is_some_and(|state| state.is_comparison_due(every)))
    }

    fn compare(&mut self, repair: bool) -> Result<Ending, Failure> {
        let verified = match self.verify(repair) {
            Ok(verified) => verified,
            Err(error @ RunError::Breaker { .. }) => return broken_off(&error),
            Err(error) => return Err(error.into()),
        };
        self.tell(&verified)
    }

    fn tell(&self, verified: &Verified) -> Result<Ending, Failure> {
        let Verified { compared, unreadable, differences, is_repaired, as_of } = verified;
        let Some(as_of) = as_of else {
            writeln!(io::stderr(), "driftless: stopped before the end: nothing was found out")?;
            return Ok(Ending::Warning);
        };
        for (id, difference) in differences.iter().take(DIFFERENCES_SHOWN_MAX) {
            self.out.line(&match difference {
                Difference::Missing => format!("{id}: missing in the target"),
                Difference::Stale(columns) => format!("{id}: differs in {}", columns.join(", ")),
                Difference::Ghost => format!("{id}: not at the server"),
            })?;
        }
        let more = differences.len().saturating_sub(DIFFERENCES_SHOWN_MAX);
        if more > 0 {
            self.out.line(&format!("and {more} more"))?;
        }
        let found = match (differences.len(), is_repaired) {
            (0, _) => "equal".to_owned(),
            (count, true) => format!("{count} repaired"),
            (count, false) => format!("{count} different; --repair repairs them"),
        };
        let unreadable = match unreadable {
            0 => String::new(),
            count => format!(" ({count} cannot be read)"),
        };
        let as_of = Zone::utc().at(*as_of);
        self.out.line(&format!("{compared} compared{unreadable} as of {as_of}: {found}"))?;
        let is_equal = differences.is_empty() || *is_repaired;
        Ok(if is_equal { Ending::Done } else { Ending::Warning })
    }
}

fn again_and_again(
    mut work: Work,
    every: Option<Duration>,
    verify_every: Option<Duration>,
) -> Result<Ending, Failure> {
    loop {
        let ending = match once(&mut work, verify_every) {
            Ok(()) => Ending::Done,
            Err(Ended::Run(error)) => {
                metrics::failed(&error);
                match (error, every) {
                    // The server may have been wrong, and be right the next time.
                    (error @ RunError::Breaker { .. }, _) => broken_off(&error)?,
                    // The next run may find it mended.
                    (error @ (RunError::Source(_) | RunError::Restless), Some(_)) => {
                        writeln!(io::stderr(), "driftless: {error}")?;
                        Ending::Warning
                    }
                    (error, _) => return Err(error.into()),
                }
            }
            Err(Ended::Told(failure)) => return Err(failure),
        };
        match every {
            Some(pause) if !work.stop.wait(pause) => {}
            Some(_) if ending == Ending::Warning => return Ok(Ending::Done),
            _ => return Ok(ending),
        }
    }
}

/// Why there is no next run.
enum Ended {
    Run(RunError),
    /// What a run came to could not be told.
    Told(Failure),
}

impl From<RunError> for Ended {
    fn from(error: RunError) -> Ended {
        Ended::Run(error)
    }
}

/// A run, and a comparison if one is due.
fn once(work: &mut Work, verify_every: Option<Duration>) -> Result<(), Ended> {
    let begun = Instant::now();
    let summary = work.run()?;
    metrics::done(&summary);
    let line = told(&summary, work.options.dry_run, begun.elapsed());
    work.out.line(&line).map_err(|error| Ended::Told(error.into()))?;
    if let Some(every) = verify_every
        && work.is_comparison_due(every)?
    {
        let verified = work.verify(true)?;
        metrics::compared(&verified);
        work.tell(&verified).map_err(Ended::Told)?;
    }
    Ok(())
}

fn broken_off(error: &RunError) -> Result<Ending, Failure> {
    writeln!(io::stderr(), "driftless: {error}")?;
    Ok(Ending::Unknown)
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

fn told(summary: &Summary, dry_run: bool, took: Duration) -> String {
    let Summary { read, written, removed, unreadable, restored, complete_to, pages: _ } = *summary;
    let would = if dry_run { "would be " } else { "" };
    let seconds = took.as_secs_f64();
    let end = match complete_to {
        Some(to) => format!("complete up to {}", Zone::utc().at(to)),
        None => "stopped before the end; the next run goes on".to_owned(),
    };
    let unreadable = match unreadable {
        0 => String::new(),
        count => format!(", {count} cannot be read"),
    };
    let restored = restored.map_or_else(String::new, |count| format!("{count} {would}repaired, "));
    format!(
        "{restored}{read} read, {written} {would}written, {removed} {would}removed{unreadable} in {seconds:.1} s; {end}"
    )
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
