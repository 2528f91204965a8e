//! The keys of the organization: made, watched, revoked.

use domain::{KeyId, OrgId, Stamp};
use service::{LoginError, Order, SyncQuery};

use crate::harness::{EDITOR, Page, World};

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
    world.block_on(world.service.login(&org, key)).map(|(_, session)| session)
}

fn poll(world: &World, key: &str) {
    let session = log_in(world, key).unwrap();
    let caller = world.service.caller(&session).unwrap();
    let query = SyncQuery {
        ids: None,
        from: Some(Stamp::MIN),
        to: None,
        ignore_removed: false,
        order: Order::default(),
        page_size: 10,
        page_size_asked: 10,
        page: 1,
    };
    world.block_on(world.service.sync(&caller, &query)).unwrap();
}

#[test]
fn a_key_is_shown_once_and_opens_the_api() {
    let world = World::new();
    let mut admin = world.admin();
    admin.get("/integrations").ok().shows("No keys");
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
    assert_eq!(again.redirected(), "/integrations?created=1");
    let again = admin.get("/integrations?created=1").ok();
    again.shows("Key 1 was created when the form was first sent").hides(secret).hides("Key 2");
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
    page.shows_in_order(&[
        "up to date",
        "0 seconds ago",
        "to",
        "then",
        "1 record",
        "0 removed ids",
        "nothing",
    ]);
    world.advance(HOUR_MS);
    world.activity("Visit Ben");
    world.activity("Visit Cleo");
    let page = admin.get("/integrations").ok();
    page.shows_in_order(&[">behind<", "1 hour ago", "2 changes", "since", "2026-03-04 11:00"]);
    poll(&world, &key);
    admin.get("/integrations").ok().shows_in_order(&["up to date", "usually every 1 hour"]);
    world.advance(5 * HOUR_MS);
    admin.get("/integrations").ok().shows_in_order(&[">silent<", "5 hours ago"]);
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
    page.shows("Key 1 has been revoked").shows_in_order(&["No keys", "1 revoked key", "Mailer"]);
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
    stranger.get("/integrations").ok().shows("No keys").hides("Mailer");
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
    world.service.disable_user(&world.acme, EDITOR.0).unwrap();
    let mut admin = world.admin();
    let long = "x".repeat(10_000);
    let page = admin.post("/integrations", &[("label", &long), ("user", "3")]).refused(422);
    assert_eq!(page.value("label"), Some(&*long));
    page.shows("Label ");
    for nobody in ["2", "404", "", "one"] {
        let page = admin.post("/integrations", &[("label", "Mailer"), ("user", nobody)]);
        page.refused(422).shows("On behalf of is nobody who can have a key");
    }
    assert!(world.acme.directory().keys.is_empty());
}
