//! Passwords that are set while somebody signs in with the one before.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use domain::{Clock, LoginName, ManualClock, Name, Role, Stamp, UserId};
use parking_lot::Mutex;
use service::{
    Attempt, Authority, Committer, NewUser, Password, Pending, Runtime, Service, SignInError,
    Surroundings, Tenant, wait,
};

use crate::harness::{World, stamp};

const DORA: UserId = UserId(7);
const ADA: UserId = UserId(8);
const OLD: &str = "correct horse battery";
const NEW: &str = "another horse altogether";

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn login_name(text: &str) -> LoginName {
    LoginName::parse(text).unwrap()
}

/// A clock that lets something happen when somebody has been told how much time has passed, after so
/// many others.
struct Interrupting {
    clock: ManualClock,
    interruption: Mutex<Option<(u32, Interruption)>>,
}

type Interruption = Box<dyn FnOnce() + Send>;

impl Clock for Interrupting {
    fn now(&self) -> Stamp {
        self.clock.now()
    }

    fn elapsed_ms(&self) -> i64 {
        let told = self.clock.elapsed_ms();
        let mut interruption = self.interruption.lock();
        match interruption.take() {
            Some((0, interrupt)) => {
                drop(interruption);
                interrupt();
            }
            later => *interruption = later.map(|(others, interrupt)| (others - 1, interrupt)),
        }
        told
    }

    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        self.clock.wait_until(until, at_most_ms);
    }
}

/// Does at once what may wait.
struct AtOnce;

impl Runtime for AtOnce {
    fn sleep(&self, _: Duration) -> Pending {
        Box::pin(std::future::ready(()))
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        work();
        Box::pin(std::future::ready(()))
    }

    fn spawn(&self, _: Pending) {
        unreachable!("nothing here goes on in the background");
    }
}

type Working<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A service whose committer takes a turn whenever somebody waits for it.
#[derive(Clone)]
struct Stepped {
    service: Service,
    committer: Arc<Mutex<Committer>>,
    org: Arc<Tenant>,
}

impl Stepped {
    /// Goes on with a request until it is done; where the committer is busy, until it waits for that.
    fn go_on<T>(&self, request: &mut Working<T>) -> Option<T> {
        loop {
            if let Poll::Ready(done) =
                request.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                return Some(done);
            }
            self.committer.try_lock()?.turn();
        }
    }

    fn sign_in(
        &self,
        login: &'static str,
        password: &'static str,
    ) -> Working<Result<String, SignInError>> {
        let (service, org) = (self.service.clone(), self.org.id.clone());
        Box::pin(async move {
            let attempt = Attempt { org: org.as_str(), login, password, ..Attempt::default() };
            service.sign_in(attempt).await.map(|session| session.id)
        })
    }

    fn is_in(&self, session: &str) -> bool {
        self.service.person(session).is_some()
    }
}

fn stepped() -> (World<Interrupting>, Stepped) {
    let clock = ManualClock::new(stamp("2026-02-03T04:05:06.789Z"));
    let world = World::new(Interrupting { clock, interruption: Mutex::default() });
    let add = |id, role, login| {
        let user = NewUser { id: Some(id), name: Name::parse("Somebody").unwrap(), role };
        let login = Some((login_name(login), password(OLD)));
        wait(world.service.add_user(Authority::command_line(&world.org), user, login)).unwrap();
    };
    add(DORA, Role::Viewer, "dora");
    add(ADA, Role::Admin, "ada");
    let surroundings = Surroundings {
        clock: world.clock.clone(),
        runtime: Arc::new(AtOnce),
        ..Surroundings::system(world.store.clone())
    };
    let (service, committer) = world.by_hand_in(surroundings);
    let (org, committer) = (service.org(&world.org.id).unwrap(), Arc::new(Mutex::new(committer)));
    (world, Stepped { service, committer, org })
}

/// Sets Dora's password to the new one. Somebody signs in with the old one a second after its time was
/// drawn, whenever that is: before, the clock is asked so many times. What they have in their hands once
/// the new one is set is worth nothing.
fn assert_old_is_worth_nothing<T: 'static>(
    world: &World<Interrupting>,
    stepped: &Stepped,
    asked_before: u32,
    mut setting: Working<T>,
) -> T {
    let signing_in = Arc::new(Mutex::new((stepped.sign_in("dora", OLD), None)));
    let (clock, there, begun) = (world.clock.clone(), stepped.clone(), signing_in.clone());
    let interrupt = move || {
        clock.clock.advance(1_000);
        let (request, done) = &mut *begun.lock();
        *done = there.go_on(request);
    };
    *world.clock.interruption.lock() = Some((asked_before, Box::new(interrupt)));
    let set = stepped.go_on(&mut setting).unwrap();
    assert!(world.clock.interruption.lock().is_none(), "somebody has come in between");
    let (request, done) = &mut *signing_in.lock();
    match done.take().or_else(|| stepped.go_on(request)).unwrap() {
        Ok(session) => assert!(!stepped.is_in(&session)),
        Err(refused) => assert!(matches!(refused, SignInError::Wrong), "{refused}"),
    }
    let session = stepped.go_on(&mut stepped.sign_in("dora", NEW)).unwrap().unwrap();
    assert!(stepped.is_in(&session));
    set
}

#[test]
fn an_old_session_is_worth_nothing_once_the_command_line_has_set_another_password() {
    let (world, stepped) = stepped();
    let (service, org) = (stepped.service.clone(), stepped.org.clone());
    let setting = async move {
        service
            .set_login(Authority::command_line(&org), DORA, login_name("dora"), password(NEW))
            .await
            .unwrap();
    };
    assert_old_is_worth_nothing(&world, &stepped, 0, Box::pin(setting));
}

#[test]
fn an_old_session_is_worth_nothing_once_an_admin_has_set_another_password() {
    let (world, stepped) = stepped();
    let session = stepped.go_on(&mut stepped.sign_in("ada", OLD)).unwrap().unwrap();
    let (service, ada) = (stepped.service.clone(), stepped.service.person(&session).unwrap());
    let setting = async move {
        service.set_login(&ada, DORA, login_name("dora"), password(NEW)).await.unwrap();
    };
    assert_old_is_worth_nothing(&world, &stepped, 0, Box::pin(setting));
    assert!(stepped.is_in(&session), "the admin's own goes on");
}

#[test]
fn an_old_session_is_worth_nothing_once_a_person_has_changed_the_password() {
    let (world, stepped) = stepped();
    let before = stepped.go_on(&mut stepped.sign_in("dora", OLD)).unwrap().unwrap();
    let (service, dora) = (stepped.service.clone(), stepped.service.person(&before).unwrap());
    let setting = async move { service.change_password(&dora, OLD, password(NEW)).await.unwrap() };
    let session = assert_old_is_worth_nothing(&world, &stepped, 1, Box::pin(setting));
    assert!(!stepped.is_in(&before));
    assert!(stepped.is_in(&session), "the one that it was changed in is replaced");
}
