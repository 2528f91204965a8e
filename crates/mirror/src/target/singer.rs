//! `singer:-`: Singer messages on standard output, for a Singer target that reads them from a pipe.
//!
//! What was written into a pipe may never arrive. So the place that a run begins at is what the Singer target has
//! written to its own standard output: after it has stored what came before a STATE message, it repeats that. The
//! file that this is appended to is only read here, never written.
//!
//! Nothing is kept of what was passed on. A row needs no comparison with an older one: the source says in each
//! answer what is there now, and messages arrive in the order in which it said so.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Applied, Batch, Rows, Target, TargetError, members};
use crate::columns::{COLUMNS, Column, Kind, values};
use crate::{State, Unreadable};

/// The streams.
const ACTIVITIES: &str = "activity";
const UNREADABLE: &str = "activity_unreadable";

/// The member that says since when an activity is known to have been removed.
const DELETED_AT: &str = "_sdc_deleted_at";

/// A file with states that is larger holds something else, or was never shortened.
const STATE_BYTES_MAX: u64 = 256 << 20;

/// Messages to a Singer target.
pub struct SingerTarget {
    state_file: PathBuf,
    out: Box<dyn Write + Send>,
    state: Option<State>,
    /// Whether each stream's form has been told.
    told: [bool; 2],
    /// Locked as long as this is open, if there is a file.
    _lock: Option<File>,
}

/// A STATE message's value: Singer's usual form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bookmarks {
    bookmarks: Bookmark,
}

#[derive(Deserialize)]
struct Bookmark {
    activity: State,
}

impl SingerTarget {
    /// Reads how far the Singer target has come, and writes messages to `out`.
    ///
    /// # Errors
    /// When the file cannot be read, or its last line is not a state of a mirror.
    pub fn open(
        state_file: &Path,
        out: Box<dyn Write + Send>,
    ) -> Result<SingerTarget, TargetError> {
        let (state, _lock) = match File::open(state_file) {
            Ok(file) => {
                file.try_lock().map_err(|error| match error {
                    TryLockError::WouldBlock => TargetError::InUse {
                        target: format!("singer:- with {}", state_file.display()),
                    },
                    TryLockError::Error(error) => failed(state_file, &error.to_string()),
                })?;
                (read(state_file)?, Some(file))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => (None, None),
            Err(error) => return Err(failed(state_file, &error.to_string())),
        };
        let (state_file, told) = (state_file.to_owned(), [false; 2]);
        let out = Box::new(BufWriter::new(out));
        Ok(SingerTarget { state_file, out, state, told, _lock })
    }

    fn write(&mut self, batch: &Batch<'_>) -> io::Result<()> {
        self.tell(0)?;
        for row in batch.rows {
            let mut record = members(&values(row));
            record.insert(DELETED_AT.to_owned(), Value::Null);
            self.record(ACTIVITIES, &record)?;
        }
        if !batch.unreadable.is_empty() {
            self.tell(1)?;
        }
        for Unreadable { id, modified, record, problem } in batch.unreadable {
            let modified = modified.map(|stamp| stamp.at_offset(0).to_string());
            let members = json!({"activity_id": id.0, "last_modified_date_time": modified,
                "record": record, "problem": problem});
            if let Value::Object(members) = members {
                self.record(UNREADABLE, &members)?;
            }
        }
        for id in batch.removed {
            let mut record = Map::new();
            record.insert(COLUMNS[0].name.to_owned(), json!(id.0));
            record.insert(DELETED_AT.to_owned(), json!(batch.as_of.at_offset(0).to_string()));
            self.record(ACTIVITIES, &record)?;
        }
        let value = json!({"bookmarks": {ACTIVITIES: batch.state}});
        self.message(&json!({"type": "STATE", "value": value}))?;
        self.out.flush()
    }

    /// The form of a stream, before its first record.
    fn tell(&mut self, stream: usize) -> io::Result<()> {
        if std::mem::replace(&mut self.told[stream], true) {
            return Ok(());
        }
        let (name, properties) = match stream {
            0 => (ACTIVITIES, activity_properties()),
            _ => (UNREADABLE, unreadable_properties()),
        };
        self.message(&json!({"type": "SCHEMA", "stream": name,
            "schema": {"type": "object", "properties": properties},
            "key_properties": [COLUMNS[0].name],
            "bookmark_properties": ["last_modified_date_time"]}))
    }

    fn record(&mut self, stream: &str, record: &Map<String, Value>) -> io::Result<()> {
        self.message(&json!({"type": "RECORD", "stream": stream, "record": record}))
    }

    fn message(&mut self, message: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, message)?;
        self.out.write_all(b"\n")
    }
}

