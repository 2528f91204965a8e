//! Two people change one activity at once.

use domain::{ActivityId, Note, Patch, Priority, StatusId, StatusRef, Subject};
use service::Write;

use crate::editing::{filled, record, send};
use crate::harness::{Browser, Page, World, moment};

fn change(world: &World, id: ActivityId, change: impl FnOnce(&mut Patch)) {
    let mut patch = Patch::default();
    change(&mut patch);
    world.write(Write::Update(id, Box::new(patch)));
}

fn subject(text: &str) -> Option<Subject> {
    Some(Subject::parse(text).unwrap())
}

/// What the page of a conflict sends when nothing is chosen there and nothing is edited.
fn as_offered(page: &Page) -> Vec<(&'static str, String)> {
    let parts = ["subject", "account", "responsible", "start", "end", "status", "priority", "note"];
    let (_, form) = page.body.split_once("action=\"/activities/").unwrap();
    let mut sent = Vec::new();
    for name in ["seen", "restore"].into_iter().chain(parts) {
        let Some((before, after)) = form.split_once(&format!(" name=\"{name}\"")) else { continue };
        let value = if before.rsplit('<').next().unwrap().starts_with("textarea") {
            after.split_once(">\n").unwrap().1.split_once("</textarea>").unwrap().0
        } else {
            after.split_once("value=\"").unwrap().1.split_once('"').unwrap().0
        };
        sent.push((name, value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"")));
    }
    for asked in form.split("name=\"choose\" value=\"").skip(1) {
        sent.push(("choose", asked.split_once('"').unwrap().0.to_owned()));
    }
    assert!(!form.contains("checked"), "something is chosen already");
    sent
}

fn choose(fields: &mut Vec<(&'static str, String)>, name: &'static str, value: &str) {
    fields.retain(|(given, _)| *given != name);
    fields.push((name, value.to_owned()));
}

/// An activity whose form is open in a browser.
fn opened<'w>(world: &'w World) -> (ActivityId, String, Browser<'w>, Page) {
    let id = world.activity("Call");
    let path = format!("/activities/{id}");
    let mut browser = world.admin();
    let page = browser.get(&path).ok();
    (id, path, browser, page)
}

#[test]
fn of_a_text_that_both_have_changed_the_words_of_both_are_there_to_be_edited() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.subject = subject("Call <Ada>"));
    let typed = [("subject", "Call \"Bob\""), ("note", "a\r\n  b")];
    let page = send(&mut browser, &path, &filled(&form, &typed)).refused(409);
    page.shows("Ed Cohen changed this activity while you were editing.").shows("changed by both");
    page.shows("Yours").shows("<ins> &quot;Bob&quot;</ins>");
    page.shows("Saved by Ed Cohen").shows("<ins> &lt;Ada&gt;</ins>");
    assert_eq!(record(&world, id).subject.as_str(), "Call <Ada>", "nothing has been saved");

    let both = as_offered(&page);
    assert!(both.contains(&("subject", "Call <Ada> / Call \"Bob\"".to_owned())), "{both:?}");
    assert_eq!(send(&mut browser, &path, &both).redirected(), format!("{path}?done=saved"));
    let saved = record(&world, id);
    assert_eq!(saved.subject.as_str(), "Call <Ada> / Call \"Bob\"");
    assert_eq!(saved.note.as_str(), "a\n  b");
    page.shows("<textarea name=\"note\" hidden>\na\n  b</textarea>");
}

#[test]
fn of_all_else_that_both_have_changed_one_or_the_other_is_chosen() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| {
        patch.status = Some(StatusRef::Id(StatusId(3)));
        patch.priority = Some(Priority::High);
        patch.note = Some(Note::parse("theirs").unwrap());
    });
    let typed = [("subject", "mine"), ("priority", "Low"), ("status", "4")];
    let page = send(&mut browser, &path, &filled(&form, &typed)).refused(409);
    page.shows_in_order(&[
        "Status",
        "Waiting",
        "Priority",
        "Also saved",
        "mine",
        "by you",
        "theirs",
        "by Ed Cohen",
    ]);
    let mut chosen = as_offered(&page);
    let asked: Vec<_> = chosen.iter().filter(|(name, _)| *name == "choose").collect();
    assert_eq!(asked, [&("choose", "status".to_owned()), &("choose", "priority".to_owned())]);

    // Who chooses nothing is asked again.
    choose(&mut chosen, "pick-status", "theirs");
    let again = send(&mut browser, &path, &chosen).refused(422);
    again.shows("Priority was changed by both of you");
    choose(&mut chosen, "pick-priority", "mine");
    send(&mut browser, &path, &chosen).redirected();
    let saved = record(&world, id);
    assert_eq!((saved.subject.as_str(), saved.note.as_str()), ("mine", "theirs"));
    assert_eq!((saved.priority, saved.status.0), (Priority::Low, 3));
}

