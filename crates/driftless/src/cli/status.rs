//! `status`.

use clap::Subcommand;
use clap::builder::BoolishValueParser;
use domain::{OrgId, StatusName};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

/// Which way a status moves in the list of choices.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// One place up.
    Up,
    /// One place down.
    Down,
}

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Status {
    /// List the statuses of an organization.
    List {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// Also show which statuses count as done, and which one new activities start with.
        #[arg(long, env = "DRIFTLESS_STATUS_MEANING", value_parser = BoolishValueParser::new())]
        meaning: bool,
    },
    /// Add a status and print its id.
    Add {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's name.
        #[serde(with = "text")]
        name: StatusName,
        /// The id [default: the next free one].
        #[arg(long, env = "DRIFTLESS_STATUS_ID", value_parser = clap::value_parser!(i64).range(1..=domain::ID_MAX))]
        id: Option<i64>,
    },
    /// Rename a status. Every activity with this status gets a new time of change.
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
    /// Count activities with this status as done: the web pages no longer list them as due.
    Done {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Count activities with this status as still to do.
    ToDo {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Preselect this status for new activities in the web pages.
    Begin {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Move a status one place up or down in the list of choices.
    Move {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// The direction.
        way: Way,
    },
    /// Restore a retired status, so that it can be chosen again.
    Restore {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
    /// Retire a status: activities that have it keep it, but it can no longer be chosen.
    Retire {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
    },
}
