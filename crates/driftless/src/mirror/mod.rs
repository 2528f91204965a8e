//! `mirror`: keeps a database, files or an organization equal to what a server of API v1 has.

mod finish;
mod metrics;
mod work;

use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use ::mirror::target::{TargetAddress, TargetAddressError};
use ::mirror::{Breaker, Options, Patience, Source, SourceError, Stop};
use clap::builder::{BoolishValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, Subcommand};
use domain::OrgId;

use crate::commands::{Ending, Failure, Usage};
use crate::{api_key, folder};

#[derive(Subcommand, Debug)]
pub(crate) enum Mirror {
    /// Bring the target up to what the server has now; with --every, again and again.
    ///
    /// The first run loads everything. Each further run reads what has changed or was removed since. It
    /// continues where the last run ended, even if that was killed. Exit codes: 0 done, 1 failed or stopped before the
    /// end (the next run continues), 2 wrong usage, 3 stopped because too much would be removed (with --every, it tries again).
    Run(Run),
    /// Compare the target with the server, activity by activity.
    ///
    /// It first runs like `mirror run`, then lists what differs. If the server is Driftless, it compares digests
    /// and reads only activities that differ; otherwise, it reads everything once more. Exit codes: 0
    /// equal (or repaired), 1 different or failed, 2 wrong usage, 3 stopped because too much would be removed.
    Verify(Verify),
    /// Stop following another server: run once more, let people write, and say how integrations go on.
    ///
    /// For an organization that `mirror run --to driftless:ORG` has kept equal. After the last run, it is compared with
    /// the server. If the run fails or is stopped, or something differs, nothing is opened. Exit codes: 0 done, 1 failed
    /// or different, 2 wrong usage, 3 stopped because too much would be removed.
    Finish(Finish),
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    between: Between,
    /// Run again that long after each run, like 30s or 5m, until the process is told to end.
    #[arg(long, env = "DRIFTLESS_MIRROR_EVERY", value_name = "DURATION", value_parser = pause)]
    every: Option<Duration>,
    /// Compare everything with the server, and repair what differs, when the last comparison (or the first load) is
    /// that long ago, like 7d. Not with --to singer:-.
    #[arg(long, env = "DRIFTLESS_MIRROR_VERIFY_EVERY", value_name = "DURATION", value_parser = pause)]
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
    /// Where to write: sqlite:FILE, postgresql://USER@HOST/DATABASE, csv:FILE, jsonl:DIR, singer:- (messages for
    /// a Singer target, on standard output), or driftless:ORG for an organization of the data folder (--data), which
    /// is read-only until `mirror finish`.
    #[arg(long, env = "DRIFTLESS_MIRROR_TO", value_name = "TARGET", hide_env_values = true, value_parser = ToParser)]
    to: To,
    /// With --to singer:- only: the file that the Singer target's output is appended to. It tells where to continue.
    #[arg(long, env = "DRIFTLESS_MIRROR_STATE", value_name = "FILE")]
    state: Option<PathBuf>,
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
    /// Stop before more than this percentage of the target's activities, and more than 20, are removed or emptied.
    #[arg(long, env = "DRIFTLESS_MIRROR_REMOVE_MAX", default_value_t = 5.0, value_name = "PERCENT",
          value_parser = percent)]
    remove_max: f64,
    /// Remove and empty what the server has removed and emptied, however much it is.
    #[arg(long, env = "DRIFTLESS_MIRROR_ACCEPT_REMOVALS", value_parser = BoolishValueParser::new())]
    accept_removals: bool,
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
    /// Open the organization even if it differs from the server; what differs is listed.
    #[arg(long, env = "DRIFTLESS_MIRROR_ACCEPT_DIFFERENCES", value_parser = BoolishValueParser::new())]
    accept_differences: bool,
}

/// Where to write.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Reads a target. One that is refused is not repeated in the message: it can have a password in it.
#[derive(Clone)]
struct ToParser;

