//! The workbook (.xlsx): a frame made in memory, and rows that are sent as they are read.
//!
//! `rust_xlsxwriter` makes the frame: styles, column widths, notes and lists of choices. It would keep all rows in
//! memory or in a temporary file, so the rows are inserted here, between the header row and the end of its sheet.

use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Write};

use axum::body::Bytes;
use domain::{DateCell, Priority, cell_text, date_cell};
use rust_xlsxwriter::{
    DataValidation, Format, FormatBorder, Formula, Note, Workbook as Frame, Worksheet, XlsxError,
};
use service::Directory;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::Outgoing;
use super::row::{Cell, END, PRIORITY, START, STATUS, members, place};

/// How many activities fit in a sheet below its header row.
pub(super) const RECORDS_MAX: usize = 1_048_575;

const LAST_ROW: u32 = 1_048_575;

/// Rows below the list that have lists to choose from too.
const ROWS_TO_ADD: u32 = 1_000;

/// The path of the activities sheet in the file.
const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The sheet with the statuses that the activities sheet offers.
const STATUSES: &str = "Statuses";

/// The number of the format `@`, which every workbook has.
const TEXT_FORMAT: u8 = 49;

const DATE_FORMAT: &str = "yyyy-mm-dd hh:mm:ss";

const KEEP: &str =
    "Do not change this column. It tells the import which version of the activity you edited.";

/// A workbook in progress.
pub(super) struct Workbook {
    zip: ZipWriter<StreamWriter<Outgoing>>,
    out: Outgoing,
    styles: Styles,
    /// The end of the sheet, after the rows.
    tail: String,
    /// The number of the next row, from 1.
    row: u32,
    /// A buffer for one row.
    xml: String,
}

/// The numbers of the styles in the frame.
struct Styles {
    text: String,
    date: String,
}

impl Workbook {
    /// Begins a workbook with this many records.
    pub(super) fn begin(
        columns: &[String],
        directory: &Directory,
        records: usize,
    ) -> io::Result<Workbook> {
        let last = u32::try_from(records.clamp(1, RECORDS_MAX)).unwrap_or(LAST_ROW);
        let frame = frame(columns, directory, last).map_err(io::Error::other)?;
        let mut frame = ZipArchive::new(Cursor::new(frame))?;
        let out = Outgoing::default();
        let mut zip = ZipWriter::new_stream(out.clone());
        for at in 0..frame.len() {
            let part = frame.by_index_raw(at)?;
            if part.name()? != SHEET {
                zip.raw_copy_file(part)?;
            }
        }
        let mut sheet = String::new();
        frame.by_name(SHEET)?.read_to_string(&mut sheet)?;
        let (head, styles, tail) = parted(&sheet, last + 1)
            .ok_or_else(|| io::Error::other("the frame of the workbook has another form"))?;
        let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(SHEET, deflated)?;
        zip.write_all(head.as_bytes())?;
        Ok(Workbook { zip, out, styles, tail: tail.to_owned(), row: 2, xml: String::new() })
    }

    pub(super) fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        let Workbook { xml, styles, row, .. } = self;
        xml.clear();
        // Writing to a string does not fail.
        let _ = write!(xml, "<row r=\"{row}\">");
        for (cell, column) in cells.iter().zip('A'..='Z') {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) | Cell::Plain(text) => {
                    push_text(xml, &format!("{column}{row}"), styles, text);
                }
                Cell::Time(time) => match date_cell(*time) {
                    DateCell::Text(text) => {
                        push_text(xml, &format!("{column}{row}"), styles, &text);
                    }
                    DateCell::Number(days) => {
                        let style = &styles.date;
                        let _ =
                            write!(xml, "<c r=\"{column}{row}\" s=\"{style}\"><v>{days}</v></c>");
                    }
                },
            }
        }
        xml.push_str("</row>");
        self.row += 1;
        self.zip.write_all(self.xml.as_bytes())
    }

    /// The bytes that are ready to be sent.
    pub(super) fn bytes(&self) -> Bytes {
        self.out.take()
    }

    /// The rest of the file.
    pub(super) fn end(mut self) -> io::Result<Bytes> {
        self.zip.write_all(self.tail.as_bytes())?;
        self.zip.finish()?;
        Ok(self.out.take())
    }
}

/// Divides a sheet into the part before the rows, the styles, and the part after the rows. `sample` is the number of
/// its only row below the header.
fn parted(sheet: &str, sample: u32) -> Option<(&str, Styles, &str)> {
    let end = "</row>";
    let head = sheet.find(end)? + end.len();
    let tail = sheet.find("</sheetData>")?;
    let rows = sheet.get(head..tail)?;
    let style = |name: &str| {
        let cell = format!("<c r=\"{}{sample}\" s=\"", ('A'..='Z').nth(place(name)?)?);
        let (style, _) = rows.split_once(&cell)?.1.split_once('"')?;
        Some(style.to_owned())
    };
    let styles = Styles { text: style(PRIORITY)?, date: style(START)? };
    Some((sheet.get(..head)?, styles, sheet.get(tail..)?))
}

