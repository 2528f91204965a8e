//! The charts of the report.

use crate::report::number;
use crate::results::{Rates, Results, median};
use crate::run::{SCENARIOS, TABLE_SIZES};
use crate::server::Who;
use crate::svg::{Chart, Scale};

/// Colours that most people can tell apart.
const DRIFTLESS: &str = "#0072b2";
const GREY: &str = "#7a7a7a";
const ORANGE: &str = "#e69f00";
const PINK: &str = "#cc79a7";
const GREEN: &str = "#009e73";

/// Who is shown, in this order.
pub(crate) const SERVERS: [(Who, &str, &str); 4] = [
    (Who::Limit, "the limit", GREY),
    (Who::Driftless, "Driftless", DRIFTLESS),
    (Who::PocketBase, "PocketBase", ORANGE),
    (Who::FastApi, "FastAPI, PostgreSQL", PINK),
];

/// Each chart: the name of its file, what it shows, and itself.
pub(crate) fn charts(results: &Results) -> [(&'static str, &'static str, String); 3] {
    [
        ("rates.svg", "Requests a second by scenario", rates(results)),
        ("polls.svg", "Microseconds of a poll by the number of activities", polls(results)),
        ("writers.svg", "Updates a second by the number of writers", writers(results)),
    ]
}

fn rates(results: &Results) -> String {
    let x = Scale { min: 0.0, max: SCENARIOS.len() as f64, log: false };
    let shown = || results.rates.iter().filter(|rates| rates.activities == TABLE_SIZES[0]);
    let per_second = |rates: &Rates, who| rates.median(who, |rate| rate.per_second);
    let all = shown().flat_map(|rates| SERVERS.map(|(who, _, _)| per_second(rates, who)));
    let (y, lines) = powers(10.0, all.flatten().fold(100_000.0, f64::max));
    let title = format!("Requests a second, {} activities", number(TABLE_SIZES[0] as f64));
    let mut chart = Chart::new(&title, "requests a second", x, y, &lines);
    for (_, name, color) in SERVERS {
        chart.name(color, name);
    }
    for (place, rates) in shown().enumerate() {
        let place = place as f64;
        for (n, (who, _, color)) in SERVERS.into_iter().enumerate() {
            let from = place + 0.08 + 0.21 * n as f64;
            if let Some(value) = per_second(rates, who) {
                chart.bar(from, from + 0.19, value, color);
            }
        }
        let what = what(&rates.scenario).0;
        chart.label(place + 0.5, &format!("{} {what}", rates.scenario));
    }
    chart.finish()
}

/// What a scenario is about, in short, and its colour.
fn what(scenario: &str) -> (&'static str, &'static str) {
    match scenario {
        "S1" => ("nothing new", GREEN),
        "S2" => ("ten newest", DRIFTLESS),
        "S3" => ("a hundred", ORANGE),
        _ => ("a random page", PINK),
    }
}

fn polls(results: &Results) -> String {
    let sizes = results.polls.iter().map(|poll| poll.activities as f64);
    let (least, most) = (1_000.0, sizes.fold(10_000.0, f64::max));
    let micros = results.polls.iter().map(|poll| poll.micros);
    let most_micros = micros.fold(1.0, f64::max);
    let step = step(most_micros);
    let lines: Vec<f64> = (0..=5).map(|n| f64::from(n) * step).collect();
    let (x, y) = (
        Scale { min: least, max: most, log: true },
        Scale { min: 0.0, max: 5.0 * step, log: false },
    );
    let title = "Microseconds of a poll, one after the other on one connection";
    let mut chart = Chart::new(title, "microseconds", x, y, &lines);
    let mut size = least;
    while size <= most {
        chart.label(size, &number(size));
        size *= 10.0;
    }
    chart.below("activities");
    for (scenario, _) in SCENARIOS {
        let shown = results.polls.iter().filter(|poll| poll.scenario == scenario);
        let points: Vec<_> = shown.map(|poll| (poll.activities as f64, poll.micros)).collect();
        if !points.is_empty() {
            let (what, color) = what(scenario);
            chart.name(color, &format!("{scenario} {what}"));
            chart.line(&points, color);
        }
    }
    chart.finish()
}

fn writers(results: &Results) -> String {
    let points: Vec<_> = results.writers.iter().map(|(n, rate)| (f64::from(*n), *rate)).collect();
    let rounds = results.updates.iter().flat_map(|updates| &updates.rounds);
    let sqlite = median(rounds.map(|round| round.sqlite).collect()).unwrap_or_default();
    let step = step(points.iter().map(|(_, rate)| *rate).fold(sqlite, f64::max));
    let lines: Vec<f64> = (0..=5).map(|n| f64::from(n) * step).collect();
    let (x, y) =
        (Scale { min: 1.0, max: 64.0, log: true }, Scale { min: 0.0, max: 5.0 * step, log: false });
    let mut chart = Chart::new("Durable updates a second", "updates a second", x, y, &lines);
    for (writers, _) in &points {
        chart.label(*writers, &number(*writers));
    }
    chart.below("writers at once");
    chart.name(DRIFTLESS, "Driftless");
    chart.name(GREY, "commits of bare SQLite, one row each, one writer");
    chart.line(&[(1.0, sqlite), (64.0, sqlite)], GREY);
    chart.line(&points, DRIFTLESS);
    chart.finish()
}

/// A scale of powers of ten, and its lines.
fn powers(min: f64, max: f64) -> (Scale, Vec<f64>) {
    let mut lines = vec![min];
    while lines.last().is_some_and(|last| last * 10.0 <= max) {
        lines.push(lines[lines.len() - 1] * 10.0);
    }
    (Scale { min, max, log: true }, lines)
}

/// A round number of which five are enough.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf((most / 5.0).max(1.0).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|n| n * power);
    steps.into_iter().find(|step| step * 5.0 >= most).unwrap_or(most)
}
