//! A form that is sent after its session has ended: one signs in on that very page, and it goes on.

use crate::harness::{ADMIN, Browser, EDITOR, PASSWORD, Page, VIEWER, World};

const SESSION: &str = "driftless_session";

/// The fields of the sign-in form that a page shows, as a browser sends them back with a password typed.
fn filled(page: &Page, login: &str, password: &str) -> Vec<(String, String)> {
    let (_, form) = page.body.split_once("action=\"/sign-in\"").expect("a sign-in form");
    let (form, _) = form.split_once("</form>").unwrap();
    let inputs = form.split("<input").skip(1);
    let of = |input: &str, name: &str| {
        let (_, rest) = input.split('>').next()?.split_once(&format!(" {name}=\""))?;
        let value = rest.split('"').next()?.replace("&lt;", "<").replace("&gt;", ">");
        Some(value.replace("&quot;", "\"").replace("&amp;", "&"))
    };
    let fields = inputs
        .filter_map(|input| Some((of(input, "name")?, of(input, "value").unwrap_or_default())));
    let mut fields: Vec<_> = fields.collect();
    for (name, typed) in [("org", "acme"), ("login", login), ("password", password)] {
        let field = fields.iter_mut().find(|(given, _)| given == name).unwrap();
        field.1 = typed.to_owned();
    }
    fields
}

fn sign_in_on(browser: &mut Browser<'_>, page: &Page, login: &str, password: &str) -> Page {
    let fields = filled(page, login, password);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    browser.post_bare("/sign-in", &fields)
}

/// Ends the browser's session as a stop of twelve hours does: the browser does not know.
fn end_session(world: &World, browser: &Browser<'_>) {
    let person = world.service.person(browser.cookie(SESSION).unwrap()).unwrap();
    world.block_on(world.service.sign_out(&person)).unwrap();
}

fn has_account(world: &World, name: &str) -> bool {
    world.editor().get("/accounts").ok().body.contains(name)
}

const NAME: &str = "Harbor \"<Bakery>\" & co";
const SHOWN: &str = "Harbor &quot;&lt;Bakery&gt;&quot; &amp; co";

#[test]
fn it_goes_on_with_all_that_was_typed() {
    let world = World::new();
    let mut browser = world.editor();
    browser.get("/accounts").ok();
    end_session(&world, &browser);
    let page = browser.post("/accounts", &[("name", NAME), ("number", "77")]).refused(401);
    page.shows("You are signed out").shows("nothing you typed is lost").shows(SHOWN);
    assert_eq!((page.value("org"), page.value("login")), (Some("acme"), Some(EDITOR.1)));
    assert!(!has_account(&world, SHOWN));

    let page = sign_in_on(&mut browser, &page, EDITOR.1, "a wrong password").refused(422);
    page.shows("login name or password is wrong").shows(SHOWN);
    let page = sign_in_on(&mut browser, &page, EDITOR.1, PASSWORD);
    assert!(page.redirected().starts_with("/accounts"), "{page:?}");
    assert!(has_account(&world, SHOWN));
    browser.get("/").ok().shows(EDITOR.2);
}

#[test]
fn somebody_else_who_signs_in_there_is_asked_first() {
    let world = World::new();
    let mut browser = world.editor();
    browser.get("/accounts").ok();
    end_session(&world, &browser);
    let page = browser.post("/accounts", &[("name", NAME)]).refused(401);
    let page = sign_in_on(&mut browser, &page, ADMIN.1, PASSWORD).refused(409);
    page.shows("Send the form again?").shows(SHOWN).shows(ADMIN.2);
    assert!(!has_account(&world, SHOWN));
    let csrf = page.value("csrf").unwrap().to_owned();
    browser.post_bare("/accounts", &[("csrf", &csrf), ("name", NAME)]).redirected();
    assert!(has_account(&world, SHOWN));
}

