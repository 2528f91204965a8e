//! `jsonl:DIR`: a log of changes, one line a change, to which is only ever added.
//!
//! ```json
//! {"activity_id":12,"subject":"Call",…,"removed":false}
//! {"activity_id":12,"removed":true}
//! {"activity_id":13,"unreadable":"subject is missing","record":{…}}
//! ```
//!
//! A database in the folder, `state.mirror`, has how far the mirror has come, what the log says last of each
//! activity, and how long the log is. Lines are made durable before the database says so: what a run that was
//! killed has written beyond that is cut off by the next one, which writes it again.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Applied, Batch, Rows, SqliteTarget, Target, TargetError, members};
use crate::columns::{Values, values};
use crate::{RunNote, State};

/// A file that has grown to so many bytes is followed by another.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// The database in the folder.
const STATE: &str = "state.mirror";

/// The log in a folder.
pub struct JsonLinesTarget {
    folder: PathBuf,
    database: SqliteTarget,
    /// The number of the file that is written to, from 1.
    number: u64,
    file: File,
    length: u64,
}

impl JsonLinesTarget {
    /// Opens the log, or begins it.
    ///
    /// # Errors
    /// When the folder cannot be made, or a file in it cannot be opened.
    pub fn open(folder: &Path) -> Result<JsonLinesTarget, TargetError> {
        let told = |error: &io::Error| failed(folder, error);
        fs::create_dir_all(folder).map_err(|error| told(&error))?;
        if path(folder, 1).exists() && !folder.join(STATE).exists() {
            return Err(told(&io::Error::other(
                "there is a log in it, but no state.mirror: move the log away, or bring the state back",
            )));
        }
        let mut database = SqliteTarget::open(&folder.join(STATE))?;
        // What the log says must not be taken back: others may have read it.
        database.hold_each()?;
        let noted = database.note("log")?;
        let place = noted.as_deref().and_then(|noted| noted.split_once(' '));
        let number = |text: &str| text.parse().ok();
        let place = place.and_then(|(file, length)| Some((number(file)?, number(length)?)));
        let (number, length) = place.unwrap_or((1, 0));
        let open = || -> io::Result<File> {
            // An empty one was begun by a run that got no further.
            let is_filled = |file: PathBuf| file.metadata().is_ok_and(|file| file.len() > 0);
            if place.is_none() && is_filled(path(folder, 1)) {
                return Err(io::Error::other(
                    "there is a log in it, but its state.mirror does not know of it: move the log away, or bring the state back",
                ));
            }
            let file = begun(folder, number)?;
            if file.metadata()?.len() < length {
                return Err(io::Error::other(format!(
                    "{} is shorter than it was: something else has changed it",
                    path(folder, number).display()
                )));
            }
            Ok(file)
        };
        let file = open().map_err(|error| told(&error))?;
        Ok(JsonLinesTarget { folder: folder.to_owned(), database, number, file, length })
    }

    /// Adds lines, durably.
    fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.length >= FILE_BYTES_MAX {
            self.file = begun(&self.folder, self.number + 1)?;
            (self.number, self.length) = (self.number + 1, 0);
        }
        // What is behind this was not finished: by an attempt that failed, or by a run that was killed.
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(lines)?;
        self.file.sync_data()?;
        self.length += lines.len() as u64;
        Ok(())
    }
}

impl Target for JsonLinesTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        self.database.state()
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        Some(&mut self.database)
    }

    fn keep_run(&mut self, run: &RunNote) -> Result<(), TargetError> {
        self.database.keep_run(run)
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        let mut lines = Vec::new();
        for row in batch.rows {
            // Also where the content is as before: the log said last that it cannot be read.
            if self.database.would_write(row, batch.is_repair)?
                || self.database.would_make_readable(row, batch.is_repair)?
            {
                put_line(&mut lines, &record(&values(row)));
            }
        }
        for unreadable in batch.unreadable {
            if self.database.would_set_aside(unreadable)? {
                let (id, problem) = (unreadable.id.0, &unreadable.problem);
                let record: serde_json::Value =
                    serde_json::from_str(&unreadable.record).unwrap_or_default();
                put_line(
                    &mut lines,
                    &json!({"activity_id": id, "unreadable": problem, "record": record}),
                );
            }
        }
        for id in batch.removed.iter().chain(batch.unknown) {
            if self.database.has(*id)? {
                put_line(&mut lines, &json!({"activity_id": id.0, "removed": true}));
            }
        }
        let before = (self.number, self.length);
        if !lines.is_empty() {
            self.add(&lines).map_err(|error| failed(&self.folder, &error))?;
        }
        let place = format!("{} {}", self.number, self.length);
        let applied = self.database.apply_noting(batch, |_| Some(("log", place)));
        if applied.is_err() && before.0 == self.number {
            // Not noted: it is written over.
            self.length = before.1;
        }
        applied
    }
}

/// Whether there is a log in a folder, or something that looks like one.
pub(super) fn is_in(folder: &Path) -> bool {
    folder.join(STATE).exists() || path(folder, 1).exists()
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("activities-{number:06}.jsonl"))
}

fn begun(folder: &Path, number: u64) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path(folder, number))?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn put_line(lines: &mut Vec<u8>, line: &serde_json::Value) {
    lines.extend_from_slice(line.to_string().as_bytes());
    lines.push(b'\n');
}

fn record(values: &Values) -> serde_json::Value {
    let mut members = members(values);
    members.insert("removed".to_owned(), json!(false));
    serde_json::Value::Object(members)
}

fn failed(folder: &Path, error: &io::Error) -> TargetError {
    TargetError::Failed {
        target: format!("jsonl:{}", folder.display()),
        problem: error.to_string(),
    }
}
