//! The log on standard error. The lines of requests gather in memory until many are written at once
//! (`request_log.rs`). Everything else is written immediately, so that a process that ends unexpectedly has
//! logged why.

mod repeats;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use serde::Serialize;
use tracing::subscriber::set_global_default;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::{MakeWriter, Subscriber};
use tracing_subscriber::layer::SubscriberExt;

use self::repeats::Repeats;
use crate::cli::LogFormat;
use crate::request_log::Answered;

/// The target of the lines of requests.
pub(crate) const REQUESTS: &str = "driftless::request";

/// The most that waits to be written. Beyond it lines are dropped and counted: the log's reader has stopped.
const WAITING_BYTES_MAX: usize = 8 << 20;

/// What is logged by default; the same without the lines of requests.
pub(crate) const USUAL: &str = "info";
pub(crate) const WITHOUT_REQUESTS: &str = "info,driftless::request=warn";

/// Starts the log. `RUST_LOG` sets what is logged, for example `warn,edge=debug`, else `usual`.
pub(crate) fn start(format: LogFormat, usual: &str) {
    let wished = std::env::var("RUST_LOG").ok().filter(|wished| !wished.is_empty());
    let filter: Targets = wished
        .and_then(|wished| wished.parse().ok())
        .unwrap_or_else(|| usual.parse().unwrap_or_default());
    let log = LOG.get_or_init(Log::default).clone();
    let subscriber = Subscriber::builder()
        .with_max_level(LevelFilter::TRACE) // `filter` decides.
        .with_writer(log.clone())
        .log_internal_errors(false) // Whoever reads the log may go away; the server stays.
        .with_target(false)
        .with_ansi(io::stderr().is_terminal());
    // A second start in one process keeps the first log.
    let _ = match format {
        LogFormat::Text => {
            set_global_default(subscriber.finish().with(Repeats::default()).with(filter))
        }
        LogFormat::Json => {
            let subscriber = subscriber.json().flatten_event(true).finish();
            set_global_default(subscriber.with(Repeats::default()).with(filter))
        }
    };
}

/// The process's one log, once it has been started.
static LOG: OnceLock<Log> = OnceLock::new();

/// Logs a request, in the form that `tracing` gives all other lines: it would take a quarter of the time
/// that a short answer does.
pub(crate) fn request(answered: &Answered, format: LogFormat) {
    let Some(log) = LOG.get() else { return };
    let at = answered.at.at_offset(0).text();
    let at = &at.as_str()[..23];
    let mut text = Vec::with_capacity(200);
    // Memory takes every byte.
    let _ = match format {
        LogFormat::Text => write_text(&mut text, at, answered),
        LogFormat::Json => write_json(&mut text, at, answered),
    };
    log.add(&text);
}

fn write_text(out: &mut Vec<u8>, at: &str, answered: &Answered) -> io::Result<()> {
    let Answered { verb, method, org, status, code, bytes, took, .. } = answered;
    let level = answered.level();
    write!(out, "{at}Z {level:>5} request verb=\"{verb}\" method=\"{method}\"")?;
    if let Some(org) = org {
        write!(out, " org=\"{}\"", org.id)?;
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

fn write_json(out: &mut Vec<u8>, at: &str, answered: &Answered) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        timestamp: &'a str,
        level: &'a str,
        message: &'a str,
        #[serde(flatten)]
        request: &'a Answered,
    }
    let timestamp = format!("{at}Z");
    let line = Line {
        timestamp: &timestamp,
        level: answered.level().as_str(),
        message: "request",
        request: answered,
    };
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
            let _ = writeln!(
                io::stderr(),
                "{dropped} log lines were dropped because the log was not read"
            );
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
