//! Work that goes on: what is done, what follows, and the way back.

use domain::{Account, ActivityId, ClientId, Name};

use crate::editing::{filled, record, send};
use crate::harness::{COMPLETED, EDITOR, NOT_STARTED, World, moment};

const FIRST: ActivityId = ActivityId(1);
const SECOND: ActivityId = ActivityId(2);

#[test]
fn a_call_is_written_down_as_done_and_its_follow_up_begins_with_what_is_known() {
    let world = World::new();
    let mut browser = world.editor();
    let form = browser.get("/activities/new").ok();
    form.shows("autofocus").shows("Done and follow up");
    let typed = [
        ("subject", "Call Ada"),
        ("account", "3480"),
        ("priority", "High"),
        ("start", "2026-03-04T09:20"),
        ("then", "follow-up"),
        ("back", "/accounts/3480"),
    ];
    let page = send(&mut browser, "/activities", &filled(&form, &typed));
    let there = page.redirected().to_owned();
    assert!(
        there.starts_with("/activities/new?after=1&back=%2Faccounts%2F3480&changed=1"),
        "{there}"
    );
    assert_eq!(record(&world, FIRST).status, COMPLETED);
    assert_eq!(record(&world, FIRST).start, moment("2026-03-04T09:20:00-06:00"), "as it was typed");

    let form = browser.get(&there).ok();
    form.shows("“Call Ada”</a> was created with status Completed.")
        .shows("href=\"/accounts/3480\"");
    form.shows("value=\"2026-03-11T09:20\"").shows("value=\"3480\"");
    let page = send(&mut browser, "/activities", &filled(&form, &[]));
    assert!(page.redirected().starts_with("/activities/2?done=created"), "{}", page.redirected());
    let next = record(&world, SECOND);
    assert_eq!((next.subject.as_str(), next.client), ("Call Ada", Some(ClientId(3_480))));
    assert_eq!(next.start, moment("2026-03-11T09:20:00-05:00"), "clocks go forward in between");
    assert!(next.status != COMPLETED && next.system_user == Some(EDITOR.0));
    assert_eq!(next.priority, domain::Priority::High);
}

#[test]
fn done_saves_what_was_typed_and_goes_back() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let path = format!("/activities/{id}");
    let mut browser = world.editor();
    let form = browser.get(&format!("{path}?back=%2F%23today")).ok();
    form.shows("value=\"done\"").shows("href=\"/#today\"");
    let typed = [("note", "Nobody was there."), ("then", "done"), ("back", "/#today")];
    let page = send(&mut browser, &path, &filled(&form, &typed));
    assert_eq!(page.redirected(), "/?changed=1&version=2#today");
    let saved = record(&world, id);
    assert_eq!((saved.status, saved.note.as_str()), (COMPLETED, "Nobody was there."));
    browser
        .get(page.redirected())
        .ok()
        .shows("“Call Ada”</a> was changed and is now Completed.")
        .shows("Undo");
    let form = browser.get(&path).ok();
    form.hides("value=\"done\"").shows("/activities/new?after=1");

    // A change that someone else made in the meantime is not offered to be undone.
    let other = world.activity("Call Bob");
    let path = format!("/activities/{other}");
    let form = browser.get(&path).ok();
    let status = Some(domain::StatusRef::Id(COMPLETED));
    let patch = Box::new(domain::Patch { status, ..domain::Patch::default() });
    world.write(service::Write::Update(other, patch));
    let page = send(&mut browser, &path, &filled(&form, &[("then", "done"), ("back", "/")]));
    assert_eq!(page.redirected(), "/");

    // What is wrong is said first, and nothing is done.
    let form = browser.get("/activities/new").ok();
    let wrong = [("subject", ""), ("account", "3480"), ("then", "follow-up")];
    let page = send(&mut browser, "/activities", &filled(&form, &wrong)).refused(422);
    page.shows("Not saved yet. Please check the field marked below.");
    let (before, _) = page.body.split_once(" autofocus").unwrap();
    assert!(before.rsplit('<').next().unwrap().contains("name=\"subject\""), "{before}");
    assert_eq!(record(&world, id).status, COMPLETED);
    browser.get("/activities/new?after=99").refused(404);
    world.stranger().get("/activities/new?after=1").refused(404);
}

#[test]
fn what_is_written_down_as_done_does_not_lie_in_the_future() {
    let world = World::new();
    let mut browser = world.editor();
    // The form proposes the next full hour.
    let form = browser.get("/activities/new").ok();
    let typed = [("subject", "Call Ada"), ("account", "3480"), ("then", "follow-up")];
    send(&mut browser, "/activities", &filled(&form, &typed)).redirected();
    assert_eq!(record(&world, FIRST).start, moment("2026-03-04T10:00:00-06:00"));
}

#[test]
fn the_way_back_leads_to_where_one_came_from_and_nowhere_else() {
    let world = World::new();
    let id = world.activity("Call Ada");
    let mut browser = world.editor();
    for (query, back) in [
        ("", "/activities"),
        ("?back=%2Factivities%3Fq%3Dada", "/activities?q=ada"),
        ("?back=%2F%2Fevil.example", "/activities"),
        ("?back=https%3A%2F%2Fevil.example", "/activities"),
    ] {
        let page = browser.get(&format!("/activities/{id}{query}")).ok();
        page.shows(&format!("<a class=\"button quiet\" href=\"{back}\">Back</a>"));
    }
}

#[test]
fn an_account_that_is_not_there_is_made_along_with_the_activity() {
    let world = World::new();
    let known = Account { id: ClientId(70), name: Name::parse("Harbor Street").unwrap() };
    world.service.put_accounts(&world.acme, &[known], &mut |_| {}).unwrap();
    let mut browser = world.editor();
    let form = browser.get("/activities/new").ok();
    let typed = [("subject", "Call"), ("account", " Mill <Pantry> ")];
    let page = send(&mut browser, "/activities", &filled(&form, &typed)).refused(422);
    page.shows("was not found").shows("Add “Mill &lt;Pantry&gt;” as a new account");
    let names = |world: &World| world.acme.accounts().len();

    // Only once nothing else is wrong.
    let agreed = ("add_account", "Mill <Pantry>");
    let typed = [("subject", ""), ("account", " Mill <Pantry> "), agreed];
    send(&mut browser, "/activities", &filled(&form, &typed)).refused(422);
    assert_eq!(names(&world), 1);
    // What was agreed to is that name, not another that has been typed since.
    let typed = [("subject", "Call"), ("account", "Mill"), agreed];
    send(&mut browser, "/activities", &filled(&form, &typed)).refused(422);
    assert_eq!(names(&world), 1);
    let typed = [("subject", "Call"), ("account", " Mill <Pantry> "), agreed];
    send(&mut browser, "/activities", &filled(&form, &typed)).redirected();
    let made = record(&world, FIRST).client.unwrap();
    assert_eq!(world.acme.accounts().name(made).unwrap().as_str(), "Mill <Pantry>");
    // A second click makes no second one.
    send(&mut browser, "/activities", &filled(&form, &typed)).redirected();
    assert_eq!(names(&world), 2);

    // A part of another account's name can be a new name, also in the form of an existing activity.
    let id = world.activity("Meet");
    let path = format!("/activities/{id}");
    let form = browser.get(&path).ok();
    let typed = [("account", "Harbor"), ("add_account", "Harbor")];
    send(&mut browser, &path, &filled(&form, &typed)).redirected();
    let made = record(&world, id).client.unwrap();
    assert_eq!(world.acme.accounts().name(made).unwrap().as_str(), "Harbor");
    assert_eq!(record(&world, id).status, NOT_STARTED);
}
