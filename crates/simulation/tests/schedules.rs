//! Nothing is ever missed; and without any one of the guards, something is.
//!
//! A failure prints its seed; `SEED=n cargo test -p driftless-simulation` replays it.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use service::Guard;
use simulation::Outcome;

/// Schedules in one test run. The crate's binary runs as many as one likes.
const SCHEDULES: u64 = 10_000;

/// Each core takes its part.
const PARTS: u64 = 8;

#[test]
fn no_poller_misses_anything() {
    if let Ok(seed) = std::env::var("SEED") {
        let seed = seed.parse().expect("SEED is a number");
        return drop(miss_nothing(seed..=seed));
    }
    let part = SCHEDULES / PARTS;
    let next = AtomicU64::new(0);
    let totals = std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || {
            let parts = std::iter::repeat_with(|| next.fetch_add(1, Ordering::SeqCst));
            let parts = parts.take_while(|n| *n < PARTS);
            parts.map(|n| miss_nothing(n * part + 1..=(n + 1) * part)).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| worker.join().expect("nothing is missed"));
        done.flatten().collect::<Vec<_>>()
    });
    // A simulation in which nothing happens proves nothing.
    let sum = |of: fn(&Outcome) -> u64| totals.iter().map(of).sum::<u64>();
    assert!(sum(|total| total.crashes) > SCHEDULES);
    assert!(sum(|total| total.versions) > 20 * SCHEDULES);
    assert!(sum(|total| total.runs) > 50 * SCHEDULES);
}

/// Runs the schedules of these seeds; returns what they came to together.
#[track_caller]
fn miss_nothing(seeds: RangeInclusive<u64>) -> Outcome {
    let mut total = Outcome::default();
    for seed in seeds {
        let outcome = simulation::run(seed, None);
        assert!(outcome.loss.is_none(), "SEED={seed}: {}", outcome.loss.unwrap_or_default());
        total.crashes += outcome.crashes;
        total.versions += outcome.versions;
        total.runs += outcome.runs;
    }
    total
}

/// The same seed gives the same schedule: what is found can be looked at.
#[test]
fn a_seed_decides_everything() {
    for seed in 1..=300 {
        let (first, second) = (simulation::run(seed, None), simulation::run(seed, None));
        assert_eq!(
            (first.steps, first.crashes, first.runs, first.versions),
            (second.steps, second.crashes, second.runs, second.versions),
            "SEED={seed}"
        );
    }
}

/// Switches a guard off and looks for the first loss.
#[track_caller]
fn check(guard: Guard, within_schedules: u64) {
    let found =
        (1..=within_schedules).find(|seed| simulation::run(*seed, Some(guard)).loss.is_some());
    assert!(found.is_some(), "without {guard:?}, nothing was lost in {within_schedules} schedules");
}

#[test]
fn exposing_with_the_view_is_needed() {
    check(Guard::ExposeWithView, 2_000);
}

#[test]
fn the_in_flight_bound_is_needed() {
    check(Guard::InFlight, 100);
}

#[test]
fn the_shared_stamp_is_needed() {
    check(Guard::SharedStamp, 2_000);
}

#[test]
fn sharing_only_a_stamp_that_nobody_was_told_is_needed() {
    check(Guard::ShareUntold, 10_000);
}

#[test]
fn waiting_for_a_commit_that_shares_the_last_stamp_is_needed() {
    check(Guard::WaitForSharer, 10_000);
}

#[test]
fn the_lease_is_needed() {
    check(Guard::Lease, 2_000);
}

#[test]
fn the_view_of_a_run_is_needed() {
    check(Guard::RunView, 50);
}

#[test]
fn judging_inside_the_commit_is_needed() {
    check(Guard::JudgeInCommit, 100);
}

#[test]
fn waiting_for_an_upper_bound_is_needed() {
    check(Guard::WaitForTo, 2_000);
}

#[test]
fn going_on_with_a_rename_is_needed() {
    check(Guard::GoOnRenaming, 300);
}
