//! What comes back: a removed activity, or an earlier version of one that is there.

use domain::{
    Activity, ActivityId, Author, Name, Origin, Patch, Role, Seq, StatusId, StatusName, StatusRef,
    UserId,
};
use service::{Authority, NewUser, Refusal, SyncQuery, SystemClock, Write, Written, wait};

use crate::harness::{SyncAnswer, World, author, create, everything, imported, runtime, update};

const NOBODY: ActivityId = ActivityId(404);

fn restore(id: ActivityId, to: Option<Seq>) -> Write {
    Write::Restore { id, to, seen: None }
}

fn set_status(id: ActivityId, status: i64) -> Write {
    let status = Some(StatusRef::Id(StatusId(status)));
    Write::Update(id, Box::new(Patch { status, ..Patch::default() }))
}

fn ask(world: &World<SystemClock>) -> SyncAnswer {
    let session = world.log_in();
    world.sync(&world.caller(&session).unwrap(), &everything())
}

/// The one activity that there is.
fn the_record(world: &World<SystemClock>) -> Activity {
    let answer = ask(world);
    assert_eq!(answer.records.len(), 1);
    answer.records[0].record().unwrap().clone()
}

#[test]
fn a_removed_activity_comes_back_as_it_was_last_with_a_new_stamp() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    world.write(update(id, "last")).unwrap();
    let before = the_record(&world);
    world.write(Write::Remove(id)).unwrap();
    assert_eq!(ask(&world).removed.as_deref(), Some([id].as_slice()));
    let removed_at = world.last_stamp(id);

    let back = world.write(restore(id, None)).unwrap();
    assert_eq!(back, Written { id, version: Some(Seq(4)) });
    assert_eq!(the_record(&world), before);
    assert_eq!(
        ask(&world).removed.as_deref(),
        Some([].as_slice()),
        "it has left the list of the deleted"
    );
    assert!(world.last_stamp(id) > removed_at);
}

#[test]
fn a_long_list_of_the_removed_is_that_of_its_view() {
    let world = World::new(SystemClock);
    let ids: Vec<ActivityId> =
        (0..20).map(|_| world.write(create("gone soon")).unwrap().id).collect();
    for id in &ids[..10] {
        world.write(Write::Remove(*id)).unwrap();
    }
    let caller = world.caller(&world.log_in()).unwrap();
    // The range stays the same, what is current in it does not.
    let to = Some(world.last_stamp(ids[9]));
    let ask = |page| {
        let question = SyncQuery { to, page, page_size: 2, ..everything() };
        world.sync(&caller, &question).removed.as_deref().unwrap().to_vec()
    };
    assert_eq!(ask(1), ids[..10]);
    world.write(restore(ids[0], None)).unwrap();
    assert_eq!(ask(2), ids[..10], "the run goes on");
    assert_eq!(ask(1), ids[1..10]);
    assert_eq!(ask(2), ids[1..10]);
}

#[test]
fn what_is_there_stays_as_it_is() {
    let world = World::new(SystemClock);
    let id = world.write(create("here")).unwrap().id;
    assert_eq!(world.write(restore(id, None)), Ok(Written { id, version: None }));
    assert_eq!(world.write(restore(id, Some(Seq(1)))), Ok(Written { id, version: None }));
}

#[test]
fn who_has_not_seen_the_latest_change_does_not_undo_it() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    world.write(update(id, "second")).unwrap();
    let back = |seen| Write::Restore { id, to: Some(Seq(1)), seen: Some(Seq(seen)) };
    world.write(update(id, "saved meanwhile")).unwrap();
    assert_eq!(world.write(back(2)), Err(Refusal::Outdated(id)));
    assert_eq!(world.write(back(0)), Err(Refusal::Outdated(id)));
    assert_eq!(world.write(back(3)), Ok(Written { id, version: Some(Seq(4)) }));
    assert_eq!(world.write(back(3)), Ok(Written { id, version: None }), "a second click");
}

#[test]
fn an_earlier_version_comes_back_be_the_activity_removed_or_not() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    let first = the_record(&world);
    world.write(update(id, "second")).unwrap();
    let back = world.write(restore(id, Some(Seq(1)))).unwrap();
    assert_eq!(back.version, Some(Seq(3)));
    assert_eq!(the_record(&world), first);

    world.write(Write::Remove(id)).unwrap();
    world.write(restore(id, Some(Seq(2)))).unwrap();
    assert_eq!(the_record(&world).subject.as_str(), "second");
}

