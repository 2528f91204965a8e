//! Looks through a workbook before it is read: small archives can stand for very much.
//!
//! The library that reads workbooks makes room for as much as they say they have. What is far more than they do
//! have is refused here: parts that unpack beyond a limit, lists that claim to be longer
//! than their part, cells, rows and blanks of an OpenDocument sheet that stand for very many.

use std::borrow::Cow;
use std::io::{self, BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::compact::{CONTENT, Within};
use super::{Form, unreadable};
use crate::problem::Fault;

/// The most cells that an OpenDocument sheet may have, all rows as wide as the widest.
const CELLS_MAX: u64 = 20_000_000;

/// Tells which form a workbook has, and refuses what would take far more room than it has content. True for an
/// OpenDocument workbook with white space between its cells.
pub(super) fn look_through(
    file: &mut (impl Read + Seek),
    unpacked_max: u64,
) -> Result<(Form, bool), Fault> {
    let mut archive = ZipArchive::new(file).map_err(|e| unreadable(&e))?;
    let mut unpacked = 0;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|e| unreadable(&e))?;
        let left = unpacked_max - unpacked;
        let mut bounded = part.take(left + 1);
        unpacked += io::copy(&mut bounded, &mut io::sink()).map_err(|e| unreadable(&e))?;
        if unpacked > unpacked_max {
            return Err(Fault::WorkbookTooLarge);
        }
    }
    if archive.index_for_name(CONTENT).is_some() {
        let part = archive.by_name(CONTENT).map_err(|e| unreadable(&e))?;
        let is_spaced = cells_of(BufReader::new(part), unpacked_max)?;
        return Ok((Form::Ods, is_spaced));
    }
    let is_list = |name: &&Cow<'_, str>| name.to_lowercase().ends_with("sharedstrings.xml");
    let list = archive.file_names().flatten().find(|name| is_list(&name)).map(Cow::into_owned);
    if let Some(name) = list {
        let part = archive.by_name(&name).map_err(|e| unreadable(&e))?;
        let bytes = part.size();
        texts_of(BufReader::new(part), bytes)?;
    }
    Ok((Form::Xlsx, false))
}

