//! Opening a data folder. A refused folder is left untouched.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use crate::DATABASE_FILE;
use crate::marker::{self, Content, Lacking, MARKER_FILE, Unreadable};
use crate::schema;

/// Marks a SQLite file as ours (`PRAGMA application_id`): the letters `DRFT`.
const APPLICATION_ID: i32 = 0x4452_4654;

/// The header of a SQLite file, and where the mark stands in it.
const HEADER_BYTES: usize = 100;
const APPLICATION_ID_AT: usize = 68;

/// How long a statement waits for a lock of another process, such as a backup tool.
const BUSY_SECONDS_MAX: u64 = 5;

/// Pages that each connection keeps, in KiB. Those that are read are mostly kept by the operating system too.
const WRITER_CACHE_KIB: i32 = 16 * 1024;
const READER_CACHE_KIB: i32 = 1024;

/// Pages that the write-ahead log gathers before they are copied into the database. Of random updates
/// many hit the same pages: the more gather, the fewer are copied, but the longer the copying keeps a
/// commit waiting. SQLite's own choice is 1,000.
const WAL_PAGES_GATHERED: i64 = 4_000;

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
        "{path} was written by a newer release of Driftless (schema {found}; this release supports up to {known}): use that release, or a backup from before the update"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The latest schema known here.
        known: i64,
    },
    /// Not a readable database.
    #[error("{path} is damaged ({problem}): restore it from a backup")]
    Damaged {
        /// The file.
        path: String,
        /// What SQLite says.
        problem: String,
    },
    /// It was there, and is gone.
    #[error(
        "{path} is missing, but {sign} shows that there was one: put it back, or restore a backup into a new folder (to start over without data, remove {sign} first)"
    )]
    Missing {
        /// The file.
        path: String,
        /// What shows it.
        sign: String,
    },
    /// It is older than what has been told from it: its write-ahead log was removed, or an older copy
    /// put in its place.
    #[error(
        "{path} has lost data ({lacking}): put back what was removed (was it {path}-wal?), or restore a backup into a new folder; to continue with the remaining data, remove {marker} first and let every integration read everything again"
    )]
    Lacking {
        /// The file.
        path: String,
        /// What is not there.
        lacking: String,
        /// The file that tells.
        marker: String,
    },
    /// What tells whether it has everything is not what was written.
    #[error(
        "{marker} is damaged ({problem}), so it is not possible to tell whether {path} has lost data: put back what was changed or removed in the folder, or restore a backup into a new one; to continue with the existing data, remove {marker} first and let every integration read everything again"
    )]
    MarkerDamaged {
        /// The database.
        path: String,
        /// The file that tells.
        marker: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It is another folder's, or a copy that has been served elsewhere since.
    #[error(
        "{path} is not the database that {marker} was written for: put that one back, or move this one to a new folder; to use it here, remove {marker} first and let every integration read everything again"
    )]
    Exchanged {
        /// The file.
        path: String,
        /// The file that tells.
        marker: String,
    },
    /// The operating system or SQLite could not open it.
    #[error("cannot open {path}: {problem}")]
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
    if !path.try_exists().map_err(|e| io_failed(&shown, &e))? {
        create(path)?;
    }
    writer(path)
}

/// Makes a database under another name, and gives it its own when it is whole: a file that is there
/// and empty is then one that has lost its contents.
fn create(path: &Path) -> Result<(), OpenError> {
    let new = path.with_extension("new");
    let shown = path.display().to_string();
    if let Err(e) = path.parent().map_or(Ok(()), |folder| std::fs::metadata(folder).map(|_| ())) {
        return Err(io_failed(&shown, &e));
    }
    if new.try_exists().map_err(|e| io_failed(&shown, &e))? {
        std::fs::remove_file(&new).map_err(|e| io_failed(&shown, &e))?;
    }
    private_file(&new).map_err(|e| io_failed(&shown, &e))?;
    drop(writer(&new)?); // The last to close it empties its log.
    std::fs::rename(&new, path).map_err(|e| io_failed(&shown, &e))?;
    let folder = path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all());
    folder.map_err(|e| io_failed(&shown, &e))
}

/// Creates an empty file for its owner alone, whatever the umask. SQLite takes such a file for a new database, and
/// gives its write-ahead log the same mode.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Opens the writer connection of a database that has been open before. One that has vanished is
/// not taken for an empty one.
pub(crate) fn reopen(path: &Path) -> Result<Connection, OpenError> {
    writer(path)
}

fn writer(path: &Path) -> Result<Connection, OpenError> {
    let shown = path.display().to_string();
    let mut connection =
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|e| sqlite_failed(&shown, &e))?;
    prepare(&mut connection).map_err(|problem| OpenError::Failed { path: shown, problem })?;
    Ok(connection)
}

