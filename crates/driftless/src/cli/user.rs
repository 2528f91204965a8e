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
        /// Read the password from standard input: its first line, at least 10 characters. A terminal asks
        /// for it, without showing it.
        #[arg(long, env = "DRIFTLESS_USER_PASSWORD_STDIN", requires = "login",
              value_parser = BoolishValueParser::new())]
        password_stdin: bool,
    },
    /// Add all people of CSV files, whose first row is `name` and optionally `id`, `role` and `login`.
    ///
    /// All are added, or none: what is wrong is listed with its line. A person without an id gets the next
    /// free one, without a role they are an editor. Files have no passwords: a person with a login name can
    /// sign in once `user login`, or an admin in the pages, has set one.
    Import {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The files; `-` is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Set the password with which a system user signs in to the web pages.
    ///
    /// It is the first line of standard input; a terminal asks for it, without showing it. Sessions that
    /// were opened with an earlier password end.
    Login {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// The name to sign in with; where none is given, the one that the user has.
        #[serde(with = "text::optional")]
        login: Option<LoginName>,
        /// As `user add` has it: here the password always comes from standard input, unless it is generated.
        #[arg(long)]
        password_stdin: bool,
        /// Generate a password and print it, alone on the last line, to be passed on.
        #[arg(long, conflicts_with = "password_stdin")]
        generate: bool,
    },
    /// List the system users of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Give a system user another name. Activities keep the name that they were written under.
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
    /// Give a system user another role: it holds at once, for keys and sessions too.
    Role {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// viewer (ask), editor (ask and write) or admin (also settings).
        #[serde(with = "text")]
        role: Role,
    },
    /// Enable a disabled system user again: their password and keys work as before.
    Enable {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The user's id.
        #[arg(value_parser = whole)]
        id: i64,
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
