//! A batch as the process with the data folder reads it.

use std::io;

use api_v1::member;
use domain::{ActivityId, Author, Origin, Seq, Stamp, State, Version, Zone};
use mirror::target::Batch;
use neon::export::{Format, Writer};

use crate::commands::Failure;

/// Written where a version has to have a time, and left out or ignored where it is read.
const UNSAID: Stamp = Stamp::MIN;

/// What a batch brings, as JSON lines.
pub(super) fn of(batch: &Batch<'_>) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for row in batch.rows {
        let state = State::Record(row.activity.clone());
        let line = line(row.id, row.modified.unwrap_or(UNSAID), state)?;
        let said = [(member::CREATED, row.created), (member::MODIFIED, row.modified)];
        let unsaid = said.into_iter().filter(|(_, time)| time.is_none()).map(|(name, _)| name);
        lines.extend(without(line, unsaid)?);
    }
    for id in batch.removed.iter().chain(batch.unknown) {
        lines.extend(line(*id, UNSAID, State::Tombstone)?);
    }
    Ok(String::from_utf8(lines)?)
}

fn line(id: ActivityId, stamp: Stamp, state: State) -> io::Result<Vec<u8>> {
    let author = Author { user: None, origin: Origin::Import };
    let version = Version { seq: Seq::ZERO, stamp, id, previous: None, author, state };
    let mut writer = Writer::new(Format::JsonLines, Zone::utc(), Vec::new())?;
    writer.write(&version)?;
    writer.finish()
}

/// The line without these members: what the source does not say must not be said for it.
fn without(
    line: Vec<u8>,
    names: impl Iterator<Item = &'static str>,
) -> Result<Vec<u8>, serde_json::Error> {
    let mut names = names.peekable();
    if names.peek().is_none() {
        return Ok(line);
    }
    let mut record: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line)?;
    names.for_each(|name| drop(record.remove(name)));
    let mut line = serde_json::to_vec(&record)?;
    line.push(b'\n');
    Ok(line)
}
