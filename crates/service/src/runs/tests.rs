//! The limits, which no test reaches from outside in a reasonable time.

use super::*;

fn at_minute(minute: i64) -> Stamp {
    Stamp::from_millis(minute * MINUTE_MS)
}

/// A request for a page of the `n`-th question, at this minute.
fn ask(n: usize, page: u64, minute: i64) -> Ask {
    let mut query = [0; 16];
    query[..8].copy_from_slice(&n.to_le_bytes());
    let session = SecretHash([0; 32]);
    Ask {
        certain_since: Stamp::MIN,
        session,
        session_created: at_minute(0),
        key: KeyId(1),
        query: QueryId(query),
        to: Stamp::MAX,
        page,
        page_size: 10,
        now: at_minute(minute),
    }
}

fn begin(runs: &mut Runs, ask: &Ask) -> Result<Option<RunRecord>, TooManyRuns> {
    let run = runs.begin(ask, Seq(1), at_minute(0));
    runs.settle(&run, 2, ask.now).map(|(_, dropped)| dropped)
}

/// What is found, where no two could be meant.
fn found(runs: &mut Runs, ask: &Ask) -> Option<RunRecord> {
    runs.find(ask).unwrap()
}

/// As many runs as a key may have, all begun at minute 0.
fn full() -> Runs {
    let mut runs = Runs::default();
    for n in 0..RUNS_PER_KEY_MAX {
        assert_eq!(begin(&mut runs, &ask(n, 1, 0)), Ok(None));
    }
    runs
}

#[test]
fn a_page_of_a_dropped_run_is_not_taken_for_one_of_an_older_run_with_another_bound() {
    let mut runs = Runs::default();
    let bounded = |page, millis| Ask { to: Stamp::from_millis(millis), ..ask(0, page, 0) };
    let older = runs.begin(&bounded(1, 10), Seq(1), at_minute(0));
    assert_eq!(runs.settle(&older, 1, at_minute(0)), Ok((false, None)));
    assert_eq!(begin(&mut runs, &bounded(1, 20)), Ok(None));
    for n in 1..RUNS_PER_KEY_MAX {
        assert_eq!(begin(&mut runs, &ask(n, 1, 1)), Ok(None));
    }
    let late = ask(RUNS_PER_KEY_MAX, 1, RUN_KEPT_MINUTES_MIN + 1);
    let dropped = begin(&mut runs, &late).unwrap();
    assert_eq!(dropped.map(|run| run.to), Some(Stamp::from_millis(20)));
    assert_eq!(runs.find(&bounded(2, 30)), Err(Ambiguous));
    assert!(found(&mut runs, &bounded(2, 10)).is_some(), "this is the older one's bound");
}

#[test]
fn a_run_too_many_is_refused_and_leaves_the_others_alone() {
    let mut runs = full();
    let late = ask(RUNS_PER_KEY_MAX, 1, RUN_KEPT_MINUTES_MIN - 1);
    assert_eq!(begin(&mut runs, &late), Err(TooManyRuns));
    assert_eq!(found(&mut runs, &Ask { page: 2, ..late }), None, "nothing of it is there");
    for n in [0, 1, RUNS_PER_KEY_MAX - 1] {
        let next = ask(n, 2, RUN_KEPT_MINUTES_MIN - 1);
        let run = found(&mut runs, &next).unwrap();
        assert_eq!(runs.settle(&run, 2, next.now), Ok((true, None)), "it has its place already");
        assert!(found(&mut runs, &next).is_some());
    }
    let other_key = Ask { key: KeyId(2), session: SecretHash([1; 32]), ..late };
    assert_eq!(begin(&mut runs, &other_key), Ok(None), "the limit is each key's own");
}

#[test]
fn the_one_idle_longest_makes_room_once_it_has_been_so_for_long() {
    let mut runs = full();
    for n in 1..RUNS_PER_KEY_MAX {
        found(&mut runs, &ask(n, 2, 1)).unwrap();
    }
    let late = ask(RUNS_PER_KEY_MAX, 1, RUN_KEPT_MINUTES_MIN);
    let dropped = begin(&mut runs, &late).unwrap();
    assert_eq!(dropped.map(|run| run.query), Some(ask(0, 1, 0).query.0));
    let next_of_dropped = ask(0, 2, RUN_KEPT_MINUTES_MIN + 1);
    assert!(found(&mut runs, &next_of_dropped).is_none());
    assert!(runs.may_have_dropped(&next_of_dropped), "its reader is told to begin again");
    assert!(!runs.may_have_dropped(&Ask { key: KeyId(2), ..next_of_dropped }));
    assert!(found(&mut runs, &ask(1, 3, 31)).is_some());
    let another = ask(RUNS_PER_KEY_MAX + 1, 1, RUN_KEPT_MINUTES_MIN);
    assert_eq!(begin(&mut runs, &another), Err(TooManyRuns), "all others are in use");
}

