//! `import` and `accounts`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand};
use domain::{OrgId, Zone};
use files::{ColumnName, ColumnNames, Dates};
use serde::{Deserialize, Serialize};

use crate::text;

#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub(crate) enum Accounts {
    /// Import names from CSV files or workbooks with the header row `id,name`; existing ids get the new name, and rows
    /// without an id make new accounts unless the name exists.
    Import {
        /// The organization's id.
        #[serde(with = "text")]
        org: OrgId,
        /// The files to import; `-` is standard input.
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
    /// The files to import; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Change nothing; show what would be created, overwritten, kept and removed.
    #[arg(long, env = "DRIFTLESS_IMPORT_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,
    /// Import the file's values even for activities that were edited here since, or are newer here.
    #[arg(long, env = "DRIFTLESS_IMPORT_OVERWRITE", value_parser = BoolishValueParser::new())]
    pub(crate) overwrite: bool,
    /// Restore activities that the files contain but that have been removed here.
    #[arg(long, env = "DRIFTLESS_IMPORT_RESTORE", value_parser = BoolishValueParser::new())]
    pub(crate) restore: bool,
    /// Add people, accounts and statuses that the files name but the organization does not have.
    ///
    /// The new people cannot sign in until they have a login.
    #[arg(long, env = "DRIFTLESS_IMPORT_ADD_MISSING", value_parser = BoolishValueParser::new())]
    pub(crate) add_missing: bool,
    /// How dates with slashes are written in tables: us (11/30/2026) or eu (30/11/2026). Without this option
    /// they are rejected unless followed by AM or PM.
    #[arg(long, env = "DRIFTLESS_IMPORT_DATES", value_name = "ORDER")]
    #[serde(with = "text::optional")]
    pub(crate) dates: Option<Dates>,
    /// The time zone for times in tables that do not name one [default: the organization's].
    #[arg(
        long,
        env = "DRIFTLESS_IMPORT_TIME_ZONE",
        value_name = "ZONE",
        allow_hyphen_values = true
    )]
    #[serde(with = "text::optional")]
    pub(crate) time_zone: Option<Zone>,
    /// Map a column to a member of the activity: "Their name=member", for example "Due Date=endDateTime".
    /// "Their name=" ignores the column. Repeat the option for more columns.
    #[arg(long = "map", value_name = "COLUMN")]
    #[serde(with = "text::list")]
    pub(crate) map: Vec<ColumnName>,
    /// Save the --map options in this file, and apply the ones saved there earlier.
    #[arg(long, env = "DRIFTLESS_IMPORT_MAP_FILE", value_name = "FILE")]
    pub(crate) map_file: Option<PathBuf>,
}

impl Import {
    /// Merges the column mappings given now with those saved in the map file, and saves the result there.
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
