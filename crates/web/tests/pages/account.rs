//! The page of one account.

use domain::{Account, ClientId, Name, Note, StatusRef};

use crate::harness::{COMPLETED, World, moment};

/// The world with Harbor Bakery, number 3400, which activities are about.
fn world() -> World {
    let world = World::new();
    let account = Account { id: ClientId(3_400), name: Name::parse("Harbor <Bakery>").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    world
}

#[test]
fn an_account_shows_what_is_to_come_and_what_there_was() {
    let world = world();
    let at = |subject: &str, start: &str| {
        world.activity_with(subject, |draft| {
            draft.start = moment(start);
            draft.note = Note::parse(&format!("About {subject}:\n  as it was")).unwrap();
        })
    };
    at("Long ago", "2025-01-05T09:00:00-06:00");
    at("Tomorrow", "2026-03-05T09:00:00-06:00");
    at("Yesterday", "2026-03-03T09:00:00-06:00");
    at("Next year", "2027-01-05T09:00:00-06:00");
    world.activity_with("Another’s", |draft| draft.client = ClientId(7));
    world.activity_with("Done", |draft| draft.status = StatusRef::Id(COMPLETED));
    let mut browser = world.editor();
    let page = browser.get("/accounts/3400").ok();
    page.shows_in_order(&[
        "<h1>Harbor &lt;Bakery&gt;</h1>",
        "Account 3400, 5 activities",
        "Upcoming",
        "Tomorrow</a>",
        "Next year</a>",
        "Past",
        "Done</a>",
        "Yesterday</a>",
        "About Yesterday:\n  as it was",
        "Long ago</a>",
    ]);
    page.hides("Another’s").shows("href=\"/activities/new?client=3400\"");
    let new = browser.get("/activities/new?client=3400").ok();
    new.shows("value=\"Harbor &lt;Bakery&gt; (3400)\"");
    for path in ["/", "/activities", "/activities?q=yesterday"] {
        browser.get(path).ok().shows("href=\"/accounts/3400\"");
    }
    world.viewer().get("/accounts/3400").ok().hides("New activity").hides("Rename");
}

#[test]
fn an_account_without_a_name_has_a_page_as_soon_as_something_is_about_it() {
    let world = World::new();
    world.editor().get("/accounts/3400").refused(404);
    world.activity("Call");
    let mut browser = world.editor();
    let page = browser.get("/accounts/3400").ok();
    page.shows("<h1>Account 3400</h1>").shows("href=\"/accounts?number=3400\"");
    let form = browser.get("/accounts?number=3400").ok();
    form.shows("name=\"number\" type=\"text\" value=\"3400\"");
    world.stranger().get("/accounts/3400").refused(404);
    for nothing in ["x", "0", "-1", "99999999999999999999"] {
        browser.get(&format!("/accounts/{nothing}")).refused(404);
    }
}

#[test]
fn a_long_past_has_pages() {
    let world = world();
    for n in 0..25 {
        world.activity_with(&format!("Call {n:02}."), |draft| {
            draft.start = moment(&format!("2025-05-{:02}T09:00:00Z", n + 1));
        });
    }
    let mut browser = world.viewer();
    let page = browser.get("/accounts/3400").ok();
    page.shows("Call 24.").hides("Call 04.").shows("/accounts/3400?page=2");
    browser.get("/accounts/3400?page=2").ok().shows("Call 04.").shows("Call 00.").hides("Call 05.");
}
