//! `user`.

use clap::Subcommand;
use clap::builder::BoolishValueParser;
use domain::{LoginName, Name, OrgId, Role};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

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
