//! The load: wrk, whose own work takes little of the machine.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;

/// The script that sends what a file holds.
const SCRIPT: &str = include_str!("../../../bench/lua/requests.lua");

/// What is sent.
pub(crate) struct Request {
    pub(crate) verb: &'static str,
    /// Path and query.
    pub(crate) target: String,
    /// JSON; empty: none.
    pub(crate) body: String,
}

impl Request {
    /// A question.
    pub(crate) fn get(target: String) -> Request {
        Request { verb: "GET", target, body: String::new() }
    }
}

/// How hard, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Connections that are kept; each sends its next request when it has the answer to the last.
    pub(crate) connections: u32,
    pub(crate) during: Duration,
}

/// What has been answered.
#[derive(Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
}

impl Load {
    /// Sends requests drawn at random from these, with these headers. An answer with another status
    /// than 2xx or 3xx, and a connection that breaks off, is an error.
    pub(crate) fn run(
        self,
        folder: &Path,
        base: &str,
        headers: &[String],
        requests: &[Request],
    ) -> Outcome<Answered> {
        let (script, lines) = (folder.join("requests.lua"), folder.join("requests"));
        std::fs::write(&script, SCRIPT)?;
        let mut text = String::new();
        for Request { verb, target, body } in requests {
            writeln!(text, "{verb}\t{target}\t{body}")?;
        }
        std::fs::write(&lines, text)?;
        let mut wrk = Command::new("wrk");
        wrk.arg("-t1").arg(format!("-c{}", self.connections));
        wrk.arg(format!("-d{}s", self.during.as_secs())).arg("-s").arg(&script);
        wrk.args(headers.iter().flat_map(|header| ["-H", header]));
        wrk.arg(base).arg("--").arg(&lines).arg(fastrand::u32(..).to_string());
        let output = wrk.output().map_err(|e| format!("wrk: {e}; Debian has it as package wrk"))?;
        let told = String::from_utf8_lossy(&output.stdout);
        let failed = ["Non-2xx", "Socket errors"].iter().any(|sign| told.contains(sign));
        match told.lines().find_map(requests_and_seconds) {
            Some((requests, seconds)) if !failed => {
                Ok(Answered { requests, per_second: requests as f64 / seconds })
            }
            _ => Err(format!("wrk said {told}").into()),
        }
    }
}

/// Reads `  52354 requests in 4.01s, 12.82MB read`.
fn requests_and_seconds(line: &str) -> Option<(u64, f64)> {
    let (requests, rest) = line.trim().split_once(" requests in ")?;
    let told = rest.split_once(',')?.0;
    let seconds = match told.strip_suffix('m') {
        Some(minutes) => minutes.parse::<f64>().ok()? * 60.0,
        None => told.strip_suffix('s')?.parse().ok()?,
    };
    Some((requests.parse().ok()?, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_is_read() {
        let read = requests_and_seconds("  52354 requests in 4.01s, 12.82MB read");
        assert_eq!(read, Some((52_354, 4.01)));
        assert_eq!(requests_and_seconds("  5 requests in 1.50m, 1MB read"), Some((5, 90.0)));
        assert_eq!(requests_and_seconds("Requests/sec:  13055.86"), None);
    }
}