#[test]
fn what_does_not_collide_is_saved_and_said() {
    let world = World::new();
    let note = |text: &str| Some(Note::parse(text).unwrap());
    let (id, path, mut browser, _) = opened(&world);
    change(&world, id, |patch| patch.note = note("Call on Monday about the van.\nIt is red.\n"));
    let form = browser.get(&path).ok();
    change(&world, id, |patch| {
        patch.note = note("Call on Tuesday about the van.\nIt is red.\n");
        patch.priority = Some(Priority::High);
        patch.start = Some(moment("2026-03-09T08:00:00+01:00"));
    });
    let mine = [
        ("subject", "mine"),
        ("note", "Call on Monday about the new van.\r\nIt is red.\r\nAnd old."),
    ];
    let page = send(&mut browser, &path, &filled(&form, &mine));
    assert_eq!(page.redirected(), format!("{path}?done=merged"));
    browser.get(page.redirected()).ok().shows("along with changes that someone else made");
    let saved = record(&world, id);
    assert_eq!((saved.subject.as_str(), saved.priority), ("mine", Priority::High));
    assert_eq!(saved.note.as_str(), "Call on Tuesday about the new van.\nIt is red.\nAnd old.");
    assert_eq!(saved.start, moment("2026-03-09T08:00:00+01:00"), "it keeps its offset");
}

#[test]
fn what_makes_no_sense_together_collides() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.start = Some(moment("2026-03-09T08:00:00-05:00")));
    let typed = [("end", "2026-03-05T12:00")];
    let page = send(&mut browser, &path, &filled(&form, &typed)).refused(409);
    page.shows("Start").shows("changed by both").shows("End");
    let mut chosen = as_offered(&page);
    choose(&mut chosen, "pick-start", "mine");
    choose(&mut chosen, "pick-end", "mine");
    send(&mut browser, &path, &chosen).redirected();
    let saved = record(&world, id);
    assert!(saved.end.unwrap().stamp > saved.start.stamp);
}

#[test]
fn whoever_chooses_may_be_overtaken_again() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.subject = subject("first"));
    let page = send(&mut browser, &path, &filled(&form, &[("subject", "mine"), ("note", "long")]));
    let mut page = page.refused(409);
    for again in ["second", "third"] {
        change(&world, id, |patch| patch.subject = subject(again));
        page = send(&mut browser, &path, &as_offered(&page)).refused(409);
        page.shows(again).shows("mine").shows("long");
    }
    let mut chosen = as_offered(&page);
    choose(&mut chosen, "subject", "third");
    send(&mut browser, &path, &chosen).redirected();
    let saved = record(&world, id);
    assert_eq!((saved.subject.as_str(), saved.note.as_str()), ("third", "long"));
}

#[test]
fn who_wants_what_the_other_has_saved_has_no_conflict() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    let sent = filled(&form, &[("subject", "same")]);
    assert_eq!(send(&mut browser, &path, &sent).redirected(), format!("{path}?done=saved"));
    // A second click.
    assert_eq!(send(&mut browser, &path, &sent).redirected(), format!("{path}?done=same"));
    assert_eq!(record(&world, id).subject.as_str(), "same");
}

#[test]
fn wrong_input_does_not_hide_a_conflict() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.subject = subject("theirs"));
    let page = send(&mut browser, &path, &filled(&form, &[("subject", "")])).refused(422);
    assert_eq!(page.value("seen"), form.value("seen"));
    send(&mut browser, &path, &filled(&page, &[("subject", "mine")])).refused(409);
}

#[test]
fn what_was_removed_meanwhile_comes_back_with_the_changes() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    world.write(Write::Remove(id));
    let page = send(&mut browser, &path, &filled(&form, &[("subject", "<mine>")])).refused(409);
    page.shows("Ed Cohen removed this activity while you were editing.").shows("&lt;mine&gt;");
    let mut again = as_offered(&page);
    choose(&mut again, "subject", "<mine>");
    assert_eq!(send(&mut browser, &path, &again).redirected(), format!("{path}?done=saved"));
    assert_eq!(record(&world, id).subject.as_str(), "<mine>");
}

#[test]
fn what_was_changed_and_removed_meanwhile_comes_back_to_be_chosen_from() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.subject = subject("theirs"));
    world.write(Write::Remove(id));
    let page = send(&mut browser, &path, &filled(&form, &[("subject", "mine")])).refused(409);
    let page = send(&mut browser, &path, &as_offered(&page)).refused(409);
    page.shows("changed by both").shows("theirs").shows("mine");
    send(&mut browser, &path, &as_offered(&page)).redirected();
    assert_eq!(record(&world, id).subject.as_str(), "theirs / mine");
}

#[test]
fn what_was_chosen_on_one_page_of_a_conflict_stays_on_the_next() {
    let world = World::new();
    let note = |text: &str| Some(Note::parse(text).unwrap());
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| {
        patch.status = Some(StatusRef::Id(StatusId(3)));
        patch.note = note("theirs");
    });
    let typed = [("note", "mine"), ("then", "done")];
    let page = send(&mut browser, &path, &filled(&form, &typed)).refused(409);
    let mut chosen = as_offered(&page);
    chosen.extend([("then", "done".to_owned()), ("settled", "1".to_owned())]);
    choose(&mut chosen, "pick-status", "theirs");
    change(&world, id, |patch| patch.note = note("theirs again"));
    let page = send(&mut browser, &path, &chosen).refused(409);
    page.shows("name=\"settled\"");
    let mut again = as_offered(&page);
    again.extend([("then", "done".to_owned()), ("settled", "1".to_owned())]);
    send(&mut browser, &path, &again).redirected();
    assert_eq!(record(&world, id).status, StatusId(3));
}
