//! The start page: what of mine is due.

use service::Write;

use domain::{Account, ActivityId, ClientId, Name, Presence, StatusRef};

use crate::editing::{filled, record, send};
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
        // What was missed last comes first.
        "2026-03-03T23:59:59-06:00",
        "2025-01-01T00:00:00Z",
        "id=\"ahead\"",
        "2026-03-05T00:00:00-06:00",
        "2026-03-11T23:59:59-05:00",
    ]);
    page.hides("2026-03-12T00:00:00-05:00");
    page.shows("<b>2</b><span>Due today").shows("<b>2</b><span>Next 7 days");
}

#[test]
fn only_what_is_mine_and_not_done_is_due() {
    let world = World::new();
    world.activity("Mine");
    world.activity_with("Another's", |draft| draft.system_user = Presence::Set(ADMIN.0));
    world.activity_with("Done", |draft| draft.status = StatusRef::Id(COMPLETED));
    world.editor().get("/").ok().shows("Mine").hides("Another&#39;s").hides("Done<");
    world.stranger().get("/").ok().hides("Mine").shows("No activities yet");
}

#[test]
fn one_click_makes_an_activity_done() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    browser.get("/").ok().shows(&format!("action=\"/activities/{id}/quick\""));
    let page = browser.post(&format!("/activities/{id}/quick"), &[("done", "1"), ("back", "/")]);
    assert_eq!(page.redirected(), format!("/?changed={id}&version=2"));
    browser.get("/").ok().hides("Call Ada").shows("All clear");
    let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
    assert_eq!(version.unwrap().record().unwrap().status, COMPLETED);
}

/// Sends the form of the notice, as it is on the page.
fn undo(browser: &mut Browser<'_>, page: &Page, id: ActivityId) -> Page {
    let (_, form) = page.body.split_once(&format!("/activities/{id}/undo\"")).unwrap();
    let field = |name: &str| {
        let (_, after) = form.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        after.split_once('"').unwrap().0
    };
    let fields = [("version", field("version")), ("back", field("back"))];
    browser.post(&format!("/activities/{id}/undo"), &fields)
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
    page.shows("“Call Ada”</a> is now Completed.").shows("Undo");
    let undone = undo(&mut browser, &page, id).redirected().to_owned();
    browser
        .get(&undone)
        .ok()
        .shows("“Call Ada”</a> is now Not Started.")
        .shows("title=\"Mark as done\"");
    assert_eq!(record(&world, id).status, NOT_STARTED);
    // It was already undone, so the notice no longer has a button.
    let again = undo(&mut browser, &page, id);
    assert_eq!(again.redirected(), format!("/?outdated={id}#a{id}"));
    browser.get(&told).ok().shows("is now Completed.").hides("Undo");

    // Does not overwrite what someone else has saved since.
    let told = browser.post(&path, &[("done", "1"), ("back", "/")]).redirected().to_owned();
    let page = browser.get(&told).ok();
    world.viewer().get(&told).ok().shows("is now Completed.").hides("Undo");
    world.write(Write::Remove(id));
    let answer = undo(&mut browser, &page, id);
    assert_eq!(answer.redirected(), format!("/?outdated={id}#a{id}"));
    browser.get(answer.redirected()).ok().shows("changed by someone else").hides("Undo");

    // What was done already has nothing to be undone.
    world.write(Write::Restore { id, to: None, seen: None });
    let page = browser.post(&path, &[("done", "1"), ("back", "/?changed=7&version=1")]);
    assert_eq!(page.redirected(), "/");
    for nothing in ["/?changed=1&version=%22%3E%3Cb%3E", "/?changed=99&version=1", "/?outdated=99"]
    {
        browser.get(nothing).ok().hides("\"><b>").hides("Undo").hides("now.");
    }
    world.viewer().post(&format!("/activities/{id}/undo"), &[("version", "5")]).refused(403);
    world.stranger().post(&format!("/activities/{id}/undo"), &[("version", "5")]).refused(404);
    browser.post(&format!("/activities/{id}/undo"), &[("version", "x")]).refused(404);
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
    page.shows("Late 11").hides("Late 1<").shows("Show all 12 in the list");
    let (before, _) = page.body.split_once("Show all 12 in the list").unwrap();
    let address = before.rsplit_once("href=\"").unwrap().1.split_once('"').unwrap().0;
    let address = address.replace("&amp;", "&");
    world.activity("Not late");
    let page = browser.get(&address).ok();
    page.shows_in_order(&["Late 11<", "Late 0<"]).shows("12 activities").hides("Not late");
}

