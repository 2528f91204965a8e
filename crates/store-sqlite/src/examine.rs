//! Looks for damage: reads every row, and compares it with the version that it belongs to.

use std::collections::HashSet;

use domain::{ActivityId, Stamp, Version};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params, Row};
use store::{Examined, StoreError};

use crate::marker::{Content, Lacking, MARKER_FILE, Unreadable};
use crate::{checksum, failed, rows};

/// Problems of the file itself that SQLite lists before it stops.
const FILE_PROBLEMS_MAX: usize = 1_000;

/// The most characters of a text that a message shows.
const SHOWN_CHARS_MAX: usize = 60;

/// Every table whose rows belong to an organization.
const TABLES: [&str; 10] = [
    "system_user",
    "api_key",
    "activity_status",
    "change",
    "activity",
    "session",
    "run",
    "account",
    "coverage",
    "audit",
];

/// What a row of a small table is, its columns as `rows` reads them, and the reader.
type SmallTable = (&'static str, &'static str, fn(&Row<'_>) -> Result<(), StoreError>);

const SMALL_TABLES: [SmallTable; 8] = [
    (
        "user",
        "id, name, role, disabled, login, password, password_set, zone, calendar, calendar_created FROM system_user",
        |row| rows::user(row).map(drop),
    ),
    (
        "key",
        "id, system_user, label, hash, created, revoked, last_login, expected_ms FROM api_key",
        |row| rows::key(row).map(drop),
    ),
    (
        "status",
        "id, name, position, done, begins, retired, spreading FROM activity_status",
        |row| rows::status(row).map(drop),
    ),
    ("session", "hash, api_key, system_user, created, last_used, stays FROM session", |row| {
        rows::session(row).map(drop)
    }),
    ("account", "id, name FROM account", |row| rows::account(row).map(drop)),
    ("coverage of key", "api_key, document, checksum FROM coverage", |row| {
        rows::coverage(row).map(drop)
    }),
    (
        "audit entry",
        "number, at, last, count, kind, actor, actor_id, address, what FROM audit",
        |row| rows::audit(row).map(drop),
    ),
    (
        "run",
        "session, query, upper_bound, api_key, number, page_size, seq, horizon, first_served, last_page, last_used FROM run",
        |row| rows::run(row).map(drop),
    ),
];

/// Each version, as [`rows::version`] reads it, and beside it the current state of its activity.
const VERSIONS: &str = "
    SELECT c.seq, c.stamp, c.activity, c.kind, c.actor, c.origin, c.previous, c.document,
           c.organization, c.checksum, a.seq, a.stamp, a.removed, a.subject, a.starts, a.ends, a.client, a.system_user,
           a.status, a.priority
    FROM change c LEFT JOIN activity a ON a.organization = c.organization AND a.id = c.activity
    WHERE c.organization = ?1 ORDER BY c.seq";

/// Where in [`VERSIONS`] the columns stand that a checksum is of, in its order.
const CHECKED_AT: [usize; checksum::COLUMNS] = [8, 0, 1, 2, 3, 4, 5, 6, 7];

/// Where in [`VERSIONS`] the checksum stands.
const CHECKSUM_AT: usize = 9;

/// Where in [`VERSIONS`] the current state begins.
const CURRENT_AT: usize = 10;

const WITHOUT_VERSION: &str = "
    SELECT id, seq FROM activity a WHERE organization = ?1 AND NOT EXISTS (
        SELECT 1 FROM change c
        WHERE c.organization = a.organization AND c.seq = a.seq AND c.activity = a.id)
    ORDER BY id";

/// See [`store::Store::examine`]; to be called within a transaction, which makes it one snapshot.
pub(crate) fn examine(
    connection: &Connection,
    marked: Result<Option<Content>, Unreadable>,
    visit: &mut dyn FnMut(Examined),
) -> Result<(), StoreError> {
    let mut examination = Examination { connection, visit };
    examination.the_file()?;
    match marked {
        Ok(Some(marked)) => examination.the_marker(&marked)?,
        Ok(None) => {}
        Err(Unreadable::Damaged(problem)) => {
            examination.tell(format!("{MARKER_FILE} is damaged: {problem}"));
        }
        Err(Unreadable::Failed(e)) => {
            return Err(StoreError::Unavailable(format!("{MARKER_FILE}: {e}")));
        }
    }
    let organizations = examination.organizations()?;
    examination.strangers(&organizations)?;
    for organization in organizations {
        examination.organization(organization)?;
    }
    Ok(())
}

struct Examination<'e> {
    connection: &'e Connection,
    visit: &'e mut dyn FnMut(Examined),
}

struct Known {
    key: i64,
    /// Its id as it stands there, readable or not.
    shown: String,
    problem: Option<String>,
}

impl Examination<'_> {
    fn tell(&mut self, problem: String) {
        (self.visit)(Examined::Problem(problem));
    }

    /// Runs a query. Damage on its way is told and ends the query alone.
    fn query(
        &mut self,
        what: &str,
        sql: &str,
        params: impl Params,
        row: &mut dyn FnMut(&mut Self, &Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let connection = self.connection;
        let walk = || {
            let mut statement = connection.prepare_cached(sql).map_err(failed)?;
            let mut rows = statement.query(params).map_err(failed)?;
            while let Some(found) = rows.next().map_err(failed)? {
                row(self, found)?;
            }
            Ok(())
        };
        if let Some(problem) = damage(walk())? {
            self.tell(format!("{what}: {problem}"));
        }
        Ok(())
    }

    /// Pages, indexes and what stands once per folder.
    fn the_file(&mut self) -> Result<(), StoreError> {
        let check = format!("PRAGMA integrity_check({FILE_PROBLEMS_MAX})");
        self.query("the file", &check, [], &mut |this, row| {
            let problem: String = row.get(0).map_err(failed)?;
            if problem != "ok" {
                this.tell(problem);
            }
            Ok(())
        })?;
        let folder = "SELECT lease, clean, boot, lost_before, transactions, device_key FROM folder";
        self.query("table folder", folder, [], &mut |_, row| rows::folder(row).map(drop))
    }

    /// Whether everything is there that has been told.
    fn the_marker(&mut self, marked: &Content) -> Result<(), StoreError> {
        match marked.lacking(self.connection).map_err(failed)? {
            None => {}
            Some(Lacking::Everything) => {
                self.tell(format!("{MARKER_FILE} was written for another database"));
            }
            Some(Lacking::Part(lacking)) => {
                self.tell(format!("data that {MARKER_FILE} records is missing: {lacking}"));
            }
        }
        Ok(())
    }

    fn organizations(&mut self) -> Result<Vec<Known>, StoreError> {
        let mut known = Vec::new();
        let columns = rows::ORGANIZATION;
        let sql = format!("SELECT {columns} FROM organization ORDER BY organization");
        self.query("table organization", &sql, [], &mut |_, row| {
            let key = row.get(0).map_err(failed)?;
            let shown = row.get(1).unwrap_or_else(|_| format!("number {key}"));
            let problem = damage(rows::organization(row).map(drop))?;
            known.push(Known { key, shown, problem });
            Ok(())
        })?;
        Ok(known)
    }

    /// Rows of organizations that are not there.
    fn strangers(&mut self, known: &[Known]) -> Result<(), StoreError> {
        for table in TABLES {
            let next = format!("SELECT min(organization) FROM {table} WHERE organization > ?1");
            let rows = format!("SELECT count(*) FROM {table} WHERE organization = ?1");
            let mut after = Some(i64::MIN);
            while let Some(last) = after.take() {
                let what = format!("table {table}");
                self.query(&what, &next, (last,), &mut |_, row| {
                    after = row.get(0).map_err(failed)?;
                    Ok(())
                })?;
                let Some(key) = after else { break };
                if known.iter().any(|known| known.key == key) {
                    continue;
                }
                self.query(&what, &rows, (key,), &mut |this, row| {
                    let count: i64 = row.get(0).map_err(failed)?;
                    this.tell(format!(
                        "table {table}: rows of organization number {key}, which does not exist: {count}"
                    ));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn organization(&mut self, known: Known) -> Result<(), StoreError> {
        (self.visit)(Examined::Organization(known.shown));
        if let Some(problem) = known.problem {
            self.tell(problem);
        }
        for (what, columns, read) in SMALL_TABLES {
            let sql = format!("SELECT {columns} WHERE organization = ?1 ORDER BY 1");
            self.query(what, &sql, (known.key,), &mut |this, row| {
                if let Some(problem) = damage(read(row))? {
                    // Of sessions and runs the first column is a hash.
                    let id = row.get(0).map_or_else(|_| String::new(), |id: i64| format!(" {id}"));
                    this.tell(format!("{what}{id}: {problem}"));
                }
                Ok(())
            })?;
        }
        // Each activity is told once, however many versions it has.
        let mut told = HashSet::new();
        self.query("table change", VERSIONS, (known.key,), &mut |this, row| {
            this.version(row, &mut told)
        })?;
        self.query("table activity", WITHOUT_VERSION, (known.key,), &mut |this, row| {
            let (id, seq): (i64, i64) = (cell(row, 0)?, cell(row, 1)?);
            if !told.contains(&id) {
                this.tell(format!("activity {id}: there is no version at position {seq}"));
            }
            Ok(())
        })
    }

    fn version(&mut self, row: &Row<'_>, told: &mut HashSet<i64>) -> Result<(), StoreError> {
        let (seq, id): (i64, i64) = (cell(row, 0)?, cell(row, 2)?);
        (self.visit)(Examined::Version {
            seq: rows::seq(seq),
            stamp: Stamp::from_millis(cell(row, 1)?),
            id: ActivityId(id),
            previous: cell::<Option<i64>>(row, 6)?.map(rows::seq),
        });
        let mut version = None;
        let read = rows::version(row).map(|read| version = Some(read));
        if let Some(problem) = damage(read)? {
            self.tell(format!("position {seq}, activity {id}: {problem}"));
        } else if !is_as_written(row)? {
            self.tell(format!(
                "position {seq}, activity {id}: the checksum does not match, so it is not what was written"
            ));
        }
        match cell::<Option<i64>>(row, CURRENT_AT)? {
            None if told.insert(id) => {
                self.tell(format!("activity {id}: it is missing from table activity"));
            }
            Some(current) if current < seq && told.insert(id) => self.tell(format!(
                "activity {id}: column seq says {current}, but there is a later version at {seq}"
            )),
            Some(current) if current == seq => {
                if let Some(version) = version {
                    self.current(row, &version)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Compares the current state with the version that it should show.
    fn current(&mut self, row: &Row<'_>, version: &Version) -> Result<(), StoreError> {
        let columns = rows::CURRENT_COLUMNS.into_iter().zip(rows::current(version));
        for (at, (column, expected)) in columns.enumerate() {
            let found = row.get_ref(CURRENT_AT + at).map_err(failed)?;
            if found != expected {
                let (found, expected) = (shown(found), shown(expected));
                let id = version.id;
                self.tell(format!(
                    "activity {id}: column {column} says {found}, but its version says {expected}"
                ));
            }
        }
        Ok(())
    }
}

fn is_as_written(row: &Row<'_>) -> Result<bool, StoreError> {
    let mut columns = [ValueRef::Null; checksum::COLUMNS];
    for (column, at) in columns.iter_mut().zip(CHECKED_AT) {
        *column = row.get_ref(at).map_err(failed)?;
    }
    Ok(cell::<i64>(row, CHECKSUM_AT)? == checksum::of(&columns))
}

fn cell<T: rusqlite::types::FromSql>(row: &Row<'_>, index: usize) -> Result<T, StoreError> {
    row.get(index).map_err(failed)
}

/// What is damaged, if anything; other errors end the examination.
fn damage(read: Result<(), StoreError>) -> Result<Option<String>, StoreError> {
    match read {
        Ok(()) => Ok(None),
        Err(StoreError::Damaged(problem)) => Ok(Some(problem)),
        Err(other) => Err(other),
    }
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let short: String = text.chars().take(SHOWN_CHARS_MAX).collect();
            let more = if short.len() < text.len() { "…" } else { "" };
            format!("{short:?}{more}")
        }
    }
}
