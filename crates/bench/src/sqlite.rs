//! What the disk can do: SQLite alone, as durable as the server is.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::Outcome;

/// About what the log keeps of an activity.
const DOCUMENT: &str = r#"[1767625200000,"Bench","Bench","Call about the annual report 1234567","Left a message. Calls back in the afternoon.",[1767625200000,-21600],null,3480,1,2,"Not Started",2]"#;

/// Commits a second of one connection, a row each.
pub(crate) fn commits_per_second(folder: &Path, during: Duration) -> Outcome<f64> {
    let connection = Connection::open(folder.join("bare.db"))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "DROP TABLE IF EXISTS row; CREATE TABLE row (id INTEGER PRIMARY KEY, document TEXT NOT NULL)",
    )?;
    let mut insert = connection.prepare("INSERT INTO row (document) VALUES (?1)")?;
    let begun = Instant::now();
    let mut commits = 0_u32;
    while begun.elapsed() < during {
        insert.execute([DOCUMENT])?;
        commits += 1;
    }
    Ok(f64::from(commits) / begun.elapsed().as_secs_f64())
}
