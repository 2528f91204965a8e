//! Why nothing was imported.

use store::StoreError;
use thiserror::Error;

use crate::base::refusal::{Refusal, unavailable};
use crate::directory::admin_error::AdminError;
use crate::import::not_taken::NotTaken;
use crate::import::row_problems::RowProblems;
use crate::import::spool::SpoolError;

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Rows of tables that cannot be taken as they are.
    #[error("{0}")]
    Rows(RowProblems),
    /// Almost all times of a table are as far from what they were as two time zones: how many, of how many.
    #[error(
        "{0} of {1} start times have been moved by the difference between two time zones since the file was made: a program has done that, as exceljs does unless the machine's time zone is UTC. If you moved them yourself, import with overwrite"
    )]
    Shifted(u64, u64),
    /// A number that was chosen for something new has gone to something else since the files were read.
    #[error(
        "{0} was added meanwhile, under a number or name that this import was going to use. Begin again"
    )]
    AddedMeanwhile(String),
    /// A whole organization cannot be imported.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// The plan's temporary file cannot be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Something about the organization.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The store does not answer. What was written so far stays; run the import again to go on.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Refusal> for ImportError {
    fn from(refusal: Refusal) -> ImportError {
        ImportError::Unavailable(refusal.to_string())
    }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> ImportError {
        unavailable(&error).into()
    }
}
