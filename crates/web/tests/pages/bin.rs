//! The bin.

use domain::{Account, ActivityId, ClientId, Imported, Name};
use service::{ImportOptions, Spool, Write};

use crate::harness::World;

#[test]
fn the_bin_shows_what_was_removed_the_latest_first() {
    let world = World::new();
    let account = Account { id: ClientId(3_400), name: Name::parse("Harbor Bakery").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    let [one, two, three] = ["One", "Two", "Three"].map(|subject| world.activity(subject));
    for id in [two, one, three] {
        world.write(Write::Remove(id));
        world.advance(60_000);
    }
    world.write(Write::Restore { id: three, to: None, seen: None });
    let page = world.editor().get("/bin").ok();
    page.shows("2 removed activities").shows("Harbor Bakery").shows("Ed Cohen");
    page.shows_in_order(&[">One</a>", "10:01", ">Two</a>", "10:00"]).hides("Three");
    page.shows(&format!("action=\"/activities/{one}/restore\""));
    let page = world.viewer().get("/bin").ok();
    page.shows(">One</a>").hides("/restore");
}

#[test]
fn an_empty_bin_and_a_page_behind_the_last_say_so() {
    let world = World::new();
    world.editor().get("/bin").ok().shows("The bin is empty");
    let id = world.activity("<script>alert(1)</script>");
    world.write(Write::Remove(id));
    let mut browser = world.editor();
    browser.get("/bin").ok().shows("&lt;script&gt;alert(1)").hides("<script>alert");
    browser.get("/bin?page=2").ok().shows("The last page is page 1.");
    browser.get("/bin?page=x").refused(400).shows("The page in the address must be a number");
    world.stranger().get("/bin").ok().shows("The bin is empty");
    assert!(world.browser().get("/bin").redirected().starts_with("/sign-in"));
}

#[test]
fn what_came_here_as_removed_has_a_story_too() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(folder.path()).unwrap();
    spool.push(&Imported::Removed { id: ActivityId(17), at: None }).unwrap();
    let (plan, options) = (spool.finish().unwrap(), ImportOptions::default());
    service::wait(world.service.import(&world.acme, plan, options, &|_| {})).unwrap();
    let mut browser = world.editor();
    let page = browser.get("/bin").ok();
    page.shows("href=\"/activities/17/history\"").shows("Already removed when it was imported");
    browser.get("/activities/17/history").ok().shows("Removed");
}

#[test]
fn a_full_bin_has_pages() {
    let world = World::new();
    for n in 0..52 {
        let id = world.activity(&format!("Letter {n:02}."));
        world.write(Write::Remove(id));
    }
    let mut browser = world.viewer();
    let page = browser.get("/bin").ok();
    page.shows("52 removed activities").shows("Letter 51.").hides("Letter 01.");
    browser.get("/bin?page=2").ok().shows("Letter 01.").hides("Letter 02.");
}

#[test]
fn the_bin_is_searched_by_words_of_what_was_removed() {
    let world = World::new();
    let account = Account { id: ClientId(3_400), name: Name::parse("Harbor Bakery").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
    for subject in ["Call Zoë about the van", "Call Ada", "Write to Zoë <b>"] {
        let id = world.activity(subject);
        world.write(Write::Remove(id));
    }
    world.activity("Call Zoë, who is still there");
    let mut browser = world.editor();
    let page = browser.get("/bin?q=zoe").ok();
    page.shows("2 removed activities found").hides("Call Ada").hides("still there");
    page.shows_in_order(&["Write to Zoë &lt;b&gt;", "Call Zoë about the van"]);
    page.shows("name=\"back\" value=\"/bin?q=zoe\"").hides("Search older");
    browser.get("/bin?q=3400+ada").ok().shows("1 removed activity found");
    browser.get("/bin?q=bakery+call").ok().shows("2 removed activities found");
    let page = browser.get("/bin?q=%3Cb%3Enothing").ok();
    page.shows("No removed activity contains “&lt;b&gt;nothing”.").hides("<b>nothing");
    browser.get("/bin?q=%E2%92%B6").ok().shows("No matches");
    world.stranger().get("/bin?q=zoe").ok().shows("No matches");
}

#[test]
fn a_search_of_a_full_bin_goes_on_where_it_left_off() {
    let world = World::new();
    for n in 0..52 {
        let id = world.activity(&format!("Letter {n:02}."));
        world.write(Write::Remove(id));
    }
    let mut browser = world.viewer();
    let page = browser.get("/bin?q=letter").ok();
    page.shows("50 removed activities found")
        .shows("Letter 51.")
        .shows("Letter 02.")
        .hides("Letter 01.");
    page.shows("Searched everything removed since");
    let (_, after) = page.body.split_once("href=\"/bin?q=letter&amp;before=").unwrap();
    let before = after.split_once('"').unwrap().0;
    let page = browser.get(&format!("/bin?q=letter&before={before}")).ok();
    page.shows("2 removed activities found").shows("Letter 01.").shows("Letter 00.");
    page.hides("Search older");
}
