//! An activity is created and changed on pages, and the API reports the changes.

use driftless_browser::{Api, Page, Server, css};
use serde_json::json;

/// The accounts, as a file.
const ACCOUNTS: &str = "id,name\n3480,Harbor Café\n3481,Harbor School\n3500,Mill Street Pantry\n";

#[test]
fn what_is_edited_in_the_page_is_in_the_next_answer_of_the_api() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    server.run_with(&["accounts", "import", "acme", "-"], ACCOUNTS);
    let page = Page::new(&server);
    page.sign_in(&ada);

    page.click("Activities");
    page.sees("No activities yet");
    page.click("New activity");
    page.fill("Subject", "Call about the van");
    page.fill("account", "harb");
    page.sees("Harbor School");
    assert_eq!(page.axe(), [""; 0], "while accounts are offered");
    page.click(css("[role=option][data-value='Harbor School (3481)']"));
    assert_eq!(page.value("account"), "Harbor School (3481)");
    page.fill("start", "2026-03-04T14:05");
    page.click("Create activity");
    page.sees("Activity created.");
    let address = page.address();
    page.click("Activities");
    assert_eq!(page.texts("td.title"), ["Call about the van"]);
    page.sees("1 activity");
    page.sees("Harbor School");

    let api = Api::new(&server, &ada);
    let first = api.changes("2026-01-01T00:00:00Z");
    let created = &first["activities"]["activity"][0];
    assert_eq!(created["subject"], "Call about the van");
    assert_eq!(created["clientId"], 3481);

    page.click("Call about the van");
    page.fill("Subject", "Call about the new van");
    page.fill("status", "Waiting");
    page.click("Save changes");
    page.sees("Changes saved.");
    let horizon = first["responseDateTime"].as_str().expect("a time");
    let next = api.changes(horizon);
    assert_eq!(next["page"]["totalResults"], 1, "{next}");
    let edited = &next["activities"]["activity"][0];
    assert_eq!(edited["activityId"], created["activityId"]);
    assert_eq!(edited["subject"], "Call about the new van");
    assert_eq!(edited["activityStatus"], json!({ "id": "3", "name": "Waiting" }));
    assert_eq!(edited["lastModifiedBy"], "Ada Byron");

    // And the other way round.
    let id = created["activityId"].to_string();
    let members = [("activity.activityId", &*id), ("activity.note", "It is green.\nAnd old.")];
    let answer = api.ask("account/updateActivity", &members);
    assert_eq!(answer["operationResult"], "SUCCESS", "{answer}");
    page.open(address.split('?').next().unwrap_or_default());
    assert_eq!(page.value("note"), "It is green.\nAnd old.");
    page.click("History");
    page.sees("Ada Byron · API");
    page.sees("Ada Byron · web pages");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn a_double_click_creates_and_saves_once() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open("/activities/new");
    page.fill("Subject", "Only once");
    page.fill("account", "3480");
    page.double_click("Create activity");
    page.sees("Activity created.");
    let created = page.address();
    page.fill("Subject", "Changed once");
    page.double_click("Save changes");
    page.sees("Changes saved.");
    assert_eq!(page.address(), created.replace("created", "saved"));
    page.open("/activities");
    assert_eq!(page.texts("td.title"), ["Changed once"]);
    page.click("Changed once");
    page.click("History");
    page.sees("History of activity");
    assert_eq!(page.texts("ol.story .what"), ["Changed", "Created"]);

    // Nor does sending the form again, without scripts or after going back.
    page.scripts(false);
    page.open("/activities/new");
    page.fill("Subject", "Once more");
    page.fill("account", "3480");
    page.double_click("Create activity");
    page.sees("Activity created.");
    page.click("Activities");
    page.sees("2 activities");
    assert_eq!(page.texts("td.title").len(), 2);
}

