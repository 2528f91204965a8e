//! Settings: the organization, users, statuses.

use domain::{Name, Patch, Presence, Role, Status, StatusId, UserId};
use service::{Authority, NewUser, Write, wait};

use crate::harness::{ADMIN, COMPLETED, EDITOR, NOT_STARTED, PASSWORD, Page, World};

const NEW_PASSWORD: &str = "another horse altogether";

fn status(world: &World, id: StatusId) -> Status {
    world.acme.directory().statuses[&id].clone()
}

/// The statuses to choose from, in their order.
fn order(world: &World) -> Vec<i64> {
    let directory = world.acme.directory();
    let offered = directory.statuses_in_order().into_iter().filter(|status| !status.retired);
    offered.map(|status| status.id.0).collect()
}

fn user(world: &World, id: UserId) -> domain::SystemUser {
    world.acme.directory().users[&id].clone()
}

/// The password that a page shows once.
fn shown_password(page: &Page) -> String {
    let (_, after) = page.body.split_once("<pre").unwrap();
    after.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()
}

#[test]
fn only_admins_of_the_organization_get_there() {
    let world = World::new();
    let forms: [(&str, &[(&str, &str)]); 13] = [
        ("/settings/organization", &[("org_name", "Mine"), ("zone", "UTC")]),
        ("/settings/users", &[("name", "Mine"), ("role", "admin")]),
        ("/settings/users/3", &[("name", "Mine"), ("role", "admin")]),
        ("/settings/users/3/login", &[("login", "mine"), ("password", NEW_PASSWORD)]),
        ("/settings/users/3/calendar/revoke", &[]),
        ("/settings/users/3/disable", &[]),
        ("/settings/users/3/enable", &[]),
        ("/settings/statuses", &[("status_name", "Mine")]),
        ("/settings/statuses/2/rename", &[("name", "Mine")]),
        ("/settings/statuses/2/move", &[("step", "up")]),
        ("/settings/statuses/2/done", &[("done", "1")]),
        ("/settings/statuses/2/begin", &[]),
        ("/settings/statuses/2/retire", &[("retired", "1")]),
    ];
    let pages = ["/settings", "/settings/users/new", "/settings/users/1", "/settings/statuses/2"];
    let browsers = [world.viewer(), world.editor()];
    let before = format!("{:?}", world.acme.directory());
    for mut browser in browsers {
        for page in pages {
            browser.get(page).refused(403).hides("Ada Byron");
        }
        for (path, fields) in forms {
            browser.post(path, fields).refused(403);
        }
    }
    let mut admin = world.admin();
    for (path, fields) in forms {
        admin.post_bare(path, fields).refused(403);
    }
    let mut stranger = world.stranger();
    stranger.get("/settings/users/3").refused(404);
    stranger.post("/settings/users/3/disable", &[]).refused(404);
    stranger.post("/settings/users/3", &[("name", "Mine"), ("role", "admin")]).refused(404);
    for page in pages {
        admin.get(page).ok();
        world.browser().get(page).redirected();
    }
    assert_eq!(format!("{:?}", world.acme.directory()), before);
}

#[test]
fn the_organization_gets_another_name_and_zone_and_times_follow() {
    let world = World::new();
    world.activity("Call Ada");
    let mut browser = world.admin();
    world.editor().get("/").ok().shows("10:00</time>");
    let fields = [("org_name", "Acme & Friends"), ("zone", "Asia/Shanghai")];
    let page = browser.post("/settings/organization", &fields);
    assert_eq!(page.redirected(), "/settings?done=organization");
    let page = browser.get("/settings?done=organization").ok();
    page.shows("Organization saved.").shows("Acme &amp; Friends");
    // There, it is the next day already.
    world.editor().get("/").ok().shows("Thursday, 2026-03-05</p>").shows("00:00</time>");

    let fields = [("org_name", " "), ("zone", "Middle/Earth")];
    let page = browser.post("/settings/organization", &fields).refused(422);
    page.shows("Name must not be empty.").shows("Time zone is not known");
    assert_eq!(page.value("zone"), Some("Middle/Earth"));
    assert_eq!(world.acme.directory().organization.zone.name(), "Asia/Shanghai");
    let fields = [("org_name", "Acme"), ("zone", "-05:00")];
    browser.post("/settings/organization", &fields).redirected();
}

