//! Writing what there is, in forms that [`files::read`] takes.

mod organization;

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::str::FromStr;

use csv::QuoteStyle;
use domain::{Activity, ExternalId, State, Version, Zone};
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
        match &version.state {
            State::Record(activity) => self.record(version, activity, zone),
            State::Tombstone => self.removal(version, zone),
        }
    }

    fn record(&mut self, version: &Version, activity: &Activity, zone: &Zone) -> io::Result<()> {
        self.print(zone.at(activity.created))?;
        self.text(activity.created_by.as_deref().unwrap_or_default())?;
        self.print(zone.at(version.stamp))?;
        self.text(activity.modified_by.as_deref().unwrap_or_default())?;
        self.print(version.id)?;
        self.text(activity.subject.as_str())?;
        self.text(activity.note.as_str())?;
        self.print(activity.start)?;
        self.optional(activity.end)?;
        self.optional(activity.client)?;
        self.optional(activity.system_user)?;
        self.print(activity.status)?;
        self.text(activity.status_name.as_str())?;
        self.text(activity.priority.capitals())?;
        self.custom_fields(activity)?;
        self.text(activity.external_id.as_ref().map(ExternalId::as_str).unwrap_or_default())?;
        self.text("")
    }

    fn removal(&mut self, version: &Version, zone: &Zone) -> io::Result<()> {
        for column in COLUMNS {
            match *column {
                "activityId" => self.print(version.id)?,
                "deletedDateTime" => self.print(zone.at(version.stamp))?,
                _ => self.text("")?,
            }
        }
        Ok(())
    }

    fn custom_fields(&mut self, activity: &Activity) -> io::Result<()> {
        self.buffer.clear();
        if !activity.custom_fields.is_empty() {
            let fields = activity.custom_fields.iter().map(StoredField::of);
            record::write_custom_fields(&fields.collect::<Vec<_>>(), self.buffer);
        }
        Ok(self.rows.write_field(&self.buffer)?)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        Ok(self.rows.write_field(text)?)
    }

    fn optional(&mut self, value: Option<impl Display>) -> io::Result<()> {
        match value {
            Some(value) => self.print(value),
            None => self.text(""),
        }
    }

    fn print(&mut self, value: impl Display) -> io::Result<()> {
        self.buffer.clear();
        write!(self.buffer, "{value}")?;
        Ok(self.rows.write_field(&self.buffer)?)
    }
}
