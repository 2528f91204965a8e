//! Every form of the pages is sent by somebody who fills in what a person would, and presses its button. A form
//! that a page has and this story does not send fails it.

use driftless_browser::{Api, Key, Page, Server, css};

/// The pages that are looked at besides, for forms that the story does not come across.
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
    page.sees("The examples are here.");
    page.click("Remove the examples");
    page.sees("36 example activities are in the bin now.");
    page.click("Hide");
    page.sees("The checklist is hidden.");
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
    page.sees("The activity has been created.");
    page.fill("note", "Nobody was there.");
    page.click("Save changes");
    page.sees("Your changes have been saved.");
    page.click("Remove");
    page.click(css("dialog[open] button.danger"));
    page.sees("has been removed.");
    page.click("Undo");
    page.sees("has been restored.");
    page.open("/activities/1");
    page.click("Remove");
    page.click(css("dialog[open] button.danger"));
    page.sees("has been removed.");
    page.open("/activities/1");
    page.click("Restore");
    page.sees("has been restored.");
    page.click("Story");
    page.click(css("ol.story li:last-child button"));
    page.sees("has been changed.");

    // Somebody else is faster.
    page.open("/activities/1");
    page.fill("Subject", "Call Ada Lovelace");
    let members = [("activity.activityId", "1"), ("activity.subject", "Call Ada Byron")];
    assert_eq!(api.ask("account/updateActivity", &members)["operationResult"], "SUCCESS");
    page.click("Save changes");
    page.sees("changed by both");
    page.click("Save this");
    page.sees("Your changes have been saved.");
    assert_eq!(page.value("Subject"), "Call Ada Byron / Call Ada Lovelace");
}

fn lists(page: &Page) {
    page.fill("Search activities", "lovelace");
    page.press(&Key::Enter);
    page.sees("1 activity");
    page.fill("status", "Not done");
    page.click("Show");
    page.sees("Status: not done");
    page.fill(css("select[aria-label^='Status of']"), "Waiting");
    page.sees("is Waiting now.");
    page.fill(css("select[aria-label^='Priority of']"), "High");
    page.sees("has the priority High now.");
    page.open("/activities/1");
    page.fill("start", "2026-01-05T09:00");
    page.click("Save changes");
    page.sees("Your changes have been saved.");
    page.click("My day");
    let tomorrow =
        page.script("return document.querySelector('select[name=day]').options[2].value");
    page.fill(css("select[name=day]"), tomorrow.as_str().expect("a day"));
    page.sees("begins ");
    page.open("/activities/1");
    page.fill("start", "2026-01-05T09:00");
    page.click("Save changes");
    page.sees("Your changes have been saved.");
    page.click("My day");
    page.click(css("button.tick"));
    page.sees("is Completed now.");
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
    page.sees("The import is done: 1 activity has changed.");
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
    page.click("Change them");
    page.sees("60 activities have changed.");
    page.click("Undo");
    page.sees("Taken back: Setting 60 activities to Deferred. 60 activities have changed.");
    page.open("/activities?q=letter");
    page.click(css("input[data-all]"));
    page.sees("50 selected");
    page.click(css("form.bulk button.danger"));
    page.click(css("dialog[open] button.danger"));
    page.sees("50 activities have changed.");
    page.click("Bin");
    page.fill("Search the bin", "letter");
    page.click("Search");
    page.sees("50 removed activities found");
    page.click(css("td.act button"));
    page.sees("has been restored.");
    page.click(css("input[name=id]"));
    page.click(css("form.bulk button.primary"));
    page.sees("Restoring 1 activity. 1 activity has changed.");
}

fn accounts(page: &Page) {
    page.click("Accounts");
    page.fill("name", "Mill Street Pantry");
    page.fill("number", "3480");
    page.click("Add account");
    page.sees("has been added. Its number is 3480.");
    page.fill(css("main form[role=search] input"), "mill");
    page.click("Search");
    page.until("return location.search.includes('q=mill')");
    page.sees("1 account");
    page.click("Rename");
    page.fill("new_name", "Mill Street Kitchen");
    page.click("Save");
    page.sees("is now called Mill Street Kitchen.");
}

fn integrations(page: &Page) {
    page.click("Integrations");
    page.fill("label", "Mailer sync");
    page.click("Create key");
    page.sees("This key is shown once.");
    page.click("Back to the integrations");
    page.click("Mailer sync");
    page.fill("activity", "1");
    page.click("Look");
    page.sees("activity 1");
    page.fill("every", "7");
    page.click("Save");
    page.sees("expected every 7 days");
    page.click("Revoke");
    page.click("Revoke for good");
    page.sees("has been revoked");
}

fn users(page: &Page) {
    page.click("Settings");
    page.click("Add a user");
    page.fill("name", "Grace Hopper");
    page.fill("login", "grace");
    page.fill("password", "long enough words");
    page.click("Add user");
    page.sees("The user has been added.");
    page.fill("name", "Grace Murray Hopper");
    page.click("Save");
    page.sees("The user has been saved.");
    page.fill("password", "another few words");
    page.click("Set new password");
    page.sees("Set a new password for Grace Murray Hopper?");
    page.click(css("dialog[open] button:not([value=''])"));
    page.sees("signs in with the new password");
    page.click("Disable");
    page.click(css("dialog[open] button.danger"));
    page.sees("The user is disabled");
    page.click("Enable again");
    page.sees("The user is enabled again.");
}

fn statuses(page: &Page) {
    page.open("/settings");
    page.fill("status_name", "Called back");
    page.click("Add status");
    page.sees("The status has been added.");
    page.click(css("#statuses button[value=up]"));
    page.until("return location.hash === '#statuses'");
    page.click("Called back");
    page.fill("New name", "Rang back");
    page.click("Rename");
    page.sees("Rename Called back? That changes 0 activities.");
    page.click(css("dialog[open] button.primary"));
    page.sees("Renaming Called back to Rang back");
    page.click("Back to where you were");
    page.click("Count as done");
    page.sees("Count as to do");
    page.click("Count as to do");
    page.sees("Count as done");
    page.click("Begin new activities with it");
    page.sees("New activities begin with it");
    page.click("Retire");
    page.sees("Bring back");
}

fn organization_and_oneself(page: &Page) {
    page.open("/settings");
    page.fill("zone", "Europe/Berlin");
    page.click("Save");
    page.sees("The organization has been saved.");
    page.open("/preferences");
    page.fill("zone", "Asia/Tokyo");
    page.click("Save");
    page.sees("Your preferences have been saved.");
    calendar_feed(page);
    page.open("/password");
    page.fill("current", "the password of ada");
    page.fill("new", "another few words");
    page.fill("again", "another few words");
    page.click("Change password");
    page.sees("Your password has been changed.");
}

fn calendar_feed(page: &Page) {
    page.click("Create an address");
    page.sees("This address is shown only now.");
    let first = page.text("#calendar-address");
    assert!(first.contains("/calendar/acme/"), "{first}");
    page.click("Back to your preferences");
    page.click("Replace the address");
    page.click(css("dialog[open] button.primary"));
    page.sees("This address is shown only now.");
    assert_ne!(page.text("#calendar-address"), first);
    page.click("Back to your preferences");
    page.click("Revoke the address");
    page.click(css("dialog[open] button.danger"));
    page.sees("has been revoked.");
}
