//! What the commands do, on an open data folder: in the command's own process, or in the server.

mod accounts;
mod audit;
mod directory;
mod export;
mod follow;
mod import;
mod keys;
mod upkeep;
mod users;

use std::io::{self, BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{AuditKind, OrgId};
use serde::{Deserialize, Serialize};
use service::{AdminError, Authority, Service, Tenant, wait};
use store_sqlite::SqliteStore;
use thiserror::Error;

use crate::cli::{STANDARD_INPUT, Work};
use crate::console::Console;

/// A command did not succeed: one sentence that says why and what to do.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What was typed cannot be meant: one sentence that says why.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

impl Usage {
    /// The exit code, as for what the command line itself does not take.
    pub(crate) const CODE: u8 = 2;
}

/// What a command that was done has found: nothing that matters, unless it looked for problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    Done,
    Warning,
    Critical,
    /// It could not be said, or was stopped so that nothing goes wrong.
    Unknown,
}

impl Ending {
    /// As the exit codes of monitoring plugins.
    pub(crate) fn code(self) -> u8 {
        match self {
            Ending::Done => 0,
            Ending::Warning => 1,
            Ending::Critical => 2,
            Ending::Unknown => 3,
        }
    }
}

/// The files that a command reads and creates: on this disk, or on the side of the command's process.
pub(crate) trait Files {
    /// The next file of an import.
    fn open(&mut self, path: &Path) -> io::Result<Box<dyn BufRead + '_>>;

    /// Makes a copy of the data in a folder that is not there yet.
    fn back_up(&mut self, context: &Context, to: &Path) -> Result<(), Failure>;
}

/// The files on this machine, as the command names them.
#[derive(Default)]
pub(crate) struct LocalFiles {
    /// Text already typed that replaces standard input.
    pub(crate) typed: Option<String>,
}

impl Files for LocalFiles {
    fn open(&mut self, path: &Path) -> io::Result<Box<dyn BufRead + '_>> {
        if path == Path::new(STANDARD_INPUT) {
            if let Some(typed) = self.typed.take() {
                return Ok(Box::new(Cursor::new(typed)));
            }
            return Ok(Box::new(io::stdin().lock()));
        }
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file"));
        }
        Ok(Box::new(BufReader::with_capacity(1 << 20, std::fs::File::open(path)?)))
    }

    fn back_up(&mut self, context: &Context, to: &Path) -> Result<(), Failure> {
        context.store.backup(to)?;
        crate::follow::copy_aside(&context.folder, to)?;
        Ok(())
    }
}

/// What commands work on.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) service: Service,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) folder: PathBuf,
    /// What in the folder was open to other users of the computer, a sentence for each.
    pub(crate) mended: Vec<String>,
}

/// Does what the command says.
pub(crate) fn run(
    work: &Work,
    context: &Context,
    files: &mut dyn Files,
    console: &mut dyn Console,
) -> Result<Ending, Failure> {
    let service = &context.service;
    match work {
        Work::Key(key) => return directory::key(key, service, files, console),
        Work::Org(org) => directory::org(org, service, console),
        Work::User(user) => users::run(user, service, files, console),
        Work::Status(status) => directory::status(status, service, console),
        Work::Accounts(accounts) => accounts::run(accounts, service, files, console),
        Work::Import(import) => import::run(import, context, files, console),
        Work::Export(export) => export::run(export, service, console),
        Work::History(history) => export::history(history, service, console),
        Work::Audit(audit) => audit::run(audit, service, console),
        Work::Backup(backup) => upkeep::backup(backup, context, files, console),
        Work::Follow(follow) => follow::run(follow, context, files, console),
        Work::Check => upkeep::check(&context.store, console),
    }?;
    Ok(Ending::Done)
}

pub(crate) use upkeep::{UNMARKED, check};

/// That of whoever types a command about this organization.
fn authority(service: &Service, org: &OrgId) -> Result<Authority, AdminError> {
    Ok(Authority::CommandLine(service.known_org(org)?))
}

/// Notes what a command is about to do. If that is not possible, someone at the server should not be kept from
/// saving their data.
fn noted(
    service: &Service,
    org: &Arc<Tenant>,
    kind: AuditKind,
    what: &str,
    console: &mut dyn Console,
) -> Result<(), Failure> {
    if let Err(problem) = wait(service.note_act(Authority::command_line(org), kind, what)) {
        console.note(&format!("the audit log does not have this: {problem}"))?;
    }
    Ok(())
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A number of things, and what is said of one or of several.
fn agreeing(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
