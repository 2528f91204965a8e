//! Questions that take long: so many at a time, whoever asks, and whether or not the client stays.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use domain::{Account, ActivityId, ClientId, Member, Name, OrgId, Role, SystemUser, Zone};
use service::{
    Authority, Caller, ImportOptions, NewUser, Pending, Runtime, SORTS_MAX, Service, Settings,
    Spool, Surroundings, SyncQuery, Tenant, TokioRuntime, wait,
};
use store_sqlite::SqliteStore;
use tokio::task::{JoinSet, yield_now};

use crate::harness::{ascending, create, everything, imported, runtime, stamp};

const ORGS: usize = SORTS_MAX;
const QUESTIONS_PER_ORG: usize = 3;

/// A runtime whose blocking work waits at a gate.
#[derive(Default)]
struct Gated {
    begun: AtomicUsize,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

/// As long as it lives, the gate is closed.
struct Closed<'a>(&'a Gated);

impl Gated {
    fn close(&self) -> Closed<'_> {
        *self.gate.0.lock().unwrap() = true;
        self.begun.store(0, Ordering::SeqCst);
        Closed(self)
    }
}

impl Closed<'_> {
    /// How much work has come to the gate.
    fn waiting(&self) -> usize {
        self.0.begun.load(Ordering::SeqCst)
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        *self.0.gate.0.lock().unwrap() = false;
        self.0.gate.1.notify_all();
    }
}

impl Runtime for Gated {
    fn sleep(&self, duration: Duration) -> Pending {
        TokioRuntime.sleep(duration)
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let gate = self.gate.clone();
        TokioRuntime.blocking(Box::new(move || {
            let closed = gate.0.lock().unwrap();
            drop(gate.1.wait_while(closed, |closed| *closed).unwrap());
            work();
        }))
    }

    fn spawn(&self, work: Pending) {
        TokioRuntime.spawn(work);
    }
}

async fn callers(service: &Service) -> Vec<Caller> {
    let mut callers = Vec::new();
    for n in 0..ORGS {
        let org = OrgId::parse(&format!("org{n}")).unwrap();
        let key = tokio::task::spawn_blocking({
            let (service, org) = (service.clone(), org.clone());
            move || {
                let name = Name::parse("x").unwrap();
                let tenant = wait(service.add_org(org, name.clone(), Zone::utc())).unwrap();
                let user = NewUser { id: None, name, role: Role::Editor };
                let user =
                    wait(service.add_user(Authority::command_line(&tenant), user, None)).unwrap();
                wait(service.add_key(Authority::command_line(&tenant), user, None)).unwrap().secret
            }
        });
        let (tenant, session) = service.login(&org, &key.await.unwrap(), None).await.unwrap();
        let caller = service.caller(&session).unwrap();
        let SystemUser { id, .. } = caller.system_user().unwrap();
        let author = domain::Author { user: Some(id), origin: domain::Origin::Api };
        service.write(&tenant, author, create("x")).await.unwrap();
        callers.push(caller);
    }
    callers
}

fn ask(service: &Service, callers: &[Caller], asking: &mut JoinSet<u64>) {
    // Different questions, so that none waits for the sorting of another.
    let orders = [Member::Subject, Member::Note, Member::Client];
    for caller in callers {
        for by in orders.into_iter().take(QUESTIONS_PER_ORG) {
            let (service, caller) = (service.clone(), caller.clone());
            let query = SyncQuery { order: ascending(by), ..everything() };
            asking
                .spawn(async move { service.sync_page(&caller, &query, 200).await.unwrap().total });
        }
    }
}

/// Lets every question go as far as it can.
async fn settle() {
    for _ in 0..1_000 {
        yield_now().await;
    }
}

/// A service with a gate, and somebody logged in to each of its organizations.
fn story(tell: impl AsyncFnOnce(&Service, &Gated, &[Caller])) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let gated = Arc::new(Gated::default());
    let surroundings = Surroundings { runtime: gated.clone(), ..Surroundings::system(store) };
    let settings = Settings { requests_per_org_max: 64, cache_bytes_max: 1 << 20 };
    let service = Service::open(surroundings, settings).unwrap();
    runtime().block_on(async {
        let callers = callers(&service).await;
        tell(&service, &gated, &callers).await;
    });
    service.close();
}

