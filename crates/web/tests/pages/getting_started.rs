//! The checklist of the first days, and the examples.

use domain::{Account, ActivityId, ClientId, Name};

use crate::harness::{ADMIN, Browser, PASSWORD, Page, World};

/// How many steps of the checklist are done, and of how many.
fn done(page: &Page) -> Option<(usize, usize)> {
    let (before, _) = page.body.split_once(" done</span>")?;
    let (_, counted) = before.rsplit_once("<span class=\"muted\">")?;
    let (done, all) = counted.split_once(" of ")?;
    Some((done.parse().unwrap(), all.parse().unwrap()))
}

/// Sends a form without fields.
fn press(browser: &mut Browser<'_>, path: &str) -> Page {
    browser.get("/").ok();
    browser.post(path, &[("confirmed", "1")])
}

const FILL: &str = "/getting-started/examples";
const REMOVE: &str = "/getting-started/examples/remove";

#[test]
fn steps_are_ticked_by_what_is_there_and_the_checklist_goes_with_the_last() {
    let world = World::new();
    let alone = world.stranger().get("/").ok();
    assert_eq!(done(&alone), Some((0, 6)));
    for link in ["/settings#users", "/settings#statuses", "/accounts", "/import", "/integrations"] {
        alone.shows(&format!("<a href=\"{link}\">"));
    }
    alone.shows("driftless import beta FILE --dry-run");

    let mut admin = world.admin();
    assert_eq!(done(&admin.get("/").ok()), Some((1, 6)), "there are people");
    admin.post("/settings/statuses", &[("status_name", "On hold"), ("form", "1")]).redirected();
    assert_eq!(done(&admin.get("/").ok()), Some((2, 6)), "statuses");
    admin.post("/accounts", &[("name", "Harbor Bakery"), ("form", "2")]).redirected();
    assert_eq!(done(&admin.get("/").ok()), Some((3, 6)), "accounts");
    world.activity("Call Ada");
    assert_eq!(done(&admin.get("/").ok()), Some((4, 6)), "activities");
    let key = admin.post("/integrations", &[("user", "1"), ("form", "3")]).ok();
    let (_, rest) = key.body.split_once("id=\"new-key\">").unwrap();
    let key = rest.split('<').next().unwrap().to_owned();
    assert_eq!(done(&admin.get("/").ok()), Some((5, 6)), "a key");
    world.block_on(world.service.login(&world.acme.id, &key, None)).unwrap();
    admin.get("/").ok().hides("Getting started");
    admin.get("/settings").ok().shows("Everything on the checklist is done.");
}

#[test]
fn the_request_to_try_names_the_server_as_it_is_reached() {
    let settings = web::Settings {
        base_path: "/crm".parse().unwrap(),
        secure: true,
        ..web::Settings::default()
    };
    let world = World::with(settings);
    let mut browser = world.browser();
    browser.sign_in("acme", ADMIN.1, PASSWORD);
    let page = browser.get("/").ok();
    page.shows("https://your-server/crm/neonws/services/api</code>");
    page.shows("curl -s 'https://your-server/crm/neonws/services/api/common/login?login.apiKey=YOUR_KEY&amp;login.orgid=acme'");
}

#[test]
fn it_is_for_admins_and_can_be_hidden_and_shown_again() {
    let world = World::new();
    for mut other in [world.editor(), world.viewer()] {
        other.get("/").ok().hides("Getting started").hides("Fill with examples");
        for path in ["/getting-started", FILL, REMOVE] {
            other.post(path, &[("hidden", "1")]).refused(403);
        }
    }
    let mut admin = world.admin();
    admin.get("/").ok().shows("Getting started");
    admin.post("/getting-started", &[("hidden", "1")]).redirected();
    admin.get("/").ok().hides("Getting started");
    let settings = admin.get("/settings").ok();
    settings.shows("Show the checklist").shows("Fill with examples");
    assert_eq!(admin.post("/getting-started", &[("hidden", "")]).redirected(), "/");
    admin.get("/").ok().shows("Getting started");
    assert!(done(&world.stranger().get("/").ok()).is_some(), "beta has its own");
}

