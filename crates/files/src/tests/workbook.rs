//! Workbooks: what is read of them, and what is refused.

use std::io::{Cursor, Read, Write};

use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const NAMES: [&str; 7] = [
    "activityId",
    "subject",
    "startDateTime (America/Chicago)",
    "activityStatus.id",
    "activityStatus.name",
    "activityPriority",
    "version",
];

/// A workbook with one record, in whose sheet something is put.
fn workbook(put: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in (0..).zip(NAMES) {
        sheet.write(0, column, name).unwrap();
    }
    for (column, text) in [(0, "7"), (1, "=s"), (3, "2"), (4, "n"), (5, "LOW")] {
        sheet.write_string(1, column, text).unwrap();
    }
    let nine = ExcelDateTime::from_ymd(2026, 11, 30).unwrap().and_hms_milli(9, 0, 0, 123).unwrap();
    let format = CellFormat::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    sheet.write_datetime_with_format(1, 2, &nine, &format).unwrap();
    put(sheet);
    workbook.save_to_buffer().unwrap()
}

fn one_of(bytes: &[u8]) -> (Option<i64>, Activity) {
    let (taken, _) = read_bytes(bytes).unwrap_or_else(|e| panic!("{e}"));
    match taken.into_iter().next() {
        Some(Imported::Record { id, activity, .. }) => (id.map(|id| id.0), *activity),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(bytes: &[u8], text: &str) {
    let error = read_bytes(bytes).unwrap_err().to_string();
    assert!(error.contains(text), "{error}");
}

#[test]
fn a_workbook_is_read_as_a_table() {
    let (id, activity) = one_of(&workbook(|_| {}));
    assert_eq!(id, Some(7));
    assert_eq!(activity.subject.as_str(), "=s");
    assert_eq!(activity.start.to_string(), "2026-11-30T09:00:00.123-06:00");
}

#[test]
fn numbers_dates_and_formulas_are_what_they_show() {
    let bytes = workbook(|sheet| {
        sheet.write_number(1, 0, 652.0).unwrap();
        sheet.write_formula(1, 1, Formula::new("=\"a\"&\"b\"").set_result("ab")).unwrap();
        sheet.write_number(1, 3, 2.0).unwrap();
        // A quarter past ten, as a program has rounded it.
        let format = CellFormat::new().set_num_format("dd.mm.yyyy hh:mm");
        sheet.write_number_with_format(1, 2, 46_356.427_083_33, &format).unwrap();
    });
    let (id, activity) = one_of(&bytes);
    assert_eq!((id, activity.subject.as_str(), activity.status.0), (Some(652), "ab", 2));
    assert_eq!(activity.start.to_string(), "2026-11-30T10:15:00.000-06:00");
}

#[test]
fn an_id_that_was_rounded_is_refused_and_one_as_text_is_not() {
    let id = "9007199254740991";
    let as_text = workbook(|sheet| {
        sheet.write_string(1, 0, id).unwrap();
    });
    assert_eq!(one_of(&as_text).0, Some(domain::ID_MAX));
    let as_number = workbook(|sheet| {
        sheet.write_number(1, 0, 9_007_199_254_740_990.0).unwrap();
    });
    refused(&as_number, "row 2: activityId is 9.00719925474099E15: a spreadsheet has rounded it");
    // What was rounded to fifteen digits ends in a zero.
    let in_full = workbook(|sheet| {
        sheet.write_number(1, 0, 9_007_199_254_740_991.0).unwrap();
    });
    assert_eq!(one_of(&in_full).0, Some(domain::ID_MAX));
}

#[test]
fn a_number_in_a_column_of_times_is_a_date_whatever_its_format() {
    for (days, time) in [(46_356.375, "09:00:00"), (46_356.0, "00:00:00")] {
        let bytes = workbook(|sheet| {
            sheet.write_number(1, 2, days).unwrap();
        });
        let start = one_of(&bytes).1.start.to_string();
        assert_eq!(start, format!("2026-11-30T{time}.000-06:00"));
    }
}

/// A workbook with another text in place of one in its parts.
fn replaced(workbook: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut parts = Vec::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        let name = part.name().unwrap().into_owned();
        parts.push((name, text.replace(from, to)));
    }
    let parts: Vec<_> = parts.iter().map(|(name, text)| (&**name, &**text)).collect();
    archive_of(&parts)
}

#[test]
fn what_cannot_be_a_value_is_refused_with_its_place() {
    let failed = workbook(|sheet| {
        sheet.write_formula(1, 1, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    });
    refused(&failed, "row 2: column 2 shows the error #DIV/0!");
    let broken = workbook(|sheet| {
        sheet.write_string(1, 1, "one\ntwo\nthree").unwrap();
        sheet.write_string(1, 5, "pressing").unwrap();
    });
    refused(&broken, "row 2: activityPriority is \"pressing\"");
    // As programs write it that do not calculate.
    let formula = workbook(|sheet| {
        sheet.write_formula(1, 1, "=1+1").unwrap();
    });
    let uncalculated = replaced(&formula, "<v>0</v></c>", "<v></v></c>");
    refused(&uncalculated, "row 2: column 2 has a formula that was never calculated");
    refused(b"PK\x03\x04 and nothing that an archive has", "cannot read this workbook");
    refused(&[0xD0, 0xCF, 0x11, 0xE0, 0, 0, 0, 0], "save it as .xlsx");
}

/// An archive with one part.
fn archive(name: &str, part: &str) -> Vec<u8> {
    archive_of(&[(name, part)])
}

fn archive_of(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(part.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_sheet_with_each_cell_on_a_line_of_its_own_is_read() {
    let row = |texts: &[&str]| {
        let cell = |text: &&str| {
            format!(
                "      <table:table-cell office:value-type=\"string\">\n        <text:p>{text}</text:p>\n      </table:table-cell>\n"
            )
        };
        let cells: String = texts.iter().map(cell).collect();
        format!("    <table:table-row>\n{cells}    </table:table-row>\n")
    };
    let cells = ["7", "s &amp; t", "2026-11-30 09:00", "2", "n", "LOW", ""];
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\">\n  <office:body>\n  <office:spreadsheet>\n  <table:table table:name=\"Activities\">\n{}{}  </table:table>\n  </office:spreadsheet>\n  </office:body>\n</office:document-content>\n",
        row(&NAMES),
        row(&cells)
    );
    let manifest = r#"<manifest:manifest xmlns:manifest="m"/>"#;
    let (id, activity) = one_of(&archive_of(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", &content),
    ]));
    assert_eq!((id, activity.subject.as_str()), (Some(7), "s & t"));
    assert_eq!(activity.start.to_string(), "2026-11-30T09:00:00.000-06:00");
}

#[test]
fn a_workbook_that_claims_more_than_it_has_is_refused_before_it_is_read() {
    let list = r#"<?xml version="1.0"?><sst uniqueCount="100000"><si><t>x</t></si></sst>"#;
    refused(&archive("xl/sharedStrings.xml", list), "too large");
    let sheet = |rows: &str| {
        format!(
            r#"<office:document-content xmlns:office="o" xmlns:table="t"><table:table>{rows}</table:table></office:document-content>"#
        )
    };
    let row = |row_times: u32, cell_times: u32| {
        format!(
            r#"<table:table-row table:number-rows-repeated="{row_times}"><table:table-cell table:number-columns-repeated="{cell_times}" office:value-type="float" office:value="1"/></table:table-row>"#
        )
    };
    refused(&archive("content.xml", &sheet(&row(30_000, 1_000))), "too large");
    // Empty rows and cells at the end of a sheet are many in every file.
    let empty = r#"<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"#;
    let usual = archive("content.xml", &sheet(&(row(1, 3) + empty)));
    let error = read_bytes(&usual).unwrap_err().to_string();
    assert!(error.contains("cannot read"), "it is looked through, and lacks all else: {error}");
}

#[test]
fn a_cell_beyond_what_a_sheet_can_have_is_refused_without_room_for_those_before_it() {
    let bytes = workbook(|_| {});
    for place in ["XFE2", "XFD1048577", "ZZZZZZ2"] {
        refused(&replaced(&bytes, "\"F2\"", &format!("\"{place}\"")), "cannot read this workbook");
    }
    let last = replaced(&bytes, "\"F2\"", "\"XFD2\"");
    refused(&last, "this row has 16384 cells, but the header row has 7");
}

#[test]
fn a_workbook_of_another_system_is_read_by_its_columns() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let header = ["(Do Not Modify) Phone Call", "Due", "Subject", "Activity Status"];
    for (column, name) in (0..).zip(header) {
        sheet.write(0, column, name).unwrap();
    }
    sheet.set_column_hidden(0).unwrap();
    sheet.write_string(1, 0, "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}").unwrap();
    let nine = ExcelDateTime::from_ymd(2026, 11, 30).unwrap().and_hms(9, 0, 0).unwrap();
    let format = CellFormat::new().set_num_format("m/d/yyyy h:mm");
    sheet.write_datetime_with_format(1, 1, &nine, &format).unwrap();
    sheet.write_string(1, 2, "Call").unwrap();
    sheet.write_string(1, 3, "Completed").unwrap();
    workbook.add_worksheet().set_name("hiddenSheet").unwrap().set_hidden(true);
    let bytes = workbook.save_to_buffer().unwrap();
    let (id, activity) = one_of(&bytes);
    assert_eq!((id, activity.subject.as_str()), (None, "Call"));
    assert_eq!(activity.start.to_string(), "2026-11-30T09:00:00.000-06:00");
    assert_eq!(activity.status_name.as_str(), "Completed");
    let external_id = activity.external_id.unwrap();
    assert_eq!(external_id.as_str(), "dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3301");
}
