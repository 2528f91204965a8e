//! Writing what there is, in forms that [`files::read`] takes.

mod organization;

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::str::FromStr;

use csv::QuoteStyle;
use domain::{CustomField, Member, State, Value, Version, Zone};
use serde::Serialize;
use service::{StoredField, StoredVersion};
use thiserror::Error;

use files::COLUMNS;

use crate::json::record::{self, Time};

pub use organization::OrganizationWriter;

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON lines: a record of API v1 a line.
    JsonLines,
    /// CSV with a header row.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 2] = [Format::JsonLines, Format::Csv];

    /// The name by which commands take it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
        }
    }
}

/// A text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a format: use jsonl or csv")]
pub struct FormatError(String);

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Format, FormatError> {
        let known = Format::ALL.into_iter().find(|format| format.as_str() == text);
        known.ok_or_else(|| FormatError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes versions as a file.
///
/// What is written can be read again and is then the same, to the last blank. That is why a cell
/// of CSV that begins with `=`, `+`, `-` or `@` is written as it is: a spreadsheet may take it for
/// a formula. Text that strangers can write is better looked at as text.
pub struct Writer<W: Write> {
    sink: Sink<W>,
    zone: Zone,
    /// Used again for every line or cell.
    buffer: Vec<u8>,
}

enum Sink<W: Write> {
    JsonLines(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Writer<W> {
    /// Begins a file. The stamps in it are shown in `zone`. JSON lines are written to `out` one by
    /// one: give it a buffer.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn new(format: Format, zone: Zone, out: W) -> io::Result<Writer<W>> {
        let sink = match format {
            Format::JsonLines => Sink::JsonLines(out),
            Format::Csv => {
                // Some programs split rows at semicolons and tabs too, unless they are quoted.
                let mut rows =
                    csv::WriterBuilder::new().quote_style(QuoteStyle::Always).from_writer(out);
                rows.write_record(COLUMNS)?;
                Sink::Csv(Box::new(rows))
            }
        };
        Ok(Writer { sink, zone, buffer: Vec::new() })
    }

    /// Writes a version: a record, or that the activity was removed.
    ///
    /// # Errors
    /// When the output does not take it.
    pub fn write(&mut self, version: &Version) -> io::Result<()> {
        match &mut self.sink {
            Sink::JsonLines(out) => {
                self.buffer.clear();
                write_line(version, &self.zone, &mut self.buffer)?;
                out.write_all(&self.buffer)
            }
            Sink::Csv(rows) => {
                let mut row = Row { rows, buffer: &mut self.buffer };
                row.write(version, &self.zone)?;
                rows.write_record(None::<&[u8]>).map_err(io::Error::from)
            }
        }
    }

    /// Ends the file and gives the output back, flushed.
    ///
    /// # Errors
    /// When the output does not take the rest.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self.sink {
            Sink::JsonLines(out) => out,
            Sink::Csv(rows) => rows.into_inner().map_err(csv::IntoInnerError::into_error)?,
        };
        out.flush()?;
        Ok(out)
    }
}

/// That an activity was removed, as a line of JSON lines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Removal {
    activity_id: i64,
    deleted_date_time: Time,
}

fn write_line(version: &Version, zone: &Zone, line: &mut Vec<u8>) -> io::Result<()> {
    match version.state {
        State::Record(ref activity) => {
            record::write(&StoredVersion::of(version), zone, line);
            if let Some(id) = &activity.external_id {
                // The API has no such member: it comes last.
                line.pop();
                line.extend_from_slice(b",\"externalId\":");
                serde_json::to_writer(&mut *line, id.as_str())?;
                line.push(b'}');
            }
        }
        State::Tombstone => {
            let deleted_date_time = Time(zone.at(version.stamp));
            serde_json::to_writer(
                &mut *line,
                &Removal { activity_id: version.id.0, deleted_date_time },
            )?;
        }
    }
    line.push(b'\n');
    Ok(())
}

/// One row of CSV, cell by cell in the order of [`COLUMNS`].
struct Row<'w, W: Write> {
    rows: &'w mut csv::Writer<W>,
    buffer: &'w mut Vec<u8>,
}

impl<W: Write> Row<'_, W> {
    fn write(&mut self, version: &Version, zone: &Zone) -> io::Result<()> {
        let is_removed = version.state == State::Tombstone;
        for member in Member::ALL {
            match version.value(member) {
                _ if is_removed && member == Member::Id => self.print(version.id)?,
                Value::Absent | Value::CustomFields([]) => self.text("")?,
                Value::Text(text) => self.text(text)?,
                Value::Number(number) => self.print(number)?,
                Value::Stamp(stamp) => self.print(zone.at(stamp))?,
                Value::Moment(moment) => self.print(moment)?,
                Value::Priority(priority) => self.text(priority.capitals())?,
                Value::CustomFields(fields) => self.custom_fields(fields)?,
            }
        }
        match is_removed {
            true => self.print(zone.at(version.stamp)),
            false => self.text(""),
        }
    }

    fn custom_fields(&mut self, fields: &[CustomField]) -> io::Result<()> {
        self.buffer.clear();
        let fields: Vec<_> = fields.iter().map(StoredField::of).collect();
        record::write_custom_fields(&fields, self.buffer);
        Ok(self.rows.write_field(&self.buffer)?)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        Ok(self.rows.write_field(text)?)
    }

    fn print(&mut self, value: impl Display) -> io::Result<()> {
        self.buffer.clear();
        write!(self.buffer, "{value}")?;
        Ok(self.rows.write_field(&self.buffer)?)
    }
}
