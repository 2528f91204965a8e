//! What of the current view a key is missing.

use domain::{ActivityId, Seq, Stamp};
use timeline::{Direction, SeqRange, Timeline, View};

use crate::log::coverage::key::KeyCoverage;
use crate::log::coverage::poll::Poll;
use crate::log::coverage::ranges::{Gap, Ranges};

/// Current changes within what a key has asked for that no answer ever had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Records on pages that were not read.
    pub unread: u64,
    /// Records and deletions in stretches that were never asked for, between others that were.
    pub skipped: u64,
    /// Deletions after its first answer in stretches where it asked for none, though it did elsewhere.
    pub deletions: u64,
}

impl Missing {
    /// How many changes those are.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.unread + self.skipped + self.deletions
    }
}

/// Why a change was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was on a page that was not read.
    Unread,
    /// It is in a range that was never asked for: from then to then.
    Skipped(Stamp, Stamp),
    /// It is a deletion, and none were asked for there.
    NoDeletions,
}

/// A current change that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// Its position in the log.
    pub seq: Seq,
    /// Which activity.
    pub id: ActivityId,
    /// When it changed.
    pub stamp: Stamp,
    /// Whether it has been removed.
    pub is_removed: bool,
    /// Why it is not there.
    pub cause: Cause,
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) missing: Missing,
    /// The first stretch left out that has changes in it, and how many.
    pub(crate) skipped: Option<(Stamp, Stamp, u64)>,
    /// Changes after all that it has asked for.
    pub(crate) behind: u64,
    /// The time of the first of them.
    pub(crate) behind_since: Option<Stamp>,
    /// From when to when nothing is missing.
    pub(crate) complete_from: Option<Stamp>,
    pub(crate) complete_until: Option<Stamp>,
}

/// Judges what was delivered by what is current now. The timeline reaches at least as far as the view.
pub(crate) fn judge(
    coverage: &KeyCoverage,
    view: &View,
    stamp: impl Fn(Seq) -> Option<Stamp>,
) -> Verdict {
    let (missing, skipped) = missing(coverage, view);
    let (behind, first_behind) = behind(coverage, view);
    let first_missing = [
        gaps(&coverage.records, &coverage.asked).find_map(|gap| first(view, gap.range, false)),
        deletion_gaps(coverage).find_map(|gap| first(view, gap.range, true)),
        first_behind,
    ];
    let first_missing = first_missing.into_iter().flatten().min().and_then(stamp_before(&stamp));
    let (complete_from, asked_until) = match coverage.asked.all() {
        [] => (None, None),
        [first, .., last] => (Some(first.from), Some(last.until)),
        [one] => (Some(one.from), Some(one.until)),
    };
    let complete_until = asked_until.map(|until| first_missing.map_or(until, |at| until.min(at)));
    Verdict {
        missing,
        skipped,
        behind,
        behind_since: first_behind.and_then(&stamp),
        complete_from,
        complete_until: complete_until
            .filter(|until| complete_from.is_some_and(|from| from <= *until)),
    }
}

/// What was never delivered of what was asked for, and the first skipped range that has
/// changes in it, and how many.
fn missing(coverage: &KeyCoverage, view: &View) -> (Missing, Option<(Stamp, Stamp, u64)>) {
    let wants_removed = asks_for_deletions(coverage);
    let count = |range: SeqRange| view.count_records(range);
    let count_both = |gap: &Gap| {
        let removed = if wants_removed { missing_tombstones(coverage, view, gap.range) } else { 0 };
        count(gap.range) + removed
    };
    let left_out = skipped(coverage);
    let skipped_records: u64 = left_out.iter().map(|gap| count(gap.range)).sum();
    let skipped = left_out.iter().map(count_both).sum::<u64>();
    let records: u64 = gaps(&coverage.records, &coverage.asked).map(|gap| count(gap.range)).sum();
    let deletions: u64 = deletion_gaps(coverage).map(|gap| view.count_tombstones(gap.range)).sum();
    let missing = Missing {
        unread: records.saturating_sub(skipped_records),
        skipped,
        deletions: deletions.saturating_sub(skipped - skipped_records),
    };
    let first_skipped = left_out.iter().find_map(|gap| {
        let (from, to) = gap.times()?;
        Some((from, to, count_both(gap))).filter(|(_, _, changes)| *changes > 0)
    });
    (missing, first_skipped)
}

/// How many changes there are after all that was asked for, and the first of them.
fn behind(coverage: &KeyCoverage, view: &View) -> (u64, Option<Seq>) {
    let asked = through(&coverage.asked);
    let records = SeqRange { after: asked, through: view.seq() };
    let deletions =
        SeqRange { after: asked.max(coverage.first.unwrap_or(Seq::ZERO)), through: view.seq() };
    let counts_deletions = asks_for_deletions(coverage) || coverage.hull().is_none();
    let tombstones = if counts_deletions { view.count_tombstones(deletions) } else { 0 };
    let first =
        [first(view, records, false), first(view, deletions, true).filter(|_| tombstones > 0)];
    (view.count_records(records) + tombstones, first.into_iter().flatten().min())
}