#[test]
fn what_is_under_way_is_not_overdue() {
    let world = World::new();
    let lasting = |subject: &str, end: &str| {
        world.activity_with(subject, |draft| {
            draft.start = moment("2026-03-02T09:00:00-06:00");
            draft.end = Some(moment(end));
        });
    };
    lasting("Campaign", "2026-03-07T18:00:00-06:00");
    lasting("Ends in a minute", "2026-03-04T10:01:00-06:00");
    lasting("Ended this morning", "2026-03-04T09:59:59-06:00");
    with_activities_at(&world, &["2026-03-02T09:00:00-06:00"]);
    let mut browser = world.editor();
    let page = browser.get("/").ok();
    page.shows_in_order(&[
        "id=\"underway\"",
        "Campaign",
        "Ends in a minute",
        "id=\"overdue\"",
        "2026-03-02T09:00:00-06:00",
        "Ended this morning",
        "id=\"ahead\"",
    ]);
    page.shows("<b>2</b><span>Under way").shows("<b>2</b><span>Overdue");
    let page = browser.get("/activities?due=overdue").ok();
    page.shows("2 activities").shows("Ended this morning").hides("Campaign");
    let page = browser.get("/activities?due=underway").ok();
    page.shows("2 activities").shows("Campaign").hides("Ended this morning");
    // Where there is none it has no place.
    world.clock.set(moment("2026-03-09T09:00:00-05:00").stamp);
    world.editor().get("/").ok().hides("Under way").shows("<b>4</b><span>Overdue");
}

#[test]
fn what_is_due_is_a_condition_like_others() {
    let world = World::new();
    world.activity("Today");
    world.activity_with("Done", |draft| draft.status = StatusRef::Id(COMPLETED));
    let mut browser = world.editor();
    let page = browser.get("/activities?due=today").ok();
    page.shows("1 activity").shows("Remove filter: Due today").hides("Done</a>");
    browser.get("/activities?due=today&status=open").ok().shows("1 activity");
    browser.get("/activities?due=today&start_from=2026-03-05").ok().shows("No matches");
    // A condition that nothing can meet never lets everything through.
    browser
        .get("/activities?due=today&status=done")
        .refused(422)
        .shows("Done activities are never due");
    browser.get("/activities?due=never").refused(422).shows("today, underway, overdue, ahead");
}

