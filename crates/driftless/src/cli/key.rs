//! `key`.

use std::path::PathBuf;

use clap::Subcommand;
use domain::{Interval, Name, OrgId};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Key {
    /// Make an API key and print it, once, alone on the last line; or bring along one from elsewhere.
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
        /// A file with an API key that scripts have already: it will work here too. `-` is standard input.
        ///
        /// 20 to 200 visible ASCII characters on one line that look random. It is kept only as a hash, like
        /// all keys, and is not printed.
        #[arg(long, env = "DRIFTLESS_KEY_FILE", value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Say what an API key is for.
    Label {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The key's number, as `key list` shows it.
        #[arg(value_parser = whole)]
        key: i64,
        /// What it is for.
        #[serde(with = "text")]
        label: Name,
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
