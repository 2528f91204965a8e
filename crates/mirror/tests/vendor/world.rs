//! What the vendor has, and which sins it commits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::Stamp;
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
    /// One request in so many is answered with 429.
    pub(crate) throttled: u32,
    /// One request in so many gets no answer at all. Never drawn: it takes as long as a client waits for an answer.
    pub(crate) silent: u32,
    /// A session ends as soon as a later page is asked for.
    pub(crate) sessions_end_on_page_2: bool,
    /// It says that it is Driftless, and answers from this log.
    pub(crate) log: Option<&'static str>,
    /// The clock of answers is so far ahead of that of stamps.
    pub(crate) ahead_ms: i64,
    /// Every answer says that it is the last page.
    pub(crate) one_page: bool,
    /// So many pages more than there are.
    pub(crate) pages_more: usize,
    /// In which order the records come.
    pub(crate) order: Order,
    /// Records can have a start that cannot be read.
    pub(crate) unreadable: bool,
    /// Records can have no stamp.
    pub(crate) stampless: Stampless,
    /// Removed ids are left out now and then, for good.
    pub(crate) lists_cut: bool,
    /// One request in so many begins a series of answers with code 2.
    pub(crate) bursts: u32,
    /// One answer in so many gives another total.
    pub(crate) totals_move: u32,
    /// The largest page.
    pub(crate) page_size_max: usize,
}

/// In which order records come, whatever was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// As it was asked for.
    #[default]
    Asked,
    NewestFirst,
    ById,
    /// In another one with each answer.
    Shuffled,
}

/// What becomes of records that have no stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stampless {
    /// There are none.
    #[default]
    None,
    /// They are in every range of time.
    Everywhere,
    /// They are in no range of time.
    Nowhere,
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
            sessions_end_on_page_2: false,
            silent: 0,
            log: None,
            ahead_ms: if dice.bool() { dice.i64(-200_000..200_000) } else { 0 },
            one_page: false,
            pages_more: 0,
            order: [Order::Asked, Order::NewestFirst, Order::ById][dice.usize(..3)],
            unreadable: dice.bool(),
            stampless: if dice.u8(..4) == 0 { Stampless::Everywhere } else { Stampless::None },
            lists_cut: false,
            bursts: if dice.bool() { dice.u32(20..60) } else { 0 },
            totals_move: if dice.bool() { dice.u32(4..10) } else { 0 },
            page_size_max: if dice.bool() { dice.usize(3..20) } else { 200 },
            // Last, so that the worlds of all seeds stay what they were.
            throttled: if dice.bool() { dice.u32(4..12) } else { 0 },
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
    /// The stamp of an earlier removal that is listed although it was restored since.
    still_listed: Option<i64>,
    /// Whether its removal is never listed.
    forgotten: bool,
    pub(crate) stampless: bool,
    pub(crate) unreadable: bool,
}

/// All that there is.
pub(crate) struct World {
    pub(crate) sins: Sins,
    pub(crate) dice: Rng,
    /// The clock of stamps, in milliseconds since 1970.
    pub(crate) now: i64,
    records: BTreeMap<i64, Record>,
    changes: u64,
    /// As many answers more are code 2.
    pub(crate) burst: u32,
}

impl World {
    pub(crate) fn new(sins: Sins, seed: u64) -> World {
        let dice = Rng::with_seed(seed);
        World { sins, dice, now: 1_780_000_000_000, records: BTreeMap::new(), changes: 0, burst: 0 }
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
        let (stampless, unreadable) = self.flaws();
        let (before, removed, forgotten) = (None, false, false);
        let still_listed = None;
        let record = Record {
            subject,
            stamp,
            visible,
            before,
            removed,
            still_listed,
            forgotten,
            stampless,
            unreadable,
        };
        self.records.insert(id, record);
    }

    /// Brings a removed record back. Its removal stays in the list.
    pub(crate) fn restore(&mut self, id: i64) {
        let removed_at = self.records[&id].stamp;
        self.pass();
        self.change(id, false);
        if let Some(record) = self.records.get_mut(&id) {
            record.still_listed = Some(removed_at);
        }
    }

    pub(crate) fn has_stamp(&self, id: i64) -> bool {
        !self.records[&id].stampless
    }

    /// Somebody changes a record, which loses its stamp.
    pub(crate) fn lose_stamp(&mut self, id: i64) {
        self.pass();
        self.change(id, false);
        if let Some(record) = self.records.get_mut(&id) {
            record.stampless = true;
        }
    }

    /// Something changes a record and does not show it as changed.
    pub(crate) fn change_unseen(&mut self, id: i64) {
        if let Some(record) = self.records.get_mut(&id) {
            record.subject.push_str(" unseen");
        }
    }

