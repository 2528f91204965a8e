//! Why a question has no answer.

use store::StoreError;
use thiserror::Error;

use crate::base::refusal::{DAMAGED, Refusal};
use crate::limits::room::NoRoom;
use crate::runs::RUN_KEPT_MINUTES_MIN;

/// Why a question has no answer now.
#[derive(Debug, Error)]
pub enum AskError {
    /// The run that the page belongs to was lost with a process that died.
    #[error("the paged request that page {0} belongs to was interrupted by a restart")]
    BeginAgain(u64),
    /// The run that the page belongs to may have been dropped for others of the same key.
    #[error(
        "the paged request that page {0} belongs to may have expired because this key has made too many others"
    )]
    Dropped(u64),
    /// The page may belong to either of two runs of the session that differ in To alone.
    #[error(
        "page {0} could belong to either of two requests of this session that differ only in To"
    )]
    Ambiguous(u64),
    /// The key has too many runs under way.
    #[error(
        "this key has {max} paged requests in progress, none of them idle for {} minutes: finish some of them first, or send fewer",
        RUN_KEPT_MINUTES_MIN
    )]
    TooManyRuns {
        /// How many it may have.
        max: usize,
    },
    /// There is no room for the answer.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The store cannot answer.
    #[error("{0}")]
    Unavailable(String),
}

impl AskError {
    /// Whether the run that the page belongs to is over, so that only page 1 leads on.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, AskError::BeginAgain(_) | AskError::Dropped(_) | AskError::Ambiguous(_))
    }
}

impl From<StoreError> for AskError {
    fn from(error: StoreError) -> AskError {
        AskError::Unavailable(match error {
            StoreError::Unavailable(problem) => {
                tracing::warn!(problem, "cannot use the database");
                problem
            }
            StoreError::Damaged(problem) => {
                tracing::error!(
                    problem,
                    "the data folder is damaged; `driftless check` shows where"
                );
                format!("a record cannot be read: {DAMAGED}")
            }
        })
    }
}

impl From<Refusal> for AskError {
    fn from(refusal: Refusal) -> AskError {
        AskError::Unavailable(refusal.to_string())
    }
}