#[test]
fn a_new_user_signs_in_with_the_password_that_was_typed() {
    let world = World::new();
    let mut browser = world.admin();
    let fields =
        [("name", "Grace"), ("role", "editor"), ("login", "Grace"), ("password", NEW_PASSWORD)];
    let page = browser.post("/settings/users", &fields);
    assert_eq!(page.redirected(), "/settings/users/4?done=added");
    browser.get("/settings/users/4?done=added").ok().shows("User added").hides(NEW_PASSWORD);
    assert_eq!(user(&world, UserId(4)).role, Role::Editor);
    let mut grace = world.browser();
    assert_eq!(grace.sign_in("acme", "grace", NEW_PASSWORD).redirected(), "/");
    browser.get("/settings").ok().shows_in_order(&["Ada Byron", "Ed Cohen", "Grace", "now"]);
}

#[test]
fn a_new_user_gets_a_number_that_no_activity_has_named() {
    let world = World::new();
    let id = world.activity("Of somebody who is not here");
    let named = Presence::Set(UserId(16));
    world.write(Write::Update(id, Box::new(Patch { system_user: named, ..Patch::default() })));
    world.write(Write::Remove(id));
    let fields = [("name", "Grace"), ("role", "editor")];
    let page = world.admin().post("/settings/users", &fields);
    assert_eq!(page.redirected(), "/settings/users/17?done=added");
}

#[test]
fn a_password_that_is_made_up_is_shown_once() {
    let world = World::new();
    let mut browser = world.admin();
    let fields = [("name", "Grace"), ("role", "viewer"), ("login", "grace"), ("password", "")];
    let page = browser.post("/settings/users", &fields).ok();
    let password = shown_password(&page);
    assert!(password.len() >= 16, "{password}");
    assert_eq!(page.header("cache-control"), "no-store");
    browser.get("/settings/users/4").ok().hides(&password);
    assert_eq!(world.browser().sign_in("acme", "grace", &password).redirected(), "/");
    let mut fields = vec![("login", "grace"), ("password", "")];
    let asked = browser.post("/settings/users/4/login", &fields).refused(422);
    asked
        .shows("Please confirm that a new password signs this user out")
        .shows("data-confirm=\"Set a new password");
    fields.push(("confirmed", "1"));
    let next = shown_password(&browser.post("/settings/users/4/login", &fields).ok());
    assert_ne!(next, password);
    world.browser().sign_in("acme", "grace", &password).refused(422);
}

#[test]
fn a_form_that_is_sent_twice_adds_one_user() {
    let world = World::new();
    let mut browser = world.admin();
    let fields = [("name", "Grace"), ("role", "viewer"), ("login", "grace"), ("password", "")];
    let form = browser.get("/settings/users/new").ok().value("form").unwrap().to_owned();
    let fields = [&fields[..], &[("form", &form)]].concat();
    let password = shown_password(&browser.post("/settings/users", &fields).ok());
    let page = browser.post("/settings/users", &fields);
    assert_eq!(page.redirected(), "/settings/users/4?done=added-before");
    let page = browser.get(page.redirected()).ok();
    page.shows("set a new one").hides(&password);
    assert_eq!(world.browser().sign_in("acme", "grace", &password).redirected(), "/");

    let form = browser.get("/settings/users/new").ok().value("form").unwrap().to_owned();
    let fields = [("name", "Mailer"), ("role", "viewer"), ("form", &form)];
    for _ in 0..2 {
        let page = browser.post("/settings/users", &fields);
        assert_eq!(page.redirected(), "/settings/users/5?done=added");
    }
}