/// What shows that a folder had a database: its marker, or a write-ahead log, which SQLite would take for
/// a new database's.
pub(crate) fn sign_of_a_database(folder: &Path) -> io::Result<Option<PathBuf>> {
    if marker::exists(folder)? {
        return Ok(Some(folder.join(MARKER_FILE)));
    }
    let log = log_of(&folder.join(DATABASE_FILE));
    Ok(is_filled(&log).then_some(log))
}

/// The write-ahead log of a database.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

fn is_filled(log: &Path) -> bool {
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Looks at a folder's database, if there is one, without changing it or leaving anything beside it. Gives
/// what the marker says, if there is one.
///
/// Not for a database that is open in this process: closing a file makes the operating system drop
/// the locks that SQLite has on it.
pub(crate) fn examine(folder: &Path, path: &Path) -> Result<Option<Content>, OpenError> {
    let shown = path.display().to_string();
    if !path.try_exists().map_err(|e| io_failed(&shown, &e))? {
        let sign = sign_of_a_database(folder).map_err(|e| io_failed(&shown, &e))?;
        return match sign.map(|sign| sign.display().to_string()) {
            Some(sign) => Err(OpenError::Missing { path: shown, sign }),
            None => Ok(None),
        };
    }
    let header = header(path).map_err(|e| io_failed(&shown, &e))?;
    if header.is_empty() {
        let problem = "it is empty".to_owned();
        return Err(OpenError::Damaged { path: shown, problem });
    }
    // SQLite is not asked: it takes a file of a few bytes for an empty database.
    if header.len() < HEADER_BYTES
        || !header.starts_with(b"SQLite format 3\0")
        || header[APPLICATION_ID_AT..][..4] != APPLICATION_ID.to_be_bytes()
    {
        return Err(OpenError::Foreign(shown));
    }
    let connection = onlooker(path).map_err(|e| sqlite_failed(&shown, &e))?;
    let found = schema::version(&connection).map_err(|e| sqlite_failed(&shown, &e))?;
    if found > schema::KNOWN {
        return Err(OpenError::Newer { path: shown, found, known: schema::KNOWN });
    }
    has_what_is_marked(folder, shown, &connection)
}

/// Compares a database with the marker beside it, and gives what that says.
fn has_what_is_marked(
    folder: &Path,
    path: String,
    database: &Connection,
) -> Result<Option<Content>, OpenError> {
    let marker = folder.join(MARKER_FILE).display().to_string();
    let marked = match Content::read(folder) {
        Ok(Some(marked)) => marked,
        Ok(None) => return Ok(None),
        Err(Unreadable::Damaged(problem)) => {
            return Err(OpenError::MarkerDamaged { path, marker, problem });
        }
        Err(Unreadable::Failed(e)) => return Err(io_failed(&marker, &e)),
    };
    match marked.lacking(database).map_err(|e| sqlite_failed(&path, &e))? {
        Some(Lacking::Everything) => Err(OpenError::Exchanged { path, marker }),
        Some(Lacking::Part(lacking)) => Err(OpenError::Lacking { path, lacking, marker }),
        None => Ok(Some(marked)),
    }
}

/// The first bytes of a file.
fn header(path: &Path) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    File::open(path)?.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    Ok(header)
}

/// A connection that leaves a database and what lies beside it as they are.
fn onlooker(path: &Path) -> rusqlite::Result<Connection> {
    // On closing, a connection that may write moves the log into the database, one that may only
    // read leaves an empty log beside it: each is used where it does no such thing.
    let access = match is_filled(&log_of(path)) {
        true => OpenFlags::SQLITE_OPEN_READ_ONLY,
        false => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    connect(path, access)
}

fn prepare(connection: &mut Connection) -> Result<(), String> {
    settle(connection, WRITER_CACHE_KIB).map_err(|e| e.to_string())?;
    let pragmas = || -> rusqlite::Result<()> {
        // Only where it is missing: setting it writes, and a damaged file is left as it is.
        let marked: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if marked != APPLICATION_ID {
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES_GATHERED)?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)
    };
    pragmas().map_err(|e| e.to_string())?;
    schema::bring_up_to_date(connection).map_err(|e| e.to_string())
}

/// Opens a reader connection.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    settle(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens a connection that copies the write-ahead log into the database. It leaves the log to the writer when it is
/// closed.
pub(crate) fn copying(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    settle(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

/// Opens a connection that copies. A reader's `query_only` would forbid it to write the copy.
pub(crate) fn copier(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    settle(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

fn settle(connection: &Connection, cache_kib: i32) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
    // A plan does not depend on what is asked for: otherwise some statements are planned anew each time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}

pub(crate) fn io_failed(path: &str, error: &io::Error) -> OpenError {
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
