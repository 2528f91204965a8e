//! The table of what is to be reached, and what has been.

use std::fmt::Write;

use crate::Outcome;
use crate::report::number;
use crate::results::{Results, Updates, UpdatesRound, median};
use crate::run::{TABLE_SIZES, TOMBSTONES};
use crate::server::Who;

/// What is to be reached.
struct Goal {
    must: f64,
    stretch: Option<f64>,
}

/// A row: goals for each size of the table.
struct Row {
    name: &'static str,
    /// What stands behind a figure.
    unit: &'static str,
    /// Whether less is better.
    less: bool,
    goals: [Option<Goal>; 2],
    figure: fn(&Results, u64) -> Option<f64>,
}

const fn goal(must: f64, stretch: f64) -> Option<Goal> {
    Some(Goal { must, stretch: Some(stretch) })
}

const fn must(must: f64) -> Option<Goal> {
    Some(Goal { must, stretch: None })
}

const fn more(
    name: &'static str,
    goals: [Option<Goal>; 2],
    figure: fn(&Results, u64) -> Option<f64>,
) -> Row {
    Row { name, unit: "", less: false, goals, figure }
}

const fn less(
    name: &'static str,
    unit: &'static str,
    goals: [Option<Goal>; 2],
    figure: fn(&Results, u64) -> Option<f64>,
) -> Row {
    Row { name, unit, less: true, goals, figure }
}

#[rustfmt::skip]
const ROWS: [Row; 14] = [
    more("S1 idle poll, nothing new", [goal(0.65, 0.80), goal(0.65, 0.80)], |r, n| share(r, "S1", n)),
    more("S2 the 10 newest changes", [goal(0.60, 0.75), goal(0.60, 0.75)], |r, n| share(r, "S2", n)),
    more("S3 100 records from a random place", [goal(0.60, 0.75), goal(0.30, 0.45)], |r, n| share(r, "S3", n)),
    more("S4 a random page of 10 among all", [goal(0.60, 0.75), goal(0.40, 0.55)], |r, n| share(r, "S4", n)),
    more("S5 32 writers: updates to a commit of bare SQLite", [goal(5.0, 8.0), goal(5.0, 8.0)], |r, n| updates(r, n, |round| round.many.get(&Who::Driftless))),
    more("S5b one writer, likewise", [goal(0.3, 0.5), must(0.3)], |r, n| updates(r, n, |round| round.one.get(&Who::Driftless))),
    more("S6 first sync of everything", [goal(0.50, 0.70), goal(0.30, 0.45)], |r, n| sync(r, n, 0, true)),
    more("S6 likewise, with 100,000 tombstones on every page", [goal(0.50, 0.70), goal(0.30, 0.45)], |r, n| sync(r, n, TOMBSTONES, true)),
    more("S6 likewise, with 100,000 tombstones not asked for", [goal(0.50, 0.70), goal(0.30, 0.45)], |r, n| sync(r, n, TOMBSTONES, false)),
    less("S7 memory beyond the caches, of a version", " bytes", [goal(40.0, 25.0), goal(40.0, 25.0)], memory),
    less("S8 start to first answer", " s", [must(0.5), goal(6.0, 2.0)], start),
    more("S9 1,000 organizations of 1,000: nothing new", [goal(0.50, 0.70), None], |r, n| organizations(r, n, "S9 nothing new")),
    more("S9 likewise, the 10 newest", [goal(0.50, 0.70), None], |r, n| organizations(r, n, "S9 ten newest")),
    less("S10 99th percentile while writes go on", " ×", [goal(3.0, 1.5), must(3.0)], latency),
];

/// The table, with what has been reached.
pub(crate) fn table(results: &Results) -> Outcome<String> {
    let mut text = String::from("| scenario |");
    for size in TABLE_SIZES {
        write!(text, " {} activities: must · stretch | reached |", number(size as f64))?;
    }
    text += "\n| --- | --- | --- | --- | --- |\n";
    for row in &ROWS {
        write!(text, "| {} |", row.name)?;
        for (goal, size) in row.goals.iter().zip(TABLE_SIZES) {
            let Some(goal) = goal else {
                text += " – | – |";
                continue;
            };
            let stretch = goal.stretch.map_or(String::new(), |stretch| format!(" · {stretch}"));
            write!(text, " {}{stretch}{} |", goal.must, row.unit)?;
            match (row.figure)(results, size) {
                Some(figure) => {
                    let mark = row.mark(goal, figure);
                    write!(text, " {}{} {mark} |", row.short(figure), row.unit)?;
                }
                None => text += " not measured |",
            }
        }
        text += "\n";
    }
    text += "\nS1 to S4, S6 and S9 are shares of what the limit does with answers of the same size. \
             ✓✓ reaches the stretch, ✓ the must, ✗ neither; figures are \
             rounded to the worse side. With 10,000,000 activities the cache has \
             256 MiB, so that S3 and S4 read from the disk or the system's cache of it.\n";
    Ok(text)
}

impl Row {
    fn mark(&self, goal: &Goal, figure: f64) -> &'static str {
        let reaches = |goal: f64| if self.less { figure <= goal } else { figure >= goal };
        match (goal.stretch.is_some_and(reaches), reaches(goal.must)) {
            (true, _) => "✓✓",
            (_, true) => "✓",
            _ => "✗",
        }
    }

    /// Rounded to the worse side, so that no figure looks like a goal that it misses.
    fn short(&self, figure: f64) -> String {
        let parts = if figure < 10.0 { 100.0 } else { 1.0 };
        let whole = figure * parts;
        let worse = if self.less { whole.ceil() } else { whole.floor() } / parts;
        if figure < 10.0 { format!("{worse:.2}") } else { number(worse) }
    }
}

fn share(results: &Results, scenario: &str, activities: u64) -> Option<f64> {
    let mut rates = results.rates.iter();
    rates.find(|r| r.scenario == scenario && r.activities == activities)?.share(Who::Driftless)
}

fn organizations(results: &Results, _: u64, scenario: &str) -> Option<f64> {
    results.organizations.iter().find(|r| r.scenario == scenario)?.share(Who::Driftless)
}

fn updates(
    results: &Results,
    activities: u64,
    of: fn(&UpdatesRound) -> Option<&f64>,
) -> Option<f64> {
    let Updates { rounds, .. } = results.updates.iter().find(|u| u.activities == activities)?;
    median(rounds.iter().filter_map(|round| Some(of(round)? / round.sqlite)).collect())
}

fn sync(results: &Results, activities: u64, tombstones: u64, removed: bool) -> Option<f64> {
    let wanted = (activities, tombstones, removed);
    let mut syncs = results.sync.iter();
    let of = syncs.find(|s| (s.activities, s.tombstones, s.removed) == wanted)?;
    of.median(|round| round.limit / round.ours)
}

fn memory(results: &Results, activities: u64) -> Option<f64> {
    let of = results.memory.iter().find(|memory| memory.activities == activities)?;
    // What both hold, SQLite's own caches among it, is bounded.
    Some((of.bytes as f64 - of.half_bytes as f64) / (activities as f64 / 2.0))
}

fn start(results: &Results, activities: u64) -> Option<f64> {
    Some(results.start.iter().find(|start| start.activities == activities)?.seconds)
}

fn latency(results: &Results, activities: u64) -> Option<f64> {
    let of = results.latency.iter().find(|latency| latency.activities == activities)?;
    of.median(|round| round.reads.p99 / round.limit.p99)
}
