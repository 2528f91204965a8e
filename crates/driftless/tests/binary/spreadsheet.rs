//! What somebody downloads for a spreadsheet, and what `export` writes for programs.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};

use calamine::Reader;
use domain::{cell_text, unguarded};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::browser::Browser;
use crate::client::Client;
use crate::folder::Folder;
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

/// What programs take for formulas, numbers, dates or nothing, and what looks like a sign of theirs against that.
const TEXTS: [&str; 16] = [
    "+49 30 555 0100 call back",
    "-- urgent; today --",
    "=follow up",
    "@team please call",
    "\tindented",
    "\r\nsecond line",
    "plain, \"quoted\"",
    "'quoted'",
    "'+already quoted",
    "''",
    "'",
    "'tis",
    "00123",
    "'00123",
    "1-2",
    "None",
];

/// An organization whose activities have those texts everywhere.
fn filled() -> (Folder, Server) {
    let (folder, key) = Folder::with_key();
    let login = "user login acme 7 ed";
    assert_eq!(folder.run_with_input(login, PASSWORD).code, 0);
    folder.ok("status add acme \"'=Parked\" --id 40");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    for text in TEXTS {
        let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let id = client.create(&text);
        let field = "activity.customFieldDataList.customFieldData";
        client.update(
            id,
            &format!(
                "activity.note={text}&activity.activityStatus.id=40&{field}.fieldId={text}1&{field}.fieldValue={text}&{field}.fieldId=2&{field}.fieldOptionId=3"
            ),
        );
    }
    (folder, server)
}

/// A file that somebody who is signed in downloads.
fn download(server: &Server, name: &str) -> Vec<u8> {
    let mut browser = Browser::of(server);
    assert!(browser.signs_in("ed", PASSWORD));
    let cookie = browser.cookies();
    // Without the lengths of pieces between them.
    let request =
        format!("GET /{name} HTTP/1.0\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    let mut stream = server.connect();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

/// The rows of CSV, with the first.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    rows.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Of each row after the first, the columns of these names.
fn columns(rows: &[Vec<String>], names: &[&str]) -> BTreeSet<Vec<String>> {
    let (head, rows) = rows.split_first().unwrap();
    let at = |name: &&str| head.iter().position(|column| column == name).unwrap();
    let places: Vec<usize> = names.iter().map(at).collect();
    rows.iter().map(|row| places.iter().map(|at| row[*at].clone()).collect()).collect()
}

const SHARED: [&str; 13] = [
    "activityId",
    "subject",
    "note",
    "clientId",
    "systemUserId",
    "activityStatus.id",
    "activityStatus.name",
    "activityPriority",
    "customFieldDataList",
    "createdDateTime",
    "createdBy",
    "lastModifiedBy",
    "lastModifiedDateTime",
];

#[test]
fn both_downloads_say_what_the_export_says() {
    let (folder, server) = filled();
    let exported = rows(&folder.ok("export acme --format csv"));
    let expected: BTreeSet<Vec<String>> = columns(&exported, &SHARED)
        .into_iter()
        .map(|row| row.iter().map(|text| cell_text(text).into_owned()).collect())
        .collect();
    assert_eq!(expected.len(), TEXTS.len());

    let csv = String::from_utf8(download(&server, "activities.csv")).unwrap();
    let csv: Vec<Vec<String>> = rows(csv.trim_start_matches('\u{feff}'))
        .into_iter()
        .map(|row| row.iter().map(|cell| unguarded(cell).to_owned()).collect())
        .collect();
    assert_eq!(columns(&csv, &SHARED), expected);

    let workbook = download(&server, "activities.xlsx");
    let mut workbook = calamine::Xlsx::new(Cursor::new(workbook)).unwrap();
    let sheet = workbook.worksheet_range("Activities").unwrap();
    let mut sheet: Vec<Vec<String>> =
        sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let version = sheet[0].last_mut().unwrap();
    assert_eq!(version, "version");
    *version = "lastModifiedDateTime".to_owned();
    assert_eq!(columns(&sheet, &SHARED), expected);
    server.stop();
}

#[test]
fn every_cell_of_an_exported_table_is_quoted() {
    let (folder, server) = filled();
    let exported = folder.ok("export acme --format csv");
    let mut quoted =
        csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
    for row in rows(&exported) {
        quoted.write_record(row).unwrap();
    }
    assert_eq!(exported, String::from_utf8(quoted.into_inner().unwrap()).unwrap());
    server.stop();
}

#[test]
fn what_is_no_download_keeps_its_apostrophes() {
    let (folder, server) = filled();
    let exported = folder.ok("export acme --format csv");
    let (other, _) = Folder::with_key();
    assert_eq!(other.run_with_input("import acme -", &exported).code, 0);
    assert_eq!(other.ok("export acme"), folder.ok("export acme"));
    server.stop();
}

/// CSV as another program writes it.
fn saved(file: &[u8], separator: u8, cell: impl Fn(&str) -> String) -> Vec<u8> {
    let file = String::from_utf8(file.to_vec()).unwrap();
    let mut written = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    for row in rows(file.trim_start_matches('\u{feff}')) {
        written.write_record(row.iter().map(|text| cell(text))).unwrap();
    }
    written.into_inner().unwrap()
}

#[test]
fn what_was_downloaded_comes_back_as_it_was_whoever_has_saved_it() {
    let (folder, server) = filled();
    let csv = download(&server, "activities.csv");
    let before = folder.ok("export acme");
    let without_apostrophe = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    for (who, file) in [
        ("a workbook that nobody touched", download(&server, "activities.xlsx")),
        ("CSV that nobody touched", csv.clone()),
        ("a spreadsheet", saved(&csv, b',', str::to_owned)),
        ("a spreadsheet of another country", saved(&csv, b';', str::to_owned)),
        ("one that writes tabs", saved(&csv, b'\t', str::to_owned)),
        ("one that takes apostrophes for its own", saved(&csv, b',', without_apostrophe)),
    ] {
        folder.write("saved", file);
        let said = folder.ok("import acme saved");
        assert!(said.starts_with("0 created, 0 updated, 16 unchanged"), "{who}: {said}");
        assert_eq!(folder.ok("export acme"), before, "{who}");
    }
    server.stop();
}
