//! Somebody who uses the server while it is attacked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::client::Client;
use crate::process::memory_bytes;
use crate::server::Server;

/// A request without an answer by then has failed.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) struct Neighbour<'s> {
    server: &'s Server,
    pub(crate) session: String,
    during: Duration,
}

/// What it felt.
pub(crate) struct Felt {
    pub(crate) requests: usize,
    /// Those that got no success.
    pub(crate) failed: usize,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// The most that the server held meanwhile.
    pub(crate) memory: u64,
}

impl Felt {
    /// From how long each request took.
    pub(crate) fn of(mut times: Vec<Duration>, failed: usize, memory: u64) -> Felt {
        times.sort_unstable();
        let last = times.len().saturating_sub(1);
        let at = |percent: usize| times.get(last * percent / 100).copied().unwrap_or_default();
        Felt { requests: times.len(), failed, p50: at(50), p99: at(99), memory }
    }
}

impl<'s> Neighbour<'s> {
    pub(crate) fn log_in(server: &'s Server, org: u32, during: Duration) -> Outcome<Neighbour<'s>> {
        let session = Client::log_in(&server.base, org)?.session().to_owned();
        Ok(Neighbour { server, session, during })
    }

    /// Sends this request again and again, each time on a new connection; a success contains `sign`.
    pub(crate) fn asks(&self, request: &str, sign: &str) -> Outcome<Felt> {
        let (mut times, mut failed, mut memory) = (Vec::new(), 0, 0);
        let begun = Instant::now();
        while begun.elapsed() < self.during {
            let asked = Instant::now();
            let is_success = self.ask(request).is_ok_and(|answer| answer.contains(sign));
            times.push(asked.elapsed());
            failed += usize::from(!is_success);
            memory = memory_bytes(self.server.id())?.max(memory);
            sleep(PAUSE);
        }
        Ok(Felt::of(times, failed, memory))
    }

    fn ask(&self, request: &str) -> Outcome<String> {
        let address = self.server.base.trim_start_matches("http://").parse()?;
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// A poll of what is new.
    pub(crate) fn poll(&self) -> String {
        format!(
            "GET /neonws/services/api/account/syncActivities?userSessionId={}&syncActivityTimeFrom=2090-01-01T00:00:00Z HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            self.session
        )
    }
}

/// What an answer of the API contains if it is a success.
pub(crate) const SUCCESS: &str = "\"operationResult\":\"SUCCESS\"";
