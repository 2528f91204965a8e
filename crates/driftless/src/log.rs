//! The log on standard error. Requests do not wait for it: their lines are gathered in memory and
//! written by a thread of their own, many at once. Everything else is written before it goes on, so that
//! a process which ends abnormally has said why.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::Clock;
use parking_lot::{Condvar, Mutex};
use serde::Serialize;
use service::SystemClock;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::{MakeWriter, Subscriber};

use crate::cli::LogFormat;

/// The target of the lines of requests.
pub(crate) const REQUESTS: &str = "driftless::request";

/// Lines gather for so long before they are written.
const GATHERED_FOR: Duration = Duration::from_millis(20);

/// What waits to be written, at most; more is dropped and counted: whoever reads the log has stopped.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// Begins the log. `RUST_LOG` sets what is in it. The last line of an orderly end, which is no
/// request's, takes with it what waits.
pub(crate) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,refinery_core=warn"));
    let log = LOG.get_or_init(Log::default).clone();
    let subscriber = Subscriber::builder()
        .with_env_filter(filter)
        .with_writer(log.clone())
        .log_internal_errors(false) // Whoever reads the log may go away; the server stays.
        .with_target(false)
        .with_ansi(io::stderr().is_terminal());
    // A second start in one process keeps the first log.
    let _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(subscriber.finish()),
        LogFormat::Json => {
            tracing::subscriber::set_global_default(subscriber.json().flatten_event(true).finish())
        }
    };
    let thread = std::thread::Builder::new().name("log".to_owned());
    // Without it the lines are written when others are, and at the end.
    let _ = thread.spawn(move || log.write_for_ever());
}

/// The process's one log, once it has been started.
static LOG: OnceLock<Log> = OnceLock::new();

/// What the log says about a request that has been answered.
#[derive(Serialize)]
pub(crate) struct RequestLine<'a> {
    /// GET or POST.
    pub(crate) verb: &'static str,
    /// The API's method, or the page.
    pub(crate) method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) org: Option<&'a str>,
    pub(crate) status: u16,
    /// The API's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
    /// How long the answer took.
    pub(crate) ms: f64,
}

/// Logs a request, in the form that `tracing` gives all other lines: it would take a quarter of the time
/// that a short answer does.
pub(crate) fn request(line: &RequestLine<'_>, format: LogFormat) {
    let Some(log) = LOG.get() else { return };
    let now = SystemClock.now().at_offset(0).text();
    let now = &now.as_str()[..23];
    let mut text = Vec::with_capacity(200);
    // Memory takes every byte.
    let _ = match format {
        LogFormat::Text => write_text(&mut text, now, line),
        LogFormat::Json => write_json(&mut text, now, line),
    };
    log.add(&text);
}

fn write_text(out: &mut Vec<u8>, now: &str, line: &RequestLine<'_>) -> io::Result<()> {
    let RequestLine { verb, method, org, status, code, bytes, ms } = line;
    write!(out, "{now}Z  INFO request verb=\"{verb}\" method=\"{method}\"")?;
    if let Some(org) = org {
        write!(out, " org=\"{org}\"")?;
    }
    write!(out, " status={status}")?;
    if let Some(code) = code {
        write!(out, " code={code}")?;
    }
    if let Some(bytes) = bytes {
        write!(out, " bytes={bytes}")?;
    }
    writeln!(out, " ms={ms}")
}

fn write_json(out: &mut Vec<u8>, now: &str, line: &RequestLine<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        timestamp: &'a str,
        level: &'a str,
        message: &'a str,
        #[serde(flatten)]
        request: &'a RequestLine<'a>,
    }
    let timestamp = format!("{now}Z");
    let line = Line { timestamp: &timestamp, level: "INFO", message: "request", request: line };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// What waits to be written. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    more: Condvar,
    /// Held while lines are taken and written, so that they keep their order.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
}

impl Log {
    fn add(&self, line: &[u8]) {
        let mut waiting = self.0.waiting.lock();
        if waiting.lines.len() + line.len() > WAITING_BYTES_MAX {
            waiting.dropped += 1;
        } else {
            waiting.lines.extend_from_slice(line);
        }
        self.0.more.notify_one();
    }

    /// Writes what waits.
    fn write_out(&self) {
        let _writing = self.0.writing.lock();
        let Waiting { lines, dropped } = std::mem::take(&mut *self.0.waiting.lock());
        // Whoever reads the log may go away; the server stays.
        let _ = io::stderr().write_all(&lines);
        if dropped > 0 {
            let _ =
                writeln!(io::stderr(), "{dropped} lines of the log were dropped: nobody reads it");
        }
    }

    #[expect(clippy::disallowed_methods, reason = "lines are to gather")]
    fn write_for_ever(&self) {
        loop {
            let mut waiting = self.0.waiting.lock();
            while waiting.lines.is_empty() && waiting.dropped == 0 {
                self.0.more.wait(&mut waiting);
            }
            drop(waiting);
            std::thread::sleep(GATHERED_FOR);
            self.write_out();
        }
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Log;

    fn make_writer(&'a self) -> &'a Log {
        self
    }
}

impl Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(line);
        self.write_out();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