#[test]
fn a_user_for_an_integration_needs_no_login() {
    let world = World::new();
    let mut browser = world.admin();
    let fields = [("name", "Nightly mailer"), ("role", "viewer"), ("login", ""), ("password", "")];
    browser.post("/settings/users", &fields).redirected();
    assert_eq!(user(&world, UserId(4)).login, None);
    browser.get("/settings").ok().shows("cannot sign in");
}

#[test]
fn a_person_from_a_file_gets_their_password_from_an_admin() {
    let world = World::new();
    let mut browser = world.admin();
    let grace = domain::ListedUser {
        id: None,
        name: "Grace".parse().unwrap(),
        role: domain::Role::Editor,
        login: Some("grace".parse().unwrap()),
    };
    wait(world.service.add_users(Authority::command_line(&world.acme), vec![grace])).unwrap();
    browser.get("/settings").ok().shows("grace").shows("no password yet");
    let page = browser.get("/settings/users/4").ok();
    page.shows("This user has no password yet and cannot sign in.").shows("Set password");
    assert_eq!(page.value("login"), Some("grace"));
    // No session ends with it: nothing is asked.
    let fields = [("login", "grace"), ("password", NEW_PASSWORD)];
    let page = browser.post("/settings/users/4/login", &fields);
    assert_eq!(page.redirected(), "/settings/users/4?done=login");
    assert_eq!(world.browser().sign_in("acme", "grace", NEW_PASSWORD).redirected(), "/");
    browser.get("/settings").ok().hides("no password yet");
}

#[test]
fn what_is_wrong_with_a_new_user_is_said_and_nobody_is_added() {
    let world = World::new();
    let mut browser = world.admin();
    let mut refused = |name: &str, role: &str, login: &str, password: &str, problem: &str| {
        let fields = [("name", name), ("role", role), ("login", login), ("password", password)];
        let page = browser.post("/settings/users", &fields).refused(422);
        page.shows(problem);
        assert_eq!(page.value("login"), Some(login));
        assert!(password.is_empty() || !page.body.contains(&format!("\"{password}\"")));
    };
    refused("", "editor", "", "", "Name must not be empty.");
    let kept = "Password must be typed again";
    refused("", "editor", "grace", "a few words more", kept);
    refused("Grace", "queen", "", "", "Role must be one from the list");
    refused(
        "Grace",
        "editor",
        "two words",
        NEW_PASSWORD,
        "Login name must have 1 to 100 characters",
    );
    refused("Grace", "editor", "grace", "short", "Password must have at least 10 characters.");
    refused("Grace", "editor", "", NEW_PASSWORD, "Login name must have 1 to 100 characters");
    refused("Grace", "editor", "ED", NEW_PASSWORD, "Login name is already used by Ed Cohen");
    assert_eq!(world.acme.directory().users.len(), 3);
}

#[test]
fn a_role_counts_from_the_next_request_on() {
    let world = World::new();
    let mut editor = world.editor();
    let mut admin = world.admin();
    let fields = [("name", "Ed C."), ("role", "admin")];
    assert_eq!(
        admin.post("/settings/users/2", &fields).redirected(),
        "/settings/users/2?done=saved"
    );
    editor.get("/settings").ok().shows("Ed C.");
    admin.post("/settings/users/2", &[("name", "Ed"), ("role", "viewer")]).redirected();
    editor.get("/settings").refused(403);
    editor.post("/accounts", &[("name", "Mine")]).refused(403);
    let page = admin.post("/settings/users/2", &[("name", ""), ("role", "x")]).refused(422);
    page.shows("Name must not be empty.").shows("Role must be one from the list");
    admin.post("/settings/users/99", &fields).refused(404);
}

