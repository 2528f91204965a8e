//! Clients that hang up in the middle: what the store has come to, memory has too.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use domain::ManualClock;
use store::Store;

use crate::harness::{World, runtime, stamp};

/// Lets a request go on until it waits for the committer, and drops it.
fn hang_up(request: impl Future) {
    let polled = pin!(request).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending));
}

#[test]
fn a_session_whose_login_nobody_waited_for_ends_like_any_other() {
    let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    world.log_in();
    let (service, mut committer) = world.by_hand();
    let org = service.org(&world.org.id).unwrap();
    let kept = || world.store.sessions(org.key).unwrap().len();
    hang_up(service.login(&world.org.id, &world.key, None));
    committer.turn();
    assert_eq!(kept(), 2);
    world.clock.advance(32 * 60_000);
    let housekeeping = std::thread::spawn(move || service.housekeep());
    while !housekeeping.is_finished() {
        committer.turn();
    }
    housekeeping.join().unwrap();
    assert_eq!(kept(), 0, "both have expired");
}

#[test]
fn a_session_whose_logout_nobody_waited_for_has_ended() {
    let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    let session = world.log_in();
    let (service, mut committer) = world.by_hand();
    let caller = service.caller(&session).unwrap();
    hang_up(service.logout(&caller));
    assert!(service.caller(&session).is_some(), "it goes on until that is kept");
    committer.turn();
    assert_eq!(world.store.sessions(caller.tenant.key).unwrap().len(), 0);
    assert!(service.caller(&session).is_none());
}

#[test]
fn a_login_that_is_not_kept_opens_nothing() {
    let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
    world.log_in();
    let (service, committer) = world.by_hand();
    drop(committer);
    let refused = runtime().block_on(service.login(&world.org.id, &world.key, None));
    assert!(refused.is_err());
    let sessions = world.store.sessions(world.org.key).unwrap();
    assert_eq!(sessions.len(), 1);
}
