//! The story of one activity.

use domain::{
    Account, ClientId, Name, Note, Patch, Presence, Priority, StatusName, StatusRef, Subject,
};
use service::{Authority, Write, wait};

use crate::harness::{ADMIN, COMPLETED, NOT_STARTED, World, moment};

#[test]
fn it_tells_who_changed_what_from_where_the_latest_first() {
    let world = World::new();
    let name = Name::parse("Harbor <Café>").unwrap();
    let account = Account { id: ClientId(7), name };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    let id = world.activity("Call <Ada>");
    let patch = Patch {
        client: Some(ClientId(7)),
        system_user: Presence::Set(ADMIN.0),
        status: Some(StatusRef::Id(COMPLETED)),
        priority: Some(Priority::High),
        start: Some(moment("2026-03-05T09:00:00+01:00")),
        note: Some(Note::parse("rang\ntwice").unwrap()),
        ..Patch::default()
    };
    world.write(Write::Update(id, Box::new(patch)));
    let mut browser = world.admin();
    browser.post("/activities/1/remove", &[("confirmed", "1")]);
    browser.post("/activities/1/restore", &[]);

    let page = browser.get("/activities/1/history").ok();
    page.shows_in_order(&[
        "Restored",
        "Ada Byron · web pages",
        "Removed",
        "Changed",
        "Ed Cohen · API",
        "Created",
    ]);
    page.shows_in_order(&["Changed", "<del>3400</del> → <ins>Harbor &lt;Café&gt; (7)</ins>"]);
    page.shows("<del>Ed Cohen</del> → <ins>Ada Byron</ins>");
    page.shows("<del>Not Started</del> → <ins>Completed</ins>");
    page.shows("<del>Normal</del> → <ins>High</ins>").shows("<ins>rang\ntwice</ins>");
    page.shows("2026-03-05T09:00:00.000+01:00").hides("Status ID");
    page.shows("<ins>Call &lt;Ada&gt;</ins>").hides("<Ada>");
    page.shows("name=\"seq\" value=\"1\"").shows("name=\"seq\" value=\"2\"");
    page.hides("name=\"seq\" value=\"3\"").hides("name=\"seq\" value=\"4\"");
}

#[test]
fn a_status_that_was_renamed_is_nobodys_change() {
    let world = World::new();
    world.activity("Call");
    let name = StatusName::parse("Untouched").unwrap();
    wait(world.service.rename_status(
        Authority::command_line(&world.acme),
        NOT_STARTED,
        name,
        &mut |_| {},
    ))
    .unwrap();
    let page = world.viewer().get("/activities/1/history").ok();
    page.shows_in_order(&["Status renamed", "<ins>Untouched</ins>", "Created"]);
}

#[test]
fn a_long_story_has_pages() {
    let world = World::new();
    let id = world.activity("0");
    for n in 1..=100 {
        let subject = Some(Subject::parse(&format!("change {n}")).unwrap());
        world.write(Write::Update(id, Box::new(Patch { subject, ..Patch::default() })));
    }
    let mut browser = world.viewer();
    let page = browser.get("/activities/1/history").ok();
    page.shows("<ins>100</ins>").hides("Created").shows("/activities/1/history?from=1\"");
    browser.get("/activities/1/history?from=1").ok().shows("Created").hides("Older changes");
    browser.get("/activities/1/history?from=999").refused(404);
    browser.get("/activities/1/history?from=x").refused(404);
}
