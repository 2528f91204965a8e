//! The index of words: a SQLite file of its own, since it is derived. It is no part of a commit nor of
//! a backup, and whatever is wrong with it, it is thrown away and built anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{ActivityId, OrgKey, Seq, Stamp};
use parking_lot::{Mutex, RwLock};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::{Connection, OptionalExtension};
use store::{Mark, SearchIndex, StoreError, Text};

use crate::failed;
use crate::rows::{self, number};

/// The name of the index's file within a data folder.
pub const SEARCH_FILE: &str = "driftless-search.db";

/// What the file is like inside: a file of another number is built anew.
const SCHEMA: i64 = 1;

/// How texts become words: without case and accents.
const TOKENIZER: &str = "tokenize = 'unicode61 remove_diacritics 2'";

/// The most words of a question that count.
const WORDS_MAX: u32 = 32;

/// Idle reader connections that are kept for the next reader.
const IDLE_READERS_MAX: usize = 8;

const BUSY_SECONDS_MAX: u64 = 5;
const WRITER_CACHE_KIB: i64 = 32 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;

/// The index of words of a data folder, open.
pub struct SqliteSearch {
    path: PathBuf,
    /// Exclusively to be held while the file is thrown away.
    file: RwLock<IndexFile>,
    /// Takes questions apart into words as the index does with texts; keeps nothing.
    splitter: Mutex<Connection>,
}

struct IndexFile {
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl SqliteSearch {
    /// Opens the index of a data folder; makes an empty one where there is none that can be used.
    ///
    /// # Errors
    /// When the file can be neither opened nor replaced.
    pub fn open(folder: &Path) -> Result<SqliteSearch, StoreError> {
        let path = folder.join(SEARCH_FILE);
        let file = IndexFile::open(&path).or_else(|_| IndexFile::anew(&path))?;
        let splitter = splitter().map_err(failed)?;
        Ok(SqliteSearch { path, file: RwLock::new(file), splitter: Mutex::new(splitter) })
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let done = work(&mut self.file.read().writer.lock());
        self.or_anew(done)
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let done = self.file.read().read(&self.path, work);
        self.or_anew(done)
    }

    /// Throws the file away if it turned out to be damaged.
    fn or_anew<T>(&self, done: rusqlite::Result<T>) -> Result<T, StoreError> {
        match done.map_err(failed) {
            Err(StoreError::Damaged(problem)) => {
                // Locked before the file is thrown away: others read and write it.
                let mut file = self.file.write();
                *file = IndexFile::anew(&self.path)?;
                let problem =
                    format!("the index of words was damaged, it is built anew: {problem}");
                Err(StoreError::Unavailable(problem))
            }
            done => done,
        }
    }

    /// A text as a question to FTS5: every word has to be there, the last one may be only begun. What
    /// comes out of the splitter has no quotes and no signs, so that nothing in it is syntax.
    fn question(&self, text: &str) -> Result<String, StoreError> {
        let words = split(&mut self.splitter.lock(), text).map_err(failed)?;
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let begun = if quoted.is_empty() { "" } else { "*" };
        Ok(quoted.join(" AND ") + begun)
    }
}

impl IndexFile {
    fn open(path: &Path) -> Result<IndexFile, StoreError> {
        let connection = connect(path, WRITER_CACHE_KIB).map_err(failed)?;
        let prepare = || -> rusqlite::Result<i64> {
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // Not synced with each commit: after a power cut it lags behind, and is still in order.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let schema = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
            if tables > 0 {
                return Ok(schema);
            }
            connection.execute_batch(&format!(
                "BEGIN;
                 CREATE TABLE mark (
                     organization INTEGER PRIMARY KEY,
                     seq          INTEGER NOT NULL,   -- the last version taken in
                     stamp        INTEGER NOT NULL    -- and its stamp
                 ) STRICT;
                 PRAGMA user_version = {SCHEMA};
                 COMMIT"
            ))?;
            Ok(SCHEMA)
        };
        match prepare().map_err(failed)? {
            SCHEMA => Ok(IndexFile { writer: Mutex::new(connection), readers: Mutex::default() }),
            other => Err(StoreError::Damaged(format!("schema {other}"))),
        }
    }

    /// In place of whatever is there.
    fn anew(path: &Path) -> Result<IndexFile, StoreError> {
        for end in ["", "-wal", "-shm"] {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            match std::fs::remove_file(&file) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::Unavailable(e.to_string()));
                }
                _ => {}
            }
        }
        IndexFile::open(path)
    }

    fn read<T>(
        &self,
        path: &Path,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self.readers.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => reader(path)?,
        };
        let done = work(&connection);
        let mut readers = self.readers.lock();
        if readers.len() < IDLE_READERS_MAX {
            readers.push(connection);
        }
        done
    }
}

impl SearchIndex for SqliteSearch {
    fn mark(&self, org: OrgKey) -> Result<Mark, StoreError> {
        self.read(|c| mark(c, org))
    }