#[test]
fn each_person_may_choose_the_zone_of_their_pages() {
    let world = World::new();
    world.activity_with("Late in Chicago", |draft| {
        draft.start = moment("2026-03-04T19:00:00-06:00");
        draft.end = Some(moment("2026-03-04T19:30:00-06:00"));
    });
    let mut browser = world.editor();
    browser.get("/").ok().shows("<b>1</b><span>Due today").shows(">19:00</time>");
    let page = browser.post("/preferences", &[("zone", "Asia/Tokyo")]);
    browser.get(page.redirected()).ok().shows("Preferences saved").shows("value=\"Asia/Tokyo\"");
    // It is one o'clock of the fifth there.
    let page = browser.get("/").ok();
    page.shows("Thursday, 2026-03-05</p>").shows("<b>1</b><span>Due today").shows(">10:00</time>");
    let page = browser.get("/activities/1").ok();
    page.shows("value=\"2026-03-05T10:00\"")
        .shows("In the Asia/Tokyo time zone")
        .shows("Asia/Tokyo</a>");
    browser.get("/activities").ok().shows(">Thu 5 Mar, 10:00</time>").shows(">10:30</time>");
    let page = browser.get("/activities?start_from=2026-03-05&start_to=2026-03-05").ok();
    page.shows("1 activity");
    // What is typed there is read so, and others see it by their own clocks.
    let typed = [("start", "2026-03-05T08:00")];
    let fields = filled(&browser.get("/activities/1"), &typed);
    send(&mut browser, "/activities/1", &fields).redirected();
    world.admin().get("/activities").ok().shows(">Wed 4 Mar, 17:00</time>");

    let page = browser.post("/preferences", &[("zone", "Middle/Earth")]);
    page.refused(422).shows("is not known").shows("value=\"Middle/Earth\"");
    browser.post("/preferences", &[("zone", " ")]).redirected();
    browser.get("/").ok().shows("Wednesday, 2026-03-04</p>");
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

#[test]
fn what_was_missed_is_planned_for_another_day_at_its_time() {
    let world = World::new();
    let id = world.activity_with("Meet Ada", |draft| {
        draft.start = moment("2026-03-02T09:30:00-06:00");
        draft.end = Some(moment("2026-03-02T10:15:00-06:00"));
    });
    let mut browser = world.editor();
    let page = browser.get("/").ok();
    page.shows("Move to…").shows("<option value=\"2026-03-04\">Wed 4 Mar</option>");
    page.shows("<option value=\"2026-03-10\">Tue 10 Mar</option>").hides("2026-03-11");
    let seen = page.value("seen").unwrap().to_owned();
    // Clocks go forward on the 8th.
    let fields = [("day", "2026-03-09"), ("seen", seen.as_str()), ("back", "/#overdue")];
    let quick = format!("/activities/{id}/quick");
    let told = browser.post(&quick, &fields).redirected().to_owned();
    browser.get(&told).ok().shows("now starts Mon 9 Mar, 09:30.").shows("Undo");
    let activity = record(&world, id);
    assert_eq!(activity.start, moment("2026-03-09T09:30:00-05:00"));
    assert_eq!(activity.end, Some(moment("2026-03-09T10:15:00-05:00")));
    for wrong in ["2026-02-30", "tomorrow", ""] {
        browser.post(&quick, &[("day", wrong)]).refused(400);
    }
    assert_eq!(record(&world, id), activity);
    world.viewer().get("/").ok().hides("Move to…");
}

#[test]
fn all_is_not_clear_while_what_is_due_is_assigned_to_no_one() {
    let world = World::new();
    let nobody = |draft: &mut domain::Draft| draft.system_user = Presence::Clear;
    world.activity_with("Overdue", |draft| {
        nobody(draft);
        draft.start = moment("2026-03-03T10:00:00-06:00");
    });
    world.activity_with("Today", |draft| {
        nobody(draft);
        draft.start = moment("2026-03-04T10:00:00-06:00");
    });
    world.activity_with("Done", |draft| {
        nobody(draft);
        draft.status = StatusRef::Id(COMPLETED);
        draft.start = moment("2026-03-04T10:00:00-06:00");
    });
    let mut editor = world.editor();
    let page = editor.get("/").ok();
    page.hides("All clear")
        .shows("Assigned to no one: ")
        .shows(">1 overdue</a>")
        .shows(">1 due today</a>");
    let overdue = "/activities?status=open&user=none&sort=start&due=overdue";
    page.shows(&format!("href=\"{}\"", overdue.replace('&', "&amp;")));
    let list = editor.get(overdue).ok();
    list.shows("Overdue</a>").hides("Today</a>").shows("1 activity").shows("Unassigned");
    editor.get("/activities?user=none").ok().shows("3 activities").shows("value=\"none\" selected");
    world.activity("Mine");
    editor.get("/activities?user=none").ok().shows("3 activities");
}
