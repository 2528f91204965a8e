//! The same activity in two windows: saving second loses nothing and overwrites nothing.

use driftless_browser::{Api, Page, Server, css};

#[test]
fn who_saves_second_chooses_part_by_part() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let api = Api::new(&server, &ada);
    let id = api.create("Call");
    let address = format!("/activities/{id}");
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open(&address);
    page.new_window();
    page.open(&address);
    page.fill("Subject", "Call today");
    page.fill("status", "Waiting");
    page.fill("note", "The van is green.");
    page.click("Save changes");
    page.sees("Changes saved.");

    page.window(0);
    page.fill("Subject", "Call tomorrow");
    page.fill("priority", "High");
    page.fill("status", "Completed");
    page.fill("note", "The van is red.");
    page.click("Save changes");
    page.sees("Nothing you typed is lost, and nothing has been saved yet.");
    let legends = ["Subject changed by both", "Status changed by both", "Note changed by both"];
    assert_eq!(page.texts("legend"), legends);
    for text in ["Call today", "Call tomorrow", "The van is green.", "The van is red.", "by you"] {
        page.sees(text);
    }
    assert_eq!(page.value("subject"), "Call today / Call tomorrow");
    assert_eq!(page.value("note"), "The van is green.\nThe van is red.");
    assert_eq!(page.axe(), [""; 0]);
    page.size(320, 700);
    assert_eq!(page.sticks_out(), 0);
    page.size(1280, 900);
    let unchanged = api.ask("account/retrieveActivity", &[("activityId", &*id)]);
    assert_eq!(unchanged["activity"]["subject"], "Call today", "{unchanged}");

    // What only one has changed is settled; for what both have changed, nothing is preselected.
    page.click("Save");
    page.sees("Nothing you typed is lost, and nothing has been saved yet.");
    page.click(css("input[name=pick-status][value=theirs]"));
    page.fill("subject", "Call today");
    page.fill("note", "The van is red.");
    page.click("Save");
    page.sees("Changes saved.");
    let values = ["Subject", "status", "priority", "note"].map(|name| page.value(name));
    assert_eq!(values, ["Call today", "3", "High", "The van is red."]);
    let told = api.ask("account/retrieveActivity", &[("activityId", &*id)]);
    assert_eq!(told["activity"]["subject"], "Call today", "{told}");
    assert_eq!(told["activity"]["note"], "The van is red.");
    assert_eq!(told["activity"]["activityStatus"]["name"], "Waiting");
    assert_eq!(told["activity"]["activityPriority"], "HIGH");

    // Now the other window is outdated; without changes there is nothing to choose.
    page.window(1);
    page.click("Save changes");
    page.sees("No changes to save");
    assert_eq!(page.value("note"), "The van is red.");
}

#[test]
fn what_was_removed_meanwhile_comes_back_with_the_changes() {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let api = Api::new(&server, &ada);
    let id = api.create("Call");
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open(&format!("/activities/{id}"));
    page.fill("note", "The van is red.");
    api.ask("account/removeActivity", &[("activityId", &*id)]);
    page.click("Save changes");
    page.sees("removed this activity while you were editing");
    page.sees("The van is red.");
    assert_eq!(page.axe(), [""; 0]);
    page.click("Restore with my changes");
    page.sees("Changes saved.");
    assert_eq!(page.value("note"), "The van is red.");
    let told = api.ask("account/retrieveActivity", &[("activityId", &*id)]);
    assert_eq!(told["activity"]["note"], "The van is red.", "{told}");
}
