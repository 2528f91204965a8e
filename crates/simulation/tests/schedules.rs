//! Nothing is ever missed; and without any one of the guards, something is.
//!
//! A failure prints its seed; `SEED=n cargo test -p driftless-simulation` replays it.

use service::Guard;

/// Schedules in one test run. The crate's binary runs as many as one likes.
const SCHEDULES: u64 = 2_000;

#[test]
fn no_poller_misses_anything() {
    let replay = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
    let seeds = replay.map_or(1..=SCHEDULES, |seed: u64| seed..=seed);
    let (mut crashes, mut versions, mut runs) = (0, 0, 0);
    for seed in seeds {
        let outcome = simulation::run(seed, None);
        assert!(outcome.loss.is_none(), "SEED={seed}: {}", outcome.loss.unwrap_or_default());
        crashes += outcome.crashes;
        versions += outcome.versions;
        runs += outcome.runs;
    }
    // A simulation in which nothing happens proves nothing.
    assert!(
        replay.is_some()
            || (crashes > SCHEDULES && versions > 20 * SCHEDULES && runs > 50 * SCHEDULES)
    );
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
