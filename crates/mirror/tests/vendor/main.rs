//! Runs against a double of the vendor's server, with the sins that such servers have: whatever happens, once
//! everybody rests, one more run makes the target equal to the source.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "other tests use the rest")]
mod double;
#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use mirror::target::{Applied, Batch, Rows, SqliteTarget, Target, TargetError};
use mirror::{
    Breaker, Options, Patience, Report, RunError, Source, SourceError, State, Stop, Summary,
    Verified,
};
use rusqlite::Connection;

use crate::double::Double;
use crate::world::{Order, Sins, Stampless};

/// As many worlds are tried.
const SEEDS: u64 = 40;

/// Waits that no one notices.
const PATIENCE: Patience = Patience {
    first: Duration::from_micros(200),
    longest: Duration::from_millis(2),
    total: Duration::from_secs(20),
    // A double that answers at all does so at once.
    attempt: Duration::from_millis(200),
};

/// A folder that no disk slows down, where there is one.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

struct Silent;

impl Report for Silent {
    fn progress(&mut self, _: u64, _: u64) {}
}

fn options() -> Options {
    Options { breaker: Breaker { accepts_all: true, ..Breaker::default() }, ..Options::default() }
}

fn source(double: &Double) -> Source {
    let note = Box::new(|_: &str| ());
    Source::new(&double.address(), "acme", "key", PATIENCE, Stop::default(), note).unwrap()
}

fn run(double: &Double, target: &mut dyn Target) -> Result<Summary, RunError> {
    mirror::run(&mut source(double), target, &options(), &Stop::default(), &mut Silent)
}

/// What the target has, all columns of it; of what it cannot read, the subject.
fn held(file: &Path) -> BTreeMap<i64, String> {
    let connection = Connection::open(file).unwrap();
    let sql = "SELECT activity_id, concat_ws('|', subject, note, start_date_time, coalesce(end_date_time, '-'),
            coalesce(client_id, '-'), coalesce(system_user_id, '-'), activity_status_id, activity_status_name,
            activity_priority, coalesce(created_date_time, '-'), coalesce(created_by, '-'),
            coalesce(last_modified_date_time, '-'), coalesce(last_modified_by, '-'), custom_fields)
        FROM activity WHERE activity_id NOT IN (SELECT activity_id FROM activity_unreadable)
        UNION ALL SELECT activity_id, record ->> 'subject' FROM activity_unreadable";
    let mut rows = connection.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// What the source has is what the target has, and what was removed there is noted here.
#[track_caller]
fn assert_equal(file: &Path, double: &Double, context: &dyn Debug) {
    assert_eq!(held(file), double.rows(), "{context:?}");
    let connection = Connection::open(file).unwrap();
    let mut ids = connection.prepare("SELECT activity_id FROM activity_deleted").unwrap();
    let noted = ids.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap);
    let noted: BTreeSet<i64> = noted.collect();
    let (listed, removed) = double.removed();
    assert!(noted.is_subset(&removed), "{context:?}: {noted:?}, {removed:?}");
    // Of what the target never had, a removal that is shown too late is not missed.
    let is_in_time = double.world.lock().unwrap().sins.late_ms < options().overlap_ms;
    assert!(!is_in_time || listed.is_subset(&noted), "{context:?}: {listed:?}, {noted:?}");
}

/// Lets people work and runs go on at the same time. Once all rest, one more run makes the target equal.
#[track_caller]
fn is_equal_after_rest(sins: Sins, seed: u64) {
    let double = Double::start(sins, seed);
    let folder = in_memory();
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
    assert_equal(&file, &double, &(seed, sins));
}

#[test]
fn one_run_after_everybody_rests_makes_the_target_equal() {
    for seed in 0..SEEDS {
        let sins = Sins::drawn(seed);
        is_equal_after_rest(sins, seed);
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

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        self.target.rows()
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
            let folder = in_memory();
            let file = folder.path().join("crm.db");
            let mut target = SqliteTarget::open(&file).unwrap();
            for _ in 0..3 {
                double.work(30);
                let target = &mut target;
                let _ = run(&double, &mut Killed { target, writes_left, is_written });
            }
            double.rest();
            run(&double, &mut target).unwrap();
            assert_equal(&file, &double, &writes_left);
        }
    }
}

