//! The index of words: a SQLite file of its own, since it is derived. It is no part of a commit nor of
//! a backup, and whatever is wrong with it, it is thrown away and built anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{ActivityId, OrgKey, Seq, Stamp};
use parking_lot::{Mutex, RwLock};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::{Connection, OptionalExtension};
use store::{Mark, SearchIndex, StoreError, Text, Word};

use crate::failed;
use crate::rows::{self, number};

/// The name of the index's file within a data folder.
pub const SEARCH_FILE: &str = "driftless-search.db";

/// What the file is like inside: a file of another number is built anew.
const SCHEMA: i64 = 2;

/// How texts become words: without case and accents.
const TOKENIZER: &str = "tokenize = 'unicode61 remove_diacritics 2'";

/// Longer beginnings of words are not counted: few have them in common, and a word may be of any length.
const BEGUN_CHARS_MAX: usize = 16;

/// Idle reader connections that are kept for the next reader.
const IDLE_READERS_MAX: usize = 8;

const BUSY_SECONDS_MAX: u64 = 5;

/// Pages that each connection keeps, in KiB; the operating system keeps the file.
const CACHE_KIB: i64 = 1024;

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
}

impl IndexFile {
    fn open(path: &Path) -> Result<IndexFile, StoreError> {
        let connection = connect(path).map_err(failed)?;
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
        let (table, vocabulary) = (table(org), vocabulary(org));
        self.write(|c| {
            let transaction = c.transaction()?;
            // Without the texts: they stand in the log.
            transaction.execute_batch(&format!(
                "CREATE VIRTUAL TABLE IF NOT EXISTS {table} USING fts5(
                     subject, note, content = '', contentless_delete = 1, detail = none, {TOKENIZER});
                 CREATE VIRTUAL TABLE IF NOT EXISTS {vocabulary} USING fts5vocab({table}, row)"
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
        let (table, vocabulary) = (table(org), vocabulary(org));
        self.write(|c| {
            let transaction = c.transaction()?;
            transaction.execute_batch(&format!(
                "DROP TABLE IF EXISTS {vocabulary}; DROP TABLE IF EXISTS {table}"
            ))?;
            transaction.execute("DELETE FROM mark WHERE organization = ?1", (org.0,))?;
            transaction.commit()
        })
    }

    fn words(&self, text: &str) -> Result<Vec<String>, StoreError> {
        split(&mut self.splitter.lock(), text).map_err(failed)
    }

    fn find(&self, org: OrgKey, as_of: Seq, word: &Word) -> Result<Vec<ActivityId>, StoreError> {
        // What the splitter makes of a text has no quotes and no signs: nothing in it is syntax.
        let question = format!("\"{}\"{}", word.text, if word.begun { "*" } else { "" });
        let found = self.read(|c| {
            let _snapshot = c.unchecked_transaction()?;
            let mark = mark(c, org)?;
            if mark.seq != as_of || as_of == Seq::ZERO {
                return Ok((mark.seq, Vec::new()));
            }
            // One row of many ids instead of many rows: it takes a third of the time.
            let sql = format!("SELECT all_ids(rowid) FROM {} WHERE {0} MATCH ?1", table(org));
            let ids = |row: &rusqlite::Row<'_>| Ok(unpacked(row.get_ref(0)?.as_blob()?));
            Ok((mark.seq, c.prepare_cached(&sql)?.query_row((&question,), ids)?))
        })?;
        match found {
            (seq, ids) if seq == as_of => Ok(ids),
            _ => Err(StoreError::Unavailable("the index of words is being built".to_owned())),
        }
    }

    fn common(&self, org: OrgKey, hits_min: u64) -> Result<Vec<Word>, StoreError> {
        let mut common = self.read(|c| {
            let mut common = Common { hits_min, begun: Vec::new(), found: Vec::new() };
            if mark(c, org)? != Mark::START {
                let sql = format!("SELECT term, doc FROM {} ORDER BY term", vocabulary(org));
                let mut terms = c.prepare(&sql)?;
                let mut rows = terms.query(())?;
                while let Some(row) = rows.next()? {
                    common.add(row.get_ref(0)?.as_str()?, row.get::<_, i64>(1)?.cast_unsigned());
                }
            }
            common.end_those_not_in("");
            Ok(common.found)
        })?;
        common.sort_by_key(|(hits, _)| std::cmp::Reverse(*hits));
        Ok(common.into_iter().map(|(_, word)| word).collect())
    }
}

/// Adds up how often words and their beginnings occur; the words come sorted.
struct Common {
    hits_min: u64,
    /// The beginnings of the word that came last, the shortest first, and the hits of each so far.
    begun: Vec<(String, u64)>,
    found: Vec<(u64, Word)>,
}

impl Common {
    fn add(&mut self, term: &str, hits: u64) {
        self.end_those_not_in(term);
        let longest = self.begun.last().map_or(0, |(begun, _)| begun.len());
        self.begun.iter_mut().for_each(|(_, sum)| *sum += hits);
        let ends = term.char_indices().map(|(at, c)| at + c.len_utf8()).take(BEGUN_CHARS_MAX);
        let longer = ends.filter(|end| *end > longest);
        self.begun.extend(longer.map(|end| (term[..end].to_owned(), hits)));
        self.find(term.to_owned(), false, hits);
    }

    fn end_those_not_in(&mut self, term: &str) {
        let stay = self.begun.partition_point(|(begun, _)| term.starts_with(begun.as_str()));
        for (text, hits) in self.begun.split_off(stay) {
            self.find(text, true, hits);
        }
    }

    fn find(&mut self, text: String, begun: bool, hits: u64) {
        if hits >= self.hits_min {
            self.found.push((hits, Word { text, begun }));
        }
    }
}

/// Each organization has a table of its own: none is found in another's, and none makes another's
/// slow.
fn table(org: OrgKey) -> String {
    format!("\"words_{}\"", org.0)
}

/// The table that tells the words of an organization's.
fn vocabulary(org: OrgKey) -> String {
    format!("\"vocabulary_{}\"", org.0)
}

fn mark(connection: &Connection, org: OrgKey) -> rusqlite::Result<Mark> {
    let mut statement =
        connection.prepare_cached("SELECT seq, stamp FROM mark WHERE organization = ?1")?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Mark { seq: rows::seq(row.get(0)?), stamp: Stamp::from_millis(row.get(1)?) })
    };
    Ok(statement.query_row((org.0,), read).optional()?.unwrap_or(Mark::START))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
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
    let mut words = taken_back.prepare_cached("SELECT term FROM word ORDER BY offset")?;
    words.query_map((), |row| row.get(0))?.collect()
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
