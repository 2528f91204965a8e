//! Bulk changes, and quick changes in the list.

use driftless_browser::{Api, Page, Person, Server, css};

/// A server, an editor, and these activities.
fn with(subjects: &[&str]) -> (Server, Person, Api) {
    let server = Server::start();
    let ada = server.person("acme", "Ada Byron", "editor");
    let api = Api::new(&server, &ada);
    for subject in subjects {
        api.create(subject);
    }
    (server, ada, api)
}

/// The box in front of an activity of the list.
fn tick(page: &Page, subject: &str) {
    page.click(css(&format!("input[aria-label='Select {subject}']")));
}

#[test]
fn selected_activities_are_changed_removed_and_restored() {
    let (server, ada, api) = with(&["Call", "Meet", "Write", "Visit"]);
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open("/activities?sort=subject&direction=asc");
    assert_eq!(page.texts("form.bulk"), [""], "nothing is selected");
    tick(&page, "Call");
    tick(&page, "Meet");
    tick(&page, "Write");
    tick(&page, "Write");
    page.sees("2 selected");
    assert_eq!(page.axe(), [""; 0], "with the bar of bulk actions");
    page.fill(css("form.bulk select[name=status]"), "Deferred");
    page.click("Set status");
    page.sees("Finished setting 2 activities to Deferred: 2 activities changed.");
    assert_eq!(page.axe(), [""; 0]);
    page.open("/activities?status=5&sort=subject&direction=asc");
    assert_eq!(page.texts("td.title"), ["Call", "Meet"]);

    page.open("/activities?sort=subject&direction=asc");
    tick(&page, "Call");
    tick(&page, "Visit");
    let before = api.changes("2026-01-01T00:00:00Z");
    page.click(css("form.bulk button.danger"));
    page.sees("Remove the selected activities (2)? You can restore them from the bin.");
    assert_eq!(page.axe(), [""; 0], "with the question");
    page.click(css("dialog[open] button:not(.danger)"));
    page.until("return document.querySelector('dialog[open]') === null");
    page.sees("2 selected");
    page.click(css("form.bulk button.danger"));
    page.click(css("dialog[open] button.danger"));
    page.sees("Finished removing 2 activities: 2 activities changed.");
    assert_eq!(page.texts("td.title"), ["Meet", "Write"]);
    let horizon = before["responseDateTime"].as_str().expect("a time");
    let told = api.changes(horizon);
    let removed = told["deletedActivityIdList"]["activityId"].as_array();
    assert_eq!(removed.map(Vec::len), Some(2), "{told}");

    page.click("Bin");
    page.sees("2 removed activities");
    page.click(css("button[aria-label='Restore Call']"));
    page.sees("1 removed activity");
    page.open("/activities?sort=subject&direction=asc");
    assert_eq!(page.texts("td.title"), ["Call", "Meet", "Write"]);
    let told = api.changes(horizon);
    assert_eq!(told["activities"]["activity"][0]["subject"], "Call");
    assert_eq!(told["activities"]["activity"][0]["activityStatus"]["name"], "Deferred");
    assert_eq!(page.complaints(), [""; 0]);
}

#[test]
fn the_whole_result_is_changed_over_pages() {
    let subjects: Vec<String> = (0..60).map(|n| format!("Call {n}")).collect();
    let subjects: Vec<&str> = subjects.iter().map(String::as_str).collect();
    let (server, ada, _) = with(&subjects);
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open("/activities?q=call");
    page.sees("1–50 of 60 activities");
    page.click(css("input[data-all]"));
    page.sees("50 selected");
    page.click(css("form.bulk input[name=scope]"));
    page.fill(css("form.bulk select[name=user]"), "Unassigned");
    page.sees("60 selected");
    page.click("Assign");
    page.sees("Unassign 60 activities?");
    assert_eq!(page.axe(), [""; 0]);
    page.click("Change");
    page.sees("Finished unassigning 60 activities: 60 activities changed.");
    page.click("Undo");
    page.sees("Finished undoing “Unassigning 60 activities”: 60 activities changed.");
}

#[test]
fn status_and_priority_are_changed_in_the_list_by_choosing() {
    let (server, ada, api) = with(&["Call", "Meet"]);
    let page = Page::new(&server);
    page.sign_in(&ada);
    page.open("/activities?q=call");
    page.fill(css("select[aria-label='Status of Call']"), "Completed");
    page.wait_for("select[aria-label='Status of Call'] option[value='4'][selected]");
    page.fill(css("select[aria-label='Priority of Call']"), "high");
    page.wait_for("select[aria-label='Priority of Call'] option[value=high][selected]");
    assert!(page.address().starts_with("/activities?q=call"), "{}", page.address());
    let told = api.changes("2026-01-01T00:00:00Z");
    let told = &told["activities"]["activity"][0];
    assert_eq!(told["subject"], "Call");
    assert_eq!(told["activityStatus"]["name"], "Completed");
    assert_eq!(told["activityPriority"], "HIGH");
}

#[test]
fn what_takes_long_tells_how_far_it_is_and_what_came_of_it() {
    let (server, person) = Server::demo(1_500);
    let page = Page::new(&server);
    page.sign_in(&person);
    page.open("/activities?sort=start");
    page.click(css("input[data-all]"));
    page.click(css("form.bulk input[name=scope]"));
    page.click(css("form.bulk button.danger"));
    // The server asks: it knows which they are.
    page.sees("They go to the bin");
    let question = page.text("h1");
    let count = question.split(' ').nth(1).expect("a number").to_owned();
    page.click(css("main form button.danger"));
    // The page follows by itself until the work is finished.
    page.sees(&format!("Removing {count} activities"));
    page.sees(&format!("{count} activities changed."));
    assert!(page.address().starts_with("/work/"), "{}", page.address());
    assert_eq!(page.axe(), [""; 0]);
    page.click("Go back");
    page.sees("No activities left");
    assert_eq!(page.address(), "/activities?sort=start");
    assert_eq!(page.complaints(), [""; 0]);
}
