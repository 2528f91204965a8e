//! What holds of writes that meet in one commit, and of those that the doors do not stop.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use domain::{
    ActivityId, Author, Clock, ManualClock, Member, OrgId, Origin, Role, Seq, UserId, Zone,
};
use service::{
    AskError, Authority, Committer, NewUser, Refusal, Service, SyncQuery, SystemClock, Tenant,
    UserChange, Write, wait,
};

use crate::harness::{
    EDITOR, World, ascending, author, create, everything, imported, runtime, stamp, update,
};

#[test]
fn a_refused_write_does_not_fail_its_neighbours() {
    let world = World::new(SystemClock);
    let (service, org) = (&world.service, &world.org);
    let write = |write| service.write(org, author(), write);
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
    let write = |write| service.write(org, author(), write);
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
    let (service, mut committer) = world.by_hand();
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
fn a_version_is_shown_once_the_clock_has_come_to_its_stamp_and_not_again_to_who_continues() {
    let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    let session = world.log_in();
    for subject in ["one", "two", "three"] {
        let id = world.write(create(subject)).unwrap().id;
        assert!(world.clock.now() >= world.last_stamp(id));
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
    let viewer =
        wait(world.service.add_user(Authority::command_line(&world.org), viewer, None)).unwrap();
    let by = |user: UserId, write| {
        let author = Author { user: Some(user), origin: Origin::Web };
        runtime().block_on(world.service.write(&world.org, author, write))
    };
    assert_eq!(by(viewer, create("x")), Err(Refusal::PermissionDenied));
    assert_eq!(by(UserId(404), create("x")), Err(Refusal::PermissionDenied));
    let id = by(EDITOR, create("x")).unwrap().id;
    wait(world.service.change_user(
        Authority::command_line(&world.org),
        EDITOR,
        UserChange::DISABLE,
    ))
    .unwrap();
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
        runtime.spawn(async move { service.write(&org, author(), write).await })
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

/// Lets requests go on until they wait for the committer, and then the committer once: they share a
/// transaction.
fn together<A, B>(
    world: &World<ManualClock>,
    committer: &mut Committer,
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    world.block_on(async {
        let mut nobody_waits = Context::from_waker(Waker::noop());
        assert!(one.as_mut().poll(&mut nobody_waits).is_pending());
        assert!(other.as_mut().poll(&mut nobody_waits).is_pending());
        committer.turn();
        tokio::join!(one, other)
    })
}

/// Makes a table point to another one's pages, which every statement about it then finds to be damaged.
fn damage_table(world: &World<ManualClock>, table: &str) {
    world.damage(&format!(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage =
             (SELECT rootpage FROM sqlite_schema WHERE name = 'organization') WHERE name = '{table}';
         PRAGMA schema_version = 4711"
    ));
}

fn by_hand() -> (World<ManualClock>, Service, Committer, Arc<Tenant>) {
    let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    world.log_in();
    world.write(create("one")).unwrap();
    world.write(create("other")).unwrap();
    let (service, committer) = world.by_hand();
    let org = service.org(&world.org.id).unwrap();
    (world, service, committer, org)
}

#[test]
fn a_session_that_cannot_be_kept_fails_no_write_beside_it() {
    let (world, service, mut committer, org) = by_hand();
    damage_table(&world, "session");
    for n in 0..2 {
        let login = service.login(&org.id, &world.key, None);
        let write = service.write(&org, author(), create(&format!("neighbour {n}")));
        let (login, write) = together(&world, &mut committer, login, write);
        assert!(login.is_err());
        assert!(write.unwrap().version.is_some());
    }
}

#[test]
fn a_run_that_cannot_be_kept_fails_no_write_beside_it() {
    let (world, service, mut committer, org) = by_hand();
    let login = service.login(&org.id, &world.key, None);
    let other = service.login(&org.id, &world.key, None);
    let (session, _) = together(&world, &mut committer, login, other);
    let caller = service.caller(&session.unwrap().1).unwrap();
    damage_table(&world, "run");
    let question = service::SyncQuery { page_size: 1, ..everything() };
    let sync = service.sync_page(&caller, &question, 200);
    let write = service.write(&org, author(), create("neighbour"));
    let (sync, write) = together(&world, &mut committer, sync, write);
    assert!(matches!(sync, Err(AskError::Unavailable(_))), "no page leaves before its run is kept");
    assert!(write.unwrap().version.is_some());
}

#[test]
fn a_log_that_cannot_go_on_fails_no_neighbours_write() {
    let mut world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    world.write(create("one")).unwrap();
    let other = OrgId::parse("other").unwrap();
    let name = |text| domain::Name::parse(text).unwrap();
    let neighbour = wait(world.service.add_org(other.clone(), name("Other"), Zone::utc())).unwrap();
    let user = NewUser { id: Some(EDITOR), name: name("Olga Other"), role: Role::Editor };
    wait(world.service.add_user(Authority::command_line(&neighbour), user, None)).unwrap();
    let (service, mut committer) = world.by_hand();
    world.org = service.org(&world.org.id).unwrap();
    let neighbour = service.org(&other).unwrap();
    world.damage(
        "INSERT INTO change SELECT organization, 2, stamp, 7, kind, actor, origin, previous, document, checksum
         FROM change WHERE seq = 1",
    );
    let own = service.write(&world.org, author(), create("own"));
    let others = service.write(&neighbour, author(), create("other's"));
    let (own, others) = together(&world, &mut committer, own, others);
    assert!(matches!(own, Err(Refusal::Unavailable(_))), "{own:?}");
    assert_eq!(others.unwrap().id, ActivityId(1));
    let horizon = service.horizon(&world.org);
    world.damage("DELETE FROM change WHERE seq = 2 AND activity = 7");
    world.clock.advance(1_000);
    let own = service.write(&world.org, author(), create("own"));
    let others = service.write(&neighbour, author(), create("other's"));
    let (own, others) = together(&world, &mut committer, own, others);
    assert_eq!((own.unwrap().id, others.unwrap().id), (ActivityId(2), ActivityId(2)));
    assert!(service.horizon(&world.org) > horizon, "what was refused is not waited for");
}

#[test]
fn after_closing_writes_are_refused() {
    let world = World::new(SystemClock);
    world.service.close();
    assert!(matches!(world.write(create("x")), Err(Refusal::Unavailable(_))));
}
