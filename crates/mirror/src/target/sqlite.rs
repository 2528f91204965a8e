//! `sqlite:FILE`: a database with a table of activities.
//!
//! Times are text in UTC, `2026-11-30 09:00:00.000`, which SQLite's date functions understand and which sorts by
//! time. Custom fields are JSON.

mod changes;
mod file;

use std::fs::{self, File};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use domain::{ActivityId, Moment, Stamp};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::statements::{
    COUNT, COUNT_UNREADABLE, Dialect, GET, HAS_UNREADABLE, OWN_TABLE, PUT, REMOVED_AFTER,
    Statements, TABLES, UNREADABLE_AFTER, expect_version, read_state, version,
};
use super::{Applied, Batch, Rows, Target, TargetError, next_to, with_run};
use crate::columns::{COLUMNS, Kind, Value, Values, values};
use crate::{Row, RunNote, State, Unreadable};

/// How long another program that writes to the file is waited for.
const BUSY: Duration = Duration::from_secs(30);

/// What keeping the state counts as, among the changes of a batch.
const STATE_CHANGES: u64 = 1;

/// A change that every commit at the end of a run makes: what writes the same again writes nothing.
const HELD: &str = "INSERT INTO driftless_mirror VALUES ('held', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1";

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::of(&Dialect {
        kind: |kind| match kind {
            Kind::Number => "INTEGER",
            Kind::Text | Kind::Time | Kind::Json => "TEXT",
        },
        cast: |_| "",
        comparable: |table, column| format!("{table}.{}", column.name),
        shown: |column| column.name.to_owned(),
        differs: "IS NOT",
    })
});

/// Of these, what can be read now.
static READABLE: LazyLock<String> =
    LazyLock::new(|| format!("DELETE FROM activity_unreadable WHERE {}", STATEMENTS.is_readable));

/// A database file.
pub struct SqliteTarget {
    file: String,
    connection: Connection,
    /// Whether something was written that a power cut may still take back. How far the mirror has come does not
    /// count: without that, the next run only reads more.
    is_behind: bool,
    /// Locked as long as this is open. A file of its own: to close the database's a second time would release
    /// SQLite's locks.
    _lock: Option<File>,
}

