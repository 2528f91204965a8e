//! `status`.

use clap::Subcommand;
use clap::builder::BoolishValueParser;
use domain::{OrgId, StatusName};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

/// Where a status goes among those to choose from.
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
        /// Also show which count as done, and which one new activities begin with.
        #[arg(long, env = "DRIFTLESS_STATUS_MEANING", value_parser = BoolishValueParser::new())]
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
    /// Move a status one place among those to choose from.
    Move {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The status's id.
        #[arg(value_parser = whole)]
        id: i64,
        /// Which way.
        way: Way,
    },
    /// Bring a retired status back: it can be chosen again.
    Restore {
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
