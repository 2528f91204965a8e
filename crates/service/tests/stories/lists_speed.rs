//! How long lists of a million activities take. It asserts nothing and prints figures, to be set beside
//! those of the state before a change, measured in turns on the same machine:
//! `cargo test --release -p driftless-service --test stories a_million -- --ignored --nocapture`

use std::time::{Duration, Instant};

use domain::{Account, ActivityId, ClientId, Imported, Name, UserId};
use service::{Column, Direction, Filter, ListError, ListQuery, SystemClock};

use crate::harness::{EDITOR, World, imported, update};

const ACTIVITIES: i64 = 1_000_000;
const ACCOUNTS: i64 = 50_000;
const STEP: i64 = 50_000;

const VERBS: [&str; 7] = ["Call", "Meet", "Write to", "Visit", "Thank", "Remind", "Plan with"];
const MATTERS: [&str; 5] =
    ["the donor", "Zoë about the gala", "the printer", "Große Straße", "the budget"];

fn world() -> World<SystemClock> {
    let world = World::new(SystemClock);
    for first in (1..=ACTIVITIES).step_by(STEP as usize) {
        let items: Vec<_> = (first..first + STEP).map(item).collect();
        world.import(&items, false).unwrap();
    }
    let account = |id| {
        let name = Name::parse(&format!("Harbor {} {id}", MATTERS[id as usize % 5])).unwrap();
        Account { id: ClientId(id), name }
    };
    let accounts: Vec<_> = (1..=ACCOUNTS).map(account).collect();
    world.service.put_accounts(&world.org, &accounts, &mut |_| {}).unwrap();
    world
}

fn item(id: i64) -> Imported {
    let pick = |from: &[&'static str], by: i64| from[(id / by) as usize % from.len()];
    let subject = format!("{} {} {}", pick(&VERBS, 1), pick(&MATTERS, 7), id * 7_919 % ACTIVITIES);
    let mut item = imported(ActivityId(id), Some(&subject));
    if let Imported::Record { activity, .. } = &mut item {
        activity.client = Some(ClientId(id % ACCOUNTS + 1));
        activity.system_user = Some(if id % 4 == 0 { EDITOR } else { UserId(7) });
        let note = "Remember the invoice, and ask whether the new address is the right one.";
        activity.note = domain::Note::parse(note).unwrap();
    }
    item
}

fn by(by: Column, words: &str) -> ListQuery {
    let filter = Filter { words: words.to_owned(), ..Filter::default() };
    ListQuery { filter, by, direction: Direction::Ascending, page: 1, page_size: 50 }
}

/// The resident memory of this process, in MiB.
fn resident_mib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4 / 1_024
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (work(), begun.elapsed())
}

/// The median of several, the first one beside it.
#[expect(clippy::print_stdout, reason = "figures are what it is for")]
fn told(what: &str, mut work: impl FnMut() -> u64) {
    let (total, first) = timed(&mut work);
    let mut times: Vec<_> = (0..15).map(|_| timed(&mut work).1).collect();
    times.sort_unstable();
    println!("{what:44} {:>9.1?} (at first {first:.1?}), {total} found", times[7]);
}

#[test]
#[ignore = "it measures"]
fn a_million_activities() {
    let (world, filled) = timed(world);
    println!("filled in {filled:.1?}");
    let before = resident_mib();
    let list = |query: &ListQuery| loop {
        match world.list(query) {
            Err(ListError::Preparing) => std::thread::yield_now(),
            listing => return listing.unwrap().total,
        }
    };
    let (_, built) = timed(|| list(&by(Column::Id, "")));
    println!("board built in {built:.1?}, {} MiB", resident_mib() - before);
    let (_, sorted) = timed(|| list(&by(Column::Subject, "")));
    println!("sorted by subject in {sorted:.1?}, {} MiB", resident_mib() - before);
    let (_, indexed) = timed(|| world.service.housekeep());
    println!("words indexed in {indexed:.1?}");
    for entry in std::fs::read_dir(world.folder()).unwrap().map(Result::unwrap) {
        println!("{:?}: {} MiB", entry.file_name(), entry.metadata().unwrap().len() >> 20);
    }
    told("by subject", || list(&by(Column::Subject, "")));
    told("by subject, page 10,000", || {
        list(&ListQuery { page: 10_000, ..by(Column::Subject, "") })
    });
    let mut id = 0;
    told("by subject after a change", || {
        id += 1;
        world.write(update(ActivityId(id * 31), &format!("Thank number {id}"))).unwrap();
        list(&by(Column::Subject, ""))
    });
    told("by account after a change of a name", || {
        id += 1;
        let account = Account { id: ClientId(id), name: Name::parse(&format!("A {id}")).unwrap() };
        world.service.put_accounts(&world.org, &[account], &mut |_| {}).unwrap();
        list(&by(Column::Client, ""))
    });
    for words in ["zoe gala", "grosse", "harbor budget", "invoice pizarek call", "424242", "h"] {
        told(&format!("search for “{words}”"), || list(&by(Column::Modified, words)));
    }
    told("search after a change", || {
        id += 1;
        world.write(update(ActivityId(id * 31), &format!("Thank number {id}"))).unwrap();
        list(&by(Column::Modified, "invoice call"))
    });
    println!("in all {} MiB", resident_mib() - before);
}
