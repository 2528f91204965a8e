//! A list that somebody downloads for a spreadsheet and saves there, and `import` takes back.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::browser::Browser;
use crate::client::Client;
use crate::folder::Folder;
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

/// What spreadsheets take for formulas, and what looks like a sign of theirs against that.
const TEXTS: [&str; 12] = [
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

fn download(server: &Server) -> String {
    let mut browser = Browser::of(server);
    assert!(browser.signs_in("ed", PASSWORD));
    let cookie = browser.cookies();
    // Without the lengths of pieces between them.
    let request = format!(
        "GET /activities.csv HTTP/1.0\r\nHost: x\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    );
    server.send(request.as_bytes()).body
}

/// The file as another program writes it.
fn saved(file: &str, separator: u8, cell: impl Fn(&str) -> String) -> String {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(file.trim_start_matches('\u{feff}').as_bytes());
    let mut written = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    for row in rows.records() {
        written.write_record(row.unwrap().iter().map(&cell)).unwrap();
    }
    String::from_utf8(written.into_inner().unwrap()).unwrap()
}

#[test]
fn what_was_downloaded_comes_back_as_it_was_whoever_has_saved_it() {
    let (folder, server) = filled();
    let file = download(&server);
    let before = folder.ok("export acme");
    for (who, file) in [
        ("nobody", file.clone()),
        ("a spreadsheet", saved(&file, b',', str::to_owned)),
        ("a spreadsheet of another country", saved(&file, b';', str::to_owned)),
        ("one that writes tabs", saved(&file, b'\t', str::to_owned)),
    ] {
        let said = folder.run_with_input("import acme -", &file);
        assert_eq!(said.code, 0, "{who}: {said:?}");
        assert!(said.out.starts_with("0 created, 0 updated, 12 unchanged"), "{who}: {said:?}");
        assert_eq!(folder.ok("export acme"), before, "{who}");
    }
    server.stop();
}

#[test]
fn a_program_that_takes_the_apostrophes_for_its_own_takes_the_mark_too() {
    let (folder, server) = filled();
    let before = folder.ok("export acme");
    let own = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    let said = folder.run_with_input("import acme -", &saved(&download(&server), b',', own));
    assert_eq!(said.code, 0, "{said:?}");
    // It has taken one off where there was none of ours, too.
    assert!(said.out.starts_with("0 created, 0 updated, 12 unchanged"), "{said:?}");
    assert_eq!(folder.ok("export acme"), before);
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
