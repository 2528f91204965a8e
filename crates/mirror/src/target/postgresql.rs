//! `postgresql://…`: a database with a table of activities, in the schema that the connection begins with.
//!
//! Times are `timestamptz`, custom fields are `json`. Values travel as text, and the server reads them.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use domain::{ActivityId, Moment, Stamp};
use postgres::error::SqlState;
use postgres::{Client, Config, GenericClient, IsolationLevel, Transaction};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Applied, Batch, Rows, Target, TargetError, with_run};
use crate::columns::{COLUMNS, Column, Kind, MODIFIED, Value, Values, values};
use crate::{Row, RunNote, State, Unreadable};

/// The form of the tables.
const VERSION: u32 = 1;

/// The lock that a mirror holds as long as it is connected: one of its own for each schema. The server notices
/// only after a moment that a mirror has disconnected, so the next one waits for a few seconds. Locks that others have
/// on the tables are waited for longer, but not for ever.
const LOCK: &str = "SET lock_timeout = '5s';
    SELECT pg_advisory_lock(hashtext('driftless_mirror'), hashtext(current_schema()));
    SET lock_timeout = '30s'";

/// A server that cannot be connected to for that long is given up.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);

/// So is a connection on which the server has not acknowledged anything for that long.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(30);

/// An idle connection is probed after that long, and then again and again.
const PROBE_AFTER: Duration = Duration::from_secs(30);
const PROBE_EVERY: Duration = Duration::from_secs(10);
const PROBES: u32 = 3;

const OTHER_TABLES: &str = "
CREATE TABLE activity_deleted (activity_id bigint PRIMARY KEY);
CREATE TABLE activity_unreadable (
    activity_id bigint PRIMARY KEY,
    last_modified_date_time timestamptz,
    record text NOT NULL,
    problem text NOT NULL
);
CREATE TABLE driftless_mirror (name text PRIMARY KEY, value text NOT NULL);
";

/// The columns as text, with commas between.
static SHOWN: LazyLock<String> = LazyLock::new(|| {
    list(|column| match column.kind {
        Kind::Time => {
            format!(
                "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
                column.name
            )
        }
        Kind::Number | Kind::Text | Kind::Json => format!("{}::text", column.name),
    })
});

/// A row that is as new as what is there is written too: within one second, a source may have changed it twice.
static UPSERT: LazyLock<String> = LazyLock::new(|| {
    let modified = COLUMNS[MODIFIED].name;
    upsert(&format!("coalesce(excluded.{modified} >= activity.{modified}, true)"))
});

/// However new what is there seems.
static REPAIR: LazyLock<String> = LazyLock::new(|| upsert("true"));

const SET_ASIDE: &str = "
INSERT INTO activity_unreadable (activity_id, last_modified_date_time, record, problem)
VALUES ($1, $2::text::timestamptz, $3, $4)
ON CONFLICT (activity_id) DO UPDATE SET last_modified_date_time = excluded.last_modified_date_time,
    record = excluded.record, problem = excluded.problem";

/// What can be read now, unless it is older than what could not be.
const READABLE: &str = "
DELETE FROM activity_unreadable
WHERE activity_id = $1 AND coalesce(last_modified_date_time <= $2::text::timestamptz, true)";

fn upsert(condition: &str) -> String {
    let names = list(|column| column.name.to_owned());
    let places = COLUMNS.iter().enumerate();
    let places = places.map(|(at, column)| format!("${}::text::{}", at + 1, kind(*column)));
    let places = places.collect::<Vec<_>>().join(", ");
    let set = list(|column| format!("{0} = excluded.{0}", column.name));
    // JSON cannot be compared; its text can.
    let of = |table: &str| {
        list(|column| match column.kind {
            Kind::Json => format!("{table}.{}::text", column.name),
            Kind::Number | Kind::Text | Kind::Time => format!("{table}.{}", column.name),
        })
    };
    let (new, old) = (of("excluded"), of("activity"));
    format!(
        "INSERT INTO activity ({names}) VALUES ({places})
         ON CONFLICT (activity_id) DO UPDATE SET {set}
         WHERE {condition} AND ({new}) IS DISTINCT FROM ({old})"
    )
}

fn list(of: impl Fn(&Column) -> String) -> String {
    COLUMNS.iter().map(of).collect::<Vec<_>>().join(", ")
}

fn kind(column: Column) -> &'static str {
    match column.kind {
        Kind::Number => "bigint",
        Kind::Text => "text",
        Kind::Time => "timestamptz",
        Kind::Json => "json",
    }
}

