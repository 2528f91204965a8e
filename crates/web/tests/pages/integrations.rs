//! The keys of the organization: made, watched, revoked.

use domain::{ActivityId, KeyId, OrgId, Stamp};
use service::{Authority, LoginError, Order, SyncQuery, UserChange, wait};

use crate::harness::{EDITOR, Page, World, moment};

const HOUR_MS: i64 = 3_600_000;

/// The text of the element with that id.
#[track_caller]
fn text_of<'p>(page: &'p Page, id: &str) -> &'p str {
    let (_, after) = page.body.split_once(&format!("id=\"{id}\">")).expect("the element");
    after.split_once('<').unwrap().0
}

/// Makes a key in the page; returns its secret.
fn create(world: &World) -> String {
    let fields = [("label", "Mailer <sync>"), ("user", "2")];
    let page = world.admin().post("/integrations", &fields).ok();
    text_of(&page, "new-key").to_owned()
}

fn log_in(world: &World, key: &str) -> Result<String, LoginError> {
    let org = OrgId::parse("acme").unwrap();
    world.block_on(world.service.login(&org, key, None)).map(|(_, session)| session)
}

fn everything() -> SyncQuery {
    SyncQuery {
        ids: None,
        from: Some(Stamp::MIN),
        to: None,
        ignore_removed: false,
        order: Order::default(),
        page_size: 10,
        page: 1,
    }
}

fn ask(world: &World, key: &str, query: &SyncQuery) -> Stamp {
    let session = log_in(world, key).unwrap();
    let caller = world.service.caller(&session).unwrap();
    let mut page = world.block_on(world.service.sync_page(&caller, query, 200)).unwrap();
    page.served.take().unwrap().is_sent();
    page.horizon
}

fn poll(world: &World, key: &str) -> Stamp {
    ask(world, key, &everything())
}