#[test]
fn disabling_ends_sessions_and_keys_and_can_be_taken_back() {
    let world = World::new();
    let key = wait(world.service.add_key(Authority::command_line(&world.acme), EDITOR.0, None))
        .unwrap()
        .secret;
    let mut editor = world.editor();
    let mut admin = world.admin();
    admin.get("/settings/users/2").ok().shows("1 API key");
    let page = admin.post("/settings/users/2/disable", &[]);
    assert_eq!(page.redirected(), "/settings/users/2?done=disabled");
    editor.get("/").redirected();
    world.browser().sign_in("acme", EDITOR.1, PASSWORD).refused(422);
    assert!(world.block_on(world.service.login(&world.acme.id, &key, None)).is_err());
    admin.get("/settings").ok().shows("disabled</span>");
    admin.post("/settings/users/2/enable", &[]).redirected();
    world.editor().get("/").ok();
    assert!(world.block_on(world.service.login(&world.acme.id, &key, None)).is_ok());
}

#[test]
fn another_password_ends_what_was_opened_with_the_old_one() {
    let world = World::new();
    let mut editor = world.editor();
    let mut admin = world.admin();
    let agreed = ("confirmed", "1");
    let fields = [("login", "eddie"), ("password", NEW_PASSWORD), agreed];
    let page = admin.post("/settings/users/2/login", &fields);
    assert_eq!(page.redirected(), "/settings/users/2?done=login");
    editor.get("/").redirected();
    world.browser().sign_in("acme", EDITOR.1, NEW_PASSWORD).refused(422);
    assert_eq!(world.browser().sign_in("acme", "eddie", NEW_PASSWORD).redirected(), "/");
    let fields = [("login", "vi"), ("password", NEW_PASSWORD), agreed];
    let page = admin.post("/settings/users/2/login", &fields).refused(422);
    page.shows("Login name is already used by Vi Dahl");
}

#[test]
fn no_admin_locks_themselves_out() {
    let world = World::new();
    let mut admin = world.admin();
    let page = admin.get("/settings/users/1").ok();
    page.hides("/settings/users/1/disable").hides("/settings/users/1/login");
    admin.post("/settings/users/1/disable", &[]).refused(400).shows("ask another admin");
    let fields = [("login", "ada"), ("password", NEW_PASSWORD), ("confirmed", "1")];
    admin.post("/settings/users/1/login", &fields).refused(400);
    let fields = [("name", "Ada"), ("role", "editor")];
    admin.post("/settings/users/1", &fields).refused(422).shows("ask another admin");
    assert_eq!(user(&world, ADMIN.0).role, Role::Admin);
    let fields = [("name", "Ada Lovelace"), ("role", "admin")];
    admin.post("/settings/users/1", &fields).redirected();
    assert_eq!(user(&world, ADMIN.0).name.as_str(), "Ada Lovelace");
}

#[test]
fn of_two_admins_who_disable_each_other_one_stays() {
    let world = World::new();
    let second = UserId(8);
    world.add_user(&world.acme, (second, "bob", "Bob"), Role::Admin);
    let (ada, bob) = (world.admin(), world.signed_in("acme", "bob"));
    let person = |browser: &crate::harness::Browser<'_>| {
        world.service.person(browser.cookie("driftless_session").unwrap()).unwrap()
    };
    // Both requests have come in before either is done.
    let (ada, bob) = (person(&ada), person(&bob));
    let off = || service::UserChange { disabled: Some(true), ..Default::default() };
    world.block_on(world.service.change_user(&ada, second, off())).unwrap();
    let late = world.block_on(world.service.change_user(&bob, ADMIN.0, off()));
    assert!(matches!(late, Err(service::AdminError::PermissionDenied(Role::Admin))), "{late:?}");
    assert!(!user(&world, ADMIN.0).disabled);
}