impl Target for SingerTarget {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        Ok(self.state.clone())
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        None
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        self.write(batch).map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => TargetError::Failed {
                target: "singer:-".to_owned(),
                problem: format!(
                    "the Singer target has ended before the run: see what it says. The next run goes on from what it has written to {}",
                    self.state_file.display()
                ),
            },
            _ => TargetError::Failed { target: "singer:-".to_owned(), problem: error.to_string() },
        })?;
        self.state = Some(batch.state.clone());
        Ok(Applied { written: batch.rows.len() as u64, removed: batch.removed.len() as u64 })
    }
}

fn activity_properties() -> Value {
    let mut properties: Map<String, Value> =
        COLUMNS.iter().map(|column| (column.name.to_owned(), kind(column))).collect();
    properties.insert(DELETED_AT.to_owned(), time());
    Value::Object(properties)
}

fn unreadable_properties() -> Value {
    let text = json!({"type": ["null", "string"]});
    json!({"activity_id": {"type": "integer"}, "last_modified_date_time": time(),
        "record": text, "problem": text})
}

fn time() -> Value {
    json!({"type": ["null", "string"], "format": "date-time"})
}

/// What a column holds, as JSON Schema. Of a removed activity only the key is told, so that all others can be empty.
fn kind(column: &Column) -> Value {
    match column.kind {
        Kind::Number if column.name == COLUMNS[0].name => json!({"type": "integer"}),
        Kind::Number => json!({"type": ["null", "integer"]}),
        Kind::Text => json!({"type": ["null", "string"]}),
        Kind::Time => time(),
        Kind::Json => {
            let text = json!({"type": ["null", "string"]});
            let properties = json!({"fieldId": text, "fieldValue": text, "fieldOptionId": text});
            json!({"type": ["null", "array"], "items": {"type": "object", "properties": properties}})
        }
    }
}

/// The last whole line of the file that is a state; none of a file without lines.
fn read(file: &Path) -> Result<Option<State>, TargetError> {
    let told = |error: io::Error| failed(file, &error.to_string());
    if fs::metadata(file).map_err(told)?.len() > STATE_BYTES_MAX {
        return Err(failed(file, "it is too large: keep its last line"));
    }
    let text = fs::read_to_string(file).map_err(told)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<&str> = lines.collect();
    if lines.is_empty() {
        return Ok(None);
    }
    // A line that was cut off, as by a power cut, counts as not written. The whole may be one, indented.
    let state = lines.iter().rev().take(2).find_map(|line| state(line)).or_else(|| state(&text));
    state.map(Some).ok_or_else(|| {
        failed(
            file,
            "its last line is not a state of this mirror: append to it what the Singer target writes to its standard output, and nothing else",
        )
    })
}

fn state(line: &str) -> Option<State> {
    let value: Value = serde_json::from_str(line).ok()?;
    // Some targets repeat the whole message.
    let value = if value["type"] == "STATE" { value["value"].clone() } else { value };
    serde_json::from_value::<Bookmarks>(value).ok().map(|value| value.bookmarks.activity)
}

fn failed(file: &Path, problem: &str) -> TargetError {
    TargetError::Failed {
        target: format!("--state {}", file.display()),
        problem: problem.to_owned(),
    }
}
