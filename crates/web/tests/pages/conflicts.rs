//! Two people change one activity at once.

use domain::{ActivityId, Note, Patch, Priority, Subject};
use service::Write;

use crate::editing::{filled, record, send};
use crate::harness::{Browser, Page, World};

fn change(world: &World, id: ActivityId, change: impl FnOnce(&mut Patch)) {
    let mut patch = Patch::default();
    change(&mut patch);
    world.write(Write::Update(id, Box::new(patch)));
}

fn subject(text: &str) -> Option<Subject> {
    Some(Subject::parse(text).unwrap())
}

/// What the page of a conflict sends when nothing else is chosen there.
fn as_offered(page: &Page) -> Vec<(&'static str, String)> {
    let mut sent = Vec::new();
    let hidden = ["seen", "restore"];
    let parts = ["subject", "account", "responsible", "start", "end", "status", "priority", "note"];
    let (_, form) = page.body.split_once("<form action=\"/activities/").unwrap();
    for name in hidden.into_iter().chain(parts) {
        let control = form.split_once(&format!("type=\"hidden\" name=\"{name}\" value=\""));
        if let Some((_, after)) = control {
            sent.push((name, after.split_once('"').unwrap().0.to_owned()));
        }
    }
    let picks = ["pick-subject", "pick-priority", "pick-note", "pick-status"];
    for pick in picks {
        let radios = form.split("<input ").filter(|input| input.contains(&format!("\"{pick}\"")));
        let chosen = radios.filter(|input| input.split('>').next().unwrap().contains("checked"));
        for radio in chosen {
            let theirs = radio.split('>').next().unwrap().contains("\"theirs\"");
            sent.push((pick, if theirs { "theirs" } else { "mine" }.to_owned()));
        }
    }
    sent
}

fn choose(fields: &mut [(&str, String)], name: &str, value: &str) {
    fields.iter_mut().find(|(given, _)| *given == name).unwrap().1 = value.to_owned();
}

/// An activity, whose form somebody has open.
fn opened<'w>(world: &'w World) -> (ActivityId, String, Browser<'w>, Page) {
    let id = world.activity("Call");
    let path = format!("/activities/{id}");
    let mut browser = world.admin();
    let page = browser.get(&path).ok();
    (id, path, browser, page)
}

#[test]
fn an_edit_from_an_old_version_is_shown_beside_the_new_one() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.subject = subject("Call <Ada>"));
    let page = send(
        &mut browser,
        &path,
        &filled(&form, &[("subject", "Call \"Bob\""), ("note", "a\r\nb")]),
    );
    let page = page.refused(409);
    page.shows("Ed Cohen has changed this activity while you did.").shows("changed by both");
    page.shows("Yours").shows("Call &quot;Bob&quot;");
    page.shows("Saved meanwhile by Ed Cohen").shows("Call &lt;Ada&gt;");
    assert_eq!(record(&world, id).subject.as_str(), "Call <Ada>", "nothing has been saved");

    let mut mine = as_offered(&page);
    choose(&mut mine, "subject", "Call \"Bob\"");
    assert_eq!(send(&mut browser, &path, &mine).redirected(), format!("{path}?done=saved"));
    let saved = record(&world, id);
    assert_eq!((saved.subject.as_str(), saved.note.as_str()), ("Call \"Bob\"", "a\nb"));
}

#[test]
fn of_each_part_one_or_the_other_stays() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| {
        patch.subject = subject("theirs");
        patch.priority = Some(Priority::High);
        patch.note = Some(Note::parse("theirs").unwrap());
    });
    let typed = [("subject", "mine"), ("note", "mine"), ("status", "4")];
    let page = send(&mut browser, &path, &filled(&form, &typed)).refused(409);
    let mut chosen = as_offered(&page);
    let offered: Vec<_> =
        chosen.iter().filter(|(name, _)| name.starts_with("pick")).cloned().collect();
    let offer = |name, value: &str| (name, value.to_owned());
    let expected = [
        offer("pick-subject", "mine"),
        offer("pick-priority", "theirs"),
        offer("pick-note", "mine"),
        offer("pick-status", "mine"),
    ];
    assert_eq!(offered, expected);
    choose(&mut chosen, "pick-subject", "theirs");
    send(&mut browser, &path, &chosen).redirected();
    let saved = record(&world, id);
    assert_eq!((saved.subject.as_str(), saved.note.as_str()), ("theirs", "mine"));
    assert_eq!((saved.priority, saved.status.0), (Priority::High, 4));
}

#[test]
fn where_nothing_collides_one_click_keeps_both() {
    let world = World::new();
    let (id, path, mut browser, form) = opened(&world);
    change(&world, id, |patch| patch.priority = Some(Priority::High));
    let page = send(&mut browser, &path, &filled(&form, &[("subject", "mine")])).refused(409);
    page.shows("save, and both stay").hides("changed by both");
    send(&mut browser, &path, &as_offered(&page)).redirected();
    let saved = record(&world, id);
    assert_eq!((saved.subject.as_str(), saved.priority), ("mine", Priority::High));
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
    choose(&mut chosen, "pick-subject", "theirs");
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
    page.shows("Ed Cohen has removed this activity while you changed it.").shows("&lt;mine&gt;");
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
    assert_eq!(record(&world, id).subject.as_str(), "mine");
}
