//! Runs against a double of the vendor's server, with the sins that such servers have: whatever happens, once
//! everybody rests, one more run makes the target equal to the source.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod double;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::ActivityId;
use mirror::columns::Values;
use mirror::target::{Applied, Batch, SqliteTarget, Target, TargetError};
use mirror::{Breaker, Options, Patience, Report, RunError, Source, State, Stop, Summary};
use rusqlite::Connection;

use crate::double::Double;
use crate::world::Sins;

/// As many worlds are tried.
const SEEDS: u64 = 40;

/// Waits nobody notices.
const PATIENCE: Patience = Patience {
    first: Duration::from_micros(200),
    longest: Duration::from_millis(2),
    total: Duration::from_secs(20),
};

struct Silent;

impl Report for Silent {
    fn progress(&mut self, _: u64, _: u64) {}
}

fn options() -> Options {
    Options { breaker: Breaker { is_open: true, ..Breaker::default() }, ..Options::default() }
}

fn source(double: &Double) -> Source {
    let note = Box::new(|_: &str| ());
    Source::new(&double.address(), "acme", "key", PATIENCE, Stop::default(), note).unwrap()
}

fn run(double: &Double, target: &mut dyn Target) -> Result<Summary, RunError> {
    mirror::run(&mut source(double), target, &options(), &Stop::default(), &mut Silent)
}

/// What the target has.
fn held(file: &Path) -> BTreeMap<i64, String> {
    let connection = Connection::open(file).unwrap();
    let mut rows = connection.prepare("SELECT activity_id, subject FROM activity").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Lets people work and runs go on side by side; what the target lacks once all rest, after one more run.
#[track_caller]
fn after_rest(sins: Sins, seed: u64) -> (BTreeMap<i64, String>, BTreeMap<i64, String>) {
    let double = Double::start(sins, seed);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    for _ in 0..6 {
        double.work(30);
        double.pause();
        // A run that gives up is no harm: the next one goes on.
        let _ = run(&double, &mut target);
    }
    double.rest();
    let last = run(&double, &mut target);
    assert!(last.is_ok(), "seed {seed}: {last:?}");
    (held(&file), double.truth())
}

#[test]
fn one_run_after_everybody_rests_makes_the_target_equal() {
    for seed in 0..SEEDS {
        let sins = Sins::drawn(seed);
        let (held, truth) = after_rest(sins, seed);
        assert_eq!(held, truth, "seed {seed}: {sins:?}");
    }
}

/// Fails at some write, before or after it has been done, as if the process had been killed there.
struct Killed<'t> {
    target: &'t mut SqliteTarget,
    writes_left: u32,
    is_written: bool,
}

impl Target for Killed<'_> {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        self.target.state()
    }

    fn count(&mut self) -> Result<u64, TargetError> {
        self.target.count()
    }

    fn count_of(&mut self, ids: &[ActivityId]) -> Result<u64, TargetError> {
        self.target.count_of(ids)
    }

    fn rows_of(&mut self, ids: &[ActivityId]) -> Result<Vec<Values>, TargetError> {
        self.target.rows_of(ids)
    }

    fn rows_after(&mut self, after: ActivityId, max: u32) -> Result<Vec<Values>, TargetError> {
        self.target.rows_after(after, max)
    }

    fn removed_after(
        &mut self,
        after: ActivityId,
        max: u32,
    ) -> Result<Vec<ActivityId>, TargetError> {
        self.target.removed_after(after, max)
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        if self.writes_left > 0 {
            self.writes_left -= 1;
            return self.target.apply(batch);
        }
        if self.is_written {
            self.target.apply(batch)?;
        }
        Err(TargetError::Failed { target: "killed".to_owned(), problem: String::new() })
    }
}

