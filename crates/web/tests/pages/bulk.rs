//! Changes of many activities at once.

use domain::{ActivityId, Patch, StatusId, StatusName, StatusRef, Subject, UserId};
use service::{Authority, BulkChange, UserChange, Write, wait};

use crate::harness::{Browser, COMPLETED, NOT_STARTED, Page, VIEWER, World};

/// Status and responsible user of an activity; none where it is gone.
fn state(world: &World, id: ActivityId) -> Option<(StatusId, Option<UserId>)> {
    let (_, version) = world.block_on(world.service.retrieve(&world.acme, id)).unwrap();
    let version = version?;
    let activity = version.record()?;
    Some((activity.status, activity.system_user))
}

#[test]
fn what_is_ticked_gets_another_status_and_the_list_says_so() {
    let world = World::new();
    let ids = ["One", "Two", "Three"].map(|subject| world.activity(subject));
    let (one, two) = (ids[0].to_string(), ids[1].to_string());
    let mut browser = world.editor();
    let fields = [
        ("id", one.as_str()),
        ("id", &two),
        ("scope", "selected"),
        ("action", "status"),
        ("status", "4"),
        ("user", "1"),
        ("list", "?sort=subject"),
    ];
    let page = browser.post("/activities/bulk", &fields);
    let there = page.redirected();
    assert_eq!(there, "/activities?sort=subject&work=1");
    let page = browser.get(there).ok();
    page.shows("Finished setting 2 activities to Completed: 2 activities changed.");
    let statuses = ids.map(|id| state(&world, id).unwrap().0);
    assert_eq!(statuses, [COMPLETED, COMPLETED, NOT_STARTED]);
    browser.post("/activities/bulk", &fields).redirected();
    browser.get("/activities?work=2").ok().shows("0 activities changed; 2 needed no change");
}

#[test]
fn all_that_match_are_changed_whatever_page_they_are_on() {
    let world = World::new();
    let letters: Vec<_> = (0..60).map(|n| world.activity(&format!("Letter {n}"))).collect();
    let other = world.activity("Call");
    let mut browser = world.editor();
    let page = browser.get("/activities?q=letter").ok();
    page.shows("All 60 matching");
    let list = page.value("list").unwrap().to_owned();
    let mut give = |user| {
        let fields = [
            ("scope", "all"),
            ("action", "user"),
            ("user", user),
            ("status", "1"),
            ("list", &list),
        ];
        let page = browser.post("/activities/bulk", &fields).ok();
        page.shows("ssign 60 activities").shows("You can undo this afterwards.");
        let kept = ["list", "scope", "action", "user", "confirmed"];
        let kept = kept.map(|name| (name, page.value(name).unwrap()));
        browser.post("/activities/bulk", &kept).redirected().to_owned()
    };
    // So many are asked about first.
    assert_eq!(give("3"), "/activities?q=letter&work=1");
    let responsible = |id| state(&world, id).unwrap().1;
    assert!(letters.iter().all(|id| responsible(*id) == Some(VIEWER.0)));
    give("nobody");
    assert!(letters.iter().all(|id| responsible(*id).is_none()));
    assert_eq!(responsible(other), Some(UserId(2)));
}

#[test]
fn removing_many_is_asked_for_once_more() {
    let world = World::new();
    let [one, two] = ["One", "Two"].map(|subject| world.activity(subject));
    let mut browser = world.editor();
    let ticked = one.to_string();
    let fields =
        [("id", ticked.as_str()), ("scope", "selected"), ("action", "remove"), ("list", "?q=one")];
    let page = browser.post("/activities/bulk", &fields).ok();
    page.shows("Remove 1 activity?").shows("href=\"/activities?q=one\"");
    assert!(state(&world, one).is_some());
    let kept = ["id", "scope", "action", "list", "confirmed"];
    let kept = kept.map(|name| (name, page.value(name).unwrap()));
    let page = browser.post("/activities/bulk", &kept);
    assert_eq!(page.redirected(), "/activities?q=one&work=1");
    assert_eq!(state(&world, one), None);
    assert!(state(&world, two).is_some());
    browser
        .get("/activities?work=1")
        .ok()
        .shows("Finished removing 1 activity: 1 activity changed.");
}

