//! The truth that mirrors are held against: what the writers were told is done.

use std::collections::BTreeSet;

use domain::{ActivityId, Imported, ManualClock, Stamp};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use service::{Refusal, Write};

use crate::harness::{World, create, imported, stamp, update};
use crate::reader::{Mirror, Reader};

/// The most activities that a case may come to have.
const IDS_MAX: i64 = 12;

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(u8),
    Update(Index, u8),
    Remove(Index),
    /// A file: subjects by id, none for a removal; and whether it may bring back.
    Import(Vec<(i64, Option<u8>)>, bool),
    /// One of the readers asks for its next page.
    Ask(Index),
    /// The clock steps.
    Clock(i64),
    /// The process ends, in order or not, and the next begins.
    Restart(bool),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few subjects, so that some writes change nothing.
    let subject = 0_u8..3;
    let file = proptest::collection::vec(
        (1..=IDS_MAX, proptest::option::weighted(0.7, subject.clone())),
        1..6,
    );
    let millis = select(vec![0, 1, 3, 700, 60_000, 3_600_000, -1, -20, -5_000, -3_600_000]);
    let step = prop_oneof![
        8 => subject.clone().prop_map(Step::Create),
        8 => (any::<Index>(), subject).prop_map(|(id, subject)| Step::Update(id, subject)),
        3 => any::<Index>().prop_map(Step::Remove),
        2 => (file, any::<bool>()).prop_map(|(file, restore)| Step::Import(file, restore)),
        24 => any::<Index>().prop_map(Step::Ask),
        4 => millis.prop_map(Step::Clock),
        1 => any::<bool>().prop_map(Step::Restart),
    ];
    proptest::collection::vec(step, 1..90)
}

/// A world, its readers, and what is true in it.
pub(crate) struct Model {
    world: World<ManualClock>,
    readers: Vec<Reader>,
    truth: Mirror,
    /// Every id there ever was.
    ids: Vec<ActivityId>,
    /// What an import brought.
    imported: BTreeSet<ActivityId>,
    /// Of that, what somebody has edited since.
    edited: BTreeSet<ActivityId>,
    /// What has been removed, be it back or not.
    once_removed: BTreeSet<ActivityId>,
    /// What it was when somebody removed it.
    before_removal: Mirror,
    /// The latest instant that any answer has given away.
    told: Stamp,
}

fn subject(number: u8) -> String {
    format!("subject {number}")
}

impl Model {
    pub(crate) fn new() -> Model {
        let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
        let readers = Reader::all(&world);
        Model {
            world,
            readers,
            truth: Mirror::new(),
            ids: Vec::new(),
            imported: BTreeSet::new(),
            edited: BTreeSet::new(),
            once_removed: BTreeSet::new(),
            before_removal: Mirror::new(),
            told: Stamp::MIN,
        }
    }

    pub(crate) fn apply(&mut self, step: &Step) {
        match step {
            Step::Create(number) => self.create(&subject(*number)),
            Step::Update(index, number) => self.update(*index, &subject(*number)),
            Step::Remove(index) => self.remove(*index),
            Step::Import(file, restore) => self.import(file, *restore),
            Step::Ask(index) => {
                let reader = index.index(self.readers.len());
                self.ask(reader);
            }
            Step::Clock(millis) => {
                self.world.clock.advance(*millis);
                self.world.settle();
            }
            Step::Restart(in_order) => self.world.restart(*in_order),
        }
    }

    fn ask(&mut self, reader: usize) {
        if let Some(horizon) = self.readers[reader].step(&self.world) {
            assert!(
                horizon >= self.told,
                "the horizon goes back: {horizon:?} after {:?}",
                self.told
            );
            self.told = horizon;
        }
    }

    /// The exposure rule: what has just been written is stamped after everything told.
    fn check_stamp(&self, id: ActivityId) {
        let stamp = self.world.last_stamp(id);
        assert!(stamp > self.told, "{id} is stamped {stamp:?}, told was {:?}", self.told);
    }