/// The rows of the first table, without tags.
fn rows(page: &Page) -> String {
    let (_, rows) = page.body.split_once("<tbody>").expect("a table");
    let mut text = String::new();
    for part in rows.split("</tbody>").next().unwrap().split('<') {
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_key_is_shown_once_and_opens_the_api() {
    let world = World::new();
    let mut admin = world.admin();
    admin.get("/integrations").ok().shows("No API keys yet");
    let page = admin.post("/integrations", &[("label", "Mailer <sync>"), ("user", "2")]).ok();
    assert_eq!(page.header("cache-control"), "no-store");
    let secret = text_of(&page, "new-key").to_owned();
    page.shows(&format!("common/login?login.apiKey={secret}&amp;login.orgid=acme"));
    assert!(log_in(&world, &secret).is_ok());
    let page = admin.get("/integrations").ok();
    page.shows_in_order(&["Mailer &lt;sync&gt;", "Key 1, Ed Cohen", "not used yet", "never"]);
    page.hides(&secret).hides("<sync>");
}

#[test]
fn a_form_that_is_sent_twice_makes_one_key() {
    let world = World::new();
    let mut admin = world.admin();
    let form = admin.get("/integrations").ok().value("form").unwrap().to_owned();
    let fields = [("label", "Mailer"), ("user", "2"), ("form", &form)];
    let page = admin.post("/integrations", &fields).ok();
    let secret = text_of(&page, "new-key");
    let again = admin.post("/integrations", &fields);
    assert_eq!(again.redirected(), "/integrations?added=1");
    let again = admin.get("/integrations?added=1").ok();
    again
        .shows("Key 1 was already added and shown when the form was first sent")
        .hides(secret)
        .hides("Key 2");
    // The page that is shown now has another form, which makes another key.
    let form = again.value("form").unwrap().to_owned();
    let fields = [("label", "Mailer"), ("user", "2"), ("form", &form)];
    admin.post("/integrations", &fields).ok().shows("Key 2");
}

#[test]
fn a_glance_tells_how_an_integration_is_doing() {
    let world = World::new();
    let key = create(&world);
    world.activity("Call Ada");
    world.advance(1_000);
    poll(&world, &key);
    let mut admin = world.admin();
    let page = admin.get("/integrations").ok();
    page.shows_in_order(&["up to date", "has been delivered", "10:00:01.", "none", "nothing"]);
    page.shows("just now");
    world.advance(HOUR_MS);
    world.activity("Visit Ben");
    world.activity("Visit Cleo");
    let page = admin.get("/integrations").ok();
    page.shows_in_order(&[
        ">behind<",
        "2 changes are waiting",
        "2 changes",
        "since",
        "2026-03-04 11:00",
    ]);
    page.shows("1 hour ago");
    poll(&world, &key);
    admin.get("/integrations").ok().shows_in_order(&["up to date", "usually every hour"]);
    world.advance(5 * HOUR_MS);
    admin.get("/integrations").ok().shows_in_order(&[">silent<", "not polled for 5 hours"]);
}

#[test]
fn one_page_of_three_is_neither_everything_nor_thirty_records() {
    let world = World::new();
    let key = create(&world);
    for n in 0..30 {
        world.activity(&format!("s{n}"));
    }
    world.advance(1_000);
    poll(&world, &key);
    let mut admin = world.admin();
    let page = admin.get("/integrations").ok();
    let text = rows(&page);
    for shown in ["incomplete", "page 1 of 3", "20 changes were never delivered", "20 changes"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(!text.contains("up to date") && !text.contains("30 records"), "{text}");
    page.shows("href=\"/integrations/1#undelivered\"");
    let page = admin.get("/integrations/1").ok();
    page.shows_in_order(&["incomplete", "page 1 of 3", "20 changes", "on pages it did not read"]);
    page.shows_in_order(&[
        "id=\"undelivered\"",
        "/activities/1\"",
        "/activities/20\"",
        "Recent polls",
    ]);
    page.shows_in_order(&["Recent polls", "page 1 of 3", "10 of 30"]).hides("/activities/21\"");
    // The second page: it is reading, and still not done.
    ask(&world, &key, &SyncQuery { page: 2, ..everything() });
    let text = rows(&admin.get("/integrations").ok());
    assert!(text.contains("reading") && text.contains("page 2 of 3"), "{text}");
    assert!(text.contains("10 changes are still to come"), "{text}");
    ask(&world, &key, &SyncQuery { page: 3, ..everything() });
    admin.get("/integrations").ok().shows(">up to date<").hides("#undelivered");
    admin.get("/integrations/1").ok().shows_in_order(&["Recent polls", "all 3", ">30<"]);
}

#[test]
fn a_skipped_stretch_is_shown_to_the_millisecond_and_opens_in_changes() {
    let world = World::new();
    let key = create(&world);
    world.activity("Call Ada");
    world.advance(1_000);
    let told = poll(&world, &key);
    world.advance(500);
    let lost = world.activity("Visit Ben");
    world.advance(5_000);
    let from = told.plus_millis(999);
    ask(&world, &key, &SyncQuery { from: Some(from), ..everything() });
    let zone = world.acme.directory().organization.zone.clone();
    let shown = |at: Stamp| zone.at(at).to_string()[..23].replace('T', " ");
    let (first, last) = (told.plus_millis(1), from.plus_millis(-1));
    let mut admin = world.admin();
    let page = admin.get("/integrations").ok();
    page.shows_in_order(&["skipped", &shown(first), &shown(last), "1 change was never delivered"]);
    let page = admin.get("/integrations/1").ok();
    page.shows_in_order(&[
        &format!("/activities/{lost}\""),
        "skipped",
        &shown(first),
        &shown(last),
    ]);
    let fields = [("from", first), ("to", last)];
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.map(|(name, at)| (name, at.at_offset(0).to_string())));
    let address = format!("/changes?{}", query.finish());
    page.shows(&address.replace('&', "&amp;"));
    let changes = admin.get(&address).ok();
    changes.shows("Visit Ben").hides("Call Ada");
    let control = |at: Stamp| zone.at(at).to_string()[..23].to_owned();
    assert_eq!(changes.value("from"), Some(&*control(first)));
    assert_eq!(changes.value("to"), Some(&*control(last)));
}

#[test]
fn whoever_asks_from_the_future_is_told_where_to_go_back_to() {
    let world = World::new();
    let key = create(&world);
    world.activity("Call Ada");
    world.advance(1_000);
    poll(&world, &key);
    let future = Some(moment("2030-01-01T00:00:00-06:00").stamp);
    ask(&world, &key, &SyncQuery { from: future, ..everything() });
    let mut admin = world.admin();
    let page = admin.get("/integrations").ok();
    page.shows_in_order(&["asks from the future", "2030-01-01 00:00:00.000", "back to", "2026-"]);
    assert!(!rows(&page).contains("up to date"));
    admin.get("/integrations/1").ok().shows_in_order(&["Recent polls", "2030-01-01", "onward"]);
}

#[test]
fn whether_a_key_got_an_activity_is_answered_with_the_answer_that_had_it() {
    let world = World::new();
    let key = create(&world);
    for n in 0..12 {
        world.activity(&format!("s{n}"));
    }
    world.advance(1_000);
    let mut admin = world.admin();
    let mut look = |activity: &str| admin.get(&format!("/integrations/1?activity={activity}")).ok();
    look("1").shows_in_order(&["No: ", "this key has never polled"]);
    let horizon = poll(&world, &key);
    look("12").shows_in_order(&["Yes: ", ">12<", "was in the answer at", ", on page 1."]);
    look("1").shows_in_order(&[
        "No: ",
        "was in the answer at",
        "on page 2",
        "only page 1 of 2 was read",
    ]);
    look("404").shows("activity 404 has never existed");
    look("one").shows("Enter the ID of an activity");
    look("%3Ci%3E").hides("<i>");
    world.write(service::Write::Remove(ActivityId(12)));
    world.advance(1_000);
    look("12").shows_in_order(&["No: ", "removed", "is newer than everything"]);
    ask(&world, &key, &SyncQuery { from: Some(horizon), ..everything() });
    look("12").shows_in_order(&["Yes: ", "was among the removed IDs in the answer at"]);
}

#[test]
fn an_admin_says_how_often_a_key_should_ask() {
    let world = World::new();
    let key = create(&world);
    let mut admin = world.admin();
    let expect = [("every", "7"), ("unit", "days")];
    let saved = admin.post("/integrations/1/expected", &expect);
    assert_eq!(saved.redirected(), "/integrations/1?saved=1");
    let page = admin.get("/integrations/1?saved=1").ok();
    page.shows_in_order(&["Saved.", "expected every 7 days"]);
    assert_eq!(page.value("every"), Some("7"));
    for _ in 0..2 {
        world.advance(60_000);
        poll(&world, &key);
    }
    world.advance(7 * 24 * HOUR_MS);
    let page = world.admin().get("/integrations").ok();
    page.shows(">up to date<").shows("expected every 7 days");
    world.advance(24 * HOUR_MS);
    let mut admin = world.admin();
    admin.get("/integrations").ok().shows_in_order(&[">silent<", "should poll every 7 days"]);
    for (every, unit, problem) in [
        ("soon", "days", "Enter a whole number like 7"),
        ("0", "minutes", "Expected every must be at least one minute"),
        ("99999999999999999", "days", "Expected every must be"),
    ] {
        let page = admin.post("/integrations/1/expected", &[("every", every), ("unit", unit)]);
        assert_eq!(page.refused(422).shows(problem).value("every"), Some(every));
    }
    admin.post("/integrations/1/expected", &[("every", " "), ("unit", "days")]).redirected();
    assert_eq!(world.acme.directory().keys[&KeyId(1)].expected, None);
    admin.get("/integrations/1").ok().hides("expected every");
}

#[test]
fn the_page_of_a_key_is_for_admins_of_its_organization() {
    let world = World::new();
    create(&world);
    let expect = [("every", "7"), ("unit", "days")];
    for mut browser in [world.editor(), world.viewer()] {
        browser.get("/integrations/1").refused(403).hides("Mailer");
        browser.post("/integrations/1/expected", &expect).refused(403);
    }
    let mut stranger = world.stranger();
    stranger.get("/integrations/1").refused(404).hides("Mailer");
    stranger.post("/integrations/1/expected", &expect).refused(404);
    let mut admin = world.admin();
    admin.post_bare("/integrations/1/expected", &expect).refused(403);
    admin.get("/integrations/404").refused(404);
    admin.get("/integrations/one").refused(404);
    admin.get("/integrations/1").ok().shows("No polls").shows("Mailer &lt;sync&gt;");
    assert_eq!(world.acme.directory().keys[&KeyId(1)].expected, None);
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let world = World::new();
    let key = create(&world);
    let session = log_in(&world, &key).unwrap();
    let mut admin = world.admin();
    let page = admin.post("/integrations/1/revoke", &[]);
    assert_eq!(page.redirected(), "/integrations?revoked=1");
    assert!(matches!(log_in(&world, &key), Err(LoginError::RevokedKey)));
    assert!(world.service.caller(&session).is_none(), "its sessions are worth nothing");
    let page = admin.get("/integrations?revoked=1").ok();
    page.shows("Key 1 was revoked").shows_in_order(&["No API keys yet", "1 revoked key", "Mailer"]);
    admin.post("/integrations/404/revoke", &[]).refused(404);
    admin.post("/integrations/one/revoke", &[]).refused(404);
}

#[test]
fn only_an_admin_of_the_organization_has_to_do_with_keys() {
    let world = World::new();
    create(&world);
    for mut browser in [world.editor(), world.viewer()] {
        browser.get("/integrations").refused(403).hides("Mailer");
        browser.post("/integrations", &[("user", "2")]).refused(403);
        browser.post("/integrations/1/revoke", &[]).refused(403);
    }
    let mut stranger = world.stranger();
    stranger.get("/integrations").ok().shows("No API keys yet").hides("Mailer");
    stranger.post("/integrations/1/revoke", &[]).refused(404);
    let mut admin = world.admin();
    admin.post_bare("/integrations", &[("user", "2")]).refused(403);
    admin.post_bare("/integrations/1/revoke", &[]).refused(403);
    let directory = world.acme.directory();
    assert_eq!(directory.keys.len(), 1);
    assert!(!directory.keys[&KeyId(1)].revoked);
}

#[test]
fn wrong_input_comes_back_as_it_was_typed() {
    let world = World::new();
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        EDITOR.0,
        UserChange::DISABLE,
    ))
    .unwrap();
    let mut admin = world.admin();
    let long = "x".repeat(10_000);
    let page = admin.post("/integrations", &[("label", &long), ("user", "3")]).refused(422);
    assert_eq!(page.value("label"), Some(&*long));
    page.shows("Label ");
    for nobody in ["2", "404", "", "one"] {
        let page = admin.post("/integrations", &[("label", "Mailer"), ("user", nobody)]);
        page.refused(422).shows("Choose an active user");
    }
    assert!(world.acme.directory().keys.is_empty());
}