#[test]
fn no_others_are_removed_than_were_spoken_of() {
    let world = World::new();
    let letter = world.activity("Letter");
    let mut browser = world.editor();
    let mut remove_all = |confirmed: &str| {
        let fields = [("scope", "all"), ("list", "?q=letter"), ("action", "remove")];
        let confirmed = [("confirmed", confirmed)];
        browser.post("/activities/bulk", &[&fields[..], &confirmed].concat())
    };
    let is_there = |id| state(&world, id).is_some();
    let page = remove_all("").ok();
    let one = page.value("confirmed").unwrap().to_owned();
    page.shows("Remove 1 activity?").hides("The list has changed");

    let late = world.activity("Another letter, made meanwhile");
    let page = remove_all(&one).ok();
    page.shows("Remove 2 activities?").shows("The list has changed in the meantime");
    let two = page.value("confirmed").unwrap().to_owned();

    // As many as before, and others.
    world.write(Write::Remove(late));
    let other = world.activity("A third letter");
    for agreed in [&one, &two, "1", "2"] {
        let page = remove_all(agreed).ok();
        page.shows("Remove 2 activities?").shows("The list has changed in the meantime");
        assert!(is_there(letter) && is_there(other));
    }
    let others = remove_all(&two).value("confirmed").unwrap().to_owned();
    world.activity("Call"); // It is none of those.
    remove_all(&others).redirected();
    assert!(!is_there(letter) && !is_there(other));
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let world = World::new();
    let id = world.activity("One");
    let ticked = id.to_string();
    let mut browser = world.editor();
    let before = state(&world, id);
    let ticked = ("id", ticked.as_str());
    let (status, all) = (("action", "status"), ("scope", "all"));
    let page = browser.post("/activities/bulk", &[status, ("status", "4")]).refused(422);
    page.shows("No activities selected");
    for fields in [
        vec![ticked, status, ("status", "99")],
        vec![ticked, status],
        vec![ticked, status, ("status", "")],
        vec![ticked, ("action", "user"), ("user", "99")],
        vec![ticked, ("action", "paint")],
        vec![ticked],
        vec![all, status, ("status", "4"), ("list", "?start_from=abc")],
    ] {
        browser.post("/activities/bulk", &fields).refused(400);
    }
    assert_eq!(state(&world, id), before);
}

#[test]
fn many_are_changed_by_an_editor_from_our_form_in_the_own_organization() {
    let world = World::new();
    let id = world.activity("One");
    let ticked = id.to_string();
    let fields = [("id", ticked.as_str()), ("action", "remove"), ("confirmed", "1")];
    world.viewer().post("/activities/bulk", &fields).refused(403);
    world.editor().post_bare("/activities/bulk", &fields).refused(403);
    world.stranger().post("/activities/bulk", &fields).redirected();
    assert!(state(&world, id).is_some());
    world.editor().post("/activities/bulk", &fields).redirected();
    assert!(state(&world, id).is_none());
    // Works have numbers of their own in each organization.
    world.stranger().get("/work/1").ok().shows("0 activities changed; 1 needed no change");
    world.stranger().get("/work/2").refused(404);
    world.editor().get("/work/abc").refused(404);
}

