//! The simulated machine with the server on it: starts it, has it work, kills it, starts it again.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;

use neon::Api;
use service::{AcceptClock, ClockError, Committer, OpenError, Service, Settings, Surroundings};
use store::Store;
use tokio::sync::oneshot;

use crate::disk::{Crash, SimStore};
use crate::world::{self, Death, Owner, SimClock, SimRandom, SimRuntime, below, one_in, pick};

/// How long a server waits until it looks again for interrupted work. A real one has more patience.
const HOUSEKEEPING_MS: i64 = 200;

/// A request was lost with the connection: whether it was done, nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// The machine. Clones are the same machine.
#[derive(Clone)]
pub(crate) struct Machine {
    /// Its disk.
    pub(crate) store: SimStore,
    doors: Rc<RefCell<Option<Doors>>>,
    committer: Rc<RefCell<Option<Committer>>>,
    crashes: Rc<RefCell<u64>>,
    /// Whether it may die while it starts.
    perilous: bool,
}

/// Where requests come in.
#[derive(Clone)]
pub(crate) struct Doors {
    /// For scripts: the API, from HTTP on.
    pub(crate) api: Api,
    /// For pages and commands.
    pub(crate) service: Service,
}

impl Machine {
    /// A machine whose server has not been started.
    #[must_use]
    pub(crate) fn new(store: SimStore, perilous: bool) -> Machine {
        let (doors, committer, crashes) = (Rc::default(), Rc::default(), Rc::default());
        Machine { store, doors, committer, crashes, perilous }
    }

    /// How often it died.
    #[must_use]
    pub(crate) fn crashes(&self) -> u64 {
        *self.crashes.borrow()
    }

    /// Starts the server, as often as it takes. It may die at any point of its start.
    pub(crate) fn start(&self) {
        loop {
            if self.perilous && one_in(4) {
                world::doom(u32::try_from(below(10)).unwrap_or(0));
            }
            let started =
                catch_unwind(AssertUnwindSafe(|| prepare(&self.store, AcceptClock::Near)));
            world::spare();
            match started {
                Ok((service, committer)) => {
                    keep_house(service.clone());
                    // Other limits than those of the process before, now and then.
                    let page_size_max = pick(&[2, 3, 3, 5]);
                    let settings = neon::Settings { page_size_max, cache_bytes_max: 1 << 20 };
                    let api = Api::new(service.clone(), settings);
                    *self.doors.borrow_mut() = Some(Doors { api, service });
                    *self.committer.borrow_mut() = Some(committer);
                    return;
                }
                Err(payload) => self.bury(payload, pick(&[Crash::Process, Crash::Power])),
            }
        }
    }

    /// Makes this the machine whose committer may come in between others.
    pub(crate) fn show(&self) {
        SHOWN.with(|shown| *shown.borrow_mut() = Some(self.clone()));
    }

    /// Kills the machine now and starts it again.
    pub(crate) fn crash(&self, how: Crash) {
        self.die(how);
        self.start();
    }

    /// Stops the server in order and starts it again.
    pub(crate) fn restart(&self) {
        world::kill_server();
        world::spare();
        *self.doors.borrow_mut() = None;
        let stopped = self.committer.borrow_mut().take();
        if let Some(mut committer) = stopped {
            // What waits is done before: the real one takes its orders in turn.
            (0..5).for_each(|_| committer.turn());
            if committer.close().is_err() {
                drop(committer);
                self.die(Crash::Process);
            }
        }
        self.start();
    }

    /// Has the committer take a turn, if there is a server and it is not at it already.
    pub(crate) fn turn(&self) {
        // Taken out, since others who come in between look at the machine too.
        let taken = self.committer.borrow_mut().take();
        let Some(mut committer) = taken else { return };
        match catch_unwind(AssertUnwindSafe(|| committer.turn())) {
            Ok(()) => *self.committer.borrow_mut() = Some(committer),
            Err(payload) => {
                drop(committer);
                self.bury(payload, pick(&[Crash::Process, Crash::Power]));
                self.start();
            }
        }
    }

    fn bury(&self, payload: Box<dyn std::any::Any + Send>, how: Crash) {
        if !payload.is::<Death>() {
            resume_unwind(payload); // a real panic
        }
        self.die(how);
    }

