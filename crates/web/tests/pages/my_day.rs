//! The start page: what of mine is due.

use domain::{Account, ActivityId, ClientId, Name, Presence, StatusRef};

use crate::editing::record;
use crate::harness::{ADMIN, Browser, COMPLETED, NOT_STARTED, Page, VIEWER, World, moment};

/// Activities of the editor's, each called by when it begins.
fn with_activities_at(world: &World, times: &[&str]) {
    for time in times {
        world.activity_with(time, |draft| draft.start = moment(time));
    }
}

#[test]
fn activities_are_due_by_the_days_of_the_organizations_zone() {
    let world = World::new();
    with_activities_at(
        &world,
        &[
            "2026-03-03T23:59:59-06:00",
            "2025-01-01T00:00:00Z",
            // Midnight in Chicago, whatever the date where it was written.
            "2026-03-04T06:00:00Z",
            "2026-03-05T05:59:59Z",
            "2026-03-05T00:00:00-06:00",
            // Clocks there go forward on the 8th.
            "2026-03-11T23:59:59-05:00",
            "2026-03-12T00:00:00-05:00",
        ],
    );
    let page = world.editor().get("/").ok();
    page.shows("Wednesday, 2026-03-04</p>").shows_in_order(&[
        "id=\"today\"",
        "2026-03-04T06:00:00Z",
        "2026-03-05T05:59:59Z",
        "id=\"overdue\"",
        "2025-01-01T00:00:00Z",
        "2026-03-03T23:59:59-06:00",
        "id=\"ahead\"",
        "2026-03-05T00:00:00-06:00",
        "2026-03-11T23:59:59-05:00",
    ]);
    page.hides("2026-03-12T00:00:00-05:00");
    page.shows("<b>2</b><span>Due today").shows("<b>2</b><span>Next seven days");
}

#[test]
fn only_what_is_mine_and_not_done_is_due() {
    let world = World::new();
    world.activity("Mine");
    world.activity_with("Another's", |draft| draft.system_user = Presence::Set(ADMIN.0));
    world.activity_with("Done", |draft| draft.status = StatusRef::Id(COMPLETED));
    world.editor().get("/").ok().shows("Mine").hides("Another&#39;s").hides("Done<");
    world.stranger().get("/").ok().hides("Mine").shows("Nothing here yet");
}

#[test]
fn one_click_makes_an_activity_done() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    browser.get("/").ok().shows(&format!("action=\"/activities/{id}/quick\""));
    let page = browser.post(&format!("/activities/{id}/quick"), &[("done", "1"), ("back", "/")]);
    assert!(page.redirected().starts_with(&format!("/?done={id}&")));
    browser.get("/").ok().hides("Call Ada").shows("All clear");
    let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
    assert_eq!(version.unwrap().record().unwrap().status, COMPLETED);
}

/// Sends the form of the notice, as it stands in the page.
fn undo(browser: &mut Browser<'_>, page: &Page, id: ActivityId) -> Page {
    let field = |name| page.value(name).unwrap().to_owned();
    let fields = ["status", "seen", "back"].map(|name| (name, field(name)));
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser.post(&format!("/activities/{id}/quick"), &fields)
}

#[test]
fn what_was_done_by_mistake_is_undone_with_another_click() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    let page = browser.get("/").ok();
    let seen = page.value("seen").unwrap().to_owned();
    let fields = [("done", "1"), ("seen", seen.as_str()), ("back", "/")];
    let path = format!("/activities/{id}/quick");
    let told = browser.post(&path, &fields).redirected().to_owned();
    let page = browser.get(&told).ok();
    page.shows("is done.").shows("Undo");
    assert_eq!(undo(&mut browser, &page, id).redirected(), "/");
    browser.get("/").ok().shows("Call Ada");
    assert_eq!(record(&world, id).status, NOT_STARTED);

    // Not over what somebody else has saved since.
    browser.post(&path, &[("done", "1"), ("back", "/")]).redirected();
    let page = undo(&mut browser, &page, id);
    assert_eq!(page.redirected(), format!("/?outdated={id}"));
    browser.get(page.redirected()).ok().hides("Undo");
    world.viewer().get(&told).ok().shows("is done.").hides("Undo");

    // What was done already has nothing to be undone.
    let page = browser.post(&path, &[("done", "1"), ("back", "/?done=7&was=1&seen=1")]);
    assert_eq!(page.redirected(), format!("/?done={id}"));
    browser.get(page.redirected()).ok().shows("is done.").hides("Undo");
    browser.get("/?done=1&was=%22%3E%3Cb%3E&seen=x").ok().hides("\"><b>").hides("Undo");
}

#[test]
fn whoever_only_looks_gets_nothing_to_click() {
    let world = World::new();
    world.activity_with("Look", |draft| draft.system_user = Presence::Set(VIEWER.0));
    let page = world.viewer().get("/").ok();
    page.shows("Look").hides("/quick").hides("/activities/new");
}

#[test]
fn what_is_too_much_for_the_page_is_in_the_list() {
    let world = World::new();
    for n in 0..12 {
        let late = format!("2026-02-{:02}T09:00:00-06:00", n + 1);
        world.activity_with(&format!("Late {n}"), |draft| draft.start = moment(&late));
    }
    let mut browser = world.editor();
    let page = browser.get("/").ok();
    page.shows("Late 9").hides("Late 10").shows("All 12 in the list");
    let (before, _) = page.body.split_once("All 12 in the list").unwrap();
    let address = before.rsplit_once("href=\"").unwrap().1.split_once('"').unwrap().0;
    let address = address.replace("&amp;", "&");
    assert!(address.contains("start_to=2026-03-03") && !address.contains("start_from"));
    browser.get(&address).ok().shows("Late 0").shows("Late 11").shows("12 activities");
}

#[test]
fn accounts_have_names_where_they_are_known() {
    let world = World::new();
    let named = Account { id: ClientId(3_400), name: Name::parse("Ada & Sons").unwrap() };
    world.service.put_accounts(&world.acme, &[named], &mut |_| {}).unwrap();
    world.activity("Named");
    world.activity_with("Unnamed", |draft| draft.client = ClientId(9));
    world.editor().get("/").ok().shows("Ada &amp; Sons").shows("Account 9");
}

#[test]
fn a_subject_is_text_and_nothing_else() {
    let world = World::new();
    world.activity("<script>alert(1)</script>\" onclick=\"x");
    let page = world.editor().get("/").ok();
    page.hides("<script>alert").hides("\" onclick").shows("&lt;script&gt;alert(1)");
}

#[test]
fn where_no_status_means_to_do_nothing_is_due() {
    let world = World::new();
    world.activity("Call Ada");
    let statuses: Vec<_> = world.acme.directory().statuses.keys().copied().collect();
    let mut admin = world.admin();
    for id in statuses {
        admin.post(&format!("/settings/statuses/{id}/done"), &[("done", "1")]).redirected();
    }
    world.editor().get("/").ok().hides("Call Ada").shows("All clear");
}
