//! Fills in every form of the pages like a person would, and presses its button. The test fails if a page has a form
//! that it does not send.

use driftless_browser::{Api, Key, Page, Server, css};

/// More pages to open, for forms that the test does not come across.
const PAGES: [&str; 14] = [
    "/",
    "/activities",
    "/activities/new",
    "/activities/2",
    "/activities/2/history",
    "/bin",
    "/accounts",
    "/accounts/3480",
    "/changes",
    "/integrations",
    "/settings",
    "/settings/users/1",
    "/settings/statuses/3",
    "/preferences",
];

#[test]
fn every_form_can_be_sent_with_what_a_person_would_fill_in() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "admin");
    let api = Api::new(&server, &ada);
    let page = Page::new(&server);
    page.watch_forms();
    page.sign_in(&server.person("beta", "Eve Frank", "admin"));
    first_day(&page);
    page.sign_in(&ada);
    activities(&page, &api);
    lists(&page);
    many(&page, &api);
    importing(&page);
    accounts(&page);
    integrations(&page);
    users(&page);
    statuses(&page);
    organization_and_oneself(&page);
    for path in PAGES {
        page.open(path);
    }
    assert_eq!(page.complaints(), [""; 0]);
    page.click("Ada Byron");
    page.click("Sign out");
    page.wait_for("input[name=password]");
    assert_eq!(page.forms_not_sent(), [""; 0], "nobody has sent these");
}

/// In an organization of its own, which may have no activities yet.
fn first_day(page: &Page) {
    page.click("Fill with examples");
    page.sees("Examples added.");
    page.click("Remove the examples");
    page.click(css("dialog[open] button.primary"));
    page.sees("36 example activities were moved to the bin.");
    page.click("Hide");
    page.sees("Checklist hidden.");
    page.click("Show the checklist");
    page.sees("Getting started");
    page.click("Eve Frank");
    page.click("Sign out");
    page.wait_for("input[name=password]");
}

fn activities(page: &Page, api: &Api) {
    page.open("/activities/new");
    page.press("Call Ada");
    page.fill("account", "Harbor Café");
    page.sees("Add “Harbor Café” as a new account");
    page.click(css("[role=option][data-add]"));
    page.click("Create activity");
    page.sees("Activity created.");
    page.fill("note", "Nobody was there.");
    page.click("Save changes");
    page.sees("Changes saved.");
    page.click("Remove");
    page.click(css("dialog[open] button.danger"));
    page.sees("was removed.");
    page.click("Undo");
    page.sees("was restored.");
    page.open("/activities/1");
    page.click("Remove");
    page.click(css("dialog[open] button.danger"));
    page.sees("was removed.");
    page.open("/activities/1");
    page.click("Restore");
    page.sees("was restored.");
    page.click("History");
    page.click(css("ol.story li:last-child button"));
    page.sees("was changed.");

    // Someone else is faster.
    page.open("/activities/1");
    page.fill("Subject", "Call Ada Lovelace");
    let members = [("activity.activityId", "1"), ("activity.subject", "Call Ada Byron")];
    assert_eq!(api.ask("account/updateActivity", &members)["operationResult"], "SUCCESS");
    page.click("Save changes");
    page.sees("changed by both");
    page.click("Save");
    page.sees("Changes saved.");
    assert_eq!(page.value("Subject"), "Call Ada Byron / Call Ada Lovelace");
}

fn lists(page: &Page) {
    page.fill("Search activities", "lovelace");
    page.press(&Key::Enter);
    page.sees("1 activity");
    page.fill("status", "Open");
    page.click("Show");
    page.sees("Status: open");
    page.fill(css("select[aria-label^='Status of']"), "Waiting");
    page.sees("is now Waiting.");
    page.fill(css("select[aria-label^='Priority of']"), "High");
    page.sees("now has priority High.");
    page.open("/activities/1");
    page.fill("start", "2026-01-05T09:00");
    page.click("Save changes");
    page.sees("Changes saved.");
    page.click("My day");
    let tomorrow =
        page.script("return document.querySelector('select[name=day]').options[2].value");
    page.fill(css("select[name=day]"), tomorrow.as_str().expect("a day"));
    page.sees("now starts ");
    page.open("/activities/1");
    page.fill("start", "2026-01-05T09:00");
    page.click("Save changes");
    page.sees("Changes saved.");
    page.click("My day");
    page.click(css("button.tick"));
    page.sees("is now Completed.");
    page.click("Changes");
    page.fill("From", "2026-01-05T09:00");
    page.click("Show");
    page.until("return location.search.includes('from=2026-01-05T09%3A00')");
}

fn importing(page: &Page) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let rows = "subject,startDateTime,activityStatus.id,activityPriority\nCall,2026-01-05,3,LOW\n";
    std::fs::write(file.path(), rows).expect("it is written");
    page.open("/import");
    page.fill("File", file.path().to_str().expect("a path"));
    page.click("Upload and check");
    page.sees("4 columns");
    page.click("Import 1 activity");
    page.sees("Import finished: 1 activity was created, updated or removed.");
}

