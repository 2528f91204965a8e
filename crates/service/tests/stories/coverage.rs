//! What is told of a key is true of the copy of whoever asks with it, whatever they do.
//!
//! A careless script asks for random windows and leaves out pages; a careful one reads all pages and
//! goes on from the response time. Both keep a copy of exactly what their pages had.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ActivityId, KeyId, Kind, ManualClock, Member, Stamp};
use proptest::prelude::*;
use service::{
    Authority, Direction, Integration, IntegrationState as State, Order, SyncQuery, Write, wait,
};

use crate::harness::{
    EDITOR, PAGE_SIZE_MAX, SyncAnswer, World, answer, create, everything, stamp, update,
};

const CARELESS: KeyId = KeyId(1);
const CAREFUL: KeyId = KeyId(2);

/// An order by which pages are read, and whether a page of it says what else lies around it.
const ORDERS: [(Member, Direction); 4] = [
    (Member::Modified, Direction::Descending),
    (Member::Modified, Direction::Ascending),
    (Member::Subject, Direction::Ascending),
    (Member::Id, Direction::Descending),
];

#[derive(Clone, Copy, Debug)]
enum From {
    Told,
    AfterTold,
    Beginning,
    /// The time of some version.
    Stamp(usize),
    /// The script's clock, so many milliseconds off.
    Clock(i64),
    Future,
}

#[derive(Clone, Debug)]
struct Question {
    from: From,
    /// So long after From.
    to_ms: Option<i64>,
    order: usize,
    page_size: u32,
    ignore_removed: bool,
    /// Which pages are asked for, in which order.
    pages: Vec<u64>,
    /// After so many of them something is written.
    interrupted_after: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Create,
    Update(usize),
    Remove(usize),
    Wait(i64),
    Ask(Question),
    ReadAll,
    Stop,
    /// What was written down before is all that is left.
    Crash,
}

fn question() -> impl Strategy<Value = Question> {
    let from = prop_oneof![
        4 => Just(From::Told),
        1 => Just(From::AfterTold),
        1 => Just(From::Beginning),
        2 => (0_usize..100).prop_map(From::Stamp),
        2 => (-3_000_i64..3_000).prop_map(From::Clock),
        1 => Just(From::Future),
    ];
    let pages = prop_oneof![
        2 => Just((1..=9).collect::<Vec<u64>>()),
        1 => Just((1..=9).rev().collect()),
        2 => prop::collection::vec(1_u64..6, 1..6),
    ];
    let rest = (0..ORDERS.len(), 1_u32..5, prop::bool::weighted(0.2), 0_usize..6);
    let parts = (from, prop::option::weighted(0.3, 0_i64..6_000), pages, rest);
    parts.prop_map(|(from, to_ms, pages, (order, page_size, ignore_removed, interrupted_after))| {
        Question { from, to_ms, order, page_size, ignore_removed, pages, interrupted_after }
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Create),
        3 => (0_usize..100).prop_map(Step::Update),
        2 => (0_usize..100).prop_map(Step::Remove),
        3 => (1_i64..4_000).prop_map(Step::Wait),
        6 => question().prop_map(Step::Ask),
        2 => Just(Step::ReadAll),
        1 => Just(Step::Stop),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..50)
}

/// A version of the log: which activity's, when, and whether it is there.
type Entry = (ActivityId, Stamp, Kind);

/// The position of the version that a copy has of each activity.
type Copy = BTreeMap<ActivityId, u64>;

struct Model {
    world: World<ManualClock>,
    /// What the careful one logs in with.
    second_key: String,
    log: Vec<Entry>,
    /// The careless one's copy.
    copy: Copy,
    told: Option<Stamp>,
    /// The careful one's.
    careful: Copy,
    careful_told: Stamp,
    /// Whether the server may not know of something that a page had: then it says less.
    knows_less: bool,
    written: u32,
}

impl Model {
    fn new() -> Model {
        let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
        let second_key =
            wait(world.service.add_key(Authority::command_line(&world.org), EDITOR, None))
                .unwrap()
                .secret;
        Model {
            world,
            second_key,
            log: Vec::new(),
            copy: Copy::new(),
            told: None,
            careful: Copy::new(),
            careful_told: Stamp::MIN,
            knows_less: false,
            written: 0,
        }
    }

