//! Why a run ended early.

use thiserror::Error;

use crate::SourceError;
use crate::target::TargetError;

/// Why a run ended early. What it had written until then stays, with its place.
#[derive(Debug, Error)]
pub enum RunError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The target is a mirror of something else.
    #[error(
        "the target mirrors organization {organization:?} of {source_address}: give another target"
    )]
    OtherSource {
        /// The address that it mirrors.
        source_address: String,
        /// The organization.
        organization: String,
    },
    /// Too much would go.
    #[error(
        "{}, more than the {allowed} that --remove-max allows: the target keeps them. If this is right, run it again with --accept-removals",
        lost(*removed, *emptied, *rows)
    )]
    Breaker {
        /// So many would go.
        removed: u64,
        /// So many would lose all that can be empty.
        emptied: u64,
        /// Of so many.
        rows: u64,
        /// So many may.
        allowed: u64,
    },
    /// The target keeps nothing that could be compared.
    #[error(
        "{0} passes everything on and cannot be compared: compare another target with the server"
    )]
    PassedOn(&'static str),
    /// People edit faster than it can be read.
    #[error("the list of the source kept changing while it was read; the next run goes on")]
    Restless,
}

fn lost(removed: u64, emptied: u64, rows: u64) -> String {
    let gone =
        format!("{removed} of the {rows} activities in the target are no longer at the source");
    let empty = "have lost note, end, account, responsible person and custom fields there";
    match (removed, emptied) {
        (_, 0) => gone,
        (0, _) => format!("{emptied} of the {rows} activities in the target {empty}"),
        _ => format!("{gone}, and {emptied} {empty}"),
    }
}
