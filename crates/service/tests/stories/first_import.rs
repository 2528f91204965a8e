//! What a first import means for others while it is written, and for itself where it is cut short.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use domain::{
    ActivityId, Imported, ManualClock, Name, Names, OrgId, Stamp, StatusId, StatusName, UserId,
    Zone,
};
use parking_lot::Mutex;
use service::{Authority, LoginError, NewUser, Refusal, SystemClock, wait};

use crate::harness::{World, author, create, everything, imported, left_in, runtime, stamp};

/// Enough for several transactions.
const ITEMS: i64 = 2_500;

fn items() -> Vec<Imported> {
    let old = |id| {
        let mut item = imported(ActivityId(id), Some("old"));
        if let Imported::Record { stamp, .. } = &mut item {
            *stamp = Some(long_ago().plus_millis(id));
        }
        item
    };
    (1..=ITEMS).map(old).collect()
}

fn long_ago() -> Stamp {
    stamp("2020-01-01T00:00:00Z")
}

/// Everything is there, with its own stamps.
fn assert_imported<C: domain::Clock + 'static>(world: &World<C>) {
    let session = world.log_in();
    let query = service::SyncQuery { page_size: 1, ..everything() };
    let answer = world.sync(&world.caller(&session).unwrap(), &query);
    assert_eq!(answer.total, ITEMS.unsigned_abs());
    assert_eq!(answer.records[0].stamp, long_ago().plus_millis(ITEMS));
}

#[test]
fn others_write_while_it_goes_on() {
    let world = World::new(SystemClock);
    let service = world.service.clone();
    let other = OrgId::parse("other").unwrap();
    let other = wait(service.add_org(other, Name::parse("Other").unwrap(), Zone::utc())).unwrap();
    let user = NewUser {
        id: Some(UserId(101_132)),
        name: Name::parse("Olga Other").unwrap(),
        role: domain::Role::Editor,
    };
    wait(service.add_user(Authority::command_line(&other), user, None)).unwrap();
    let written = Arc::new(Mutex::new(0));
    let counter = written.clone();
    let report = world.import_watched(&items(), false, move |_| {
        let write = service.write(&other, author(), create("meanwhile"));
        assert!(runtime().block_on(write).unwrap().version.is_some());
        *counter.lock() += 1;
    });
    assert!(report.unwrap().kept_stamps);
    assert!(*written.lock() >= 2, "it is written in several steps");
    assert_imported(&world);
}

#[test]
fn nobody_of_the_organization_logs_in_or_writes_while_it_goes_on() {
    let world = World::new(SystemClock);
    let (service, org, key) = (world.service.clone(), world.org.clone(), world.key.clone());
    let report = world.import_watched(&items(), false, move |_| {
        let login = runtime().block_on(service.login(&org.id, &key, None));
        assert!(matches!(login, Err(LoginError::Unavailable(text)) if text.contains("import")));
        let write = runtime().block_on(service.write(&org, author(), create("x")));
        assert!(matches!(write, Err(Refusal::Unavailable(text)) if text.contains("import")));
        assert!(!service.has_activities(&org), "nothing is seen before all is there");
    });
    assert!(report.unwrap().kept_stamps);
    assert_imported(&world);
    assert!(world.write(create("afterwards")).is_ok());
}

/// The instant that it drew is carried by no version: told, it would be forgotten by the next start.
#[test]
fn nothing_is_stamped_behind_what_is_told_after_it() {
    let mut world = World::new(ManualClock::new(stamp("2026-01-05T09:00:00Z")));
    assert!(world.import(&items(), false).unwrap().kept_stamps);
    world.clock.advance(-3_600_000);
    let told = world.sync(&world.caller(&world.log_in()).unwrap(), &everything()).horizon;
    world.restart(true);
    let id = world.write(create("afterwards")).unwrap().id;
    assert!(world.last_stamp(id) > told);
}

