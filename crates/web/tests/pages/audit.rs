//! The audit log: what is noted, for whom, and what is not.

use crate::harness::{ADMIN, EDITOR, PASSWORD, Page, World};
use service::{Authority, wait};

const NEW_PASSWORD: &str = "another horse altogether";

/// The audit log as an admin sees it, with this query.
fn log(world: &World, query: &str) -> Page {
    world.admin().get(&format!("/settings/audit{query}")).ok()
}

/// The rows of the table, as text.
fn rows(page: &Page) -> Vec<String> {
    let (_, body) = page.body.split_once("<tbody>").unwrap_or_default();
    let (body, _) = body.split_once("</tbody>").unwrap_or_default();
    let rows = body.split("</tr>").filter(|row| !row.is_empty());
    rows.map(text).collect()
}

/// What is between the tags, separated by bars.
fn text(html: &str) -> String {
    let parts = html.split('<').filter_map(|part| Some(part.split_once('>')?.1.trim()));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("|")
}

#[test]
fn sign_ins_refused_ones_and_sign_outs_are_noted_with_their_address() {
    let world = World::new();
    let mut browser = world.browser_at("192.0.2.1");
    for _ in 0..3 {
        browser.sign_in("acme", "ed", "a wrong password").refused(422);
    }
    browser.sign_in("acme", "ed", PASSWORD).redirected();
    browser.get("/").ok();
    browser.post("/sign-out", &[]).redirected();
    browser.sign_in("acme", "ed", PASSWORD).redirected();
    world.browser_at("2001:db8::7").sign_in("acme", "hunter2 hunter2", "x").refused(422);
    world.browser_at("192.0.2.9").sign_in("nowhere", "ed", "x").refused(422);
    let told = rows(&log(&world, ""));
    let expect = [
        "Sign-in|Ada Byron|Signed in in a new browser",
        "Refused sign-in|Unknown|2001:db8::7|Unknown login name, or a user who cannot sign in",
        "Sign-in|Ed Cohen|192.0.2.1|Signed in in a known browser",
        "Sign-out|Ed Cohen|192.0.2.1|Signed out",
        "Sign-in|Ed Cohen|192.0.2.1|Signed in in a new browser",
        "Refused sign-in|Ed Cohen|192.0.2.1|Wrong password|3 times|Last:",
    ];
    for (row, expected) in told.iter().zip(expect) {
        assert!(row.contains(expected), "no {expected:?} in {told:#?}");
    }
    assert!(!told.concat().contains("hunter2"), "it could be a password: {told:#?}");
    let others = world.stranger().get("/settings/audit").ok();
    others.hides("Ed Cohen").hides("192.0.2.1");
}

#[test]
fn what_an_admin_changes_is_noted_without_secrets() {
    let world = World::new();
    let mut admin = world.browser_at("192.0.2.1");
    admin.sign_in("acme", ADMIN.1, PASSWORD).redirected();
    admin.get("/settings").ok();
    let organization = [("org_name", "Acme Help"), ("zone", "Europe/Paris")];
    admin.post("/settings/organization", &organization).redirected();
    admin.post("/settings/users/2", &[("name", "Ed Coen"), ("role", "viewer")]).redirected();
    let login = [("login", "eddie"), ("password", NEW_PASSWORD), ("confirmed", "1")];
    admin.post("/settings/users/2/login", &login).redirected();
    admin.post("/settings/users/3/disable", &[("confirmed", "1")]).redirected();
    let key = admin.post("/integrations", &[("user", "2"), ("label", "poller")]).body;
    let key = key.split("id=\"key\"").nth(1).map(text).unwrap_or_default();
    admin.post("/integrations/1/revoke", &[("confirmed", "1")]);
    let feed = admin.post("/preferences/calendar", &[]).ok();
    admin.post("/settings/statuses/2/rename", &[("status_name", "Planned")]);
    let page = log(&world, "");
    for expected in [
        "Settings|Ada Byron|192.0.2.1|Renamed the organization from “Acme Relief” to “Acme Help”",
        "Settings|Ada Byron|192.0.2.1|Changed the time zone from America/Chicago to Europe/Paris",
        "User|Ada Byron|192.0.2.1|Renamed user 2 from “Ed Cohen” to “Ed Coen”",
        "User|Ada Byron|192.0.2.1|Changed the role of user 2, Ed Coen from editor to viewer",
        "User|Ada Byron|192.0.2.1|Set the login name of user 2, Ed Coen to eddie",
        "Password|Ada Byron|192.0.2.1|Set the password of user 2, Ed Coen",
        "User|Ada Byron|192.0.2.1|Disabled user 3, Vi Dahl",
        "API key|Ada Byron|192.0.2.1|Added key 1 (poller) for user 2, Ed Coen",
        "API key|Ada Byron|192.0.2.1|Revoked key 1 (poller)",
        "Calendar feed|Ada Byron|192.0.2.1|Made an address for the calendar feed of user 1, Ada Byron",
        "User|Command line|Added user 1, Ada Byron, as admin",
        "Setup|Command line|Created the organization acme",
    ] {
        let told = rows(&page);
        assert!(told.iter().any(|row| row.contains(expected)), "no {expected:?} in {told:#?}");
    }
    let secret = feed.body.split("/calendar/acme/1/").nth(1).unwrap().split(".ics").next().unwrap();
    assert_eq!(secret.len(), 32);
    page.hides(NEW_PASSWORD).hides(PASSWORD).hides(secret);
    assert!(key.is_empty() || !page.body.contains(&key));
}

