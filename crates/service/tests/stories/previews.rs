//! Previews: what the API would answer, of which no run is kept.

use std::sync::Arc;

use domain::{ActivityId, Clock, ManualClock, Member, Seq, Stamp, Version};
use proptest::prelude::*;
use service::{
    AsOf, Caller, Order, Preview, PreviewError, RemovedIds, SyncPage, SyncQuery, SystemClock,
    Tally, Write,
};

use crate::harness::{SyncAnswer, World, ascending, create, everything, runtime, stamp, update};

fn preview<C: Clock + 'static>(
    world: &World<C>,
    query: &SyncQuery,
    as_of: Option<AsOf>,
) -> Preview {
    runtime().block_on(world.service.preview(&world.org, query, as_of)).unwrap()
}

fn is_refused<C: Clock + 'static>(world: &World<C>, as_of: AsOf) -> bool {
    let query = everything();
    let shown = runtime().block_on(world.service.preview(&world.org, &query, Some(as_of)));
    matches!(shown, Err(PreviewError::NeverTold))
}

type Told = (Stamp, Vec<Seq>, u64, u64, Option<RemovedIds>);

/// Everything about an answer but the versions' addresses in memory.
fn told(page: &SyncPage, records: &[Arc<Version>]) -> Told {
    let records: Vec<_> = records.iter().map(|version| version.seq).collect();
    (page.horizon, records, page.total, page.pages, page.removed.clone())
}

fn shown(preview: &Preview) -> Told {
    told(&preview.answer, &preview.records)
}

fn answered(world: &World<ManualClock>, caller: &Caller, query: &SyncQuery) -> Told {
    let SyncAnswer { page, records } = world.sync(caller, query);
    told(&page, &records)
}

/// An activity changes, or goes; time passes.
fn history() -> impl Strategy<Value = Vec<(u8, u8, i64)>> {
    proptest::collection::vec((0..5_u8, 0..8_u8, 0..3_i64), 1..40)
}

fn play(world: &World<ManualClock>, history: &[(u8, u8, i64)]) {
    for (what, which, later) in history {
        world.clock.advance(later * 10);
        let id = ActivityId(i64::from(*which) + 1);
        // Some are refused: there is nothing of that id.
        let _ = match what {
            0 => world.write(create("new")),
            1 => world.write(Write::Remove(id)),
            2 => world.write(Write::Restore { id, to: None, seen: None }),
            _ => world.write(update(id, &format!("{which} {later}"))),
        };
    }
}

fn query(
    (from, length): (i64, Option<i64>),
    ids: Option<Vec<ActivityId>>,
    order: Order,
    ignore_removed: bool,
) -> SyncQuery {
    let from = stamp(BEGIN).plus_millis(from);
    let to = length.map(|length| from.plus_millis(length));
    SyncQuery { ids, from: Some(from), to, ignore_removed, order, page_size: 2, ..everything() }
}

const BEGIN: &str = "2026-02-03T04:05:06.789Z";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn it_shows_what_the_api_answers(
        history in history(),
        later in history(),
        from in -5..300_i64,
        length in proptest::option::of(0..300_i64),
        ids in proptest::option::of(proptest::collection::vec((1..9_i64).prop_map(ActivityId), 1..5)),
        order in prop_oneof![Just(Order::default()), Just(ascending(Member::Modified)), Just(ascending(Member::Subject))],
        ignore_removed in any::<bool>(),
    ) {
        let world = World::new(ManualClock::new(stamp(BEGIN)));
        play(&world, &history);
        world.clock.advance(1_000);
        world.settle();
        let query = query((from, length), ids, order, ignore_removed);
        let session = world.log_in();
        let caller = world.caller(&session).unwrap();

        let first = preview(&world, &query, None);
        prop_assert_eq!(shown(&first), answered(&world, &caller, &query));
        // The later pages hold, whatever happens meanwhile.
        play(&world, &later);
        for page in 1..=first.answer.pages + 1 {
            let query = SyncQuery { page, ..query.clone() };
            let later = preview(&world, &query, Some(first.as_of));
            prop_assert_eq!(later.as_of, first.as_of);
            if page > 1 {
                prop_assert_eq!(shown(&later), answered(&world, &caller, &query));
            }
            prop_assert_eq!(later.answer.removed, first.answer.removed.clone());
        }
    }
}

#[test]
fn what_was_never_told_is_not_shown() {
    let world = World::new(ManualClock::new(stamp(BEGIN)));
    world.write(create("one")).unwrap();
    world.clock.advance(60_000);
    world.settle();
    let old = preview(&world, &everything(), None).as_of;
    assert_eq!(old.seq, Seq(1));
    world.clock.advance(60_000);
    world.write(create("two")).unwrap();
    let new = preview(&world, &everything(), None).as_of;

    assert!(!is_refused(&world, old));
    assert!(!is_refused(&world, new));
    let ahead = AsOf { seq: new.seq.next(), ..new };
    assert!(is_refused(&world, ahead), "there is no such view yet");
    assert!(is_refused(&world, AsOf { seq: Seq(u64::MAX), ..new }));
    let later = AsOf { horizon: new.horizon.plus_millis(1), ..new };
    assert!(is_refused(&world, later), "that instant has not been told");
    assert!(is_refused(&world, AsOf { horizon: Stamp::MAX, ..new }));
    let holed = AsOf { seq: old.seq, horizon: new.horizon };
    assert!(is_refused(&world, holed), "the view lacks what changed up to then");
}

#[test]
fn an_upper_bound_just_ahead_is_waited_for() {
    let world = World::new(SystemClock);
    let to = world.service.now().plus_millis(300);
    let shown = preview(&world, &SyncQuery { to: Some(to), ..everything() }, None);
    assert_eq!(shown.answer.horizon, to);
    assert!(world.service.now() >= to);
}

#[test]
fn what_is_told_in_a_preview_counts_as_told() {
    let world = World::new(ManualClock::new(stamp(BEGIN)));
    world.clock.advance(60_000);
    world.settle();
    let horizon = preview(&world, &everything(), None).answer.horizon;
    world.clock.advance(-30_000);
    let id = world.write(create("one")).unwrap().id;
    assert!(world.last_stamp(id) > horizon);
}

#[test]
fn changes_are_counted_by_what_they_did_and_when() {
    let world = World::new(ManualClock::new(stamp(BEGIN)));
    let id = world.write(create("one")).unwrap().id;
    let first = world.last_stamp(id);
    assert_eq!(world.service.first_change(&world.org), Some(first));
    world.clock.advance(1_000);
    world.write(update(id, "two")).unwrap();
    world.write(create("other")).unwrap();
    world.clock.advance(1_000);
    world.write(Write::Remove(id)).unwrap();
    let as_of = preview(&world, &everything(), None).as_of;
    let removed = world.last_stamp(id);
    let ids = service::RemovedIds::Few(vec![id]);
    let latest = world.service.latest_removals(&world.org, as_of, &ids, 10);
    assert_eq!(world.block_on(latest).unwrap(), [(removed, id)]);
    world.write(Write::Restore { id, to: None, seen: None }).unwrap();

    let borders = [first, first.plus_millis(1), removed, removed.plus_millis(60_000)];
    let tallies = world.service.tallies(&world.org, as_of, &borders);
    let tally = |created, edited, removed| Tally { created, edited, removed };
    assert_eq!(tallies, [tally(1, 0, 0), tally(1, 1, 0), tally(0, 0, 1)], "as of then");
}
