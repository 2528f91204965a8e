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
    /// jsonl or csv. CSV cells are written as they are: open files of strangers with care.
    #[arg(long, env = "DRIFTLESS_EXPORT_FORMAT", default_value = "jsonl")]
    #[serde(with = "text")]
    pub(crate) format: Format,
    /// Also users, statuses, accounts, name and time zone, in one stream that `import` takes into an empty
    /// organization. Passwords and API keys are not in it, nor is the history.
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
    /// The new data folder; it must not exist, or be empty.
    #[arg(value_name = "DEST")]
    pub(crate) destination: PathBuf,
}