#[test]
fn downloads_bulk_work_and_its_undo_are_noted() {
    let world = World::new();
    let ids = [world.activity("One"), world.activity("Two")];
    let mut editor = world.browser_at("192.0.2.1");
    editor.sign_in("acme", EDITOR.1, PASSWORD).redirected();
    editor.get("/activities").ok();
    editor.download("/activities.csv?q=One");
    editor.download("/activities.xlsx");
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let fields = [("id", &*ids[0]), ("id", &*ids[1]), ("action", "status"), ("status", "4")];
    let to = editor.post("/activities/bulk", &fields).redirected().to_owned();
    assert_eq!(to, "/activities?work=1");
    editor.post("/work/1/undo", &[]).redirected();
    let told = rows(&log(&world, ""));
    for expected in [
        "Export|Ed Cohen|192.0.2.1|Downloaded 1 activity as csv",
        "Export|Ed Cohen|192.0.2.1|Downloaded 2 activities as xlsx",
        "Bulk change|Ed Cohen|192.0.2.1|Setting 2 activities to Completed",
        "Bulk change|Ed Cohen|192.0.2.1|Undoing “Setting 2 activities to Completed”",
    ] {
        assert!(told.iter().any(|row| row.contains(expected)), "no {expected:?} in {told:#?}");
    }
}

#[test]
fn entries_are_found_by_kind_and_by_person_and_shown_in_pages() {
    let world = World::new();
    let mut admin = world.admin();
    admin.get("/settings").ok();
    for n in 0..60 {
        let name = format!("Ed {n}");
        admin.post("/settings/users/2", &[("name", &name), ("role", "editor")]).redirected();
    }
    world.editor();
    let first = rows(&log(&world, "?kind=user"));
    assert_eq!(first.len(), 50);
    assert!(first[0].contains("to “Ed 59”") && first.iter().all(|row| row.contains("|User|")));
    let page = log(&world, "?kind=user");
    let (_, older) =
        page.body.split_once("<a href=\"/settings/audit?kind=user&amp;before=").unwrap();
    let before = older.split('"').next().unwrap();
    let rest = log(&world, &format!("?kind=user&before={before}"));
    let rest_rows = rows(&rest);
    assert!(rest_rows[0].contains("to “Ed 9”"), "{rest_rows:#?}");
    rest.shows("Latest").hides("rel=\"next\"");
    let of_ed = rows(&log(&world, "?user=2"));
    assert!(of_ed.len() == 1 && of_ed[0].contains("Signed in"), "{of_ed:#?}");
    log(&world, "?kind=export").shows("Nothing found");
    for wrong in ["?kind=x", "?user=x", "?before=x"] {
        world.admin().get(&format!("/settings/audit{wrong}")).refused(400);
    }
    world.editor().get("/settings/audit").refused(403);
    world.browser().get("/settings/audit").redirected();
}

