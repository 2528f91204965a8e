//! One schedule: a world, its machine, its clients, and what befalls them; then the verdict.

use std::cell::Cell;
use std::rc::Rc;

use domain::{
    ApiKey, KeyId, Name, OrgId, OrgKey, Organization, Role, Stage, Stamp, Status, StatusId,
    StatusName, SystemUser, UserId, Version, Zone,
};
use service::Guard;

use crate::disk::{Crash, SimStore};
use crate::machine::{self, Machine, open_backup};
use crate::poller::{Habits, Mirror, Paging, Poller};
use crate::truth::{Removed, Truth};
use crate::world::{self, Owner, below, one_in, pick};
use crate::writer::{Changes, Writer};

/// Turns of the scheduler before the writers have to be done and everybody comes to rest.
const TURNS_MAX: u64 = 200_000;

/// What one schedule came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was lost, if anything was.
    pub loss: Option<String>,
    /// Polls of tasks.
    pub steps: u64,
    /// How often the machine died.
    pub crashes: u64,
    /// Complete runs of all pollers.
    pub runs: u64,
    /// Versions written.
    pub versions: u64,
}

struct Party {
    org: OrgKey,
    truth: Truth,
    pollers: Vec<Poller>,
    writers_at_work: Rc<Cell<u32>>,
}

/// Runs one schedule. With a guard switched off, a loss is what is hoped for.
#[must_use]
pub fn run(seed: u64, off: Option<Guard>) -> Outcome {
    world::begin(seed);
    service::switch_off(off, machine::interrupt);
    let store = SimStore::default();
    let machine = Machine::new(store.clone());
    let fate = Fate::any();
    let parties: Vec<Party> = (1..=1 + below(2)).map(|n| set_up(&machine, &fate, n)).collect();
    machine.start();
    machine.show();
    let backups = befall(&machine, &fate, &parties);
    let rested = rest(&machine, &parties);
    let loss = rested.err().or_else(|| verdict(&store, &parties, &backups).err());
    let pollers = || parties.iter().flat_map(|party| &party.pollers);
    let outcome = Outcome {
        loss: loss.map(|loss| {
            format!("{loss}\npollers: {:#?}", pollers().map(|p| p.habits).collect::<Vec<_>>())
        }),
        steps: world::steps(),
        crashes: machine.crashes(),
        runs: pollers().map(|poller| poller.runs.get()).sum(),
        versions: parties.iter().map(|party| store.whole_log(party.org).len() as u64).sum(),
    };
    service::switch_off(None, machine::interrupt);
    outcome
}

/// # Panics
/// Never: the texts are fixed.
fn set_up(machine: &Machine, fate: &Fate, n: u64) -> Party {
    let org = OrgKey(i64::try_from(n).expect("small"));
    let id = OrgId::parse(&format!("org{n}")).expect("an id");
    let name = Name::parse("N").expect("a name");
    let organization = Organization {
        key: org,
        id: id.clone(),
        name: name.clone(),
        zone: Zone::utc(),
        stage: Stage::Fresh,
    };
    let user = SystemUser { id: UserId(1), name, role: Role::Editor, disabled: false };
    // The first two are shared; the others belong to one poller each.
    let secrets: Vec<String> = (0..8).map(|i| format!("key-{n}-{i}")).collect();
    let key = |(id, secret): (i64, &String)| ApiKey {
        id: KeyId(id),
        user: user.id,
        label: String::new(),
        hash: service::hash_secret(secret),
        created: world::now(),
        revoked: false,
        last_login: None,
    };
    let keys: Vec<ApiKey> = (1..).zip(&secrets).map(key).collect();
    let status = StatusName::parse("Open").expect("a name");
    let status = Status { id: StatusId(1), name: status, retired: false, spreading: false };
    machine.store.set_up(&organization, &user, &keys, &status);
    let truth = Truth::default();
    let writes = 10 + u32::try_from(below(30)).expect("small");
    let writers_at_work = Rc::new(Cell::new(2));
    for changes in [Changes::Subject, Changes::Note] {
        let (machine, org, truth) = (machine.clone(), id.clone(), truth.clone());
        let at_work = writers_at_work.clone();
        let writer = Writer { machine, org, user: user.id, changes, truth, writes, at_work };
        world::spawn(Owner::Client, writer.run());
    }
    let poller = |i: u64| {
        let habits = Habits::any(fate.clock_steps);
        // Two who ask the same with one key, and out of order or with a new session in mid-run,
        // cannot be told apart.
        let own = habits.paging == Paging::SecondFirst || habits.logs_in_again;
        let key = if own { 2 + usize::try_from(i).expect("small") } else { usize::from(one_in(2)) };
        Poller {
            machine: machine.clone(),
            org: id.clone(),
            key: secrets[key].clone(),
            habits,
            mirror: Rc::default(),
            complaint: Rc::default(),
            runs: Rc::default(),
            left: Rc::new(Cell::new(None)),
        }
    };
    let pollers: Vec<Poller> = (0..2 + below(3)).map(poller).collect();
    for poller in &pollers {
        world::spawn(Owner::Client, poller.clone().run());
    }
    Party { org, truth, pollers, writers_at_work }
}

/// What a schedule may hold in store. Each kind is there in some schedules only.
struct Fate {
    crashes: bool,
    clock_steps: bool,
    failing_commits: bool,
    restarts: bool,
    backups: bool,
}

