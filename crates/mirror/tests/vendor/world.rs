//! What the vendor has, and which sins it commits.

use std::collections::BTreeMap;

use fastrand::Rng;

/// What a server does that a mirror must live with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sins {
    /// Stamps are cut to the second.
    pub(crate) whole_seconds: bool,
    /// A change is shown up to so many milliseconds after its stamp.
    pub(crate) late_ms: i64,
    /// People edit between two pages.
    pub(crate) edits: bool,
    /// Removed ids are on page 1 only.
    pub(crate) short_lists: bool,
    /// One session in so many requests ends.
    pub(crate) sessions_end: u32,
    /// One request in so many is answered with 502, or with code 2.
    pub(crate) outages: u32,
    /// The clock of answers is so far ahead of that of stamps.
    pub(crate) ahead_ms: i64,
    /// Every answer says that it is the last page.
    pub(crate) one_page: bool,
    /// The largest page.
    pub(crate) page_size_max: usize,
}

impl Sins {
    /// Some of them, by lot. Nothing is later than runs reach back.
    pub(crate) fn drawn(seed: u64) -> Sins {
        let mut dice = Rng::with_seed(seed);
        Sins {
            whole_seconds: dice.bool(),
            late_ms: if dice.bool() { dice.i64(0..200_000) } else { 0 },
            edits: dice.bool(),
            short_lists: dice.bool(),
            sessions_end: if dice.bool() { dice.u32(8..20) } else { 0 },
            outages: if dice.bool() { dice.u32(3..10) } else { 0 },
            ahead_ms: if dice.bool() { dice.i64(-200_000..200_000) } else { 0 },
            one_page: false,
            page_size_max: if dice.bool() { dice.usize(3..20) } else { 200 },
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) subject: String,
    pub(crate) stamp: i64,
    /// Until then, answers show it as it was before.
    visible: i64,
    before: Option<(String, i64)>,
    removed: bool,
}

/// All that there is.
pub(crate) struct World {
    pub(crate) sins: Sins,
    pub(crate) dice: Rng,
    /// The clock of stamps, in milliseconds since 1970.
    pub(crate) now: i64,
    records: BTreeMap<i64, Record>,
    changes: u64,
}

impl World {
    pub(crate) fn new(sins: Sins, seed: u64) -> World {
        let dice = Rng::with_seed(seed);
        World { sins, dice, now: 1_780_000_000_000, records: BTreeMap::new(), changes: 0 }
    }

    /// Time passes.
    pub(crate) fn pass(&mut self) {
        self.now += self.dice.i64(1..2_000);
    }

    /// Somebody does something.
    pub(crate) fn act(&mut self) {
        self.pass();
        let ids: Vec<i64> = self.living().collect();
        match self.dice.u32(0..10) {
            0..4 => self.create(),
            4..9 if !ids.is_empty() => {
                let id = ids[self.dice.usize(..ids.len())];
                self.change(id, false);
            }
            _ if !ids.is_empty() => {
                let id = ids[self.dice.usize(..ids.len())];
                self.change(id, true);
            }
            _ => self.create(),
        }
    }

    pub(crate) fn create(&mut self) {
        let id = self.records.keys().last().map_or(1, |last| last + 1);
        let (stamp, visible) = self.stamps();
        self.changes += 1;
        let subject = format!("Call {}", self.changes);
        let record = Record { subject, stamp, visible, before: None, removed: false };
        self.records.insert(id, record);
    }

    pub(crate) fn change(&mut self, id: i64, removed: bool) {
        let (stamp, visible) = self.stamps();
        self.changes += 1;
        let subject = format!("Call {}", self.changes);
        let now = self.now;
        let Some(record) = self.records.get_mut(&id) else { return };
        // Changes of one record become visible in their order.
        let before = match record.visible <= now {
            true => Some((record.subject.clone(), record.stamp)),
            false => record.before.clone(),
        };
        *record = Record { subject, stamp, visible, before, removed };
    }

    fn stamps(&mut self) -> (i64, i64) {
        let stamp = match self.sins.whole_seconds {
            true => self.now.div_euclid(1_000) * 1_000,
            false => self.now,
        };
        let late = if self.sins.late_ms > 0 { self.dice.i64(0..self.sins.late_ms) } else { 0 };
        (stamp, self.now + late)
    }

    pub(crate) fn living(&self) -> impl Iterator<Item = i64> {
        self.records.iter().filter(|(_, record)| !record.removed).map(|(id, _)| *id)
    }

    /// Everybody rests until all that was done is visible.
    pub(crate) fn rest(&mut self) {
        self.sins.edits = false;
        self.now += self.sins.late_ms + self.sins.ahead_ms.abs() + 1_000;
        (self.sins.sessions_end, self.sins.outages) = (0, 0);
    }

    pub(crate) fn truth(&self) -> BTreeMap<i64, String> {
        let living = self.records.iter().filter(|(_, record)| !record.removed);
        living.map(|(id, record)| (*id, record.subject.clone())).collect()
    }

    /// What an answer shows of a window, the oldest change first: records, then removed ids.
    pub(crate) fn window(&self, from: i64, to: i64) -> (Vec<(i64, String, i64)>, Vec<i64>) {
        let (mut shown, mut removed) = (Vec::new(), Vec::new());
        let within = |stamp: i64| (from..=to).contains(&stamp);
        for (&id, record) in &self.records {
            if record.visible > self.now {
                let before = record.before.as_ref().filter(|(_, stamp)| within(*stamp));
                shown.extend(before.map(|(subject, stamp)| (id, subject.clone(), *stamp)));
            } else if within(record.stamp) {
                match record.removed {
                    true => removed.push(id),
                    false => shown.push((id, record.subject.clone(), record.stamp)),
                }
            }
        }
        shown.sort_by_key(|(id, _, stamp)| (*stamp, *id));
        (shown, removed)
    }
}
