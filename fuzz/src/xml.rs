//! XML in the parts of workbooks.

use std::io::{Cursor, Write};
use std::panic;
use std::sync::Once;

use neon::export::Format;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::imported::{self, BYTES_MAX};

/// The parts of a workbook with one record, for those that an input does not have.
const XLSX: [(&str, &str); 5] = [
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/sharedStrings.xml",
        r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="3" uniqueCount="3"><si><t>subject</t></si><si><t>s</t></si><si><r><t>n</t></r></si></sst>"#,
    ),
    (
        "xl/worksheets/sheet1.xml",
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>activityId</t></is></c><c r="B1" t="s"><v>0</v></c><c r="C1" t="str"><v>startDateTime</v></c><c r="D1" t="str"><v>activityStatus.id</v></c><c r="E1" t="str"><v>activityStatus.name</v></c><c r="F1" t="str"><v>activityPriority</v></c></row><row r="2"><c r="A2"><v>7</v></c><c r="B2" t="s"><v>1</v></c><c r="C2"><v>46356.375</v></c><c r="D2"><v>2</v></c><c r="E2" t="s"><v>2</v></c><c r="F2" t="str"><v>LOW</v></c></row></sheetData></worksheet>"#,
    ),
];

const ODS: [(&str, &str); 3] = [
    ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
    ("META-INF/manifest.xml", r#"<manifest:manifest xmlns:manifest="m"/>"#),
    ("content.xml", ""),
];

/// What lies between an input's parts: no XML has it.
const BETWEEN_PARTS: char = '\0';

/// A workbook with these parts is read or refused, and what was read can be written and read again.
///
/// Each part of an input begins with a line that has its name.
pub fn xml(input: &[u8]) {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(let_library_panic);
    let Ok(input) = std::str::from_utf8(input) else { return };
    if input.len() > BYTES_MAX {
        return;
    }
    let part = |part| str::split_once(part, '\n').unwrap_or(("xl/worksheets/sheet1.xml", part));
    let parts: Vec<_> = input.split(BETWEEN_PARTS).map(part).collect();
    let has = |name: &str| parts.iter().any(|(part, _)| *part == name);
    let usual: &[_] = if has("content.xml") { &ODS } else { &XLSX };
    let usual = usual.iter().filter(|(name, _)| !has(name));
    imported::is_read_and_written(&workbook(usual.chain(&parts)), Format::JsonLines);
}

fn workbook<'a>(parts: impl Iterator<Item = &'a (&'a str, &'a str)>) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in parts {
        // The same name twice is nothing that an archive can have.
        if archive.start_file(*name, options).is_ok() {
            archive.write_all(content.as_bytes()).expect("memory takes all");
        }
    }
    archive.finish().expect("memory takes all").into_inner()
}

/// A fuzzer takes every panic for a finding. Ours takes those of the library that reads workbooks for a refusal.
fn let_library_panic() {
    let otherwise = panic::take_hook();
    panic::set_hook(Box::new(move |what| {
        if !what.location().is_some_and(|place| place.file().contains("/calamine-")) {
            otherwise(what);
        }
    }));
}