#[test]
fn sorting_is_bounded_over_all_organizations_though_clients_hang_up() {
    story(async |service, gated, callers| {
        let closed = gated.close();
        let mut asking = JoinSet::new();
        ask(service, callers, &mut asking);
        settle().await;
        assert_eq!(closed.waiting(), SORTS_MAX);
        asking.shutdown().await;
        ask(service, callers, &mut asking);
        settle().await;
        assert_eq!(closed.waiting(), SORTS_MAX, "what nobody waits for any more has its place");
        drop(closed);
        assert_eq!(asking.join_all().await, [1; ORGS * QUESTIONS_PER_ORG]);
    });
}

#[test]
fn one_organization_leaves_room_for_another() {
    story(async |service, gated, callers| {
        let closed = gated.close();
        let mut asking = JoinSet::new();
        ask(service, &callers[..1], &mut asking);
        settle().await;
        let own = closed.waiting();
        assert!((1..SORTS_MAX).contains(&own), "{own}");
        ask(service, &callers[1..2], &mut asking);
        settle().await;
        assert!(closed.waiting() > own, "the other's questions do not wait for the first's");
        drop(closed);
        asking.join_all().await;
    });
}

/// Accounts that are not searched on the spot.
const ACCOUNTS: i64 = 600;

/// Searches that one organization may have at the same time.
const SEARCHES_PER_ORG_MAX: usize = 4;

#[test]
fn searches_among_many_accounts_take_turns() {
    story(async |service, gated, callers| {
        for caller in &callers[..2] {
            let (service, tenant) = (service.clone(), caller.tenant.clone());
            let name = |id: i64| Name::parse(&format!("Account {id}")).unwrap();
            let account = |id| Account { id: ClientId(id), name: name(id) };
            let accounts: Vec<Account> = (1..=ACCOUNTS).map(account).collect();
            let put = move || service.put_accounts(&tenant, &accounts, &mut |_| {}).unwrap();
            tokio::task::spawn_blocking(put).await.unwrap();
        }
        let closed = gated.close();
        let mut asking = JoinSet::new();
        let search = |caller: &Caller, asking: &mut JoinSet<usize>| {
            let (service, tenant) = (service.clone(), caller.tenant.clone());
            let found = |tenant: &Arc<Tenant>| tenant.page_of_accounts("account 59", 0, 3).0;
            asking.spawn(async move { service.among_accounts(&tenant, found).await.unwrap() });
        };
        (0..10).for_each(|_| search(&callers[0], &mut asking));
        settle().await;
        assert_eq!(closed.waiting(), SEARCHES_PER_ORG_MAX);
        search(&callers[1], &mut asking);
        settle().await;
        assert_eq!(closed.waiting(), SEARCHES_PER_ORG_MAX + 1, "another organization has its own");
        drop(closed);
        // 59, 159 to 559, and 590 to 599.
        assert_eq!(asking.join_all().await, [16; 11]);
    });
}

/// Removed ids that are not collected on the spot.
const REMOVED: i64 = 20_001;

#[test]
fn long_lists_of_removed_ids_take_turns() {
    story(async |service, gated, callers| {
        let caller = &callers[0];
        let (importer, tenant) = (service.clone(), caller.tenant.clone());
        let import = move || {
            let folder = tempfile::tempdir().unwrap();
            let mut spool = Spool::new(folder.path()).unwrap();
            let removed = (2..REMOVED + 2).map(|id| imported(ActivityId(id), None));
            removed.for_each(|item| spool.push(&item).unwrap());
            let plan = spool.finish().unwrap();
            wait(importer.import(&tenant, plan, ImportOptions::default(), &|_| {})).unwrap();
        };
        tokio::task::spawn_blocking(import).await.unwrap();
        let closed = gated.close();
        let mut asking = JoinSet::new();
        for hour in 0..10 {
            let (service, caller) = (service.clone(), caller.clone());
            let from = stamp("2026-01-01T00:00:00Z").plus_millis(hour);
            let query = SyncQuery { from: Some(from), ..everything() };
            asking.spawn(async move {
                let page = service.sync_page(&caller, &query, 200).await.unwrap();
                page.removed.unwrap().len()
            });
        }
        settle().await;
        let waiting = closed.waiting();
        assert!((1..SORTS_MAX).contains(&waiting), "{waiting}");
        drop(closed);
        assert_eq!(asking.join_all().await, [usize::try_from(REMOVED).unwrap(); 10]);
    });
}
