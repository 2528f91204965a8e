//! `serve`: puts everything together, from the data folder to the socket, and shuts it down cleanly.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use domain::Clock;
use service::{AcceptClock, DiskLimits, Service, Surroundings, SystemClock};
use store_sqlite::{SqliteSearch, SqliteStore};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::MissedTickBehavior;

use crate::address::Address;
use crate::cli::{Proxied, Serve, Tuning};
use crate::commands::{self, Context, Failure};
use crate::console::{Console, Terminal};
use crate::folder::{self, Access, Folder};
use crate::forwarded::Proxies;
use crate::front::Front;
use crate::request_log::RequestLog;
use crate::service_manager::ServiceManager;
use crate::signals::{Hangup, Hangups, StopSignals};
use crate::{log, observe, private, remote};
use edge::{Edge, Limits, Tls};

/// How often expired sessions and runs are looked for.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(60);

/// Threads that may wait for the disk at once.
const BLOCKING_THREADS_MAX: usize = 64;

/// A server that is bound and ready to answer.
pub(crate) struct Server {
    runtime: Runtime,
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    hangups: Hangups,
    limits: Limits,
    front: Front,
    pub(crate) context: Context,
    folder: Folder,
}

/// How a data folder is opened.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    /// Whether to create one that does not exist.
    pub(crate) init: bool,
    /// Which clocks to accept that are far from what is stored.
    pub(crate) accept_clock: AcceptClock,
}

/// A server needs the folder for itself.
fn own(path: &Path, init: bool) -> Result<Folder, Failure> {
    match folder::access(path, init)? {
        Access::Owned(folder) => Ok(folder),
        Access::Served(_) => {
            Err(format!("another server is already using the data folder {}", path.display())
                .into())
        }
    }
}

/// Opens the folder's store and starts the service; with the search index, if wanted.
pub(crate) fn open(
    folder: &Folder,
    tuning: &Tuning,
    accept_clock: AcceptClock,
    searching: bool,
) -> Result<Context, Failure> {
    // First of all: not all that opens a database can do with such a time.
    service::refuse_insane(SystemClock.now())?;
    let store = Arc::new(SqliteStore::open(&folder.path)?);
    // Not earlier: another program's files are left as they are.
    let mended = private::mend(&folder.path)?;
    if store.is_unmarked() {
        tracing::warn!("{}", commands::UNMARKED);
    }
    let settings = service::Settings {
        requests_per_org_max: tuning.requests_max as usize,
        // The other half is for records as they leave.
        cache_bytes_max: u64::from(tuning.cache_mib) << 19,
    };
    let mut surroundings = Surroundings {
        accept_clock,
        disk: DiskLimits {
            reserve_bytes: u64::from(tuning.disk_reserve_mib) << 20,
            quota_bytes: tuning.quota_mib.map(|mib| u64::from(mib) << 20),
        },
        ..Surroundings::system(store.clone())
    };
    if searching {
        match SqliteSearch::open(&folder.path) {
            Ok(search) => surroundings.search = Some(Arc::new(search)),
            // It is derived: without it, everything else works.
            Err(problem) => tracing::error!(%problem, "search is not available"),
        }
    }
    let service = Service::open(surroundings, settings)?;
    Ok(Context { service, store, folder: folder.path.clone(), mended })
}

/// The command as it was typed: binds, opens, serves until told to stop.
pub(crate) fn run(folder: &Path, serve: &Serve) -> Result<(), Failure> {
    log::start(serve.tuning.log_format, log::USUAL);
    let tls = match (&serve.tls_cert, &serve.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::load(certificate, key)?),
        _ => None,
    };
    let is_new = !folder.join(store_sqlite::DATABASE_FILE).exists();
    let accept_clock = if serve.accept_clock { AcceptClock::Any } else { AcceptClock::Near };
    let opening = Opening { init: serve.init, accept_clock };
    let server = Server::start(
        folder,
        &serve.listening.listen,
        tls,
        &serve.proxied,
        &serve.tuning,
        opening,
    )?;
    if is_new {
        let folder = server.folder.path.display();
        tracing::warn!(%folder, "the data folder is new and empty");
    }
    let (address, url) = (server.address()?, server.url()?);
    let token = server.context.service.open_setup()?;
    server.run(Hangup::Reloads, || {
        tracing::info!(%address, "serving {url}");
        if let Some(token) = token {
            tracing::info!("no one can sign in yet: the setup link was printed on standard output");
            tell_setup_link(&url, &token);
        }
        Ok(())
    })
}

/// Prints the link for creating the first admin. It is a secret and so goes only to standard output: the log may
/// be sent elsewhere and stored, so it must not contain secrets.
fn tell_setup_link(url: &str, token: &str) {
    let told = format!(
        "\n\
         No one can sign in yet. Open this link in a browser to create the first admin:\n\n\
         \x20 {url}setup?token={token}\n\n\
         It works once, and only until this server stops. On another computer, replace the address with the one\n\
         under which browsers reach this server.\n\n"
    );
    // Where nobody reads it, the command line is another way: the sign-in page says so.
    let _ = Terminal::new().print(&told);
}

