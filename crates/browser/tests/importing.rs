//! Importing a workbook: uploaded, looked at, a column chosen, imported, and what changed.

use std::fs::File;
use std::path::Path;

use driftless_browser::{Page, Scheme, Server, css};
use rust_xlsxwriter::{Workbook, XlsxError};

/// Looks at the page in light and dark, wide and narrow.
#[track_caller]
fn look(page: &Page) {
    assert_eq!(page.axe(), [""; 0]);
    page.scheme(Scheme::Dark);
    assert_eq!(page.axe_colours(), [""; 0]);
    page.scheme(Scheme::Light);
    page.size(320, 700);
    assert_eq!(page.axe(), [""; 0]);
    assert_eq!(page.sticks_out(), 0);
    page.size(1280, 900);
}

/// A workbook with these rows.
fn workbook(path: &Path, rows: &[[&str; 6]]) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, *cell)?;
        }
    }
    workbook.save(path)
}

const HEADER: [&str; 6] = [
    "subject",
    "startDateTime",
    "Fällig",
    "activityStatus.name",
    "activityPriority",
    "accountName",
];

#[test]
fn a_workbook_is_imported_with_a_column_that_is_chosen_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls.xlsx");
    let rows = [
        HEADER,
        [
            "Call Ada",
            "2026-03-05 09:00",
            "2026-03-05 10:00",
            "Not Started",
            "NORMAL",
            "Harbor Bakery",
        ],
        ["Write to Ed", "2026-03-06 10:30", "", "Left message", "HIGH", "Harbor Bakery"],
    ];
    workbook(&calls, &rows).unwrap();
    let server = Server::start();
    let page = Page::new(&server);
    page.sign_in(&server.person("acme", "Ada Byron", "admin"));
    page.click("Import activities");
    page.sees("Upload a file with activities.");
    look(&page);

    page.fill("File", calls.to_str().unwrap());
    page.click("Upload and check");
    page.sees("6 columns, 1 not imported");
    page.sees("Accounts that do not exist yet: Harbor Bakery.");
    page.sees("Call Ada");
    look(&page);
    page.click("Add these and check again");
    page.sees("Import 2 activities");
    page.fill("Import Fällig as", "End");
    page.click("Import 2 activities");
    page.sees("Nothing has been imported yet.");
    page.sees("6 columns");
    assert_eq!(page.value("column.2"), "endDateTime");
    look(&page);
    page.click("Import 2 activities");
    page.sees("Import finished: 2 activities were created, updated or removed.");
    page.sees("1 account added.");
    look(&page);
    page.click("See what changed");
    page.sees("Call Ada");
    page.sees("Write to Ed");

    // What is wrong with a file is told with its row.
    let wrong = folder.path().join("wrong.xlsx");
    workbook(&wrong, &[HEADER, ["", "soon", "", "Not Started", "URGENT!", "Harbor Bakery"]])
        .unwrap();
    page.open("/import");
    page.fill("File", wrong.to_str().unwrap());
    page.click("Upload and check");
    page.sees("Nothing has been written.");
    page.sees("startDateTime is \"soon\"");
    look(&page);
    page.click("Discard the file");
    page.sees("Upload a file with activities.");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn a_file_that_is_too_large_is_told_before_it_is_sent_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.csv");
    File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let server = Server::start();
    let page = Page::new(&server);
    page.sign_in(&server.person("acme", "Ada Byron", "admin"));
    page.open("/import");
    page.fill("File", large.to_str().unwrap());
    page.click("Upload and check");
    let message = "return document.querySelector('[name=file]').validationMessage";
    assert!(page.script(message).as_str().unwrap().contains("larger than 64 MiB"));
    // As a browser without scripts would send it.
    page.script("document.querySelector('form.edit').noValidate = true");
    page.click("Upload and check");
    page.wait_for(".notice.bad");
    page.sees("The file is larger than 64 MiB.");
    page.click(css("nav.main a[href=\"/activities\"]"));
    page.sees("No activities yet");
}