/// Its records have been given the name of before, and nothing can be changed about them yet.
#[test]
fn no_status_is_renamed_while_it_goes_on() {
    let world = World::new(SystemClock);
    let (service, org) = (world.service.clone(), world.org.clone());
    let name = |text: &str| StatusName::parse(text).unwrap();
    let (begun, ended) = (name("Begun"), name("Ended"));
    let report = world.import_watched(&items(), false, move |_| {
        let renamed = wait(service.rename_status(
            Authority::command_line(&org),
            StatusId(2),
            begun.clone(),
            &mut |_| {},
        ));
        assert!(renamed.unwrap_err().to_string().contains("import"));
    });
    assert!(report.unwrap().kept_stamps);
    let shown = || {
        let records = world.sync(&world.caller(&world.log_in()).unwrap(), &everything()).records;
        let names = records.iter().map(|r| r.record().unwrap().status_name.to_string());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(shown(), ["Not Started".to_owned()].into());
    wait(world.service.rename_status(
        Authority::command_line(&world.org),
        StatusId(2),
        ended,
        &mut |_| {},
    ))
    .unwrap();
    assert_eq!(shown(), ["Ended".to_owned()].into());
}

#[test]
fn a_crash_in_the_middle_leaves_nothing_of_it() {
    let mut world = World::new(ManualClock::new(stamp("2026-01-05T09:00:00Z")));
    let (folder, left) = (world.folder(), Arc::new(Mutex::new(None)));
    let keep = left.clone();
    world
        .import_watched(&items(), false, move |done| {
            if done < ITEMS.unsigned_abs() {
                *keep.lock() = Some(left_in(&folder));
            }
        })
        .unwrap();
    let left = left.lock().take().unwrap();
    world.go_on(left);
    assert!(!world.service.has_activities(&world.org));
    assert!(world.import(&items(), false).unwrap().kept_stamps, "as if it had never begun");
    assert_imported(&world);
}

/// The items, the first of which has a status of another name, and one of another number.
fn items_with_statuses() -> Vec<Imported> {
    let mut items = items();
    let statuses = [(StatusId(2), "Theirs"), (StatusId(40), "Parked"), (StatusId(1), "Completed")];
    for (item, (id, name)) in items.iter_mut().zip(statuses) {
        if let Imported::Record { activity, stamp, .. } = item {
            (activity.status, activity.status_name) = (id, StatusName::parse(name).unwrap());
            // Of several names, the last one counts.
            *stamp = stamp.map(|stamp| stamp.plus_millis(2 * ITEMS));
        }
    }
    items
}

#[test]
fn statuses_come_with_the_end_of_it_and_stay_away_with_a_failure() {
    let mut world = World::new(ManualClock::new(stamp("2026-01-05T09:00:00Z")));
    let shown = |world: &World<ManualClock>| world.org.directory().statuses.clone();
    let before = shown(&world);
    let (folder, left) = (world.folder(), Arc::new(Mutex::new(None)));
    let keep = left.clone();
    world
        .import_watched(&items_with_statuses(), false, move |done| {
            if done < ITEMS.unsigned_abs() {
                *keep.lock() = Some(left_in(&folder));
            }
        })
        .unwrap();
    assert_eq!(shown(&world)[&StatusId(40)].name.as_str(), "Parked");
    let left = left.lock().take().unwrap();
    world.go_on(left);
    assert_eq!(shown(&world), before, "after a crash");
    let failing =
        || world.import_watched(&items_with_statuses(), false, |_| panic!("the command is gone"));
    assert!(catch_unwind(AssertUnwindSafe(failing)).is_err());
    world.service.housekeep();
    assert_eq!(shown(&world), before, "after a failure");
    assert!(world.import(&items(), false).unwrap().kept_stamps);
    assert_eq!(shown(&world), before);
}

#[test]
fn no_status_is_added_while_it_goes_on() {
    let world = World::new(SystemClock);
    let (service, org) = (world.service.clone(), world.org.clone());
    let report = world.import_watched(&items(), false, move |_| {
        let name = StatusName::parse("Theirs").unwrap();
        let added = wait(service.add_status(Authority::command_line(&org), None, name));
        assert!(added.unwrap_err().to_string().contains("import"));
    });
    assert!(report.unwrap().kept_stamps);
}

#[test]
fn one_that_fails_is_cut_back_and_can_be_repeated() {
    let world = World::new(SystemClock);
    let failing = || world.import_watched(&items(), false, |_| panic!("the command is gone"));
    assert!(catch_unwind(AssertUnwindSafe(failing)).is_err());
    assert!(matches!(world.write(create("x")), Err(Refusal::Unavailable(_))));
    world.service.housekeep();
    assert!(world.import(&items(), false).unwrap().kept_stamps);
    assert_imported(&world);
}

/// A file that names an account and a person that are not here; what is `added` between reading and importing it.
fn import_after(is_first: bool, added: impl Fn(&World<SystemClock>)) -> (World<SystemClock>, bool) {
    let world = World::new(SystemClock);
    if !is_first {
        world.log_in();
    }
    let mut names = world.service.import_names(&world.org, true).unwrap();
    let domain::Lookup::Found(account) = names.account("Harbor Bakery") else { panic!() };
    let domain::Lookup::Found(_) = names.user("Grace Hopper") else { panic!() };
    let mut item = imported(ActivityId(1), Some("Call"));
    if let Imported::Record { activity, .. } = &mut item {
        activity.client = Some(account);
    }
    let mut spool = service::Spool::new(&std::env::temp_dir()).unwrap();
    spool.push(&item).unwrap();
    let mut plan = spool.finish().unwrap();
    plan.add(names.not_here().clone());
    added(&world);
    let options = service::ImportOptions::default();
    let done = wait(world.service.import(&world.org, plan, options, &|_| {}));
    let is_refused = matches!(done, Err(service::ImportError::AddedMeanwhile(_)));
    assert!(is_refused || done.is_ok(), "{done:?}");
    (world, is_refused)
}

#[test]
fn what_is_added_between_reading_and_importing_keeps_its_number_and_name() {
    let is_there = |world: &World<SystemClock>, name: &str| {
        world.org.accounts().called(name).next().is_some()
            || world.org.directory().users.values().any(|user| user.name.as_str() == name)
    };
    let cafe = || Name::parse("Quiet Cafe").unwrap();
    for is_first in [true, false] {
        let (world, is_refused) = import_after(is_first, |_| {});
        assert!(!is_refused);
        assert!(is_there(&world, "Harbor Bakery") && is_there(&world, "Grace Hopper"));
        let account = |world: &World<SystemClock>| {
            let id = domain::ClientId(1);
            let account = domain::Account { id, name: cafe() };
            world.service.put_accounts(&world.org, &[account], &mut |_| {}).unwrap();
        };
        let user = |world: &World<SystemClock>| {
            let user = NewUser { id: None, name: cafe(), role: domain::Role::Viewer };
            wait(world.service.add_user(Authority::command_line(&world.org), user, None)).unwrap();
        };
        for (world, is_refused) in [import_after(is_first, account), import_after(is_first, user)] {
            assert!(is_refused);
            assert!(is_there(&world, "Quiet Cafe"));
            assert!(!is_there(&world, "Harbor Bakery") && !is_there(&world, "Grace Hopper"));
            assert!(!world.service.has_activities(&world.org));
            assert!(!world.org.directory().users.is_empty());
        }
    }
}
