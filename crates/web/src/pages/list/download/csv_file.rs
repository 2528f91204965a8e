//! CSV in the form that most spreadsheets understand.

use std::io::{self, Write};

use axum::body::Bytes;
use csv::QuoteStyle;
use domain::{csv_text, guarded_number, guarded_time};

use super::Outgoing;
use super::row::Cell;

/// The byte order mark tells spreadsheets that the file is UTF-8.
const MARK: &str = "\u{feff}";

/// A file in progress.
pub(super) struct CsvFile {
    rows: csv::Writer<Outgoing>,
    out: Outgoing,
}

impl CsvFile {
    pub(super) fn begin(columns: &[String]) -> io::Result<CsvFile> {
        let mut out = Outgoing::default();
        out.write_all(MARK.as_bytes())?;
        // Some spreadsheets also split rows at semicolons and tabs, unless the cells are quoted.
        let mut rows = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .quote_style(QuoteStyle::Always)
            .from_writer(out.clone());
        rows.write_record(columns)?;
        Ok(CsvFile { rows, out })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        for cell in cells {
            match cell {
                Cell::Text(text) => self.rows.write_field(csv_text(text))?,
                Cell::Plain(text) => self.rows.write_field(&*guarded_number(text))?,
                Cell::Time(time) => self.rows.write_field(guarded_time(*time))?,
                Cell::Empty => self.rows.write_field("")?,
            }
        }
        Ok(self.rows.write_record(None::<&[u8]>)?)
    }

    /// The bytes that are ready to be sent.
    pub(super) fn bytes(&mut self) -> io::Result<Bytes> {
        self.rows.flush()?;
        Ok(self.out.take())
    }
}
