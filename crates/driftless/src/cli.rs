//! The command line: what can be said. What it does stands in `commands/`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use domain::{Interval, LoginName, Name, OrgId, Role, StatusName, Zone};
use neon::files::{ColumnName, ColumnNames, Dates, Format};
use serde::{Deserialize, Serialize};
use web::BasePath;

use crate::address::Address;
use crate::forwarded::TrustedProxy;
use crate::health::Health;
use crate::text;

/// What changed, or was deleted, since X? A server that never misses a change.
///
/// Driftless keeps a CRM's activities (calls, meetings, tasks) and answers API v1 requests, above
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
    data: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const GETTING_STARTED: &str = "\
Getting started with data of your own, in the browser: open the link that this prints.
  driftless serve --init

Or on the command line; then sign in as ada:
  driftless org add acme --time-zone America/Chicago
  driftless user add acme \"Ada Byron\" --role admin --login ada --password-stdin
  driftless import acme answers.json
  driftless key add acme --user 1
  driftless serve

Nearly every option can also be set in the environment; the help of each command says under which name.";

const DATA_FOLDER: &str = "driftless-data";
const DEMO_FOLDER: &str = "driftless-demo";

impl Cli {
    /// The data folder that the command is about.
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
    /// Set up an organization full of activities in ./driftless-demo and serve it.
    Demo(Demo),
    /// Serve the API and the web pages.
    ///
    /// SIGTERM, Ctrl-C and every other signal that would end the process end it in order. SIGHUP has it read
    /// the certificate and its key anew, for connections that come then.
    Serve(Serve),
    /// Ask a running server whether it works: for containers, scripts and monitoring.
    ///
    /// It prints one line. Exit codes: 0 healthy, 1 not, 2 wrong usage. Over TLS, any certificate is
    /// accepted, since it is seldom made out to the address that is asked here.
    Health(Health),
    #[command(flatten)]
    Work(Work),
}

/// Commands that also work while a server runs on the same folder: then, inside that server.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Organizations: add, list.
    #[command(subcommand)]
    Org(Org),
    /// System users: add, login, list, disable.
    #[command(subcommand)]
    User(User),
    /// API keys: add, list, check, expect, revoke.
    #[command(subcommand, visible_alias = "keys")]
    Key(Key),
    /// Activity statuses: list, add, rename, retire.
    #[command(subcommand)]
    Status(Status),
    /// The names of accounts, which are numbers in the API: import, list.
    #[command(subcommand)]
    Accounts(Accounts),
    /// Import activities from files: workbooks (.xlsx, .ods), CSV, the vendor's JSON answers, or JSON lines.
    ///
    /// Everything is read before anything is written. Into an organization that is empty and that
    /// nobody has logged in to, ids and times of change are kept; otherwise what differs gets a new
    /// time of change. Importing a file again changes nothing; an import that was cut short is
    /// simply run again.
    ///
    /// What a file does not name (a column, a JSON member) stays as it is; what it names with nothing
    /// in it (an empty cell, null) is cleared. A row of a table without an id becomes a new activity.
    ///
    /// A row that has a version (lastModifiedDateTime) changes only the cells that differ from that
    /// version. If the same cell was changed here since, the row is listed as a conflict and not imported.
    /// From JSON, an activity that was edited here since its last import, or is newer here, stays as it is.
    /// Activities that were removed here stay removed.
    Import(Import),
    /// Write all activities to standard output, removed ones included.
    Export(Export),
    /// Show who changed what about an activity, when and by which door; the latest change first.
    History(History),
    /// Copy the data into a new folder, consistent, while the server works.
    Backup(Backup),
    /// Check that the data folder holds what it should.
    Check,
}

impl Work {
    /// The command without what it is about, for the log: that can be a person's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Work::Org(Org::Add { .. }) => "org add",
            Work::Org(Org::List) => "org list",
            Work::User(User::Add { .. }) => "user add",
            Work::User(User::Login { .. }) => "user login",
            Work::User(User::List { .. }) => "user list",
            Work::User(User::Disable { .. }) => "user disable",
            Work::Key(Key::Add { .. }) => "key add",
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
            Work::Status(Status::Retire { .. }) => "status retire",
            Work::Accounts(Accounts::Import { .. }) => "accounts import",
            Work::Accounts(Accounts::List { .. }) => "accounts list",
            Work::Import(_) => "import",
            Work::Export(_) => "export",
            Work::History(_) => "history",
            Work::Backup(_) => "backup",
            Work::Check => "check",
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
                | Work::Backup(_)
                | Work::Check
        )
    }

    /// What it reads, in this order; `-` is standard input.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        match self {
            Work::Import(import) => import.files.clone(),
            Work::Accounts(Accounts::Import { files, .. }) => files.clone(),
            Work::User(User::Add { password_stdin: true, .. } | User::Login { .. }) => {
                vec![STANDARD_INPUT.into()]
            }
            _ => Vec::new(),
        }
    }
}

