//! Runs of a mirror and comparisons, and what is told about them.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::mirror::target::Target;
use ::mirror::{
    Difference, Options, Report, RunError, Source, SourceError, Stop, Summary, Taken, Verified,
};
use domain::Zone;

use super::{Between, To, metrics};
use crate::commands::{Ending, Failure};
use crate::console::{Console, Terminal};
use crate::follow::Following;
use crate::signals::stop_on_signals;

/// As many differences are listed.
const DIFFERENCES_SHOWN_MAX: usize = 100;

/// A source and a target.
pub(super) struct Work {
    source: Source,
    to: To,
    /// The data folder.
    folder: PathBuf,
    /// The Singer target's states.
    states: Option<PathBuf>,
    /// Opened once the source has answered: a run that could not begin leaves nothing behind.
    target: Option<Box<dyn Target>>,
    options: Options,
    stop: Stop,
    /// Where the lines of runs go: not to standard output if that is for messages.
    out: Out,
}

/// Where lines about a run go.
#[derive(Clone, Copy)]
pub(super) enum Out {
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

    /// Says what a comparison has found.
    pub(super) fn tell(self, verified: &Verified) -> io::Result<Ending> {
        let Verified { compared, unreadable, different, differences, left, as_of, requests } =
            verified;
        let Some(as_of) = as_of else {
            writeln!(io::stderr(), "driftless: stopped before the end: nothing was found out")?;
            return Ok(Ending::Warning);
        };
        for (id, difference) in differences.iter().take(DIFFERENCES_SHOWN_MAX) {
            self.line(&match difference {
                Difference::Missing => format!("{id}: missing in the target"),
                Difference::Stale(columns) => format!("{id}: differs in {}", columns.join(", ")),
                Difference::Ghost => format!("{id}: not at the server"),
                Difference::RemovalMissing => format!("{id}: removal missing in the target"),
                Difference::RemovalWrong => {
                    format!("{id}: removed in the target, but not at the server")
                }
            })?;
        }
        let more = different.saturating_sub(DIFFERENCES_SHOWN_MAX as u64);
        if more > 0 {
            self.line(&format!("and {more} more"))?;
        }
        let found = match (different, left) {
            (0, _) => "equal".to_owned(),
            (count, Some(0)) => format!("{count} repaired"),
            (count, Some(left)) => {
                format!("{count} different, and {left} still after they were repaired")
            }
            (count, None) => format!("{count} different; --repair repairs them"),
        };
        let unreadable = match unreadable {
            0 => String::new(),
            count => format!(" ({count} cannot be read)"),
        };
        let as_of = Zone::utc().at(*as_of);
        let compared = format!("{compared} compared{unreadable} as of {as_of}");
        self.line(&format!("{compared} in {requests} requests: {found}"))?;
        Ok(if verified.is_equal() { Ending::Done } else { Ending::Warning })
    }
}

impl Work {
    pub(super) fn prepare(
        between: &Between,
        folder: &Path,
        dry_run: bool,
    ) -> Result<Work, Failure> {
        let stop = stop_on_signals()?;
        Ok(Work {
            source: between.manner.source(&between.from, &between.org, &stop)?,
            to: between.to.clone(),
            folder: folder.to_owned(),
            states: between.state.clone(),
            target: None,
            options: between.manner.options(dry_run),
            stop,
            out: if between.to.is_singer() { Out::Error } else { Out::Output },
        })
    }

