//! What organizations feel of each other in the committer's queue, told by the order in which things become visible.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use domain::{ActivityId, Clock, CustomFieldPatch, ManualClock, OrgId, Seq, StatusId, StatusName};
use service::{Authority, Committer, NewUser, Service, Tenant, Write, wait};
use store::Store;

use crate::harness::{EDITOR, World, author, create, everything, stamp, update};

/// Nearly as much as a transaction holds, and less than two of them.
const LARGE: usize = 700_000;

/// Two organizations, of which one has something to wait for, and a committer that works when it is told to.
struct Story {
    world: World<ManualClock>,
    service: Service,
    committer: Committer,
    busy: Arc<Tenant>,
    neighbour: Arc<Tenant>,
    key: String,
}

impl Story {
    fn begin() -> Story {
        let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
        let other = OrgId::parse("neighbour").unwrap();
        let name = |text| domain::Name::parse(text).unwrap();
        let zone = domain::Zone::utc();
        let neighbour =
            wait(world.service.add_org(other.clone(), name("Neighbour"), zone)).unwrap();
        let user =
            NewUser { id: Some(EDITOR), name: name("Olga Other"), role: domain::Role::Editor };
        wait(world.service.add_user(Authority::command_line(&neighbour), user, None)).unwrap();
        let key = wait(world.service.add_key(Authority::command_line(&neighbour), EDITOR, None))
            .unwrap()
            .secret;
        world.block_on(world.service.login(&other, &key, None)).unwrap();
        let (service, committer) = world.by_hand();
        let busy = service.org(&world.org.id).unwrap();
        let neighbour = service.org(&other).unwrap();
        Story { world, service, committer, busy, neighbour, key }
    }

    fn large(&self) -> Write {
        let Write::Create(mut draft) = create("large") else { unreachable!() };
        let value = Some("x".repeat(LARGE));
        let field = CustomFieldPatch { field_id: "1".to_owned(), value, option_id: None };
        draft.custom_fields = vec![field];
        Write::Create(draft)
    }
}

/// A future that has come as far as it can without the committer.
fn begun<'a, T>(future: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    let mut future: Pin<Box<dyn Future<Output = T> + 'a>> = Box::pin(future);
    assert!(now(&mut future).is_none(), "it waits for the committer");
    future
}