/// Stands for standard input in the place of a file.
pub(crate) const STANDARD_INPUT: &str = "-";

/// The number of something that is there; whether it is, the command finds out.
fn whole(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "expected a number, like 7")
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to listen: an address, or the name of a host, and a port.
    #[arg(
        long,
        env = "DRIFTLESS_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Address,
    /// How many activities a new demo gets, besides the manual's two.
    #[arg(long, env = "DRIFTLESS_DEMO_ACTIVITIES", default_value_t = 1_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=2_000_000))]
    pub(crate) activities: u32,
    #[command(flatten)]
    pub(crate) proxied: Proxied,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Where to listen: an address, or the name of a host, and a port.
    #[arg(
        long,
        env = "DRIFTLESS_LISTEN",
        default_value = "127.0.0.1:8420",
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Address,
    /// Certificate chain in PEM: speak TLS.
    #[arg(long, env = "DRIFTLESS_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    #[arg(long, env = "DRIFTLESS_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Begin a data folder that has no data yet; without this, a server refuses where there are none.
    #[arg(long, env = "DRIFTLESS_INIT", value_parser = BoolishValueParser::new())]
    pub(crate) init: bool,
    /// For one start: the clock is right, though it lies more than a day from what is kept.
    ///
    /// Where it lies before what has been promised, whoever has been told a later instant has to read
    /// everything again from before now.
    #[arg(long, env = "DRIFTLESS_ACCEPT_CLOCK", value_parser = BoolishValueParser::new())]
    pub(crate) accept_clock: bool,
    #[command(flatten)]
    pub(crate) proxied: Proxied,
    #[command(flatten)]
    pub(crate) tuning: Tuning,
}

/// What there is to know of a proxy in front.
#[derive(Args, Debug, Clone)]
pub(crate) struct Proxied {
    /// Proxies whose Forwarded and X-Forwarded-For, -Proto and -Host are believed: addresses, ranges of them
    /// like 10.0.0.0/8, or none.
    #[arg(
        long = "trusted-proxy",
        env = "DRIFTLESS_TRUSTED_PROXY",
        value_name = "ADDRESSES",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,::1"
    )]
    pub(crate) trusted: Vec<TrustedProxy>,
    /// The path below which a proxy serves this, like /crm; whether it takes the path away or not.
    #[arg(
        long,
        env = "DRIFTLESS_BASE_PATH",
        default_value = "/",
        hide_default_value = true,
        value_name = "PATH"
    )]
    pub(crate) base_path: BasePath,
}

/// Settings of a server that mostly need no setting.
#[derive(Args, Debug, Clone)]
pub(crate) struct Tuning {
    /// The largest page of an answer; larger ones asked for are cut to this.
    #[arg(long, env = "DRIFTLESS_PAGE_SIZE_MAX", default_value_t = 200, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) page_size_max: u32,
    /// Requests that one organization may have under way at once; more get code 2.
    #[arg(long, env = "DRIFTLESS_REQUESTS_MAX", default_value_t = 256, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) requests_max: u32,
    /// Memory for caches, in MiB.
    #[arg(long, env = "DRIFTLESS_CACHE_MIB", default_value_t = 256, value_name = "MIB",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) cache_mib: u32,
    /// How to write the log on standard error.
    #[arg(long, env = "DRIFTLESS_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub(crate) log_format: LogFormat,
}

impl Default for Tuning {
    /// What a server goes by when nothing is said; the demo does.
    fn default() -> Tuning {
        Tuning {
            page_size_max: 200,
            requests_max: 256,
            cache_mib: 256,
            log_format: LogFormat::Text,
        }
    }
}

