//! What a measurement works on: a filled folder, and how long it may take.

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::Outcome;
use crate::fill::{Content, fill};
use crate::process::settle;
use crate::server::{CACHE_MIB, Server};

/// A folder, removed when this is dropped.
pub(crate) struct Setup {
    /// What is measured.
    pub(crate) binary: PathBuf,
    /// Where everything lies.
    pub(crate) folder: PathBuf,
    /// What is in it.
    pub(crate) content: Content,
    pub(crate) rounds: u32,
    /// How long one measurement of a round takes.
    pub(crate) during: Duration,
    _folder: TempDir,
}

/// How thoroughly.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) binary: PathBuf,
    /// On the disk that is measured.
    pub(crate) folder: PathBuf,
    pub(crate) rounds: u32,
    pub(crate) during: Duration,
}

impl Setup {
    /// Fills a fresh folder.
    pub(crate) fn new(way: &Way, content: Content) -> Outcome<Setup> {
        std::fs::create_dir_all(&way.folder)?;
        let folder = tempfile::Builder::new().prefix("setup-").tempdir_in(&way.folder)?;
        let Way { binary, rounds, during, .. } = way.clone();
        let path = folder.path().to_owned();
        let setup = Setup { binary, folder: path, content, rounds, during, _folder: folder };
        setup.tell("filling");
        fill(&setup.data(), content)?;
        Ok(setup)
    }

    /// Driftless's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Serves it, and waits until nothing goes on in the background.
    pub(crate) fn serve(&self) -> Outcome<Server> {
        self.tell("starting");
        let server = Server::driftless(&self.binary, &self.data(), CACHE_MIB)?;
        settle(server.id())?;
        Ok(server)
    }

    /// Says what comes next.
    pub(crate) fn tell(&self, step: &str) {
        let Content { activities, tombstones, organizations } = self.content;
        let mut about = format!("{activities} activities");
        if tombstones > 0 {
            about += &format!(", {tombstones} tombstones");
        }
        if organizations > 1 {
            about += &format!(", {organizations} organizations");
        }
        // Whoever closed standard error does not want to know.
        let _ = writeln!(stderr(), "{about}: {step}");
    }
}

/// Where measurements are made, and their figures kept: beside the binaries' folder.
pub(crate) fn default_folder() -> Outcome<PathBuf> {
    let binary = std::env::current_exe()?;
    Ok(binary.ancestors().nth(2).ok_or("the binary lies nowhere")?.join("bench"))
}
