//! A consistent copy, taken while others read and write.

use std::fs::File;
use std::path::Path;

use store::StoreError;
use thiserror::Error;

use crate::{DATABASE_FILE, SqliteStore, failed};

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("{0} exists and is not an empty folder: name a folder that does not exist yet")]
    Exists(String),
    /// The copy could not be written.
    #[error("{path} cannot be written: {problem}")]
    Failed {
        /// Where.
        path: String,
        /// What went wrong.
        problem: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SqliteStore {
    /// Copies everything committed by now into a new data folder.
    ///
    /// The copy is one snapshot, whatever is written meanwhile, and holds up nobody. It appears
    /// under its name when it is whole and on disk.
    ///
    /// # Errors
    /// See [`BackupError`].
    pub fn backup(&self, folder: &Path) -> Result<(), BackupError> {
        let shown = folder.display().to_string();
        let io =
            |e: std::io::Error| BackupError::Failed { path: shown.clone(), problem: e.to_string() };
        std::fs::create_dir_all(folder).map_err(io)?;
        if std::fs::read_dir(folder).map_err(io)?.next().is_some() {
            return Err(BackupError::Exists(shown));
        }
        let partial = folder.join("backup.partial");
        let target = partial.to_string_lossy();
        self.read(|c| c.execute("VACUUM INTO ?1", (target,)).map(|_| ()).map_err(failed))?;
        File::open(&partial).and_then(|file| file.sync_all()).map_err(io)?;
        std::fs::rename(&partial, folder.join(DATABASE_FILE)).map_err(io)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
    }
}
