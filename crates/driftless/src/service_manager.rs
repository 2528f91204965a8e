//! Notifies a service manager: systemd, or another that speaks its protocol.
//!
//! The protocol is one datagram to the socket that `NOTIFY_SOCKET` names. It is written by hand because the
//! crate for it only reaches sockets with a path, and some container managers use abstract ones.

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use service::Service;
use tokio::time::MissedTickBehavior;

/// How long a manager that does not read its datagrams may block the server.
const SEND_WAIT_MAX: Duration = Duration::from_secs(1);

/// The service manager, if there is one.
#[derive(Clone)]
pub(crate) struct ServiceManager {
    socket: Option<Arc<(UnixDatagram, SocketAddr)>>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that started this process, as the environment says.
    pub(crate) fn of_this_process() -> ServiceManager {
        let socket = env::var_os("NOTIFY_SOCKET").and_then(|name| {
            let socket = open(name);
            let failed = socket.as_ref().err();
            if let Some(problem) = failed {
                tracing::warn!(%problem, "cannot reach the service manager");
            }
            socket.ok().map(Arc::new)
        });
        ServiceManager { socket, watchdog: watchdog() }
    }

    /// The server answers requests; `status` is for people.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}\n"));
    }

    /// The server reads its files again; `ready` follows.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}\n"));
    }

    /// The server has begun to stop.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Stopping\n");
    }

    /// Tells a manager that watches this process that it still works, for as long as it does. It works if
    /// the store answers at all, even if what it answers is that the disk is full: a restart repairs
    /// what hangs, and nothing else.
    pub(crate) async fn keep_watchdog_calm(self, service: Service) {
        let Some(patience) = self.watchdog else { return };
        let mut rounds = tokio::time::interval(patience / 2);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let _ = service.ready().await;
            self.tell("WATCHDOG=1\n");
        }
    }

    fn tell(&self, news: &str) {
        let Some((socket, manager)) = self.socket.as_deref() else { return };
        if let Err(problem) = socket.send_to_addr(news.as_bytes(), manager) {
            tracing::warn!(%problem, "cannot send to the service manager");
        }
    }
}

fn open(name: OsString) -> io::Result<(UnixDatagram, SocketAddr)> {
    let manager = address(name)?;
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(SEND_WAIT_MAX))?;
    Ok((socket, manager))
}

/// A path, or after `@` the name of an abstract socket.
#[cfg(target_os = "linux")]
fn address(name: OsString) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    match name.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: OsString) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

/// How long the manager waits for a sign of life, if it waits for one of this process.
fn watchdog() -> Option<Duration> {
    let of = |name| env::var(name).ok()?.parse::<u64>().ok();
    let is_other = of("WATCHDOG_PID").is_some_and(|id| id != u64::from(std::process::id()));
    // A pause of nothing cannot be kept.
    let micros = of("WATCHDOG_USEC").filter(|micros| *micros > 1 && !is_other)?;
    Some(Duration::from_micros(micros))
}
