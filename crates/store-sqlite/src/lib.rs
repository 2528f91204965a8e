//! The embedded store: one SQLite file in a data folder, the marker, which shows whether data was lost, and the
//! search index, which can be rebuilt.
//!
//! Write-ahead log, one writer connection, and several readers. A commit of [`Durability::Power`] is synced
//! before it returns; one of [`Durability::Process`] is left to the operating system.
//!
//! [`Durability::Power`]: store::Durability::Power
//! [`Durability::Process`]: store::Durability::Process

mod backup;
mod checksum;
mod copying;
mod examine;
mod in_place;
mod marker;
mod open;
mod read;
mod rows;
mod schema;
mod search;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use store::StoreError;

use crate::copying::Copier;
use crate::in_place::Opened;
use crate::marker::Marker;

pub use backup::BackupError;
pub use marker::MARKER_FILE;
pub use open::OpenError;
pub use search::{SEARCH_FILE, SqliteSearch};

/// The name of the database file within a data folder.
pub const DATABASE_FILE: &str = "driftless.db";

/// Idle reader connections that are kept for the next reader.
const IDLE_READERS_MAX: usize = 16;

/// A data folder's database, open.
pub struct SqliteStore {
    folder: PathBuf,
    path: PathBuf,
    /// The database, as long as this is open.
    database: Opened,
    is_unmarked: bool,
    copier: Copier,
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Connection>>,
}

/// The one who writes: a connection, and the marker that follows what it commits.
pub(crate) struct Writer {
    /// None after a commit of unknown outcome, until it has been opened again.
    pub(crate) connection: Option<Connection>,
    /// The write-ahead log, which keeps its file as long as that connection is open.
    pub(crate) log: Opened,
    pub(crate) marker: Marker,
}

/// Whether a data folder has a database, or had one: one whose database alone has gone is no new folder.
///
/// # Errors
/// When the folder cannot be read.
pub fn is_begun(folder: &Path) -> io::Result<bool> {
    Ok(folder.join(DATABASE_FILE).try_exists()? || open::sign_of_a_database(folder)?.is_some())
}

impl SqliteStore {
    /// Opens the database of a data folder, or creates it; brings an older one up to date. A folder
    /// that this process has open already must not be opened again.
    ///
    /// # Errors
    /// When it cannot be opened, is not ours, is damaged, was written by a newer release, or lacks what
    /// it has held; then nothing in the folder has been touched.
    pub fn open(folder: &Path) -> Result<SqliteStore, OpenError> {
        let path = folder.join(DATABASE_FILE);
        let marked = open::examine(folder, &path)?;
        let is_unmarked = marked.is_none() && path.exists();
        let connection = open::open(&path)?;
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |e: io::Error| open::io_failed(&path, &e)
        };
        let log = open::log_of(&path);
        let (database, log) =
            (Opened::at(&path).map_err(failed(&path))?, Opened::at(&log).map_err(failed(&log))?);
        let marker = Marker::open(folder, marked).map_err(failed(&folder.join(MARKER_FILE)))?;
        let writer = Mutex::new(Writer { connection: Some(connection), log, marker });
        let (folder, copier, readers) = (folder.to_owned(), Copier::start(&path), Mutex::default());
        Ok(SqliteStore { folder, path, database, is_unmarked, copier, writer, readers })
    }

    /// Whether there was a database without a marker when this was opened: a backup, or one whose marker was
    /// removed. Whether such a one lacks what was acknowledged, nobody can tell.
    #[must_use]
    pub fn is_unmarked(&self) -> bool {
        self.is_unmarked
    }

    /// What tells this database from every other, as long as it has a marker; none where nothing has been committed
    /// to it for good yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn identity(&self) -> Result<Option<[u8; 16]>, StoreError> {
        self.read(|database| marker::identity(database).map_err(failed))
    }

    /// Runs a query on a reader connection of its own.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                self.database.in_place()?;
                open::reader(&self.path).map_err(failed)?
            }
        };
        let result = query(&connection);
        let mut readers = self.readers.lock();
        if readers.len() < IDLE_READERS_MAX {
            readers.push(connection);
        }
        result
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
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
