//! `key`.

use std::path::PathBuf;

use clap::Subcommand;
use domain::{Interval, Name, OrgId};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Key {
    /// Add a new API key, or an existing one. A new key is printed only once, alone on the last line.
    Add {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The id of the system user whose permissions the key has.
        #[arg(long, env = "DRIFTLESS_KEY_USER", value_name = "ID", value_parser = whole)]
        user: i64,
        /// What the key is for.
        #[arg(long, env = "DRIFTLESS_KEY_LABEL")]
        #[serde(with = "text::optional")]
        label: Option<Name>,
        /// A file with an existing API key, so that scripts can keep using it; `-` is standard input.
        ///
        /// The key must be one line of 20 to 200 visible ASCII characters that look random. Like all keys it
        /// is stored only as a hash, and it is not printed.
        #[arg(long, env = "DRIFTLESS_KEY_FILE", value_name = "FILE")]
        key_file: Option<PathBuf>,
    },
    /// Set an API key's label.
    Label {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The key's number, as `key list` shows it.
        #[arg(value_parser = whole)]
        key: i64,
        /// What the key is for.
        #[serde(with = "text")]
        label: Name,
    },
    /// List the API keys of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Check that each key has received every change: for cron, Nagios and similar tools.
    ///
    /// The first line is a summary; then comes one line for each key. Exit codes: 0 everything is fine; 1 a
    /// key is silent, still reading, behind for longer than usual, or polls in a way that may lose changes;
    /// 2 changes were never delivered, or a key asks from the future; 3 the check could not run. Unused and
    /// revoked keys do not count as problems.
    Check {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
    },
    /// Set how often the script with this key should poll.
    ///
    /// A key counts as silent when it has not polled for that time plus 10%.
    Expect {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The key's number, as `key list` shows it.
        #[arg(value_parser = whole)]
        key: i64,
        /// The interval, for example 30m, 12h or 7d.
        #[arg(value_name = "EVERY", required_unless_present = "none")]
        #[serde(with = "text::optional")]
        every: Option<Interval>,
        /// Remove the expected interval: silence is judged by how often the key has polled so far.
        #[arg(long, conflicts_with = "every")]
        none: bool,
    },
    /// Revoke an API key; the key and its sessions stop working immediately.
    Revoke {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The key's number, as `key list` shows it.
        #[arg(value_parser = whole)]
        key: i64,
    },
}
