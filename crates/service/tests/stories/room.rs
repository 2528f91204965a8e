//! The room for answers: what each organization may hold, and who waits for what.

use std::sync::Arc;
use std::time::Duration;

use domain::{Name, OrgId, Zone};
use service::{
    ANSWERS_BYTES_ALL_MAX, ANSWERS_BYTES_MAX, NoRoom, Pending, Runtime, Service, Settings, Share,
    Surroundings, Tenant, TokioRuntime, wait,
};
use store_sqlite::SqliteStore;
use tokio::sync::Notify;
use tokio::task::yield_now;

use crate::harness::runtime;

const PLACES: usize = 3;

/// A runtime whose waits end when it is told.
#[derive(Default)]
struct Patient(Arc<Notify>);

impl Runtime for Patient {
    fn sleep(&self, _: Duration) -> Pending {
        let over = self.0.clone();
        Box::pin(async move { over.notified().await })
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        TokioRuntime.blocking(work)
    }

    fn spawn(&self, work: Pending) {
        TokioRuntime.spawn(work);
    }
}

/// A server with these organizations, and what ends the waiting.
fn server<const N: usize>() -> (Service, [Arc<Tenant>; N], Arc<Notify>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let (over, settings) = (
        Arc::new(Notify::new()),
        Settings { requests_per_org_max: PLACES, cache_bytes_max: 1 << 20 },
    );
    let surroundings =
        Surroundings { runtime: Arc::new(Patient(over.clone())), ..Surroundings::system(store) };
    let service = Service::open(surroundings, settings).unwrap();
    let orgs = std::array::from_fn(|n| {
        let (id, name) = (OrgId::parse(&format!("org{n}")).unwrap(), Name::parse("x").unwrap());
        wait(service.add_org(id, name, Zone::utc())).unwrap()
    });
    (service, orgs, over, folder)
}

fn grown(org: &Tenant, bytes: usize) -> Option<Share> {
    let mut share = org.share();
    share.try_grow_to(bytes).then_some(share)
}

#[test]
fn an_organization_may_hold_as_much_as_it_leaves_free() {
    let (service, [one, other, third], _, _folder) = server();
    let mib = 1 << 20;
    let fill = |org: &Tenant| std::iter::from_fn(|| grown(org, mib)).collect::<Vec<_>>();
    let all_of_one = fill(&one);
    assert_eq!(all_of_one.len() * mib, ANSWERS_BYTES_MAX);
    // Half of what is left, and so on: nobody takes the last.
    let all_of_other = fill(&other);
    assert_eq!(all_of_other.len() * mib, ANSWERS_BYTES_MAX / 2);
    assert_eq!(fill(&third).len() * mib, ANSWERS_BYTES_MAX / 4);
    assert!(service.unsent_bytes() < ANSWERS_BYTES_ALL_MAX);
    // Whoever holds more than its part gets nothing before it has given that back.
    drop(all_of_one);
    assert!(grown(&third, ANSWERS_BYTES_MAX / 2).is_some());
    drop(all_of_other);
    assert_eq!(service.unsent_bytes(), 0);
}

#[test]
fn what_is_larger_than_the_room_has_it_alone_and_one_at_a_time() {
    let (service, [one, other], _, _folder) = server();
    let small = grown(&one, 1).unwrap();
    assert!(grown(&one, 3 * ANSWERS_BYTES_MAX).is_none(), "it is not alone");
    drop(small);
    let mut large = grown(&one, 3 * ANSWERS_BYTES_MAX).unwrap();
    assert_eq!(service.unsent_bytes(), ANSWERS_BYTES_MAX, "the others have the other half");
    assert!(grown(&one, 1).is_none());
    assert!(grown(&other, 3 * ANSWERS_BYTES_MAX).is_none(), "one at a time");
    assert!(grown(&other, ANSWERS_BYTES_MAX / 4).is_some());
    assert!(large.try_grow_to(4 * ANSWERS_BYTES_MAX));
    large.shrink_to(ANSWERS_BYTES_MAX / 2);
    assert_eq!(service.unsent_bytes(), ANSWERS_BYTES_MAX / 2);
    drop(large);
    assert!(grown(&other, 3 * ANSWERS_BYTES_MAX).is_some());
    assert_eq!(service.unsent_bytes(), 0);
}

#[test]
fn who_waits_gets_its_room_in_turn_and_is_refused_in_the_end() {
    let (service, [one, other], over, _folder) = server();
    runtime().block_on(async {
        let held = grown(&one, ANSWERS_BYTES_MAX).unwrap();
        let wait = |bytes: usize| {
            let one = one.clone();
            tokio::spawn(async move {
                let mut share = one.share();
                share.grow_to(bytes).await.map(|()| share)
            })
        };
        let (large, small) = (wait(ANSWERS_BYTES_MAX), wait(1));
        yield_now().await;
        assert!(grown(&other, 1).is_some(), "another organization does not wait");
        drop(held);
        let large = large.await.unwrap().unwrap();
        yield_now().await;
        assert!(!small.is_finished(), "it came later");
        drop(large);
        let _small = small.await.unwrap().unwrap();

        // Each holds what the other one waits for.
        let (mut half, mut rest) = (one.share(), one.share());
        half.grow_to(ANSWERS_BYTES_MAX / 2).await.unwrap();
        rest.grow_to(ANSWERS_BYTES_MAX / 2 - 1).await.unwrap();
        let both = async {
            tokio::join!(half.grow_to(ANSWERS_BYTES_MAX), rest.grow_to(ANSWERS_BYTES_MAX))
        };
        let end = async {
            yield_now().await;
            over.notify_waiters();
        };
        let (refused, ()) = tokio::join!(both, end);
        assert_eq!(refused, (Err(NoRoom::Answers), Err(NoRoom::Answers)));
        assert_eq!(service.refused_for_room(), 2);
    });
    service.close();
}

#[test]
fn who_waits_for_a_place_gets_the_next_one() {
    let (service, [one, other], over, _folder) = server();
    runtime().block_on(async {
        let mut places: Vec<_> = std::iter::from_fn(|| one.try_place()).collect();
        assert_eq!(places.len(), PLACES);
        let wait = || {
            let one = one.clone();
            tokio::spawn(async move { one.place().await })
        };
        let (next, last) = (wait(), wait());
        yield_now().await;
        assert!(other.try_place().is_some());
        places.pop();
        let next = next.await.unwrap().unwrap();
        yield_now().await;
        over.notify_waiters();
        assert_eq!(last.await.unwrap().err(), Some(NoRoom::Requests));
        // The bytes of an answer are held on when its place is free again.
        let mut next = next;
        assert!(next.share().try_grow_to(7));
        let share = next.into_share();
        assert!(one.try_place().is_some());
        assert_eq!((share.bytes(), service.unsent_bytes()), (7, 7));
    });
    service.close();
}
