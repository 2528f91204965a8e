//! The tables of the database, and how older ones are brought up to date.

use rusqlite::{Connection, TransactionBehavior};

/// What has been done to the tables, oldest first. `PRAGMA user_version` counts the steps that a database has had.
const STEPS: [&str; 2] =
    [include_str!("../migrations/V1__log.sql"), include_str!("../migrations/V2__people.sql")];

/// The version of the tables that this release writes.
pub(crate) const KNOWN: i64 = STEPS.len() as i64;

/// The version of a database's tables; 0 if its first start was interrupted.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Takes the steps that are missing, all or none.
pub(crate) fn bring_up_to_date(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let had = usize::try_from(version(&transaction)?).unwrap_or(0);
    for step in STEPS.iter().skip(had) {
        transaction.execute_batch(step)?;
    }
    if had < STEPS.len() {
        transaction.pragma_update(None, "user_version", KNOWN)?;
    }
    transaction.commit()
}