/// The list of texts says how many they are; each takes some bytes.
fn texts_of(part: impl io::BufRead, bytes: u64) -> Result<(), Fault> {
    let mut xml = Reader::from_reader(part);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(|e| unreadable(&e))? {
            Event::Start(list) | Event::Empty(list) => {
                let claimed = number(&list, "uniqueCount")?.unwrap_or(0);
                return if claimed > bytes { Err(Fault::WorkbookTooLarge) } else { Ok(()) };
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// How far a sheet reaches, with what is repeated.
#[derive(Default)]
struct Reach {
    rows: u64,
    /// Of the present row: how often it comes, how wide it is, and how wide up to its last text.
    row_repeats: u64,
    width: u64,
    filled: u64,
    /// Of the present cell: how often it comes, and whether it has anything in it.
    cell_repeats: u64,
    is_filled: bool,
    /// The widest row.
    widest: u64,
    /// Rows up to the last one with anything in it.
    filled_rows: u64,
    text_bytes: u64,
}

fn cells_of(part: impl io::BufRead, unpacked_max: u64) -> Result<bool, Fault> {
    let mut xml = Reader::from_reader(part);
    xml.config_mut().expand_empty_elements = true;
    let mut buffer = Vec::new();
    let (mut reach, mut within, mut is_spaced) = (Reach::default(), Within::default(), false);
    // The library goes on for ever in a table that does not end.
    let mut open = 0_u64;
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(|e| unreadable(&e))? {
            Event::Start(element) => {
                open += 1;
                within.begin(element.name().as_ref());
                reach.begin(&element)?;
            }
            Event::Text(_) if within.is_between_texts() => is_spaced = true,
            Event::Text(text) => reach.take_text(text.len() as u64),
            Event::End(element) => {
                open = open.saturating_sub(1);
                within.end(element.name().as_ref());
                reach.end(element.name().as_ref());
            }
            Event::Eof if open > 0 => return Err(unreadable(&"its content ends too early")),
            Event::Eof => return Ok(is_spaced),
            _ => {}
        }
        let cells = reach.filled_rows.saturating_mul(reach.widest);
        if cells > CELLS_MAX || reach.text_bytes > unpacked_max {
            return Err(Fault::WorkbookTooLarge);
        }
    }
}

impl Reach {
    fn begin(&mut self, element: &BytesStart<'_>) -> Result<(), Fault> {
        match element.name().as_ref() {
            "table:table" => {
                *self = Reach { text_bytes: self.text_bytes, ..Reach::default() };
            }
            "table:table-row" => {
                self.row_repeats = number(element, "table:number-rows-repeated")?.unwrap_or(1);
                (self.width, self.filled) = (0, 0);
            }
            "table:table-cell" | "table:covered-table-cell" => {
                self.cell_repeats = number(element, "table:number-columns-repeated")?.unwrap_or(1);
                self.is_filled = false;
                let bytes = element.attributes_raw().len() as u64;
                if bytes > 0 && element.attributes_raw().contains("office:") {
                    self.take_text(bytes);
                }
            }
            "text:s" => self.take_text(number(element, "text:c")?.unwrap_or(1)),
            _ => {}
        }
        Ok(())
    }

    fn take_text(&mut self, bytes: u64) {
        let times = self.cell_repeats.saturating_mul(self.row_repeats);
        self.is_filled |= times > 0;
        self.text_bytes = self.text_bytes.saturating_add(bytes.saturating_mul(times));
    }

    fn end(&mut self, name: &str) {
        match name {
            "table:table-cell" | "table:covered-table-cell" => {
                self.width = self.width.saturating_add(self.cell_repeats);
                if self.is_filled {
                    self.filled = self.width;
                }
                (self.cell_repeats, self.is_filled) = (0, false);
            }
            "table:table-row" => {
                self.rows = self.rows.saturating_add(self.row_repeats);
                if self.filled > 0 {
                    self.filled_rows = self.rows;
                    self.widest = self.widest.max(self.filled);
                }
            }
            _ => {}
        }
    }
}

/// An attribute that is a whole number.
fn number(element: &BytesStart<'_>, name: &str) -> Result<Option<u64>, Fault> {
    let attribute = element.try_get_attribute(name).map_err(|e| unreadable(&e))?;
    let Some(attribute) = attribute else { return Ok(None) };
    // A number of more digits is as good as the largest.
    Ok(Some(attribute.value.trim().parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(row: &str) -> String {
        format!("<a><table:table><table:table-row>{row}</table:table-row></table:table></a>")
    }

    fn looked_through(content: &str) -> Result<bool, Fault> {
        cells_of(content.as_bytes(), 1_000)
    }

    #[test]
    fn blanks_count_as_often_as_they_come() {
        let cell = |cells: u32, blanks: &str| {
            sheet(&format!(
                r#"<table:table-cell table:number-columns-repeated="{cells}"><text:p><text:s{blanks}/></text:p></table:table-cell>"#
            ))
        };
        assert_eq!(looked_through(&cell(500, r#" text:c="2""#)), Ok(false));
        assert_eq!(looked_through(&cell(1_000, "")), Ok(false));
        for (cells, blanks) in [(501, r#" text:c="2""#), (1, r#" text:c="1001""#), (1_001, "")] {
            assert_eq!(looked_through(&cell(cells, blanks)), Err(Fault::WorkbookTooLarge));
        }
    }

    #[test]
    fn content_that_is_cut_off_is_refused() {
        let whole = sheet("<table:table-cell/>");
        assert_eq!(looked_through(&whole), Ok(false));
        let refused = looked_through(whole.strip_suffix("</a>").unwrap()).unwrap_err();
        assert_eq!(refused.to_string(), "cannot read this workbook: its content ends too early");
    }
}