#[test]
fn strangers_make_few_entries_however_often_they_are_refused() {
    let mut world = World::new();
    for n in 0..40 {
        let mut stranger = world.browser_at(&format!("198.51.100.{n}"));
        stranger.sign_in("acme", &format!("n-{n}"), "a wrong password").refused(422);
        let key = world.service.login(&world.acme.id, "no key", Some([198, 51, 100, n].into()));
        assert!(world.block_on(key).is_err());
    }
    let told = rows(&log(&world, "?kind=sign-in-refused"));
    let refused = told.len() + rows(&log(&world, "?kind=key-login-refused")).len();
    assert!(refused <= 22, "{told:#?}");
    let several = "Unknown|From several addresses or with several names";
    let counted = |rows: &[String]| {
        let row = rows.iter().find(|row| row.contains(several)).unwrap().clone();
        row.split('|').find_map(|part| part.strip_suffix(" times")?.parse::<u32>().ok()).unwrap()
    };
    let before = counted(&told);
    assert!(before >= 20, "{told:#?}");
    world.restart();
    assert_eq!(counted(&rows(&log(&world, "?kind=sign-in-refused"))), before);
}

#[test]
fn scripts_are_noted_once_a_day_from_each_address() {
    let world = World::new();
    let key = wait(world.service.add_key(Authority::command_line(&world.acme), EDITOR.0, None))
        .unwrap()
        .secret;
    let log_in = |last| {
        let from = Some([192, 0, 2, last].into());
        world.block_on(world.service.login(&world.acme.id, &key, from)).unwrap();
    };
    let noted = || rows(&log(&world, "?kind=key-login"));
    for _ in 0..5 {
        log_in(1);
        log_in(2);
    }
    assert_eq!(noted().len(), 2, "{:#?}", noted());
    assert!(noted()[0].contains("API login|Key 1|192.0.2.2|First login of the day"));
    world.advance(24 * 3_600_000);
    log_in(1);
    assert_eq!(noted().len(), 3);
    (3..100).for_each(log_in);
    assert_eq!(noted().len(), 12, "a bound for each day");
    assert!(!log(&world, "").body.contains(&key));
    wait(world.service.revoke_key(Authority::command_line(&world.acme), domain::KeyId(1))).unwrap();
    let refused = world.service.login(&world.acme.id, &key, None);
    assert!(world.block_on(refused).is_err());
    let page = log(&world, "?kind=key-login-refused");
    page.shows("Key 1").shows("The key has been revoked");
}

#[test]
fn entries_go_when_they_are_old() {
    let mut world = World::new();
    world.editor();
    let day = 24 * 3_600_000;
    world.advance(service::AUDIT_DAYS_MAX * day - 60_000);
    world.service.housekeep();
    log(&world, "").shows("Created the organization acme");
    world.advance(2 * 60_000);
    world.service.housekeep();
    let page = log(&world, "");
    page.hides("Created the organization").hides("Ed Cohen</td>").shows("Signed in");
    world.restart();
    log(&world, "").hides("Created the organization").shows("Signed in");
}

#[test]
fn the_first_admin_is_noted_with_the_setup_link() {
    let world = World::without_people(web::Settings::default());
    let token = world.service.open_setup().unwrap().unwrap();
    let mut browser = world.browser_at("192.0.2.1");
    let fields = [
        ("token", &*token),
        ("org", "acme"),
        ("name", "Ada Byron"),
        ("login", "ada"),
        ("password", PASSWORD),
        ("again", PASSWORD),
    ];
    browser.post_bare("/setup", &fields).redirected();
    let told = rows(&browser.get("/settings/audit").ok());
    for expected in [
        "Sign-in|Ada Byron|192.0.2.1|Signed in with the setup link",
        "User|Setup link|192.0.2.1|Added user 1, Ada Byron, as admin",
        "Password|Setup link|192.0.2.1|Set the password of user 1, Ada Byron",
    ] {
        assert!(told.iter().any(|row| row.contains(expected)), "no {expected:?} in {told:#?}");
    }
    assert!(!told.concat().contains(&token));
}
