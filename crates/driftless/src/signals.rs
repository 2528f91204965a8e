//! Signals: which stop the server cleanly, which make it reload its files, and which it ignores.
//!
//! A signal that was caught once no longer ends the process, even if nothing listens for it. So those that
//! should do nothing are caught, and nothing listens.

use std::io;
use std::ops::Range;

use rustix::process::Signal as Number;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Those whose default is to end the process at once. Left out are those that tell of an error within it
/// (SIGSEGV, SIGABRT and the like), SIGKILL, which cannot be caught, and SIGHUP.
const STOPPING: [Number; 9] = [
    Number::TERM,
    Number::INT,
    Number::QUIT,
    Number::USR1,
    Number::USR2,
    Number::ALARM,
    Number::VTALARM,
    Number::PROF,
    Number::XCPU,
];

/// Those that only some systems have, or that others ignore.
#[cfg(target_os = "linux")]
const STOPPING_HERE: [Number; 3] = [Number::IO, Number::POWER, Number::STKFLT];
#[cfg(not(target_os = "linux"))]
const STOPPING_HERE: [Number; 0] = [];

/// The real-time signals that the C library leaves to programs. They are only sent by mistake, and their
/// default is to end the process too.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const REAL_TIME: Range<i32> = 34..65;
#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
const REAL_TIME: Range<i32> = 35..65;
#[cfg(not(target_os = "linux"))]
const REAL_TIME: Range<i32> = 0..0;

/// What a hangup means: a terminal was closed, or a log rotation or a new certificate says that files have
/// changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hangup {
    /// The server continues, and reloads its files.
    Reloads,
    /// The server belongs to the terminal.
    Stops,
}

/// Makes writing to a file that has reached the size limit (`ulimit -f`) fail, instead of ending the process.
/// To be called once, early. SIGPIPE is already ignored by Rust's runtime.
pub(crate) fn survive_limits() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _within = runtime.enter();
    signal(kind(Number::XFSZ)).map(drop)
}

/// The hangups that have come since they were caught.
pub(crate) struct Hangups(Signal);

impl Hangups {
    /// Catches hangups from now on, so that one which comes while the server starts does not end it.
    pub(crate) fn catch(runtime: &Runtime) -> io::Result<Hangups> {
        let _within = runtime.enter();
        signal(SignalKind::hangup()).map(Hangups)
    }

    /// Waits for the next.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that stop the server. They are caught as soon as this exists, so that one that comes
/// while the first requests are answered does not cut them off.
pub(crate) struct StopSignals {
    came: mpsc::Receiver<i32>,
}

impl StopSignals {
    /// Catches them from now on.
    pub(crate) fn catch(runtime: &Runtime) -> io::Result<StopSignals> {
        let _within = runtime.enter();
        let (told, came) = mpsc::channel(1);
        let listen = |mut signal: Signal, number| {
            let told = told.clone();
            runtime.spawn(async move {
                if signal.recv().await.is_some() {
                    // Where another one was first, that one is enough.
                    let _ = told.try_send(number);
                }
            });
        };
        for number in STOPPING.iter().chain(&STOPPING_HERE) {
            listen(signal(kind(*number))?, number.as_raw());
        }
        for number in REAL_TIME {
            // Which of them there are is up to the system.
            if let Ok(signal) = signal(SignalKind::from_raw(number)) {
                listen(signal, number);
            }
        }
        Ok(StopSignals { came })
    }

    /// Resolves when one has come.
    pub(crate) async fn told_to_stop(mut self) {
        match self.came.recv().await {
            Some(signal) => tracing::info!(signal, "stopping"),
            None => std::future::pending().await,
        }
    }
}

fn kind(number: Number) -> SignalKind {
    SignalKind::from_raw(number.as_raw())
}

/// Lets a signal that would end the process end a run of `mirror` or `compare` at the next step instead.
///
/// # Errors
/// When signals cannot be caught.
pub(crate) fn stop_on_signals() -> io::Result<mirror::Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let signals = StopSignals::catch(&runtime)?;
    let stop = mirror::Stop::default();
    let told = stop.clone();
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(signals.told_to_stop());
        told.stop();
    })?;
    Ok(stop)
}
