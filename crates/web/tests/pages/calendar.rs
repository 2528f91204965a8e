//! The calendar feed: its secret address, who may revoke it, and what a calendar program reads there.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, Response, header};
use domain::{
    Account, ActivityId, Author, ClientId, Draft, Name, Note, Origin, Patch, Presence, Priority,
    StatusRef, Subject,
};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use service::{Authority, UserChange, Write, wait};
use tower::ServiceExt;

use crate::harness::{ADMIN, Browser, COMPLETED, EDITOR, NOT_STARTED, Page, VIEWER, World, moment};

/// What a calendar program gets, which has no cookies.
fn ask(world: &World, path: &str, headers: &[(header::HeaderName, &str)]) -> Page {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    world.block_on(async {
        let Ok(response) = world.router().oneshot(request).await;
        let (head, body) = Response::into_parts(response);
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        let body = String::from_utf8(body).unwrap();
        Page { status: head.status.as_u16(), headers: head.headers, body }
    })
}

/// Creates an address in the preferences: its path, as the page shows it.
fn create(browser: &mut Browser<'_>) -> String {
    let page = browser.post("/preferences/calendar", &[]).ok();
    let (_, after) =
        page.shows("shown only once").body.split_once("id=\"calendar-address\">").unwrap();
    let address = after.split_once('<').unwrap().0;
    address.strip_prefix("http://your-server").unwrap().to_owned()
}

/// The editor's feed.
fn feed(world: &World) -> String {
    create(&mut world.editor())
}

/// The values of a property, in the order of the entries, unfolded.
fn values(page: &Page, name: &str) -> Vec<String> {
    let unfolded = page.body.replace("\r\n ", "");
    let lines = unfolded.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(given, _)| *given == name).map(|(_, value)| value.to_owned()).collect()
}

fn titles(page: &Page) -> Vec<String> {
    values(page, "SUMMARY")
}

fn edit(id: ActivityId, patch: Patch) -> Write {
    Write::Update(id, Box::new(patch))
}

#[test]
fn a_feed_has_the_activities_of_the_person_and_needs_no_sign_in() {
    let world = World::new();
    let named = Account { id: ClientId(3_400), name: Name::parse("Ada, Sons & Co").unwrap() };
    world.service.put_accounts(&world.acme, &[named], &mut |_| {}).unwrap();
    world.activity_with("Call Ada; bring tea", |draft| {
        draft.start = moment("2026-03-05T09:00:00.250-06:00");
        draft.end = Some(moment("2026-03-05T09:30:00-06:00"));
        draft.note = Note::parse(" Left a message,\r\nask again.\n").unwrap();
        draft.priority = Priority::High;
    });
    world.activity_with("Of the admin", |draft| draft.system_user = Presence::Set(ADMIN.0));
    let path = feed(&world);
    assert!(path.starts_with("/calendar/acme/2/"), "{path}");
    let page = ask(&world, &path, &[(header::HOST, "crm.example.org")]).ok();
    assert_eq!(
        page.body,
        "BEGIN:VCALENDAR\r\n\
         VERSION:2.0\r\n\
         PRODID:-//Driftless//Calendar feed//EN\r\n\
         X-WR-CALNAME:Acme Relief: Ed Cohen\r\n\
         REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n\
         X-PUBLISHED-TTL:PT1H\r\n\
         BEGIN:VEVENT\r\n\
         UID:activity-1@acme.driftless\r\n\
         DTSTAMP:20260304T160000Z\r\n\
         CREATED:20260304T160000Z\r\n\
         LAST-MODIFIED:20260304T160000Z\r\n\
         SEQUENCE:1\r\n\
         DTSTART:20260305T150000Z\r\n\
         DTEND:20260305T153000Z\r\n\
         SUMMARY:Call Ada\\; bring tea\r\n\
         CATEGORIES:Not Started\r\n\
         DESCRIPTION:Status: Not Started\\nAccount: Ada\\, Sons & Co\\nPriority: High\\n\r\n \
         \\nLeft a message\\,\\nask again.\r\n\
         PRIORITY:1\r\n\
         URL:http://crm.example.org/activities/1\r\n\
         END:VEVENT\r\n\
         END:VCALENDAR\r\n"
    );
    assert_eq!(page.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "private, no-cache");
    assert!(page.cookies().is_empty());
}