fn asks_for_deletions(coverage: &KeyCoverage) -> bool {
    coverage.deletions.hull().is_some()
}

fn stamp_before(stamp: &impl Fn(Seq) -> Option<Stamp>) -> impl Fn(Seq) -> Option<Stamp> {
    move |seq| Some(stamp(seq)?.plus_millis(-1))
}

/// The last position of all; none is position 0.
fn through(ranges: &Ranges) -> Seq {
    ranges.hull().map_or(Seq::ZERO, |hull| hull.through)
}

/// What `hull` spans and `ranges` leave out.
fn gaps(ranges: &Ranges, hull: &Ranges) -> impl Iterator<Item = Gap> {
    hull.hull().map(|hull| ranges.gaps(hull)).unwrap_or_default().into_iter()
}

/// Where deletions were not asked for, from the first answer to the last: of a key that has ever asked for
/// them, also those after it has ceased to.
fn deletion_gaps(coverage: &KeyCoverage) -> impl Iterator<Item = Gap> {
    let hull = coverage.deletions.hull().zip(coverage.first);
    let through = through(&coverage.asked);
    let hull =
        hull.map(|(hull, first)| SeqRange { after: first, through: hull.through.max(through) });
    hull.map(|hull| coverage.deletions.gaps(hull)).unwrap_or_default().into_iter()
}

/// The stretches between two windows that were never asked for.
fn skipped(coverage: &KeyCoverage) -> Vec<Gap> {
    gaps(&coverage.asked, &coverage.asked).collect()
}

/// Tombstones of a range for which deletions were not asked.
fn missing_tombstones(coverage: &KeyCoverage, view: &View, range: SeqRange) -> u64 {
    let within = deletion_gaps(coverage).map(|gap| SeqRange {
        after: gap.range.after.max(range.after),
        through: gap.range.through.min(range.through),
    });
    within.map(|range| view.count_tombstones(range)).sum()
}

/// The first current record of a range, or tombstone.
fn first(view: &View, range: SeqRange, tombstone: bool) -> Option<Seq> {
    let page = if tombstone {
        view.page_of_tombstones(range, Direction::OldestFirst, 0, 1)
    } else {
        view.page(range, Direction::OldestFirst, 0, 1)
    };
    page.first().copied()
}

impl Gap {
    /// From when to when it goes.
    fn times(&self) -> Option<(Stamp, Stamp)> {
        Some((self.before?.plus_millis(1), self.behind?.plus_millis(-1)))
    }
}

impl KeyCoverage {
    /// The changes that were not delivered, oldest first, at most this many.
    pub(crate) fn undelivered(
        &self,
        view: &View,
        timeline: &Timeline,
        max: usize,
    ) -> Vec<Undelivered> {
        let of = |gap: Gap, tombstone: bool| {
            let page = if tombstone {
                view.page_of_tombstones(gap.range, Direction::OldestFirst, 0, max)
            } else {
                view.page(gap.range, Direction::OldestFirst, 0, max)
            };
            page.into_iter().map(move |seq| (seq, tombstone))
        };
        let records = gaps(&self.records, &self.asked).flat_map(|gap| of(gap, false)).take(max);
        let removed = deletion_gaps(self).flat_map(|gap| of(gap, true)).take(max);
        let mut all: Vec<(Seq, bool)> = records.chain(removed).collect();
        all.sort_unstable();
        all.truncate(max);
        let undelivered = |(seq, is_removed)| {
            let (id, stamp) = (timeline.id(seq)?, timeline.stamp(seq)?);
            let cause = self.cause(seq, is_removed);
            Some(Undelivered { seq, id, stamp, is_removed, cause })
        };
        all.into_iter().filter_map(undelivered).collect()
    }

    /// Why a change within what was asked for was not delivered.
    pub(crate) fn cause(&self, seq: Seq, is_removed: bool) -> Cause {
        let skipped = skipped(self).into_iter().find(|gap| gap.range.contains(seq));
        match skipped.and_then(|gap| gap.times()) {
            Some((from, to)) => Cause::Skipped(from, to),
            None if is_removed => Cause::NoDeletions,
            None => Cause::Unread,
        }
    }

    /// How many records within a range were not delivered.
    pub(crate) fn unread_in(&self, view: &View, range: SeqRange) -> u64 {
        let within = gaps(&self.records, &self.asked).map(|gap| SeqRange {
            after: gap.range.after.max(range.after),
            through: gap.range.through.min(range.through),
        });
        within.map(|range| view.count_records(range)).sum()
    }

    /// The polls that left records unread which are still missing, the latest first.
    pub(crate) fn unfinished<'a>(&'a self, view: &'a View) -> impl Iterator<Item = &'a Poll> {
        let lacks = |poll: &&Poll| {
            let is_left = !poll.is_whole() && !poll.asks_from_the_future();
            is_left && self.unread_in(view, poll.range) > 0
        };
        self.polls.iter().rev().filter(lacks)
    }
}