impl SqliteTarget {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, is not a database, or has tables of these names that no mirror has made.
    pub fn open(file: &Path) -> Result<SqliteTarget, TargetError> {
        let name = format!("sqlite:{}", file.display());
        let opened = Connection::open(file).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| failed(&name, &error))?;
        let lock_file = next_to(file, ".lock");
        let is_new = !lock_file.exists();
        let _lock = Some(file::lock(&name, &lock_file)?);
        let mut target = SqliteTarget { file: name, connection, is_behind: false, _lock };
        let set_up = target.set_up();
        if set_up.is_err() && is_new {
            let _ = fs::remove_file(&lock_file);
        }
        set_up?;
        // Others read while this writes, and no page of a first load waits for the disk.
        for (pragma, value) in [("journal_mode", "WAL"), ("synchronous", "NORMAL")] {
            let set = target.connection.pragma_update(None, pragma, value);
            set.map_err(|error| target.failed(&error))?;
        }
        Ok(target)
    }

    /// An empty one in memory.
    pub(super) fn in_memory() -> Result<SqliteTarget, TargetError> {
        let file = "sqlite::memory:".to_owned();
        let opened = Connection::open_in_memory();
        let connection = opened.map_err(|error| failed(&file, &error))?;
        let mut target = SqliteTarget { file, connection, is_behind: false, _lock: None };
        target.set_up()?;
        Ok(target)
    }

    fn set_up(&mut self) -> Result<(), TargetError> {
        let file = self.file.clone();
        let to_error = |error: rusqlite::Error| failed(&file, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(to_error)?;
        if !has_table(&transaction, OWN_TABLE).map_err(to_error)? {
            for table in TABLES {
                if has_table(&transaction, table).map_err(to_error)? {
                    return Err(TargetError::Foreign { target: file, table });
                }
            }
            transaction.execute_batch(&STATEMENTS.tables).map_err(to_error)?;
            put(&transaction, "version", &version()).map_err(to_error)?;
            return transaction.commit().map_err(to_error);
        }
        expect_version(&file, get(&transaction, "version").map_err(to_error)?)
    }

    /// What another target has noted under a name.
    pub(super) fn note(&mut self, name: &str) -> Result<Option<String>, TargetError> {
        get(&self.connection, name).map_err(|error| self.failed(&error))
    }

    /// Notes something under a name.
    pub(super) fn set_note(&mut self, name: &str, value: &str) -> Result<(), TargetError> {
        put(&self.connection, name, value).map_err(|error| self.failed(&error))
    }

    /// Applies a batch, and notes something in the same transaction, depending on what it came to.
    pub(super) fn apply_noting(
        &mut self,
        batch: &Batch<'_>,
        noted: impl FnOnce(Applied) -> Option<(&'static str, String)>,
    ) -> Result<Applied, TargetError> {
        let file = &self.file;
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior);
        let transaction = transaction.map_err(|error| failed(file, &error))?;
        let before = transaction.total_changes();
        let applied = write(&transaction, batch).map_err(|error| failed(file, &error))?;
        let differs = transaction.total_changes() > before + STATE_CHANGES;
        if let Some((name, value)) = noted(applied) {
            put(&transaction, name, &value).map_err(|error| failed(file, &error))?;
        }
        transaction.commit().map_err(|error| failed(file, &error))?;
        self.is_behind |= differs;
        Ok(applied)
    }

    /// Makes every batch durable as it is applied.
    pub(super) fn hold_each(&mut self) -> Result<(), TargetError> {
        let set = self.connection.pragma_update(None, "synchronous", "FULL");
        set.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> TargetError {
        failed(&self.file, error)
    }
}

impl Target for SqliteTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        let text = get(&self.connection, "state").map_err(|error| self.failed(&error))?;
        read_state(&self.file, text)
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        Some(self)
    }

    fn keep_run(&mut self, run: &RunNote) -> Result<(), TargetError> {
        let kept = get(&self.connection, "runs").map_err(|error| self.failed(&error))?;
        let runs = with_run(kept.as_deref(), run);
        put(&self.connection, "runs", &runs).map_err(|error| self.failed(&error))
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        self.apply_noting(batch, |_| None)
    }

    fn finish(&mut self) -> Result<(), TargetError> {
        if self.is_behind {
            // A commit that waits for the disk makes all before it durable, whoever is reading.
            let commit = || -> rusqlite::Result<()> {
                self.connection.pragma_update(None, "synchronous", "FULL")?;
                self.connection.execute(HELD, [])?;
                self.connection.pragma_update(None, "synchronous", "NORMAL")
            };
            commit().map_err(|error| self.failed(&error))?;
            self.is_behind = false;
        }
        Ok(())
    }
}

impl Rows for SqliteTarget {
    fn count(&mut self) -> Result<u64, TargetError> {
        let counted = self.connection.query_row(COUNT, [], count);
        counted.map_err(|error| self.failed(&error))
    }

    fn count_of(&mut self, ids: &[ActivityId]) -> Result<u64, TargetError> {
        let counted = || -> rusqlite::Result<u64> {
            let sql = "SELECT count(*) FROM activity WHERE activity_id = ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut sum = 0;
            for id in ids {
                sum += statement.query_row([id.0], count)?;
            }
            Ok(sum)
        };
        counted().map_err(|error| self.failed(&error))
    }

