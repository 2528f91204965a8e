//! Removing and restoring.

use domain::{ActivityId, Patch, Subject};
use service::Write;

use crate::editing::record;
use crate::harness::World;

fn is_there(world: &World, id: ActivityId) -> bool {
    let latest = world.block_on(world.service.latest(&world.acme, id)).unwrap().unwrap();
    latest.record().is_some()
}

#[test]
fn what_is_removed_can_be_brought_back_at_once() {
    let world = World::new();
    let id = world.activity("Call <Ada>");
    let mut browser = world.editor();
    let answer = browser.post("/activities/1/remove", &[("confirmed", "1")]);
    assert_eq!(answer.redirected(), "/activities?changed=1&version=2");
    assert!(!is_there(&world, id));
    browser
        .get(answer.redirected())
        .ok()
        .shows("“Call &lt;Ada&gt;”</a> was removed.")
        .shows("Undo");
    let page = browser.get("/activities/1").ok();
    page.shows("This activity was removed by Ed Cohen").shows("Call &lt;Ada&gt;").shows("Restore");
    world.viewer().get("/activities/1").ok().hides(">Restore<");

    let second = browser.post("/activities/1/remove", &[("confirmed", "1")]);
    assert_eq!(second.redirected(), answer.redirected(), "a second click says the same");
    let undo = [("version", "2"), ("back", "/activities")];
    let undone = browser.post("/activities/1/undo", &undo);
    assert_eq!(undone.redirected(), "/activities?changed=1&version=3");
    browser.get(undone.redirected()).ok().shows("was restored.");
    assert!(is_there(&world, id));
    let same = browser.post("/activities/1/restore", &[]);
    assert_eq!(same.redirected(), "/activities/1?done=same");
    world.write(Write::Remove(id));
    let restored = browser.post("/activities/1/restore", &[]);
    assert_eq!(restored.redirected(), "/activities/1?changed=1&version=5");
    browser.get(restored.redirected()).ok().shows("was restored.");
}

#[test]
fn without_scripts_a_page_asks_first() {
    let world = World::new();
    let id = world.activity("Call <Ada>");
    let mut browser = world.editor();
    let page = browser.post("/activities/1/remove", &[("back", "/bin")]).ok();
    page.shows("Remove this activity?").shows("Call &lt;Ada&gt;");
    assert_eq!((page.value("back"), page.value("confirmed")), (Some("/bin"), Some("1")));
    assert!(is_there(&world, id));
}

#[test]
fn one_goes_back_to_where_one_came_from_and_nowhere_else() {
    let world = World::new();
    world.activity("one");
    let mut browser = world.editor();
    for (back, to) in [
        ("/activities?q=a+b&page=2", "/activities?q=a+b&page=2&changed=1&version=2"),
        ("//evil.example", "/activities?changed=1&version=2"),
        ("https://evil.example", "/activities?changed=1&version=2"),
        // No browser has been at such an address, and none could be sent there.
        ("/activities/Zo\u{eb}", "/activities?changed=1&version=2"),
        ("/activities/a b", "/activities?changed=1&version=2"),
    ] {
        let fields = [("back", back), ("confirmed", "1")];
        assert_eq!(browser.post("/activities/1/remove", &fields).redirected(), to);
    }
    let to = browser.post("/activities/1/restore", &[("back", "/bin?page=2")]);
    assert_eq!(to.redirected(), "/bin?page=2&changed=1&version=3");
    let to = browser.post("/activities/1/restore", &[("back", "//evil.example")]);
    assert_eq!(to.redirected(), "/activities/1?done=same");
}

#[test]
fn any_version_can_be_restored() {
    let world = World::new();
    let id = world.activity("first");
    let subject = Some(Subject::parse("second").unwrap());
    world.write(Write::Update(id, Box::new(Patch { subject, ..Patch::default() })));
    let mut browser = world.editor();
    let answer = browser.post("/activities/1/restore", &[("seq", "1")]);
    assert_eq!(answer.redirected(), "/activities/1?changed=1&version=3");
    assert_eq!(record(&world, id).subject.as_str(), "first");
    for nothing in ["x", "0", "99", "18446744073709551615"] {
        browser.post("/activities/1/restore", &[("seq", nothing)]).refused(404);
    }
}

#[test]
fn a_story_does_not_undo_what_was_saved_since_it_was_opened() {
    let world = World::new();
    let id = world.activity("First");
    let save = |subject| {
        let subject = Some(Subject::parse(subject).unwrap());
        world.write(Write::Update(id, Box::new(Patch { subject, ..Patch::default() })));
    };
    save("Second");
    let mut browser = world.editor();
    browser.get("/activities/1/history").shows("name=\"seen\" value=\"2\"");
    save("Saved meanwhile");
    let answer = browser.post("/activities/1/restore", &[("seq", "1"), ("seen", "2")]);
    assert_eq!(answer.redirected(), "/activities/1/history?outdated=1");
    browser.get(answer.redirected()).shows("nothing was restored").shows("Saved meanwhile");
}

#[test]
fn only_editors_of_the_organization_remove_and_restore() {
    let world = World::new();
    let id = world.activity("one");
    for path in ["/activities/1/remove", "/activities/1/restore"] {
        world.viewer().post(path, &[]).refused(403);
        world.stranger().post(path, &[]).refused(404);
        world.editor().post_bare(path, &[]).refused(403);
        world.editor().post(&path.replace('1', "99"), &[]).refused(404);
    }
    assert!(is_there(&world, id));
}