impl Server {
    /// Binds before the folder is touched, so that a port which is taken leaves nothing behind.
    pub(crate) fn start(
        folder: &Path,
        listen: &Address,
        tls: Option<Tls>,
        proxied: &Proxied,
        tuning: &Tuning,
        opening: Opening,
    ) -> Result<Server, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .build()?;
        let hangups = Hangups::catch(&runtime)?;
        let listener = runtime.block_on(listen.bind())?;
        let folder = own(folder, opening.init)?;
        let metrics = observe::start_metrics()?;
        let context = open(&folder, tuning, opening.accept_clock, true)?;
        for sentence in &context.mended {
            tracing::warn!("{sentence}");
        }
        let service = context.service.clone();
        let settings = neon::Settings {
            page_size_max: tuning.page_size_max,
            cache_bytes_max: u64::from(tuning.cache_mib) << 19,
        };
        let mut api = neon::Api::new(service.clone(), settings);
        if let Some(identity) = context.store.identity()? {
            // Half of it tells logs apart just as well, and cannot be taken for a key.
            let id: String = identity[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            api = api.of_log(&id);
        }
        let base_path = proxied.base_path.clone();
        let pages = web::Settings {
            secure: tls.is_some(),
            base_path: base_path.clone(),
            folder: Some(folder.path.clone()),
            cookies_of: cookies_of(&context.store, listener.local_addr()?)?,
        };
        let pages = web::router(service.clone(), pages);
        let request_log = RequestLog::start(tuning.log_format, metrics.clone())?;
        let others = pages.merge(observe::router(service, metrics, request_log.clone()));
        let proxies = Proxies::of(&proxied.trusted);
        Ok(Server {
            runtime,
            listener,
            tls: tls.map(Arc::new),
            hangups,
            limits: Limits::of(tuning.connections_max),
            front: Front { api, others, request_log, proxies, base_path },
            context,
            folder,
        })
    }

    /// Where it can be reached: address, port and base path.
    pub(crate) fn address(&self) -> io::Result<String> {
        Ok(format!("{}{}", self.listener.local_addr()?, self.front.base_path))
    }

    /// The same as an address that a browser on this machine opens.
    pub(crate) fn url(&self) -> io::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let address = self.listener.local_addr()?;
        let host = match address.ip() {
            ip if ip.is_unspecified() => format!("localhost:{}", address.port()),
            _ => address.to_string(),
        };
        Ok(format!("{scheme}://{host}{}/", self.front.base_path))
    }

    /// Waits for work to be done before it serves.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Serves until a signal stops it, then shuts down cleanly. `announce` is called once all is ready,
    /// including stopping: the server may be stopped as soon as it is announced.
    pub(crate) fn run(
        self,
        hangup: Hangup,
        announce: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let status = format!("Serving {}", self.address()?);
        let manager = ServiceManager::of_this_process();
        let Server { runtime, listener, tls, mut hangups, limits, front, context, folder } = self;
        let stop = StopSignals::catch(&runtime)?;
        let context = Arc::new(context);
        remote::clear_copies(&folder.path)?;
        match folder.listen() {
            Ok(socket) => remote::serve(socket, Arc::downgrade(&context), remote::READER_WAIT_MAX)?,
            Err(problem) => {
                tracing::warn!(%problem, "cannot open the command socket: `driftless` commands cannot reach this server");
            }
        }
        announce()?;
        manager.ready(&status);
        let request_log = front.request_log.clone();
        let edge = Edge { tls: tls.clone(), answers: front, refusal, limits };
        runtime.block_on(async {
            let housekeeping = tokio::spawn(housekeep(context.service.clone()));
            let watchdog = manager.clone().keep_watchdog_calm(context.service.clone());
            let watchdog = tokio::spawn(watchdog);
            let hung_up = async {
                loop {
                    hangups.next().await;
                    if hangup == Hangup::Stops {
                        break;
                    }
                    manager.reloading();
                    reload(tls.as_deref());
                    manager.ready(&status);
                }
                tracing::info!("the terminal was closed; stopping");
            };
            let told_to_stop = async {
                tokio::select! {
                    () = stop.told_to_stop() => {}
                    () = hung_up => {}
                }
                manager.stopping();
                // Those who follow what changes would never finish by themselves.
                context.service.begin_to_stop();
            };
            edge.serve(listener, told_to_stop).await;
            housekeeping.abort();
            watchdog.abort();
        });
        folder.stop_listening();
        context.service.close();
        // Whoever holds the store lets go of it before the folder is free: closing it for good takes
        // up its write-ahead log.
        drop(runtime);
        drop(context);
        drop(folder);
        request_log.take_up();
        log::write_out();
        tracing::info!("stopped");
        Ok(())
    }
}

/// What tells the cookies of a data folder from those of others on the same host: browsers send them to each port.
fn cookies_of(store: &SqliteStore, address: SocketAddr) -> Result<String, Failure> {
    let identity = store.identity()?;
    // A database that nothing has been committed to for good yet has none.
    let id = identity
        .map_or(u32::from(address.port()), |id| u32::from_be_bytes([id[0], id[1], id[2], id[3]]));
    Ok(format!("{id:08x}"))
}

/// The body of an answer to what no handler ever saw.
fn refusal(status: StatusCode) -> String {
    neon::refusal(status, SystemClock.now())
}

/// Reloads what may have changed on disk. The log needs no reload: it goes to standard error.
fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => {
            tracing::info!("SIGHUP: nothing to reload, because the server does not use TLS");
        }
        Some(Ok(())) => {
            tracing::info!("SIGHUP: the certificate was reloaded and is used for new connections");
        }
        Some(Err(problem)) => {
            tracing::error!(%problem, "SIGHUP: the certificate could not be reloaded; the previous one stays in use");
        }
    }
}

/// The first round starts at once: it continues what a shutdown interrupted. A round whose long work goes on does not
/// hold up the next one, which forgets what has expired.
async fn housekeep(service: Service) {
    let mut rounds = tokio::time::interval(HOUSEKEEPING_EVERY);
    // However long nobody has come to it: one round makes up for all that were missed.
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let (round, at_work) = (service.clone(), service.clone());
        tokio::spawn(async move {
            let round = round.heavy(move || at_work.housekeep());
            if let Err(problem) = round.await {
                tracing::error!(%problem, "housekeeping ended unexpectedly");
            }
        });
    }
}
