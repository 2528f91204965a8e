//! Load at a fixed rate: each request is due at its time, however late the answers before it are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use memchr::memmem;
use rustix::event::{PollFd, PollFlags, poll};

use crate::Outcome;
use crate::connection::{ANSWER_MAX, Connection};
use crate::load::Request;
use crate::results::Spread;

/// Requests are due in whole milliseconds, as wrk2's are: a load that sleeps before each of 50,000 a
/// second takes most of a core itself, which the server then lacks.
const TICKS_PER_SECOND: f64 = 1_000.0;

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

/// A question under way.
struct InFlight {
    connection: Connection,
    due: Instant,
    sent: Instant,
}

impl Steady<'_> {
    /// Sends requests drawn from these; none may fail. A time runs from when the request was due, so
    /// that waiting behind a late answer counts.
    ///
    /// One thread does it all: the less the load itself takes, the more is measured of the server.
    pub(crate) fn run(&self, requests: &[Request]) -> Outcome<Spread> {
        let opened = (0..self.connections).map(|_| Connection::open(self.base));
        // In turn, so that none rests for so long that the server closes it.
        let mut free = opened.collect::<Outcome<VecDeque<_>>>()?;
        let mut asked: Vec<InFlight> = Vec::with_capacity(free.len());
        let mut micros = Vec::new();
        let begun = Instant::now();
        let count = (self.during.as_secs_f64() * self.per_second) as u64;
        let due = |n| begun + due(n, self.per_second);
        let mut dues = (0..count).map(due).peekable();
        while dues.peek().is_some() || !asked.is_empty() {
            while let Some(mut connection) = free.pop_front() {
                let Some(due) = dues.next_if(|due| *due <= Instant::now()) else {
                    free.push_front(connection);
                    break;
                };
                connection.ask(&requests[fastrand::usize(..requests.len())].target)?;
                asked.push(InFlight { connection, due, sent: Instant::now() });
            }
            // From the last to the first, so that taking one out leaves the others in their places.
            for at in answered(&asked, dues.peek().filter(|_| !free.is_empty()))?.into_iter().rev()
            {
                let InFlight { mut connection, due, sent } = asked.swap_remove(at);
                let Some(body) = connection.receive()? else {
                    asked.push(InFlight { connection, due, sent });
                    continue;
                };
                micros.push(due.elapsed().as_secs_f64() * 1e6);
                expect_success(connection.body(body))?;
                free.push_back(connection);
            }
        }
        Ok(spread(micros))
    }
}

/// When request number `n` is due, from 0, after the first.
fn due(n: u64, per_second: f64) -> Duration {
    let tick = (n as f64 * TICKS_PER_SECOND / per_second).floor();
    Duration::from_secs_f64(tick / TICKS_PER_SECOND)
}

/// Which have something to receive; waits for the first of them, but not beyond a time.
fn answered(asked: &[InFlight], until: Option<&Instant>) -> Outcome<Vec<usize>> {
    let now = Instant::now();
    if asked.iter().any(|asked| now - asked.sent > ANSWER_MAX) {
        return Err(format!("no answer within {ANSWER_MAX:?}").into());
    }
    let asked = asked.iter().map(|asked| PollFd::new(&asked.connection, PollFlags::IN));
    let mut polled: Vec<_> = asked.collect();
    let wait = until.map_or(ANSWER_MAX, |until| until.saturating_duration_since(now));
    poll(&mut polled, Some(&wait.try_into()?))?;
    Ok((0..polled.len()).filter(|at| !polled[*at].revents().is_empty()).collect())
}

fn expect_success(body: &[u8]) -> Outcome<()> {
    match memmem::find(&body[..body.len().min(RESULT_WITHIN)], FAILED) {
        Some(_) => Err(String::from_utf8_lossy(body).into()),
        None => Ok(()),
    }
}

fn spread(mut micros: Vec<f64>) -> Spread {
    micros.sort_by(f64::total_cmp);
    let last = micros.len().saturating_sub(1);
    let at = |part: f64| micros.get((last as f64 * part) as usize).copied().unwrap_or(0.0);
    let (median, p99, p999, max) = (at(0.5), at(0.99), at(0.999), at(1.0));
    Spread { requests: micros.len(), median, p99, p999, max }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_due_in_whole_milliseconds_at_their_rate() {
        let millis = |n| due(n, 2_500.0).as_secs_f64() * 1e3;
        assert_eq!([0, 1, 2, 3, 5, 2_500].map(millis), [0.0, 0.0, 0.0, 1.0, 2.0, 1_000.0]);
    }
}
