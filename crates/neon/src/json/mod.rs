//! Answers as JSON: one object with one member.
//!
//! HTTP 200 also for failures: clients look at the status first and lose the error code. Nothing
//! but an object with one member: the vendor's own PHP library takes the first member, whatever it
//! is called, and dies on anything else.

mod ahead;
mod block;
mod fresh;
mod head;
mod long;
mod output;
mod printed;
pub(crate) mod record;

use api_v1::{answer, member};
use axum::body::Bytes;
use domain::{ActivityId, Zone};
use serde::Serialize;
use service::{ManyIds, NoRoom, Place, RemovedIds, Service, StoredVersion};

use crate::answer::{Success, Value};
use crate::errors::ApiError;
use output::{Output, SHARED_BYTES_MIN};
use printed::{Printed, Records};

pub(crate) use head::Head;
pub(crate) use long::LongRecords;
pub(crate) use output::Piece;

/// About what an answer has beside its records.
const MEMBERS_BYTES: usize = 256;

/// What prints answers as JSON, and what it keeps of records.
pub(crate) struct Json {
    service: Service,
    records: Records,
}

impl Json {
    pub(crate) fn new(service: Service, cache_bytes_max: u64) -> Json {
        Json { service, records: Records::new(cache_bytes_max) }
    }

    /// Prints an answer: pieces, and its end.
    ///
    /// # Errors
    /// When its records cannot be read, or the organization has no room for them.
    pub(crate) async fn success(
        &self,
        head: Head<'_>,
        success: &Success,
        place: Option<&mut Place>,
    ) -> Result<(Vec<Piece>, Bytes), ApiError> {
        let records = self.records(success, head.zone, place).await?;
        let removed = success.removed_ids();
        self.print_long(removed).await;
        let removed = removed.map_or(0, RemovedIds::text_bytes_max).min(SHARED_BYTES_MIN);
        let copied = records.as_ref().map_or(0, Printed::copied_bytes) + removed;
        let out = Output::with_room_for(copied + MEMBERS_BYTES);
        let mut writer = Writer { zone: head.zone, records, out };
        writer.members(&success.members);
        Ok(writer.out.finish(&head.print("SUCCESS", success.message)))
    }

    /// Reads the records of an answer, if it has any.
    async fn records<'s>(
        &self,
        success: &'s Success,
        zone: &Zone,
        place: Option<&mut Place>,
    ) -> Result<Option<Printed<'s>>, ApiError> {
        let Some(page) = success.records() else { return Ok(None) };
        let share = place.ok_or(NoRoom::Answers)?.share();
        let printed = self.records.at(&self.service, &page.org, zone, &page.seqs, share).await?;
        self.records.print_ahead(&self.service, &page.org, zone, &printed, &page.next);
        Ok(Some(printed))
    }

    /// Has a long list of ids printed on a thread that may take its time; if that fails, it is printed with the
    /// answer.
    async fn print_long(&self, removed: Option<&RemovedIds>) {
        if let Some(removed @ RemovedIds::Many(many)) = removed
            && many.is_long()
        {
            let (removed, many) = (removed.clone(), many.clone());
            let print = move || {
                printed_ids(&removed, &many);
            };
            let _ = self.service.heavy(print).await;
        }
    }
}

/// Prints a failure.
pub(crate) fn failure(head: Head<'_>, errors: &[ApiError]) -> Bytes {
    let entry = |error: &ApiError| {
        // Text: some clients key a table with it.
        let code = (answer::ERROR_CODE, Value::Text(error.code.to_string()));
        vec![code, (answer::ERROR_MESSAGE, Value::Text(error.message.to_string()))]
    };
    let errors = Value::List(answer::ERROR, errors.iter().map(entry).collect());
    let out = Output::with_room_for(MEMBERS_BYTES);
    let mut writer = Writer { zone: head.zone, records: None, out };
    writer.members(&[(answer::ERRORS, errors)]);
    writer.out.finish(&head.print("FAIL", None)).1
}

/// Writes values, one after the other.
struct Writer<'a> {
    zone: &'a Zone,
    /// Those that the answer has.
    records: Option<Printed<'a>>,
    out: Output,
}

impl Writer<'_> {
    /// Members, a comma before each.
    fn members(&mut self, members: &[(&'static str, Value)]) {
        for (name, value) in members {
            self.text(b",");
            self.member(name, value);
        }
    }

    fn member(&mut self, name: &str, value: &Value) {
        write_name(name, self.out.written());
        self.value(value);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(number) => write_json(number, self.out.written()),
            Value::Text(text) => write_json(text, self.out.written()),
            Value::Object(members) => self.object(members),
            Value::List(name, objects) => self.list(name, |writer| {
                for (index, members) in objects.iter().enumerate() {
                    writer.text(if index > 0 { b"," } else { b"" });
                    writer.object(members);
                }
            }),
            Value::Records(_) => self.list(answer::ACTIVITY, |writer| {
                if let Some(records) = writer.records.take() {
                    records.write(&mut writer.out);
                }
            }),
            Value::Record(version) => {
                record::write(&StoredVersion::of(version), self.zone, self.out.written());
            }
            Value::RemovedIds(removed @ RemovedIds::Many(many)) => {
                let printed = printed_ids(removed, many);
                self.out.append(printed, 0..printed.len());
            }
            Value::RemovedIds(RemovedIds::Few(ids)) => write_ids(ids, self.out.written()),
        }
    }

    fn object(&mut self, members: &[(&'static str, Value)]) {
        self.text(b"{");
        if let Some(((name, value), others)) = members.split_first() {
            self.member(name, value);
            self.members(others);
        }
        self.text(b"}");
    }

    /// An object with one member, which is a list.
    fn list(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.text(b"{");
        write_name(name, self.out.written());
        self.text(b"[");
        write(self);
        self.text(b"]}");
    }

    fn text(&mut self, json: &[u8]) {
        self.out.written().extend_from_slice(json);
    }
}

/// A member's name, and the colon.
fn write_name(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn printed_ids<'m>(removed: &RemovedIds, many: &'m ManyIds) -> &'m Bytes {
    many.printed(|ids| {
        let mut printed = Vec::with_capacity(removed.text_bytes_max() + MEMBERS_BYTES);
        write_ids(ids, &mut printed);
        printed
    })
}

fn write_ids(ids: &[ActivityId], out: &mut Vec<u8>) {
    out.push(b'{');
    write_name(member::ID, out);
    out.push(b'[');
    for (index, id) in ids.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json(&id.0, out);
    }
    out.extend_from_slice(b"]}");
}

/// Appends a value as JSON.
fn write_json(value: &impl Serialize, out: &mut Vec<u8>) {
    // Nothing in our values can fail: no map has other keys than text, and a `Vec` takes every byte.
    serde_json::to_writer(out, value).expect("an answer is JSON");
}
