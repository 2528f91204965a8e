//! The log on standard error. Requests do not wait for it: their lines are gathered in memory and
//! written by a thread of their own, many at once. Everything else is written before it goes on, so that
//! a process which ends abnormally has said why.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing::Metadata;
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
    let log = Log::default();
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
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { log: self, can_wait: false }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Line<'a> {
        Line { log: self, can_wait: of.target() == REQUESTS }
    }
}

/// One line on its way.
pub(crate) struct Line<'a> {
    log: &'a Log,
    can_wait: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.log.add(line);
        if !self.can_wait {
            self.log.write_out();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
