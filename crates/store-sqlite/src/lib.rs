//! The embedded store: one SQLite file in a data folder, and beside it the index of words, which can
//! be lost.
//!
//! Write-ahead log, one writer connection, readers beside it. A commit of [`Durability::Power`] is
//! synced before it returns; one of [`Durability::Process`] is left to the operating system.
//!
//! [`Durability::Power`]: store::Durability::Power
//! [`Durability::Process`]: store::Durability::Process

mod backup;
mod examine;
mod open;
mod read;
mod rows;
mod search;
mod write;

use std::path::{Path, PathBuf};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use store::StoreError;

pub use backup::BackupError;
pub use open::OpenError;
pub use search::{SEARCH_FILE, SqliteSearch};

/// The name of the database file within a data folder.
pub const DATABASE_FILE: &str = "driftless.db";

/// Idle reader connections that are kept for the next reader.
const IDLE_READERS_MAX: usize = 16;

/// A data folder's database, open.
pub struct SqliteStore {
    path: PathBuf,
    /// None after a commit of unknown outcome, until it has been opened again.
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
}

impl SqliteStore {
    /// Opens the database of a data folder, or creates it; brings an older one up to date. A folder
    /// that this process has open already must not be opened again.
    ///
    /// # Errors
    /// When it cannot be opened, is not ours, is damaged, or was written by a newer release; then
    /// nothing in the folder has been touched.
    pub fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
        let path = folder.join(DATABASE_FILE);
        open::examine(&path)?;
        let writer = open::open(&path)?;
        Ok(SqliteStore { path, writer: Mutex::new(Some(writer)), readers: Mutex::default() })
    }

    /// Runs a query on a reader connection of its own.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open::reader(&self.path).map_err(failed)?,
        };
        let result = query(&connection);
        let mut readers = self.readers.lock();
        if readers.len() < IDLE_READERS_MAX {
            readers.push(connection);
        }
        result
    }

    fn writer(&self) -> MutexGuard<'_, Option<Connection>> {
        self.writer.lock()
    }
}

/// Tells damage from what may pass.
#[expect(clippy::needless_pass_by_value, reason = "the form that `map_err` takes")]
fn failed(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    use rusqlite::ErrorCode::{ConstraintViolation, DatabaseCorrupt, NotADatabase};
    let unreadable_value = matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..)
    );
    match error.sqlite_error_code() {
        // A row that cannot be there beside those that are: some are not as they should be.
        Some(DatabaseCorrupt | NotADatabase | ConstraintViolation) => {
            StoreError::Damaged(error.to_string())
        }
        _ if unreadable_value => StoreError::Damaged(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