#[test]
fn it_comes_back_under_the_names_of_today() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    world.write(set_status(id, 4)).unwrap();
    let rename = |name: &str| {
        let name = StatusName::parse(name).unwrap();
        wait(world.service.rename_status(
            Authority::command_line(&world.org),
            StatusId(2),
            name,
            &mut |_| {},
        ))
        .unwrap()
        .changed
    };
    assert_eq!(rename("Untouched"), 0, "nothing shows it now");
    world.write(restore(id, Some(Seq(1)))).unwrap();
    assert_eq!(the_record(&world).status_name.as_str(), "Untouched");

    world.write(Write::Remove(id)).unwrap();
    assert_eq!(rename("Pending"), 0);
    wait(world.service.retire_status(Authority::command_line(&world.org), StatusId(2))).unwrap();
    world.write(restore(id, None)).unwrap();
    let back = the_record(&world);
    assert_eq!((back.status, back.status_name.as_str()), (StatusId(2), "Pending"));
}

#[test]
fn it_says_who_brought_it_back_and_not_who_created_it_anew() {
    let world = World::new(SystemClock);
    let id = world.write(create("first")).unwrap().id;
    world.write(update(id, "second")).unwrap();
    let name = |text: &str| Name::parse(text).unwrap();
    let ada = NewUser { id: None, name: name("Ada Byron"), role: Role::Editor };
    let vera = NewUser { id: None, name: name("Vera View"), role: Role::Viewer };
    let by = |user: UserId, write| {
        let author = Author { user: Some(user), origin: Origin::Web };
        runtime().block_on(world.service.write(&world.org, author, write))
    };
    let vera =
        wait(world.service.add_user(Authority::command_line(&world.org), vera, None)).unwrap();
    assert_eq!(by(vera, restore(id, Some(Seq(1)))), Err(Refusal::PermissionDenied));
    let ada = wait(world.service.add_user(Authority::command_line(&world.org), ada, None)).unwrap();
    by(ada, restore(id, Some(Seq(1)))).unwrap();
    let record = the_record(&world);
    assert_eq!(record.created_by.as_deref(), Some("Colin Pizarek"));
    assert_eq!(record.modified_by.as_deref(), Some("Ada Byron"));
}

#[test]
fn what_never_was_does_not_come_back() {
    let world = World::new(SystemClock);
    let id = world.write(create("one")).unwrap().id;
    let other = world.write(create("other")).unwrap();
    world.write(Write::Remove(id)).unwrap();
    assert_eq!(world.write(restore(NOBODY, None)), Err(Refusal::UnknownActivity(NOBODY)));
    assert_eq!(world.write(restore(NOBODY, Some(Seq(1)))), Err(Refusal::UnknownActivity(NOBODY)));
    let another_s = other.version.unwrap();
    for no_record in [Seq(0), another_s, Seq(3), Seq(4), Seq(u64::MAX)] {
        let refused = world.write(restore(id, Some(no_record)));
        assert_eq!(refused, Err(Refusal::UnknownVersion(id)), "{no_record}");
    }

    world.import(&[imported(NOBODY, None)], false).unwrap();
    let refused = world.write(restore(NOBODY, None));
    assert_eq!(refused, Err(Refusal::UnknownVersion(NOBODY)), "it has never been a record here");
}

#[test]
fn within_one_commit_it_goes_by_what_the_write_before_it_left() {
    let world = World::new(SystemClock);
    let id = world.write(create("start")).unwrap().id;
    let (service, org) = (&world.service, &world.org);
    let write = |write| service.write(org, author(), write);
    let (removed, back, edited, gone, last, there) = runtime().block_on(async {
        tokio::join!(
            write(Write::Remove(id)),
            write(restore(id, None)),
            write(update(id, "edited")),
            write(Write::Remove(id)),
            write(restore(id, None)),
            write(restore(id, None))
        )
    });
    for made in [removed, back, edited, gone, last] {
        assert!(made.unwrap().version.is_some());
    }
    assert_eq!(there.unwrap().version, None);
    assert_eq!(the_record(&world).subject.as_str(), "edited");
}

#[test]
fn a_version_that_cannot_be_read_fails_what_needs_it_and_no_other() {
    let world = World::new(SystemClock);
    let id = world.write(create("damaged")).unwrap().id;
    world.write(update(id, "sound")).unwrap();
    world.damage("UPDATE change SET document = 'secret' WHERE seq = 1");
    assert_eq!(world.write(restore(id, Some(Seq(1)))), Err(Refusal::Damaged(id)));
    assert!(world.write(update(id, "goes on")).unwrap().version.is_some());
}