#[test]
fn records_that_only_seem_to_be_in_order_are_not_skipped_by_a_run_that_is_killed() {
    let sins = Sins { order: Order::ById, page_size_max: 3, ..Sins::default() };
    for writes_left in 0..8 {
        let double = Double::start(sins, 1);
        (0..9).for_each(|_| double.create(1));
        // By id, two pages still look as if they were sorted by time.
        double.edit(5);
        (0..6).for_each(|_| double.pause());
        let folder = in_memory();
        let file = folder.path().join("crm.db");
        let target = &mut SqliteTarget::open(&file).unwrap();
        let _ = run(&double, &mut Killed { target, writes_left, is_written: true });
        run(&double, target).unwrap();
        assert_equal(&file, &double, &writes_left);
    }
}

/// What makes the target equal to the source, once everybody rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enough {
    Run,
    Repair,
    Nothing,
}

/// Each sin alone, as the document tells of it.
fn sins() -> [(&'static str, Sins, Enough); 20] {
    let small = Sins { page_size_max: 9, ..Sins::default() };
    let hour = 3_600_000;
    [
        ("stamps cut to the second", Sins { whole_seconds: true, ..small }, Enough::Run),
        ("late by less than the overlap", Sins { late_ms: 500_000, ..small }, Enough::Run),
        ("late by more", Sins { late_ms: hour, ..small }, Enough::Repair),
        ("pages shift", Sins { edits: true, ..small }, Enough::Run),
        ("removed ids on page 1 only", Sins { short_lists: true, ..small }, Enough::Run),
        ("removed ids left out", Sins { lists_cut: true, ..small }, Enough::Repair),
        ("sessions end", Sins { sessions_end: 8, ..small }, Enough::Run),
        ("502, cut answers, code 2", Sins { outages: 4, ..small }, Enough::Run),
        ("429", Sins { throttled: 4, ..small }, Enough::Run),
        ("no answer at all", Sins { silent: 50, ..small }, Enough::Run),
        ("code 2 in bursts", Sins { bursts: 20, ..small }, Enough::Run),
        ("clock ahead by less than the overlap", Sins { ahead_ms: 400_000, ..small }, Enough::Run),
        ("clock ahead by more", Sins { ahead_ms: hour, ..small }, Enough::Repair),
        ("clock behind", Sins { ahead_ms: -300_000, ..small }, Enough::Run),
        ("totals move", Sins { totals_move: 4, ..small }, Enough::Run),
        ("newest first", Sins { order: Order::NewestFirst, ..small }, Enough::Run),
        ("in another order each time", Sins { order: Order::Shuffled, ..small }, Enough::Run),
        ("unreadable records", Sins { unreadable: true, ..small }, Enough::Run),
        (
            "no stamp, always listed",
            Sins { stampless: Stampless::Everywhere, ..small },
            Enough::Run,
        ),
        (
            "no stamp, never listed",
            Sins { stampless: Stampless::Nowhere, ..small },
            Enough::Nothing,
        ),
    ]
}

#[test]
fn of_each_sin_it_is_known_what_heals_it() {
    for (name, sins, enough) in sins() {
        let mut is_missed = (false, false);
        for seed in 0..4 {
            let double = Double::start(sins, seed);
            let folder = in_memory();
            let file = folder.path().join("crm.db");
            let mut target = SqliteTarget::open(&file).unwrap();
            for _ in 0..6 {
                double.work(30);
                double.pause();
                let _ = run(&double, &mut target);
            }
            double.rest();
            run(&double, &mut target).unwrap_or_else(|error| panic!("{name}, {seed}: {error}"));
            is_missed.0 |= held(&file) != double.rows();
            let told = verify(&double, &mut target, true);
            is_missed.1 |= held(&file) != double.rows();
            let again = verify(&double, &mut target, false);
            assert_eq!(again.differences.len(), 0, "{name}, {seed}: {told:?}");
        }
        let expected = match enough {
            Enough::Run => (false, false),
            Enough::Repair => (true, false),
            Enough::Nothing => (true, true),
        };
        assert_eq!(is_missed, expected, "{name}: missed by runs, and by a repair");
    }
}

fn verify(double: &Double, target: &mut dyn Target, repair: bool) -> Verified {
    let (source, stop) = (&mut source(double), Stop::default());
    mirror::verify(source, target, &options(), repair, &stop, &mut Silent).unwrap()
}

#[test]
fn whatever_a_server_does_a_repair_makes_the_target_equal() {
    let mut found = 0;
    for seed in 0..SEEDS / 2 {
        let sins = Sins { late_ms: 3_600_000, lists_cut: true, ..Sins::drawn(seed) };
        let double = Double::start(sins, seed);
        let folder = in_memory();
        let file = folder.path().join("crm.db");
        let mut target = SqliteTarget::open(&file).unwrap();
        for _ in 0..4 {
            double.work(30);
            double.pause();
            let _ = run(&double, &mut target);
        }
        double.rest();
        found += verify(&double, &mut target, true).differences.len();
        assert_equal(&file, &double, &(seed, sins));
        assert_eq!(verify(&double, &mut target, false).differences.len(), 0, "seed {seed}");
    }
    assert!(found > 0, "this test could not fail");
}

#[test]
fn an_answer_that_says_it_is_the_last_and_is_not_is_never_taken_for_all() {
    let double = Double::start(Sins { one_page: true, page_size_max: 10, ..Sins::default() }, 1);
    double.create(25);
    let folder = in_memory();
    let mut target = SqliteTarget::open(&folder.path().join("crm.db")).unwrap();
    let patience = Patience { total: Duration::from_millis(20), ..PATIENCE };
    let note = Box::new(|_: &str| ());
    let stop = Stop::default();
    let mut source =
        Source::new(&double.address(), "acme", "key", patience, stop.clone(), note).unwrap();
    let refused = mirror::run(&mut source, &mut target, &options(), &stop, &mut Silent);
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("gave an impossible answer: page 1 of 1, with 25 results"), "{told}");
    assert_eq!(target.state().unwrap(), None);
}

