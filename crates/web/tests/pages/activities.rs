//! The list of activities, and the small changes that are made in it.

use domain::{Account, ActivityId, ClientId, Name, Note, Presence, Priority, StatusRef};
use service::Write;

use crate::harness::{ADMIN, COMPLETED, VIEWER, World, moment, query};

/// What is in the organization now.
fn status_and_priority(world: &World, id: ActivityId) -> (i64, Priority) {
    let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
    let version = version.unwrap();
    let activity = version.record().unwrap();
    (activity.status.0, activity.priority)
}

/// A list with something to choose from.
fn several(world: &World) -> [ActivityId; 3] {
    let account = Account { id: ClientId(3_400), name: Name::parse("Harbor Bakery").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    [
        world.activity_with("Call Ada about the gala", |draft| {
            draft.note = Note::parse("She prefers mornings").unwrap();
            draft.priority = Priority::High;
        }),
        world.activity_with("Bake bread", |draft| {
            draft.client = ClientId(7);
            draft.system_user = Presence::Set(ADMIN.0);
            draft.start = moment("2026-03-05T23:59:59-06:00");
        }),
        world.activity_with("Write the report", |draft| {
            draft.status = StatusRef::Id(COMPLETED);
            draft.system_user = Presence::Set(VIEWER.0);
            draft.priority = Priority::Low;
            draft.start = moment("2026-03-06T00:00:00-06:00");
        }),
    ]
}

#[test]
fn the_list_shows_names_where_they_are_known_and_numbers_elsewhere() {
    let world = World::new();
    let [call, ..] = several(&world);
    let page = world.editor().get("/activities").ok();
    page.shows("3 activities").shows("Harbor Bakery").shows("Account 7").shows("Vi Dahl");
    page.shows(&format!("<a href=\"/activities/{call}\">Call Ada about the gala</a>"));
    page.shows("<time datetime=\"2026-03-04T10:00:00.000-06:00\"");
}

#[test]
fn every_condition_in_the_address_narrows_the_list() {
    let world = World::new();
    several(&world);
    let mut browser = world.editor();
    let mut finds = |query: &str, expected: &[&str]| {
        let page = browser.get(&format!("/activities?{query}")).ok();
        for subject in ["Call Ada about the gala", "Bake bread", "Write the report"] {
            let link = format!(">{subject}</a>");
            let unmarked = page.body.replace("<mark>", "").replace("</mark>", "");
            assert_eq!(unmarked.contains(&link), expected.contains(&subject), "{query} {subject}");
        }
        page.shows("Clear all").shows("Remove filter: ");
    };
    let (call, bake, write) = ("Call Ada about the gala", "Bake bread", "Write the report");
    finds("q=gala", &[call]);
    finds("q=mornings", &[call]);
    finds("status=4", &[write]);
    finds("status=4&status=2", &[call, bake, write]);
    finds("status=4,2", &[call, bake, write]);
    finds("status=open", &[call, bake]);
    finds("status=done", &[write]);
    finds("priority=high", &[call]);
    finds("user=me", &[call]);
    finds("user=3", &[write]);
    finds("client=7", &[bake]);
    finds("client=harbor", &[call, write]);
    finds("client=HARB", &[call, write]);
    finds("client=bakery+harb", &[call, write]);
    finds("account=harb", &[call, write]);
    finds("q=harbor+gala", &[call]);
    finds("q=dahl", &[write]);
    finds("q=7", &[bake]);
    finds("client=Harbor+Bakery+(3400)", &[call, write]);
    finds("start_from=2026-03-05", &[bake, write]);
    finds("start_to=2026-03-05", &[call, bake]);
    finds("start_from=2026-03-05&start_to=2026-03-05", &[bake]);
    finds("changed_from=2026-03-04&changed_to=2026-03-04", &[call, bake, write]);
    finds("q=bread&user=me", &[]);
}

#[test]
fn a_condition_can_be_taken_away_alone_and_the_rest_stays() {
    let world = World::new();
    several(&world);
    let mut browser = world.editor();
    let page = browser.get("/activities?q=a&status=4&status=2&sort=subject&page=1").ok();
    page.shows("href=\"/activities?q=a&amp;status=2&amp;sort=subject\"");
    page.shows("href=\"/activities?q=a&amp;status=4&amp;sort=subject\"");
    page.shows("href=\"/activities?status=4&amp;status=2&amp;sort=subject\"");
    page.shows("href=\"/activities?sort=subject\"");
}

#[test]
fn the_list_is_sorted_by_the_column_in_the_address_which_says_so() {
    let world = World::new();
    several(&world);
    let mut browser = world.editor();
    let page = browser.get("/activities?sort=subject").ok();
    page.shows_in_order(&[">Bake bread<", ">Call Ada about the gala<", ">Write the report<"]);
    page.shows("aria-sort=\"ascending\"><a class=\"sort\" href=\"/activities?sort=subject&amp;direction=desc\">Subject");
    let page = browser.get("/activities?sort=subject&direction=desc").ok();
    page.shows_in_order(&[">Write the report<", ">Call Ada about the gala<", ">Bake bread<"]);
    let page = browser.get("/activities?sort=priority").ok();
    page.shows_in_order(&[">Call Ada about the gala<", ">Bake bread<", ">Write the report<"]);
    for column in ["account", "responsible", "start", "end", "status", "changed"] {
        browser.get(&format!("/activities?sort={column}&direction=asc")).ok().shows("aria-sort");
    }
}

#[test]
fn a_long_list_has_pages_and_its_count_is_exact() {
    let world = World::new();
    for n in 0..53 {
        world.activity(&format!("Letter {n:02}."));
    }
    let mut browser = world.viewer();
    let page = browser.get("/activities?sort=subject").ok();
    page.shows("1–50 of 53 activities").shows("Letter 49.").hides("Letter 50.");
    page.shows("href=\"/activities?sort=subject&amp;page=2\" rel=\"next\"");
    let page = browser.get("/activities?sort=subject&page=2").ok();
    page.shows("51–53 of 53 activities").hides("Letter 49.").shows("Letter 50.");
    let page = browser.get("/activities?sort=subject&size=200").ok();
    page.shows("53 activities").shows("Letter 00.").shows("Letter 52.");
    browser.get("/activities?page=9").ok().shows("Page not found").shows("page=2");
}

#[test]
fn nothing_there_is_told_from_nothing_found() {
    let world = World::new();
    let (mut browser, mut viewer) = (world.editor(), world.viewer());
    browser.get("/activities").ok().shows("No activities yet").shows("/activities/new");
    viewer.get("/activities").ok().shows("No activities yet").hides("/activities/new");
    let id = world.activity("Call Ada");
    browser.get("/activities?q=zebra").ok().shows("No matches").shows("Clear all filters");
    world.write(Write::Remove(id));
    browser.get("/activities").ok().shows("No activities left");
}

#[test]
fn what_makes_no_sense_in_the_address_is_said_in_words() {
    let world = World::new();
    world.activity("Call Ada");
    let mut browser = world.editor();
    let long = format!("q={}", "x".repeat(201));
    let many = (1..=101).map(|id| format!("status={id}")).collect::<Vec<_>>().join("&");
    for (query, words) in [
        ("start_from=abc", "Start: “abc” is not a date. Write it like 2026-03-04."),
        ("changed_to=2026-02-30", "Changed: “2026-02-30” is not a date."),
        (
            "start_from=2026-03-05&start_to=2026-03-04",
            "the first day must not be after the last day.",
        ),
        ("status=99", "There is no status “99”."),
        ("priority=urgent", "There is no priority “urgent”"),
        ("user=ada", "There is no user “ada”"),
        ("client=zebra", "No account matches “zebra”."),
        ("q=call&q=ada", "The address can have only one “q”"),
        ("priority=high&priority=low", "The address can have only one “priority”"),
        ("user=me&user=3", "The address can have only one “user”"),
        ("client=1&client=2", "The address can have only one “client”"),
        (&many, "Choose at most 100 statuses"),
        ("q=%E2%92%B6", "has no letters or digits to search for."),
        (&long, "Search for at most 200 characters."),
        ("q=%25%20%22", "“% &quot;” has no letters or digits to search for."),
        ("q=%3Cscript%3E&start_from=%3Cscript%3E", "“&lt;script&gt;” is not a date"),
    ] {
        let page = browser.get(&format!("/activities?{query}")).refused(422);
        page.shows(words).hides(">Call Ada<").hides("<script>");
        for file in ["csv", "xlsx"] {
            browser.get(&format!("/activities.{file}?{query}")).refused(400);
        }
    }
    for (query, words) in [
        ("sort=colour", "The list cannot be sorted by “colour”"),
        ("direction=up", "There is no direction “up”"),
        ("page=0", "The page must be 1 or more, not “0”."),
        ("size=5000", "1 to 200, not “5000”."),
    ] {
        browser.get(&format!("/activities?{query}")).ok().shows(words).shows(">Call Ada<");
    }
}

#[test]
fn a_part_of_an_account_s_name_shows_all_that_fit_and_a_whole_name_that_one() {
    let world = World::new();
    for (id, name) in
        [(1, "Harbor"), (2, "Harbor Bakery"), (3, "Łódź (2)"), (4, "Łódź"), (5, "Łódź (4) Trust")]
    {
        let account = Account { id: ClientId(id), name: Name::parse(name).unwrap() };
        world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
        world.activity_with(&format!("Activity {id}."), |draft| draft.client = ClientId(id));
    }
    let mut browser = world.editor();
    let mut finds = |client: &str, expected: &[i64], said: &str| {
        let page = browser.get(&format!("/activities?client={}", query(client))).ok();
        page.shows(said);
        for id in 1..=5 {
            let shown = page.body.contains(&format!("Activity {id}.</a>"));
            assert_eq!(shown, expected.contains(&id), "{client} {id}");
        }
    };
    finds("harb", &[1, 2], "Account: “harb” (2 accounts)");
    finds("HARBOR", &[1], "Account: Harbor ");
    finds("har bak", &[2], "Account: Harbor Bakery ");
    finds("lodz", &[4], "Account: Łódź ");
    finds("lod", &[3, 4, 5], "(3 accounts)");
    finds("Łódź (2)", &[3], "Account: Łódź (2) ");
    finds("lodz (4)", &[4], "Account: Łódź ");
    finds("2", &[2], "Account: Harbor Bakery ");
}

#[test]
fn a_hit_says_why_it_was_found() {
    let world = World::new();
    let [call, bake, _] = several(&world);
    let mut browser = world.editor();
    let page = browser.get("/activities?q=gala").ok();
    page.shows("Call Ada about the <mark>gala</mark></a>");
    browser.get("/activities?q=morn").ok().shows("She prefers <mark>mornings</mark>");
    browser.get("/activities?q=bakery+gala").ok().shows("Harbor <mark>Bakery</mark>");
    browser.get("/activities?q=dahl").ok().shows("Vi <mark>Dahl</mark>");
    browser.get("/activities?q=7").ok().shows("Account ID <mark>7</mark>");
    let page = browser.get(&format!("/activities?q={call}")).ok();
    page.shows(&format!("ID <mark>{call}</mark>"));
    browser.get(&format!("/activities?q={bake}+bread")).ok().shows("Bake <mark>bread</mark>");
    world.activity_with("Long", |draft| {
        let note = format!("{}needle <b> {}", "before ".repeat(90), "after ".repeat(90));
        draft.note = Note::parse(&note).unwrap();
    });
    let page = browser.get("/activities?q=needle").ok();
    page.shows("before <mark>needle</mark> &lt;b&gt; after").shows("after …").hides("<b>");
    browser.get("/activities").ok().hides("<mark>").hides("class=\"hit\"");
}

#[test]
fn the_list_its_file_and_a_change_of_all_that_match_are_about_the_same() {
    let world = World::new();
    let ids = several(&world);
    let mut browser = world.editor();
    for (query, expected) in [
        ("q=harbor+call", &ids[..1]),
        ("client=harb&q=the", &[ids[0], ids[2]]),
        ("account=harb&q=Dahl", &ids[2..]),
        ("q=7", &ids[1..2]),
    ] {
        let page = browser.get(&format!("/activities?{query}")).ok();
        let file = browser.get(&format!("/activities.csv?{query}")).ok();
        for id in ids {
            let (row, line) = (format!("<tr id=\"a{id}\""), format!("\r\n\"{id}\","));
            assert_eq!(page.body.contains(&row), expected.contains(&id), "{query} {id}");
            assert_eq!(file.body.contains(&line), expected.contains(&id), "{query} {id}");
        }
        let all = [("scope", "all"), ("list", query), ("action", "status"), ("status", "3")];
        browser.post("/activities/bulk", &all).redirected();
        for id in ids {
            assert_eq!(status_and_priority(&world, id).0 == 3, expected.contains(&id), "{query}");
            world.write(Write::Update(
                id,
                Box::new(domain::Patch {
                    status: Some(StatusRef::Id(domain::StatusId(2))),
                    ..domain::Patch::default()
                }),
            ));
        }
    }
}

#[test]
fn status_and_priority_are_changed_in_the_list_each_for_itself() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    browser.get("/activities?q=ada").ok().shows(&format!("action=\"/activities/{id}/quick\""));
    let (quick, back) = (format!("/activities/{id}/quick"), "/activities?q=ada");
    let page = browser.post(&quick, &[("status", "3"), ("back", back)]);
    assert_eq!(page.redirected(), format!("{back}&changed={id}&version=2"));
    browser.get(page.redirected()).ok().shows("“Call Ada”</a> is now Waiting.").shows("Undo");
    assert_eq!(status_and_priority(&world, id), (3, Priority::Normal));
    browser.post(&quick, &[("priority", "high"), ("back", back)]).redirected();
    assert_eq!(status_and_priority(&world, id), (3, Priority::High));
    let page = browser.post(&quick, &[("done", "1"), ("back", "/activities?q=ada&work=3#a1")]);
    assert_eq!(page.redirected(), format!("{back}&changed={id}&version=4#a1"));
    assert_eq!(status_and_priority(&world, id), (COMPLETED.0, Priority::High));
    let page = browser.post(&quick, &[("done", "1"), ("back", "//evil.example")]);
    assert_eq!(page.redirected(), "/activities");
}

