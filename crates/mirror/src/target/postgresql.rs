//! `postgresql://…`: a database with a table of activities, in the schema that the connection begins with.
//!
//! Times are `timestamptz`, custom fields are `json`. Values travel as text, and the server reads them.

mod address;

use std::error::Error;
use std::sync::LazyLock;

use domain::{ActivityId, Moment, Stamp};
use postgres::error::SqlState;
use postgres::{Client, GenericClient, IsolationLevel, Transaction};

use super::statements::{
    COUNT, COUNT_UNREADABLE, Dialect, GET, HAS_UNREADABLE, OWN_TABLE, PUT, REMOVED_AFTER,
    Statements, TABLES, UNREADABLE_AFTER, expect_version, read_state, version,
};
use super::{Applied, Batch, Rows, Target, TargetError, with_run};
use crate::columns::{COLUMNS, Kind, Value, Values, values};
use crate::{Row, RunNote, State, Unreadable};
use address::Address;

/// The lock that a mirror holds as long as it is connected: one of its own for each schema. The server notices
/// only after a moment that a mirror has disconnected, so the next one waits for a few seconds. Locks that others have
/// on the tables are waited for longer, but not for ever. A commit waits for the disk, whatever the user's default is.
const LOCK: &str = "SET lock_timeout = '5s';
    SELECT pg_advisory_lock(hashtext('driftless_mirror'), hashtext(current_schema()));
    SET lock_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    Statements::of(&Dialect {
        kind: |kind| match kind {
            Kind::Number => "bigint",
            Kind::Text => "text",
            Kind::Time => "timestamptz",
            Kind::Json => "json",
        },
        cast: |kind| match kind {
            Kind::Number => "::text::bigint",
            Kind::Text => "::text",
            Kind::Time => "::text::timestamptz",
            Kind::Json => "::text::json",
        },
        // JSON cannot be compared; its text can.
        comparable: |table, column| match column.kind {
            Kind::Json => format!("{table}.{}::text", column.name),
            Kind::Number | Kind::Text | Kind::Time => format!("{table}.{}", column.name),
        },
        shown: |column| match column.kind {
            Kind::Time => shown_time(column.name),
            Kind::Number | Kind::Text | Kind::Json => format!("{}::text", column.name),
        },
        differs: "IS DISTINCT FROM",
    })
});

/// A time as the mirror writes it. What it never writes is shown in another form, and so differs: what is not exactly to
/// the millisecond, infinite, or before Christ.
fn shown_time(column: &str) -> String {
    format!(
        "CASE WHEN {column} = date_trunc('milliseconds', {column}) AND isfinite({column})
              AND {column} >= '0001-01-01 00:00:00+00'
         THEN to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"+00:00\"')
         ELSE 'exactly ' || {column}::text END"
    )
}

/// Refuses what is no address of a server, without repeating it: it can have a password in it.
pub(super) fn expect_address(text: &str) -> Result<(), String> {
    match Address::parse(text) {
        Ok(address) if address.has_host() => Ok(()),
        Ok(_) => Err("this names no host".to_owned()),
        Err(TargetError::Failed { problem, .. }) => Err(problem),
        Err(other) => Err(other.to_string()),
    }
}

/// A database on a server.
pub struct PostgresqlTarget {
    /// Without the password.
    name: String,
    client: Client,
}

impl PostgresqlTarget {
    /// Connects, and makes the tables where there are none.
    ///
    /// # Errors
    /// When the address is not valid, the server cannot be reached, or has tables of these names that no mirror has
    /// made.
    pub fn open(url: &str) -> Result<PostgresqlTarget, TargetError> {
        let address = Address::parse(url)?;
        let (name, mut client) = (address.name(), address.connect()?);
        let to_error = |error: postgres::Error| failed(&name, &error);
        let schema = client.query_one("SELECT current_schema() IS NULL", &[]).map_err(to_error)?;
        if schema.get(0) {
            let problem = "its search path names no schema that exists".to_owned();
            return Err(TargetError::Failed { target: name, problem });
        }
        match client.batch_execute(LOCK) {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                return Err(TargetError::InUse { target: name });
            }
            locked => locked.map_err(to_error)?,
        }
        let mut target = PostgresqlTarget { name, client };
        target.set_up()?;
        Ok(target)
    }

    /// Whether there are a mirror's tables; nothing is made.
    pub(super) fn is_at(url: &str) -> Result<bool, TargetError> {
        let address = Address::parse(url)?;
        let looked = has_table(&mut address.connect()?, OWN_TABLE);
        looked.map_err(|error| failed(&address.name(), &error))
    }

    fn set_up(&mut self) -> Result<(), TargetError> {
        let name = &self.name;
        let to_error = |error: postgres::Error| failed(name, &error);
        let mut transaction = self.client.transaction().map_err(to_error)?;
        if !has_table(&mut transaction, OWN_TABLE).map_err(to_error)? {
            for table in TABLES {
                if has_table(&mut transaction, table).map_err(to_error)? {
                    return Err(TargetError::Foreign { target: name.clone(), table });
                }
            }
            transaction.batch_execute(&STATEMENTS.tables).map_err(to_error)?;
            put(&mut transaction, "version", &version()).map_err(to_error)?;
            return transaction.commit().map_err(to_error);
        }
        expect_version(name, get(&mut transaction, "version").map_err(to_error)?)
    }

    fn failed(&self, error: &postgres::Error) -> TargetError {
        failed(&self.name, error)
    }
}

