//! Messages for a Singer target, which keeps nothing that could be looked at.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use domain::{ActivityId, Stamp};
use mirror::target::{Batch, SingerTarget, Target};
use mirror::{Row, Unreadable};
use serde_json::{Value, json};

use crate::{row, state};

/// Standard output that can be read; it breaks where there is no room left.
#[derive(Clone, Default)]
struct Pipe {
    written: Arc<Mutex<Vec<u8>>>,
    room: Option<usize>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap();
        if self.room.is_some_and(|room| written.len() + bytes.len() > room) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    fn messages(&self) -> Vec<Value> {
        let written = self.written.lock().unwrap();
        let lines = std::str::from_utf8(&written).unwrap().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn open(states: &Path, pipe: &Pipe) -> SingerTarget {
    SingerTarget::open(states, Box::new(pipe.clone())).unwrap()
}

fn apply(target: &mut SingerTarget, rows: &[Row], unreadable: &[Unreadable], removed: &[i64]) {
    let removed: Vec<ActivityId> = removed.iter().copied().map(ActivityId).collect();
    let (state, as_of) = (state(5), Stamp::from_millis(9_000));
    let batch = Batch { rows, unreadable, removed: &removed, as_of, ..Batch::of_state(&state) };
    target.apply(&batch).unwrap();
}

#[test]
fn a_batch_is_a_schema_its_records_and_a_state() {
    let (folder, pipe) = (tempfile::tempdir().unwrap(), Pipe::default());
    let mut target = open(&folder.path().join("state.jsonl"), &pipe);
    assert_eq!(target.state().unwrap(), None);
    apply(&mut target, &[row(1, "Call", 1_000)], &[], &[7]);
    apply(&mut target, &[row(2, "Mail", 2_000)], &[], &[]);
    let messages = pipe.messages();
    let kinds: Vec<&str> =
        messages.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["SCHEMA", "RECORD", "RECORD", "STATE", "RECORD", "STATE"]);
    let schema = &messages[0];
    assert_eq!(schema["key_properties"], json!(["activity_id"]));
    let times = json!({"type": ["null", "string"], "format": "date-time"});
    for column in ["start_date_time", "last_modified_date_time", "_sdc_deleted_at"] {
        assert_eq!(schema["schema"]["properties"][column], times, "{column}");
    }
    let (there, removed) = (&messages[1]["record"], &messages[2]["record"]);
    let columns: Vec<&String> =
        schema["schema"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(there.as_object().unwrap().keys().collect::<Vec<_>>(), columns);
    assert_eq!((&there["subject"], &there["_sdc_deleted_at"]), (&json!("Call"), &Value::Null));
    let expected = json!({"activity_id": 7, "_sdc_deleted_at": "1970-01-01T00:00:09.000+00:00"});
    assert_eq!(*removed, expected);
}

#[test]
fn a_record_that_cannot_be_read_is_in_a_stream_of_its_own() {
    let (folder, pipe) = (tempfile::tempdir().unwrap(), Pipe::default());
    let mut target = open(&folder.path().join("state.jsonl"), &pipe);
    let (record, problem) = ("{}".to_owned(), "subject is missing".to_owned());
    apply(
        &mut target,
        &[],
        &[Unreadable { id: ActivityId(4), modified: None, record, problem }],
        &[],
    );
    let messages = pipe.messages();
    assert_eq!(
        (&messages[1]["type"], &messages[1]["stream"]),
        (&json!("SCHEMA"), &json!("activity_unreadable"))
    );
    let expected = json!({"activity_id": 4, "last_modified_date_time": null, "record": "{}",
        "problem": "subject is missing"});
    assert_eq!(messages[2]["record"], expected);
}

#[test]
fn a_run_continues_with_the_last_state_that_the_singer_target_has_repeated() {
    let (folder, pipe) = (tempfile::tempdir().unwrap(), Pipe::default());
    let file = folder.path().join("state.jsonl");
    apply(&mut open(&file, &pipe), &[row(1, "Call", 1_000)], &[], &[]);
    assert!(!file.exists(), "it is the Singer target's");
    let told = pipe.messages().pop().unwrap();
    let value = told["value"].to_string();
    let whole = serde_json::to_string_pretty(&told["value"]).unwrap();
    for repeated in [
        format!("{value}\n"),
        // Some repeat the whole message; some indent it.
        format!("{told}\n"),
        format!("{whole}\n"),
        // The power was cut.
        format!("{value}\n{}", &value[..20]),
    ] {
        fs::write(&file, &repeated).unwrap();
        assert_eq!(open(&file, &pipe).state().unwrap(), Some(state(5)), "{repeated}");
    }
    fs::write(&file, "INFO loaded 3 rows\n").unwrap();
    let refused = SingerTarget::open(&file, Box::new(pipe)).map(drop).unwrap_err().to_string();
    assert!(refused.contains("is not a state of this mirror"), "{refused}");
}

#[test]
fn a_pipe_that_breaks_is_told_with_what_the_next_run_does() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = Pipe { room: Some(10), ..Pipe::default() };
    let mut target = open(&folder.path().join("state.jsonl"), &pipe);
    let (rows, state) = ([row(1, "Call", 1_000)], state(5));
    let batch = Batch { rows: &rows, ..Batch::of_state(&state) };
    let refused = target.apply(&batch).unwrap_err().to_string();
    assert!(refused.contains("the Singer target has ended before the run"), "{refused}");
    assert_eq!(target.state().unwrap(), None);
}
