//! Ranges of an organization's log: sorted, disjoint, and limited in number.

use domain::{Seq, Stamp};
use timeline::SeqRange;

/// How many ranges are kept…
pub(crate) const STRETCHES_MAX: usize = 128;

/// …once there are so many more: looking at each gap between them is not for every page.
const EXCESS: usize = STRETCHES_MAX / 2;

/// Positions in the log, and the time span that they represent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Which positions. It may be empty: then only time has passed.
    pub(crate) range: SeqRange,
    /// Since when.
    pub(crate) from: Stamp,
    /// Up to when.
    pub(crate) until: Stamp,
}

/// What two stretches leave out between them, or a stretch and the end of a hull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Which positions, at least one.
    pub(crate) range: SeqRange,
    /// Up to when the stretch before it goes; none if there is none.
    pub(crate) before: Option<Stamp>,
    /// Since when the stretch behind it goes; none if there is none.
    pub(crate) behind: Option<Stamp>,
}

/// What to do about one stretch too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// Forget the oldest: what was delivered may be taken for not delivered.
    Forget,
    /// Merge the oldest two, including the gap between them.
    Join,
}

/// See the module. No two of them touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<Stretch>);

impl Stretch {
    fn touches(&self, other: &Stretch) -> bool {
        self.range.after <= other.range.through && other.range.after <= self.range.through
    }

    /// Both of them, and the gap between them.
    fn joined(self, other: Stretch) -> Stretch {
        let (one, two) = (self.range, other.range);
        Stretch {
            range: SeqRange {
                after: one.after.min(two.after),
                through: one.through.max(two.through),
            },
            from: self.from.min(other.from),
            until: self.until.max(other.until),
        }
    }
}

impl Ranges {
    /// Those that have been kept, as far as the log goes; in any order.
    pub(crate) fn of(kept: impl IntoIterator<Item = Stretch>, head: Seq) -> Ranges {
        let mut ranges = Ranges::default();
        for mut stretch in kept {
            stretch.range.after = stretch.range.after.min(head);
            stretch.range.through = stretch.range.through.min(head).max(stretch.range.after);
            ranges.add(stretch);
            ranges.bound(Excess::Forget, |_| false);
        }
        ranges
    }

    /// Has none of their times be later than this instant.
    pub(crate) fn bring_back(&mut self, now: Stamp) {
        for stretch in &mut self.0 {
            stretch.from = stretch.from.min(now);
            stretch.until = stretch.until.min(now);
        }
    }

    /// All of them, ascending.
    pub(crate) fn all(&self) -> &[Stretch] {
        &self.0
    }

    /// Takes in one more, and says whether it reaches beyond what was there.
    pub(crate) fn add(&mut self, new: Stretch) -> bool {
        // The usual one goes on from the last.
        if let Some(last) = self.0.last_mut()
            && last.range.after <= new.range.after
            && new.range.after <= last.range.through
        {
            let grows = last.range.through < new.range.through;
            *last = last.joined(new);
            return grows;
        }
        let start = self.0.partition_point(|old| old.range.through < new.range.after);
        let touching = self.0[start..].iter().take_while(|old| old.touches(&new)).count();
        let old = &self.0[start..start + touching];
        let grows = old.len() != 1 || old[0].range != old[0].joined(new).range;
        let joined = old.iter().fold(new, |joined, old| joined.joined(*old));
        self.0.splice(start..start + touching, [joined]);
        grows
    }

    /// Whether there are too many.
    pub(crate) fn is_excessive(&self) -> bool {
        self.0.len() > STRETCHES_MAX + EXCESS
    }

    /// Keeps their number in bounds: joins those that have nothing alive between them, and if there
    /// are still too many, does what `excess` says.
    pub(crate) fn bound(&mut self, excess: Excess, is_dead: impl Fn(SeqRange) -> bool) {
        if !self.is_excessive() {
            return;
        }
        let between =
            |a: &Stretch, b: &Stretch| SeqRange { after: a.range.through, through: b.range.after };
        self.0.dedup_by(|next, kept| {
            let joins = is_dead(between(kept, next));
            if joins {
                *kept = kept.joined(*next);
            }
            joins
        });
        while self.0.len() > STRETCHES_MAX {
            let oldest = self.0.remove(0);
            if let Some(next) = self.0.first_mut().filter(|_| excess == Excess::Join) {
                *next = next.joined(oldest);
            }
        }
    }