fn table() -> String {
    let columns = list(|column| {
        let rest = match (column.name, column.is_optional) {
            ("activity_id", _) => " PRIMARY KEY",
            (_, true) => "",
            (_, false) => " NOT NULL",
        };
        format!("{} {}{rest}", column.name, kind(*column))
    });
    format!("CREATE TABLE activity ({columns});")
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
        let looked = has_table(&mut address.connect()?, "driftless_mirror");
        looked.map_err(|error| failed(&address.name(), &error))
    }

    fn set_up(&mut self) -> Result<(), TargetError> {
        let name = &self.name;
        let to_error = |error: postgres::Error| failed(name, &error);
        let mut transaction = self.client.transaction().map_err(to_error)?;
        if !has_table(&mut transaction, "driftless_mirror").map_err(to_error)? {
            for table in ["activity", "activity_deleted", "activity_unreadable"] {
                if has_table(&mut transaction, table).map_err(to_error)? {
                    return Err(TargetError::Foreign { target: name.clone(), table });
                }
            }
            transaction.batch_execute(&(table() + OTHER_TABLES)).map_err(to_error)?;
            put(&mut transaction, "version", &VERSION.to_string()).map_err(to_error)?;
            return transaction.commit().map_err(to_error);
        }
        let found = get(&mut transaction, "version").map_err(to_error)?.unwrap_or_default();
        if found != VERSION.to_string() {
            return Err(TargetError::Version { target: name.clone(), found, expected: VERSION });
        }
        Ok(())
    }

    fn failed(&self, error: &postgres::Error) -> TargetError {
        failed(&self.name, error)
    }
}

impl Target for PostgresqlTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        let text = get(&mut self.client, "state").map_err(|error| failed(&self.name, &error))?;
        let read = |text: String| serde_json::from_str(&text);
        text.map(read).transpose().map_err(|error| TargetError::Failed {
            target: self.name.clone(),
            problem: format!("its state in driftless_mirror cannot be read: {error}"),
        })
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
        let counted = self.client.query_one("SELECT count(*) FROM activity", &[]);
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
        let sql = format!("SELECT {} FROM activity WHERE activity_id = ANY($1)", SHOWN.as_str());
        let rows = self.client.query(&sql, &[&ids]);
        rows.and_then(|rows| rows.iter().map(read_row).collect())
            .map_err(|error| self.failed(&error))
    }

    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError> {
        let shown = SHOWN.as_str();
        let sql = format!(
            // By the number: the column of that name that is shown is text.
            "SELECT {shown} FROM activity WHERE activity_id > $1 ORDER BY activity.activity_id LIMIT $2"
        );
        let rows = self.client.query(&sql, &[&after.0, &i64::from(max)]);
        rows.and_then(|rows| rows.iter().map(read_row).collect())
            .map_err(|error| self.failed(&error))
    }

    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Option<Vec<ActivityId>>, TargetError> {
        let sql = "SELECT activity_id FROM activity_deleted WHERE activity_id > $1 ORDER BY activity_id LIMIT $2";
        let rows = self.client.query(sql, &[&after.0, &i64::from(max)]);
        let ids = rows.map(|rows| rows.iter().map(|row| ActivityId(row.get(0))).collect());
        ids.map(Some).map_err(|error| self.failed(&error))
    }

    fn unreadable(&mut self) -> Result<u64, TargetError> {
        let counted = self.client.query_one("SELECT count(*) FROM activity_unreadable", &[]);
        counted.map(|row| row.get::<_, i64>(0).unsigned_abs()).map_err(|error| self.failed(&error))
    }

    fn unreadable_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<(ActivityId, String)>, TargetError> {
        let sql = "SELECT activity_id, record FROM activity_unreadable WHERE activity_id > $1 ORDER BY activity_id LIMIT $2";
        let rows = self.client.query(sql, &[&after.0, &i64::from(max)]);
        let rows = rows.map_err(|error| self.failed(&error))?;
        Ok(rows.iter().map(|row| (ActivityId(row.get(0)), row.get(1))).collect())
    }
}