    fn rows_of(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError> {
        let read = || -> rusqlite::Result<Vec<Values>> {
            let shown = &STATEMENTS.shown;
            let sql = format!("SELECT {shown} FROM activity WHERE activity_id = ?1");
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                rows.extend(statement.query_row([id.0], read_row).optional()?);
            }
            Ok(rows)
        };
        read().map_err(|error| self.failed(&error))
    }

    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError> {
        let read = || -> rusqlite::Result<Vec<Values>> {
            let mut statement = self.connection.prepare_cached(&STATEMENTS.rows_after)?;
            statement.query_map([after.0, max.into()], read_row)?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Option<Vec<ActivityId>>, TargetError> {
        let read = || -> rusqlite::Result<Vec<ActivityId>> {
            let mut statement = self.connection.prepare_cached(REMOVED_AFTER)?;
            statement.query_map([after.0, max.into()], |row| row.get(0).map(ActivityId))?.collect()
        };
        read().map(Some).map_err(|error| self.failed(&error))
    }

    fn unreadable(&mut self) -> Result<u64, TargetError> {
        let counted = self.connection.query_row(COUNT_UNREADABLE, [], count);
        counted.map_err(|error| self.failed(&error))
    }

    fn unreadable_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<(ActivityId, String)>, TargetError> {
        let read = || -> rusqlite::Result<Vec<(ActivityId, String)>> {
            let mut statement = self.connection.prepare_cached(UNREADABLE_AFTER)?;
            let read = |row: &rusqlite::Row<'_>| Ok((ActivityId(row.get(0)?), row.get(1)?));
            statement.query_map([after.0, max.into()], read)?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }
}

fn write(transaction: &Transaction<'_>, batch: &Batch<'_>) -> rusqlite::Result<Applied> {
    let mut applied = Applied::default();
    {
        let mut upsert = transaction.prepare_cached(match batch.is_repair {
            true => &STATEMENTS.repair,
            false => &STATEMENTS.upsert,
        })?;
        let mut is_back =
            transaction.prepare_cached("DELETE FROM activity_deleted WHERE activity_id = ?1")?;
        let has_unreadable: bool = transaction.query_row(HAS_UNREADABLE, [], |row| row.get(0))?;
        let mut is_readable = transaction.prepare_cached(&READABLE)?;
        for row in batch.rows {
            applied.written += write_row(&mut upsert, row)? as u64;
            is_back.execute([row.id.0])?;
            if has_unreadable {
                is_readable.execute((row.id.0, newest(row, batch.is_repair)))?;
            }
        }
        let mut set_aside = transaction.prepare_cached(&STATEMENTS.set_aside)?;
        for Unreadable { id, modified, record, problem } in batch.unreadable {
            set_aside.execute((id.0, modified.map(time), record, problem))?;
            is_back.execute([id.0])?;
        }
        let mut delete =
            transaction.prepare_cached("DELETE FROM activity WHERE activity_id = ?1")?;
        let mut note =
            transaction.prepare_cached("INSERT OR IGNORE INTO activity_deleted VALUES (?1)")?;
        for id in batch.removed {
            applied.removed += delete.execute([id.0])? as u64;
            is_readable.execute((id.0, None::<String>))?;
            note.execute([id.0])?;
        }
        for id in batch.unknown {
            applied.removed += delete.execute([id.0])? as u64;
            is_readable.execute((id.0, None::<String>))?;
            is_back.execute([id.0])?;
        }
    }
    let state = serde_json::to_string(batch.state)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    put(transaction, "state", &state)?;
    Ok(applied)
}

/// What a row can show to be readable: what is not newer; with a repair, anything.
fn newest(row: &Row, is_repair: bool) -> Option<String> {
    row.modified.filter(|_| !is_repair).map(time)
}

fn write_row(upsert: &mut rusqlite::Statement<'_>, row: &Row) -> rusqlite::Result<usize> {
    upsert.execute(rusqlite::params_from_iter(values(row).map(to_sql)))
}

fn to_sql(value: Value) -> SqlValue {
    match value {
        Value::Null => SqlValue::Null,
        Value::Number(number) => SqlValue::Integer(number),
        Value::Text(text) => SqlValue::Text(text),
        Value::Time(stamp) => SqlValue::Text(time(stamp)),
    }
}

/// A row of [`Statements::shown`]; what somebody else has written there is text, and differs.
fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Values> {
    let mut values = [const { Value::Null }; COLUMNS.len()];
    for (at, (value, column)) in values.iter_mut().zip(COLUMNS).enumerate() {
        *value = match (row.get(at)?, column.kind) {
            (SqlValue::Null, _) => Value::Null,
            (SqlValue::Integer(number), Kind::Number) => Value::Number(number),
            (SqlValue::Text(text), Kind::Time) => match stamp(&text) {
                Some(stamp) => Value::Time(stamp),
                None => Value::Text(text),
            },
            (SqlValue::Text(text), _) => Value::Text(text),
            (other, _) => Value::Text(format!("{other:?}")),
        };
    }
    Ok(values)
}

/// A time as the tables have it.
fn time(stamp: Stamp) -> String {
    let text = stamp.at_offset(0).text();
    let text = text.as_str();
    format!("{} {}", &text[..10], &text[11..23])
}

/// The time that such a text is; none if somebody else has written it.
fn stamp(text: &str) -> Option<Stamp> {
    let (date, time_of_day) = text.split_once(' ')?;
    let stamp = Moment::lower_bound(&format!("{date}T{time_of_day}Z")).ok()?;
    (time(stamp) == text).then_some(stamp)
}

fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
    connection.query_row(sql, [table], |row| Ok(row.get::<_, i64>(0)? > 0))
}

fn get(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row(GET, [name], |row| row.get(0)).optional()
}

fn put(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute(PUT, [name, value]).map(drop)
}

fn count(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(0)?.unsigned_abs())
}

fn failed(target: &str, error: &rusqlite::Error) -> TargetError {
    TargetError::Failed { target: target.to_owned(), problem: error.to_string() }
}
