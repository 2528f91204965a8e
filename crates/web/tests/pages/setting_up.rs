//! Creating the first admin with the setup link.

use domain::Role;
use service::{Authority, UserChange, wait};

use crate::harness::{ADMIN, Browser, PASSWORD, Page, World};

/// What the form has in it when it is filled in well.
const FILLED: [(&str, &str); 5] = [
    ("org", "beta"),
    ("name", "Sam Eriksen"),
    ("login", "Sam"),
    ("password", PASSWORD),
    ("again", PASSWORD),
];

fn world() -> (World, String) {
    let world = World::without_people(web::Settings::default());
    let token = world.service.open_setup().unwrap().expect("nobody can sign in");
    (world, token)
}

/// Sends the form, with these fields in place of what else would be in it.
fn send(browser: &mut Browser<'_>, token: &str, others: &[(&str, &str)]) -> Page {
    let is_other = |name: &str| others.iter().any(|(other, _)| *other == name);
    let mut fields: Vec<_> =
        FILLED.into_iter().filter(|(name, _)| !is_other(name)).chain([("token", token)]).collect();
    fields.extend(others);
    browser.post_bare("/setup", &fields)
}

#[test]
fn whoever_has_the_link_becomes_the_first_admin_and_is_signed_in() {
    let (world, token) = world();
    let mut browser = world.browser();
    let page = browser.get(&format!("/setup?token={token}")).ok();
    page.shows("Acme Relief (acme)").shows("Beta House (beta)").hides("name=\"zone\"");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(send(&mut browser, &token, &[]).redirected(), "/");
    browser.get("/").ok().shows("Sam Eriksen").shows("Beta House").shows("Getting started");
    browser.get("/settings").ok();
    assert_eq!(world.signed_in("beta", "sam").get("/settings").status, 200);
}

#[test]
fn the_link_works_once() {
    let (world, token) = world();
    assert_eq!(send(&mut world.browser(), &token, &[]).redirected(), "/");
    let mut other = world.browser();
    other.get(&format!("/setup?token={token}")).refused(410).shows("href=\"/sign-in\"");
    let again = [("org", "acme"), ("login", "mallory")];
    send(&mut other, &token, &again).refused(410);
    assert!(world.acme.directory().users.is_empty());
    assert_eq!(world.beta.directory().users.len(), 1);
    assert_eq!(world.service.open_setup(), Ok(None), "there is no other");
}

#[test]
fn it_is_worth_nothing_once_somebody_can_sign_in_however_they_got_there() {
    let (world, token) = world();
    world.browser().get(&format!("/setup?token={token}")).ok();
    world.add_user(&world.acme, ADMIN, Role::Admin);
    world.browser().get(&format!("/setup?token={token}")).refused(410);
    send(&mut world.browser(), &token, &[]).refused(410);
    assert!(world.beta.directory().users.is_empty());
    // Nor does it come back with them.
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        ADMIN.0,
        UserChange::DISABLE,
    ))
    .unwrap();
    let token_then = world.service.open_setup().unwrap().expect("nobody can sign in any more");
    assert_ne!(token, token_then);
    world.browser().get(&format!("/setup?token={token}")).refused(403);
}

#[test]
fn each_start_has_a_link_of_its_own() {
    let (mut world, first) = world();
    world.restart();
    world.browser().get(&format!("/setup?token={first}")).refused(403);
    let second = world.service.open_setup().unwrap().unwrap();
    send(&mut world.browser(), &first, &[]).refused(403);
    assert_eq!(send(&mut world.browser(), &second, &[]).redirected(), "/");
}

#[test]
fn whoever_guesses_has_to_wait() {
    let (world, token) = world();
    let mut browser = world.browser();
    for n in 0..10 {
        let page = browser.get(&format!("/setup?token={n:032x}")).refused(403);
        page.shows("driftless user add ORG").hides(&token).hides("name=\"password\"");
    }
    let link = format!("/setup?token={token}");
    browser.get(&link).refused(429).shows("try again in 15 minutes");
    send(&mut browser, &token, &[]).refused(429);
    for _ in 0..20 {
        browser.get("/setup").refused(403).shows("Open the setup link");
    }
    world.advance(15 * 60_000);
    browser.get(&link).ok();
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_nothing_is_made() {
    let (world, token) = world();
    let mut browser = world.browser();
    let mut tried = |fields: &[(&str, &str)], problem: &str| {
        let page = send(&mut browser, &token, fields).refused(422);
        page.shows(problem).hides("secret words");
    };
    tried(&[("name", " ")], "Your name must not be empty.");
    tried(&[("login", "sam eriksen")], "Login name must have 1 to 100 characters");
    tried(&[("password", "secret"), ("again", "secret")], "Password must have at least 10");
    tried(&[("again", "secret words")], "The passwords do not match.");
    tried(&[("org", "nowhere")], "here is no organization nowhere");
    assert!(!world.service.can_anybody_sign_in());
    assert_eq!(send(&mut browser, &token, &[]).redirected(), "/");
}

#[test]
fn the_sign_in_page_says_what_to_do_as_long_as_nobody_can_sign_in() {
    let (world, token) = world();
    let mut browser = world.browser();
    assert_eq!(browser.get("/").redirected(), "/sign-in?back=%2F");
    let page = browser.get("/sign-in").ok();
    page.shows("No one can sign in yet").shows("setup link").hides(&token);
    page.shows("driftless user add ORG &quot;Your Name&quot; --role admin --login");
    world.add_user(&world.acme, ADMIN, Role::Admin);
    browser.get("/sign-in").ok().shows("name=\"password\"").hides("driftless user add");
}