#[test]
fn more_than_a_few_are_followed_on_a_page_of_their_own() {
    let world = World::new();
    let first = world.activity("Number 0");
    for n in 1..=500 {
        world.activity(&format!("Number {n}"));
    }
    let mut browser = world.editor();
    let fields = [("scope", "all"), ("action", "remove"), ("list", "?q=number&sort=subject")];
    let page = browser.post("/activities/bulk", &fields).ok();
    let confirmed =
        [("confirmed", page.shows("Remove 501 activities?").value("confirmed").unwrap())];
    let page = browser.post("/activities/bulk", &[&fields[..], &confirmed].concat());
    let there = "/work/1?back=%2Factivities%3Fq%3Dnumber%26sort%3Dsubject";
    assert_eq!(page.redirected(), there);
    let person = world.service.person(browser.cookie("driftless_session").unwrap()).unwrap();
    let work = world.service.long_work(&person, 1).unwrap();
    world.block_on(work.ended());
    let page = browser.get(there).ok();
    page.shows("501 activities changed.");
    page.shows("href=\"/activities?q=number&amp;sort=subject\"").hides("<progress");
    browser.get("/work/1?back=//evil.example").ok().shows("href=\"/activities\"");
    let told = browser.get_as("/work/1", "application/json").ok();
    assert_eq!(told.body, r#"{"done":501,"total":501,"finished":true}"#);
    assert!(state(&world, first).is_none());
}

/// Sends the undoing of the work whose notice the page has.
fn undo(browser: &mut Browser<'_>, page: &Page) -> String {
    let (_, form) = page.body.split_once("action=\"/work/").unwrap();
    let (number, form) = form.split_once('/').unwrap();
    let (_, back) = form.split_once("name=\"back\" value=\"").unwrap();
    let back = back.split_once('"').unwrap().0.replace("&amp;", "&");
    browser.post(&format!("/work/{number}/undo"), &[("back", &back)]).redirected().to_owned()
}

#[test]
fn many_changes_are_undone_with_one_click_but_not_over_what_others_did_since() {
    let world = World::new();
    let ids = [1, 2, 3, 4].map(|n| world.activity(&format!("Call {n}")));
    let waiting = Patch { status: Some(StatusRef::Id(StatusId(3))), ..Patch::default() };
    world.write(Write::Update(ids[1], Box::new(waiting)));
    let ticked = ids.map(|id| id.to_string());
    let ticked: Vec<_> = ticked.iter().map(|id| ("id", id.as_str())).collect();
    let change = [("action", "status"), ("status", "4"), ("list", "?q=call")];
    let mut browser = world.editor();
    let there = browser.post("/activities/bulk", &[&ticked[..], &change].concat());
    let page = browser.get(there.redirected()).ok();
    page.shows("Finished setting 4 activities to Completed: 4 activities changed. ").shows("Undo");
    world.viewer().get(there.redirected()).ok().hides("Undo");

    // One of them is changed by someone else, another is removed.
    let subject = Some(Subject::parse("Somebody’s").unwrap());
    world.write(Write::Update(ids[2], Box::new(Patch { subject, ..Patch::default() })));
    world.write(Write::Remove(ids[3]));
    let undone = undo(&mut browser, &page);
    assert_eq!(undone, "/activities?q=call&work=2");
    let told = browser.get(&undone).ok();
    told.shows(
        "Finished undoing “Setting 4 activities to Completed”: 2 activities changed; 2 were skipped",
    );
    let status = |id| state(&world, id).map(|(status, _)| status);
    let now = ids.map(status);
    assert_eq!(now, [Some(NOT_STARTED), Some(StatusId(3)), Some(COMPLETED), None]);

    // A second click undoes nothing more; the undoing itself can be undone.
    assert_eq!(undo(&mut browser, &page), "/activities?q=call");
    browser.get(there.redirected()).ok().hides("Undo</button>");
    undo(&mut browser, &told);
    assert_eq!(ids.map(status)[..2], [Some(COMPLETED), Some(COMPLETED)]);
    world.viewer().post("/work/1/undo", &[]).refused(403);
    world.stranger().post("/work/1/undo", &[]).refused(404);
}

#[test]
fn a_status_that_is_renamed_is_nobodys_change_of_an_activity() {
    let world = World::new();
    let ids = [1, 2].map(|n| world.activity(&format!("Call {n}")));
    let ticked = ids.map(|id| id.to_string());
    let ticked: Vec<_> = ticked.iter().map(|id| ("id", id.as_str())).collect();
    let change = [("action", "status"), ("status", "4"), ("list", "")];
    let mut browser = world.editor();
    let there = browser.post("/activities/bulk", &[&ticked[..], &change].concat());
    let page = browser.get(there.redirected()).ok();
    let rename = |name: &str| {
        let name = StatusName::parse(name).unwrap();
        wait(world.service.rename_status(
            Authority::command_line(&world.acme),
            COMPLETED,
            name,
            &mut |_| {},
        ))
        .unwrap();
    };
    rename("Over");
    rename("Over and done");
    let undone = undo(&mut browser, &page);
    browser.get(&undone).ok().shows("2 activities changed.").hides("left alone");
    assert_eq!(ids.map(|id| state(&world, id).unwrap().0), [NOT_STARTED, NOT_STARTED]);
}

#[test]
fn what_was_removed_at_once_comes_back_at_once() {
    let world = World::new();
    let ids = [1, 2, 3].map(|n| world.activity(&format!("Call {n}")));
    let ticked = ids.map(|id| id.to_string());
    let ticked: Vec<_> = ticked.iter().map(|id| ("id", id.as_str())).collect();
    let remove = [("action", "remove"), ("confirmed", "1"), ("list", "")];
    let mut browser = world.editor();
    let there = browser.post("/activities/bulk", &[&ticked[..], &remove].concat());
    let page = browser.get(there.redirected()).ok();
    page.shows("No activities left");
    let undone = undo(&mut browser, &page);
    browser.get(&undone).ok().shows("3 activities changed.").shows("Call 3");

    // From the bin too, and back again.
    browser.post("/activities/bulk", &[&ticked[..], &remove].concat());
    let page = browser.get("/bin").ok();
    page.shows("Select Call 1").shows("action=\"/bin/restore\"");
    let there = browser.post("/bin/restore", &[&ticked[..2], &[("back", "/bin")]].concat());
    assert_eq!(there.redirected(), "/bin?work=4");
    let page = browser.get(there.redirected()).ok();
    page.shows("Finished restoring 2 activities: 2 activities changed.")
        .shows("1 removed activity");
    undo(&mut browser, &page);
    browser.get("/bin").ok().shows("3 removed activities");
    assert_eq!(browser.post("/bin/restore", &[]).redirected(), "/bin");
    world.viewer().post("/bin/restore", &ticked).refused(403);
}

#[test]
fn more_than_a_few_are_restored_after_a_question() {
    let world = World::new();
    let ids: Vec<String> = (0..31)
        .map(|n| {
            let id = world.activity(&format!("Call {n}"));
            world.write(Write::Remove(id));
            id.to_string()
        })
        .collect();
    let ticked: Vec<_> = ids.iter().map(|id| ("id", id.as_str())).collect();
    let mut browser = world.editor();
    let fields = [&ticked[..], &[("back", "/bin?q=call")]].concat();
    let page = browser.post("/bin/restore", &fields).ok();
    page.shows("Restore 31 activities?").shows("href=\"/bin?q=call\"");
    let agreed = [&fields[..], &[("confirmed", page.value("confirmed").unwrap())]].concat();
    let page = browser.post("/bin/restore", &agreed);
    assert_eq!(page.redirected(), "/bin?q=call&work=1");
    browser.get(page.redirected()).ok().shows("31 activities changed.");
}

#[test]
fn what_was_refused_is_not_said_to_have_been_so_already() {
    let world = World::new();
    let ids = [world.activity("One"), world.activity("Two")];
    let browser = world.editor();
    let person = world.service.person(browser.cookie("driftless_session").unwrap()).unwrap();
    let change = BulkChange::Status(StatusId(99));
    let work = world.service.start_bulk(&person, ids.to_vec(), change, "Setting 2".to_owned());
    world.block_on(work.unwrap().ended());
    let page = world.editor().get("/work/1").ok();
    page.shows("could not be finished.").shows("2 could not be changed").hides("so already");
}

#[test]
fn whoever_lost_the_role_meanwhile_is_told() {
    let world = World::new();
    let id = world.activity("One");
    let browser = world.editor();
    let person = world.service.person(browser.cookie("driftless_session").unwrap()).unwrap();
    wait(world.service.change_user(
        Authority::command_line(&world.acme),
        person.user,
        UserChange::DISABLE,
    ))
    .unwrap();
    let (ids, change) = (vec![id], BulkChange::Remove);
    let work = world.service.start_bulk(&person, ids, change, "Removing 1 activity".to_owned());
    world.block_on(work.unwrap().ended());
    let page = world.admin().get("/work/1").ok();
    page.shows("could not be finished. Permission denied.");
    assert!(state(&world, id).is_some());
}
