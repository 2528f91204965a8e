//! The search index: a separate SQLite file, because it is derived data. It is not part of a commit or of a backup,
//! and if anything is wrong with it, it is deleted and rebuilt.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{ActivityId, Member, OrgKey, Seq, Stamp};
use parking_lot::{Mutex, RwLock};
use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::{Connection, OptionalExtension};
use store::{Mark, Part, SearchIndex, StoreError, Text, Token, Word, tokens};

use crate::rows::{self, number};
use crate::{failed, open};

/// The name of the index's file within a data folder.
pub const SEARCH_FILE: &str = "driftless-search.db";

/// How the file keeps words.
const FORM: u32 = 4;

/// What is put in are words as they are compared, with blanks between them: nothing is left to do.
const OPTIONS: &str = "content = '', contentless_delete = 1, tokenize = 'ascii'";

/// Longer beginnings of words are not counted: few have them in common, and a word may be of any length.
const BEGUN_CHARS_MAX: usize = 16;

/// Idle reader connections that are kept for the next reader.
const IDLE_READERS_MAX: usize = 8;

const BUSY_SECONDS_MAX: u64 = 5;

/// Pages that each connection keeps, in KiB; the operating system keeps the file.
const CACHE_KIB: i64 = 1024;

/// What the file is like inside: its form, and which members' words are in it. A file of another number is built anew.
fn schema() -> i64 {
    let members = Member::searched().fold(0, |bits, member| bits | 1 << (member as u32 + 8));
    i64::from(FORM | members)
}

