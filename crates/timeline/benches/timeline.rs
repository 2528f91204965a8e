//! What the timeline's steps cost: `cargo bench -p driftless-timeline`.

use divan::{Bencher, black_box};
use domain::{ActivityId, Kind, Seq, Stamp};
use timeline::{Direction, Entry, SeqRange, Timeline};

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// Versions after a view that is gone from memory.
const BEHIND: u64 = 1_000;

fn main() {
    divan::main();
}

/// A log in which every fourth version changes an activity and every hundredth removes one.
fn entry(n: u64) -> Entry {
    let changes = n % 4 == 3;
    let id = if changes { n / 2 } else { n };
    let kind = if n % 100 == 99 { Kind::Tombstone } else { Kind::Record };
    let stamp = Stamp::from_millis(1_700_000_000_000 + n as i64 * 1_000);
    Entry { id: ActivityId(1 + id as i64), stamp, kind }
}

fn filled(versions: u64) -> Timeline {
    let mut timeline = Timeline::new();
    for n in 0..versions {
        timeline.append(entry(n)).expect("stamps ascend");
    }
    timeline
}

#[divan::bench(args = SIZES)]
fn append(bencher: Bencher<'_, '_>, versions: u64) {
    let mut timeline = filled(versions);
    let mut n = versions;
    bencher.bench_local(|| {
        n += 1;
        timeline.append(entry(n)).expect("stamps ascend")
    });
}

#[divan::bench(args = SIZES)]
fn count_and_range(bencher: Bencher<'_, '_>, versions: u64) {
    let timeline = filled(versions);
    let view = timeline.head();
    let from = Stamp::from_millis(1_700_000_000_000 + versions as i64 * 300);
    bencher.bench(|| view.count_records(timeline.between(Some(black_box(from)), None)));
}

#[divan::bench(args = SIZES)]
fn deep_page(bencher: Bencher<'_, '_>, versions: u64) {
    let view = filled(versions).head();
    let skip = versions / 3;
    bencher.bench(|| view.page(SeqRange::ALL, Direction::NewestFirst, black_box(skip), 10));
}

#[divan::bench(args = SIZES)]
fn view_that_is_gone(bencher: Bencher<'_, '_>, versions: u64) {
    let timeline = filled(versions);
    bencher.bench(|| timeline.view_at(black_box(Seq(versions - BEHIND))));
}