    /// Logs in, and opens the target.
    fn open(&mut self) -> Result<(), RunError> {
        if self.target.is_none() {
            self.source.greet()?;
            let states = self.states.as_deref();
            self.target = Some(match &self.to {
                To::Here(org) => Box::new(Following::new(&self.folder, org)),
                To::Elsewhere(address) if self.options.dry_run => address.open_to_look(states)?,
                To::Elsewhere(address) => address.open(states)?,
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

    /// Compares, after that was taken away by the run before.
    fn verify(&mut self, repair: bool, taken: Taken) -> Result<Verified, RunError> {
        let Work { source, target: Some(target), options, stop, .. } = self else {
            return Ok(Verified::default());
        };
        let (progress, options) = (&mut Progress(Terminal::new()), &options.after(taken));
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

    /// Holds nothing that others need until the next run, such as a data folder.
    fn rest(&mut self) {
        if let (To::Here(_), Some(target)) = (&self.to, &mut self.target) {
            // What could not be ended will be by the next run.
            let _ = target.finish();
        }
    }

    /// Whether the next run may succeed where this one failed. A target that failed is opened again by then: its
    /// server may have restarted, or its disk may have room again.
    fn may_go_better(&mut self, error: &RunError) -> bool {
        match error {
            RunError::Source(_) | RunError::Restless | RunError::Breaker { .. } => true,
            // A pipe whose other end is gone stays broken.
            RunError::Target(error) => {
                self.target = None;
                !error.is_final() && !self.to.is_singer()
            }
            RunError::OtherSource { .. } | RunError::PassedOn(_) => false,
        }
    }
}

/// Compares, after one run.
pub(super) fn compare(mut work: Work, repair: bool) -> Result<Ending, Failure> {
    work.open()?;
    let verified = match work.verify(repair, Taken::default()) {
        Ok(verified) => verified,
        Err(error @ RunError::Breaker { .. }) => return broken_off(&error),
        Err(error) => return Err(error.into()),
    };
    Ok(work.out.tell(&verified)?)
}

pub(super) fn again_and_again(
    mut work: Work,
    every: Option<Duration>,
    verify_every: Option<Duration>,
) -> Result<Ending, Failure> {
    loop {
        let ending = match once(&mut work, verify_every) {
            Ok(true) => Ending::Done,
            // Told to stop, or not equal although it was repaired: what is there is not all.
            Ok(false) => Ending::Warning,
            Err(Ended::Run(error)) => {
                metrics::failed(&error);
                match (error, every) {
                    // The server may have been wrong, and be right the next time.
                    (error @ RunError::Breaker { .. }, _) => broken_off(&error)?,
                    (error, Some(_)) if work.may_go_better(&error) => {
                        writeln!(io::stderr(), "driftless: {error}")?;
                        Ending::Warning
                    }
                    (error, _) => return Err(error.into()),
                }
            }
            Err(Ended::Told(failure)) => return Err(failure),
        };
        if every.is_some() {
            work.rest();
        }
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

/// A run, and a comparison if one is due; whether all came to a good end.
fn once(work: &mut Work, verify_every: Option<Duration>) -> Result<bool, Ended> {
    let begun = Instant::now();
    let summary = work.run()?;
    if !work.options.dry_run {
        metrics::done(&summary);
    }
    let line = told(&summary, work.options.dry_run, begun.elapsed());
    work.out.line(&line).map_err(|error| Ended::Told(error.into()))?;
    if let Some(every) = verify_every
        && work.is_comparison_due(every)?
    {
        let verified = work.verify(true, summary.taken)?;
        metrics::compared(&verified);
        let told = work.out.tell(&verified).map_err(|error| Ended::Told(error.into()))?;
        return Ok(told == Ending::Done);
    }
    Ok(summary.complete_to.is_some())
}

pub(super) fn broken_off(error: &RunError) -> Result<Ending, Failure> {
    writeln!(io::stderr(), "driftless: {error}")?;
    Ok(Ending::Unknown)
}

/// The line about a run.
pub(super) fn told(summary: &Summary, dry_run: bool, took: Duration) -> String {
    let Summary { read, written, removed, unreadable, restored, complete_to, .. } = *summary;
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

/// How far a run has come.
pub(super) struct Progress(pub(super) Terminal);

impl Report for Progress {
    fn progress(&mut self, done: u64, total: u64) {
        let is_worth_it = total > 1_000 || io::stderr().is_terminal();
        if is_worth_it {
            let _ = self.0.progress("activities", done, Some(total));
        }
    }
}