    /// From the first position to the last; none if there is no stretch.
    pub(crate) fn hull(&self) -> Option<SeqRange> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        Some(SeqRange { after: first.range.after, through: last.range.through })
    }

    /// The parts of a hull that are in none of them, ascending.
    pub(crate) fn gaps(&self, hull: SeqRange) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let (mut after, mut before) = (hull.after, None);
        for stretch in &self.0 {
            let range = SeqRange { after, through: stretch.range.after.min(hull.through) };
            if range.after < range.through {
                gaps.push(Gap { range, before, behind: Some(stretch.from) });
            }
            if stretch.range.through >= after {
                (after, before) = (stretch.range.through, Some(stretch.until));
            }
        }
        if after < hull.through {
            let range = SeqRange { after, through: hull.through };
            gaps.push(Gap { range, before, behind: None });
        }
        gaps
    }

    /// Whether a position is in one of them.
    pub(crate) fn contain(&self, seq: Seq) -> bool {
        let at = self.0.partition_point(|stretch| stretch.range.through < seq);
        self.0.get(at).is_some_and(|stretch| stretch.range.contains(seq))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn stretch(after: u64, through: u64) -> Stretch {
        let stamp = |seq: u64| Stamp::from_millis(i64::try_from(seq).unwrap() * 10);
        let range = SeqRange { after: Seq(after), through: Seq(through) };
        Stretch { range, from: stamp(after), until: stamp(through) }
    }

    fn positions(ranges: &Ranges) -> BTreeSet<u64> {
        let each = ranges.all().iter();
        each.flat_map(|s| s.range.after.0 + 1..=s.range.through.0).collect()
    }

    proptest! {
        /// As sets of positions they are what was put in, in whatever order.
        #[test]
        fn ranges_are_the_union_of_what_was_added(
            added in prop::collection::vec((0_u64..200, 0_u64..20), 1..60),
            hull in (0_u64..200, 0_u64..60),
        ) {
            let (mut ranges, mut model) = (Ranges::default(), BTreeSet::new());
            for (after, len) in added {
                let before = model.len();
                model.extend(after + 1..=after + len);
                let grows = ranges.add(stretch(after, after + len));
                prop_assert!(grows || model.len() == before);
            }
            prop_assert_eq!(&positions(&ranges), &model);
            let apart = ranges.all().windows(2).all(|two| two[0].range.through < two[1].range.after);
            prop_assert!(apart, "{:?}", ranges);
            for seq in 0..=220 {
                prop_assert_eq!(ranges.contain(Seq(seq)), model.contains(&seq));
            }
            let hull = SeqRange { after: Seq(hull.0), through: Seq(hull.0 + hull.1) };
            let gaps = ranges.gaps(hull);
            let missing: Vec<u64> =
                gaps.iter().flat_map(|gap| gap.range.after.0 + 1..=gap.range.through.0).collect();
            let expected: Vec<u64> =
                (hull.after.0 + 1..=hull.through.0).filter(|seq| !model.contains(seq)).collect();
            prop_assert_eq!(missing, expected);
        }

        /// Too many of them claim less than was delivered, never more.
        #[test]
        fn too_many_ranges_forget_and_never_invent(
            starts in prop::collection::btree_set(0_u64..2_000, 129..400),
            dead in prop::collection::btree_set(0_u64..4_000, 0..2_000),
        ) {
            let (mut ranges, mut joined) = (Ranges::default(), Ranges::default());
            let mut model = BTreeSet::new();
            let is_dead = |gap: SeqRange| (gap.after.0 + 1..=gap.through.0).all(|seq| dead.contains(&seq));
            for start in starts {
                model.insert(2 * start + 1);
                let one = stretch(2 * start, 2 * start + 1);
                ranges.add(one);
                ranges.bound(Excess::Forget, is_dead);
                joined.add(one);
                joined.bound(Excess::Join, |_| false);
            }
            prop_assert!(!ranges.is_excessive() && !joined.is_excessive());
            let claimed = positions(&ranges);
            prop_assert!(claimed.iter().all(|seq| model.contains(seq) || dead.contains(seq)));
            prop_assert!(model.is_subset(&positions(&joined)));
        }
    }

    #[test]
    fn what_is_kept_goes_no_further_than_the_log() {
        let ranges = Ranges::of([stretch(8, 12), stretch(0, 3), stretch(20, 30)], Seq(10));
        assert_eq!(positions(&ranges), BTreeSet::from([1, 2, 3, 9, 10]));
    }

    #[test]
    fn a_gap_knows_when_its_neighbours_end_and_begin() {
        let mut ranges = Ranges::default();
        ranges.add(stretch(2, 4));
        ranges.add(stretch(7, 9));
        let hull = SeqRange { after: Seq(0), through: Seq(12) };
        let millis = |stamp: Option<Stamp>| stamp.map(Stamp::millis);
        let times: Vec<_> =
            ranges.gaps(hull).iter().map(|gap| (millis(gap.before), millis(gap.behind))).collect();
        assert_eq!(times, [(None, Some(20)), (Some(40), Some(70)), (Some(90), None)]);
    }
}
