//! Edits that name the version that somebody saw, and activities that are nobody's.

use domain::{
    ActivityId, Note, Patch, Presence, Priority, Seq, StatusId, StatusRef, Subject, UserId,
};
use service::{Authority, Refusal, SystemClock, Write, Written, wait};

use crate::harness::{EDITOR, World, author, create, runtime, update};

fn edit(id: ActivityId, seen: Seq, patch: Patch) -> Write {
    Write::Edit { id, seen, patch: Box::new(patch) }
}

fn subject(text: &str) -> Patch {
    Patch { subject: Some(Subject::parse(text).unwrap()), ..Patch::default() }
}

fn responsible(world: &World<SystemClock>, id: ActivityId) -> Option<UserId> {
    let latest = runtime().block_on(world.service.latest(&world.org, id)).unwrap().unwrap();
    latest.record().unwrap().system_user
}

#[test]
fn an_edit_from_an_old_version_is_refused_and_changes_nothing() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    let seen = Seq(1);
    world.write(update(id, "second")).unwrap();
    let note = Patch { note: Some(Note::parse("mine").unwrap()), ..Patch::default() };
    for patch in [subject("third"), note] {
        assert_eq!(world.write(edit(id, seen, patch)), Err(Refusal::Outdated(id)));
    }
    let written = world.write(edit(id, Seq(2), subject("third"))).unwrap();
    assert_eq!(written.version, Some(Seq(3)), "the refused ones left nothing");
}

#[test]
fn an_edit_that_wants_what_is_there_is_no_change_however_old() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    world.write(update(id, "second")).unwrap();
    for patch in [subject("second"), Patch::default()] {
        let written = world.write(edit(id, Seq(1), patch));
        assert_eq!(written, Ok(Written { id, version: None }));
    }
}

#[test]
fn within_one_commit_an_edit_goes_by_what_the_write_before_it_left() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    let write = |write| world.service.write(&world.org, author(), write);
    let (first, second, nobody_s) = runtime().block_on(async {
        tokio::join!(
            write(edit(id, Seq(1), subject("second"))),
            write(edit(id, Seq(1), subject("third"))),
            write(edit(id, Seq::ZERO, subject("fourth")))
        )
    });
    assert_eq!(first.unwrap().version, Some(Seq(2)));
    assert_eq!(second, Err(Refusal::Outdated(id)));
    assert_eq!(nobody_s, Err(Refusal::Outdated(id)));
}

#[test]
fn an_edit_of_what_has_gone_or_never_was_is_refused() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    world.write(Write::Remove(id)).unwrap();
    let refused = world.write(edit(id, Seq(1), subject("second")));
    assert_eq!(refused, Err(Refusal::UnknownActivity(id)));
    let nobody = ActivityId(404);
    let refused = world.write(edit(nobody, Seq(1), subject("second")));
    assert_eq!(refused, Err(Refusal::UnknownActivity(nobody)));
}

#[test]
fn a_status_that_was_retired_meanwhile_is_told_before_the_version() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    wait(world.service.retire_status(Authority::command_line(&world.org), StatusId(4))).unwrap();
    let patch = Patch {
        status: Some(StatusRef::Id(StatusId(4))),
        priority: Some(Priority::High),
        ..Patch::default()
    };
    let refused = world.write(edit(id, Seq(1), patch));
    assert_eq!(refused, Err(Refusal::RetiredStatus(StatusId(4))));
}

#[test]
fn a_new_activity_is_its_authors_unless_it_says_whose() {
    let world = World::new(SystemClock);
    let created = |whose: Presence<UserId>| {
        let Write::Create(mut draft) = create("whose") else { unreachable!() };
        draft.system_user = whose;
        responsible(&world, world.write(Write::Create(draft)).unwrap().id)
    };
    assert_eq!(created(Presence::Keep), Some(EDITOR));
    assert_eq!(created(Presence::Clear), None);
    assert_eq!(created(Presence::Set(UserId(7))), Some(UserId(7)));
}