#[test]
fn an_end_that_is_not_later_is_none() {
    let world = World::new();
    for end in [
        None,
        Some("2026-03-04T10:00:00-06:00"),
        Some("2026-02-04T10:00:00-06:00"),
        Some("2026-03-04T10:00:00.999-06:00"),
    ] {
        world.activity_with("Call", |draft| draft.end = end.map(moment));
    }
    world.activity_with("Call", |draft| draft.end = Some(moment("2026-03-04T10:00:01-06:00")));
    let page = ask(&world, &feed(&world), &[]).ok();
    assert_eq!(values(&page, "DURATION"), ["PT0S"; 4]);
    assert_eq!(values(&page, "DTEND"), ["20260304T160001Z"]);
    page.hides("URL:"); // Nobody has named the host.
}

#[test]
fn what_is_done_is_left_out_unless_it_is_asked_for() {
    let world = World::new();
    world.activity("To do");
    let done = world.activity_with("Done", |draft| draft.status = StatusRef::Id(COMPLETED));
    let removed = world.activity("Removed");
    world.write(Write::Remove(removed));
    let path = feed(&world);
    let page = ask(&world, &path, &[]).ok();
    assert_eq!(titles(&page), ["To do"]);
    page.hides("TRANSP").hides("\r\nSTATUS:");
    let all = ask(&world, &format!("{path}?done=yes"), &[]).ok();
    assert_eq!(titles(&all), ["To do", "Done"]);
    assert_eq!(values(&all, "TRANSP"), ["TRANSPARENT"]);
    all.hides("\r\nSTATUS:").shows("CATEGORIES:Completed\r\n");
    assert_eq!(titles(&ask(&world, &format!("{path}?done=no"), &[])), ["To do"]);
    world.write(edit(done, Patch { status: Some(StatusRef::Id(NOT_STARTED)), ..Patch::default() }));
    assert_eq!(titles(&ask(&world, &path, &[])), ["To do", "Done"]);
}

#[test]
fn a_feed_without_entries_is_a_calendar() {
    let world = World::new();
    let path = feed(&world);
    let page = ask(&world, &path, &[]).ok();
    assert!(
        page.body.starts_with("BEGIN:VCALENDAR\r\n") && page.body.ends_with("END:VCALENDAR\r\n")
    );
    page.hides("VEVENT");
    // Nor is there anything where no status means that something is to be done.
    world.activity("To do");
    let statuses: Vec<_> = world.acme.directory().statuses.keys().copied().collect();
    let mut admin = world.admin();
    for id in statuses {
        admin.post(&format!("/settings/statuses/{id}/done"), &[("done", "1")]).redirected();
    }
    ask(&world, &path, &[]).ok().hides("VEVENT").shows("END:VCALENDAR");
}

#[test]
fn a_feed_reaches_ninety_days_back_and_a_year_ahead() {
    let world = World::new();
    for (subject, start, end) in [
        ("Too old", "2025-12-03T23:59:59.999Z", None),
        ("Too old, and it has ended", "2025-12-01T00:00:00Z", Some("2025-12-03T23:59:59Z")),
        ("Still under way", "2020-12-01T00:00:00Z", Some("2026-12-01T00:00:00Z")),
        ("The oldest", "2025-12-04T00:00:00Z", None),
        ("The latest", "2027-03-04T23:59:59.999Z", None),
        ("Too far ahead", "2027-03-05T00:00:00Z", None),
    ] {
        world.activity_with(subject, |draft| {
            (draft.start, draft.end) = (moment(start), end.map(moment));
        });
    }
    let path = feed(&world);
    let page = ask(&world, &path, &[]).ok();
    assert_eq!(titles(&page), ["Still under way", "The oldest", "The latest"]);
    // The rest of the day nothing moves, whatever the clock shows.
    world.advance(7 * 3_600_000);
    assert_eq!(ask(&world, &path, &[]).body, page.body);
    world.advance(3_600_000);
    assert_eq!(
        titles(&ask(&world, &path, &[])),
        ["Still under way", "The latest", "Too far ahead"]
    );
}