#[test]
fn a_small_change_is_not_made_over_what_somebody_else_has_saved() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    let seen = browser.get("/activities").ok().value("seen").unwrap().to_owned();
    let quick = format!("/activities/{id}/quick");
    let fields = |status: &'static str| [("status", status), ("seen", ""), ("back", "/activities")];
    let with =
        |status| fields(status).map(|(name, v)| (name, if name == "seen" { &*seen } else { v }));
    browser.post(&quick, &with("3")).redirected();
    let page = browser.post(&quick, &with("1"));
    assert_eq!(page.redirected(), format!("/activities?outdated={id}"));
    assert_eq!(status_and_priority(&world, id), (3, Priority::Normal), "what was saved first");
    browser.get(page.redirected()).ok().shows("was changed by someone else in the meantime");
    world.write(Write::Remove(id));
    let page = browser.post(&quick, &with("1"));
    assert_eq!(page.redirected(), format!("/activities?gone={id}"));
    browser.get(page.redirected()).ok().shows("was removed in the meantime");
}

#[test]
fn a_small_change_takes_an_editor_our_form_and_an_activity_of_the_organization() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let quick = format!("/activities/{id}/quick");
    let fields = [("status", "3")];
    world.viewer().post(&quick, &fields).refused(403);
    world.stranger().post(&quick, &fields).refused(404);
    let mut browser = world.editor();
    browser.post_bare(&quick, &fields).refused(403);
    browser.post("/activities/999/quick", &fields).refused(404);
    browser.post("/activities/abc/quick", &fields).refused(404);
    for wrong in [("status", "99"), ("status", "x"), ("priority", "urgent")] {
        browser.post(&quick, &[wrong]).refused(400);
    }
    assert_eq!(status_and_priority(&world, id), (2, Priority::Normal));
    let page = world.viewer().get("/activities").ok();
    page.shows("Call Ada").hides("/quick").hides("name=\"id\"").hides("id=\"bulk\"");
}

#[test]
fn another_organization_sees_nothing_of_it() {
    let world = World::new();
    world.activity("Call Ada");
    let mut stranger = world.stranger();
    stranger.get("/activities").ok().shows("No activities yet").hides("Call Ada");
    stranger.get("/activities.csv").ok().hides("Call Ada");
    assert!(world.browser().get("/activities").redirected().starts_with("/sign-in"));
    for file in ["csv", "xlsx"] {
        let page = world.browser().get(&format!("/activities.{file}"));
        assert!(page.redirected().starts_with("/sign-in"));
    }
}

#[test]
fn a_subject_is_text_and_no_markup() {
    let world = World::new();
    world.activity("<script>alert(1)</script>");
    let page = world.editor().get("/activities?q=%3Cscript%3Ealert").ok();
    page.shows("&lt;script&gt;alert(1)&lt;/script&gt;").hides("<script>alert");
}
