//! What holds of writes that meet in one commit, and of those that the doors do not stop.

use domain::{ActivityId, Author, Clock, ManualClock, Member, Origin, Role, Seq, UserId};
use service::{NewUser, Refusal, SyncQuery, SystemClock, Write};

use crate::harness::{
    EDITOR, World, ascending, create, everything, imported, runtime, stamp, update,
};

#[test]
fn a_refused_write_does_not_fail_its_neighbours() {
    let world = World::new(SystemClock);
    let (service, org) = (&world.service, &world.org);
    let write = |write| service.write(org, crate::harness::author(), write);
    let unknown = ActivityId(404);
    let (one, refused, other, gone) = runtime().block_on(async {
        tokio::join!(
            write(create("one")),
            write(update(unknown, "x")),
            write(create("other")),
            write(Write::Remove(unknown))
        )
    });
    assert_eq!(refused, Err(Refusal::UnknownActivity(unknown)));
    assert_eq!(gone, Err(Refusal::UnknownActivity(unknown)));
    assert_eq!((one.unwrap().id, other.unwrap().id), (ActivityId(1), ActivityId(2)));
}

#[test]
fn each_write_is_judged_on_what_the_one_before_it_left() {
    let world = World::new(SystemClock);
    let id = world.write(create("start")).unwrap().id;
    let (service, org) = (&world.service, &world.org);
    let write = |write| service.write(org, crate::harness::author(), write);
    let (first, same, removed, late, again) = runtime().block_on(async {
        tokio::join!(
            write(update(id, "a")),
            write(update(id, "a")),
            write(Write::Remove(id)),
            write(update(id, "b")),
            write(Write::Remove(id))
        )
    });
    assert!(first.unwrap().version.is_some());
    assert_eq!(same.unwrap().version, None, "it was so already");
    assert!(removed.unwrap().version.is_some());
    assert_eq!(late, Err(Refusal::UnknownActivity(id)));
    assert_eq!(again, Err(Refusal::UnknownActivity(id)));
}

/// What is being committed has no position yet: nobody can have seen it.
#[test]
fn nobody_has_seen_what_the_same_commit_writes() {
    let world = World::new(SystemClock);
    let id = world.write(create("start")).unwrap().id;
    world.service.close();
    let (service, mut committer) = world.prepare();
    let org = service.org(&world.org.id).unwrap();
    let write = |write| service.write(&org, crate::harness::author(), write);
    let Write::Update(_, patch) = update(id, "other") else { unreachable!() };
    let (first, edit, ()) = runtime().block_on(async {
        tokio::join!(
            write(update(id, "first")),
            write(Write::Edit { id, seen: Seq::ZERO, patch }),
            async {
                tokio::task::yield_now().await; // Both are waiting now.
                committer.turn();
            }
        )
    });
    assert!(first.unwrap().version.is_some());
    assert_eq!(edit, Err(Refusal::Outdated(id)));
}

/// So whoever asks from the horizon told after a write does not get that write again.
#[test]
fn a_version_is_shown_once_the_clock_has_passed_its_stamp() {
    let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    let session = world.log_in();
    for subject in ["one", "two", "three"] {
        let id = world.write(create(subject)).unwrap().id;
        assert!(world.clock.now() > world.last_stamp(id));
        let caller = world.caller(&session).unwrap();
        let from = Some(world.sync(&caller, &everything()).horizon);
        let again = world.sync(&caller, &SyncQuery { from, ..everything() });
        assert_eq!(again.total, 0, "{subject}");
    }
}

#[test]
fn within_a_commit_the_order_is_that_of_the_ids() {
    let world = World::new(SystemClock);
    let session = world.log_in();
    let mut items: Vec<_> = (1..=150).map(|id| imported(ActivityId(id), Some("x"))).collect();
    items.reverse();
    world.import(&items, false).unwrap();
    let query = SyncQuery { order: ascending(Member::Modified), ..everything() };
    let answer = world.sync(&world.caller(&session).unwrap(), &query);
    let order: Vec<_> = answer.records.iter().map(|version| (version.stamp, version.id)).collect();
    assert_eq!(order.len(), 150);
    assert!(order.is_sorted(), "by stamp, then by id");
    let stamps: std::collections::BTreeSet<_> = order.iter().map(|(stamp, _)| stamp).collect();
    assert!(stamps.len() < 150, "writes that wait together share a commit");
}

#[test]
fn the_commit_looks_at_the_role_again() {
    let world = World::new(SystemClock);
    let name = domain::Name::parse("Vera View").unwrap();
    let viewer = NewUser { id: None, name, role: Role::Viewer };
    let viewer = world.service.add_user(&world.org, viewer).unwrap();
    let by = |user: UserId, write| {
        let author = Author { user: Some(user), origin: Origin::Web };
        runtime().block_on(world.service.write(&world.org, author, write))
    };
    assert_eq!(by(viewer, create("x")), Err(Refusal::PermissionDenied));
    assert_eq!(by(UserId(404), create("x")), Err(Refusal::PermissionDenied));
    let id = by(EDITOR, create("x")).unwrap().id;
    world.service.disable_user(&world.org, EDITOR).unwrap();
    for write in [create("y"), update(id, "y"), Write::Remove(id)] {
        assert_eq!(by(EDITOR, write), Err(Refusal::PermissionDenied));
    }
}

#[test]
fn a_damaged_record_fails_the_write_that_needs_it_and_no_other() {
    let mut world = World::new(SystemClock);
    let damaged = world.write(create("damaged")).unwrap().id;
    let sound = world.write(create("sound")).unwrap().id;
    world.damage("UPDATE change SET document = 'secret' WHERE seq = 1");
    world.restart(true); // Memory has it no more.
    let runtime = runtime();
    // So many that some of them share a commit.
    let outcomes = (0..40).map(|n| {
        let id = if n % 2 == 0 { damaged } else { sound };
        let (service, org) = (world.service.clone(), world.org.clone());
        let write = update(id, &format!("edited {n}"));
        runtime.spawn(async move { service.write(&org, crate::harness::author(), write).await })
    });
    let outcomes: Vec<_> = outcomes.collect();
    for (n, outcome) in outcomes.into_iter().enumerate() {
        let outcome = runtime.block_on(outcome).unwrap();
        if n % 2 == 0 {
            assert_eq!(outcome, Err(Refusal::Damaged(damaged)));
            assert!(!outcome.unwrap_err().to_string().contains("secret"));
        } else {
            assert!(outcome.unwrap().version.is_some());
        }
    }
}

#[test]
fn after_closing_writes_are_refused() {
    let world = World::new(SystemClock);
    world.service.close();
    assert!(matches!(world.write(create("x")), Err(Refusal::Unavailable(_))));
}
