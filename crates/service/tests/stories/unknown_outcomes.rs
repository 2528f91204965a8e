//! Commits of which nobody knows whether they are there: once that is known, memory is what the store
//! is, and whoever can still be told hears the truth.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use domain::{
    Account, ActivityId, ClientId, Clock, Imported, KeyId, ManualClock, Name, OrgId, Role, Stage,
    Stamp, StatusId, StatusName, UserId, Zone,
};
use parking_lot::Mutex;
use service::{
    AdminError, Authority, ImportError, ImportReport, NewUser, Refusal, Service, Settings,
    Surroundings, SyncQuery, Tenant, wait,
};
use store::Store;

use crate::faulty::{FailedCommit, Faulty};
use crate::harness::{World, author, create, everything, imported, left_in, stamp};

/// Enough for several transactions.
const ITEMS: i64 = 2_500;

/// Reopening fails until it is said that it no longer does.
const FOR_LONG: u32 = u32::MAX;

/// What a commit came to, and how often the store cannot be reopened after it.
const DOUBTS: [(FailedCommit, u32); 4] = [
    (FailedCommit::There, 0),
    (FailedCommit::There, 1),
    (FailedCommit::Lost, 0),
    (FailedCommit::Lost, 1),
];

type Steady = World<ManualClock>;

fn world() -> Steady {
    World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")))
}

/// Lets so much time pass that the store is reopened once more, and the committer look after itself.
fn settle(world: &Steady) {
    world.clock.advance(500);
    world.settle();
}

fn long_ago() -> Stamp {
    stamp("2020-01-01T00:00:00Z")
}

fn items() -> Vec<Imported> {
    let old = |id| match imported(ActivityId(id), Some("old")) {
        Imported::Record { activity, named, terms, row, .. } => {
            let stamp = Some(long_ago().plus_millis(id));
            Imported::Record { id: Some(ActivityId(id)), activity, named, terms, row, stamp }
        }
        removed @ Imported::Removed { .. } => removed,
    };
    (1..=ITEMS).map(old).collect()
}

/// Imports; once so many items have been written, something is done to the store.
fn import(
    world: &Steady,
    when: i64,
    fault: impl FnOnce() + Send + 'static,
) -> Result<ImportReport, ImportError> {
    let fault = Mutex::new(Some(fault));
    world.import_watched(&items(), false, move |done| {
        if done >= when.unsigned_abs()
            && let Some(fault) = fault.lock().take()
        {
            fault();
        }
    })
}

