//! `import` and `accounts`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use domain::OrgId;
use serde::{Deserialize, Serialize};

use crate::text;

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
    /// Leave activities that have been removed here removed, and import the rest.
    #[arg(long, env = "DRIFTLESS_IMPORT_SKIP_REMOVED", conflicts_with = "restore",
          value_parser = BoolishValueParser::new())]
    pub(crate) skip_removed: bool,
}
