//! `mirror finish`: an organization that has followed another server is opened to people.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use ::mirror::RunError;
use domain::Clock;
use service::SystemClock;

use super::Finish;
use super::work::{Out, Progress, broken_off, told};
use crate::commands::{Ending, Failure};
use crate::console::Terminal;
use crate::follow::Following;
use crate::signals::stop_on_signals;

/// Ends the following of another server.
pub(super) fn run(finish: &Finish, folder: &Path) -> Result<Ending, Failure> {
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
    let summary = match done {
        Err(error @ RunError::Breaker { .. }) => return broken_off(&error),
        done => done?,
    };
    writeln!(io::stdout(), "{}", told(&summary, false, begun.elapsed()))?;
    if summary.complete_to.is_none() {
        return Ok(Ending::Warning);
    }
    let verified =
        ::mirror::verify(&mut source, &mut following, &options, false, &stop, &mut progress)?;
    drop(progress);
    let found = Out::Output.tell(&verified)?;
    if found != Ending::Done && (verified.as_of.is_none() || !finish.accept_differences) {
        if verified.as_of.is_some() {
            writeln!(
                io::stderr(),
                "driftless: nothing was opened: repair with `driftless mirror verify --repair` first, or open it as it is with --accept-differences"
            )?;
        }
        return Ok(found);
    }
    io::stdout().write_all(following.open_to_people(Some(ahead_ms))?.as_bytes())?;
    Ok(Ending::Done)
}