    /// The latest version of each activity: its position, time and kind.
    fn current(&self) -> BTreeMap<ActivityId, (u64, Stamp, Kind)> {
        let all = (1..).zip(&self.log);
        all.map(|(seq, (id, stamp, kind))| (*id, (seq, *stamp, *kind))).collect()
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Create => self.write(|n| create(&format!("{n}")), Kind::Record),
            Step::Update(nth) => {
                if let Some(id) = self.nth(*nth) {
                    self.write(|n| update(id, &format!("{n}")), Kind::Record);
                }
            }
            Step::Remove(nth) => {
                if let Some(id) = self.nth(*nth) {
                    self.write(|_| Write::Remove(id), Kind::Tombstone);
                }
            }
            Step::Wait(millis) => self.wait(*millis),
            Step::Ask(question) => self.ask(question),
            Step::ReadAll => self.read_all(),
            Step::Stop => self.world.restart(true),
            Step::Crash => {
                self.world.service.housekeep();
                self.wait(1_100);
                self.world.restart(false);
            }
        }
        self.check();
    }

    fn wait(&self, millis: i64) {
        self.world.clock.advance(millis);
        self.world.settle();
    }

    /// One of the activities that are there.
    fn nth(&self, nth: usize) -> Option<ActivityId> {
        let current = self.current();
        let live: Vec<ActivityId> = current
            .iter()
            .filter(|(_, (_, _, kind))| *kind == Kind::Record)
            .map(|(id, _)| *id)
            .collect();
        live.get(nth % live.len().max(1)).copied()
    }

    fn write(&mut self, write: impl FnOnce(u32) -> Write, kind: Kind) {
        self.written += 1;
        let id = self.world.write(write(self.written)).unwrap().id;
        let stamp = self.world.last_stamp(id);
        self.log.push((id, stamp, kind));
    }

    fn page(&self, key: &str, query: &SyncQuery) -> Option<SyncAnswer> {
        let service = &self.world.service;
        let session = self.world.block_on(service.login(&self.world.org.id, key, None)).unwrap().1;
        self.page_in(&session, query)
    }

    /// None where the server has it begin again.
    fn page_in(&self, session: &str, query: &SyncQuery) -> Option<SyncAnswer> {
        let caller = self.world.caller(session).unwrap();
        self.world.block_on(answer(&self.world.service, &caller, query, PAGE_SIZE_MAX)).ok()
    }

    fn ask(&mut self, question: &Question) {
        let now = self.world.service.now();
        let from = match question.from {
            From::Told => self.told.unwrap_or(Stamp::MIN),
            From::AfterTold => self.told.map_or(Stamp::MIN, |told| told.plus_millis(1)),
            From::Beginning => Stamp::MIN,
            From::Stamp(nth) => match self.log.get(nth % self.log.len().max(1)) {
                Some((_, stamp, _)) => *stamp,
                None => now,
            },
            From::Clock(off) => now.plus_millis(off),
            From::Future => stamp("2030-01-01T00:00:00Z"),
        };
        let (by, direction) = ORDERS[question.order];
        let query = SyncQuery {
            from: Some(from),
            to: question.to_ms.map(|ms| from.plus_millis(ms).min(now).max(from)),
            ignore_removed: question.ignore_removed,
            order: Order { by, direction },
            page_size: question.page_size,
            ..everything()
        };
        if query.to.is_some_and(|to| to > now) {
            return; // It would wait for a clock that stands still.
        }
        let service = &self.world.service;
        let key = self.world.key.clone();
        let session = self.world.block_on(service.login(&self.world.org.id, &key, None)).unwrap().1;
        let mut view = None;
        let mut served = BTreeSet::new();
        let mut pages = 1;
        for (n, page) in question.pages.iter().enumerate() {
            if n == question.interrupted_after {
                self.write(|n| create(&format!("{n}")), Kind::Record);
            }
            let Some(answer) = self.page_in(&session, &SyncQuery { page: *page, ..query.clone() })
            else {
                break;
            };
            // Page 1 that comes again is another run.
            if view.is_none() || *page == 1 && served.contains(&1) {
                view = Some((self.log.len(), self.current()));
                served.clear();
            }
            let (_, current) = view.as_ref().unwrap();
            take(&mut self.copy, &answer, current);
            if from <= answer.horizon.plus_millis(1_000) {
                self.told = self.told.max(Some(answer.horizon));
            }
            served.insert(*page);
            pages = answer.pages;
        }
        // Which records a page of another order had is not kept. Page 1 after others may begin another run
        // than theirs.
        let is_whole =
            question.pages.first() == Some(&1) && (1..=pages).all(|page| served.contains(&page));
        self.knows_less |= by != Member::Modified && !is_whole;
    }

    fn read_all(&mut self) {
        let query = SyncQuery { from: Some(self.careful_told), page_size: 3, ..everything() };
        let current = self.current();
        let Some(first) = self.page(&self.second_key.clone(), &query) else { return };
        let (_, session) = self
            .world
            .block_on(self.world.service.login(&self.world.org.id, &self.second_key, None))
            .unwrap();
        take(&mut self.careful, &first, &current);
        for page in 2..=first.pages {
            let query = SyncQuery { page, ..query.clone() };
            let Some(answer) = self.page_in(&session, &query) else { return };
            take(&mut self.careful, &answer, &current);
        }
        self.careful_told = first.horizon;
        let told = self.told_of(CAREFUL);
        assert_eq!((told.state, told.complete_until), (State::UpToDate, Some(first.horizon)));
    }

    fn told_of(&self, key: KeyId) -> Integration {
        self.world.service.integration(&self.world.org, key).unwrap()
    }

    fn check(&self) {
        let careful = self.told_of(CAREFUL);
        assert_eq!(careful.missing.changes(), 0, "{careful:?}");
        for (key, copy) in [(CARELESS, &self.copy), (CAREFUL, &self.careful)] {
            self.check_key(&self.told_of(key), copy, key == CARELESS && self.knows_less);
        }
    }

    /// What it is said to lack is what its copy lacks; where the server knows less, more than that.
    fn check_key(&self, told: &Integration, copy: &Copy, knows_less: bool) {
        let service = &self.world.service;
        let reported = service.undelivered(&self.world.org, told.key.id, 1_000);
        assert_eq!(reported.len() as u64, told.missing.changes());
        let reported: BTreeSet<u64> = reported.iter().map(|one| one.seq.0).collect();
        let current = self.current();
        for (id, (seq, stamp, kind)) in &current {
            let has = copy.get(id) == Some(seq);
            let receipt = service.receipt(&self.world.org, told.key.id, *id);
            let receipt = self.world.block_on(receipt).unwrap().unwrap();
            let got = matches!(
                receipt.delivery,
                service::Delivery::Delivered(..) | service::Delivery::DeliveredEarlier
            );
            assert!(has || !got, "{id} was never there: {receipt:?}");
            assert!(got || !has || knows_less, "{id} was there: {receipt:?}");
            assert!(!has || !reported.contains(seq) || knows_less, "{id} was there");
            // A copy that never had an activity need not hear that it is gone.
            let is_right = match kind {
                Kind::Record => has,
                Kind::Tombstone => !told.asks_for_deletions || has || !copy.contains_key(id),
            };
            let is_claimed = told.complete_from.is_some_and(|from| from <= *stamp)
                && (told.state == State::UpToDate
                    || told.complete_until.is_some_and(|until| *stamp <= until));
            assert!(is_right || !is_claimed, "{id} is said to be there: {told:?} {receipt:?}");
        }
    }
}

/// Takes what a page has, as the log was when its run began.
fn take(copy: &mut Copy, answer: &SyncAnswer, current: &BTreeMap<ActivityId, (u64, Stamp, Kind)>) {
    let records = answer.records.iter().map(|version| (version.id, version.seq.0));
    let removed = answer.removed.iter().flatten().map(|id| (*id, current[id].0));
    for (id, seq) in records.chain(removed) {
        let known = copy.entry(id).or_default();
        *known = (*known).max(seq);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_is_told_of_a_key_is_true_of_its_copy(steps in steps()) {
        let mut model = Model::new();
        for step in &steps {
            model.apply(step);
        }
    }
}