impl Target for PostgresqlTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        let text = get(&mut self.client, "state").map_err(|error| failed(&self.name, &error))?;
        read_state(&self.name, text)
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        Some(self)
    }

    fn keep_run(&mut self, run: &RunNote) -> Result<(), TargetError> {
        let kept = get(&mut self.client, "runs").map_err(|error| failed(&self.name, &error))?;
        let runs = with_run(kept.as_deref(), run);
        put(&mut self.client, "runs", &runs).map_err(|error| failed(&self.name, &error))
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        let name = &self.name;
        let to_error = |error: postgres::Error| failed(name, &error);
        let builder =
            self.client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
        let mut transaction = builder.start().map_err(to_error)?;
        let applied = write(&mut transaction, batch).map_err(to_error)?;
        transaction.commit().map_err(to_error)?;
        Ok(applied)
    }
}

impl Rows for PostgresqlTarget {
    fn count(&mut self) -> Result<u64, TargetError> {
        let counted = self.client.query_one(COUNT, &[]);
        counted.map(|row| row.get::<_, i64>(0).unsigned_abs()).map_err(|error| self.failed(&error))
    }

    fn count_of(&mut self, ids: &[ActivityId]) -> Result<u64, TargetError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let sql = "SELECT count(*) FROM activity WHERE activity_id = ANY($1)";
        let counted = self.client.query_one(sql, &[&ids]);
        counted.map(|row| row.get::<_, i64>(0).unsigned_abs()).map_err(|error| self.failed(&error))
    }

    fn rows_of(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let shown = &STATEMENTS.shown;
        let sql = format!("SELECT {shown} FROM activity WHERE activity_id = ANY($1)");
        let rows = self.client.query(&sql, &[&ids]);
        rows.and_then(|rows| rows.iter().map(read_row).collect())
            .map_err(|error| self.failed(&error))
    }

    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError> {
        let rows = self.client.query(&STATEMENTS.rows_after, &[&after.0, &i64::from(max)]);
        rows.and_then(|rows| rows.iter().map(read_row).collect())
            .map_err(|error| self.failed(&error))
    }

    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Option<Vec<ActivityId>>, TargetError> {
        let rows = self.client.query(REMOVED_AFTER, &[&after.0, &i64::from(max)]);
        let ids = rows.map(|rows| rows.iter().map(|row| ActivityId(row.get(0))).collect());
        ids.map(Some).map_err(|error| self.failed(&error))
    }

    fn unreadable(&mut self) -> Result<u64, TargetError> {
        let counted = self.client.query_one(COUNT_UNREADABLE, &[]);
        counted.map(|row| row.get::<_, i64>(0).unsigned_abs()).map_err(|error| self.failed(&error))
    }

    fn unreadable_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<(ActivityId, String)>, TargetError> {
        let rows = self.client.query(UNREADABLE_AFTER, &[&after.0, &i64::from(max)]);
        let rows = rows.map_err(|error| self.failed(&error))?;
        Ok(rows.iter().map(|row| (ActivityId(row.get(0)), row.get(1))).collect())
    }
}

