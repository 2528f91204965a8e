//! The story of one activity.

use domain::{ActivityId, Kind, Member, Note, Patch, Presence, Priority, Seq, StatusId, StatusRef};
use service::{Change, SystemClock, Write};
use store::StoreError;

use crate::harness::{World, create, moment, runtime, update};

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

#[test]
fn a_long_story_is_told_in_parts() {
    let world = World::new(SystemClock);
    let id = world.write(create("0")).unwrap().id;
    let other = world.write(create("another's")).unwrap();
    for n in 1..=120 {
        world.write(update(id, &n.to_string())).unwrap();
    }
    let part = |from| runtime().block_on(world.service.story(&world.org, id, from)).unwrap();
    let latest = part(None).unwrap();
    assert_eq!(latest.changes.len(), 100);
    let rest = part(Some(latest.older.unwrap())).unwrap();
    assert_eq!((rest.changes.len(), rest.older), (21, None));
    let told = [latest.changes, rest.changes].concat();
    let seqs = |changes: &[Change]| -> Vec<_> { changes.iter().map(|c| c.version.seq).collect() };
    assert_eq!(seqs(&told), seqs(&story(&world, id).unwrap()));

    assert!(part(other.version).is_none(), "it is another's");
    assert!(part(Some(Seq(u64::MAX))).is_none());
    let nobody = runtime().block_on(world.service.story(&world.org, ActivityId(404), None));
    assert!(nobody.unwrap().is_none());
}

#[test]
fn a_part_of_a_story_takes_only_so_much_memory() {
    let world = World::new(SystemClock);
    let id = world.write(create("long")).unwrap().id;
    for n in 0..60 {
        let note = Some(Note::parse(&format!("{n} {}", "é".repeat(50_000))).unwrap());
        world.write(Write::Update(id, Box::new(Patch { note, ..Patch::default() }))).unwrap();
    }
    let part = runtime().block_on(world.service.story(&world.org, id, None)).unwrap().unwrap();
    assert!(part.changes.len() < 30 && part.older.is_some(), "{}", part.changes.len());
}

#[test]
fn a_version_is_found_only_where_it_belongs() {
    let world = World::new(SystemClock);
    let id = world.write(create("one")).unwrap().id;
    let other = world.write(create("other")).unwrap();
    let found = |id, seq| {
        let version = runtime().block_on(world.service.version(&world.org, id, seq)).unwrap();
        version.map(|version| version.seq)
    };
    assert_eq!(found(id, Seq(1)), Some(Seq(1)));
    for seq in [Seq(0), other.version.unwrap(), Seq(3), Seq(u64::MAX)] {
        assert_eq!(found(id, seq), None, "{seq}");
    }
    world.write(Write::Remove(id)).unwrap();
    let latest = runtime().block_on(world.service.latest(&world.org, id)).unwrap().unwrap();
    assert_eq!((latest.seq, latest.state.kind()), (Seq(3), Kind::Tombstone));
}
