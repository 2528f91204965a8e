//! `audit`.

use clap::{Args, ValueEnum};
use domain::{AuditKind, OrgId};
use serde::{Deserialize, Serialize};

use super::whole;
use crate::text;

#[derive(Args, Debug, Serialize, Deserialize)]
pub(crate) struct Audit {
    /// The organization's id.
    #[serde(with = "text")]
    pub(crate) org: OrgId,
    /// Show only one kind of entries, for example sign-in, sign-in-refused, key, user, password or export.
    #[arg(long, env = "DRIFTLESS_AUDIT_KIND")]
    #[serde(with = "text::optional")]
    pub(crate) kind: Option<AuditKind>,
    /// Show only what the user with this id did.
    #[arg(long, env = "DRIFTLESS_AUDIT_USER", value_name = "ID", value_parser = whole)]
    pub(crate) user: Option<i64>,
    /// The number of entries to show; 0 shows all.
    #[arg(long, env = "DRIFTLESS_AUDIT_LIMIT", default_value_t = 100)]
    pub(crate) limit: u64,
    /// The format: text, or json with one object per line and times in UTC.
    #[arg(long, env = "DRIFTLESS_AUDIT_FORMAT", default_value = "text")]
    pub(crate) format: AuditFormat,
}

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum AuditFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}
