//! What was asked last with each key, and how its mirror is doing.

use domain::{ActivityId, ManualClock, Stamp};
use service::{Integration, IntegrationState, PollRecord, SyncQuery};
use store::Store;

use crate::harness::{World, create, everything, stamp, update};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

fn world() -> World<ManualClock> {
    World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")))
}

/// The one key that there is.
fn integration(world: &World<ManualClock>) -> Integration {
    let mut integrations = world.service.integrations(&world.org);
    assert_eq!(integrations.len(), 1);
    integrations.remove(0)
}

fn poll(world: &World<ManualClock>) -> PollRecord {
    integration(world).poll.unwrap()
}

fn advance(world: &World<ManualClock>, millis: i64) {
    world.clock.advance(millis);
    world.settle();
}

fn ask(world: &World<ManualClock>, query: &SyncQuery) -> Stamp {
    let session = world.log_in();
    world.sync(&world.caller(&session).unwrap(), query).horizon
}

#[test]
fn a_key_that_nobody_asks_with_for_a_day_is_silent() {
    let world = world();
    advance(&world, 24 * 60 * MINUTE_MS + 1);
    assert_eq!(integration(&world).state, IntegrationState::Silent);
}

#[test]
fn a_poll_is_remembered_with_what_it_asked_for_and_got() {
    let world = world();
    assert_eq!(integration(&world).state, IntegrationState::New, "it has never asked");
    let [one, two] = ["one", "two"].map(|subject| world.write(create(subject)).unwrap().id);
    world.write(service::Write::Remove(one)).unwrap();
    advance(&world, MINUTE_MS);
    let query = SyncQuery { to: Some(stamp("2026-02-03T05:00:00Z")), ..everything() };
    let horizon = ask(&world, &query);
    let poll = poll(&world);
    assert_eq!((poll.from, poll.to, poll.horizon), (query.from, query.to, horizon));
    assert_eq!((poll.records, poll.removed, poll.rhythm_ms), (1, 1, None));
    let now = integration(&world);
    assert_eq!((now.state, now.ago_ms, now.behind), (IntegrationState::UpToDate, Some(0), 0));

    advance(&world, MINUTE_MS);
    assert_eq!(integration(&world).ago_ms, Some(MINUTE_MS));
    world.write(update(two, "other")).unwrap();
    let oldest = world.last_stamp(two);
    world.write(create("three")).unwrap();
    let now = integration(&world);
    assert_eq!((now.state, now.behind), (IntegrationState::Behind, 2));
    assert_eq!(now.behind_since, Some(oldest));
}

#[test]
fn only_a_new_question_for_all_that_changed_counts() {
    let world = world();
    for subject in ["one", "two", "three"] {
        world.write(create(subject)).unwrap();
    }
    let session = world.log_in();
    let caller = world.caller(&session).unwrap();
    let query = SyncQuery { page_size: 2, ..everything() };
    world.sync(&caller, &query);
    let first = poll(&world);
    advance(&world, MINUTE_MS);
    world.sync(&caller, &SyncQuery { page: 2, ..query.clone() });
    let named = SyncQuery { ids: Some(vec![ActivityId(1)]), from: None, ..query.clone() };
    world.sync(&caller, &named);
    assert_eq!(poll(&world), first);
    world.sync(&caller, &query);
    assert_eq!(poll(&world).rhythm_ms, Some(MINUTE_MS));
}

#[test]
fn a_key_is_silent_when_it_misses_its_rhythm() {
    let world = world();
    ask(&world, &everything());
    advance(&world, 23 * HOUR_MS);
    assert_eq!(integration(&world).state, IntegrationState::UpToDate, "it may ask once a day");
    ask(&world, &everything());
    // It asks each half hour now, and its rhythm follows.
    for _ in 0..20 {
        advance(&world, HOUR_MS / 2);
        ask(&world, &everything());
    }
    let rhythm = poll(&world).rhythm_ms.unwrap();
    assert!((HOUR_MS / 2..HOUR_MS).contains(&rhythm), "{rhythm}");
    advance(&world, 2 * HOUR_MS);
    assert_eq!(integration(&world).state, IntegrationState::UpToDate);
    advance(&world, 2 * HOUR_MS);
    assert_eq!(integration(&world).state, IntegrationState::Silent);
    ask(&world, &everything());
    assert_eq!(integration(&world).state, IntegrationState::UpToDate);
}

#[test]
fn a_key_that_asks_all_the_time_is_not_silent_within_the_hour() {
    let world = world();
    for _ in 0..20 {
        advance(&world, 1_000);
        ask(&world, &everything());
    }
    advance(&world, 59 * MINUTE_MS);
    assert_eq!(integration(&world).state, IntegrationState::UpToDate);
    advance(&world, 2 * MINUTE_MS);
    assert_eq!(integration(&world).state, IntegrationState::Silent);
}

#[test]
fn polls_survive_a_stop() {
    let mut world = world();
    ask(&world, &everything());
    advance(&world, HOUR_MS);
    ask(&world, &everything());
    let before = poll(&world);
    world.restart(true);
    assert_eq!(poll(&world), before);
    assert_eq!(before.rhythm_ms, Some(HOUR_MS));
}

#[test]
fn what_housekeeping_has_noted_survives_a_crash() {
    let mut world = world();
    ask(&world, &everything());
    let noted = poll(&world);
    let kept = |world: &World<ManualClock>| world.store.polls(world.org.key).unwrap();
    assert_eq!(kept(&world), [], "a question does not wait for the disk");
    world.service.housekeep();
    world.settle();
    assert_eq!(kept(&world), [noted]);
    advance(&world, MINUTE_MS);
    ask(&world, &everything());
    world.restart(false);
    assert_eq!(poll(&world), noted);
}
