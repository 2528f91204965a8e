//! `sqlite:FILE`: a database with a table of activities.
//!
//! Times are text in UTC, `2026-11-30 09:00:00.000`, which SQLite's date functions understand and which sorts by
//! time. Custom fields are JSON.

use std::path::Path;
use std::time::Duration;

use domain::{ActivityId, CustomField, Stamp};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::{Applied, Batch, Target, TargetError};
use crate::{Row, State};

/// The form of the tables.
const VERSION: u32 = 1;

/// How long another program that writes to the file is waited for.
const BUSY: Duration = Duration::from_secs(30);

const TABLES: &str = "
CREATE TABLE activity (
    activity_id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    note TEXT NOT NULL,
    start_date_time TEXT NOT NULL,
    end_date_time TEXT,
    client_id INTEGER,
    system_user_id INTEGER,
    activity_status_id INTEGER NOT NULL,
    activity_status_name TEXT NOT NULL,
    activity_priority TEXT NOT NULL,
    created_date_time TEXT NOT NULL,
    created_by TEXT,
    last_modified_date_time TEXT,
    last_modified_by TEXT,
    custom_fields TEXT NOT NULL
);
CREATE TABLE activity_deleted (activity_id INTEGER PRIMARY KEY);
CREATE TABLE driftless_mirror (name TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// A row that is as new as what is there is written too: within one second, a source may have changed it twice.
const UPSERT: &str = "
INSERT INTO activity (activity_id, subject, note, start_date_time, end_date_time, client_id, system_user_id,
    activity_status_id, activity_status_name, activity_priority, created_date_time, created_by,
    last_modified_date_time, last_modified_by, custom_fields)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
ON CONFLICT (activity_id) DO UPDATE SET
    subject = excluded.subject, note = excluded.note, start_date_time = excluded.start_date_time,
    end_date_time = excluded.end_date_time, client_id = excluded.client_id,
    system_user_id = excluded.system_user_id, activity_status_id = excluded.activity_status_id,
    activity_status_name = excluded.activity_status_name, activity_priority = excluded.activity_priority,
    created_date_time = excluded.created_date_time, created_by = excluded.created_by,
    last_modified_date_time = excluded.last_modified_date_time,
    last_modified_by = excluded.last_modified_by, custom_fields = excluded.custom_fields
WHERE coalesce(excluded.last_modified_date_time >= activity.last_modified_date_time, TRUE)
    AND (excluded.subject, excluded.note, excluded.start_date_time, excluded.end_date_time, excluded.client_id,
        excluded.system_user_id, excluded.activity_status_id, excluded.activity_status_name,
        excluded.activity_priority, excluded.created_date_time, excluded.created_by,
        excluded.last_modified_date_time, excluded.last_modified_by, excluded.custom_fields)
    IS NOT (activity.subject, activity.note, activity.start_date_time, activity.end_date_time,
        activity.client_id, activity.system_user_id, activity.activity_status_id,
        activity.activity_status_name, activity.activity_priority, activity.created_date_time,
        activity.created_by, activity.last_modified_date_time, activity.last_modified_by,
        activity.custom_fields)";

/// A database file.
pub struct SqliteTarget {
    file: String,
    connection: Connection,
}

impl SqliteTarget {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When it cannot be opened, is no database, or has tables of these names that no mirror has made.
    pub fn open(file: &Path) -> Result<SqliteTarget, TargetError> {
        let name = format!("sqlite:{}", file.display());
        let opened = Connection::open(file).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| failed(&name, &error))?;
        let mut target = SqliteTarget { file: name, connection };
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
        if !has_table(&transaction, "driftless_mirror").map_err(to_error)? {
            for table in ["activity", "activity_deleted"] {
                if has_table(&transaction, table).map_err(to_error)? {
                    return Err(TargetError::Foreign { target: file, table });
                }
            }
            transaction.execute_batch(TABLES).map_err(to_error)?;
            put(&transaction, "version", &VERSION.to_string()).map_err(to_error)?;
            return transaction.commit().map_err(to_error);
        }
        let found = get(&transaction, "version").map_err(to_error)?.unwrap_or_default();
        if found != VERSION.to_string() {
            return Err(TargetError::Version { target: file, found, expected: VERSION });
        }
        Ok(())
    }

    fn failed(&self, error: &rusqlite::Error) -> TargetError {
        failed(&self.file, error)
    }
}

