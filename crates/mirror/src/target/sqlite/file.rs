//! The file of a database: whether it is there, its copy, and the lock next to it.

use std::fs::{File, TryLockError};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{BUSY, OWN_TABLE, SqliteTarget, failed, has_table};
use crate::target::TargetError;

impl SqliteTarget {
    /// Whether there is a mirror's database; nothing is made.
    pub(in crate::target) fn is_at(file: &Path) -> Result<bool, TargetError> {
        if !file.exists() {
            return Ok(false);
        }
        let looked = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|connection| has_table(&connection, OWN_TABLE));
        looked.map_err(|error| failed(&format!("sqlite:{}", file.display()), &error))
    }

    /// Copies the database as it is now, also while a mirror writes to it.
    ///
    /// # Errors
    /// When it cannot be read, or the copy cannot be written.
    pub fn copy(file: &Path, to: &Path) -> Result<(), TargetError> {
        let copied = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(
            |connection| {
                connection.busy_timeout(BUSY)?;
                connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])
            },
        );
        copied.map_err(|error| failed(&format!("sqlite:{}", file.display()), &error))?;
        let synced = File::open(to).and_then(|copy| copy.sync_all());
        synced.map_err(|error| TargetError::Failed {
            target: to.display().to_string(),
            problem: error.to_string(),
        })
    }
}

pub(super) fn lock(target: &str, file: &Path) -> Result<File, TargetError> {
    let opened = File::options().create(true).append(true).open(file);
    let locked =
        opened.map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| file));
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => TargetError::InUse { target: target.to_owned() },
        TryLockError::Error(error) => TargetError::Failed {
            target: target.to_owned(),
            problem: format!("{}: {error}", file.display()),
        },
    })
}
