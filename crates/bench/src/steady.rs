//! Load at a fixed rate: each request is due at its own time, however late the answers before it are.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::connection::Connection;
use crate::load::Request;
use crate::results::Spread;

/// How Driftless says that something has failed.
const FAILED: &[u8] = br#""operationResult":"FAIL""#;

/// Within how many first bytes of an answer.
const RESULT_WITHIN: usize = 200;

/// So many requests a second, for so long, over so many connections.
pub(crate) struct Steady<'a> {
    pub(crate) base: &'a str,
    pub(crate) per_second: f64,
    pub(crate) during: Duration,
    pub(crate) connections: u32,
}

impl Steady<'_> {
    /// Sends requests drawn from these; none may fail. A time runs from when the request was due, so
    /// that waiting behind a late answer counts.
    pub(crate) fn run(&self, requests: &[Request]) -> Outcome<Spread> {
        let begun = Instant::now();
        let micros = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..self.connections)
                .map(|n| scope.spawn(move || self.send(n, begun, requests)))
                .collect();
            let senders = senders.into_iter();
            senders.map(|sender| sender.join().map_err(|_| "a sender panicked")?).collect()
        });
        let micros: Outcome<Vec<Vec<f64>>> = micros;
        Ok(spread(micros?.concat()))
    }

    /// The part of one connection: every n-th request.
    fn send(&self, n: u32, begun: Instant, requests: &[Request]) -> Outcome<Vec<f64>> {
        let mut connection = Connection::open(self.base)?;
        let apart = Duration::from_secs_f64(f64::from(self.connections) / self.per_second);
        let mut due = begun + apart * n / self.connections;
        let mut micros = Vec::new();
        while due < begun + self.during {
            sleep(due.saturating_duration_since(Instant::now()));
            let request = &requests[fastrand::usize(..requests.len())];
            let body = connection.get(&request.target)?;
            let start = &body[..body.len().min(RESULT_WITHIN)];
            if start.windows(FAILED.len()).any(|bytes| bytes == FAILED) {
                return Err(String::from_utf8_lossy(body).into());
            }
            micros.push(due.elapsed().as_secs_f64() * 1e6);
            due += apart;
        }
        Ok(micros)
    }
}

fn spread(mut micros: Vec<f64>) -> Spread {
    micros.sort_by(f64::total_cmp);
    let last = micros.len().saturating_sub(1);
    let at = |part: f64| micros.get((last as f64 * part) as usize).copied().unwrap_or(0.0);
    let (median, p99, p999, max) = (at(0.5), at(0.99), at(0.999), at(1.0));
    Spread { requests: micros.len(), median, p99, p999, max }
}
