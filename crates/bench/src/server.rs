//! The servers that are measured.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Outcome;
use crate::client::Client;
use crate::load::Request;
use crate::process::{Process, User, address};
use crate::question::{Question, Update};

/// What Driftless may use for its caches, in MiB, unless a measurement is about that.
pub(crate) const CACHE_MIB: u32 = 256;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Who {
    /// A bare hyper server: what the machine can do.
    Limit,
    Driftless,
    PocketBase,
    /// FastAPI and PostgreSQL: the afternoon solution.
    #[serde(rename = "FastAPI")]
    FastApi,
}

/// A server that runs and that somebody is logged in to.
pub(crate) struct Server {
    pub(crate) who: Who,
    /// Where it listens: `http://127.0.0.1:12345`.
    pub(crate) base: String,
    /// What each request carries, as `Name: value`.
    pub(crate) headers: Vec<String>,
    /// The session, where it stands in the address.
    pub(crate) session: String,
    /// Those that it consists of, in the order in which they are to end.
    pub(crate) processes: Vec<Process>,
    /// What goes with it.
    #[expect(dead_code, reason = "is there to be dropped, after the processes")]
    pub(crate) folder: Option<TempDir>,
}

/// The binary beside this one.
pub(crate) fn default_binary() -> Outcome<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("driftless");
    if !binary.exists() {
        let path = binary.display();
        return Err(
            format!("there is no {path}: run `cargo build --release`, or say --driftless").into()
        );
    }
    Ok(binary)
}

impl Server {
    /// Driftless on a data folder, as anybody would run it: with a log line for each request. Logged
    /// in to organization 1.
    pub(crate) fn driftless(binary: &Path, data: &Path, cache_mib: u32) -> Outcome<Server> {
        let cache = cache_mib.to_string();
        let options = ["serve", "--listen", "127.0.0.1:0", "--cache-mib", &cache, "--data"];
        let words = [binary.as_os_str()].into_iter().chain(options.map(AsRef::as_ref));
        let words = words.chain([data.as_os_str()]);
        let mut process = Process::start(words, &data.with_extension("log"), "TERM", User::Same)?;
        let base = format!("http://{}", process.wait_for(address)?);
        let session = Client::log_in(&base, 1)?.session().to_owned();
        let (processes, headers) = (vec![process], Vec::new());
        Ok(Server { who: Who::Driftless, base, headers, session, processes, folder: None })
    }

    /// The limit: answers of so many bytes. It is sent the same requests as this other server.
    pub(crate) fn limit(folder: &Path, bytes: usize, like: &Server) -> Outcome<Server> {
        let (bench, bytes) = (std::env::current_exe()?, bytes.to_string());
        let options = ["limit", "--listen", "127.0.0.1:0", "--bytes", &bytes];
        let words = [bench.as_os_str()].into_iter().chain(options.map(AsRef::as_ref));
        let mut process = Process::start(words, &folder.join("limit.log"), "TERM", User::Same)?;
        let base = format!("http://{}", process.wait_for(address)?);
        let (processes, session) = (vec![process], like.session.clone());
        Ok(Server { who: Who::Limit, base, headers: Vec::new(), session, processes, folder: None })
    }

    pub(crate) fn question(&self, question: &Question) -> Request {
        Request::get(match self.who {
            Who::Limit | Who::Driftless => question.driftless(&self.session),
            Who::PocketBase => question.pocketbase(),
            Who::FastApi => question.fastapi(),
        })
    }

    pub(crate) fn update(&self, update: &Update) -> Request {
        match self.who {
            Who::Limit | Who::Driftless => update.driftless(&self.session),
            Who::PocketBase => update.pocketbase(),
            Who::FastApi => update.fastapi(),
        }
    }

    /// The processes that it consists of, without those that descend from them.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).collect()
    }

    /// The one process that a server like Driftless is.
    pub(crate) fn id(&self) -> u32 {
        self.processes[0].id()
    }
}