#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people, fields as name=value.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Org {
    /// Add an organization.
    Add {
        /// Its id, which clients send as login.orgid.
        #[serde(with = "text")]
        org: OrgId,
        /// The name that people read; the id where none is given.
        #[arg(long, env = "DRIFTLESS_ORG_NAME")]
        #[serde(with = "text::optional")]
        name: Option<Name>,
        /// The zone in which times are shown: a name like America/Chicago, or an offset like -05:00.
        /// UTC where none is given; an admin can change it in the pages.
        #[arg(
            long,
            env = "DRIFTLESS_ORG_TIME_ZONE",
            value_name = "ZONE",
            allow_hyphen_values = true
        )]
        #[serde(with = "text::optional")]
        time_zone: Option<Zone>,
    },
    /// List the organizations.
    List,
}

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum User {
    /// Add a system user; prints the id.
    Add {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The person's name, which answers show as createdBy.
        #[serde(with = "text")]
        name: Name,
        /// The id; where none is given, one after all that people have and activities ever named.
        #[arg(long, env = "DRIFTLESS_USER_ID", value_parser = clap::value_parser!(i64).range(1..=domain::ID_MAX))]
        id: Option<i64>,
        /// What the person may do: viewer (ask), editor (ask and write), admin (also settings).
        #[arg(long, env = "DRIFTLESS_USER_ROLE", default_value = "editor")]
        #[serde(with = "text")]
        role: Role,
        /// The name with which the person signs in to the web pages; --password-stdin goes with it.
        #[arg(
            long,
            env = "DRIFTLESS_USER_LOGIN",
            value_name = "NAME",
            requires = "password_stdin"
        )]
        #[serde(with = "text::optional")]
        login: Option<LoginName>,
        /// Read the password from standard input: its first line, at least 10 characters.
        #[arg(long, env = "DRIFTLESS_USER_PASSWORD_STDIN", requires = "login",
              value_parser = BoolishValueParser::new())]
        password_stdin: bool,
    },
    /// Let a system user sign in to the web pages, or set a new password; reads it from standard input.
    Login {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// The name to sign in with.
        #[serde(with = "text")]
        login: LoginName,
        /// As `user add` has it: here the password is always the first line of standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the system users of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Disable a system user: keys and sessions end at once.
    Disable {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
}

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Key {
    /// Make an API key; prints it, once, alone on the last line.
    Add {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The id of the system user on whose behalf it is used.
        #[arg(long, env = "DRIFTLESS_KEY_USER", value_name = "ID", value_parser = whole)]
        user: i64,
        /// What it is for.
        #[arg(long, env = "DRIFTLESS_KEY_LABEL")]
        #[serde(with = "text::optional")]
        label: Option<Name>,
    },
    /// List the API keys of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Check what each key was given: for cron, Nagios and the like.
    ///
    /// The first line is a summary, then comes a line for each key. Exit codes: 0 all is well; 1 a key
    /// is silent, reading, behind for longer than usual, or has a habit that may lose changes; 2 changes
    /// were never delivered, or a key asks from the future; 3 it could not be checked. Keys that are not
    /// used yet, or revoked, are no problem.
    Check {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Say how often the script with this key should ask.
    ///
    /// It counts as silent after that time and a tenth more.
    Expect {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The key's number, as `key list` shows it.
        #[arg(value_parser = whole)]
        key: i64,
        /// Like 30m, 12h or 7d.
        #[arg(value_name = "EVERY", required_unless_present = "none")]
        #[serde(with = "text::optional")]
        every: Option<Interval>,
        /// Expect nothing: its own rhythm tells whether it is silent.
        #[arg(long, conflicts_with = "every")]
        none: bool,
    },
    /// Revoke an API key: it and its sessions end at once.
    Revoke {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The key's number, as `key list` shows it.
        #[arg(value_parser = whole)]
        key: i64,
    },
}

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Status {
    /// List the statuses of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// Also show which count as done, and which one new activities begin with.
        #[arg(long, env = "DRIFTLESS_STATUS_MEANING")]
        meaning: bool,
    },
    /// Add a status; prints its id.
    Add {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's name.
        #[serde(with = "text")]
        name: StatusName,
        /// The id; the next free one where none is given.
        #[arg(long, env = "DRIFTLESS_STATUS_ID", value_parser = clap::value_parser!(i64).range(1..=domain::ID_MAX))]
        id: Option<i64>,
    },
    /// Rename a status. Every activity that shows it gets a new time of change.
    Rename {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// The new name.
        #[serde(with = "text")]
        name: StatusName,
    },
    /// Let activities with a status count as done: nobody is reminded of them in the pages.
    Done {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Let activities with a status count as still to be done.
    ToDo {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Let new activities begin with a status, where people write them down in the pages.
    Begin {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Retire a status: activities keep it, and it can no longer be chosen.
    Retire {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
}

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Accounts {
    /// Bring in names from CSV files, whose first row is `id,name`; known ids get the new name. They are
    /// read as strictly as the files of `import`.
    Import {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The files; `-` is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// List the accounts of an organization, by name.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
}

#[derive(Args, Debug, Serialize, Deserialize)]
pub(crate) struct Import {
    /// The organization's id.
    #[serde(with = "text")]
    pub(crate) org: OrgId,
    /// The files; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Only say what would happen, and show what would be overwritten and what would stay.
    #[arg(long, env = "DRIFTLESS_IMPORT_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    /// Take the file's word also for what was edited here since, or is newer here.
    #[arg(long, env = "DRIFTLESS_IMPORT_OVERWRITE", value_parser = BoolishValueParser::new())]
    pub(crate) overwrite: bool,
    /// Bring back activities that have been removed here.
    #[arg(long, env = "DRIFTLESS_IMPORT_RESTORE", value_parser = BoolishValueParser::new())]
    pub(crate) restore: bool,
    /// Add the people and accounts that the files name and that the organization does not have.
    ///
    /// People who are added cannot sign in until they are given a login.
    #[arg(long, env = "DRIFTLESS_IMPORT_ADD_MISSING", value_parser = BoolishValueParser::new())]
    pub(crate) add_missing: bool,
    /// How tables write dates with slashes: us (11/30/2026) or eu (30/11/2026). Without this they are refused
    /// unless AM or PM follows.
    #[arg(long, env = "DRIFTLESS_IMPORT_DATES", value_name = "ORDER")]
    #[serde(with = "text::optional")]
    pub(crate) dates: Option<Dates>,
    /// The time zone of times in tables that name none [default: the organization's].
    #[arg(
        long,
        env = "DRIFTLESS_IMPORT_TIME_ZONE",
        value_name = "ZONE",
        allow_hyphen_values = true
    )]
    #[serde(with = "text::optional")]
    pub(crate) time_zone: Option<Zone>,
    /// What a column of a table is: "Their name=member", like "Due Date=endDateTime"; several times for several
    /// columns. "Their name=" leaves a column out.
    #[arg(long = "map", value_name = "COLUMN")]
    #[serde(with = "text::list")]
    pub(crate) map: Vec<ColumnName>,
    /// Keep what --map says in this file, and read from it what it said the last time.
    #[arg(long, env = "DRIFTLESS_IMPORT_MAP_FILE", value_name = "FILE")]
    pub(crate) map_file: Option<PathBuf>,
}

impl Import {
    /// Adds to what is said of columns what the file of the last time has kept, and keeps all of it there.
    pub(crate) fn keep_columns(&mut self) -> Result<(), String> {
        let Some(path) = self.map_file.take() else { return Ok(()) };
        let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let kept = match std::fs::read_to_string(&path) {
            Ok(kept) => kept,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !self.map.is_empty() => {
                String::new()
            }
            Err(e) => return Err(told(&e)),
        };
        let mut names = Vec::new();
        for line in kept.lines().filter(|line| !line.trim().is_empty()) {
            names.push(line.parse::<ColumnName>().map_err(|e| told(&format!("{line:?}: {e}")))?);
        }
        names.append(&mut self.map);
        let mut all = ColumnNames::default();
        names.iter().for_each(|name| all.say(name.clone()));
        let text: String = all.said().map(|name| format!("{name}\n")).collect();
        if text != kept {
            std::fs::write(&path, text).map_err(|e| told(&e))?;
        }
        self.map = names;
        Ok(())
    }
}

#[derive(Args, Debug, Serialize, Deserialize)]
pub(crate) struct Export {
    /// The organization's id.
    #[serde(with = "text")]
    pub(crate) org: OrgId,
    /// jsonl or csv. CSV cells are written as they are: open files of strangers with care.
    #[arg(long, env = "DRIFTLESS_EXPORT_FORMAT", default_value = "jsonl")]
    #[serde(with = "text")]
    pub(crate) format: Format,
}

#[derive(Args, Debug, Serialize, Deserialize)]
pub(crate) struct History {
    /// The organization's id.
    #[serde(with = "text")]
    pub(crate) org: OrgId,
    /// The activity's id.
    #[arg(value_parser = whole)]
    pub(crate) activity: i64,
}

#[derive(Args, Debug, Serialize, Deserialize)]
pub(crate) struct Backup {
    /// The new data folder; it must not exist, or be empty.
    #[arg(value_name = "DEST")]
    pub(crate) destination: PathBuf,
}