impl Target for SqliteTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        let text = get(&self.connection, "state").map_err(|error| self.failed(&error))?;
        let read = |text: String| serde_json::from_str(&text);
        text.map(read).transpose().map_err(|error| TargetError::Failed {
            target: self.file.clone(),
            problem: format!("its state in driftless_mirror cannot be read: {error}"),
        })
    }

    fn count(&mut self) -> Result<u64, TargetError> {
        let counted = self.connection.query_row("SELECT count(*) FROM activity", [], count);
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

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        let file = &self.file;
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior);
        let transaction = transaction.map_err(|error| failed(file, &error))?;
        let applied = write(&transaction, batch).map_err(|error| failed(file, &error))?;
        transaction.commit().map_err(|error| failed(file, &error))?;
        Ok(applied)
    }
}

fn write(transaction: &Transaction<'_>, batch: &Batch<'_>) -> rusqlite::Result<Applied> {
    let mut applied = Applied::default();
    {
        let mut upsert = transaction.prepare_cached(UPSERT)?;
        let mut is_back =
            transaction.prepare_cached("DELETE FROM activity_deleted WHERE activity_id = ?1")?;
        for row in batch.rows {
            applied.written += write_row(&mut upsert, row)? as u64;
            is_back.execute([row.id.0])?;
        }
        let mut delete =
            transaction.prepare_cached("DELETE FROM activity WHERE activity_id = ?1")?;
        let mut note =
            transaction.prepare_cached("INSERT OR IGNORE INTO activity_deleted VALUES (?1)")?;
        for id in batch.removed {
            applied.removed += delete.execute([id.0])? as u64;
            note.execute([id.0])?;
        }
    }
    let state = serde_json::to_string(batch.state)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    put(transaction, "state", &state)?;
    Ok(applied)
}

fn write_row(upsert: &mut rusqlite::Statement<'_>, row: &Row) -> rusqlite::Result<usize> {
    let activity = &row.activity;
    upsert.execute(params![
        row.id.0,
        activity.subject.as_str(),
        activity.note.as_str(),
        time(activity.start.stamp),
        activity.end.map(|end| time(end.stamp)),
        activity.client.map(|client| client.0),
        activity.system_user.map(|user| user.0),
        activity.status.0,
        activity.status_name.as_str(),
        activity.priority.as_str(),
        time(activity.created),
        activity.created_by,
        row.modified.map(time),
        activity.modified_by,
        custom_fields(&activity.custom_fields),
    ])
}

/// A time as the tables have it.
fn time(stamp: Stamp) -> String {
    let text = stamp.at_offset(0).text();
    let text = text.as_str();
    format!("{} {}", &text[..10], &text[11..23])
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Field<'a> {
    field_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_option_id: Option<&'a str>,
}

impl<'a> Field<'a> {
    fn of(field: &'a CustomField) -> Field<'a> {
        Field {
            field_id: &field.field_id,
            field_value: field.value.as_deref(),
            field_option_id: field.option_id.as_deref(),
        }
    }
}

fn custom_fields(fields: &[CustomField]) -> String {
    let fields: Vec<Field<'_>> = fields.iter().map(Field::of).collect();
    serde_json::to_string(&fields).unwrap_or_else(|_| "[]".to_owned())
}

fn has_table(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
    connection.query_row(sql, [table], |row| Ok(row.get::<_, i64>(0)? > 0))
}

fn get(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM driftless_mirror WHERE name = ?1";
    connection.query_row(sql, [name], |row| row.get(0)).optional()
}

fn put(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO driftless_mirror VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.execute(sql, [name, value]).map(drop)
}

fn count(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(0)?.unsigned_abs())
}

fn failed(target: &str, error: &rusqlite::Error) -> TargetError {
    TargetError::Failed { target: target.to_owned(), problem: error.to_string() }
}
