//! A consistent copy, taken while others read and write.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use store::StoreError;
use thiserror::Error;

use crate::{DATABASE_FILE, SqliteStore, failed, open};

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("{0} exists and is not an empty folder: choose a folder that does not exist yet")]
    Exists(String),
    /// The copy could not be written.
    #[error("cannot write {path}: {problem}")]
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
        // As the data folder itself: for its owner alone.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
        if fs::read_dir(folder).map_err(io)?.next().is_some() {
            return Err(BackupError::Exists(shown));
        }
        let partial = folder.join("backup.partial");
        open::private_file(&partial).map_err(io)?;
        if let Err(e) = self.copy(&partial) {
            let _ = fs::remove_file(&partial); // So that the folder can be named again.
            return Err(e.into());
        }
        File::open(&partial).and_then(|file| file.sync_all()).map_err(io)?;
        fs::rename(&partial, folder.join(DATABASE_FILE)).map_err(io)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
    }

    fn copy(&self, target: &Path) -> Result<(), StoreError> {
        self.database.in_place()?;
        let connection = open::copier(&self.path).map_err(failed)?;
        connection.execute("VACUUM INTO ?1", (target.to_string_lossy(),)).map_err(failed)?;
        // A copy does not inherit the way of writing. It is given it now, so that opening the copy
        // one day, should it have been damaged by then, changes nothing in it.
        let copy = rusqlite::Connection::open(target).map_err(failed)?;
        copy.pragma_update(None, "journal_mode", "WAL").map_err(failed)
    }
}