fn many(page: &Page, api: &Api) {
    for n in 0..60 {
        api.create(&format!("Letter {n}"));
    }
    page.open("/activities?q=letter");
    page.click(css("input[data-all]"));
    page.sees("50 selected");
    page.click(css("form.bulk input[name=scope]"));
    page.sees("60 selected");
    // Nothing is chosen yet: the browser says so, and nothing is sent.
    page.click("Set status");
    page.sees("60 selected");
    page.fill(css("form.bulk select[name=status]"), "Deferred");
    page.click("Set status");
    page.sees("Set 60 activities to Deferred?");
    page.click("Change");
    page.sees("60 activities changed.");
    page.click("Undo");
    page.sees("Finished undoing “Setting 60 activities to Deferred”: 60 activities changed.");
    page.open("/activities?q=letter");
    page.click(css("input[data-all]"));
    page.sees("50 selected");
    page.click(css("form.bulk button.danger"));
    page.click(css("dialog[open] button.danger"));
    page.sees("50 activities changed.");
    page.click("Bin");
    page.fill("Search the bin", "letter");
    page.click("Search");
    page.sees("50 removed activities found");
    page.click(css("td.act button"));
    page.sees("was restored.");
    page.click(css("input[name=id]"));
    page.click(css("form.bulk button.primary"));
    page.sees("Finished restoring 1 activity: 1 activity changed.");
}

fn accounts(page: &Page) {
    page.click("Accounts");
    page.fill("name", "Mill Street Pantry");
    page.fill("number", "3480");
    page.click("Add account");
    page.sees("was added with ID 3480.");
    page.fill(css("main form[role=search] input"), "mill");
    page.click("Search");
    page.until("return location.search.includes('q=mill')");
    page.sees("1 account");
    page.click("Rename");
    page.fill("new_name", "Mill Street Kitchen");
    page.click("Save");
    page.sees("was renamed to Mill Street Kitchen.");
}

fn integrations(page: &Page) {
    page.click("Integrations");
    page.fill("label", "Mailer sync");
    page.click("Add key");
    page.sees("This key is shown only once.");
    page.click("Back to Integrations");
    page.click("Mailer sync");
    page.fill("activity", "1");
    page.click("Check");
    page.sees("activity 1");
    page.fill("every", "7");
    page.click("Save");
    page.sees("expected every 7 days");
    page.click("Revoke");
    page.click("Revoke permanently");
    page.sees("was revoked and no longer works.");
}

fn users(page: &Page) {
    page.click("Settings");
    page.click("Add user");
    page.fill("name", "Grace Hopper");
    page.fill("login", "grace");
    page.fill("password", "long enough words");
    page.click("Add user");
    page.sees("User added.");
    page.fill("name", "Grace Murray Hopper");
    page.click("Save");
    page.sees("User saved.");
    page.fill("password", "another few words");
    page.click("Set new password");
    page.sees("Set a new password for Grace Murray Hopper?");
    page.click(css("dialog[open] button:not([value=''])"));
    page.sees("New password set.");
    page.click("Disable");
    page.click(css("dialog[open] button.danger"));
    page.sees("User disabled.");
    page.click("Enable");
    page.sees("User enabled.");
}

fn statuses(page: &Page) {
    page.open("/settings");
    page.fill("status_name", "Called back");
    page.click("Add status");
    page.sees("Status added at the end of the list.");
    page.click(css("#statuses :target button[value=up]")); // Others may be behind the header.
    page.until("return location.hash === '#statuses'");
    page.click("Called back");
    page.fill("New name", "Rang back");
    page.click("Rename");
    page.sees("Rename Called back? This changes 0 activities.");
    page.click(css("dialog[open] button.primary"));
    page.sees("Renaming Called back to Rang back");
    page.click("Go back");
    page.click("Count as done");
    page.sees("Count as open");
    page.click("Count as open");
    page.sees("Count as done");
    page.click("Use for new activities");
    page.sees("New activities start with this status");
    page.click("Retire");
    page.sees("Bring back");
}

fn organization_and_oneself(page: &Page) {
    page.open("/settings");
    page.fill("zone", "Europe/Berlin");
    page.click("Save");
    page.sees("Organization saved.");
    page.open("/preferences");
    page.fill("zone", "Asia/Tokyo");
    page.click("Save");
    page.sees("Preferences saved.");
    calendar_feed(page);
    page.open("/password");
    page.fill("current", "the password of ada");
    page.fill("new", "another few words");
    page.fill("again", "another few words");
    page.click("Change password");
    page.sees("Password changed.");
}

fn calendar_feed(page: &Page) {
    page.click("Create an address");
    page.sees("This address is shown only once.");
    let first = page.text("#calendar-address");
    assert!(first.contains("/calendar/acme/"), "{first}");
    page.click("Back to Preferences");
    page.click("Replace the address");
    page.click(css("dialog[open] button.primary"));
    page.sees("This address is shown only once.");
    assert_ne!(page.text("#calendar-address"), first);
    page.click("Back to Preferences");
    page.click("Revoke the address");
    page.click(css("dialog[open] button.danger"));
    page.sees("Calendar feed address revoked.");
}