#[test]
fn an_answer_that_tells_of_pages_that_there_cannot_be_is_never_used() {
    for log in [None, Some("a")] {
        let sins = Sins { pages_more: 1_000_000_000, page_size_max: 10, log, ..Sins::default() };
        let double = Double::start(sins, 1);
        double.create(25);
        let folder = in_memory();
        let mut target = SqliteTarget::open(&folder.path().join("crm.db")).unwrap();
        let patience = Patience { total: Duration::from_millis(20), ..PATIENCE };
        let (note, stop) = (Box::new(|_: &str| ()), Stop::default());
        let mut source =
            Source::new(&double.address(), "acme", "key", patience, stop.clone(), note).unwrap();
        let refused = mirror::run(&mut source, &mut target, &options(), &stop, &mut Silent);
        let told = refused.unwrap_err().to_string();
        let expected = "gave an impossible answer: page 1 of 1000000003, with 25 results";
        assert!(told.contains(expected), "{told}");
        assert_eq!(target.state().unwrap(), None);
    }
}

#[test]
fn a_server_that_ends_each_session_is_asked_as_long_as_that_leads_on_and_no_longer() {
    let small = Sins { page_size_max: 10, ..Sins::default() };
    let short = Sins { log: Some("a"), sessions_end_on_page_2: true, ..small };
    for (sins, at_once) in
        [(short, true), (short, false), (Sins { sessions_end: 1, ..small }, false)]
    {
        let double = Double::start(sins, 1);
        let folder = in_memory();
        let file = folder.path().join("crm.db");
        let mut target = SqliteTarget::open(&file).unwrap();
        match at_once {
            // All have one stamp: the place cannot move.
            true => double.create(25),
            false => (0..25).for_each(|_| double.create(1)),
        }
        let done = run(&double, &mut target);
        match sins.sessions_end_on_page_2 && !at_once {
            true => {
                done.unwrap();
                assert!(held(&file).into_keys().eq(double.truth().into_keys()));
            }
            false => {
                let told = done.unwrap_err();
                let is_it = matches!(told, RunError::Source(SourceError::Sessions(_)));
                assert!(is_it, "{told}");
            }
        }
    }
}

#[test]
fn a_dry_run_counts_what_a_run_would_do_and_does_nothing() {
    let double = Double::start(Sins { page_size_max: 10, ..Sins::default() }, 1);
    let folder = in_memory();
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
    let folder = in_memory();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    double.create(100);
    run(&double, &mut target).unwrap();
    double.remove(30);
    let careful = Options::default();
    let refused =
        mirror::run(&mut source(&double), &mut target, &careful, &Stop::default(), &mut Silent);
    let told = refused.unwrap_err();
    assert!(
        matches!(told, RunError::Breaker { removed: 30, emptied: 0, rows: 100, allowed: 20 }),
        "{told}"
    );
    assert_eq!(held(&file).len(), 100);

    let done = run(&double, &mut target).unwrap();
    assert_eq!((done.removed, held(&file).len()), (30, 70));
}

