//! Logs long enough to need several of every part that the sets of versions are made of.

use domain::{ActivityId, ID_MAX, Kind, Seq, Stamp};
use timeline::{Direction, Entry, SeqRange, Timeline, View};

/// Random numbers, the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

const FIRST_IMPORT: usize = 300_000;
const VERSIONS: usize = 600_000;

/// An import; then edits of anything, half of them going through the oldest records in order, so
/// that whole chunks empty.
fn versions() -> impl Iterator<Item = Entry> {
    let mut random = Random(7);
    (0..VERSIONS).map(move |at| {
        let id = match at {
            ..FIRST_IMPORT => at as u64,
            _ if at % 2 == 0 => (at - FIRST_IMPORT) as u64 / 2 % 20_000,
            _ => random.below(FIRST_IMPORT as u64 + 20_000),
        };
        let kind = if random.below(10) == 0 { Kind::Tombstone } else { Kind::Record };
        let stamp = Stamp::from_millis(at as i64 / 3);
        Entry { id: ActivityId(id as i64 + 1), stamp, kind }
    })
}

/// What is current by the most obvious account: a mark per version.
struct Marks {
    current: Vec<Option<Kind>>,
    latest: Vec<Option<usize>>,
}

impl Marks {
    fn append(&mut self, entry: Entry) {
        let latest = &mut self.latest[entry.id.0 as usize];
        if let Some(superseded) = latest.replace(self.current.len()) {
            self.current[superseded] = None;
        }
        self.current.push(Some(entry.kind));
    }

    fn seqs(&self, kind: Kind) -> Vec<Seq> {
        let seqs = (1..).map(Seq).zip(&self.current);
        seqs.filter(|(_, mark)| **mark == Some(kind)).map(|(seq, _)| seq).collect()
    }
}

struct Expected {
    view: View,
    records: Vec<Seq>,
    tombstones: Vec<Seq>,
}

#[track_caller]
fn check(view: &View, expected: &Expected, random: &mut Random) {
    assert_eq!(view.seq(), expected.view.seq());
    assert!(view.records(SeqRange::ALL).eq(expected.records.iter().copied()));
    assert!(view.tombstones(SeqRange::ALL).eq(expected.tombstones.iter().copied()));
    for _ in 0..100 {
        let [after, through] = [0, 1].map(|_| Seq(random.below(VERSIONS as u64 + 10)));
        let range = SeqRange { after: after.min(through), through: after.max(through) };
        let [records, tombstones] = [&expected.records, &expected.tombstones].map(|seqs| {
            let start = seqs.partition_point(|seq| *seq <= range.after);
            &seqs[start..seqs.partition_point(|seq| *seq <= range.through)]
        });
        assert_eq!(view.count_records(range), records.len() as u64);
        assert_eq!(view.count_tombstones(range), tombstones.len() as u64);

        let skip = random.below(records.len() as u64 + 1);
        let rest = &records[skip as usize..];
        let page = &rest[..rest.len().min(200)];
        assert_eq!(view.page(range, Direction::OldestFirst, skip, 200), page);
        let page: Vec<Seq> = records.iter().rev().skip(skip as usize).take(200).copied().collect();
        assert_eq!(view.page(range, Direction::NewestFirst, skip, 200), page);
    }
}

#[test]
fn views_kept_and_views_rebuilt_are_what_they_were() {
    let mut timeline = Timeline::new();
    let mut marks = Marks { current: Vec::new(), latest: vec![None; VERSIONS] };
    let mut kept = Vec::new();
    let moments = [1, 64, 4_096, 4_097, 262_143, 262_144, 300_001, 450_000, 524_289, VERSIONS];
    for entry in versions() {
        timeline.append(entry).unwrap();
        marks.append(entry);
        if moments.contains(&timeline.len()) {
            let [records, tombstones] =
                [Kind::Record, Kind::Tombstone].map(|kind| marks.seqs(kind));
            kept.push(Expected { view: timeline.head(), records, tombstones });
        }
    }
    assert_eq!(kept.len(), moments.len());

    let mut random = Random(11);
    for expected in &kept {
        check(&expected.view, expected, &mut random);
        check(&timeline.view_at(expected.view.seq()), expected, &mut random);
    }
}

#[test]
fn ids_near_and_far_are_found_in_every_view() {
    let mut timeline = Timeline::new();
    let far = |n: i64| ActivityId(ID_MAX - n * 87_178_291_199);
    let near = |n: i64| ActivityId(n + 1);
    let count = 100_000;
    for kind in [Kind::Record, Kind::Tombstone] {
        for id in (0..count).map(near).chain((0..count).map(far)) {
            timeline.append(Entry { id, stamp: Stamp::from_millis(0), kind }).unwrap();
        }
    }
    assert_eq!(timeline.largest_id(), Some(far(0)));
    let half = timeline.view_at(Seq(2 * count as u64));
    for n in (0..count).step_by(97) {
        for (id, first) in [(near(n), n + 1), (far(n), count + n + 1)] {
            let seqs = [first, first + 2 * count].map(|seq| Seq(seq as u64));
            assert_eq!(timeline.current(&half, id), Some((seqs[0], Kind::Record)));
            assert_eq!(timeline.current(&timeline.head(), id), Some((seqs[1], Kind::Tombstone)));
        }
    }
    assert_eq!(timeline.current(&half, near(count)), None);
}

#[test]
fn a_version_takes_few_bytes_also_where_ids_are_far_apart() {
    for (step, bytes_max) in [(1, 30), (1_000_003, 80)] {
        let mut timeline = Timeline::new();
        let versions = 500_000;
        for id in (1..=versions).map(|n| ActivityId(n * step)) {
            timeline
                .append(Entry { id, stamp: Stamp::from_millis(0), kind: Kind::Record })
                .unwrap();
        }
        let bytes = timeline.memory_bytes() / versions as usize;
        assert!((20..bytes_max).contains(&bytes), "{bytes} bytes per version, ids {step} apart");
        let view = timeline.head().memory_bytes();
        assert!((versions as usize / 8..versions as usize / 4).contains(&view), "{view} bytes");
    }
}