#[test]
fn examples_are_made_once_and_exactly_they_are_removed() {
    let mut world = World::new();
    {
        let mut admin = world.admin();
        let before = done(&admin.get("/").ok());
        assert_eq!(press(&mut admin, FILL).redirected(), "/?examples=filled");
        assert_eq!(press(&mut admin, FILL).redirected(), "/?examples=filled", "sent twice");
        let page = admin.get("/?examples=filled").ok();
        page.shows("<b>3</b><span>Due today</span>")
            .shows("Overdue")
            .shows("36 example activities");
        assert_eq!(done(&page), before, "examples tick nothing");
        admin.get("/activities").ok().shows("36 activities");
        assert_eq!(world.acme.accounts().len(), 12);
        admin.get("/activities/1/history").ok().shows("examples");
        world.stranger().get("/activities").ok().hides("36 activities");
    }
    // Another process knows them too.
    world.restart();
    let mut admin = world.admin();
    let own = world.activity("Call Ada");
    let page = press(&mut admin, REMOVE);
    assert_eq!(page.redirected(), "/?examples=removed&removed=36&kept=0&accounts=0");
    let page = admin.get("/?examples=removed&removed=36&kept=0&accounts=0").ok();
    page.shows("36 example activities were moved to the bin.").hides("Remove the examples");
    assert!(world.acme.accounts().is_empty());
    let list = admin.get("/activities").ok();
    list.shows("Call Ada").shows(&format!("/activities/{own}\"")).shows("1 activity");
    admin.get("/bin").ok().shows("36");
    assert_eq!(
        press(&mut admin, REMOVE).redirected(),
        "/?examples=removed&removed=0&kept=0&accounts=0"
    );
    press(&mut admin, FILL).refused(400).shows("can only be added while there are no activities");
}

#[test]
fn what_somebody_has_made_theirs_stays() {
    let world = World::new();
    let mut admin = world.admin();
    press(&mut admin, FILL).redirected();
    let about = |id: i64| {
        let (_, version) =
            world.block_on(world.service.retrieve(&world.acme, ActivityId(id))).unwrap();
        version.unwrap().record().unwrap().client.unwrap()
    };
    // One is edited, one removed by hand, an account renamed.
    let kept_account = about(3);
    admin.get("/activities").ok();
    admin.post("/activities/3/quick", &[("day", "2026-04-20"), ("back", "/activities")]);
    let now = world.block_on(world.service.retrieve(&world.acme, ActivityId(3))).unwrap().1;
    assert!(now.unwrap().previous.is_some(), "it has been edited");
    admin.post("/activities/4/remove", &[("confirmed", "1")]).redirected();
    let renamed = (1..=12).map(ClientId).find(|id| *id != kept_account).unwrap();
    let account = Account { id: renamed, name: Name::parse("Harbor Bakery").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();

    let page = press(&mut admin, REMOVE);
    assert_eq!(page.redirected(), "/?examples=removed&removed=34&kept=1&accounts=2");
    let page = admin.get("/?examples=removed&removed=34&kept=1&accounts=2").ok();
    page.shows("1 activity and 2 accounts were kept");
    admin.get("/activities/3").ok();
    assert_eq!(world.acme.accounts().len(), 2);
    assert!(world.acme.accounts().name(kept_account).is_some());
}

#[test]
fn accounts_that_are_there_are_used_and_stay() {
    let world = World::new();
    let mut admin = world.signed_in("acme", ADMIN.1);
    let account = Account { id: ClientId(77), name: Name::parse("Harbor Bakery").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    press(&mut admin, FILL).redirected();
    admin.get("/activities/1").ok().shows("Harbor Bakery");
    assert_eq!(world.acme.accounts().len(), 1);
    let page = press(&mut admin, REMOVE);
    assert_eq!(page.redirected(), "/?examples=removed&removed=36&kept=0&accounts=0");
    assert_eq!(world.acme.accounts().len(), 1);
}

#[test]
fn the_examples_go_only_after_a_question() {
    let world = World::new();
    let mut admin = world.admin();
    press(&mut admin, FILL).redirected();
    admin.get("/").ok().shows("data-confirm=\"Remove all examples");
    admin.post(REMOVE, &[]).ok().shows("Remove the examples?").shows("name=\"confirmed\"");
    admin.get("/activities").ok().shows("36 activities");
    press(&mut admin, REMOVE).redirected();
    admin.get("/activities").ok().hides("36 activities");
}