#[test]
fn what_may_have_stood_elsewhere_is_asked_about_and_what_did_is_not_kept() {
    let world = World::new();
    let fields =
        [("csrf", "0123456789abcdef"), ("name", NAME), ("kept-ours", "1"), ("kept", "/bin")];
    let mut browser = world.editor();
    end_session(&world, &browser);
    for origin in ["http://elsewhere.example", "null"] {
        let page = browser.post_from("/accounts", &fields, origin).refused(401);
        page.hides("Bakery").hides("action=\"/sign-in\"");
    }
    browser.post_bare("/accounts", &fields[1..]).refused(401).hides("Bakery");
    // A browser that does not say: not without a click.
    let page = browser.post_bare("/accounts", &fields).refused(401);
    let page = sign_in_on(&mut browser, &page, EDITOR.1, PASSWORD).refused(409);
    page.shows("Send the form again?").shows(SHOWN).shows("action=\"/accounts\"");
    assert!(!has_account(&world, SHOWN));
    // From our pages, but of another session: it may be another person's.
    end_session(&world, &browser);
    browser.reopen(&["driftless_form", "driftless_login"]);
    let fields = [("csrf", "0123456789abcdef"), ("name", "Mill Street")];
    let page = browser.post_from("/accounts", &fields, "http://LOCALHOST:80").refused(401);
    let page = sign_in_on(&mut browser, &page, EDITOR.1, PASSWORD).refused(409);
    page.shows("Send the form again?").shows("Mill Street");
    assert!(!has_account(&world, "Mill Street"));
}

#[test]
fn no_password_is_shown_again() {
    let world = World::new();
    let mut browser = world.admin();
    browser.get("/settings/users/new").ok();
    end_session(&world, &browser);
    let secret = "a horse of another colour";
    let fields = [("name", "Nora"), ("role", "editor"), ("login", "nora"), ("password", secret)];
    let page = browser.post("/settings/users", &fields).refused(401);
    page.hides(secret).shows("Nora").shows("You will need to type passwords again.");
    // Without one, the form would mean something else: it is asked for.
    let page = sign_in_on(&mut browser, &page, ADMIN.1, PASSWORD).refused(409);
    let asked = "id=\"f-password\" name=\"password\" type=\"password\" required";
    page.hides(secret).shows("Nora").shows(asked);

    let old = world.admin().get("/settings/users/new").ok().value("csrf").unwrap().to_owned();
    let fields = [&fields[..], &[("csrf", &old)]].concat();
    let page = browser.post_from("/settings/users", &fields, "http://localhost").refused(409);
    page.hides(secret).shows("Nora").shows("Passwords are not kept");
    let fields = [("current", PASSWORD), ("new", secret), ("again", secret), ("csrf", &old)];
    browser.post_from("/password", &fields, "http://localhost").refused(409).hides(secret);
}

#[test]
fn the_largest_form_is_kept_and_no_larger_one() {
    let world = World::new();
    let mut browser = world.editor();
    browser.get("/activities/new").ok();
    end_session(&world, &browser);
    let note = "é".repeat((128 << 10) - 100);
    let page = browser.post("/activities", &[("subject", "Call"), ("note", &note)]).refused(401);
    page.shows(&note);
    // It is too long for a note: the form says so, with all of it in it.
    sign_in_on(&mut browser, &page, EDITOR.1, PASSWORD).refused(422).shows(&note);
    end_session(&world, &browser);
    for note in ["é".repeat(128 << 10), "x".repeat((2 << 20) - 1_000)] {
        browser.get("/sign-in");
        let page = browser.post("/activities", &[("note", &note)]).refused(401);
        page.hides(&note).shows("Sign in again in another tab").shows("send the form again");
    }
    let note = "x".repeat(2 << 20);
    browser.get("/sign-in");
    browser.post("/activities", &[("note", &note)]).refused(413);
}

/// However many send one and do not read the answer.
#[test]
fn forms_of_nobody_take_no_more_memory_than_there_is_for_them() {
    let world = World::new();
    let note = "x".repeat((256 << 10) - 1_000);
    let fields = [("csrf", "0123456789abcdef"), ("note", &note)];
    let unread: Vec<_> =
        (0..80).map(|_| world.browser().send_unread("/activities", &fields)).collect();
    let kept =
        unread.iter().filter(|response| response.headers().contains_key("set-cookie")).count();
    // Half of 16 MiB, since all come from one address.
    assert!((30..=35).contains(&kept), "{kept}");
    world.browser().post_bare("/activities", &fields).refused(401).hides("xxx");
    drop(unread);
    world.browser().post_bare("/activities", &fields).refused(401).shows("xxx");
}

#[test]
fn whoever_signs_out_after_the_end_is_out() {
    let world = World::new();
    let mut browser = world.signed_in("acme", VIEWER.1);
    browser.get("/").ok();
    end_session(&world, &browser);
    assert_eq!(browser.post("/sign-out", &[]).redirected(), "/sign-in");
    assert_eq!(browser.cookie(SESSION), None);
}