impl Fate {
    fn any() -> Fate {
        Fate {
            crashes: one_in(2),
            clock_steps: one_in(2),
            failing_commits: one_in(4),
            restarts: one_in(4),
            backups: one_in(4),
        }
    }
}

/// Lets everybody work while things befall the machine. Returns the backups taken, with the length
/// that each organization's log had.
fn befall(machine: &Machine, fate: &Fate, parties: &[Party]) -> Vec<(SimStore, Vec<Vec<Version>>)> {
    let mut backups = Vec::new();
    let turns = 300 + below(900);
    for _ in 0..turns {
        step(machine);
        if fate.crashes && one_in(150) {
            world::doom(u32::try_from(below(30)).unwrap_or(0));
        }
        if fate.crashes && one_in(400) {
            machine.crash(pick(&[Crash::Process, Crash::Power]));
        }
        if fate.clock_steps && one_in(100) {
            world::step_clock(pick(&[-1, -2, -15, -1_000, -60_000, -3_600_000, 1_000, 3_600_000]));
        }
        if fate.failing_commits && one_in(150) {
            machine.store.fail_next(1);
        }
        if fate.restarts && one_in(300) {
            machine.restart();
        }
        if fate.backups && one_in(300) {
            let copy = machine.store.backup();
            let logs = parties.iter().map(|party| copy.whole_log(party.org)).collect();
            backups.push((copy, logs));
        }
    }
    world::spare();
    machine.store.fail_next(0);
    backups
}

/// One turn of the scheduler.
fn step(machine: &Machine) {
    match below(8) {
        0 | 1 => machine.turn(),
        2 => world::pass(below(4)),
        _ => {
            if !world::poll_one() {
                machine.turn();
                world::pass(1);
            }
        }
    }
}

/// Nothing befalls anybody any more: the writers finish, the clock catches up, each poller polls
/// twice more.
fn rest(machine: &Machine, parties: &[Party]) -> Result<(), String> {
    let pollers: Vec<&Poller> = parties.iter().flat_map(|party| &party.pollers).collect();
    let mut told = false;
    for _ in 0..TURNS_MAX {
        if !world::clients_are_left() {
            return Ok(());
        }
        step(machine);
        // The writers are done; the clock passes every stamp that was given.
        if !told && parties.iter().all(|party| party.writers_at_work.get() == 0) {
            told = true;
            let latest = |party: &Party| machine.store.whole_log(party.org).last().map(|v| v.stamp);
            let latest = parties.iter().filter_map(latest).max().unwrap_or(Stamp::MIN);
            let behind = latest.millis() - world::now().min(world::steady_now()).millis();
            world::pass(behind.max(0).unsigned_abs() + 10_000);
            // A run under way was begun before: it does not count.
            pollers.iter().for_each(|poller| poller.left.set(Some(3)));
        }
    }
    let left =
        pollers.iter().map(|p| (p.habits.cursor, p.left.get(), p.runs.get())).collect::<Vec<_>>();
    Err(format!("somebody does not come to an end: {left:?}"))
}

fn verdict(
    store: &SimStore,
    parties: &[Party],
    backups: &[(SimStore, Vec<Vec<Version>>)],
) -> Result<(), String> {
    for party in parties {
        let log = store.whole_log(party.org);
        let truth = current(&log);
        kept(&truth, &party.truth)?;
        for poller in &party.pollers {
            if let Some(complaint) = poller.complaint.borrow().as_ref() {
                return Err(complaint.clone());
            }
            equal(&poller.mirror.borrow(), &truth)
                .map_err(|e| format!("{:?}: {e}", poller.habits))?;
        }
    }
    for (copy, logs) in backups {
        let problems = open_backup(copy);
        let same = parties.iter().zip(logs).all(|(party, log)| copy.whole_log(party.org) == *log);
        if !problems.is_empty() || !same {
            return Err(format!("a backup is not what it should be: {problems:?}"));
        }
    }
    Ok(())
}

/// The records that the log ends with.
fn current(log: &[Version]) -> Mirror {
    let mut mirror = Mirror::new();
    for version in log {
        match version.record() {
            Some(a) => {
                let value = (version.stamp, a.subject.to_string(), a.note.to_string());
                mirror.insert(version.id, value);
            }
            None => {
                mirror.remove(&version.id);
            }
        }
    }
    mirror
}

/// Everything acknowledged is there.
fn kept(truth: &Mirror, expected: &Truth) -> Result<(), String> {
    for (id, expected) in expected.all() {
        let fits = match (truth.get(&id), expected.removed) {
            (None, Removed::No) | (Some(_), Removed::Yes) => false,
            (None, _) => true,
            (Some((_, subject, note)), _) => {
                expected.subject.contains(subject) && expected.note.contains(note)
            }
        };
        if !fits {
            return Err(format!(
                "activity {id} is {:?}, acknowledged was {expected:?}",
                truth.get(&id)
            ));
        }
    }
    Ok(())
}

/// A poller's copy equals what there is: nothing missing, nothing stale, no ghost.
fn equal(mirror: &Mirror, truth: &Mirror) -> Result<(), String> {
    let missing: Vec<_> =
        truth.iter().filter(|(id, value)| mirror.get(id) != Some(value)).take(3).collect();
    let ghosts: Vec<_> = mirror.iter().filter(|(id, _)| !truth.contains_key(id)).take(3).collect();
    if missing.is_empty() && ghosts.is_empty() {
        return Ok(());
    }
    Err(format!("missing or stale {missing:?}, ghosts {ghosts:?}"))
}
