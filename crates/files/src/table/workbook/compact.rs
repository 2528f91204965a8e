//! OpenDocument sheets without white space between their cells.
//!
//! Some programs, Gnumeric among them, write each element on a line of its own. The library that reads workbooks
//! (calamine 0.38) expects nothing but cells within a row, and takes all that is in a cell for its text.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek, Write};

use quick_xml::events::Event;
use quick_xml::{Reader, Writer};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The part of an OpenDocument workbook that has the cells.
pub(super) const CONTENT: &str = "content.xml";

/// Copies a workbook to `to`, without the white space within its rows and outside of their texts.
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
            Event::Text(_) if within.is_between_texts() => continue,
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
    /// How many paragraphs it is in: a note in a paragraph has some of its own.
    paragraphs: usize,
}

impl Within {
    pub(super) fn begin(&mut self, element: &str) {
        match element {
            "table:table-row" => self.is_in_row = true,
            "text:p" | "text:h" => self.paragraphs += 1,
            _ => {}
        }
    }

    pub(super) fn end(&mut self, element: &str) {
        match element {
            "table:table-row" => self.is_in_row = false,
            "text:p" | "text:h" => self.paragraphs = self.paragraphs.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether text there is no part of what a cell says.
    pub(super) fn is_between_texts(&self) -> bool {
        self.is_in_row && self.paragraphs == 0
    }
}
