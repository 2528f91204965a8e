//! The timeline against the obvious: a list of all versions, folded anew for each question.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ActivityId, ID_MAX, Kind, Seq, Stamp};
use proptest::prelude::*;
use timeline::{AppendError, Direction, Entry, Selected, SeqRange, Tally, Timeline, View};

/// All versions, by seq, as far as a view goes.
#[derive(Clone, Default)]
struct Model(BTreeMap<Seq, Entry>);

impl Model {
    fn append(&mut self, entry: Entry) -> Seq {
        let seq = Seq(self.0.len() as u64 + 1);
        self.0.insert(seq, entry);
        seq
    }

    fn as_of(&self, seq: Seq) -> Model {
        Model(self.0.range(..=seq).map(|(seq, entry)| (*seq, *entry)).collect())
    }

    /// The last version of each activity.
    fn current(&self) -> BTreeMap<ActivityId, (Seq, Kind)> {
        self.0.iter().map(|(seq, entry)| (entry.id, (*seq, entry.kind))).collect()
    }

    fn seqs(&self, kind: Kind, range: SeqRange) -> Vec<Seq> {
        let current = self.current().into_values();
        let seqs: BTreeSet<Seq> = current
            .filter(|(seq, of)| *of == kind && range.after < *seq && *seq <= range.through)
            .map(|(seq, _)| seq)
            .collect();
        seqs.into_iter().collect()
    }

    fn select(&self, ids: &[ActivityId], range: SeqRange) -> Selected {
        let current = self.current();
        let asked = |seq: &Seq| ids.contains(&self.0[seq].id);
        let removed = self.seqs(Kind::Tombstone, range).into_iter().filter(asked);
        let removed: BTreeSet<ActivityId> = removed.map(|seq| self.0[&seq].id).collect();
        assert!(removed.iter().all(|id| current[id].1 == Kind::Tombstone));
        Selected {
            records: self.seqs(Kind::Record, range).into_iter().filter(asked).collect(),
            removed: removed.into_iter().collect(),
        }
    }

    /// What the versions of a stretch did, one after the other.
    fn tally(&self, range: SeqRange) -> Tally {
        let (mut tally, mut seen) = (Tally::default(), BTreeSet::new());
        for (seq, entry) in &self.0 {
            let is_first = seen.insert(entry.id);
            match entry.kind {
                _ if !range.contains(*seq) => {}
                Kind::Tombstone => tally.removed += 1,
                Kind::Record if is_first => tally.created += 1,
                Kind::Record => tally.edited += 1,
            }
        }
        tally
    }

    /// All ids that occur, and two that do not.
    fn ids(&self) -> Vec<ActivityId> {
        let unknown = [ActivityId(-1), ActivityId(ID_MAX)];
        self.0.values().map(|entry| entry.id).chain(unknown).collect()
    }
}

/// Everything that can be asked of a view, for one range.
fn check_range(timeline: &Timeline, view: &View, model: &Model, range: SeqRange) {
    let records = model.seqs(Kind::Record, range);
    let tombstones = model.seqs(Kind::Tombstone, range);
    assert_eq!(view.count_records(range), records.len() as u64, "{range:?}");
    assert_eq!(view.count_tombstones(range), tombstones.len() as u64, "{range:?}");
    assert_eq!(view.records(range).collect::<Vec<_>>(), records, "{range:?}");
    assert_eq!(view.tombstones(range).collect::<Vec<_>>(), tombstones, "{range:?}");

    check_pages(view, range, Direction::OldestFirst, &records);
    let newest_first: Vec<Seq> = records.iter().rev().copied().collect();
    check_pages(view, range, Direction::NewestFirst, &newest_first);

    let ids = model.ids();
    for ids in [&ids[..], &ids[ids.len() / 2..], &[]] {
        assert_eq!(timeline.select(view, ids, range), model.select(ids, range), "{range:?}");
    }
}

/// All pages of several sizes, and what lies past the last.
fn check_pages(view: &View, range: SeqRange, direction: Direction, expected: &[Seq]) {
    for size in [1, 2, 7, 1_000] {
        let mut pages = expected.chunks(size).map(<[Seq]>::to_vec).collect::<Vec<_>>();
        pages.push(Vec::new());
        for (number, page) in pages.iter().enumerate() {
            let skip = (number * size) as u64;
            assert_eq!(view.page(range, direction, skip, size), *page, "{skip} {size} {range:?}");
        }
    }
    assert_eq!(view.page(range, direction, 0, usize::MAX), expected);
    assert_eq!(view.page(range, direction, 0, 0), []);
    assert_eq!(view.page(range, direction, u64::MAX, usize::MAX), []);
}

fn check_view(timeline: &Timeline, view: &View, model: &Model, ranges: &[SeqRange]) {
    assert_eq!(view.seq(), Seq(model.0.len() as u64));
    let current = model.current();
    for id in model.ids() {
        assert_eq!(timeline.current(view, id), current.get(&id).copied(), "{id}");
    }
    for range in ranges {
        check_range(timeline, view, model, *range);
    }
}

