//! How many writes a second, beside what the disk can do: without the report.

use std::io::{Write, stdout};
use std::time::Duration;

use crate::fill::Content;
use crate::results::{UpdatesRound, median};
use crate::server::{Who, default_binary};
use crate::setup::{Setup, Way, default_folder};
use crate::{Outcome, Writes, rates};

/// Measures, and prints.
pub(crate) fn measure(args: &Writes) -> Outcome<()> {
    let binary = args.driftless.clone().map_or_else(default_binary, Ok)?;
    let folder = args.dir.clone().map_or_else(default_folder, Ok)?;
    let during = Duration::from_secs(args.seconds);
    let way = Way { binary, folder, rounds: args.rounds, during };
    let setup = Setup::new(&way, Content::of(args.activities))?;
    let measured = rates::updates(&setup, &[&setup.serve()?])?;
    let mut out = stdout().lock();
    writeln!(
        out,
        "{:>7}{:>18}{:>16}{:>16}",
        "round", "sqlite commits/s", "many writes/s", "one writes/s"
    )?;
    for (n, round) in (1..).zip(&measured.rounds) {
        let UpdatesRound { sqlite, many, one } = round;
        let (many, one) = (many[&Who::Driftless], one[&Who::Driftless]);
        writeln!(out, "{n:>7}{sqlite:>18.0}{many:>16.0}{one:>16.0}")?;
    }
    let ratio = |of: fn(&UpdatesRound) -> f64| {
        let ratios = measured.rounds.iter().map(|round| of(round) / round.sqlite);
        median(ratios.collect()).unwrap_or_default()
    };
    let many = ratio(|round| round.many[&Who::Driftless]);
    let one = ratio(|round| round.one[&Who::Driftless]);
    writeln!(
        out,
        "{:>7}{:>18}{many:>16.2}{one:>16.2}  (writes to a commit of bare SQLite, median of rounds)",
        "ratio", "1"
    )?;
    Ok(())
}
