//! `export`, `history` and `backup`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use domain::OrgId;
use neon::export::Format;
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

#[derive(Args, Debug, Serialize, Deserialize)]
pub(crate) struct Export {
    /// The organization's id.
    #[serde(with = "text")]
    pub(crate) org: OrgId,
    /// The format, jsonl or csv. CSV cells are not guarded against formulas: be careful when you open a
    /// file with other people's text in a spreadsheet.
    #[arg(long, env = "DRIFTLESS_EXPORT_FORMAT", default_value = "jsonl")]
    #[serde(with = "text")]
    pub(crate) format: Format,
    /// Also export users, statuses, accounts, and the organization's name and time zone, in one stream that
    /// `import` loads into an empty organization. Passwords, API keys and the history are not exported.
    #[arg(long, env = "DRIFTLESS_EXPORT_ALL", conflicts_with = "format",
          value_parser = BoolishValueParser::new())]
    pub(crate) all: bool,
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
    /// The new data folder; it must be empty or not exist yet.
    #[arg(value_name = "DEST")]
    pub(crate) destination: PathBuf,
}
