//! One schedule: a world, its machine, its clients, and what befalls them; then the verdict.

use std::cell::Cell;
use std::rc::Rc;

use domain::{
    ApiKey, Guide, KeyId, Name, OrgId, OrgKey, Organization, Role, Stage, Stamp, SystemUser,
    UserId, Version, Zone,
};
use service::{Guard, Service};

use crate::disk::{Crash, SimStore};
use crate::importer::Importer;
use crate::machine::{self, Machine};
use crate::people::People;
use crate::poller::{Habits, Paging, Poller};
use crate::renamer::{Renamer, first_statuses};
use crate::truth::Truth;
use crate::verdict;
use crate::world::{self, Owner, below, one_in, pick};
use crate::writer::{Changes, Writer};

/// Turns of the scheduler before the writers have to be done and everybody comes to rest.
const TURNS_MAX: u64 = 200_000;

const DAY_MS: i64 = 24 * 3_600_000;

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

/// An organization with those who read and write it.
pub(crate) struct Party {
    /// The store's number for it.
    pub(crate) org: OrgKey,
    /// The outside's name for it.
    pub(crate) id: OrgId,
    /// What its writers know.
    pub(crate) truth: Truth,
    /// Its pollers.
    pub(crate) pollers: Vec<Poller>,
    writers_at_work: Rc<Cell<u32>>,
}

/// A backup, with the log that each organization had then.
pub(crate) type Backup = (SimStore, Vec<Vec<Version>>);

impl Party {
    /// Whether nothing is written any more.
    fn is_done(&self, machine: &Machine) -> bool {
        let service = machine.service().filter(Service::is_in_order);
        let org = || service.and_then(|service| service.org(&self.id));
        self.writers_at_work.get() == 0
            && org().is_some_and(|org| !org.directory().statuses.values().any(|s| s.spreading))
    }
}