impl TypedValueParser for ToParser {
    type Value = To;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<To, clap::Error> {
        value.to_string_lossy().parse().map_err(|problem: String| {
            let told = format!("invalid value for '--to <TARGET>': {problem}\n");
            clap::Error::raw(ErrorKind::ValueValidation, told).with_cmd(command)
        })
    }
}

impl To {
    fn is_singer(&self) -> bool {
        *self == To::Elsewhere(TargetAddress::Singer)
    }
}

/// How long to wait between runs: without any pause, a server would be asked all the time.
fn pause(text: &str) -> Result<Duration, String> {
    let pause = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if pause.is_zero() { Err("expected more than 0".to_owned()) } else { Ok(pause) }
}

fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim_end_matches('%').parse().ok();
    let number = number.filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "expected a percentage from 0 to 100".to_owned())
}

/// Runs it on a data folder, which may only be created if somebody has named it: in the wrong place, a second one
/// would follow, and the first one not.
pub(crate) fn run(mirror: &Mirror, folder: &Path, is_named: bool) -> Result<Ending, Failure> {
    let to = match mirror {
        Mirror::Run(run) => Some(&run.between.to),
        Mirror::Verify(verify) => Some(&verify.between.to),
        Mirror::Finish(_) => None,
    };
    if let (Some(To::Here(_)), false) = (to, is_named) {
        folder::expect_data(folder)?;
    }
    mirror.expect_usable()?;
    match mirror {
        Mirror::Run(run) => {
            let work = work::Work::prepare(&run.between, folder, run.dry_run)?;
            if let Some(address) = run.metrics {
                metrics::serve(address)?;
            }
            work::again_and_again(work, run.every, run.verify_every)
        }
        Mirror::Verify(verify) => {
            work::compare(work::Work::prepare(&verify.between, folder, false)?, verify.repair)
        }
        Mirror::Finish(finish) => finish::run(finish, folder),
    }
}

/// An address that is none was typed.
pub(crate) fn source<T>(made: Result<T, SourceError>) -> Result<T, Failure> {
    made.map_err(|error| match error {
        SourceError::Address(_) | SourceError::Password => Usage(error.to_string()).into(),
        other => other.into(),
    })
}

impl Mirror {
    /// Refuses options that contradict each other.
    fn expect_usable(&self) -> Result<(), Usage> {
        let (between, verify_every) = match self {
            Mirror::Run(run) => (&run.between, run.verify_every),
            Mirror::Verify(verify) => (&verify.between, None),
            Mirror::Finish(_) => return Ok(()),
        };
        let is_verify = matches!(self, Mirror::Verify(_));
        let problem = match (between.to.is_singer(), between.state.is_some()) {
            (false, true) => "--state is for --to singer:- only: other targets keep their state",
            (true, _) if is_verify => {
                "a Singer target passes everything on and cannot be compared: compare another target with the server"
            }
            (true, _) if verify_every.is_some() => {
                "--verify-every cannot be used with --to singer:-: what a Singer target has cannot be read"
            }
            (true, false) => {
                "--to singer:- needs --state FILE: the file that the output of the Singer target is appended to (it need not exist yet)"
            }
            _ => return Ok(()),
        };
        Err(Usage(problem.to_owned()))
    }
}

impl Manner {
    fn source(&self, from: &str, org: &str, stop: &Stop) -> Result<Source, Failure> {
        let key = api_key::read(self.key_file.as_deref(), "--key-file", "DRIFTLESS_MIRROR_KEY")?;
        let patience = Patience { total: self.patience, ..Patience::default() };
        let note = Box::new(|line: &str| {
            let _ = writeln!(io::stderr(), "{line}");
        });
        source(Source::new(from, org, &key, patience, stop.clone(), note))
    }

    fn options(&self, dry_run: bool) -> Options {
        let breaker = Breaker {
            percent: self.remove_max,
            accepts_all: self.accept_removals,
            ..Breaker::default()
        };
        let overlap_ms = i64::try_from(self.overlap.as_millis()).unwrap_or(i64::MAX);
        Options { overlap_ms, breaker, dry_run }
    }
}