#[test]
fn statuses_are_added_and_moved() {
    let world = World::new();
    let mut admin = world.admin();
    let page = admin.post("/settings/statuses", &[("status_name", "On hold")]);
    assert_eq!(page.redirected(), "/settings?done=added#s6");
    assert_eq!(order(&world), [1, 2, 3, 4, 5, 6]);
    let mut go = |id: i64, step| {
        admin.post(&format!("/settings/statuses/{id}/move"), &[("step", step)]).redirected();
        order(&world)
    };
    assert_eq!(go(6, "up"), [1, 2, 3, 4, 6, 5]);
    assert_eq!(go(1, "down"), [2, 1, 3, 4, 6, 5]);
    assert_eq!(go(2, "up"), [2, 1, 3, 4, 6, 5], "the first one stays first");
    assert_eq!(go(5, "down"), [2, 1, 3, 4, 6, 5], "the last one stays last");
    admin.get("/settings").ok().shows_in_order(&[
        "Not Started",
        "In Progress",
        "On hold",
        "Deferred",
    ]);
    for (name, problem) in [("", "New status must not be empty."), ("on HOLD", "already exists")] {
        let page = admin.post("/settings/statuses", &[("status_name", name)]).refused(422);
        page.shows(problem);
        assert_eq!(page.value("status_name"), Some(name));
    }
    admin.post("/settings/statuses/99/move", &[("step", "up")]).refused(404);
}

#[test]
fn a_form_that_is_sent_twice_adds_one_status() {
    let world = World::new();
    let mut browser = world.admin();
    let form = browser.get("/settings").ok().value("form").unwrap().to_owned();
    for _ in 0..2 {
        let page = browser.post("/settings/statuses", &[("status_name", "New"), ("form", &form)]);
        assert_eq!(page.redirected(), "/settings?done=added#s6");
    }
}

#[test]
fn a_renamed_status_renames_itself_in_every_activity() {
    let world = World::new();
    let ids: Vec<_> = (0..3).map(|n| world.activity(&format!("Call {n}"))).collect();
    let mut admin = world.admin();
    let page = admin.get("/settings/statuses/2").ok();
    page.shows("changes 3 activities").shows("/activities?status=2");
    let page = admin.post("/settings/statuses/2/rename", &[("name", "To do")]);
    assert_eq!(page.redirected(), "/work/1?back=%2Fsettings%2Fstatuses%2F2");
    let person = world.service.person(admin.cookie("driftless_session").unwrap()).unwrap();
    let work = world.service.long_work(&person, 1).unwrap();
    world.block_on(work.ended());
    assert_eq!((work.outcome(), work.changed()), (service::Outcome::Finished, 3));
    for id in ids {
        let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
        let version = version.unwrap();
        assert_eq!(version.record().unwrap().status_name.as_str(), "To do");
        assert_eq!(version.author, person.author());
    }
    admin.get("/settings/statuses/2").ok().shows("Status To do").hides("being renamed");
}

#[test]
fn what_is_wrong_with_a_new_name_is_said_before_anything_is_renamed() {
    let world = World::new();
    let mut admin = world.admin();
    let mut refused = |name: &str, problem: &str| {
        let path = "/settings/statuses/2/rename";
        let page = admin.post(path, &[("name", name)]).refused(422);
        page.shows(problem);
    };
    refused(" ", "New name must not be empty.");
    refused("completed", "New name is already used by another status.");
    refused(&"x".repeat(201), "New name must have at most");
    assert_eq!(status(&world, NOT_STARTED).name.as_str(), "Not Started");
    admin.post("/settings/statuses/99/rename", &[("name", "x")]).refused(404);
    admin.get("/settings/statuses/99").refused(404);
    admin.get("/settings/statuses/x").refused(404);
}

