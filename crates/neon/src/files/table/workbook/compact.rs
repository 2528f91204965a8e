//! OpenDocument sheets without white space between their cells.
//!
//! Some programs, Gnumeric among them, write each element on a line of its own. The library that reads workbooks
//! (calamine 0.38) expects nothing but cells within a row.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

use quick_xml::events::Event;
use quick_xml::{Reader, Writer};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The part of an OpenDocument workbook that has the cells.
pub(super) const CONTENT: &str = "content.xml";

/// Copies a workbook to `to`, without the white space within its rows and outside of their cells.
pub(super) fn compact(file: &mut BufReader<File>, to: File) -> io::Result<File> {
    let mut archive = ZipArchive::new(file)?;
    let mut out = ZipWriter::new(to);
    for at in 0..archive.len() {
        let part = archive.by_index_raw(at)?;
        if part.name()? != CONTENT {
            out.raw_copy_file(part)?;
        }
    }
    out.start_file(CONTENT, SimpleFileOptions::default())?;
    let mut content = BufWriter::new(&mut out);
    without_spaces(BufReader::new(archive.by_name(CONTENT)?), &mut content)?;
    content.flush()?;
    drop(content);
    let mut file = out.finish()?;
    file.rewind()?;
    Ok(file)
}

fn without_spaces(content: impl io::BufRead, out: &mut impl Write) -> io::Result<()> {
    let mut xml = Reader::from_reader(content);
    let mut writer = Writer::new(out);
    let mut buffer = Vec::new();
    let mut within = Within::default();
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer).map_err(io::Error::other)?;
        match &event {
            Event::Start(element) => within.begin(element.name().as_ref()),
            Event::End(element) => within.end(element.name().as_ref()),
            Event::Text(_) if within.is_between_cells() => continue,
            Event::Eof => return Ok(()),
            _ => {}
        }
        writer.write_event(event)?;
    }
}

/// Where in a sheet a reader is.
#[derive(Default)]
pub(super) struct Within {
    is_in_row: bool,
    is_in_cell: bool,
}

impl Within {
    pub(super) fn begin(&mut self, element: &str) {
        self.set(element, true);
    }

    pub(super) fn end(&mut self, element: &str) {
        self.set(element, false);
    }

    fn set(&mut self, element: &str, is_in: bool) {
        match element {
            "table:table-row" => self.is_in_row = is_in,
            "table:table-cell" | "table:covered-table-cell" => self.is_in_cell = is_in,
            _ => {}
        }
    }

    /// Whether text there is no part of a cell.
    pub(super) fn is_between_cells(&self) -> bool {
        self.is_in_row && !self.is_in_cell
    }
}
