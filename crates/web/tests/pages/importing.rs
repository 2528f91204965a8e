//! Import: a file is uploaded, checked, looked at, and imported.

use domain::{Account, ActivityId, ClientId, Name, Patch, Subject};
use service::Write;

use crate::harness::{Browser, EDITOR, Page, World, query};

/// The page of a file, once it has been checked or imported.
#[track_caller]
fn settled(browser: &mut Browser<'_>, address: &str) -> Page {
    loop {
        let page = browser.get(address).ok();
        if !page.body.contains("data-progress") {
            return page;
        }
        std::thread::yield_now();
    }
}

/// Uploads a file, and returns its address and its preview.
#[track_caller]
fn uploaded(browser: &mut Browser<'_>, name: &str, content: &str) -> (String, Page) {
    let address = browser.upload(name, content.as_bytes()).redirected().to_owned();
    assert!(address.starts_with("/import/"), "{address}");
    let page = settled(browser, &address);
    (address, page)
}

/// Sends the preview's form with these fields, and shows what came of it.
#[track_caller]
fn sent(browser: &mut Browser<'_>, address: &str, fields: &[(&str, &str)]) -> Page {
    let back = browser.post(address, fields).redirected().to_owned();
    settled(browser, &back)
}

/// How many of something the preview or the result counts.
#[track_caller]
fn count(page: &Page, what: &str) -> u64 {
    let (_, rest) = page
        .body
        .split_once(&format!("<span>{what}</span><b>"))
        .unwrap_or_else(|| panic!("no {what:?} in {}", page.body));
    rest.split_once("</b>").unwrap().0.replace(',', "").parse().unwrap()
}

const NEW: &str = "subject,startDateTime,activityStatus.name,activityPriority\n\
                   Call Ada,2026-03-05 09:00,Not Started,NORMAL\n\
                   Write to Ed,2026-03-06 10:30,Not Started,HIGH\n";

#[test]
fn a_file_is_shown_before_it_is_imported_and_then_counted() {
    let world = World::new();
    let mut admin = world.admin();
    admin.get("/import").ok().shows("enctype=\"multipart/form-data\"").shows("up to 64 MiB");
    let (address, page) = uploaded(&mut admin, "calls.csv", NEW);
    assert_eq!((count(&page, "to be created"), count(&page, "to be updated")), (2, 0));
    page.shows("calls.csv").shows("Call Ada").shows("Import 2 activities");
    admin.get("/activities").ok().shows("No activities yet");
    admin.get("/import").ok().shows(&address).shows("ready to import");

    let page = sent(&mut admin, &address, &[("action", "import")]);
    page.shows("The import is done: 2 activities have changed.");
    assert_eq!(count(&page, "created"), 2);
    page.shows("href=\"/activities/1\"").shows("href=\"/changes?from=2026-03-04T10%3A00\"");
    admin.get("/changes?from=2026-03-04T10%3A00").ok().shows("Call Ada").shows("Write to Ed");
    // A second click, or one in another window.
    sent(&mut admin, &address, &[("action", "import")]).shows("The import is done: 2 activities");
    admin.get("/activities").ok().shows("2 activities");
}
