//! How storing can fail.

use thiserror::Error;

/// A store could not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// It cannot read or write now: disk full, input/output error, lock held too long.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Its content contradicts itself or cannot be read.
    #[error("the data folder is damaged: {0}")]
    Damaged(String),
}

/// A commit did not report success.
#[derive(Debug, Error)]
pub enum CommitError {
    /// It is certainly not there and will never be.
    #[error(transparent)]
    Refused(StoreError),
    /// It may be there or not: the store has to be reopened and asked.
    #[error("it is not known whether the commit succeeded: {0}")]
    Unknown(String),
}