#[test]
fn the_bytes_are_the_same_until_an_activity_changes() {
    let world = World::new();
    let first = world.activity("Call");
    world.activity_with("Far ahead", |draft| draft.start = moment("2026-09-04T10:00:00Z"));
    let path = feed(&world);
    let page = ask(&world, &path, &[]).ok();
    let tag = page.header("etag").to_owned();
    world.advance(60_000);
    world.activity_with("Of the admin", |draft| draft.system_user = Presence::Set(ADMIN.0));
    let again = ask(&world, &path, &[]).ok();
    assert_eq!((&*again.body, again.header("etag")), (&*page.body, &*tag));
    let strong = tag.trim_start_matches("W/").to_owned();
    for known in [tag.clone(), strong, "*".to_owned(), format!("\"x\", {tag}")] {
        let unchanged = ask(&world, &path, &[(header::IF_NONE_MATCH, &known)]).refused(304);
        assert_eq!((&*unchanged.body, unchanged.header("etag")), ("", &*tag));
    }
    ask(&world, &path, &[(header::IF_NONE_MATCH, "\"x\"")]).ok();

    let before = [values(&page, "SEQUENCE"), values(&page, "LAST-MODIFIED")];
    let subject = Some(Subject::parse("Call again").unwrap());
    world.write(edit(first, Patch { subject, ..Patch::default() }));
    let changed = ask(&world, &path, &[(header::IF_NONE_MATCH, &tag)]).ok();
    assert_ne!(changed.header("etag"), tag);
    let after = [values(&changed, "SEQUENCE"), values(&changed, "LAST-MODIFIED")];
    assert_eq!(values(&changed, "UID"), values(&page, "UID"));
    assert_eq!(after[0][1], before[0][1], "what nobody has changed");
    assert_eq!(after[1][1], before[1][1], "what nobody has changed");
    let number = |text: &str| text.parse::<i64>().unwrap();
    assert!(number(&after[0][0]) > number(&before[0][0]), "{after:?}");
    assert!(after[1][0] > before[1][0], "{after:?}");
    assert_eq!(values(&changed, "DTSTAMP"), values(&changed, "LAST-MODIFIED"));
}

#[test]
fn wrong_replaced_and_revoked_addresses_are_not_there() {
    let mut world = World::new();
    world.activity("Call");
    let path = feed(&world);
    world.restart();
    ask(&world, &path, &[]).ok();
    let nothing = ask(&world, "/nowhere", &[]).refused(404);
    let is_nothing = |world: &World, path: &str| {
        let page = ask(world, path, &[]).refused(404);
        assert_eq!(
            (page.body, page.headers),
            (nothing.body.clone(), nothing.headers.clone()),
            "{path}"
        );
    };
    let secret = path.strip_prefix("/calendar/acme/2/").unwrap().strip_suffix(".ics").unwrap();
    for wrong in [
        path.replace(".ics", ""),
        path.replace(".ics", "0.ics"),
        path.replace(".ics", "%ff.ics"),
        path.replace("/2/", "/1/"),
        path.replace("/2/", "/two/"),
        path.replace("/acme/", "/beta/"),
        path.replace("/acme/", "/no such/").replace(' ', "%20"),
        format!("/calendar/acme/2/{}.ics", secret.to_uppercase()),
        "/calendar/acme/2/.ics".to_owned(),
        "/calendar/acme/1/.ics".to_owned(),
        "/calendar/acme/2".to_owned(),
        "/calendar".to_owned(),
    ] {
        is_nothing(&world, &wrong);
    }

    let mut editor = world.editor();
    editor.get("/preferences").ok().shows("cannot be shown again").hides(secret);
    let next = create(&mut editor);
    is_nothing(&world, &path);
    ask(&world, &next, &[]).ok();
    let page = editor.post("/preferences/calendar/revoke", &[]);
    editor.get(page.redirected()).ok().shows("address revoked").shows("Create an address");
    is_nothing(&world, &next);
}