    fn put(
        &self,
        org: OrgKey,
        mark: Mark,
        changed: &[(ActivityId, Option<Text<'_>>)],
    ) -> Result<(), StoreError> {
        let table = table(org);
        self.write(|c| {
            let transaction = c.transaction()?;
            // Without the texts: they stand in the log.
            transaction.execute_batch(&format!(
                "CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(
                     subject, note, content = '', contentless_delete = 1, detail = none, {TOKENIZER})"
            ))?;
            {
                let mut delete = transaction
                    .prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?;
                let mut insert = transaction.prepare_cached(&format!(
                    "INSERT INTO {table} (rowid, subject, note) VALUES (?1, ?2, ?3)"
                ))?;
                for (id, text) in changed {
                    delete.execute((id.0,))?;
                    if let Some(text) = text {
                        insert.execute((id.0, text.subject, text.note))?;
                    }
                }
            }
            transaction.execute(
                "INSERT OR REPLACE INTO mark (organization, seq, stamp) VALUES (?1, ?2, ?3)",
                (org.0, number(mark.seq), mark.stamp.millis()),
            )?;
            transaction.commit()
        })
    }

    fn forget(&self, org: OrgKey) -> Result<(), StoreError> {
        let table = table(org);
        self.write(|c| {
            let transaction = c.transaction()?;
            transaction.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
            transaction.execute("DELETE FROM mark WHERE organization = ?1", (org.0,))?;
            transaction.commit()
        })
    }

    fn find(
        &self,
        org: OrgKey,
        as_of: Seq,
        words: &str,
    ) -> Result<Option<Vec<ActivityId>>, StoreError> {
        let question = self.question(words)?;
        if question.is_empty() {
            return Ok(None);
        }
        let all = |c: &Connection| {
            // One row of many ids instead of many rows: it takes a third of the time.
            let sql = format!("SELECT all_ids(rowid) FROM {} WHERE {0} MATCH ?1", table(org));
            let ids = |row: &rusqlite::Row<'_>| Ok(unpacked(row.get_ref(0)?.as_blob()?));
            c.prepare_cached(&sql)?.query_row((&question,), ids)
        };
        self.read_as_of(org, as_of, all).map(Some)
    }

    fn find_among(
        &self,
        org: OrgKey,
        as_of: Seq,
        words: &str,
        among: &[ActivityId],
    ) -> Result<Vec<ActivityId>, StoreError> {
        let question = self.question(words)?;
        if question.is_empty() {
            return Ok(Vec::new());
        }
        self.read_as_of(org, as_of, |c| {
            let sql = format!("SELECT 1 FROM {} WHERE {0} MATCH ?1 AND rowid = ?2", table(org));
            let mut statement = c.prepare_cached(&sql)?;
            let mut found = Vec::new();
            for id in among {
                if statement.exists((&question, id.0))? {
                    found.push(*id);
                }
            }
            Ok(found)
        })
    }
}

impl SqliteSearch {
    /// Asks an organization's table, if it has come exactly so far; of an empty log it need not be asked.
    fn read_as_of(
        &self,
        org: OrgKey,
        as_of: Seq,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<Vec<ActivityId>>,
    ) -> Result<Vec<ActivityId>, StoreError> {
        let found = self.read(|c| {
            let _snapshot = c.unchecked_transaction()?;
            let mark = mark(c, org)?;
            let asked = mark.seq == as_of && as_of != Seq::ZERO;
            Ok((mark.seq, if asked { ask(c)? } else { Vec::new() }))
        })?;
        match found {
            (seq, ids) if seq == as_of => Ok(ids),
            _ => Err(StoreError::Unavailable("the index of words is being built".to_owned())),
        }
    }
}

/// Each organization has a table of its own: none is found in another's, and none makes another's
/// slow.
fn table(org: OrgKey) -> String {
    format!("\"words_{}\"", org.0)
}

fn mark(connection: &Connection, org: OrgKey) -> rusqlite::Result<Mark> {
    let mut statement =
        connection.prepare_cached("SELECT seq, stamp FROM mark WHERE organization = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Mark { seq: rows::seq(row.get(0)?), stamp: Stamp::from_millis(row.get(1)?) })
    };
    Ok(statement.query_row((org.0,), read).optional()?.unwrap_or(Mark::START))
}

fn connect(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
    connection.pragma_update(None, "cache_size", -cache_kib)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_aggregate_function("all_ids", 1, flags, AllIds)?;
    Ok(connection)
}

fn splitter() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE question USING fts5(text, {TOKENIZER});
         CREATE VIRTUAL TABLE word USING fts5vocab(question, instance)"
    ))?;
    Ok(connection)
}

/// The words of a text, as the index would take them.
fn split(splitter: &mut Connection, text: &str) -> rusqlite::Result<Vec<String>> {
    let taken_back = splitter.transaction()?;
    taken_back.prepare_cached("INSERT INTO question (text) VALUES (?1)")?.execute((text,))?;
    let mut words = taken_back.prepare_cached("SELECT term FROM word ORDER BY offset LIMIT ?1")?;
    words.query_map((WORDS_MAX,), |row| row.get(0))?.collect()
}

/// Gathers ids into one value, each as eight bytes.
struct AllIds;

impl Aggregate<Vec<u8>, Vec<u8>> for AllIds {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn step(&self, row: &mut Context<'_>, ids: &mut Vec<u8>) -> rusqlite::Result<()> {
        ids.extend_from_slice(&row.get::<i64>(0)?.to_le_bytes());
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, ids: Option<Vec<u8>>) -> rusqlite::Result<Vec<u8>> {
        Ok(ids.unwrap_or_default())
    }
}

fn unpacked(ids: &[u8]) -> Vec<ActivityId> {
    let (ids, _) = ids.as_chunks();
    ids.iter().map(|id| ActivityId(i64::from_le_bytes(*id))).collect()
}