#[test]
fn wrong_input_comes_back_with_a_message_at_the_field_and_nothing_typed_is_lost() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    server.run_with(&["accounts", "import", "acme", "-"], ACCOUNTS);
    let api = Api::new(&server, &ada);
    let id = api.create("As it is");
    let page = Page::new(&server);
    page.sign_in(&ada);

    page.open("/activities/new");
    page.fill("Subject", " ");
    page.fill("account", "harb");
    page.fill("start", "2026-03-04T14:05");
    page.fill("end", "2026-03-04T13:05");
    page.fill("status", "Deferred");
    page.fill("priority", "High");
    page.fill("note", "Much <thought>\nwent into this & that.");
    page.click("Create activity");
    page.sees("Not saved yet. Please check the 3 fields marked below.");
    let problems = page.texts("p.problem");
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems[0].starts_with("Subject must not be"), "{problems:?}");
    assert!(problems[1].starts_with("Account matches 2 accounts"), "{problems:?}");
    assert_eq!(problems[2], "End must not be before the start.");
    let described = "const field = document.getElementsByName('account')[0];
        const ids = field.getAttribute('aria-describedby').split(' ');
        return field.ariaInvalid === 'true' && ids.includes('p-account')";
    page.until(described);
    assert_eq!(page.axe(), [""; 0]);
    let typed = ["account", "start", "end", "status", "priority", "note"].map(|n| page.value(n));
    let note = "Much <thought>\nwent into this & that.";
    let day = "2026-03-04T14:05";
    assert_eq!(typed, ["harb", day, "2026-03-04T13:05", "5", "High", note]);
    page.fill("Subject", "A plan");
    page.fill("account", "mill street pantry");
    page.fill("end", "2026-03-04T15:05");
    page.click("Create activity");
    page.sees("Activity created.");
    assert_eq!(page.value("account"), "Mill Street Pantry (3500)");
    assert_eq!(page.value("note"), note);

    page.open(&format!("/activities/{id}"));
    page.fill("Subject", "As it will be");
    page.fill("account", "nobody we know");
    page.fill("note", "Kept");
    page.click("Save changes");
    page.sees("Not saved yet. Please check the field marked below.");
    assert_eq!(page.texts("p.problem").len(), 1);
    let typed = ["Subject", "account", "note"].map(|name| page.value(name));
    assert_eq!(typed, ["As it will be", "nobody we know", "Kept"]);
    page.fill("account", "3481");
    page.click("Save changes");
    page.sees("Changes saved.");
    assert_eq!(page.value("note"), "Kept");
    assert_eq!(page.value("account"), "Harbor School (3481)");
}

#[test]
fn what_is_due_is_done_with_one_click() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let api = Api::new(&server, &ada);
    api.create("Long overdue");
    api.create("Overdue too");
    let page = Page::new(&server);
    page.sign_in(&ada);
    assert_eq!(page.texts("a.stat b"), ["0", "2", "0"]);
    page.click(css("button[aria-label='Mark as done: Long overdue']"));
    page.until("return document.querySelector('a.stat[href=\"#overdue\"] b').textContent === '1'");
    assert_eq!(page.texts("td.title"), ["Overdue too"]);
    page.click(css("button[aria-label='Mark as done: Overdue too']"));
    page.sees("All clear");
    let told = api.changes("2026-01-01T00:00:00Z");
    let all = told["activities"]["activity"].as_array().expect("a list");
    let done = all.iter().filter(|one| one["activityStatus"]["name"] == "Completed");
    assert_eq!(done.count(), 2, "{told}");
}

/// Whether the browser would ask before the page is left.
fn asks_before_leaving(page: &Page) -> bool {
    page.script(
        "const event = new Event('beforeunload', { cancelable: true });
         return !window.dispatchEvent(event);",
    ) == true
}

#[test]
fn what_is_half_typed_is_asked_about_before_it_is_left() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let api = Api::new(&server, &ada);
    let id = api.create("Call");
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open(&format!("/activities/{id}"));
    assert!(!asks_before_leaving(&page), "nothing has been typed");
    page.fill("note", "The van is");
    assert!(asks_before_leaving(&page));
    // A dialog that is closed, and a question that is answered with no, send nothing.
    page.click("Remove");
    page.click(css("dialog[open] button:not(.danger)"));
    page.until("return document.querySelector('dialog[open]') === null");
    assert!(asks_before_leaving(&page));
    page.fill("note", "");
    assert!(!asks_before_leaving(&page), "it is as it was");
    page.fill("note", "The van is red.");
    page.click("Save changes");
    page.sees("Changes saved.");
    assert!(!asks_before_leaving(&page));
    // What was refused is still to be saved.
    page.fill("account", "nobody of that name");
    page.click("Save changes");
    page.sees("Not saved yet");
    assert!(asks_before_leaving(&page));
    assert_eq!(page.focused(), "Account");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn a_start_that_is_moved_takes_its_end_along() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open("/activities/new");
    page.fill("start", "2026-03-04T14:00");
    page.fill("end", "2026-03-04T15:30");
    page.fill("start", "2026-03-05T09:15");
    assert_eq!(page.value("end"), "2026-03-05T10:45");
    page.fill("end", "");
    page.fill("start", "2026-03-06T09:15");
    assert_eq!(page.value("end"), "");
}