/// After a crash, the one before it would come back to life in its place.
#[test]
fn a_run_of_one_page_is_kept_where_one_of_its_question_is() {
    let mut runs = full();
    let newer = Ask { session: SecretHash([1; 32]), now: at_minute(31), ..ask(0, 1, 31) };
    let single = runs.begin(&newer, Seq(2), at_minute(2));
    assert!(matches!(runs.settle(&single, 1, newer.now), Ok((true, Some(_)))));
    let other_key = Ask { key: KeyId(2), session: SecretHash([2; 32]), ..newer };
    let single = runs.begin(&other_key, Seq(2), at_minute(2));
    assert_eq!(runs.settle(&single, 1, newer.now), Ok((false, None)));
}

/// Whoever asks the same again and again, with another To each time, leaves one in the store.
#[test]
fn of_runs_of_one_page_the_last_is_kept() {
    let mut runs = Runs::default();
    begin(&mut runs, &Ask { to: at_minute(1), ..ask(0, 1, 1) }).unwrap();
    let mut before = None;
    for minute in 2..10 {
        let next = Ask { to: at_minute(minute), ..ask(0, 1, minute) };
        let single = runs.begin(&next, Seq(2), at_minute(minute));
        let (recorded, forgotten) = runs.settle(&single, 1, next.now).unwrap();
        assert!(recorded);
        assert_eq!(forgotten.map(|run| run.number), before);
        assert!(
            found(&mut runs, &Ask { page: 2, ..next })
                .is_some_and(|run| run.number == single.number)
        );
        before = Some(single.number);
    }
}

/// One reader goes on until a page is empty, and the other's clock steps: the same request, and whoever
/// got the other's page would lose what its page 1 held.
#[test]
fn a_page_that_may_be_of_two_runs_is_of_neither() {
    let mut runs = Runs::default();
    let first = Ask { to: at_minute(1), ..ask(0, 1, 1) };
    let single = runs.begin(&first, Seq(1), at_minute(1));
    runs.settle(&single, 1, first.now).unwrap();
    let second = Ask { to: at_minute(2), ..ask(0, 1, 2) };
    let several = runs.begin(&second, Seq(2), at_minute(2));
    runs.settle(&several, 3, second.now).unwrap();
    let next = Ask { page: 2, to: first.to, now: at_minute(3), ..first };
    assert_eq!(runs.find(&next), Err(Ambiguous));
    let of_second = found(&mut runs, &Ask { to: second.to, ..next }).unwrap();
    assert_eq!(of_second.number, several.number);
    let again = runs.begin(&Ask { now: at_minute(4), ..first }, Seq(2), at_minute(1));
    let after = found(&mut runs, &Ask { now: at_minute(5), ..next }).unwrap();
    assert_eq!(after.number, again.number, "whoever begins again goes on");
}

/// Two readers in turn, each until a page is empty.
#[test]
fn a_page_that_neither_of_two_runs_has_is_of_that_with_its_bound() {
    let mut runs = Runs::default();
    let [first, second] = [1, 2].map(|n| {
        let ask = Ask { to: at_minute(n), ..ask(0, 1, n) };
        let run = runs.begin(&ask, Seq(1), at_minute(n));
        runs.settle(&run, 1, ask.now).unwrap();
        (ask, run.number)
    });
    for (ask, number) in [first, second] {
        let next = Ask { page: 2, now: at_minute(3), ..ask };
        assert_eq!(found(&mut runs, &next).map(|run| run.number), Some(number));
    }
}

/// The same in a run of several pages that has been read to its end: its last page may be asked for once
/// more, since its answer may have been lost, unless it is the next one of another.
#[test]
fn the_last_page_once_more_is_of_the_run_with_its_bound_unless_another_expects_it() {
    let mut runs = Runs::default();
    let first = Ask { to: at_minute(1), ..ask(0, 1, 1) };
    let read = runs.begin(&first, Seq(1), at_minute(1));
    runs.settle(&read, 2, first.now).unwrap();
    let last = Ask { page: 2, ..first };
    assert_eq!(found(&mut runs, &last).map(|run| run.number), Some(read.number));
    let second = Ask { to: at_minute(2), ..ask(0, 1, 4) };
    let once_more = Ask { now: at_minute(3), ..last };
    assert_eq!(found(&mut runs, &once_more).map(|run| run.number), Some(read.number));
    let other = runs.begin(&second, Seq(2), at_minute(2));
    runs.settle(&other, 3, second.now).unwrap();
    assert_eq!(runs.find(&Ask { now: at_minute(5), ..last }), Err(Ambiguous));
}

