//! `mirror`: keeps a database or files equal to what a server of API v1 has. It needs no data folder.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use ::mirror::target::{Target, TargetAddress, TargetAddressError, TargetError};
use ::mirror::{
    Breaker, Difference, Options, Patience, Report, RunError, Source, Stop, Summary, Verified,
};
use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use domain::{Clock, OrgId, Zone};
use service::SystemClock;

use crate::api_key;
use crate::commands::{Ending, Failure};
use crate::console::{Console, Terminal};
use crate::follow::Following;
use crate::signals::stop_on_signals;

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
    /// It first runs like `mirror run`, then reads everything once more and lists what differs. Exit codes: 0
    /// equal (or repaired), 1 different or failed, 2 wrong usage, 3 stopped because too much would be removed.
    Verify(Verify),
    /// Stop following another server: run once more, let people write, and say how integrations go on.
    ///
    /// For an organization that `mirror run --to driftless:ORG` has kept equal. If the last run fails or is
    /// stopped, nothing is opened. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped because too much would
    /// be removed.
    Finish(Finish),
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
    /// Where to write: sqlite:FILE, postgresql://USER@HOST/DATABASE, csv:FILE, jsonl:DIR, or driftless:ORG for an
    /// organization of the data folder (--data), which is read-only until `mirror finish`.
    #[arg(long, env = "DRIFTLESS_MIRROR_TO", value_name = "TARGET")]
    to: To,
    #[command(flatten)]
    manner: Manner,
}

/// How the source is read.
#[derive(Args, Debug)]
struct Manner {
    /// A file whose first line is the API key. Without it, the key is read from the environment:
    /// DRIFTLESS_MIRROR_KEY.
    #[arg(long, env = "DRIFTLESS_MIRROR_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
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

#[derive(Args, Debug)]
pub(crate) struct Finish {
    /// The organization's id.
    org: OrgId,
    #[command(flatten)]
    manner: Manner,
    /// Do not ask the other server again, for example because it no longer exists.
    #[arg(long, env = "DRIFTLESS_MIRROR_WITHOUT_LAST_RUN", value_parser = BoolishValueParser::new())]
    without_last_run: bool,
}

/// Where to write.
#[derive(Clone, Debug)]
enum To {
    /// An organization of the data folder.
    Here(OrgId),
    Elsewhere(TargetAddress),
}

impl FromStr for To {
    type Err = String;

    fn from_str(text: &str) -> Result<To, String> {
        match text.strip_prefix("driftless:") {
            Some(org) => OrgId::parse(org).map(To::Here).map_err(|e| e.to_string()),
            None => text.parse().map(To::Elsewhere).map_err(|e: TargetAddressError| match e {
                TargetAddressError::Kind => format!("{e}; or driftless:ORG"),
                other => other.to_string(),
            }),
        }
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim_end_matches('%').parse().ok();
    let number = number.filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}

pub(crate) fn run(mirror: &Mirror, folder: &Path) -> Result<Ending, Failure> {
    match mirror {
        Mirror::Run(run) => {
            again_and_again(&mut Work::prepare(&run.between, folder, run.dry_run)?, run.every)
        }
        Mirror::Verify(verify) => {
            compare(&mut Work::prepare(&verify.between, folder, false)?, verify.repair)
        }
        Mirror::Finish(finish) => end(finish, folder),
    }
}

/// A source and a target, ready.
struct Work {
    source: Source,
    target: Box<dyn Target>,
    options: Options,
    stop: Stop,
    /// Whether the target may be away for a while, as a server that starts again.
    is_away_at_times: bool,
}

impl Work {
    fn prepare(between: &Between, folder: &Path, dry_run: bool) -> Result<Work, Failure> {
        let stop = stop_on_signals()?;
        let source = between.manner.source(&between.from, &between.org, &stop)?;
        let target: Box<dyn Target> = match &between.to {
            To::Here(org) => Box::new(Following::new(folder, org)),
            To::Elsewhere(address) => address.open()?,
        };
        let options = between.manner.options(dry_run);
        let is_away_at_times = matches!(between.to, To::Here(_));
        Ok(Work { source, target, options, stop, is_away_at_times })
    }
}

impl Manner {
    fn source(&self, from: &str, org: &str, stop: &Stop) -> Result<Source, Failure> {
        let key = api_key::read(self.key_file.as_deref(), "--key-file", "DRIFTLESS_MIRROR_KEY")?;
        let patience = Patience { total: self.patience, ..Patience::default() };
        let note = Box::new(|line: &str| {
            let _ = writeln!(io::stderr(), "{line}");
        });
        Ok(Source::new(from, org, &key, patience, stop.clone(), note)?)
    }

    fn options(&self, dry_run: bool) -> Options {
        let breaker = Breaker {
            percent: self.delete_max,
            is_open: self.accept_deletions,
            ..Breaker::default()
        };
        let overlap_ms = i64::try_from(self.overlap.as_millis()).unwrap_or(i64::MAX);
        Options { overlap_ms, breaker, dry_run }
    }
}

fn again_and_again(work: &mut Work, every: Option<Duration>) -> Result<Ending, Failure> {
    let Work { source, target, options, stop, is_away_at_times } = work;
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
            (Err(RunError::Target(error @ TargetError::Failed { .. })), Some(_))
                if *is_away_at_times =>
            {
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

/// Ends the following of another server.
fn end(finish: &Finish, folder: &Path) -> Result<Ending, Failure> {
    let mut following = Following::new(folder, &finish.org);
    let state = following.followed()?;
    if finish.without_last_run {
        io::stdout().write_all(following.open_to_people(None)?.as_bytes())?;
        return Ok(Ending::Done);
    }
    let stop = stop_on_signals()?;
    let mut source = finish.manner.source(&state.source, &state.organization, &stop)?;
    let asked = SystemClock.now();
    let there = source.login()?;
    let is_ahead = there > SystemClock.now();
    let ahead_ms = if is_ahead { there.millis() - asked.millis() } else { 0 };
    let (options, begun) = (finish.manner.options(false), Instant::now());
    let mut progress = Progress(Terminal::new());
    let done = ::mirror::run(&mut source, &mut following, &options, &stop, &mut progress);
    drop(progress);
    let summary = match done {
        Err(error @ RunError::Breaker { .. }) => return broken_off(&error),
        done => done?,
    };
    say(&summary, false, begun.elapsed())?;
    if summary.complete_to.is_none() {
        return Ok(Ending::Warning);
    }
    io::stdout().write_all(following.open_to_people(Some(ahead_ms))?.as_bytes())?;
    Ok(Ending::Done)
}

fn compare(work: &mut Work, repair: bool) -> Result<Ending, Failure> {
    let Work { source, target, options, stop, .. } = work;
    let mut progress = Progress(Terminal::new());
    let told = ::mirror::verify(source, &mut **target, options, repair, stop, &mut progress);
    drop(progress);
    let Verified { compared, differences, is_repaired, as_of } = match told {
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
    writeln!(out, "{compared} compared as of {}: {found}", Zone::utc().at(as_of))?;
    let is_equal = differences.is_empty() || is_repaired;
    Ok(if is_equal { Ending::Done } else { Ending::Warning })
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
