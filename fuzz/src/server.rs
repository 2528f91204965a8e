//! A server as `driftless serve` starts it, in this process, for targets that enter by its sockets.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use service::{Service, Surroundings};
use store_sqlite::SqliteStore;
use tracing::subscriber::{NoSubscriber, set_global_default};

use crate::setup;

/// How long an answer may take. Whatever is asked takes far less, unless the server is broken.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

/// The one of this process; it ends with it.
pub(crate) static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "nothing else tells that it is ready")]
    fn start() -> Server {
        // Of a second one that is started, none is taken: a line for each input tells nobody anything.
        let _ = set_global_default(NoSubscriber::new());
        let folder = tempfile::tempdir().expect("a folder can be made").keep();
        let store = SqliteStore::open(&folder).expect("a new store");
        let settings = service::Settings { requests_per_org_max: 64, cache_bytes_max: 64 << 10 };
        let service = Service::open(Surroundings::system(Arc::new(store)), settings);
        let service = service.expect("a new service");
        let (org, user) = setup::organization(&service);
        setup::sign_in(&service, &org, user);
        service.close();
        drop((org, service));
        // Free now, and hardly taken by anybody else in the moment until it is needed.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.expect("a port");
        let line = ["driftless", "serve", "--listen", &address.to_string()]
            .map(Into::into)
            .into_iter()
            .chain(["--data".into(), folder.clone().into_os_string()])
            .collect::<Vec<_>>();
        std::thread::spawn(move || driftless::run(line));
        let server = Server { address, folder };
        let begun = Instant::now();
        while server.command().is_err() {
            assert!(begun.elapsed() < WAIT_MAX, "the server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    /// Takes its folder away. It ends with the process, for which there is no other sign.
    #[cfg(test)]
    pub(crate) fn clear(&self) {
        std::fs::remove_dir_all(&self.folder).expect("the folder is there");
    }

    /// As a client of HTTP.
    pub(crate) fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(WAIT_MAX))?;
        Ok(stream)
    }

    /// As a command.
    pub(crate) fn command(&self) -> std::io::Result<UnixStream> {
        let stream = UnixStream::connect(self.folder.join("driftless.sock"))?;
        stream.set_read_timeout(Some(WAIT_MAX))?;
        Ok(stream)
    }
}