/// What has come of it.
fn now<T>(future: &mut Pin<Box<dyn Future<Output = T> + '_>>) -> Option<T> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// How many activities an organization shows.
fn shown(story: &Story, org: &Tenant) -> u64 {
    story.world.store.real.head(org.key).unwrap().0
}

#[test]
fn a_write_waits_for_one_large_write_of_another_organization_at_most() {
    let mut story = Story::begin();
    let large: Vec<_> = (0..5).map(|_| (story.busy.clone(), story.large())).collect();
    let service = story.service.clone();
    let mut waiting: Vec<_> = large
        .iter()
        .map(|(org, write)| begun(service.write(org, author(), write.clone())))
        .collect();
    let neighbour = story.neighbour.clone();
    let mut small: Vec<_> = ["one", "other"]
        .into_iter()
        .map(|text| begun(service.write(&neighbour, author(), create(text))))
        .collect();
    story.committer.turn();
    assert_eq!((shown(&story, &story.busy), shown(&story, &neighbour)), (1, 0));
    story.committer.turn();
    assert_eq!((shown(&story, &story.busy), shown(&story, &neighbour)), (1, 2));
    assert!(small.iter_mut().all(|write| now(write).unwrap().is_ok()));
    (0..4).for_each(|_| story.committer.turn());
    assert_eq!(shown(&story, &story.busy), 5);
    let ids = waiting.iter_mut().map(|write| now(write).unwrap().unwrap().id.0);
    assert!(ids.eq(1..=5), "within an organization, nothing overtakes");
}

/// What a write asks for is small, what it makes is not.
#[test]
fn a_transaction_is_bounded_by_what_it_writes() {
    let mut story = Story::begin();
    let service = story.service.clone();
    let org = story.busy.clone();
    for _ in 0..6 {
        let mut made = begun(service.write(&org, author(), story.large()));
        story.committer.turn();
        now(&mut made).unwrap().unwrap();
    }
    let mut waiting: Vec<_> = (1..=6)
        .map(|id| begun(service.write(&org, author(), update(ActivityId(id), "changed"))))
        .collect();
    story.committer.turn();
    assert_eq!(shown(&story, &org), 7, "another one like it would not fit");
    (0..5).for_each(|_| story.committer.turn());
    assert!(waiting.iter_mut().all(|write| now(write).unwrap().is_ok()));
}

#[test]
fn logins_and_first_pages_wait_for_no_large_write_that_has_not_begun() {
    let mut story = Story::begin();
    let service = story.service.clone();
    let (org, neighbour) = (story.busy.clone(), story.neighbour.clone());
    for subject in ["one", "other"] {
        let mut made = begun(service.write(&neighbour, author(), create(subject)));
        story.committer.turn();
        now(&mut made).unwrap().unwrap();
    }
    let _waiting: Vec<_> =
        (0..5).map(|_| begun(service.write(&org, author(), story.large()))).collect();
    let id = neighbour.id.clone();
    let key = story.key.clone();
    let mut login = begun(service.login(&id, &key, None));
    story.committer.turn();
    assert_eq!(shown(&story, &org), 1);
    let (_, session) = now(&mut login).unwrap().unwrap();
    let caller = service.caller(&session).unwrap();
    let question = service::SyncQuery { page_size: 1, ..everything() };
    let mut page = begun(service.sync_page(&caller, &question, 200));
    story.committer.turn();
    assert_eq!(shown(&story, &org), 2, "the run is noted before the next large write");
    // That the key is in use is recorded durably before its first answer, in the organization's own turn.
    assert!(now(&mut page).is_none());
    story.committer.turn();
    assert_eq!((now(&mut page).unwrap().unwrap().pages, shown(&story, &org)), (2, 2));
}

#[test]
fn the_promise_is_renewed_though_writes_wait() {
    let mut story = Story::begin();
    let service = story.service.clone();
    let org = story.busy.clone();
    let _waiting: Vec<_> =
        (0..5).map(|_| begun(service.write(&org, author(), story.large()))).collect();
    story.committer.turn();
    story.world.clock.advance(4_000);
    story.committer.turn();
    let promised = story.world.store.real.folder().unwrap().lease;
    assert!(promised > story.world.clock.now().plus_millis(2_500));
    assert_eq!(shown(&story, &org), 2, "the others still wait");
}

#[test]
fn sessions_expire_while_a_status_is_being_renamed_everywhere() {
    let mut story = Story::begin();
    let service = story.service.clone();
    let org = story.busy.clone();
    let mut made = begun(service.write(&org, author(), create("Call")));
    story.committer.turn();
    now(&mut made).unwrap().unwrap();
    {
        let name = StatusName::parse("New").unwrap();
        let nobody = &mut |_| {};
        // Whoever renames it gives up before any record has followed.
        let mut given_up =
            begun(service.rename_status(Authority::command_line(&org), StatusId(2), name, nobody));
        story.committer.turn();
        assert!(now(&mut given_up).is_none());
    }
    let sessions = || story.world.store.real.sessions(story.neighbour.key).unwrap().len();
    assert_eq!(sessions(), 1);
    let mut long = begun(service.go_on());
    story.world.clock.advance(31 * 60_000);
    let mut short = begun(service.forget_expired());
    story.committer.turn();
    assert!(now(&mut short).is_some());
    assert_eq!(sessions(), 0);
    assert!(now(&mut long).is_none(), "it still has to say that it is done");
    story.committer.turn();
    assert!(now(&mut long).is_some());
    assert!(!org.directory().statuses[&StatusId(2)].spreading);
    assert_eq!(story.world.store.real.head(org.key).unwrap(), Seq(2));
}