fn write(transaction: &mut Transaction<'_>, batch: &Batch<'_>) -> Result<Applied, postgres::Error> {
    let mut applied = Applied::default();
    let upsert = transaction.prepare(if batch.is_repair { &REPAIR } else { &UPSERT })?;
    let any = "SELECT EXISTS (SELECT 1 FROM activity_unreadable)";
    let has_unreadable: bool = transaction.query_one(any, &[])?.get(0);
    let readable = transaction.prepare(READABLE)?;
    for row in batch.rows {
        applied.written += write_row(transaction, &upsert, row)?;
        if has_unreadable {
            let newest = row.modified.filter(|_| !batch.is_repair).map(text);
            transaction.execute(&readable, &[&row.id.0, &newest])?;
        }
    }
    let set_aside = transaction.prepare(SET_ASIDE)?;
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

/// A row of [`SHOWN`]; what somebody else has written there is text, and differs.
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

fn stamp(text: &str) -> Option<Stamp> {
    Moment::lower_bound(text).ok()
}

fn has_table(client: &mut impl GenericClient, table: &str) -> Result<bool, postgres::Error> {
    let sql = "SELECT to_regclass(format('%I.%I', current_schema(), $1::text)) IS NOT NULL";
    Ok(client.query_one(sql, &[&table])?.get(0))
}

fn get(client: &mut impl GenericClient, name: &str) -> Result<Option<String>, postgres::Error> {
    let row = client.query_opt("SELECT value FROM driftless_mirror WHERE name = $1", &[&name])?;
    Ok(row.map(|row| row.get(0)))
}

fn put(client: &mut impl GenericClient, name: &str, value: &str) -> Result<(), postgres::Error> {
    let sql = "INSERT INTO driftless_mirror VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    client.execute(sql, &[&name, &value]).map(drop)
}

/// An address, and how its server proves who it is.
struct Address {
    config: Config,
    /// A file with certificates of authorities; without it, the public ones count.
    roots: Option<PathBuf>,
}

impl Address {
    /// Reads an address as PostgreSQL's own programs do, as far as the client knows its settings. A certificate is
    /// always verified, and its name too.
    fn parse(url: &str) -> Result<Address, TargetError> {
        let (before, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut roots, mut others) = (None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", _)) => {
                    let value = form_urlencoded::parse(pair.as_bytes()).next();
                    roots = value.map(|(_, file)| PathBuf::from(file.into_owned()));
                }
                Some(("sslmode", "verify-ca" | "verify-full")) => others.push("sslmode=require"),
                _ => others.push(pair),
            }
        }
        let url = format!("{before}?{}", others.join("&"));
        let mut config: Config = url
            .trim_end_matches('?')
            .parse()
            .map_err(|error: postgres::Error| failed("postgresql://…", &error))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ACKNOWLEDGE_WITHIN);
        }
        config.keepalives_idle(PROBE_AFTER).keepalives_interval(PROBE_EVERY);
        config.keepalives_retries(PROBES);
        Ok(Address { config, roots })
    }

    fn name(&self) -> String {
        shown(&self.config)
    }

    fn connect(&self) -> Result<Client, TargetError> {
        let connected = self.config.connect(self.tls()?);
        connected.map_err(|error| match is_of_tls(&error) {
            true => self.failed(&format!(
                "{}. Name a file with the certificate of its authority at the end of the address (?sslrootcert=FILE), or connect without TLS (?sslmode=disable)",
                told(&error)
            )),
            false => failed(&self.name(), &error),
        })
    }

    /// TLS is used wherever the server has it (`sslmode=prefer`), unless the address says otherwise.
    fn tls(&self) -> Result<MakeRustlsConnect, TargetError> {
        let mut roots = RootCertStore::empty();
        match &self.roots {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let unusable =
                    |problem: &dyn Display| self.failed(&format!("{}: {problem}", file.display()));
                let certificates = CertificateDer::pem_file_iter(file);
                for certificate in certificates.map_err(|error| unusable(&error))? {
                    let certificate = certificate.map_err(|error| unusable(&error))?;
                    roots.add(certificate).map_err(|error| unusable(&error))?;
                }
                if roots.is_empty() {
                    return Err(unusable(&"it has no certificate"));
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| self.failed(&error.to_string()))?;
        Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }

    fn failed(&self, problem: &str) -> TargetError {
        TargetError::Failed { target: self.name(), problem: problem.to_owned() }
    }
}

/// Whether a server could not prove who it is.
fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    let is_it = |error: &(dyn Error + 'static)| {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        error.is::<rustls::Error>()
            || within.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
    };
    std::iter::successors(Some(error), |error| (**error).source()).any(is_it)
}

/// The address without the password.
fn shown(config: &Config) -> String {
    let hosts: Vec<String> = config.get_hosts().iter().map(|host| format!("{host:?}")).collect();
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or_default();
    let hosts = hosts.join(",").replace("Tcp(\"", "").replace("Unix(\"", "").replace("\")", "");
    format!("postgresql://{user}@{hosts}/{database}")
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
