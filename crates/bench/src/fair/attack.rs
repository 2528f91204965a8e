//! Many connections that send something and then nothing more. One that the server closes is opened again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::beside::stand_back;
use crate::Outcome;
use crate::server::Server;

/// Before a connection that was closed is opened again: the attack is to hold places, not to flood.
const PAUSE: Duration = Duration::from_secs(2);

/// How long it takes until all are open, at most.
const OPENING: Duration = Duration::from_secs(3);

/// An attack under way; it ends when this is dropped.
pub(crate) struct Attack(Option<Runtime>);

impl Attack {
    /// Opens so many connections, which send these bytes.
    pub(crate) fn start(server: &Server, connections: usize, bytes: Vec<u8>) -> Outcome<Attack> {
        allow_files(connections as u64 + 256)?;
        let address: SocketAddr = server.base.trim_start_matches("http://").parse()?;
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).on_thread_start(stand_back).enable_all().build()?;
        let bytes = Arc::new(bytes);
        for _ in 0..connections {
            let bytes = Arc::clone(&bytes);
            runtime.spawn(async move {
                loop {
                    // An attacker does not mind being refused.
                    let _ = hold(address, &bytes).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        std::thread::sleep(OPENING);
        Ok(Attack(Some(runtime)))
    }
}

impl Drop for Attack {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Sends all, and holds the connection until the server closes it.
async fn hold(address: SocketAddr, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::ErrorKind::WouldBlock;
    let stream = TcpStream::connect(address).await?;
    let mut rest = bytes;
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let mut space = [0; 4_096];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut space) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Raises this process's limit on open files.
fn allow_files(needed: u64) -> Outcome<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })?)
}