#[test]
fn disabling_a_user_ends_the_feed_for_good() {
    let world = World::new();
    let paths = [feed(&world), create(&mut world.viewer())];
    let mut admin = world.admin();
    admin.post("/settings/users/2/disable", &[]).redirected();
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        VIEWER.0,
        UserChange::DISABLE,
    ))
    .unwrap();
    for path in &paths {
        ask(&world, path, &[]).refused(404);
    }
    for user in [EDITOR.0, VIEWER.0] {
        admin.post(&format!("/settings/users/{user}/enable"), &[]).redirected();
    }
    for path in &paths {
        ask(&world, path, &[]).refused(404);
    }
}

#[test]
fn admins_revoke_the_feeds_of_others_and_nobody_else_does() {
    let world = World::new();
    let path = feed(&world);
    for mut browser in [world.viewer(), world.editor()] {
        browser.post("/settings/users/2/calendar/revoke", &[]).refused(403);
    }
    world.stranger().post("/settings/users/2/calendar/revoke", &[]).refused(404);
    world.browser().post_bare("/preferences/calendar/revoke", &[]).refused(401);
    world.editor().post_bare("/preferences/calendar/revoke", &[]).refused(403);
    world.editor().post_bare("/preferences/calendar", &[]).refused(403);
    ask(&world, &path, &[]).ok();
    let mut admin = world.admin();
    admin.get("/settings/users/2").ok().shows("calendar feed since");
    admin.get("/settings/users/3").ok().hides("calendar feed since");
    let page = admin.post("/settings/users/2/calendar/revoke", &[]);
    admin.get(page.redirected()).ok().shows("feed revoked").hides("calendar feed since");
    ask(&world, &path, &[]).refused(404);
}

#[test]
fn of_too_many_the_nearest_are_shown() {
    let world = World::new();
    let hour = |hours: i64| moment("2026-03-04T00:00:00Z").stamp.plus_millis(hours * 3_600_000);
    let author = Author { user: Some(EDITOR.0), origin: Origin::Api };
    let write = |subject: String, hours: i64| {
        let draft = Draft {
            subject: Subject::parse(&subject).unwrap(),
            note: Note::empty(),
            start: hour(hours).at_offset(0),
            end: None,
            client: ClientId(3_400),
            system_user: Presence::Set(EDITOR.0),
            status: StatusRef::Id(NOT_STARTED),
            priority: Priority::Normal,
            custom_fields: Vec::new(),
        };
        world.service.write(&world.acme, author, Write::Create(Box::new(draft)))
    };
    // 501 before today, the latest first, and 1,500 from today on.
    let writes = (-501..1_500).map(|hours| write(format!("Hour {hours}"), hours));
    world.block_on(join_all(writes)).into_iter().for_each(|written| assert!(written.is_ok()));
    let path = feed(&world);
    let shown: BTreeSet<String> = titles(&ask(&world, &path, &[])).into_iter().collect();
    assert_eq!(shown.len(), 2_000);
    assert!(!shown.contains("Hour -501") && shown.contains("Hour -500"));

    // What is long leaves room for fewer.
    let writes = (0..400).map(|n| write(format!("{n} {}", "日".repeat(3_900)), 24 * 300 + n));
    world.block_on(join_all(writes)).into_iter().for_each(|written| assert!(written.is_ok()));
    let page = ask(&world, &path, &[]).ok();
    assert!(page.body.len() < (4 << 20) + 1_024, "{} bytes", page.body.len());
    let shown: BTreeSet<String> = titles(&page).into_iter().collect();
    assert!(shown.contains("Hour 0") && shown.contains("Hour 1499"));
    assert!(!shown.contains("Hour -1"));
}

