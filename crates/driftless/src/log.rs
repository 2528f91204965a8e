//! The log on standard error. The lines of requests gather in memory, until somebody writes them out, many
//! at once (`ledger.rs`). Everything else is written before it goes on, so that a process which ends
//! abnormally has said why.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::Stamp;
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::{MakeWriter, Subscriber};

use crate::cli::LogFormat;

/// The target of the lines of requests.
pub(crate) const REQUESTS: &str = "driftless::request";

/// What waits to be written, at most; more is dropped and counted: whoever reads the log has stopped.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// Begins the log. `RUST_LOG` sets what is in it.
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
}

/// The process's one log, once it has been started.
static LOG: OnceLock<Log> = OnceLock::new();

/// What the log says about a request that has been answered.
#[derive(Serialize)]
pub(crate) struct RequestLine<'a> {
    /// When.
    #[serde(skip)]
    pub(crate) at: Stamp,
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
    #[serde(rename = "ms", serialize_with = "as_ms")]
    pub(crate) took: Duration,
}

fn as_ms<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_micros() as f64 / 1e3)
}

/// Logs a request, in the form that `tracing` gives all other lines: it would take a quarter of the time
/// that a short answer does.
pub(crate) fn request(line: &RequestLine<'_>, format: LogFormat) {
    let Some(log) = LOG.get() else { return };
    let at = line.at.at_offset(0).text();
    let at = &at.as_str()[..23];
    let mut text = Vec::with_capacity(200);
    // Memory takes every byte.
    let _ = match format {
        LogFormat::Text => write_text(&mut text, at, line),
        LogFormat::Json => write_json(&mut text, at, line),
    };
    log.add(&text);
}

fn write_text(out: &mut Vec<u8>, at: &str, line: &RequestLine<'_>) -> io::Result<()> {
    let RequestLine { at: _, verb, method, org, status, code, bytes, took } = line;
    write!(out, "{at}Z  INFO request verb=\"{verb}\" method=\"{method}\"")?;
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
    let micros = took.as_micros();
    writeln!(out, " ms={}.{:03}", micros / 1_000, micros % 1_000)
}

fn write_json(out: &mut Vec<u8>, at: &str, line: &RequestLine<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        timestamp: &'a str,
        level: &'a str,
        message: &'a str,
        #[serde(flatten)]
        request: &'a RequestLine<'a>,
    }
    let timestamp = format!("{at}Z");
    let line = Line { timestamp: &timestamp, level: "INFO", message: "request", request: line };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

/// Writes what waits.
pub(crate) fn write_out() {
    if let Some(log) = LOG.get() {
        log.write_out();
    }
}

/// What waits to be written. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
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
