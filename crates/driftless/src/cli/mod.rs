//! The command line: what can be typed. `commands/` holds what the commands do.

mod audit;
mod export;
mod follow;
mod import;
mod key;
mod org;
mod serve;
mod status;
mod user;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};

pub(crate) use audit::{Audit, AuditFormat};
pub(crate) use export::{Backup, Export, History};
pub(crate) use follow::{Follow, Ids, What};
pub(crate) use import::{Accounts, Import};
pub(crate) use key::Key;
pub(crate) use org::Org;
pub(crate) use serve::{Demo, LogFormat, Proxied, Serve, Tuning};
pub(crate) use status::{Status, Way};
pub(crate) use user::User;

use crate::compare::Compare;
use crate::health::Health;
use crate::mirror::Mirror;

/// What changed, or was deleted, since X? A server that never misses a change.
///
/// Driftless stores a CRM's activities (calls, meetings, tasks) and answers API v1 requests, above
/// all syncActivities, without ever losing a change.
///
/// Try it:  driftless demo
#[derive(Parser, Debug)]
#[command(name = "driftless", version, max_term_width = 100, after_help = GETTING_STARTED)]
pub(crate) struct Cli {
    /// The data folder [default: ./driftless-data, for the demo ./driftless-demo].
    #[arg(
        long,
        global = true,
        env = "DRIFTLESS_DATA",
        value_name = "DIR",
        help_heading = "Everywhere"
    )]
    pub(crate) data: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const GETTING_STARTED: &str = "\
To get started with your own data in the browser, run this and open the link that it prints:
  driftless serve --init

Or set it up on the command line, then sign in as ada:
  driftless org add acme --time-zone America/Chicago
  driftless user add acme \"Ada Byron\" --role admin --login ada --password-stdin
  driftless import acme answers.json
  driftless key add acme --user 1
  driftless serve

Most options can also be set by an environment variable; each command's --help shows its name.";

const DATA_FOLDER: &str = "driftless-data";
const DEMO_FOLDER: &str = "driftless-demo";

impl Cli {
    /// The data folder that the command works on.
    pub(crate) fn data_folder(&self) -> PathBuf {
        let default = match self.command {
            Command::Demo(_) => DEMO_FOLDER,
            _ => DATA_FOLDER,
        };
        self.data.clone().unwrap_or_else(|| default.into())
    }
}

/// All commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Set up an organization with sample activities in ./driftless-demo and serve it.
    Demo(Demo),
    /// Serve the API and the web pages.
    ///
    /// SIGTERM, Ctrl-C and any other signal that would end the process shut it down cleanly. SIGHUP reloads
    /// the certificate and its key for new connections.
    Serve(Serve),
    /// Ask a running server whether it is healthy: for containers, scripts and monitoring.
    ///
    /// Prints one line. Exit codes: 0 healthy, 1 unhealthy, 2 wrong usage. Over TLS, any certificate is
    /// accepted, because it is rarely issued for the address that is checked here.
    Health(Health),
    /// Keep a database or files equal to what a server of API v1 has: Driftless, or the vendor's own.
    #[command(subcommand)]
    Mirror(Mirror),
    /// Ask two servers of API v1 the same questions, and show where they answer differently.
    ///
    /// It compares members, their order, types and values, totals, errors and headers. Nothing is changed at
    /// either server. Exit codes: 0 they answer the same, 1 they do not (or one could not be asked), 2 wrong usage.
    Compare(Compare),
    #[command(flatten)]
    Work(Work),
}

/// Commands that also work while a server is running on the same folder: that server then runs them.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Manage organizations: add, rename, zone, list.
    #[command(subcommand)]
    Org(Org),
    /// Manage system users: add, import, login, list, rename, role, enable, disable.
    #[command(subcommand)]
    User(User),
    /// Manage API keys: add, label, list, check, expect, revoke.
    #[command(subcommand, visible_alias = "keys")]
    Key(Key),
    /// Manage activity statuses: list, add, rename, done, to-do, begin, move, restore, retire.
    #[command(subcommand)]
    Status(Status),
    /// Manage the names of accounts, which are numbers in the API: import, list.
    #[command(subcommand)]
    Accounts(Accounts),
    /// Import activities from workbooks, CSV, the vendor's JSON answers or JSON lines.
    ///
    /// All files are read and checked before anything is written. The first import into an empty organization
    /// that has had no login keeps ids and times of change; in any other import, activities that change get
    /// a new time of change. Importing a file again changes nothing. If an import is interrupted, run it
    /// again.
    ///
    /// A column or JSON member that the file does not have stays as it is; an empty cell or null clears the
    /// value. A table row without an id becomes a new activity.
    ///
    /// A row with a version (lastModifiedDateTime) changes only the cells that differ from that version. If
    /// the same cell has been changed here since, the row is listed as a conflict and not imported. From JSON,
    /// an activity that was edited here since its last import, or is newer here, is not changed. Activities
    /// that were removed here stay removed.
    Import(Import),
    /// Write all activities, including removed ones, to standard output.
    Export(Export),
    /// Show an activity's history: who changed what, when and how, latest change first.
    History(History),
    /// Show the audit log: who signed in, changed people, keys or settings, or took data out.
    Audit(Audit),
    /// Make a consistent copy of the data in a new folder, even while the server is running.
    Backup(Backup),
    /// Check the data folder for damage.
    Check,
    /// A part of `mirror`.
    #[command(skip)]
    Follow(Follow),
}

