//! What has been measured, as it is kept between two reports.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Outcome;
use crate::run::Part;
use crate::server::Who;

/// Everything that a report shows.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Results {
    pub(crate) about: About,
    pub(crate) rates: Vec<Rates>,
    pub(crate) organizations: Vec<Rates>,
    pub(crate) updates: Vec<Updates>,
    /// Updates a second by the number of writers.
    pub(crate) writers: Vec<(u32, f64)>,
    pub(crate) sync: Vec<FirstSync>,
    pub(crate) memory: Vec<Memory>,
    pub(crate) start: Vec<Start>,
    pub(crate) latency: Vec<Latency>,
    pub(crate) polls: Vec<Poll>,
    pub(crate) mirrors: Vec<Mirrors>,
    pub(crate) soak: Option<Soak>,
}

/// When and where.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) date: String,
    /// Whether it was only tried out.
    pub(crate) quick: bool,
    /// What and which: `processor`, `AMD EPYC`.
    pub(crate) facts: Vec<(String, String)>,
}

/// One scenario, in rounds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Rates {
    pub(crate) scenario: String,
    pub(crate) activities: u64,
    /// Bytes of a typical answer, which the limit sends.
    pub(crate) bytes: usize,
    pub(crate) rounds: Vec<BTreeMap<Who, Rate>>,
}

/// What one server did in one round.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    /// Microseconds of the processor that the server used for a request.
    pub(crate) cpu_micros: f64,
}

/// Updates, in rounds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Updates {
    pub(crate) activities: u64,
    pub(crate) rounds: Vec<UpdatesRound>,
}

/// Each a second.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UpdatesRound {
    /// Commits of bare SQLite, one row each.
    pub(crate) sqlite: f64,
    /// Updates of many clients at once.
    pub(crate) many: BTreeMap<Who, f64>,
    /// Updates of one client.
    pub(crate) one: BTreeMap<Who, f64>,
}

/// Everything, page by page.
#[derive(Serialize, Deserialize)]
pub(crate) struct FirstSync {
    pub(crate) activities: u64,
    pub(crate) tombstones: u64,
    /// Whether every page had the list of removed ids.
    pub(crate) removed: bool,
    pub(crate) pages: u64,
    pub(crate) bytes: usize,
    pub(crate) rounds: Vec<SyncRound>,
}

/// How long it took, in seconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SyncRound {
    pub(crate) ours: f64,
    pub(crate) limit: f64,
}

/// What a server holds that has as good as no room for caches.
#[derive(Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) activities: u64,
    pub(crate) bytes: u64,
    /// With half as many activities.
    pub(crate) half_bytes: u64,
}

/// From the start of the process to the first answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) activities: u64,
    pub(crate) seconds: f64,
}

/// How long answers take at a fixed rate.
#[derive(Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) activities: u64,
    pub(crate) reads_per_second: f64,
    pub(crate) writes_per_second: f64,
    pub(crate) rounds: Vec<LatencyRound>,
}

/// What they take.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct LatencyRound {
    /// Of Driftless, while writes go on.
    pub(crate) reads: Spread,
    pub(crate) writes: Spread,
    /// Of the limit, without writes.
    pub(crate) limit: Spread,
}

/// Times in microseconds, from when a request was due to the end of its answer.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) requests: usize,
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

/// Microseconds of a poll, one after the other on one connection.
#[derive(Serialize, Deserialize)]
pub(crate) struct Poll {
    pub(crate) scenario: String,
    pub(crate) activities: u64,
    pub(crate) micros: f64,
}

/// A mirror of so many activities.
#[derive(Serialize, Deserialize)]
pub(crate) struct Mirrors {
    pub(crate) activities: u64,
    /// Of the first load.
    pub(crate) rounds: Vec<MirrorRound>,
    /// What the process held at most, in bytes.
    pub(crate) memory: u64,
    /// The first load by dlt.
    pub(crate) dlt_seconds: Option<f64>,
    /// Of a comparison that finds nothing.
    pub(crate) compare_seconds: f64,
    pub(crate) compare_memory: u64,
    pub(crate) compare_requests: u64,
    /// The server's part of it: the first time, and again.
    pub(crate) digest_seconds: [f64; 2],
    pub(crate) poll: MirrorPoll,
}

/// How long a first load took, in seconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MirrorRound {
    pub(crate) ours: f64,
    pub(crate) limit: f64,
}

/// Microseconds of a poll with nothing new.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct MirrorPoll {
    pub(crate) ours: f64,
    /// Of a request alone.
    pub(crate) bare: f64,
}

/// Mixed load for long.
#[derive(Serialize, Deserialize)]
pub(crate) struct Soak {
    pub(crate) seconds: f64,
    pub(crate) reads: Spread,
    pub(crate) writes: Spread,
    /// Memory held once the caches had filled, at the end, and at most, in bytes.
    pub(crate) memory_begin: u64,
    pub(crate) memory_end: u64,
    pub(crate) memory_max: u64,
}

impl Results {
    pub(crate) fn read(path: &Path) -> Outcome<Results> {
        match std::fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text).map_err(|problem| {
                let path = path.display();
                format!("{path}: {problem}; another version wrote it: measure everything anew")
                    .into()
            }),
            Err(_) => Ok(Results::default()),
        }
    }

    /// Makes room for the figures of a part.
    pub(crate) fn forget(&mut self, part: Part) {
        match part {
            Part::Rates => self.rates.clear(),
            Part::Updates => (self.updates, self.writers) = Default::default(),
            Part::Sync => self.sync.clear(),
            Part::Memory => self.memory.clear(),
            Part::Start => self.start.clear(),
            Part::Organizations => self.organizations.clear(),
            Part::Latency => self.latency.clear(),
            Part::Polls => self.polls.clear(),
            Part::Mirrors => self.mirrors.clear(),
            Part::Soak => self.soak = None,
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)?)?)
    }
}

impl FirstSync {
    /// The middle of the rounds.
    pub(crate) fn median(&self, of: impl Fn(&SyncRound) -> f64) -> Option<f64> {
        median(self.rounds.iter().map(of).collect())
    }
}

impl Mirrors {
    /// The middle of the rounds.
    pub(crate) fn median(&self, of: impl Fn(&MirrorRound) -> f64) -> Option<f64> {
        median(self.rounds.iter().map(of).collect())
    }
}

impl Latency {
    /// The middle of the rounds.
    pub(crate) fn median(&self, of: impl Fn(&LatencyRound) -> f64) -> Option<f64> {
        median(self.rounds.iter().map(of).collect())
    }
}

impl Rates {
    /// The middle of the rounds, of a server that took part.
    pub(crate) fn median(&self, who: Who, of: impl Fn(&Rate) -> f64) -> Option<f64> {
        let values = self.rounds.iter().filter_map(|round| round.get(&who).map(&of));
        median(values.collect())
    }

    /// Requests a second as a share of the limit's, pair by pair.
    pub(crate) fn share(&self, who: Who) -> Option<f64> {
        let share = |round: &BTreeMap<Who, Rate>| {
            Some(round.get(&who)?.per_second / round.get(&Who::Limit)?.per_second)
        };
        median(self.rounds.iter().filter_map(share).collect())
    }
}

/// The middle one, or what lies between the two.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    Some((values.get(values.len().checked_sub(1)? / 2)? + values[upper]) / 2.0)
}
