//! Opening: what is refused is left untouched.

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Marks a SQLite file as ours (`PRAGMA application_id`): the letters `DRFT`.
const APPLICATION_ID: i32 = 0x4452_4654;

/// How long a statement waits for a lock of another process, such as a backup tool.
const BUSY_SECONDS_MAX: u64 = 5;

/// Pages that each connection keeps, in KiB.
const WRITER_CACHE_KIB: i32 = 64 * 1024;
const READER_CACHE_KIB: i32 = 8 * 1024;

/// The write-ahead log is cut back to this after a checkpoint.
const WAL_BYTES_KEPT: i64 = 64 << 20;

/// Why a database was refused.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another program's file.
    #[error("{0} is not a Driftless database")]
    Foreign(String),
    /// Made by a later release.
    #[error(
        "{path} was written by a newer release of Driftless (schema {found}, this one knows {known}): use that release, or a backup from before the update"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The latest schema known here.
        known: i64,
    },
    /// Not readable as what it should be.
    #[error("{path} is damaged ({problem}): restore it from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// What SQLite says.
        problem: String,
    },
    /// The operating system or SQLite could not open it.
    #[error("{path} cannot be opened: {problem}")]
    Failed {
        /// The file.
        path: String,
        /// What went wrong.
        problem: String,
    },
}

/// Opens the writer connection, creating or migrating the database.
pub(crate) fn open(path: &Path) -> Result<Connection, OpenError> {
    let shown = path.display().to_string();
    if path.try_exists().map_err(|e| io_failed(&shown, &e))? {
        examine(path, &shown)?;
    }
    let mut connection = Connection::open(path).map_err(|e| sqlite_failed(&shown, &e))?;
    prepare(&mut connection).map_err(|problem| OpenError::Failed { path: shown, problem })?;
    Ok(connection)
}

/// Looks at an existing file without changing it.
fn examine(path: &Path, shown: &str) -> Result<(), OpenError> {
    let failed = |e: &rusqlite::Error| sqlite_failed(shown, e);
    if std::fs::metadata(path).map_err(|e| io_failed(shown, &e))?.len() == 0 {
        return Ok(()); // Created and never written: a first start that was cut short.
    }
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|e| failed(&e))?;
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| failed(&e))?;
    if tables == 0 {
        return Ok(());
    }
    if pragma("application_id").map_err(|e| failed(&e))? != i64::from(APPLICATION_ID) {
        return Err(OpenError::Foreign(shown.to_owned()));
    }
    let found: i64 = connection
        .query_row("SELECT coalesce(max(version), 0) FROM refinery_schema_history", [], |row| {
            row.get(0)
        })
        .map_err(|e| failed(&e))?;
    let known = i64::from(
        embedded::migrations::runner()
            .get_migrations()
            .iter()
            .map(|m| m.version())
            .max()
            .unwrap_or(0),
    );
    if found > known {
        return Err(OpenError::Newer { path: shown.to_owned(), found, known });
    }
    Ok(())
}

fn prepare(connection: &mut Connection) -> Result<(), String> {
    settle(connection, WRITER_CACHE_KIB).map_err(|e| e.to_string())?;
    let pragmas = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
    };
    pragmas().map_err(|e| e.to_string())?;
    embedded::migrations::runner().run(connection).map_err(|e| e.to_string())?;
    Ok(())
}

/// Opens a reader connection.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    settle(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn settle(connection: &Connection, cache_kib: i32) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

fn io_failed(path: &str, error: &io::Error) -> OpenError {
    OpenError::Failed { path: path.to_owned(), problem: error.to_string() }
}

fn sqlite_failed(path: &str, error: &rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    let (path, problem) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(NotADatabase) => OpenError::Foreign(path),
        Some(DatabaseCorrupt) => OpenError::Damaged { path, problem },
        _ => OpenError::Failed { path, problem },
    }
}