/// A workbook with the header row, and blank cells in the row `last`, counted from 0.
fn frame(columns: &[String], directory: &Directory, last: u32) -> Result<Vec<u8>, XlsxError> {
    let text = Format::new().set_num_format_index(TEXT_FORMAT);
    let date = Format::new().set_num_format(DATE_FORMAT);
    let head = text.clone().set_bold().set_border_bottom(FormatBorder::Thin);
    let mut frame = Frame::new();
    let sheet = frame.add_worksheet().set_name("Activities")?;
    // Some programs take the more time the more cells have something to choose from.
    let chosen = last.saturating_add(ROWS_TO_ADD).min(LAST_ROW);
    let known = members().map(|(_, known)| known).chain([""]);
    for (column, (name, known)) in (0_u16..).zip(columns.iter().zip(known)) {
        let format = if matches!(known, START | END) { &date } else { &text };
        sheet.set_column_format(column, format)?.set_column_width(column, width(known))?;
        sheet.write_string_with_format(0, column, name, &head)?;
        sheet.write_blank(last, column, format)?;
    }
    let version = u16::try_from(members().count()).unwrap_or(u16::MAX);
    sheet.set_freeze_panes(1, 0)?.autofilter(0, 0, last, version)?;
    let note = Note::new(KEEP).add_author_prefix(false).set_width(220).set_height(90);
    sheet.insert_note(0, version, &note)?;
    let keep = DataValidation::new().allow_any_value();
    let keep = keep.set_input_title("Do not change this")?.set_input_message(KEEP)?;
    sheet.add_data_validation(1, version, chosen, version, &keep)?;
    let priorities = Priority::ALL.map(|priority| priority.as_str().to_uppercase());
    choice(sheet, (PRIORITY, chosen), DataValidation::new().allow_list_strings(&priorities)?)?;
    let offered = directory.statuses_in_order().into_iter().filter(|status| !status.retired);
    let statuses: Vec<&str> = offered.map(|status| status.name.as_str()).collect();
    if !statuses.is_empty() {
        let list = format!("={STATUSES}!$A$1:$A${}", statuses.len());
        choice(
            sheet,
            (STATUS, chosen),
            DataValidation::new().allow_list_formula(Formula::new(list)),
        )?;
        let sheet = frame.add_worksheet().set_name(STATUSES)?.set_hidden(true);
        for (row, name) in (0_u32..).zip(statuses) {
            sheet.write_string_with_format(row, 0, name, &text)?;
        }
    }
    frame.save_to_buffer()
}

/// Adds the list of choices to a column, down to that row.
fn choice(
    sheet: &mut Worksheet,
    (name, last): (&str, u32),
    list: DataValidation,
) -> Result<(), XlsxError> {
    let column = place(name).and_then(|place| u16::try_from(place).ok()).unwrap_or_default();
    let list = list.set_error_title("Not in the list")?;
    let list = list.set_error_message("Choose a value from the list.")?;
    sheet.add_data_validation(1, column, last, column, &list)?;
    Ok(())
}

/// How wide a column is, in characters.
fn width(column: &str) -> f64 {
    match column {
        "note" => 60.0,
        "subject" => 40.0,
        START | END => 32.0,
        "" | "createdDateTime" => 29.0,
        "accountName" | "systemUserName" | STATUS | "createdBy" | "lastModifiedBy" => 22.0,
        _ => 18.0,
    }
}

fn push_text(xml: &mut String, place: &str, styles: &Styles, text: &str) {
    let style = &styles.text;
    // Writing to a string does not fail.
    let _ = write!(
        xml,
        "<c r=\"{place}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">"
    );
    push_escaped(xml, &cell_text(text));
    xml.push_str("</t></is></c>");
}

/// Escapes a text for a workbook: characters that XML does not allow become `_xHHHH_`, and in a text that looks like
/// that, the first underscore is escaped in the same way (ECMA-376, part 1, 22.9.2.19).
fn push_escaped(xml: &mut String, text: &str) {
    for (at, letter) in text.char_indices() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '_' if is_escape(&text.as_bytes()[at..]) => xml.push_str("_x005F_"),
            '\t' | '\n' => xml.push(letter),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(xml, "_x{:04X}_", u32::from(letter));
            }
            _ => xml.push(letter),
        }
    }
}

/// Whether a text begins with `_xHHHH_`.
fn is_escape(text: &[u8]) -> bool {
    matches!(text, [b'_', b'x', digits @ .., ] if digits.len() >= 5
        && digits[4] == b'_' && digits[..4].iter().all(u8::is_ascii_hexdigit))
}
