//! Load that the server sheds: connections that it closes, and requests that it refuses, because places or memory run
//! short. An attack sheds thousands a second, so each is counted, and the log gets one line for many.

use std::sync::atomic::{AtomicU64, Ordering};

/// What was shed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// A connection without a request was closed to make room for another.
    Idle,
    /// A connection whose client kept the server waiting was closed to make room for another.
    Stalled,
    /// A connection was refused because its address has as many as it can have.
    Address,
    /// A connection was refused because no place was left.
    Full,
    /// A request was refused because the memory for long heads was used up.
    Head,
    /// A request was refused because the memory for large bodies was used up.
    Body,
}

const ALL: [Shed; 6] =
    [Shed::Idle, Shed::Stalled, Shed::Address, Shed::Full, Shed::Head, Shed::Body];

/// What has been shed since the log was told, in the order of [`ALL`].
static UNTOLD: [AtomicU64; ALL.len()] = [const { AtomicU64::new(0) }; ALL.len()];

impl Shed {
    /// The value of the label `reason` in the metrics.
    fn reason(self) -> &'static str {
        match self {
            Shed::Idle => "idle",
            Shed::Stalled => "stalled",
            Shed::Address => "address",
            Shed::Full => "full",
            Shed::Head => "head",
            Shed::Body => "body",
        }
    }

    fn meter(self) -> metrics::Counter {
        metrics::counter!("driftless_shed_total", "reason" => self.reason())
    }
}

/// Makes the metrics show all reasons from the start.
pub fn describe_shed() {
    metrics::describe_counter!(
        "driftless_shed_total",
        "Connections closed and requests refused because places or memory ran short, by reason"
    );
    for what in ALL {
        what.meter().absolute(0);
    }
}

/// Counts what was shed.
pub fn shed(what: Shed) {
    what.meter().increment(1);
    UNTOLD[what as usize].fetch_add(1, Ordering::Relaxed);
}

/// Tells the log what has been shed since the last call, if anything. To be called every few seconds.
pub fn tell_shed() {
    let [idle, stalled, address, full, head, body] =
        UNTOLD.each_ref().map(|count| count.swap(0, Ordering::Relaxed));
    if idle + stalled > 0 {
        tracing::warn!(
            idle,
            stalled,
            "connections ran short: closed those that were unused longest"
        );
    }
    if address + full > 0 {
        tracing::warn!(address, full, "connections ran short: refused new ones");
    }
    if head + body > 0 {
        tracing::warn!(head, body, "memory for large requests ran short: refused some");
    }
}
