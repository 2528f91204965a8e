//! The story of one activity.

use domain::{ActivityId, Kind, Member, Note, Patch, Presence, Priority, StatusId, StatusRef};
use service::{Change, SystemClock, Write};
use store::StoreError;

use crate::harness::{World, create, moment};

fn story(world: &World<SystemClock>, id: ActivityId) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    let each = &mut |change| {
        changes.push(change);
        Ok::<(), StoreError>(())
    };
    let known = world.service.history(&world.org, id, each).unwrap();
    known.then_some(changes)
}

#[test]
fn it_tells_who_changed_what_the_latest_first() {
    let world = World::new(SystemClock);
    let id = world.write(create("Call")).unwrap().id;
    let patch = Patch {
        note: Some(Note::parse("rang").unwrap()),
        end: Presence::Set(moment()),
        status: Some(StatusRef::Id(StatusId(4))),
        priority: Some(Priority::High),
        ..Patch::default()
    };
    world.write(Write::Update(id, Box::new(patch))).unwrap();
    world.write(Write::Remove(id)).unwrap();

    let changes = story(&world, id).unwrap();
    let kinds: Vec<Kind> = changes.iter().map(|change| change.version.state.kind()).collect();
    assert_eq!(kinds, [Kind::Tombstone, Kind::Record, Kind::Record]);
    assert!(changes.iter().all(|change| change.author.as_deref() == Some("Colin Pizarek")));
    assert!(changes.is_sorted_by(|later, earlier| later.version.stamp > earlier.version.stamp));

    let edit = &changes[1].differences;
    let told: Vec<_> =
        edit.iter().map(|d| (d.member, d.before.as_deref(), d.after.as_deref())).collect();
    let expected = [
        (Member::Note, None, Some("rang")),
        (Member::End, None, Some("2026-01-05T09:00:00.000-06:00")),
        (Member::StatusId, Some("2"), Some("4")),
        (Member::StatusName, Some("Not Started"), Some("Completed")),
        (Member::Priority, Some("NORMAL"), Some("HIGH")),
    ];
    assert_eq!(told, expected);
    assert!(changes[0].differences.is_empty(), "a removal says all by itself");
}

#[test]
fn what_never_was_has_none() {
    let world = World::new(SystemClock);
    assert!(story(&world, ActivityId(1)).is_none());
    assert!(story(&world, ActivityId(-1)).is_none());
}