#[test]
fn a_run_that_is_killed_at_any_step_is_followed_by_one_that_goes_on() {
    let sins = Sins { edits: true, page_size_max: 5, ..Sins::default() };
    for writes_left in 0..12 {
        for is_written in [false, true] {
            let double = Double::start(sins, writes_left.into());
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("crm.db");
            let mut target = SqliteTarget::open(&file).unwrap();
            for _ in 0..3 {
                double.work(30);
                let target = &mut target;
                let _ = run(&double, &mut Killed { target, writes_left, is_written });
            }
            double.rest();
            run(&double, &mut target).unwrap();
            assert_eq!(held(&file), double.truth(), "after {writes_left} writes");
        }
    }
}

#[test]
fn what_appears_later_than_the_overlap_reaches_back_is_missed_by_runs() {
    let sins = Sins { late_ms: 3_600_000, ..Sins::default() };
    let missed = (0..10).any(|seed| {
        let (held, truth) = after_rest(sins, seed);
        held != truth
    });
    assert!(missed, "this test could not fail");
}

#[test]
fn what_runs_have_missed_a_comparison_finds_and_repairs() {
    let mut found = 0;
    for seed in 0..10 {
        let sins = Sins { late_ms: 3_600_000, ..Sins::drawn(seed) };
        let double = Double::start(sins, seed);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crm.db");
        let mut target = SqliteTarget::open(&file).unwrap();
        for _ in 0..4 {
            double.work(30);
            double.pause();
            let _ = run(&double, &mut target);
        }
        double.rest();
        let verify = |target: &mut SqliteTarget, repair| {
            let (source, stop) = (&mut source(&double), Stop::default());
            mirror::verify(source, target, &options(), repair, &stop, &mut Silent).unwrap()
        };
        let told = verify(&mut target, true);
        found += told.differences.len();
        assert_eq!(held(&file), double.truth(), "seed {seed}: {sins:?}");
        assert_eq!(verify(&mut target, false).differences.len(), 0, "seed {seed}");
    }
    assert!(found > 0, "this test could not fail");
}

#[test]
fn an_answer_that_says_it_is_the_last_and_is_not_is_never_taken_for_all() {
    let double = Double::start(Sins { one_page: true, page_size_max: 10, ..Sins::default() }, 1);
    double.create(25);
    let folder = tempfile::tempdir().unwrap();
    let mut target = SqliteTarget::open(&folder.path().join("crm.db")).unwrap();
    let patience = Patience { total: Duration::from_millis(20), ..PATIENCE };
    let note = Box::new(|_: &str| ());
    let stop = Stop::default();
    let mut source =
        Source::new(&double.address(), "acme", "key", patience, stop.clone(), note).unwrap();
    let refused = mirror::run(&mut source, &mut target, &options(), &stop, &mut Silent);
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("answers what cannot be: page 1 of 1, with 25 results"), "{told}");
    assert_eq!(target.state().unwrap(), None);
}

#[test]
fn a_dry_run_counts_what_a_run_would_do_and_does_nothing() {
    let double = Double::start(Sins { page_size_max: 10, ..Sins::default() }, 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    double.create(60);
    run(&double, &mut target).unwrap();
    double.remove(10);
    double.create(25);
    let dry = Options { dry_run: true, breaker: Breaker::default(), ..options() };
    let stop = Stop::default();
    let told = mirror::run(&mut source(&double), &mut target, &dry, &stop, &mut Silent).unwrap();
    assert_eq!((told.written, told.removed, held(&file).len()), (25, 10, 60));
    let done = run(&double, &mut target).unwrap();
    assert_eq!((done.written, done.removed, held(&file).len()), (25, 10, 75));
}

#[test]
fn a_run_that_would_remove_too_much_does_nothing_until_it_is_allowed_to() {
    let double = Double::start(Sins::default(), 1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    double.create(100);
    run(&double, &mut target).unwrap();
    double.remove(30);
    let careful = Options::default();
    let refused =
        mirror::run(&mut source(&double), &mut target, &careful, &Stop::default(), &mut Silent);
    let told = refused.unwrap_err();
    assert!(matches!(told, RunError::Breaker { removed: 30, rows: 100, allowed: 20 }), "{told}");
    assert_eq!(held(&file).len(), 100);

    let done = run(&double, &mut target).unwrap();
    assert_eq!((done.removed, held(&file).len()), (30, 70));
}