    fn die(&self, how: Crash) {
        world::surface();
        world::spare();
        world::kill_server();
        *self.doors.borrow_mut() = None;
        *self.committer.borrow_mut() = None;
        self.store.crash(how);
        *self.crashes.borrow_mut() += 1;
    }

    /// The service that is running, if one is.
    pub(crate) fn service(&self) -> Option<Service> {
        self.doors.borrow().as_ref().map(|doors| doors.service.clone())
    }

    /// Sends a request to the server. Sometimes the answer is lost on its way back.
    ///
    /// # Errors
    /// When the answer does not come.
    pub(crate) async fn request<T, F>(&self, ask: impl FnOnce(Doors) -> F) -> Result<T, Lost>
    where
        T: 'static,
        F: Future<Output = T> + 'static,
    {
        let answer = self.request_to_hear(ask).await;
        if one_in(60) { Err(Lost) } else { answer }
    }

    /// The same, but an answer that has been sent arrives.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn request_to_hear<T, F>(
        &self,
        ask: impl FnOnce(Doors) -> F,
    ) -> Result<T, Lost>
    where
        T: 'static,
        F: Future<Output = T> + 'static,
    {
        world::yield_now().await;
        let doors = self.doors.borrow().clone();
        let Some(doors) = doors else { return Err(Lost) };
        if one_in(60) {
            return Err(Lost); // it never arrived
        }
        let (reply, answer) = oneshot::channel();
        let asking = ask(doors);
        world::spawn(Owner::Server, async move {
            let _ = reply.send(asking.await);
        });
        answer.await.map_err(|_| Lost)
    }
}

thread_local! {
    /// The machine of this thread's world.
    static SHOWN: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

/// What may come in between two steps of a reader that are one step where the guard is on: the clock
/// steps back, and somebody commits.
pub(crate) fn interrupt() {
    if one_in(3) {
        world::step_clock(-pick(&[1, 2, 15]));
    }
    let machine = SHOWN.with(|shown| shown.borrow().clone());
    if let Some(machine) = machine {
        machine.turn();
    }
}

/// What a server does by itself from time to time.
fn keep_house(service: Service) {
    let other = service.clone();
    world::spawn(Owner::Server, async move {
        loop {
            service.forget_expired().await;
            world::sleep(HOUSEKEEPING_MS).await;
        }
    });
    world::spawn(Owner::Server, async move {
        loop {
            other.go_on().await;
            world::sleep(HOUSEKEEPING_MS).await;
        }
    });
}

/// Puts the server to work on a store, as often as it takes. A clock that has leapt is refused, until
/// somebody sets it right.
fn prepare(store: &SimStore, accept_clock: AcceptClock) -> (Service, Committer) {
    let mut surroundings = Surroundings {
        store: Arc::new(store.clone()),
        clock: Arc::new(SimClock),
        random: Arc::new(SimRandom),
        runtime: Arc::new(SimRuntime),
        accept_clock,
        boot: store.boot(),
        search: None,
        disk: service::DiskLimits::default(),
    };
    // So small that some versions and orders have to be read again.
    let settings = Settings { requests_per_org_max: 100, cache_bytes_max: 1 << 20 };
    loop {
        // A store that cannot be written yet is tried again, as an init system would.
        match store.reopen().map(|()| Service::prepare(surroundings.clone(), settings)) {
            Ok(Ok(server)) => return server,
            Ok(Err(OpenError::Clock(refused))) => match (world::set_clock_right(), refused) {
                (true, _) => {}
                // The process before ended in order, under a clock that had leapt back.
                (false, ClockError::Ahead { .. }) => surroundings.accept_clock = AcceptClock::Later,
                (false, _) => panic!("a clock that is right was refused: {refused}"),
            },
            _ => continue,
        }
    }
}

/// A service on a copy of a disk: what a backup is good for.
///
/// # Panics
/// When the copy cannot be opened.
#[must_use]
pub(crate) fn open_backup(store: &SimStore) -> Vec<String> {
    let (service, committer) = prepare(store, AcceptClock::Later);
    drop((service, committer));
    let checked = service::check(store, &mut |_| {});
    checked.map_or_else(|e| vec![e.to_string()], |checked| checked.lines)
}