/// The index of words of a data folder, open.
pub struct SqliteSearch {
    path: PathBuf,
    /// Exclusively to be held while the file is thrown away.
    file: RwLock<IndexFile>,
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
        let file = if path.exists() {
            IndexFile::open(&path).or_else(|_| IndexFile::anew(&path))?
        } else {
            IndexFile::anew(&path)?
        };
        Ok(SqliteSearch { path, file: RwLock::new(file) })
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
                    format!("the search index was damaged and is being rebuilt: {problem}");
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
            let found = connection.query_row("PRAGMA user_version", (), |row| row.get(0))?;
            let tables: i64 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
            if tables > 0 {
                return Ok(found);
            }
            connection.execute_batch(&format!(
                "BEGIN;
                 CREATE TABLE mark (
                     organization INTEGER PRIMARY KEY,
                     seq          INTEGER NOT NULL,   -- the last version taken in
                     stamp        INTEGER NOT NULL    -- and its stamp
                 ) STRICT;
                 PRAGMA user_version = {};
                 COMMIT",
                schema()
            ))?;
            Ok(schema())
        };
        match prepare().map_err(failed)? {
            found if found == schema() => {
                Ok(IndexFile { writer: Mutex::new(connection), readers: Mutex::default() })
            }
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
        open::private_file(path).map_err(|e| StoreError::Unavailable(e.to_string()))?;
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
        self.write(|c| {
            let transaction = c.transaction()?;
            let words: Vec<_> =
                changed.iter().map(|(_, text)| Indexed::of(text.as_ref())).collect();
            for kind in [Kind::Words, Kind::Runs] {
                // Most organizations have no runs at all.
                if words.iter().any(|words| !words.of_kind(kind).is_empty()) {
                    make_table(&transaction, org, kind)?;
                } else if !has_table(&transaction, org, kind)? {
                    continue;
                }
                let table = table(org, kind);
                let mut delete =
                    transaction.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?;
                let mut insert = transaction.prepare_cached(&format!(
                    "INSERT INTO {table} (rowid, words) VALUES (?1, ?2)"
                ))?;
                for ((id, _), words) in changed.iter().zip(&words) {
                    delete.execute((id.0,))?;
                    if !words.of_kind(kind).is_empty() {
                        insert.execute((id.0, words.of_kind(kind)))?;
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
        self.write(|c| {
            let transaction = c.transaction()?;
            for kind in [Kind::Words, Kind::Runs] {
                let (table, vocabulary) = (table(org, kind), vocabulary(org, kind));
                transaction.execute_batch(&format!(
                    "DROP TABLE IF EXISTS {vocabulary}; DROP TABLE IF EXISTS {table}"
                ))?;
            }
            transaction.execute("DELETE FROM mark WHERE organization = ?1", (org.0,))?;
            transaction.commit()
        })
    }

    fn find(&self, org: OrgKey, as_of: Seq, word: &Word) -> Result<Vec<ActivityId>, StoreError> {
        let (kind, question) = (Kind::of(word), question(word));
        let found = self.read(|c| {
            let _snapshot = c.unchecked_transaction()?;
            let mark = mark(c, org)?;
            if mark.seq != as_of || as_of == Seq::ZERO {
                return Ok((mark.seq, Vec::new()));
            }
            if !has_table(c, org, kind)? {
                return Ok((mark.seq, Vec::new()));
            }
            // One row of many ids instead of many rows: it takes a third of the time.
            let sql = format!("SELECT all_ids(rowid) FROM {} WHERE {0} MATCH ?1", table(org, kind));
            let ids = |row: &rusqlite::Row<'_>| Ok(unpacked(row.get_ref(0)?.as_blob()?));
            Ok((mark.seq, c.prepare_cached(&sql)?.query_row((&question,), ids)?))
        })?;
        match found {
            (seq, ids) if seq == as_of => Ok(ids),
            _ => Err(StoreError::Unavailable("the search index is being built".to_owned())),
        }
    }

    fn common(&self, org: OrgKey, hits_min: u64) -> Result<Vec<Word>, StoreError> {
        let mut common = self.read(|c| {
            let mut found = Vec::new();
            for kind in [Kind::Words, Kind::Runs] {
                let mut common = Common { kind, hits_min, begun: Vec::new(), found };
                if has_table(c, org, kind)? {
                    let table = vocabulary(org, kind);
                    let sql = format!("SELECT term, doc FROM {table} ORDER BY term");
                    let mut terms = c.prepare(&sql)?;
                    let mut rows = terms.query(())?;
                    while let Some(row) = rows.next()? {
                        common
                            .add(row.get_ref(0)?.as_str()?, row.get::<_, i64>(1)?.cast_unsigned());
                    }
                }
                common.end_those_not_in("");
                found = common.found;
            }
            Ok(found)
        })?;
        common.sort_by_key(|(hits, _)| std::cmp::Reverse(*hits));
        Ok(common.into_iter().map(|(_, word)| word).collect())
    }
}

/// Adds up how often words and their beginnings occur; the words come sorted.
struct Common {
    kind: Kind,
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
        // A piece of a run is the beginning of itself.
        if self.kind == Kind::Words {
            self.find(term.to_owned(), Part::Whole, hits);
        }
    }

    fn end_those_not_in(&mut self, term: &str) {
        let part = if self.kind == Kind::Words { Part::Beginning } else { Part::Within };
        let stay = self.begun.partition_point(|(begun, _)| term.starts_with(begun.as_str()));
        for (text, hits) in self.begun.split_off(stay) {
            self.find(text, part, hits);
        }
    }

    fn find(&mut self, text: String, part: Part, hits: u64) {
        if hits >= self.hits_min {
            self.found.push((hits, Word { text, part }));
        }
    }
}

/// Words are looked up whole or by their beginning, which needs no places; what lies within a run by
/// pieces that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Words,
    Runs,
}

impl Kind {
    fn of(word: &Word) -> Kind {
        if word.part == Part::Within { Kind::Runs } else { Kind::Words }
    }
}

/// What of a text goes into each table.
struct Indexed {
    words: String,
    runs: String,
}

impl Indexed {
    fn of(text: Option<&Text<'_>>) -> Indexed {
        let mut indexed = Indexed { words: String::new(), runs: String::new() };
        let texts = text.into_iter().flat_map(|text| text.0.iter().copied());
        for token in texts.flat_map(tokens) {
            indexed.add(&token);
        }
        indexed
    }

    fn add(&mut self, token: &Token) {
        let grams = token.grams();
        let (place, words) = match grams[..] {
            [] => (&mut self.words, &[token.text.as_str()][..]),
            _ => (&mut self.runs, &grams[..]),
        };
        for word in words {
            place.push_str(word);
            place.push(' ');
        }
    }

    fn of_kind(&self, kind: Kind) -> &str {
        match kind {
            Kind::Words => &self.words,
            Kind::Runs => &self.runs,
        }
    }
}

/// A word as FTS5 is asked for it. Words have no quotes and no signs: nothing in them is syntax.
fn question(word: &Word) -> String {
    match (word.part, word.grams()) {
        (Part::Whole, _) => format!("\"{}\"", word.text),
        (Part::Within, Some(grams)) => format!("\"{}\"", grams.join(" ")),
        (Part::Beginning | Part::Within, _) => format!("\"{}\"*", word.text),
    }
}

/// Each organization has tables of its own: none is found in another's, and none makes another's
/// slow.
fn table(org: OrgKey, kind: Kind) -> String {
    match kind {
        Kind::Words => format!("\"words_{}\"", org.0),
        Kind::Runs => format!("\"runs_{}\"", org.0),
    }
}

/// The table that tells the words of an organization's.
fn vocabulary(org: OrgKey, kind: Kind) -> String {
    match kind {
        Kind::Words => format!("\"vocabulary_{}\"", org.0),
        Kind::Runs => format!("\"grams_{}\"", org.0),
    }
}

/// Without the texts: they stand in the log.
fn make_table(connection: &Connection, org: OrgKey, kind: Kind) -> rusqlite::Result<()> {
    let (table, vocabulary) = (table(org, kind), vocabulary(org, kind));
    let detail = if kind == Kind::Words { "none" } else { "full" };
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE IF NOT EXISTS {table}
             USING fts5(words, detail = {detail}, {OPTIONS});
         CREATE VIRTUAL TABLE IF NOT EXISTS {vocabulary} USING fts5vocab({table}, row)"
    ))
}

fn has_table(connection: &Connection, org: OrgKey, kind: Kind) -> rusqlite::Result<bool> {
    let name = table(org, kind);
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM sqlite_schema WHERE name = ?1")?;
    statement.query_row((name.trim_matches('"'),), |row| row.get::<_, i64>(0)).map(|n| n > 0)
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