#[test]
fn a_run_and_the_repair_after_it_share_what_may_be_removed() {
    let double = Double::start(Sins::default(), 1);
    let folder = in_memory();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    double.create(85);
    run(&double, &mut target).unwrap();
    let columns = "subject, note, start_date_time, activity_status_id, activity_status_name, activity_priority, custom_fields";
    let ghosts = format!(
        "INSERT INTO activity (activity_id, {columns}) SELECT activity_id + 1000, {columns} FROM activity LIMIT 15"
    );
    Connection::open(&file).unwrap().execute(&ghosts, ()).unwrap();
    double.remove(15);
    let (stop, careful) = (Stop::default(), Options::default());
    let repair = |target: &mut SqliteTarget, options: &Options| {
        mirror::verify(&mut source(&double), target, options, true, &stop, &mut Silent)
    };
    let told = repair(&mut target, &careful).unwrap_err();
    let expected = RunError::Breaker { removed: 30, emptied: 0, rows: 100, allowed: 20 };
    assert_eq!(told.to_string(), expected.to_string());
    assert_eq!(held(&file).len(), 85, "the run itself has removed what it may");
    assert!(repair(&mut target, &careful).unwrap().is_equal(), "another run may remove as many");
}

#[test]
fn a_repair_that_would_empty_too_much_does_nothing_until_it_is_allowed_to() {
    let double = Double::start(Sins::default(), 1);
    let folder = in_memory();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    double.create(100);
    run(&double, &mut target).unwrap();
    double.world.lock().unwrap().now += 3_600_000;
    run(&double, &mut target).unwrap();
    let connection = Connection::open(&file).unwrap();
    connection.execute("UPDATE activity SET note = 'ours' WHERE activity_id <= 30", ()).unwrap();
    let (stop, careful) = (Stop::default(), Options::default());
    let told =
        mirror::verify(&mut source(&double), &mut target, &careful, true, &stop, &mut Silent);
    let expected = RunError::Breaker { removed: 0, emptied: 30, rows: 100, allowed: 20 };
    assert_eq!(told.unwrap_err().to_string(), expected.to_string());
    let noted = "SELECT count(*) FROM activity WHERE note = 'ours'";
    let kept: u32 = connection.query_row(noted, (), |row| row.get(0)).unwrap();
    assert_eq!(kept, 30);
    assert!(verify(&double, &mut target, true).is_equal());
}

#[test]
fn an_activity_that_an_answer_has_and_lists_as_removed_is_there() {
    let double = Double::start(Sins { page_size_max: 10, ..Sins::default() }, 1);
    let folder = in_memory();
    let file = folder.path().join("crm.db");
    let mut target = SqliteTarget::open(&file).unwrap();
    double.create(60);
    run(&double, &mut target).unwrap();
    double.remove(3);
    double.restore(2);
    for _ in 0..2 {
        run(&double, &mut target).unwrap();
        assert_equal(&file, &double, &());
        assert_eq!(verify(&double, &mut target, false).differences.len(), 0);
    }
}

/// Counts the removals that it is told.
struct Counting<'t> {
    target: &'t mut SqliteTarget,
    removed: usize,
}

impl Target for Counting<'_> {
    fn state(&mut self) -> Result<Option<State>, TargetError> {
        self.target.state()
    }

    fn rows(&mut self) -> Option<&mut dyn Rows> {
        self.target.rows()
    }

    fn apply(&mut self, batch: &Batch<'_>) -> Result<Applied, TargetError> {
        self.removed += batch.removed.len();
        self.target.apply(batch)
    }
}

#[test]
fn a_list_of_removals_that_comes_with_each_page_is_written_once() {
    let double = Double::start(Sins { page_size_max: 5, ..Sins::default() }, 1);
    double.create(60);
    double.remove(20);
    let folder = in_memory();
    let mut target = SqliteTarget::open(&folder.path().join("crm.db")).unwrap();
    let mut counting = Counting { target: &mut target, removed: 0 };
    run(&double, &mut counting).unwrap();
    assert_eq!(counting.removed, 20);
}