/// What does not depend on a view.
fn check_log(timeline: &Timeline, model: &Model) {
    assert_eq!(timeline.len(), model.0.len());
    assert_eq!(timeline.is_empty(), model.0.is_empty());
    assert_eq!(timeline.last_stamp(), model.0.values().next_back().map(|entry| entry.stamp));
    assert_eq!(timeline.largest_id(), model.0.values().map(|entry| entry.id).max());
    let mut latest = BTreeMap::new();
    for (seq, entry) in &model.0 {
        assert_eq!(timeline.id(*seq), Some(entry.id));
        assert_eq!(timeline.stamp(*seq), Some(entry.stamp));
        assert_eq!(timeline.previous(*seq), latest.insert(entry.id, *seq), "{seq}");
    }
    for beyond in [Seq::ZERO, Seq(model.0.len() as u64 + 1), Seq(u64::MAX)] {
        assert_eq!(timeline.id(beyond), None);
        assert_eq!(timeline.stamp(beyond), None);
        assert_eq!(timeline.previous(beyond), None);
    }
}

/// One version that a test appends: which id, how much later than the one before, what it is.
fn entries() -> impl Strategy<Value = Vec<(i64, i64, bool)>> {
    let dense = 1..25i64;
    let sparse = (1..8i64).prop_map(|n| n * 1_125_899_906_842_597);
    let id = prop_oneof![3 => dense, 1 => sparse];
    let later = prop_oneof![2 => Just(0i64), 1 => 1..4i64];
    proptest::collection::vec((id, later, proptest::bool::weighted(0.7)), 0..70)
}

fn range() -> impl Strategy<Value = SeqRange> {
    let seq = || prop_oneof![9 => 0..75u64, 1 => Just(u64::MAX)];
    (seq(), seq())
        .prop_map(|(after, through)| SeqRange { after: Seq(after), through: Seq(through) })
}

proptest! {
    #[test]
    fn every_view_answers_as_the_model(
        entries in entries(),
        mut ranges in proptest::collection::vec(range(), 3),
        kept_every in 1..9usize,
    ) {
        let (mut timeline, mut model) = (Timeline::new(), Model::default());
        let (mut now, mut kept) = (0, vec![timeline.head()]);
        for (id, later, is_record) in entries {
            now += later;
            let kind = if is_record { Kind::Record } else { Kind::Tombstone };
            let entry = Entry { id: ActivityId(id), stamp: Stamp::from_millis(now), kind };
            prop_assert_eq!(timeline.append(entry), Ok(model.append(entry)));
            if timeline.len() % kept_every == 0 {
                kept.push(timeline.head());
            }
        }
        ranges.push(SeqRange::ALL);

        check_log(&timeline, &model);
        for range in &ranges {
            prop_assert_eq!(timeline.tally(*range), model.tally(*range));
        }
        check_view(&timeline, &timeline.head(), &model, &ranges);
        check_view(&timeline, &timeline.view_at(Seq(u64::MAX)), &model, &ranges);
        for view in kept {
            let model = model.as_of(view.seq());
            check_view(&timeline, &view, &model, &ranges);
            check_view(&timeline, &timeline.view_at(view.seq()), &model, &ranges);
        }
    }

    #[test]
    fn a_range_of_stamps_holds_all_of_them_and_no_others(
        entries in entries(),
        from in proptest::option::of(-2..40i64),
        to in proptest::option::of(-2..40i64),
    ) {
        let (mut timeline, mut now) = (Timeline::new(), 0);
        for (id, later, _) in &entries {
            now += later;
            let stamp = Stamp::from_millis(now);
            timeline.append(Entry { id: ActivityId(*id), stamp, kind: Kind::Record }).unwrap();
        }
        let range = timeline.between(from.map(Stamp::from_millis), to.map(Stamp::from_millis));
        prop_assert!(range.through <= Seq(timeline.len() as u64));
        for seq in (1..=timeline.len() as u64).map(Seq) {
            let millis = timeline.stamp(seq).unwrap().millis();
            let expected = from.is_none_or(|from| from <= millis) && to.is_none_or(|to| millis <= to);
            prop_assert_eq!(range.contains(seq), expected);
        }
    }
}

fn entry(id: i64, millis: i64, kind: Kind) -> Entry {
    Entry { id: ActivityId(id), stamp: Stamp::from_millis(millis), kind }
}

#[test]
fn a_restored_activity_has_its_tombstone_back_in_the_view_before() {
    let mut timeline = Timeline::new();
    for kind in [Kind::Record, Kind::Tombstone, Kind::Record] {
        timeline.append(entry(5, 10, kind)).unwrap();
    }
    let seqs = |view: &View| -> (Vec<Seq>, Vec<Seq>) {
        (view.records(SeqRange::ALL).collect(), view.tombstones(SeqRange::ALL).collect())
    };
    assert_eq!(seqs(&timeline.head()), (vec![Seq(3)], vec![]));
    assert_eq!(seqs(&timeline.view_at(Seq(2))), (vec![], vec![Seq(2)]));
    assert_eq!(seqs(&timeline.view_at(Seq(1))), (vec![Seq(1)], vec![]));
    assert_eq!(seqs(&timeline.view_at(Seq(0))), (vec![], vec![]));
}

#[test]
fn a_stamp_that_goes_back_is_refused_and_changes_nothing() {
    let mut timeline = Timeline::new();
    timeline.append(entry(1, 10, Kind::Record)).unwrap();
    let [given, last] = [9, 10].map(Stamp::from_millis);
    assert_eq!(
        timeline.append(entry(1, 9, Kind::Tombstone)),
        Err(AppendError::StampBeforeLast { given, last })
    );
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline.head().count_records(SeqRange::ALL), 1);
    assert_eq!(timeline.append(entry(1, 10, Kind::Tombstone)), Ok(Seq(2)));
}
