//! `import` and `accounts`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use domain::{OrgId, Zone};
use neon::files::{ColumnName, ColumnNames, Dates};
use serde::{Deserialize, Serialize};

use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Accounts {
    /// Import names from CSV files or workbooks, whose first row is `id,name`; known ids get the new name.
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
    /// Add the people, accounts and statuses that the files name and that the organization does not have.
    ///
    /// People who are added cannot sign in until they are given a login.
    #[arg(long, env = "DRIFTLESS_IMPORT_ADD_MISSING", value_parser = BoolishValueParser::new())]
    pub(crate) add_missing: bool,
    /// How tables write dates with slashes: us (11/30/2026) or eu (30/11/2026). Without this they are refused
    /// unless AM or PM follows.
    #[arg(long, env = "DRIFTLESS_IMPORT_DATES", value_name = "ORDER")]
    #[serde(with = "text::optional")]
    pub(crate) dates: Option<Dates>,
    /// The time zone of times in tables that name none [default: the organization's].
    #[arg(
        long,
        env = "DRIFTLESS_IMPORT_TIME_ZONE",
        value_name = "ZONE",
        allow_hyphen_values = true
    )]
    #[serde(with = "text::optional")]
    pub(crate) time_zone: Option<Zone>,
    /// What a column of a table is: "Their name=member", like "Due Date=endDateTime"; several times for several
    /// columns. "Their name=" leaves a column out.
    #[arg(long = "map", value_name = "COLUMN")]
    #[serde(with = "text::list")]
    pub(crate) map: Vec<ColumnName>,
    /// Keep what --map says in this file, and read from it what it said the last time.
    #[arg(long, env = "DRIFTLESS_IMPORT_MAP_FILE", value_name = "FILE")]
    pub(crate) map_file: Option<PathBuf>,
}

impl Import {
    /// Adds to what is said of columns what the file of the last time has kept, and keeps all of it there.
    pub(crate) fn keep_columns(&mut self) -> Result<(), String> {
        let Some(path) = self.map_file.take() else { return Ok(()) };
        let told = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let kept = match std::fs::read_to_string(&path) {
            Ok(kept) => kept,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !self.map.is_empty() => {
                String::new()
            }
            Err(e) => return Err(told(&e)),
        };
        let mut names = Vec::new();
        for line in kept.lines().filter(|line| !line.trim().is_empty()) {
            names.push(line.parse::<ColumnName>().map_err(|e| told(&format!("{line:?}: {e}")))?);
        }
        names.append(&mut self.map);
        let mut all = ColumnNames::default();
        names.iter().for_each(|name| all.say(name.clone()));
        let text: String = all.said().map(|name| format!("{name}\n")).collect();
        if text != kept {
            std::fs::write(&path, text).map_err(|e| told(&e))?;
        }
        self.map = names;
        Ok(())
    }
}
