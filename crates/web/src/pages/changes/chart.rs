//! The chart: what was created, edited and removed, drawn as SVG.

use domain::{Moment, Stamp, Zone};
use maud::{Markup, html};
use service::Tally;

use super::buckets::Unit;
use crate::layout::number;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 240.0;
/// Room for the counts to the left of the bars; below them are the times.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 26.0;

/// The widest bar, so that few bars do not look too heavy.
const BAR_MAX: f64 = 36.0;

/// Lines behind the bars, at most.
const GRIDLINES_MAX: u64 = 4;

/// Times below the bars, at most.
const LABELS_MAX: usize = 12;

/// A kind of change: its name, and how to count it.
type Kind = (&'static str, fn(&Tally) -> u64);

/// The kinds of changes, in the order in which they are stacked.
const KINDS: [Kind; 3] = [
    ("created", |tally| tally.created),
    ("edited", |tally| tally.edited),
    ("removed", |tally| tally.removed),
];

/// A part of the range and what happened in it.
pub(super) struct Bar {
    pub(super) begin: Stamp,
    pub(super) tally: Tally,
}

impl Bar {
    pub(super) fn total(&self) -> u64 {
        KINDS.iter().map(|(_, count)| count(&self.tally)).sum()
    }
}

/// The chart with its caption, and the same as a table.
pub(super) fn figure(bars: &[Bar], unit: Unit, zone: &Zone) -> Markup {
    let total = |count: fn(&Tally) -> u64| bars.iter().map(|bar| count(&bar.tally)).sum();
    let sums = KINDS.map(|(kind, count)| (kind, total(count)));
    let described = sums.map(|(kind, sum): (_, u64)| format!("{} {kind}", number(sum))).join(", ");
    html! {
        figure.chart {
            figcaption {
                "Changes per " (unit.name())
                @for (kind, sum) in sums {
                    span class={ "key " (kind) } { (number(sum)) " " (kind) }
                }
            }
            div.scroll tabindex="0" role="region" aria-label="Chart of changes" {
                (drawing(bars, unit, zone, &described))
            }
            details {
                summary { "Show as a table" }
                (table(bars, unit, zone))
            }
        }
    }
}

fn drawing(bars: &[Bar], unit: Unit, zone: &Zone, described: &str) -> Markup {
    let highest = bars.iter().map(Bar::total).max().unwrap_or(0);
    let step = step(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let y = |count: u64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count as f64 / top as f64;
    let slot = (WIDTH - LEFT - RIGHT) / bars.len().max(1) as f64;
    let every = bars.len().div_ceil(LABELS_MAX).max(1);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-labelledby="chart-title chart-text" {
            title #chart-title { "Changes per " (unit.name()) }
            desc #chart-text { (described) "." }
            @for count in (0..=top).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
                line.gridline x1=(LEFT) x2=(WIDTH - RIGHT) y1=(at(y(count))) y2=(at(y(count))) {}
                text.axis x=(LEFT - 8.0) y=(at(y(count) + 4.0)) text-anchor="end" { (number(count)) }
            }
            @for (n, bar) in bars.iter().enumerate() {
                @let middle = LEFT + slot * (n as f64 + 0.5);
                @if bar.total() > 0 { (stack(bar, unit, zone, middle, (slot * 0.8).min(BAR_MAX), &y)) }
                @if n % every == 0 {
                    text.axis x=(at(middle)) y=(HEIGHT - 8.0) text-anchor="middle" {
                        (label(zone.at(bar.begin), unit))
                    }
                }
            }
            line.axis x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y(0)) y2=(y(0)) {}
        }
    }
}

/// One bar: its kinds of changes on top of each other.
fn stack(
    bar: &Bar,
    unit: Unit,
    zone: &Zone,
    middle: f64,
    width: f64,
    y: &dyn Fn(u64) -> f64,
) -> Markup {
    let mut below = 0;
    let parts = KINDS.map(|(kind, count)| {
        let (from, count) = (below, count(&bar.tally));
        below += count;
        (kind, count, from)
    });
    let text = parts.map(|(kind, count, _)| format!("{} {kind}", number(count))).join(", ");
    html! {
        g {
            title { (name(zone.at(bar.begin), unit)) ": " (text) }
            @for (kind, count, from) in parts.into_iter().filter(|(_, count, _)| *count > 0) {
                rect class={ "bar " (kind) } x=(at(middle - width / 2.0)) width=(at(width))
                    y=(at(y(from + count))) height=(at(y(from) - y(from + count))) {}
            }
        }
    }
}

fn table(bars: &[Bar], unit: Unit, zone: &Zone) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of changes" {
            table.grid {
                caption { "Changes per " (unit.name()) ". Periods without changes are left out." }
                thead {
                    tr {
                        th scope="col" { "Starts" }
                        @for (kind, _) in KINDS { th.num scope="col" { (capital(kind)) } }
                    }
                }
                tbody {
                    @for bar in bars.iter().filter(|bar| bar.total() > 0) {
                        tr {
                            th scope="row" { (name(zone.at(bar.begin), unit)) }
                            @for (kind, count) in KINDS {
                                td.num data-label=(capital(kind)) { (number(count(&bar.tally))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The distance of the grid lines: 1, 2 or 5 with zeros.
fn step(highest: u64) -> u64 {
    let mut zeros = 1_u64;
    loop {
        for digit in [1, 2, 5] {
            let step = zeros.saturating_mul(digit);
            if step.saturating_mul(GRIDLINES_MAX) >= highest {
                return step;
            }
        }
        zeros = zeros.saturating_mul(10);
    }
}

/// A coordinate, with as much precision as can be seen.
fn at(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

/// The label below a bar: a time of day or a date; midnight is shown as the date of the day.
fn label(begin: Moment, unit: Unit) -> String {
    let exact = begin.to_string();
    let part = |range: std::ops::Range<usize>| exact.get(range).unwrap_or_default().to_owned();
    match unit {
        Unit::Hour if part(11..16) != "00:00" => part(11..16),
        Unit::Hour | Unit::Days(1 | 7) => part(5..10),
        Unit::Days(_) => part(0..7),
    }
}

/// `2026-03-04 14:00`, `2026-03-04`. The offset distinguishes an hour that occurs twice.
fn name(begin: Moment, unit: Unit) -> String {
    let exact = begin.to_string();
    let part = |range: std::ops::Range<usize>| exact.get(range).unwrap_or_default();
    match unit {
        Unit::Hour => format!("{} {} {}", part(0..10), part(11..16), part(23..exact.len())),
        Unit::Days(_) => part(0..10).to_owned(),
    }
}

fn capital(kind: &str) -> String {
    let (first, rest) = kind.split_at_checked(1).unwrap_or_default();
    format!("{}{rest}", first.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_at_round_counts() {
        for (highest, expected) in
            [(0, 1), (4, 1), (5, 2), (9, 5), (21, 10), (81, 50), (2_000, 500)]
        {
            assert_eq!(step(highest), expected, "{highest}");
        }
        assert!(step(u64::MAX) > 0);
    }
}