impl Work {
    /// The command without its arguments, for the log: arguments can be people's names.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Work::Org(Org::Add { .. }) => "org add",
            Work::Org(Org::Rename { .. }) => "org rename",
            Work::Org(Org::Zone { .. }) => "org zone",
            Work::Org(Org::List) => "org list",
            Work::User(User::Add { .. }) => "user add",
            Work::User(User::Import { .. }) => "user import",
            Work::User(User::Login { .. }) => "user login",
            Work::User(User::Rename { .. }) => "user rename",
            Work::User(User::Role { .. }) => "user role",
            Work::User(User::Enable { .. }) => "user enable",
            Work::User(User::List { .. }) => "user list",
            Work::User(User::Disable { .. }) => "user disable",
            Work::Key(Key::Add { .. }) => "key add",
            Work::Key(Key::Label { .. }) => "key label",
            Work::Key(Key::List { .. }) => "key list",
            Work::Key(Key::Check { .. }) => "key check",
            Work::Key(Key::Expect { .. }) => "key expect",
            Work::Key(Key::Revoke { .. }) => "key revoke",
            Work::Status(Status::List { .. }) => "status list",
            Work::Status(Status::Add { .. }) => "status add",
            Work::Status(Status::Rename { .. }) => "status rename",
            Work::Status(Status::Done { .. }) => "status done",
            Work::Status(Status::ToDo { .. }) => "status to-do",
            Work::Status(Status::Begin { .. }) => "status begin",
            Work::Status(Status::Move { .. }) => "status move",
            Work::Status(Status::Restore { .. }) => "status restore",
            Work::Status(Status::Retire { .. }) => "status retire",
            Work::Accounts(Accounts::Import { .. }) => "accounts import",
            Work::Accounts(Accounts::List { .. }) => "accounts list",
            Work::Import(_) => "import",
            Work::Export(_) => "export",
            Work::History(_) => "history",
            Work::Audit(_) => "audit",
            Work::Backup(_) => "backup",
            Work::Check => "check",
            Work::Follow(_) => "mirror",
        }
    }
}

impl Work {
    /// Whether its exit code says what it found.
    pub(crate) fn is_check(&self) -> bool {
        matches!(self, Work::Check | Work::Key(Key::Check { .. }))
    }

    /// Whether it leaves everything as it is, whatever the time is. A check of keys goes by how long ago they asked.
    pub(crate) fn needs_no_clock(&self) -> bool {
        matches!(
            self,
            Work::Org(Org::List)
                | Work::User(User::List { .. })
                | Work::Key(Key::List { .. })
                | Work::Status(Status::List { .. })
                | Work::Accounts(Accounts::List { .. })
                | Work::Export(_)
                | Work::History(_)
                | Work::Audit(_)
                | Work::Backup(_)
                | Work::Check
        )
    }

    /// What it reads, in this order; `-` is standard input.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        match self {
            Work::Import(import) => import.files.clone(),
            Work::Accounts(Accounts::Import { files, .. }) => files.clone(),
            Work::Follow(Follow { what: What::Apply { .. }, .. }) => vec![STANDARD_INPUT.into()],
            Work::User(User::Import { files, .. }) => files.clone(),
            Work::Key(Key::Add { key_file: Some(file), .. }) => vec![file.clone()],
            Work::User(
                User::Add { password_stdin: true, .. } | User::Login { generate: false, .. },
            ) => vec![STANDARD_INPUT.into()],
            _ => Vec::new(),
        }
    }
}

/// A secret that a command reads from standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A new password.
    Password,
    /// An existing API key.
    Key,
}

impl Work {
    /// The secret that it reads from standard input.
    pub(crate) fn wanted(&self) -> Option<Wanted> {
        match self {
            Work::User(
                User::Add { password_stdin: true, .. } | User::Login { generate: false, .. },
            ) => Some(Wanted::Password),
            Work::Key(Key::Add { key_file: Some(file), .. })
                if file == Path::new(STANDARD_INPUT) =>
            {
                Some(Wanted::Key)
            }
            _ => None,
        }
    }
}

/// Names standard input instead of a file.
pub(crate) const STANDARD_INPUT: &str = "-";

/// An id. The command finds out whether it exists.
fn whole(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "expected a number, like 7")
}
