//! `user`.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::BoolishValueParser;
use domain::{LoginName, Name, OrgId, Role};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum User {
    /// Add a system user and print the id.
    Add {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The person's name, which API answers show as createdBy.
        #[serde(with = "text")]
        name: Name,
        /// The id [default: one higher than any id that a user has or an activity has ever named].
        #[arg(long, env = "DRIFTLESS_USER_ID", value_parser = clap::value_parser!(i64).range(1..=domain::ID_MAX))]
        id: Option<i64>,
        /// What the person may do: viewer (read), editor (read and write), admin (also change settings).
        #[arg(long, env = "DRIFTLESS_USER_ROLE", default_value = "editor")]
        #[serde(with = "text")]
        role: Role,
        /// The login name for the web pages; requires --password-stdin.
        #[arg(
            long,
            env = "DRIFTLESS_USER_LOGIN",
            value_name = "NAME",
            requires = "password_stdin"
        )]
        #[serde(with = "text::optional")]
        login: Option<LoginName>,
        /// Read the password from the first line of standard input: at least 10 characters. On a terminal you
        /// are asked for it, and it is not shown.
        #[arg(long, env = "DRIFTLESS_USER_PASSWORD_STDIN", requires = "login",
              value_parser = BoolishValueParser::new())]
        password_stdin: bool,
    },
    /// Add the people listed in CSV files with the column `name` and, optionally, `id`, `role` and `login`.
    ///
    /// Either all people are added or none; errors are listed with their line. Without an id, a person gets the
    /// next free one; without a role, they become an editor. The files contain no passwords: a person with a
    /// login name can sign in once `user login`, or an admin in the web pages, has set a password.
    Import {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The files to import; `-` is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Set a system user's password for the web pages.
    ///
    /// The password is read from the first line of standard input; on a terminal you are asked for it, and it
    /// is not shown. The user is signed out everywhere.
    Login {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// The login name [default: the user's current one].
        #[serde(with = "text::optional")]
        login: Option<LoginName>,
        /// Accepted as in `user add`: the password is always read from standard input unless it is generated.
        #[arg(long)]
        password_stdin: bool,
        /// Generate a password and print it, alone on the last line.
        #[arg(long, conflicts_with = "password_stdin")]
        generate: bool,
    },
    /// List the system users of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Rename a system user. Existing activities keep the old name.
    Rename {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// The new name.
        #[serde(with = "text")]
        name: Name,
    },
    /// Change a system user's role. It applies immediately, also to their keys and sessions.
    Role {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// viewer (read), editor (read and write) or admin (also change settings).
        #[serde(with = "text")]
        role: Role,
    },
    /// Enable a disabled system user; their password and keys work again.
    Enable {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Disable a system user; their keys and sessions stop working immediately.
    Disable {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
}
