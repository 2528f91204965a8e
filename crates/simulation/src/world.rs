//! The simulated machine: one thread, one seed, and nothing happens but by the seed's choice.
//!
//! Tasks are futures of the clients and of the server. The scheduler polls whichever it likes of
//! those that were woken; the committer takes its turns in between; and wherever the server touches
//! its store, others may come in between as well, or the machine may die.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use domain::{Clock, Stamp};
use service::{Pending, Random, Runtime};

/// Where a simulation begins: some day in 2026.
const BEGIN_MILLIS: i64 = 1_780_000_000_000;

thread_local! {
    static WORLD: World = World::default();
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Whose a task is: those of the server die with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A client.
    Client,
    /// The server.
    Server,
}

struct Slot {
    owner: Owner,
    /// None while it is being polled, so that it is not polled within itself.
    task: Option<Task>,
    flag: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct World {
    rng: RefCell<fastrand::Rng>,
    /// What the wall clock shows.
    millis: Cell<i64>,
    /// How far the wall clock has leapt, until somebody sets it right.
    leapt: Cell<i64>,
    /// Milliseconds that have passed, whatever the wall clock shows.
    passed: Cell<i64>,
    tasks: RefCell<Vec<Slot>>,
    sleepers: RefCell<Vec<(i64, Waker)>>,
    /// Steps until the machine dies at the next point where it can; none while it is safe.
    death_in: Cell<Option<u32>>,
    /// How deep within the committer's steps we are.
    depth: Cell<u32>,
    steps: Cell<u64>,
}

impl Default for World {
    fn default() -> World {
        World {
            rng: RefCell::new(fastrand::Rng::with_seed(0)),
            millis: Cell::new(BEGIN_MILLIS),
            leapt: Cell::new(0),
            passed: Cell::new(0),
            tasks: RefCell::default(),
            sleepers: RefCell::default(),
            death_in: Cell::new(None),
            depth: Cell::new(0),
            steps: Cell::new(0),
        }
    }
}

/// What is thrown when the machine dies.
pub(crate) struct Death;

/// Begins a new world.
pub(crate) fn begin(seed: u64) {
    // What is left of the last one is dropped outside the borrow: it may wake others.
    let left = WORLD.with(|w| std::mem::take(&mut *w.tasks.borrow_mut()));
    drop(left);
    WORLD.with(|w| {
        *w.rng.borrow_mut() = fastrand::Rng::with_seed(seed);
        w.millis.set(BEGIN_MILLIS);
        w.leapt.set(0);
        w.passed.set(0);
        w.sleepers.borrow_mut().clear();
        w.death_in.set(None);
        w.depth.set(0);
        w.steps.set(0);
    });
}

/// Steps since the world began.
pub(crate) fn steps() -> u64 {
    WORLD.with(|w| w.steps.get())
}

/// A number below the bound.
pub(crate) fn below(bound: u64) -> u64 {
    WORLD.with(|w| w.rng.borrow_mut().u64(0..bound.max(1)))
}

/// True once in that many times.
pub(crate) fn one_in(times: u64) -> bool {
    below(times) == 0
}

/// One of these.
pub(crate) fn pick<T: Copy>(from: &[T]) -> T {
    from[usize::try_from(below(from.len() as u64)).unwrap_or(0)]
}

/// The wall clock.
pub(crate) fn now() -> Stamp {
    Stamp::from_millis(WORLD.with(|w| w.millis.get()))
}

/// What a clock shows that never steps: a reader's own.
pub(crate) fn steady_now() -> Stamp {
    Stamp::from_millis(BEGIN_MILLIS + passed())
}

/// Sets the wall clock to another time, backwards too.
pub(crate) fn step_clock(millis: i64) {
    WORLD.with(|w| w.millis.set(w.millis.get() + millis));
}

/// The wall clock leaps: by days or years, not by what a correction of the time may be.
pub(crate) fn leap(millis: i64) {
    WORLD.with(|w| w.leapt.set(w.leapt.get() + millis));
    step_clock(millis);
}

/// Somebody sets a clock right that has leapt; false if it has not.
pub(crate) fn set_clock_right() -> bool {
    let leapt = WORLD.with(|w| w.leapt.take());
    step_clock(-leapt);
    leapt != 0
}

/// Time passes.
pub(crate) fn pass(millis: u64) {
    let millis = i64::try_from(millis).unwrap_or(0);
    WORLD.with(|w| w.passed.set(w.passed.get() + millis));
    step_clock(millis);
    wake_sleepers();
}

fn passed() -> i64 {
    WORLD.with(|w| w.passed.get())
}

fn wake_sleepers() {
    let now = passed();
    let due: Vec<Waker> = WORLD.with(|w| {
        let mut sleepers = w.sleepers.borrow_mut();
        let due =
            sleepers.iter().filter(|(until, _)| *until <= now).map(|(_, waker)| waker.clone());
        let due = due.collect();
        sleepers.retain(|(until, _)| *until > now);
        due
    });
    due.into_iter().for_each(Waker::wake);
}

/// The machine will die within that many points where it can.
pub(crate) fn doom(points: u32) {
    WORLD.with(|w| w.death_in.set(Some(points)));
}

/// The machine is safe again.
pub(crate) fn spare() {
    WORLD.with(|w| w.death_in.set(None));
}

/// A point within the server's work where others may come in between, or the machine may die.
pub(crate) fn point() {
    let dies = WORLD.with(|w| {
        let left = w.death_in.get();
        w.death_in.set(left.map(|left| left.saturating_sub(1)));
        left == Some(0)
    });
    if dies {
        spare();
        std::panic::resume_unwind(Box::new(Death));
    }
    interleave();
}

/// Lets a few others come in between, and a little time pass.
pub(crate) fn interleave() {
    const DEPTH_MAX: u32 = 3;
    let depth = WORLD.with(|w| w.depth.get());
    if depth >= DEPTH_MAX {
        return;
    }
    WORLD.with(|w| w.depth.set(depth + 1));
    for _ in 0..below(4) {
        if one_in(3) {
            pass(below(3));
        }
        poll_one();
    }
    WORLD.with(|w| w.depth.set(depth));
}

/// The innermost work was torn down: the scheduler is at the top again.
pub(crate) fn surface() {
    WORLD.with(|w| w.depth.set(0));
}

/// Adds a task.
pub(crate) fn spawn(owner: Owner, task: impl Future<Output = ()> + 'static) {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let slot = Slot { owner, task: Some(Box::pin(task)), flag };
    WORLD.with(|w| w.tasks.borrow_mut().push(slot));
}

/// Drops all tasks of the server.
pub(crate) fn kill_server() {
    let dead: Vec<Slot> = WORLD.with(|w| {
        let mut tasks = w.tasks.borrow_mut();
        let (dead, alive) = tasks.drain(..).partition(|slot| slot.owner == Owner::Server);
        *tasks = alive;
        dead
    });
    drop(dead); // outside the borrow: their clients are woken
}

/// Whether any task of a client is left.
pub(crate) fn clients_are_left() -> bool {
    WORLD.with(|w| w.tasks.borrow().iter().any(|slot| slot.owner == Owner::Client))
}

/// Polls one of the tasks that were woken. False if none was.
pub(crate) fn poll_one() -> bool {
    let taken = WORLD.with(|w| {
        let mut tasks = w.tasks.borrow_mut();
        let ready = |slot: &Slot| slot.task.is_some() && slot.flag.0.load(Ordering::SeqCst);
        let count = tasks.iter().filter(|slot| ready(slot)).count();
        if count == 0 {
            return None;
        }
        w.steps.set(w.steps.get() + 1);
        let chosen = w.rng.borrow_mut().usize(0..count);
        let slot = tasks.iter_mut().filter(|slot| ready(slot)).nth(chosen)?;
        slot.flag.0.store(false, Ordering::SeqCst);
        Some((slot.task.take()?, slot.flag.clone()))
    });
    let Some((mut task, flag)) = taken else { return false };
    let waker = Waker::from(flag.clone());
    let state = task.as_mut().poll(&mut Context::from_waker(&waker));
    WORLD.with(|w| {
        let mut tasks = w.tasks.borrow_mut();
        let at = tasks.iter().position(|slot| Arc::ptr_eq(&slot.flag, &flag));
        match (state, at) {
            (Poll::Pending, Some(at)) => tasks[at].task = Some(task),
            (Poll::Ready(()), Some(at)) => drop(tasks.remove(at)),
            // It was killed within its own poll.
            (_, None) => {}
        }
    });
    true
}

/// Waits until so much time has passed.
pub(crate) fn sleep(millis: i64) -> Pending {
    let until = passed() + millis;
    Box::pin(std::future::poll_fn(move |context| {
        if passed() >= until {
            return Poll::Ready(());
        }
        WORLD.with(|w| w.sleepers.borrow_mut().push((until, context.waker().clone())));
        Poll::Pending
    }))
}

/// Lets others go first.
pub(crate) fn yield_now() -> Pending {
    let mut yielded = false;
    Box::pin(std::future::poll_fn(move |context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

/// The world's clock, as the service sees it.
pub(crate) struct SimClock;

impl Clock for SimClock {
    fn now(&self) -> Stamp {
        now()
    }

    fn elapsed_ms(&self) -> i64 {
        passed()
    }

    fn wait_until(&self, until: Stamp, at_most_ms: i64) {
        point();
        pass((until.millis() - now().millis()).clamp(0, at_most_ms).unsigned_abs());
    }
}

/// The world's runtime, as the service sees it.
pub(crate) struct SimRuntime;

impl Runtime for SimRuntime {
    fn sleep(&self, duration: Duration) -> Pending {
        sleep(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }

    fn blocking(&self, work: Box<dyn FnOnce() + Send>) -> Pending {
        Box::pin(async move {
            yield_now().await;
            work();
        })
    }

    fn spawn(&self, work: Pending) {
        spawn(Owner::Server, work);
    }
}

/// Secrets by the seed.
pub(crate) struct SimRandom;

impl Random for SimRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), String> {
        WORLD.with(|w| w.rng.borrow_mut().fill(buffer));
        Ok(())
    }
}