    fn create(&mut self, subject: &str) {
        if self.ids.len() as i64 >= IDS_MAX {
            return;
        }
        let id = self.world.write(create(subject)).unwrap().id;
        assert!(self.ids.iter().all(|known| *known < id), "{id} is not new");
        self.check_stamp(id);
        self.ids.push(id);
        self.truth.insert(id, subject.to_owned());
    }

    fn update(&mut self, index: Index, subject: &str) {
        if self.ids.is_empty() {
            return;
        }
        let id = *index.get(&self.ids);
        let outcome = self.world.write(update(id, subject));
        let Some(known) = self.truth.get_mut(&id) else {
            assert_eq!(outcome, Err(Refusal::UnknownActivity(id)));
            return;
        };
        let changes = known != subject;
        assert_eq!(outcome.unwrap().version.is_some(), changes, "no change, no version");
        subject.clone_into(known);
        if changes {
            self.edited.extend(self.imported.get(&id));
            self.check_stamp(id);
        }
    }

    fn remove(&mut self, index: Index) {
        if self.ids.is_empty() {
            return;
        }
        let id = *index.get(&self.ids);
        let outcome = self.world.write(Write::Remove(id));
        let Some(subject) = self.truth.remove(&id) else {
            assert_eq!(outcome, Err(Refusal::UnknownActivity(id)));
            return;
        };
        assert!(outcome.unwrap().version.is_some());
        self.before_removal.insert(id, subject);
        self.once_removed.insert(id);
        self.check_stamp(id);
    }

    fn import(&mut self, file: &[(i64, Option<u8>)], restore: bool) {
        // What a file says last of an activity counts, and a removal more than a record.
        let mut last: Vec<(ActivityId, Option<String>)> = Vec::new();
        for (id, number) in file {
            let (id, said) = (ActivityId(*id), number.map(subject));
            match last.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) if known.is_some() => *known = said,
                Some(_) => {}
                None => last.push((id, said)),
            }
        }
        let items: Vec<Imported> = file
            .iter()
            .map(|(id, number)| imported(ActivityId(*id), number.map(subject).as_deref()))
            .collect();
        let is_gone = |id: &ActivityId| self.ids.contains(id) && !self.truth.contains_key(id);
        let gone: Vec<ActivityId> = last.iter().map(|(id, _)| *id).filter(is_gone).collect();
        self.world.import(&items, restore).unwrap();
        for (id, said) in last {
            if gone.contains(&id) && said.is_some() && !restore {
                continue; // It stays removed.
            }
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
            let is_older =
                self.edited.contains(&id) || said.is_none() && self.once_removed.contains(&id);
            if is_older && self.truth.contains_key(&id) {
                continue; // It does not undo what it cannot have known.
            }
            if self.edited.contains(&id) {
                // Nor what was edited before the removal: it comes back as it was.
                if said.is_some() {
                    self.truth.insert(id, self.before_removal[&id].clone());
                }
                continue;
            }
            if let Some(subject) = said {
                self.imported.insert(id);
                self.truth.insert(id, subject);
            } else {
                self.once_removed.insert(id);
                self.truth.remove(&id);
            }
        }
        self.ids.sort_unstable();
    }

    /// Everybody finishes and asks twice more; then every mirror is equal to the truth.
    pub(crate) fn finish(mut self) {
        // The clock has caught up, so that also those who go by it see the end.
        self.world.clock.set(stamp("2027-01-01T00:00:00Z"));
        self.world.settle();
        for reader in 0..self.readers.len() {
            for _ in 0..3 {
                self.ask(reader);
                while self.readers[reader].is_in_mid_run() {
                    self.ask(reader);
                }
            }
        }
        for (number, reader) in self.readers.iter().enumerate() {
            assert_eq!(reader.mirror, self.truth, "reader {number}");
        }
        let problems = service::check(self.world.store.as_ref(), &mut |_| {}).unwrap();
        assert_eq!(problems.lines, [""; 0]);
    }
}