/// Runs one schedule. With a guard switched off, a loss is what is hoped for.
#[must_use]
pub fn run(seed: u64, off: Option<Guard>) -> Outcome {
    world::begin(seed);
    let hazards = Hazards::any();
    service::switch_off(off, machine::interrupt);
    service::tighten_limits(hazards.tight_limits);
    let store = SimStore::default();
    let machine = Machine::new(store.clone(), hazards.crashes);
    let parties: Vec<Party> = (1..=1 + below(2)).map(|n| set_up(&machine, &hazards, n)).collect();
    machine.start();
    machine.show();
    let backups = befall(&machine, &hazards, &parties);
    let rested = rest(&machine, &parties);
    let loss = rested.err().or_else(|| verdict::verdict(&machine, &parties, &backups).err());
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
fn set_up(machine: &Machine, hazards: &Hazards, n: u64) -> Party {
    let org = OrgKey(i64::try_from(n).expect("small"));
    let id = OrgId::parse(&format!("org{n}")).expect("an id");
    let name = Name::parse("N").expect("a name");
    let organization = Organization {
        key: org,
        id: id.clone(),
        name: name.clone(),
        zone: Zone::utc(),
        stage: Stage::Fresh,
        last_user_named: UserId(0),
        guide: Guide::default(),
        import_columns: String::new(),
        follows: None,
    };
    let user = SystemUser {
        id: UserId(1),
        name,
        role: Role::Editor,
        disabled: false,
        login: None,
        zone: None,
        calendar: None,
    };
    // The first two are shared; the others belong to one poller each.
    let secrets: Vec<String> = (0..8).map(|i| format!("key-{n}-{i}")).collect();
    let keys: Vec<ApiKey> =
        (1..).zip(&secrets).map(|(id, secret)| key_of(user.id, id, secret)).collect();
    machine.store.set_up(&organization, &user, &keys, &first_statuses());
    let truth = Truth::default();
    let writes = 10 + u32::try_from(below(30)).expect("small");
    let renamers = if hazards.renames { 1 + u32::from(one_in(2)) } else { 0 };
    let writers_at_work = Rc::new(Cell::new(4 + renamers));
    for changes in [Changes::Subject, Changes::Note] {
        let (machine, org, truth) = (machine.clone(), id.clone(), truth.clone());
        let at_work = writers_at_work.clone();
        let writer = Writer { machine, org, user: user.id, changes, truth, writes, at_work };
        world::spawn(Owner::Client, writer.run());
    }
    for _ in 0..renamers {
        let (machine, org, at_work) = (machine.clone(), id.clone(), writers_at_work.clone());
        let renames = 1 + u32::try_from(below(8)).expect("small");
        world::spawn(Owner::Client, Renamer { machine, org, renames, at_work }.run());
    }
    let (machine_too, truth_too) = (machine.clone(), truth.clone());
    let at_work = writers_at_work.clone();
    let rounds = if hazards.people { 1 + below(6) } else { 0 };
    let (org_too, user) = (id.clone(), user.id);
    let people =
        People { machine: machine_too, org: org_too, user, truth: truth_too, rounds, at_work };
    world::spawn(Owner::Client, people.run());
    let files = if hazards.imports { 1 + below(4) } else { 0 };
    let importer = Importer {
        machine: machine.clone(),
        org: id.clone(),
        truth: truth.clone(),
        files,
        at_work: writers_at_work.clone(),
    };
    world::spawn(Owner::Client, importer.run());
    let poller = |i: u64| {
        let habits = match one_in(8) {
            true => Habits::careless(),
            false => Habits::any(hazards.clock_steps || hazards.leaps),
        };
        // Two who ask the same with one key, and out of order or with a new session in mid-run,
        // cannot be told apart.
        let own =
            habits.paging == Paging::SecondFirst || habits.logs_in_again || habits.fault.is_some();
        let key = if own { 2 + usize::try_from(i).expect("small") } else { usize::from(one_in(2)) };
        Poller {
            machine: machine.clone(),
            org: id.clone(),
            key: secrets[key].clone(),
            key_id: KeyId(i64::try_from(key).expect("small") + 1),
            habits,
            mirror: Rc::default(),
            complaint: Rc::default(),
            clock_shown: Rc::default(),
            finished_to: Rc::default(),
            runs: Rc::default(),
            left: Rc::new(Cell::new(None)),
        }
    };
    let pollers: Vec<Poller> = (0..2 + below(3)).map(poller).collect();
    for poller in &pollers {
        world::spawn(Owner::Client, poller.clone().run());
    }
    Party { org, id, truth, pollers, writers_at_work }
}

/// A key of somebody, with a secret that is known.
fn key_of(user: UserId, id: i64, secret: &str) -> ApiKey {
    ApiKey {
        id: KeyId(id),
        user,
        label: String::new(),
        hash: service::hash_secret(secret),
        created: world::now(),
        revoked: false,
        last_login: None,
        expected: None,
    }
}

/// What a schedule may hold in store. Each kind is there in some schedules only.
struct Hazards {
    crashes: bool,
    clock_steps: bool,
    failing_commits: bool,
    failing_begins: bool,
    renames: bool,
    restarts: bool,
    backups: bool,
    people: bool,
    tight_limits: bool,
    damage: bool,
    imports: bool,
    leaps: bool,
}

impl Hazards {
    fn any() -> Hazards {
        let clock_steps = one_in(2);
        Hazards {
            crashes: one_in(2),
            clock_steps,
            failing_commits: one_in(4),
            failing_begins: one_in(4),
            renames: one_in(3),
            restarts: one_in(4),
            backups: one_in(4),
            people: one_in(4),
            tight_limits: one_in(4),
            damage: one_in(6),
            imports: one_in(3),
            // On top of a step, a leap would go beyond what a start trusts.
            leaps: !clock_steps && one_in(4),
        }
    }
}

/// Lets everybody work while things befall the machine. Returns the backups taken, with the length
/// that each organization's log had.
fn befall(machine: &Machine, hazards: &Hazards, parties: &[Party]) -> Vec<Backup> {
    let mut backups = Vec::new();
    let turns = 300 + below(900);
    for _ in 0..turns {
        step(machine);
        if hazards.crashes && one_in(150) {
            world::doom(u32::try_from(below(30)).unwrap_or(0));
        }
        if hazards.crashes && one_in(400) {
            // Now and then once more, before the next one has done anything.
            for _ in 0..pick(&[1, 1, 1, 2]) {
                machine.crash(pick(&[Crash::Process, Crash::Power]));
            }
        }
        if hazards.clock_steps && one_in(100) {
            world::step_clock(pick(&[-1, -2, -15, -1_000, -60_000, -3_600_000, 1_000, 3_600_000]));
        }
        if hazards.leaps && one_in(200) && !world::set_clock_right() {
            world::leap(pick(&[-DAY_MS, 2 * DAY_MS, -400 * DAY_MS, 3_650 * DAY_MS]));
        }
        if hazards.failing_commits && one_in(150) {
            machine.store.fail_next(1);
        }
        if hazards.failing_begins && one_in(200) {
            machine.store.fail_to_begin();
        }
        if hazards.damage && one_in(200) {
            let log = machine.store.whole_log(parties[0].org);
            if let Some(version) = log.get(usize::try_from(below(log.len() as u64)).unwrap_or(0)) {
                machine.store.damage(parties[0].org, version.id);
                parties[0].truth.damaged(version.id);
            }
        }
        if hazards.restarts && one_in(300) {
            machine.restart();
        }
        if hazards.backups && one_in(300) {
            let copy = machine.store.backup();
            let logs = parties.iter().map(|party| copy.finished_log(party.org)).collect();
            backups.push((copy, logs));
        }
    }
    world::spare();
    world::set_clock_right();
    machine.store.fail_next(0);
    machine.store.heal();
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
        // The writers are done, and so is what their server still had to do; the clock passes every
        // stamp that was given.
        if !told && parties.iter().all(|party| party.is_done(machine)) {
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