#[test]
fn new_activities_begin_with_the_status_that_an_admin_says() {
    let world = World::new();
    let mut admin = world.admin();
    let chosen = |page: Page, id: i64| {
        page.shows(&format!("<option value=\"{id}\" selected>"));
    };
    chosen(admin.get("/activities/new").ok(), NOT_STARTED.0);
    admin.get("/settings").ok().shows_in_order(&["Not Started", "new activities", "Waiting"]);
    admin.post("/settings/statuses/3/begin", &[]).redirected();
    assert!(status(&world, StatusId(3)).begins && !status(&world, NOT_STARTED).begins);
    admin.get("/settings").ok().shows_in_order(&["Not Started", "Waiting", "new activities"]);
    admin.get("/settings/statuses/3").ok().shows("New activities start with this status");
    chosen(admin.get("/activities/new").ok(), 3);
    // One that cannot be chosen is none: the first that is to be done takes its place.
    admin.post("/settings/statuses/3/retire", &[("retired", "1")]).redirected();
    chosen(admin.get("/activities/new").ok(), 1);
    admin.get("/settings/statuses/3").ok().hides("New activities");
    admin.post("/settings/statuses/3/begin", &[]).refused(404);
}

#[test]
fn a_status_counts_as_done_or_not() {
    let world = World::new();
    let mut admin = world.admin();
    admin.post("/settings/statuses/4/done", &[("done", "0")]).redirected();
    admin.post("/settings/statuses/5/done", &[("done", "1")]).redirected();
    assert!(!status(&world, COMPLETED).done && status(&world, StatusId(5)).done);
    let id = world.activity("Call Ada");
    world.editor().post(&format!("/activities/{id}/quick"), &[("done", "1")]).redirected();
    let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
    assert_eq!(version.unwrap().record().unwrap().status, StatusId(5));
}

#[test]
fn a_status_is_retired_and_brought_back() {
    let world = World::new();
    let mut admin = world.admin();
    let mut retire = |id: i64, retired: &str| {
        admin.post(&format!("/settings/statuses/{id}/retire"), &[("retired", retired)])
    };
    retire(3, "1").redirected();
    assert_eq!(order(&world), [1, 2, 4, 5]);
    world.admin().post("/settings/statuses", &[("status_name", "waiting")]).redirected();
    retire(3, "0").refused(400).shows("Status waiting already exists.");
    retire(6, "1").redirected();
    retire(3, "0").redirected();
    assert_eq!(order(&world), [1, 2, 3, 4, 5]);
    for id in [1, 2, 4, 5] {
        retire(id, "1").redirected();
    }
    retire(3, "1").refused(400).shows("last status that can be chosen");
    assert_eq!(order(&world), [3]);
}

#[test]
fn names_are_text_and_nothing_else() {
    let world = World::new();
    let script = "<script>alert(1)</script>\" onclick=\"x";
    let user = NewUser { id: None, name: Name::parse(script).unwrap(), role: Role::Viewer };
    wait(world.service.add_user(Authority::command_line(&world.acme), user, None)).unwrap();
    let mut admin = world.admin();
    admin.post("/settings/statuses", &[("status_name", script)]).redirected();
    admin.post("/settings/organization", &[("org_name", script), ("zone", "UTC")]).redirected();
    for path in ["/settings", "/settings/users/4", "/settings/statuses/6", "/settings/users/new"] {
        admin.get(path).ok().hides("<script>alert").hides("\" onclick").shows("&lt;script&gt;");
    }
}

#[test]
fn what_was_set_is_there_after_a_restart() {
    let mut world = World::new();
    let mut admin = world.admin();
    admin.post("/settings/organization", &[("org_name", "Later"), ("zone", "UTC")]).redirected();
    admin.post("/settings/statuses/2/move", &[("step", "up")]).redirected();
    admin.post("/settings/statuses/5/done", &[("done", "1")]).redirected();
    admin.post("/settings/users/2", &[("name", "Eddie"), ("role", "viewer")]).redirected();
    admin.post("/accounts", &[("name", "Grace"), ("number", "5")]).redirected();
    let before = format!("{:?}", world.acme.directory());
    world.restart();
    assert_eq!(format!("{:?}", world.acme.directory()), before);
    assert_eq!(order(&world)[0], 2);
    let mut admin = world.admin();
    admin.get("/accounts").ok().shows("Grace").shows("Later");
}