/// How many pages there are is not kept.
#[test]
fn after_a_restart_a_page_that_may_be_of_two_runs_is_of_neither() {
    let mut runs = Runs::default();
    let asks = [1, 2].map(|n| Ask { to: at_minute(n), ..ask(0, 1, n) });
    let begun = asks.map(|ask| runs.begin(&ask, Seq(1), ask.to));
    let mut runs = Runs::new(begun.to_vec());
    let next = Ask { page: 2, now: at_minute(3), ..asks[0] };
    assert_eq!(runs.find(&next), Err(Ambiguous));
    let next = Ask { to: asks[1].to, ..next };
    assert_eq!(found(&mut runs, &next).map(|run| run.number), Some(begun[1].number));
}

/// Whoever asks for page 2 first, and computes To anew for page 1.
#[test]
fn page_1_joins_the_run_that_a_later_page_has_opened_whatever_its_bound() {
    let mut runs = Runs::default();
    let second = Ask { to: at_minute(1), ..ask(0, 2, 1) };
    let opened = runs.begin(&second, Seq(1), at_minute(1));
    for minute in [2, 0] {
        let mut runs = Runs::new(vec![opened]);
        let first = Ask { page: 1, to: at_minute(minute), now: at_minute(2), ..second };
        assert_eq!(found(&mut runs, &first).map(|run| run.number), Some(opened.number));
        assert_eq!(found(&mut runs, &first), None, "once");
    }
}

#[test]
fn what_expires_makes_room() {
    let mut runs = full();
    let day = RUN_HOURS_MAX * 60;
    assert_eq!(runs.expire(at_minute(day)), []);
    let expired = runs.expire(at_minute(day + 1));
    assert_eq!(expired.len(), RUNS_PER_KEY_MAX);
    assert_eq!(begin(&mut runs, &ask(0, 1, day + 1)), Ok(None));
}

#[test]
fn a_run_that_is_taken_over_needs_room_too() {
    let mut runs = full();
    let newer = Ask {
        session: SecretHash([1; 32]),
        session_created: at_minute(1),
        ..ask(0, 2, RUN_KEPT_MINUTES_MIN - 1)
    };
    let taken_over = found(&mut runs, &newer).unwrap();
    assert_eq!(runs.settle(&taken_over, 2, newer.now), Err(TooManyRuns));
    assert!(found(&mut runs, &ask(0, 2, 1)).is_some(), "the old session goes on");
    let later = Ask { now: at_minute(RUN_KEPT_MINUTES_MIN + 1), ..newer };
    let taken_over = found(&mut runs, &later).unwrap();
    let (recorded, dropped) = runs.settle(&taken_over, 2, later.now).unwrap();
    assert!(recorded && dropped.is_some());
}

#[test]
fn a_run_is_not_kept_because_the_one_before_it_is() {
    let mut runs = Runs::default();
    let first = runs.begin(&ask(0, 1, 0), Seq(1), at_minute(0));
    assert_eq!(runs.settle(&first, 2, at_minute(0)), Ok((true, None)));
    assert!(!runs.is_kept(&first), "nobody has kept it yet");
    let second = runs.begin(&ask(0, 1, 1), Seq(2), at_minute(1));
    runs.kept(&first);
    assert!(!runs.is_kept(&second));
    runs.kept(&second);
    assert!(runs.is_kept(&second));
}

#[test]
fn what_a_failing_disk_did_not_keep_of_a_run_is_left_to_an_orderly_stop() {
    let mut runs = Runs::default();
    begin(&mut runs, &ask(0, 1, 0)).unwrap();
    let first = runs.not_kept()[0];
    runs.kept(&first);
    assert_eq!(runs.not_kept(), []);
    // The note of page 2 comes upon a disk that fails: nobody says that it is kept.
    let second = found(&mut runs, &ask(0, 2, 1)).unwrap();
    assert!(runs.is_kept(&second), "as it was, which is enough while the process lives");
    assert_eq!(runs.not_kept(), [second]);
    // That of page 1 may come late.
    runs.kept(&first);
    assert_eq!(runs.not_kept(), [second]);
    runs.kept(&second);
    assert_eq!(runs.not_kept(), []);
}