#[test]
fn feeds_wait_for_their_turn_and_hold_up_nothing_else() {
    let world = World::new();
    world.activity("Call");
    let path = feed(&world);
    let theirs = create(&mut world.stranger());
    let mut editor = world.editor();
    let turn = || world.block_on(world.service.calendar_turn(&world.acme)).unwrap();
    let turns = [turn(), turn()];
    let request = Request::get(&*path).body(Body::empty()).unwrap();
    let router = world.router();
    let mut waiting = None;
    world.block_on(async { waiting = Some(tokio::spawn(router.oneshot(request))) });
    let waiting = waiting.unwrap();
    editor.get("/activities").ok().shows("Call");
    // Time enough for it, if it did not wait.
    for _ in 0..10 {
        ask(&world, &theirs, &[]).ok();
    }
    assert!(!waiting.is_finished());
    drop(turns);
    let Ok(response) = world.block_on(waiting).unwrap();
    assert_eq!(response.status(), 200);
}

#[test]
fn a_feed_takes_its_part_of_what_the_organization_may_ask_at_once() {
    let world = World::new();
    for _ in 0..20 {
        world.activity_with("Call", |draft| draft.note = Note::parse(&"x".repeat(900)).unwrap());
    }
    let path = feed(&world);
    let tag = ask(&world, &path, &[]).ok().header("etag").to_owned();
    let mut room = world.acme.share();
    assert!(room.try_grow_to(service::ANSWERS_BYTES_MAX));
    ask(&world, &path, &[]).refused(503);
    ask(&world, &path, &[(header::IF_NONE_MATCH, &tag)]).refused(304);
    drop(room);
    let permits: Vec<_> = std::iter::from_fn(|| world.acme.try_place()).collect();
    ask(&world, &path, &[]).refused(503);
    drop(permits);
    ask(&world, &path, &[]).ok();
    assert_eq!(world.service.unsent_bytes(), 0, "it is given back");
}

#[test]
fn a_long_note_is_cut() {
    let world = World::new();
    world.activity_with("Call", |draft| {
        draft.note = Note::parse(&"é".repeat(1_000)).unwrap();
    });
    world.activity_with("Call", |draft| {
        draft.note = Note::parse(&"é".repeat(100_000)).unwrap();
    });
    let page = ask(&world, &feed(&world), &[]).ok();
    let notes = values(&page, "DESCRIPTION");
    assert!(notes[0].ends_with(&format!("\\n{}", "é".repeat(1_000))));
    assert!(notes[1].ends_with(&format!("\\n{} …", "é".repeat(1_000))));
    assert!(page.body.split("\r\n").all(|line| line.len() <= 75));
}

#[test]
fn links_and_the_address_have_the_base_path() {
    let base_path = "/crm".parse().unwrap();
    let world = World::with(web::Settings { base_path, ..web::Settings::default() });
    world.activity("Call");
    let mut editor = world.browser();
    editor.sign_in("acme", EDITOR.1, crate::harness::PASSWORD);
    let page = editor.post("/preferences/calendar", &[]).ok();
    let (_, after) = page.body.split_once("http://your-server/crm/calendar/acme/2/").unwrap();
    let path = format!("/calendar/acme/2/{}", after.split_once('<').unwrap().0);
    let page = ask(&world, &path, &[(header::HOST, "crm.example.org:8420")]).ok();
    page.shows("URL:http://crm.example.org:8420/crm/activities/1\r\n");
}