fn write(transaction: &mut Transaction<'_>, batch: &Batch<'_>) -> Result<Applied, postgres::Error> {
    let mut applied = Applied::default();
    let upsert = transaction.prepare(match batch.is_repair {
        true => &STATEMENTS.repair,
        false => &STATEMENTS.upsert,
    })?;
    let has_unreadable: bool = transaction.query_one(HAS_UNREADABLE, &[])?.get(0);
    let readable = format!("DELETE FROM activity_unreadable WHERE {}", STATEMENTS.is_readable);
    let readable = transaction.prepare(&readable)?;
    for row in batch.rows {
        applied.written += write_row(transaction, &upsert, row)?;
        if has_unreadable {
            let newest = row.modified.filter(|_| !batch.is_repair).map(text);
            transaction.execute(&readable, &[&row.id.0, &newest])?;
        }
    }
    let set_aside = transaction.prepare(&STATEMENTS.set_aside)?;
    for Unreadable { id, modified, record, problem } in batch.unreadable {
        transaction.execute(&set_aside, &[&id.0, &modified.map(text), record, problem])?;
    }
    let there = batch.rows.iter().map(|row| row.id.0);
    let there: Vec<i64> = there.chain(batch.unreadable.iter().map(|record| record.id.0)).collect();
    transaction.execute("DELETE FROM activity_deleted WHERE activity_id = ANY($1)", &[&there])?;
    let removed: Vec<i64> = batch.removed.iter().map(|id| id.0).collect();
    applied.removed =
        transaction.execute("DELETE FROM activity WHERE activity_id = ANY($1)", &[&removed])?;
    let forget = "DELETE FROM activity_unreadable WHERE activity_id = ANY($1)";
    transaction.execute(forget, &[&removed])?;
    let note = "INSERT INTO activity_deleted SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING";
    transaction.execute(note, &[&removed])?;
    let unknown: Vec<i64> = batch.unknown.iter().map(|id| id.0).collect();
    applied.removed +=
        transaction.execute("DELETE FROM activity WHERE activity_id = ANY($1)", &[&unknown])?;
    transaction.execute("DELETE FROM activity_deleted WHERE activity_id = ANY($1)", &[&unknown])?;
    transaction.execute(forget, &[&unknown])?;
    let state = serde_json::to_string(batch.state).unwrap_or_default();
    put(transaction, "state", &state)?;
    Ok(applied)
}

fn write_row(
    transaction: &mut Transaction<'_>,
    upsert: &postgres::Statement,
    row: &Row,
) -> Result<u64, postgres::Error> {
    let texts = values(row).map(|value| match value {
        Value::Null => None,
        Value::Number(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        Value::Time(stamp) => Some(text(stamp)),
    });
    let parameters: Vec<&(dyn postgres::types::ToSql + Sync)> =
        texts.iter().map(|text| text as _).collect();
    transaction.execute(upsert, &parameters)
}

/// A row of [`Statements::shown`]; what somebody else has written there is text, and differs.
fn read_row(row: &postgres::Row) -> Result<Values, postgres::Error> {
    let mut read = [const { Value::Null }; COLUMNS.len()];
    for (at, (value, column)) in read.iter_mut().zip(COLUMNS).enumerate() {
        let Some(text) = row.try_get::<_, Option<String>>(at)? else { continue };
        *value = match column.kind {
            Kind::Number => text.parse().map_or(Value::Text(text), Value::Number),
            Kind::Time => stamp(&text).map_or(Value::Text(text), Value::Time),
            Kind::Text | Kind::Json => Value::Text(text),
        };
    }
    Ok(read)
}

fn text(stamp: Stamp) -> String {
    stamp.at_offset(0).to_string()
}

/// The time that such a text is; none if somebody else has written it.
fn stamp(shown: &str) -> Option<Stamp> {
    Moment::lower_bound(shown).ok().filter(|stamp| text(*stamp) == shown)
}

fn has_table(client: &mut impl GenericClient, table: &str) -> Result<bool, postgres::Error> {
    let sql = "SELECT to_regclass(format('%I.%I', current_schema(), $1::text)) IS NOT NULL";
    Ok(client.query_one(sql, &[&table])?.get(0))
}

fn get(client: &mut impl GenericClient, name: &str) -> Result<Option<String>, postgres::Error> {
    Ok(client.query_opt(GET, &[&name])?.map(|row| row.get(0)))
}

fn put(client: &mut impl GenericClient, name: &str, value: &str) -> Result<(), postgres::Error> {
    client.execute(PUT, &[&name, &value]).map(drop)
}

fn failed(target: &str, error: &postgres::Error) -> TargetError {
    TargetError::Failed { target: target.to_owned(), problem: told(error) }
}

fn told(error: &postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(told), _) if *told.code() == SqlState::INSUFFICIENT_PRIVILEGE => format!(
            "{}. Its user must be allowed to create tables in the schema (GRANT CREATE, USAGE ON SCHEMA), and own the mirror's tables",
            told.message()
        ),
        (Some(told), _) => told.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
