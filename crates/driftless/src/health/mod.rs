//! `health`: asks a server whether it is healthy, for containers, scripts and monitoring.
//!
//! The request is written by hand: one `GET` on a connection of its own needs no HTTP client.

mod any_certificate;
mod target;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::BoolishValueParser;
use thiserror::Error;

use self::target::Target;
use crate::address::Address;
use crate::commands::{Ending, Failure};

/// The part of an answer that is read; the server's own answers are a line each.
const ANSWER_MAX: u64 = 64 << 10;

/// The part of an answer's text that is shown.
const SHOWN_CHARS_MAX: usize = 200;

#[derive(Args, Debug)]
pub(crate) struct Health {
    /// The server's address with http:// or https:// and its base path [default: the server on this machine,
    /// at the --listen address].
    #[arg(value_name = "URL")]
    url: Option<Target>,
    /// Only check that the process answers (/healthz), not that it can read and write (/readyz).
    #[arg(long, env = "DRIFTLESS_HEALTH_ALIVE", value_parser = BoolishValueParser::new())]
    alive: bool,
    /// How many seconds to wait for the answer.
    #[arg(long, env = "DRIFTLESS_HEALTH_TIMEOUT", default_value_t = 5, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=600))]
    timeout: u32,
    /// The address on which the server on this machine listens, as given to `serve`.
    #[arg(
        long,
        env = "DRIFTLESS_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS"
    )]
    listen: Address,
    /// The server's certificate, as given to `serve`: if set, the server is contacted over TLS.
    #[arg(long, env = "DRIFTLESS_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
}

/// Why a server does not count as healthy.
#[derive(Debug, Error)]
enum Unhealthy {
    #[error("no answer within {0} s")]
    Late(u32),
    #[error("cannot connect: {0}")]
    Unreachable(io::Error),
    #[error("the connection failed: {0}")]
    Broken(io::Error),
    #[error("TLS failed: {0}")]
    Tls(rustls::Error),
    #[error("{0:?} is not a valid host name for TLS")]
    Name(String),
    #[error("the answer is not HTTP; does the server use TLS?")]
    NotHttp,
    #[error("the server answers {status}: {text}")]
    Refused { status: u16, text: String },
}

/// Asks, prints one line, and ends as it found the server.
pub(crate) fn run(health: &Health) -> Result<Ending, Failure> {
    let path = if health.alive { "/healthz" } else { "/readyz" };
    let here = || Target::of_listener(&health.listen, health.tls_cert.is_some());
    let target = health.url.clone().unwrap_or_else(here).asking(path);
    let answer = ask(&target, health.timeout);
    let (line, ending) = match &answer {
        Ok(text) => (format!("healthy: {target} says {text}"), Ending::Done),
        Err(problem) => (format!("unhealthy: {target}: {problem}"), Ending::Warning),
    };
    writeln!(io::stdout(), "{line}")?;
    Ok(ending)
}

/// What the server says, if it says that it is well.
fn ask(target: &Target, timeout_s: u32) -> Result<String, Unhealthy> {
    let until = Instant::now() + Duration::from_secs(timeout_s.into());
    let broken = |problem: io::Error| match problem.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Unhealthy::Late(timeout_s),
        _ => Unhealthy::Broken(problem),
    };
    let plain = connect(target, until).map_err(|problem| match broken(problem) {
        Unhealthy::Broken(problem) => Unhealthy::Unreachable(problem),
        late => late,
    })?;
    let mut stream: Box<dyn Stream> = if target.is_tls {
        Box::new(rustls::StreamOwned::new(any_certificate::connection(&target.host)?, plain))
    } else {
        Box::new(plain)
    };
    stream.write_all(target.request().as_bytes()).map_err(broken)?;
    let mut answer = Vec::new();
    let end = stream.take(ANSWER_MAX).read_to_end(&mut answer);
    match (Answer::of(&answer), end) {
        (Some(Answer { status: 200, text }), _) => Ok(text),
        (Some(Answer { status, text }), _) => Err(Unhealthy::Refused { status, text }),
        (None, Err(problem)) => Err(broken(problem)),
        (None, Ok(_)) => Err(Unhealthy::NotHttp),
    }
}

/// The first of a name's addresses that answers.
fn connect(target: &Target, until: Instant) -> io::Result<Timed> {
    let mut problem = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in target.authority().to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(until)?) {
            Ok(stream) => return Ok(Timed { stream, until }),
            Err(other) => problem = other,
        }
    }
    Err(problem)
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// A connection with a deadline for everything.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

impl Read for Timed {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(to)
    }
}

impl Write for Timed {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// An answer as far as it matters here.
struct Answer {
    status: u16,
    /// The first line of the body, fit to be printed.
    text: String,
}

impl Answer {
    /// Takes the bytes of an answer apart; none if they are not HTTP, or end within the headers.
    fn of(bytes: &[u8]) -> Option<Answer> {
        let answer = String::from_utf8_lossy(bytes);
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.get(..3)?.parse().ok()?;
        Some(Answer { status, text: Shown(body).to_string() })
    }
}

/// A line of foreign text: nothing in it can move the cursor of a terminal.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.0.lines().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
        let mut chars = line.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS_MAX);
        chars.try_for_each(|c| f.write_fmt(format_args!("{c}")))
    }
}