    pub(crate) fn change(&mut self, id: i64, removed: bool) {
        let (stamp, visible) = self.stamps();
        self.changes += 1;
        let subject = format!("Call {}", self.changes);
        let (stampless, unreadable) = self.flaws();
        let forgotten = self.sins.lists_cut && self.dice.u8(..4) == 0;
        let now = self.now;
        let Some(record) = self.records.get_mut(&id) else { return };
        // Changes of one record become visible in their order.
        let before = match record.visible <= now {
            true => Some((record.subject.clone(), record.stamp)),
            false => record.before.clone(),
        };
        // A record that has a stamp keeps getting one.
        let stampless = stampless && record.stampless;
        let still_listed = None;
        *record = Record {
            subject,
            stamp,
            visible,
            before,
            removed,
            still_listed,
            forgotten,
            stampless,
            unreadable,
        };
    }

    /// Whether a new version has no stamp, and whether it cannot be read.
    fn flaws(&mut self) -> (bool, bool) {
        let stampless = self.sins.stampless != Stampless::None && self.dice.u8(..10) == 0;
        (stampless, self.sins.unreadable && self.dice.u8(..10) == 0)
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
        (self.sins.throttled, self.sins.silent) = (0, 0);
        (self.sins.bursts, self.sins.totals_move) = (0, 0);
    }

    pub(crate) fn truth(&self) -> BTreeMap<i64, String> {
        let living = self.records.iter().filter(|(_, record)| !record.removed);
        living.map(|(id, record)| (*id, record.subject.clone())).collect()
    }

    /// What a table must have of each activity, column by column; of what cannot be read, the subject.
    pub(crate) fn rows(&self) -> BTreeMap<i64, String> {
        let living = self.records.iter().filter(|(_, record)| !record.removed);
        let row = |record: &Record| {
            let subject = &record.subject;
            let time = match record.stampless {
                true => "-".to_owned(),
                false => {
                    let text = Stamp::from_millis(record.stamp).at_offset(0).to_string();
                    format!("{} {}", &text[..10], &text[11..23])
                }
            };
            match record.unreadable {
                true => subject.clone(),
                false => format!(
                    "{subject}||2026-11-30 09:00:00.000|-|-|-|2|Not Started|NORMAL|{time}|-|{time}|-|[]"
                ),
            }
        };
        living.map(|(id, record)| (*id, row(record))).collect()
    }

    /// The ids that lists of removals have, and all that were removed.
    pub(crate) fn removed(&self) -> (BTreeSet<i64>, BTreeSet<i64>) {
        let removed = self.records.iter().filter(|(_, record)| record.removed);
        let listed = removed.clone().filter(|(_, record)| !record.forgotten);
        (listed.map(|(id, _)| *id).collect(), removed.map(|(id, _)| *id).collect())
    }

    /// What an answer shows of a window: records, then removed ids.
    pub(crate) fn window(&mut self, from: i64, to: i64) -> (Vec<Shown>, Vec<i64>) {
        let (mut shown, mut removed) = (Vec::new(), Vec::new());
        let within = |stamp: i64| (from..=to).contains(&stamp);
        for (&id, record) in &self.records {
            if record.visible > self.now {
                let before = record.before.as_ref().filter(|(_, stamp)| within(*stamp));
                shown.extend(before.map(|(subject, stamp)| Shown {
                    id,
                    subject: subject.clone(),
                    stamp: Some(*stamp),
                    unreadable: false,
                }));
            } else if record.removed {
                removed.extend((within(record.stamp) && !record.forgotten).then_some(id));
            } else {
                removed.extend(record.still_listed.is_some_and(within).then_some(id));
                let is_in = match record.stampless {
                    true => self.sins.stampless == Stampless::Everywhere || from == i64::MIN,
                    false => within(record.stamp),
                };
                let stamp = Some(record.stamp).filter(|_| !record.stampless);
                let (subject, unreadable) = (record.subject.clone(), record.unreadable);
                shown.extend(is_in.then_some(Shown { id, subject, stamp, unreadable }));
            }
        }
        match self.sins.order {
            Order::Asked => shown.sort_by_key(|shown| (shown.stamp, shown.id)),
            Order::NewestFirst => shown.sort_by_key(|shown| Reverse((shown.stamp, shown.id))),
            Order::ById => {}
            Order::Shuffled => self.dice.shuffle(&mut shown),
        }
        (shown, removed)
    }
}

/// A record as an answer shows it.
pub(crate) struct Shown {
    pub(crate) id: i64,
    pub(crate) subject: String,
    pub(crate) stamp: Option<i64>,
    pub(crate) unreadable: bool,
}