/// Imports; the transaction after so many items fails.
fn import_failing(
    world: &Steady,
    when: i64,
    failure: FailedCommit,
    closed: u32,
) -> Result<ImportReport, ImportError> {
    let store = world.store.clone();
    import(world, when, move || store.fail_next(failure, closed))
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn add_org(service: &Service, id: &str) -> Result<Arc<Tenant>, AdminError> {
    wait(service.add_org(OrgId::parse(id).unwrap(), name(id), Zone::utc()))
}

/// Another organization, in which the author of all writes may write.
fn neighbour(world: &Steady) -> Arc<Tenant> {
    let other = add_org(&world.service, "other").unwrap();
    let id = author().user;
    let user = NewUser { id, name: name("Olga Other"), role: Role::Editor };
    wait(world.service.add_user(Authority::command_line(&other), user, None)).unwrap();
    other
}

/// Everything is there with its own stamps, and the organization works like any other.
fn assert_shown(world: &Steady) {
    let session = world.log_in();
    let one = SyncQuery { page_size: 1, ..everything() };
    let answer = world.sync(&world.caller(&session).unwrap(), &one);
    assert_eq!(answer.total, ITEMS.unsigned_abs());
    assert_eq!(answer.records[0].stamp, long_ago().plus_millis(ITEMS));
    assert_goes_on(world);
}

/// Nothing is there, and the import can be done as if it had never begun.
fn assert_gone(world: &Steady) {
    assert!(!world.service.has_activities(&world.org));
    assert!(world.import(&items(), false).unwrap().kept_stamps);
    assert_shown(world);
}

/// What is told goes on with the clock, and what is written is told.
fn assert_goes_on(world: &Steady) {
    let session = world.log_in();
    world.clock.advance(1_000);
    settle(world);
    let from = world.service.now();
    assert_eq!(world.service.horizon(&world.org), from, "the horizon goes on with the clock");
    let id = world.write(create("afterwards")).unwrap().id;
    let since = SyncQuery { from: Some(from), ..everything() };
    let answer = world.sync(&world.caller(&session).unwrap(), &since);
    assert_eq!(answer.records.iter().map(|v| v.id).collect::<Vec<_>>(), [id]);
}

fn stage_in_store(world: &Steady) -> Stage {
    let mut tenants = world.store.tenants().unwrap().into_iter();
    tenants.find(|t| t.organization.id == world.org.id).unwrap().organization.stage
}

fn is_in_doubt(error: &str) -> bool {
    error.contains("the change may have been saved")
}

#[test]
fn the_end_of_a_first_import_is_told_if_it_is_known_at_once() {
    let there = world();
    assert!(import_failing(&there, ITEMS, FailedCommit::There, 0).unwrap().kept_stamps);
    assert_shown(&there);
    let lost = world();
    import_failing(&lost, ITEMS, FailedCommit::Lost, 0).unwrap_err();
    assert_gone(&lost);
}

#[test]
fn a_first_import_goes_on_after_a_doubt_in_the_middle() {
    let world = world();
    assert!(import_failing(&world, 1_000, FailedCommit::There, 0).unwrap().kept_stamps);
    assert_shown(&world);
}

#[test]
fn a_first_import_whose_end_is_in_doubt_is_shown_if_it_is_there() {
    for closed in [1, 2] {
        let world = world();
        let told = import_failing(&world, ITEMS, FailedCommit::There, closed).unwrap_err();
        assert!(is_in_doubt(&told.to_string()), "{told}");
        settle(&world);
        world.service.housekeep();
        assert_shown(&world);
    }
}

#[test]
fn a_first_import_whose_end_is_in_doubt_is_cut_back_if_it_is_not_there() {
    for closed in [1, 2] {
        let world = world();
        let told = import_failing(&world, ITEMS, FailedCommit::Lost, closed).unwrap_err();
        assert!(is_in_doubt(&told.to_string()), "{told}");
        settle(&world);
        assert_gone(&world); // The next import takes away what was left.
    }
}

#[test]
fn while_the_end_of_a_first_import_is_in_doubt_nobody_logs_in_or_writes() {
    let world = world();
    import_failing(&world, ITEMS, FailedCommit::There, FOR_LONG).unwrap_err();
    world.service.housekeep();
    assert!(world.block_on(world.service.login(&world.org.id, &world.key, None)).is_err());
    assert!(matches!(world.write(create("x")), Err(Refusal::Unavailable(_))));
    world.import(&items(), false).unwrap_err();
    assert!(!world.service.has_activities(&world.org));
    world.store.recover();
    settle(&world);
    assert_shown(&world);
}

#[test]
fn a_store_that_cannot_be_reopened_is_not_tried_again_for_every_write() {
    let world = world();
    world.store.fail_next(FailedCommit::There, FOR_LONG);
    let refused = |subject: &str| world.write(create(subject)).unwrap_err().to_string();
    assert!(is_in_doubt(&refused("in doubt")));
    let first = world.store.tried();
    for _ in 0..50 {
        assert!(refused("refused").contains("being reopened"));
    }
    assert!(world.store.tried() <= first + 1, "{first} and {}", world.store.tried());
    settle(&world);
    assert!(world.store.tried() > first, "but it is tried again");
    world.store.recover();
    settle(&world);
    assert_goes_on(&world);
}

/// Somebody has taken away what the database had not taken up yet, while it was closed.
#[test]
fn a_store_that_has_lost_what_was_shown_stays_out_of_order() {
    let world = world();
    for subject in ["one", "two", "three"] {
        world.write(create(subject)).unwrap();
    }
    world.damage("DELETE FROM change WHERE seq = 3");
    world.store.fail_next(FailedCommit::Lost, 0);
    assert!(is_in_doubt(&world.write(create("in doubt")).unwrap_err().to_string()));
    for _ in 0..3 {
        settle(&world);
        world.write(create("in its place")).unwrap_err();
    }
    assert!(world.block_on(world.service.ready()).is_err());
    assert_eq!(world.store.head(world.org.key).unwrap().0, 2, "nothing is written over it");
}

#[test]
fn an_organization_that_somebody_has_logged_in_to_is_never_cut_back() {
    for (failure, closed) in DOUBTS {
        let world = world();
        let (service, org, key) = (world.service.clone(), world.org.id.clone(), world.key.clone());
        let login =
            Box::pin(async move { service.login(&org, &key, None).await.map(|(_, id)| id) });
        let login = Arc::new(Mutex::new(login));
        // It waits for the committer before anybody hears how the import has ended.
        let (store, waiting) = (world.store.clone(), login.clone());
        let log_in = move || {
            let mut login = waiting.lock();
            assert!(login.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        };
        let _ = import(&world, ITEMS, move || store.fail_next_while(failure, closed, log_in));
        let session = world.block_on(&mut *login.lock());
        world.service.housekeep();
        if failure == FailedCommit::There {
            assert!(world.caller(&session.unwrap()).is_some());
            assert_eq!(stage_in_store(&world), Stage::Open);
            assert_shown(&world);
        } else {
            assert!(session.is_err(), "there is something to be cut back first");
            assert_gone(&world);
        }
    }
}

#[test]
fn the_end_of_cutting_back_may_be_in_doubt_too() {
    for failure in [FailedCommit::There, FailedCommit::Lost] {
        let world = world();
        let store = world.store.clone();
        let failing = || {
            import(&world, 1_000, move || {
                store.fail_next(failure, 1);
                panic!("the command is gone");
            })
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(failing)).is_err());
        world.service.housekeep();
        settle(&world);
        world.service.housekeep();
        world.log_in();
        assert_goes_on(&world);
    }
}

#[test]
fn the_beginning_of_a_first_import_may_be_in_doubt_too() {
    for (failure, closed) in
        [(FailedCommit::There, 0), (FailedCommit::There, 1), (FailedCommit::Lost, 1)]
    {
        let world = world();
        world.store.fail_next(failure, closed);
        let begun = world.import(&items(), false);
        assert_eq!(begun.is_ok(), closed == 0);
        if closed > 0 {
            settle(&world);
            world.service.housekeep();
            assert_gone(&world);
        }
    }
}

#[test]
fn what_a_first_import_leaves_in_doubt_fails_no_neighbours_write() {
    let mut world = world();
    let other = neighbour(&world).id.clone();
    let (service, mut committer) = world.by_hand();
    (world.org, world.service) = (service.org(&world.org.id).unwrap(), service.clone());
    let told = thread::scope(|scope| {
        let importing = scope.spawn(|| import_failing(&world, ITEMS, FailedCommit::There, 1));
        while !importing.is_finished() {
            committer.turn();
            thread::yield_now();
        }
        importing.join().unwrap()
    });
    assert!(is_in_doubt(&told.unwrap_err().to_string()));
    let other = service.org(&other).unwrap();
    let mut own = pin!(service.write(&world.org, author(), create("own")));
    let mut others = pin!(service.write(&other, author(), create("other's")));
    let mut nobody_waits = Context::from_waker(Waker::noop());
    assert!(own.as_mut().poll(&mut nobody_waits).is_pending());
    assert!(others.as_mut().poll(&mut nobody_waits).is_pending());
    committer.turn(); // Both in one transaction.
    assert_eq!(world.block_on(others).unwrap().id, ActivityId(1));
    assert_eq!(world.block_on(own).unwrap().id, ActivityId(ITEMS + 1));
}

#[test]
fn an_organization_whose_addition_was_in_doubt_keeps_its_key_and_its_name() {
    for (failure, closed) in DOUBTS {
        let world = world();
        world.store.fail_next(failure, closed);
        let added = add_org(&world.service, "doubted");
        assert_eq!(
            added.is_ok(),
            (failure, closed) == (FailedCommit::There, 0),
            "{failure:?} {closed}"
        );
        settle(&world);
        let next = add_org(&world.service, "next").unwrap();
        let known = world.service.org(&OrgId::parse("doubted").unwrap());
        assert_eq!(known.is_some(), failure == FailedCommit::There);
        if let Some(doubted) = known {
            assert_ne!(doubted.key, next.key);
            let user = NewUser { id: None, name: name("Dora"), role: Role::Editor };
            wait(world.service.add_user(Authority::command_line(&doubted), user, None)).unwrap();
            assert!(matches!(add_org(&world.service, "doubted"), Err(AdminError::OrgExists(_))));
        }
        let mut stored: Vec<_> =
            world.store.tenants().unwrap().into_iter().map(|t| t.organization.id).collect();
        stored.sort();
        let known: Vec<_> = world.service.orgs().iter().map(|org| org.id.clone()).collect();
        assert_eq!(stored, known);
    }
}

/// A change of what stands beside the log, and whether memory has it.
type Change = (&'static str, fn(&Steady) -> Result<(), AdminError>, fn(&Steady) -> bool);

const CHANGES: [Change; 4] = [
    (
        "user",
        |world| {
            let user = NewUser { id: Some(UserId(7)), name: name("Dora"), role: Role::Viewer };
            wait(world.service.add_user(Authority::command_line(&world.org), user, None)).map(drop)
        },
        |world| world.org.directory().users.contains_key(&UserId(7)),
    ),
    (
        "key",
        |world| wait(world.service.revoke_key(Authority::command_line(&world.org), KeyId(1))),
        |world| world.org.directory().keys[&KeyId(1)].revoked,
    ),
    (
        "status",
        |world| {
            let status = StatusName::parse("Doubted").unwrap();
            wait(world.service.add_status(Authority::command_line(&world.org), None, status))
                .map(drop)
        },
        |world| world.org.directory().statuses.contains_key(&StatusId(6)),
    ),
    (
        "account",
        |world| {
            let account = Account { id: ClientId(1), name: name("Acme") };
            world.service.put_accounts(&world.org, &[account], &mut |_| {}).map(drop)
        },
        |world| world.org.accounts().name(ClientId(1)).is_some(),
    ),
];

#[test]
fn a_change_of_the_directory_in_doubt_is_told_as_it_is_or_as_unknown() {
    for (what, change, is_changed) in CHANGES {
        for (failure, closed) in DOUBTS {
            let world = world();
            world.store.fail_next(failure, closed);
            let told = change(&world);
            if closed == 0 {
                assert_eq!(told.is_ok(), failure == FailedCommit::There, "{what} {failure:?}");
            } else {
                assert!(is_in_doubt(&told.unwrap_err().to_string()), "{what} {failure:?}");
                settle(&world);
            }
            assert_eq!(
                is_changed(&world),
                failure == FailedCommit::There,
                "{what} {failure:?} {closed}"
            );
        }
    }
}

#[test]
fn a_rename_in_doubt_reaches_every_record_if_it_is_there() {
    let world = world();
    world.write(create("Call")).unwrap();
    let renamed = StatusName::parse("Open").unwrap();
    world.store.fail_next(FailedCommit::There, 1);
    let told = wait(world.service.rename_status(
        Authority::command_line(&world.org),
        StatusId(2),
        renamed.clone(),
        &mut |_| {},
    ));
    assert!(is_in_doubt(&told.unwrap_err().to_string()));
    settle(&world);
    world.service.housekeep();
    let session = world.log_in();
    let answer = world.sync(&world.caller(&session).unwrap(), &everything());
    assert_eq!(answer.records[0].record().unwrap().status_name, renamed);
}

#[test]
fn an_orderly_end_in_doubt_is_told_as_it_is_or_as_unknown() {
    for (failure, closed) in DOUBTS {
        let world = world();
        let (_service, mut committer) = world.by_hand();
        world.store.fail_next(failure, closed);
        let ended = committer.close();
        assert_eq!(
            ended.is_ok(),
            (failure, closed) == (FailedCommit::There, 0),
            "{failure:?} {closed}: {ended:?}"
        );
        assert_eq!(world.store.folder().unwrap().clean, failure == FailedCommit::There);
    }
}

#[test]
fn runs_that_a_power_cut_made_doubtful_stay_so_when_the_start_after_it_fails() {
    let world = world();
    for n in 0..3 {
        world.write(create(&n.to_string())).unwrap();
    }
    let session = world.log_in();
    let pages = SyncQuery { page_size: 2, ..everything() };
    world.sync(&world.caller(&session).unwrap(), &pages);
    assert_eq!(world.store.runs(world.org.key).unwrap().len(), 1);

    let cut = left_in(&world.folder());
    let store = Arc::new(Faulty::open(cut.path()));
    let clock: Arc<dyn Clock> = world.clock.clone();
    let machine = |store: &Arc<Faulty>| Surroundings {
        clock: clock.clone(),
        boot: "the machine, started again".to_owned(),
        ..Surroundings::system(store.clone())
    };
    store.fail_next(FailedCommit::There, FOR_LONG);
    let settings = || Settings { requests_per_org_max: 64, cache_bytes_max: 1 << 20 };
    assert!(Service::prepare(machine(&store), settings()).is_err(), "the disk fails");

    let store = Arc::new(Faulty::open(cut.path()));
    let (service, committer) = Service::prepare(machine(&store), settings()).unwrap();
    assert_eq!(store.runs(world.org.key).unwrap(), [], "of the same start of the machine");
    drop((service, committer));
}
