//! The tables of targets that are databases, and the statements about them: once, for every dialect.
//!
//! Places for values are `$1`, `$2` and so on, in the order in which they first occur: SQLite takes them for names,
//! and numbers them so.

use super::TargetError;
use crate::State;
use crate::columns::{COLUMNS, Column, Kind, MODIFIED};

/// The form of the tables.
const VERSION: u32 = 1;

/// The table that says how far the mirror has come.
pub(super) const OWN_TABLE: &str = "driftless_mirror";

/// The other tables.
pub(super) const TABLES: [&str; 3] = ["activity", "activity_deleted", "activity_unreadable"];

pub(super) const COUNT: &str = "SELECT count(*) FROM activity";
pub(super) const REMOVED_AFTER: &str =
    "SELECT activity_id FROM activity_deleted WHERE activity_id > $1 ORDER BY activity_id LIMIT $2";
pub(super) const COUNT_UNREADABLE: &str = "SELECT count(*) FROM activity_unreadable";
pub(super) const HAS_UNREADABLE: &str = "SELECT EXISTS (SELECT 1 FROM activity_unreadable)";
pub(super) const UNREADABLE_AFTER: &str = "SELECT activity_id, record FROM activity_unreadable WHERE activity_id > $1 ORDER BY activity_id LIMIT $2";
pub(super) const GET: &str = "SELECT value FROM driftless_mirror WHERE name = $1";
pub(super) const PUT: &str = "INSERT INTO driftless_mirror VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// What differs between databases.
pub(super) struct Dialect {
    /// The type of a column.
    pub(super) kind: fn(Kind) -> &'static str,
    /// Follows the place of a value that is handed over as text, and says what it is.
    pub(super) cast: fn(Kind) -> &'static str,
    /// A column of a table, as it can be compared.
    pub(super) comparable: fn(&str, &Column) -> String,
    /// A column as it is read.
    pub(super) shown: fn(&Column) -> String,
    /// Between two rows, where nothing is like nothing: whether they differ.
    pub(super) differs: &'static str,
}

/// The statements that have to know the columns.
pub(super) struct Statements {
    /// Makes the tables.
    pub(super) tables: String,
    /// Writes a row, unless it is older than what is there. One that is as new is written too: within one second, a
    /// source may have changed it twice.
    pub(super) upsert: String,
    /// Writes a row, however new what is there seems.
    pub(super) repair: String,
    /// Keeps a record that cannot be read.
    pub(super) set_aside: String,
    /// Which of these can be read now: unless it is older than what could not be.
    pub(super) is_readable: String,
    /// The columns as they are read, with commas between.
    pub(super) shown: String,
    /// Rows by id.
    pub(super) rows_after: String,
}

impl Statements {
    pub(super) fn of(dialect: &Dialect) -> Statements {
        let modified = COLUMNS[MODIFIED].name;
        let is_as_new = format!("coalesce(excluded.{modified} >= activity.{modified}, true)");
        let time = (dialect.cast)(Kind::Time);
        let shown = list(|column| (dialect.shown)(column));
        Statements {
            tables: tables(dialect),
            upsert: upsert(dialect, &is_as_new),
            repair: upsert(dialect, "true"),
            set_aside: format!(
                "INSERT INTO activity_unreadable (activity_id, last_modified_date_time, record, problem)
                 VALUES ($1, $2{time}, $3, $4)
                 ON CONFLICT (activity_id) DO UPDATE SET
                 last_modified_date_time = excluded.last_modified_date_time, record = excluded.record,
                 problem = excluded.problem"
            ),
            is_readable: format!(
                "activity_id = $1 AND coalesce(last_modified_date_time <= $2{time}, true)"
            ),
            rows_after: format!(
                // By the number: the column of that name that is shown may be text.
                "SELECT {shown} FROM activity WHERE activity_id > $1 ORDER BY activity.activity_id LIMIT $2"
            ),
            shown,
        }
    }
}

fn tables(dialect: &Dialect) -> String {
    let columns = list(|column| {
        let rest = match (column.name, column.is_optional) {
            ("activity_id", _) => " PRIMARY KEY",
            (_, true) => "",
            (_, false) => " NOT NULL",
        };
        format!("{} {}{rest}", column.name, (dialect.kind)(column.kind))
    });
    let [number, time] = [Kind::Number, Kind::Time].map(dialect.kind);
    format!(
        "CREATE TABLE activity ({columns});
         CREATE TABLE activity_deleted (activity_id {number} PRIMARY KEY);
         CREATE TABLE activity_unreadable (
             activity_id {number} PRIMARY KEY,
             last_modified_date_time {time},
             record TEXT NOT NULL,
             problem TEXT NOT NULL
         );
         CREATE TABLE driftless_mirror (name TEXT PRIMARY KEY, value TEXT NOT NULL);"
    )
}

fn upsert(dialect: &Dialect, condition: &str) -> String {
    let names = list(|column| column.name.to_owned());
    let places = COLUMNS.iter().enumerate();
    let places = places.map(|(at, column)| format!("${}{}", at + 1, (dialect.cast)(column.kind)));
    let places = places.collect::<Vec<_>>().join(", ");
    let set = list(|column| format!("{0} = excluded.{0}", column.name));
    let [new, old] =
        ["excluded", "activity"].map(|table| list(|column| (dialect.comparable)(table, column)));
    let differs = dialect.differs;
    format!(
        "INSERT INTO activity ({names}) VALUES ({places})
         ON CONFLICT (activity_id) DO UPDATE SET {set} WHERE {condition} AND ({new}) {differs} ({old})"
    )
}

fn list(of: impl Fn(&Column) -> String) -> String {
    COLUMNS.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// The version of the tables, as they note it.
pub(super) fn version() -> String {
    VERSION.to_string()
}

/// Refuses tables of another form.
pub(super) fn expect_version(target: &str, found: Option<String>) -> Result<(), TargetError> {
    let found = found.unwrap_or_default();
    match found == version() {
        true => Ok(()),
        false => Err(TargetError::Version { target: target.to_owned(), found, expected: VERSION }),
    }
}

/// How far the mirror has come, from what the table has of it.
pub(super) fn read_state(target: &str, text: Option<String>) -> Result<Option<State>, TargetError> {
    let read = text.map(|text| serde_json::from_str(&text)).transpose();
    read.map_err(|error| TargetError::Failed {
        target: target.to_owned(),
        problem: format!("its state in driftless_mirror cannot be read: {error}"),
    })
}
