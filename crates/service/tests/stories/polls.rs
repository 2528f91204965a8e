//! What was asked with each key, what of it was delivered, and what its owner is told of that.

use std::cell::Cell;

use domain::{ActivityId, Clock, Interval, KeyId, ManualClock, Member, Stamp};
use service::{
    Authority, Cause, Delivery, Hint, Integration, IntegrationState as State, Poll, Progress,
    Severity, SyncQuery, Write, wait,
};

use crate::harness::{PAGE_SIZE_MAX, World, ascending, create, everything, stamp, update};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const KEY: KeyId = KeyId(1);

/// A world with one key, and a script that asks with it.
struct Scene {
    world: World<ManualClock>,
    session: Cell<Option<String>>,
}

impl Scene {
    fn new() -> Scene {
        let world = World::new(ManualClock::new(stamp("2026-02-03T04:05:06.789Z")));
        Scene { world, session: Cell::new(None) }
    }

    /// So many activities, a second apart; the clock is a second on.
    fn with(activities: i64) -> Scene {
        let scene = Scene::new();
        scene.create(activities);
        scene
    }

    fn create(&self, activities: i64) {
        for n in 0..activities {
            self.world.write(create(&format!("activity {n}"))).unwrap();
            self.advance(1_000);
        }
    }

    fn advance(&self, millis: i64) {
        self.world.clock.advance(millis);
        self.world.settle();
    }

    /// Asks, in a session that goes on; returns the horizon.
    fn ask(&self, query: &SyncQuery) -> Stamp {
        self.ask_at_most(query, PAGE_SIZE_MAX)
    }

    /// The same of a server that gives so many records on a page at most.
    fn ask_at_most(&self, query: &SyncQuery, page_size_max: u32) -> Stamp {
        let session = self.session.take().filter(|session| self.world.caller(session).is_some());
        let session = session.unwrap_or_else(|| self.world.log_in());
        let caller = self.world.caller(&session).unwrap();
        self.session.set(Some(session));
        self.world.sync_at_most(&caller, query, page_size_max).horizon
    }

    fn ask_pages(&self, query: &SyncQuery, pages: impl IntoIterator<Item = u64>) -> Stamp {
        let asked = pages.into_iter().map(|page| self.ask(&SyncQuery { page, ..query.clone() }));
        asked.last().unwrap()
    }

    /// The one key that there is.
    fn look(&self) -> Integration {
        let mut integrations = self.world.service.integrations(&self.world.org);
        assert_eq!(integrations.len(), 1);
        let one = integrations.remove(0);
        let by_itself = self.world.service.integration(&self.world.org, KEY).unwrap();
        assert_eq!((by_itself.state, by_itself.missing), (one.state, one.missing));
        one
    }

    fn state(&self) -> State {
        self.look().state
    }

    fn poll(&self) -> Poll {
        self.look().poll.unwrap()
    }

    /// The ids of the changes that were never delivered, and why.
    fn undelivered(&self) -> Vec<(i64, Cause)> {
        let undelivered = self.world.service.undelivered(&self.world.org, KEY, 50);
        undelivered.iter().map(|one| (one.id.0, one.cause)).collect()
    }

    fn delivery(&self, id: i64) -> Delivery {
        let receipt = self.world.service.receipt(&self.world.org, KEY, ActivityId(id));
        self.world.block_on(receipt).unwrap().expect("such an activity").delivery
    }

    fn expect(&self, every: &str) {
        let every = Some(Interval::parse(every).unwrap());
        wait(self.world.service.expect_of_key(
            Authority::command_line(&self.world.org),
            KEY,
            every,
        ))
        .unwrap();
    }

    /// Has everything written down that is due.
    fn write_down(&self) {
        self.world.service.housekeep();
        self.advance(1_100);
    }

    fn restart(&mut self, in_order: bool) {
        self.world.restart(in_order);
    }
}

/// So many pages from the first on.
fn progress(read: u64, pages: u64) -> Progress {
    Progress { read, through: read, pages }
}

fn incomplete(read: u64, pages: u64) -> State {
    State::Incomplete { read: Some(progress(read, pages)) }
}

fn since(from: Stamp) -> SyncQuery {
    SyncQuery { from: Some(from), ..everything() }
}

/// The page and its number where a change was delivered.
fn on_page(delivery: &Delivery) -> Option<(Stamp, Option<u64>)> {
    match delivery {
        Delivery::Delivered(poll, page) => Some((poll.horizon, *page)),
        _ => None,
    }
}

#[test]
fn a_key_that_reads_everything_and_goes_on_from_the_response_time_is_up_to_date() {
    let scene = Scene::new();
    assert_eq!(scene.state(), State::NotUsed, "it has never asked");
    scene.create(3);
    scene.world.write(Write::Remove(ActivityId(1))).unwrap();
    scene.advance(MINUTE_MS);
    let horizon = scene.ask(&everything());
    let now = scene.look();
    assert_eq!((now.state, now.behind, now.missing.changes()), (State::UpToDate, 0, 0));
    assert_eq!((now.complete_from, now.complete_until), (Some(Stamp::MIN), Some(horizon)));
    assert_eq!((now.severity(), now.ago_ms), (Severity::Fine, Some(0)));
    let poll = scene.poll();
    assert_eq!((poll.total, poll.records, poll.removed, poll.pages), (2, 2, 1, 1));
    assert!(now.asks_for_deletions && now.hints.is_empty());

    scene.world.write(update(ActivityId(2), "other")).unwrap();
    let oldest = scene.world.last_stamp(ActivityId(2));
    scene.world.write(create("new")).unwrap();
    let now = scene.look();
    assert_eq!((now.state, now.behind), (State::Behind, 2));
    assert_eq!(
        (now.behind_since, now.complete_until),
        (Some(oldest), Some(oldest.plus_millis(-1)))
    );
    assert_eq!(scene.delivery(2), Delivery::Behind);
    scene.advance(MINUTE_MS);
    let horizon = scene.ask(&since(horizon));
    assert_eq!((scene.state(), scene.look().complete_until), (State::UpToDate, Some(horizon)));
    assert_eq!(on_page(&scene.delivery(2)), Some((horizon, Some(1))));
}

#[test]
fn one_page_of_several_is_incomplete_whatever_follows() {
    let scene = Scene::with(36);
    let query = SyncQuery { page_size: 1, ..everything() };
    let mut horizon = scene.ask(&query);
    for _ in 0..3 {
        let now = scene.look();
        assert_eq!(now.state, incomplete(1, 36));
        assert_eq!((now.missing.unread, now.severity()), (35, Severity::Critical));
        assert_eq!((scene.poll().records, scene.poll().total), (1, 36));
        assert_eq!(now.complete_until, Some(scene.world.last_stamp(ActivityId(1)).plus_millis(-1)));
        scene.advance(MINUTE_MS);
        horizon = scene.ask(&query).max(horizon);
    }
    // Whoever goes on from there does not get them any more.
    for _ in 0..3 {
        scene.advance(MINUTE_MS);
        horizon = scene.ask(&SyncQuery { from: Some(horizon), ..query.clone() });
        assert_eq!(scene.look().missing.unread, 35);
    }
    assert_eq!(scene.state(), incomplete(1, 36));
    assert_eq!(scene.undelivered()[..2], [(1, Cause::Unread), (2, Cause::Unread)]);
    // It heals when they are read after all.
    scene.ask(&everything());
    assert_eq!((scene.state(), scene.undelivered()), (State::UpToDate, vec![]));
}

/// What became of activity 1, by the poll that asked for it.
type FirstOne = fn(Box<Poll>) -> Delivery;

#[test]
fn a_page_in_the_order_of_the_log_delivers_what_is_on_it() {
    let oldest_first = ascending(Member::Modified);
    let cases: [(_, [u64; 2], &[i64], FirstOne); 4] = [
        (everything().order, [1, 3], &[1, 2, 5, 6], |poll| Delivery::Unread(Some(poll), Some(4))),
        (oldest_first, [1, 3], &[3, 4, 7, 8], |poll| Delivery::Delivered(poll, Some(1))),
        (oldest_first, [4, 2], &[1, 2, 5, 6], |poll| Delivery::Unread(Some(poll), Some(1))),
        // Which records were on a page of another order is not kept.
        (ascending(Member::Subject), [1, 3], &[1, 2, 3, 4, 5, 6, 7, 8], |poll| {
            Delivery::Unread(Some(poll), None)
        }),
    ];
    for (order, served, missing, first_one) in cases {
        let scene = Scene::with(8);
        let query = SyncQuery { page_size: 2, order, ..everything() };
        scene.ask_pages(&query, served);
        let undelivered: Vec<i64> = scene.undelivered().iter().map(|(id, _)| *id).collect();
        assert_eq!(undelivered, missing, "{order:?} {served:?}");
        assert_eq!(scene.delivery(1), first_one(Box::new(scene.poll())), "{order:?} {served:?}");
        scene.ask_pages(&query, (1..=4).filter(|page| !served.contains(page)));
        assert_eq!((scene.state(), scene.undelivered()), (State::UpToDate, vec![]), "{order:?}");
    }
}

#[test]
fn whoever_is_reading_is_not_up_to_date_yet() {
    let scene = Scene::with(8);
    let query = SyncQuery { page_size: 2, ..everything() };
    scene.ask_pages(&query, [1, 2, 3]);
    let now = scene.look();
    assert_eq!(now.state, State::Reading { read: progress(3, 4) });
    assert_eq!((now.missing.unread, now.severity()), (2, Severity::Warning));
    scene.advance(6 * MINUTE_MS);
    assert_eq!(scene.state(), incomplete(3, 4), "it has stopped");
    scene.ask_pages(&query, [4]);
    assert_eq!(scene.state(), State::UpToDate);

    // Whoever always stops in the middle is not reading.
    scene.create(8);
    for _ in 0..2 {
        scene.ask_pages(&SyncQuery { order: ascending(Member::Subject), ..query.clone() }, [1, 2]);
        scene.create(1);
    }
    assert_eq!(scene.state(), incomplete(2, 9));
}

#[test]
fn a_stretch_between_what_was_told_and_the_next_from_is_skipped() {
    let scene = Scene::with(1);
    let told = scene.ask(&everything());
    let from = told.plus_millis(1_000);
    scene.advance(500);
    scene.world.write(create("in the gap")).unwrap();
    scene.world.write(create("and removed")).unwrap();
    scene.world.write(Write::Remove(ActivityId(3))).unwrap();
    scene.advance(5_000);
    scene.world.write(create("after it")).unwrap();
    scene.advance(1_000);
    let horizon = scene.ask(&since(from));
    let stretch = (told.plus_millis(1), from.plus_millis(-1));
    let now = scene.look();
    assert_eq!(now.state, State::Skipped { from: stretch.0, to: stretch.1, changes: 2 });
    assert_eq!((now.severity(), now.missing.skipped), (Severity::Critical, 2));
    assert_eq!(scene.poll().skipped, Some(stretch));
    let skipped = Cause::Skipped(stretch.0, stretch.1);
    assert_eq!(scene.undelivered(), [(2, skipped), (3, skipped)]);
    assert_eq!(scene.delivery(2), Delivery::Skipped(stretch.0, stretch.1));
    assert_eq!(scene.delivery(3), Delivery::Skipped(stretch.0, stretch.1));
    assert_eq!(on_page(&scene.delivery(4)), Some((horizon, Some(1))));
    // It stays so for as long as nobody asks for it.
    scene.advance(1_000);
    scene.ask(&since(horizon));
    assert_eq!(scene.state(), now.state);
    scene.ask(&SyncQuery { to: Some(stretch.1), ..since(stretch.0) });
    assert_eq!((scene.state(), scene.undelivered()), (State::UpToDate, vec![]));
}

#[test]
fn a_skipped_stretch_without_a_change_is_a_habit_and_no_loss() {
    let scene = Scene::with(1);
    let told = scene.ask(&everything());
    // A millisecond after what was told is still all right.
    scene.advance(1_000);
    let told = scene.ask(&since(told.plus_millis(1)));
    assert_eq!((scene.state(), scene.look().hints), (State::UpToDate, vec![]));
    scene.advance(5_000);
    scene.ask(&since(told.plus_millis(3_000)));
    let now = scene.look();
    let hint = Hint::Skips(told.plus_millis(1), told.plus_millis(2_999));
    assert_eq!((now.state, now.hints.as_slice()), (State::UpToDate, [hint].as_slice()));
    assert_eq!(now.severity(), Severity::Warning);
}

#[test]
fn whoever_asks_from_the_future_is_told_so() {
    let scene = Scene::with(2);
    let future = stamp("2030-01-01T00:00:00Z");
    scene.ask(&since(future));
    let now = scene.look();
    assert_eq!(now.state, State::AsksFromTheFuture { from: future });
    assert_eq!((now.behind, now.complete_until, now.severity()), (2, None, Severity::Critical));
    // After a good start too.
    let told = scene.ask(&everything());
    assert_eq!(scene.state(), State::UpToDate);
    scene.create(3);
    for _ in 0..3 {
        scene.ask(&since(future));
        let now = scene.look();
        assert_eq!(now.state, State::AsksFromTheFuture { from: future });
        assert_eq!((now.behind, now.missing.changes()), (3, 0));
        assert_eq!(scene.delivery(3), Delivery::Behind);
    }
    assert_eq!(scene.poll().times, 3, "the same again and again is one line");
    // Going on from what was told before heals it.
    scene.ask(&since(told));
    assert_eq!(scene.state(), State::UpToDate);
}

#[test]
fn whoever_asks_from_a_clock_a_little_ahead_loses_what_changes_meanwhile() {
    let scene = Scene::with(1);
    scene.ask(&everything());
    scene.advance(10_000);
    scene.ask(&since(scene.world.service.now().plus_millis(400)));
    assert_eq!(scene.state(), State::UpToDate, "nothing has changed yet");
    scene.advance(100);
    scene.world.write(create("within")).unwrap();
    assert_eq!(scene.state(), State::Behind);
    scene.advance(10_000);
    scene.ask(&since(scene.world.service.now().plus_millis(400)));
    assert!(matches!(scene.state(), State::Skipped { changes: 1, .. }), "{:?}", scene.state());
}

#[test]
fn a_change_that_others_have_followed_is_no_loss() {
    let scene = Scene::with(2);
    let query = SyncQuery { page_size: 1, ..everything() };
    let told = scene.ask(&query);
    assert_eq!(scene.look().missing.unread, 1);
    scene.world.write(update(ActivityId(1), "again")).unwrap();
    scene.advance(1_000);
    assert_eq!((scene.look().missing.unread, scene.state()), (0, State::Behind));
    scene.ask(&since(told));
    assert_eq!(scene.state(), State::UpToDate);
}

#[test]
fn changes_before_the_first_question_are_not_missed() {
    let scene = Scene::with(2);
    let from = scene.world.service.now();
    scene.create(1);
    scene.ask(&since(from));
    let now = scene.look();
    assert_eq!((now.state, now.complete_from), (State::UpToDate, Some(from)));
    assert_eq!(scene.delivery(1), Delivery::BeforeFirst);
    assert!(on_page(&scene.delivery(3)).is_some());
    let none = scene.world.service.receipt(&scene.world.org, KEY, ActivityId(404));
    assert_eq!(scene.world.block_on(none).unwrap(), None);
}

#[test]
fn whoever_asks_for_no_deletions_is_not_missing_them() {
    let scene = Scene::with(2);
    scene.world.write(Write::Remove(ActivityId(1))).unwrap();
    scene.advance(1_000);
    let without = SyncQuery { ignore_removed: true, ..everything() };
    let told = scene.ask(&without);
    let now = scene.look();
    assert_eq!((now.state, now.asks_for_deletions), (State::UpToDate, false));
    assert_eq!(scene.delivery(1), Delivery::NoDeletions);
    scene.world.write(Write::Remove(ActivityId(2))).unwrap();
    scene.advance(1_000);
    assert_eq!(scene.state(), State::UpToDate, "there is nothing that it wants");

    // Between questions that asked for them, one that did not has lost some.
    let told = scene.ask(&since(told));
    assert!(matches!(on_page(&scene.delivery(2)), Some((horizon, None)) if horizon == told));
    scene.create(1);
    scene.world.write(Write::Remove(ActivityId(3))).unwrap();
    scene.advance(1_000);
    let told = scene.ask(&SyncQuery { from: Some(told), ..without });
    let now = scene.look();
    assert_eq!((now.state, now.behind), (State::Incomplete { read: None }, 0), "it went past them");
    assert_eq!((now.missing.deletions, now.severity()), (1, Severity::Critical));
    scene.create(1);
    scene.ask(&since(told));
    assert_eq!(scene.look().missing.deletions, 1);
    assert_eq!(scene.state(), State::Incomplete { read: None });
    assert_eq!(scene.undelivered(), [(3, Cause::NoDeletions)]);
}

#[test]
fn a_run_that_goes_on_in_a_new_session_is_the_same() {
    let scene = Scene::with(6);
    let query = SyncQuery { page_size: 2, ..everything() };
    scene.ask_pages(&query, [1, 2]);
    scene.advance(31 * MINUTE_MS);
    scene.ask_pages(&query, [3]);
    assert_eq!((scene.state(), scene.poll().times), (State::UpToDate, 1));
}

#[test]
fn a_page_size_above_the_limit_is_a_hint_until_the_script_shows_that_it_knows() {
    let scene = Scene::with(6);
    let query = SyncQuery { page_size: 500, ..everything() };
    scene.ask_at_most(&query, 4);
    assert_eq!(scene.state(), incomplete(1, 2));
    assert_eq!(scene.look().hints, [Hint::PageSize { asked: 500, given: 4 }]);
    scene.ask_at_most(&SyncQuery { page: 2, ..query }, 4);
    assert_eq!((scene.state(), scene.look().hints), (State::UpToDate, vec![]));
}

#[test]
fn only_a_question_for_all_that_changed_counts() {
    let scene = Scene::with(3);
    let named = SyncQuery { ids: Some(vec![ActivityId(1)]), from: None, ..everything() };
    scene.ask(&named);
    assert_eq!((scene.state(), scene.look().poll), (State::NotUsed, None));
    assert_eq!(scene.delivery(1), Delivery::NeverAsked);
    let query = SyncQuery { page_size: 2, ..everything() };
    scene.ask(&query);
    let before = scene.poll();
    scene.advance(MINUTE_MS);
    scene.ask(&named);
    assert_eq!(scene.poll(), before);
    scene.ask_pages(&query, [2]);
    assert_eq!(scene.look().rhythm_ms, None, "a later page is no new question");
    scene.ask(&query);
    assert_eq!(scene.look().rhythm_ms, Some(MINUTE_MS));
}

#[test]
fn a_key_is_silent_when_it_misses_its_rhythm() {
    let scene = Scene::new();
    scene.ask(&everything());
    scene.advance(23 * HOUR_MS);
    assert_eq!(scene.state(), State::UpToDate, "it may ask once a day");
    scene.ask(&everything());
    // It asks each half hour now, and its rhythm follows.
    for _ in 0..20 {
        scene.advance(HOUR_MS / 2);
        scene.ask(&everything());
    }
    let rhythm = scene.look().rhythm_ms.unwrap();
    assert!((HOUR_MS / 2..HOUR_MS).contains(&rhythm), "{rhythm}");
    scene.advance(2 * HOUR_MS);
    assert_eq!(scene.state(), State::UpToDate);
    scene.advance(2 * HOUR_MS);
    assert_eq!((scene.state(), scene.look().severity()), (State::Silent, Severity::Warning));
    scene.ask(&everything());
    assert_eq!(scene.state(), State::UpToDate);
}

#[test]
fn a_key_that_asks_all_the_time_is_not_silent_within_the_hour() {
    let scene = Scene::new();
    for _ in 0..20 {
        scene.advance(1_000);
        scene.ask(&everything());
    }
    scene.advance(59 * MINUTE_MS);
    assert_eq!(scene.state(), State::UpToDate);
    scene.advance(2 * MINUTE_MS);
    assert_eq!(scene.state(), State::Silent);
}

#[test]
fn what_an_admin_expects_counts_more_than_the_rhythm() {
    let mut scene = Scene::new();
    scene.expect("7d");
    scene.advance(7 * 24 * HOUR_MS);
    assert_eq!(scene.state(), State::NotUsed);
    scene.advance(24 * HOUR_MS);
    assert_eq!(scene.state(), State::Silent, "it should have begun");
    for _ in 0..20 {
        scene.advance(1_000);
        scene.ask(&everything());
    }
    scene.advance(7 * 24 * HOUR_MS);
    assert_eq!(scene.state(), State::UpToDate);
    scene.restart(false);
    scene.advance(24 * HOUR_MS);
    assert_eq!(scene.state(), State::Silent, "what is expected survives a crash");
    scene.expect("1h");
    scene.ask(&everything());
    scene.advance(HOUR_MS + 7 * MINUTE_MS);
    assert_eq!(scene.state(), State::Silent);
    wait(scene.world.service.expect_of_key(Authority::command_line(&scene.world.org), KEY, None))
        .unwrap();
    assert_eq!(scene.state(), State::UpToDate);
    let unknown = wait(scene.world.service.expect_of_key(
        Authority::command_line(&scene.world.org),
        KeyId(404),
        None,
    ));
    assert!(unknown.is_err());
}

#[test]
fn what_it_is_behind_with_is_overdue_once_it_waits_for_longer_than_usual() {
    let scene = Scene::with(1);
    let day = |scene: &Scene| {
        let to = scene.world.service.now().plus_millis(-12 * HOUR_MS);
        scene.ask(&SyncQuery { to: Some(to), ..everything() })
    };
    scene.expect("1h");
    scene.advance(24 * HOUR_MS);
    day(&scene);
    assert_eq!((scene.state(), scene.look().severity()), (State::UpToDate, Severity::Fine));
    scene.create(1);
    assert_eq!((scene.state(), scene.look().severity()), (State::Behind, Severity::Fine));
    scene.advance(2 * HOUR_MS);
    day(&scene);
    assert_eq!((scene.state(), scene.look().severity()), (State::Behind, Severity::Warning));
}

#[test]
fn a_revoked_key_is_no_problem() {
    let scene = Scene::with(3);
    scene.ask(&SyncQuery { page_size: 1, ..everything() });
    wait(scene.world.service.revoke_key(Authority::command_line(&scene.world.org), KEY)).unwrap();
    assert_eq!((scene.state(), scene.look().severity()), (State::Revoked, Severity::Fine));
}

#[test]
fn polls_are_remembered_and_those_with_nothing_new_counted() {
    let scene = Scene::with(1);
    let mut told = scene.ask(&everything());
    let first = scene.poll();
    for _ in 0..10 {
        scene.advance(MINUTE_MS);
        told = scene.ask(&since(told));
    }
    let polls = scene.world.service.polls(&scene.world.org, KEY);
    assert_eq!(polls.len(), 2, "one that got something, and ten that did not");
    assert_eq!((polls[0].times, polls[0].from, polls[0].horizon), (10, Some(first.horizon), told));
    assert_eq!(polls[1], first);
    for _ in 0..70 {
        scene.create(1);
        told = scene.ask(&since(told));
    }
    assert_eq!(scene.world.service.polls(&scene.world.org, KEY).len(), 50);
    assert_eq!((scene.state(), scene.delivery(1)), (State::UpToDate, Delivery::DeliveredEarlier));
}

#[test]
fn very_many_gaps_are_never_taken_for_delivered() {
    let scene = Scene::with(1);
    let mut windows = Vec::new();
    for _ in 0..140 {
        let from = scene.world.service.now();
        scene.create(1);
        let to = scene.world.service.now().plus_millis(-1);
        windows.push(SyncQuery { to: Some(to), ..since(from) });
        scene.create(1);
    }
    // The latest first, so that none of them touches the one before.
    for window in windows.iter().rev() {
        scene.ask(window);
    }
    let now = scene.look();
    assert!(now.missing.changes() >= 139, "{now:?}");
    scene.ask_pages(&everything(), [1, 2]);
    assert_eq!((scene.state(), scene.look().missing.changes()), (State::UpToDate, 0));
}

/// A poll is dated by a time that does not step. That must not run ahead of the clock with each start.
#[test]
fn orderly_restarts_do_not_move_the_time_of_polls() {
    let mut scene = Scene::with(1);
    for _ in 0..10 {
        scene.ask(&everything());
        scene.advance(1_000);
        scene.restart(true);
    }
    scene.ask(&everything());
    let ahead_ms = scene.poll().last_at.millis() - scene.world.clock.now().millis();
    assert!(ahead_ms < 1_000, "{ahead_ms} ms");
}

/// A machine that starts before it knows the time, and then hears it.
#[test]
fn a_clock_that_is_set_back_takes_the_time_of_polls_with_it() {
    let scene = Scene::with(1);
    scene.ask(&everything());
    scene.world.clock.leap(-8 * HOUR_MS);
    scene.advance(MINUTE_MS);
    scene.ask(&everything());
    let now = scene.look();
    let at = now.poll.map(|poll| poll.last_at);
    assert_eq!((at, now.ago_ms), (Some(scene.world.clock.now()), Some(0)));
    scene.advance(9 * HOUR_MS);
    scene.create(1);
    let later = scene.look();
    let passed_ms = at.map(|at| scene.world.clock.now().millis() - at.millis());
    assert_eq!(later.ago_ms, passed_ms);
    assert!(!later.is_overdue, "{later:?}");
}

/// A large page is still on its way when a smaller one of another session has gone.
#[test]
fn a_deletion_after_the_view_of_a_page_that_was_sent_late_is_not_before_the_first_answer() {
    let scene = Scene::with(3);
    let world = &scene.world;
    let callers = [world.log_in(), world.log_in()].map(|id| world.caller(&id).unwrap());
    let ask = |caller, query: &SyncQuery| {
        let page = world.service.sync_page(caller, query, PAGE_SIZE_MAX);
        world.block_on(page).unwrap().served.unwrap()
    };
    let late = ask(&callers[0], &everything());
    scene.world.write(Write::Remove(ActivityId(1))).unwrap();
    scene.advance(1_000);
    let from = world.clock.now();
    scene.advance(1_000);
    ask(&callers[1], &since(from)).is_sent();
    late.is_sent();
    assert_eq!(scene.look().missing.changes(), 1, "{:?}", scene.look());
    assert_ne!(scene.state(), State::UpToDate);
}

#[test]
fn coverage_survives_a_stop_exactly() {
    let mut scene = Scene::with(5);
    let query = SyncQuery { page_size: 1, ..everything() };
    scene.ask_pages(&query, [1, 2, 4]);
    let before = (scene.look().state, scene.undelivered(), scene.poll());
    scene.restart(true);
    assert_eq!((scene.look().state, scene.undelivered(), scene.poll()), before);
    scene.ask_pages(&query, [3, 5]);
    assert_eq!((scene.state(), scene.poll().times), (State::UpToDate, 1), "the run goes on");
}

#[test]
fn what_has_been_written_down_survives_a_crash_and_the_rest_counts_as_not_delivered() {
    let mut scene = Scene::with(5);
    let query = SyncQuery { page_size: 1, ..everything() };
    scene.ask_pages(&query, [1, 2]);
    scene.write_down();
    let noted = scene.poll();
    scene.ask_pages(&query, [3, 4, 5]);
    assert_eq!(scene.state(), State::UpToDate);
    scene.restart(false);
    assert_eq!(scene.poll(), noted);
    assert_eq!(scene.undelivered().len(), 3);
    scene.ask_pages(&query, [3, 4, 5]);
    assert_eq!(scene.state(), State::UpToDate);
}

#[test]
fn news_is_written_down_within_a_second_and_the_passing_of_time_by_housekeeping() {
    use store::Store;
    let scene = Scene::with(1);
    let kept = || scene.world.store.coverages(scene.world.org.key).unwrap();
    let told = scene.ask(&everything());
    let first = kept();
    assert_eq!(first.len(), 1, "that somebody asks is known before anybody is answered");
    scene.advance(1_000);
    let after_news = kept();
    assert_ne!(after_news, first);
    scene.create(1);
    let told = scene.ask(&since(told));
    assert_eq!(kept(), after_news, "no other question waits for the disk");
    scene.advance(1_000);
    assert_ne!(kept(), after_news);
    scene.ask(&since(told));
    scene.advance(1_000);
    let after_idle = kept();
    let told = scene.ask(&since(told));
    scene.advance(1_000);
    assert_eq!(kept(), after_idle, "it has only asked again");
    scene.write_down();
    assert_ne!(kept(), after_idle);
    assert!(kept()[0].document.contains(&told.millis().to_string()));
}

/// Nothing of its answer is known to have been read. Whoever goes on from its response time lacks the rest.
#[test]
fn the_first_question_of_a_key_is_known_though_the_process_dies_at_once() {
    let mut scene = Scene::with(20);
    let page = SyncQuery { page_size: 5, ..everything() };
    let told = scene.ask(&page);
    scene.restart(false);
    assert_eq!(scene.state(), State::Incomplete { read: Some(progress(0, 4)) });
    scene.advance(MINUTE_MS);
    scene.create(1);
    scene.ask(&since(told));
    let now = scene.look();
    assert_eq!((now.missing.unread, now.severity()), (20, Severity::Critical));
    scene.ask(&everything());
    assert_eq!(scene.state(), State::UpToDate);
}

/// Somebody who hangs up before the end of the first answer has asked all the same.
#[test]
fn an_answer_that_was_not_sent_counts_as_asked_for_and_not_as_delivered() {
    let scene = Scene::with(3);
    let caller = scene.world.caller(&scene.world.log_in()).unwrap();
    let everything = everything();
    let page = scene.world.service.sync_page(&caller, &everything, PAGE_SIZE_MAX);
    drop(scene.world.block_on(page).unwrap().served);
    assert_eq!(scene.state(), State::Incomplete { read: Some(progress(0, 1)) });
    assert_eq!(scene.undelivered().len(), 3);
}

#[test]
fn what_was_given_is_not_known_once_its_coverage_is_damaged_until_everything_is_read_again() {
    for damage in ["document = '{'", "document = replace(document, '[[0,3,', '[[0,2,')"] {
        let mut scene = Scene::with(3);
        scene.ask(&SyncQuery { page_size: 1, ..everything() });
        scene.world.service.close();
        scene.world.damage(&format!("UPDATE coverage SET {damage}"));
        scene.restart(false);
        let checked = service::check(scene.world.store.as_ref(), &mut |_| {}).unwrap();
        assert_eq!(checked.problems, 1, "{damage}: {:?}", checked.lines);
        assert!(checked.lines[0].contains("key 1"), "{:?}", checked.lines);
        assert_eq!(scene.state(), State::NotKnown, "{damage}");
        assert_eq!(scene.look().severity(), Severity::Critical);
        scene.ask(&since(scene.world.clock.now()));
        assert_eq!(scene.state(), State::NotKnown, "{damage}");
        scene.restart(true);
        assert_eq!(scene.state(), State::NotKnown, "{damage}");
        scene.ask(&SyncQuery { ignore_removed: true, ..everything() });
        assert_eq!(scene.state(), State::NotKnown, "what was removed may be in its copy still");
        scene.ask(&everything());
        assert_eq!(scene.state(), State::UpToDate, "{damage}");
    }
}

#[test]
fn whoever_asks_by_ids_alone_has_asked_but_not_for_what_changed() {
    let scene = Scene::with(1);
    assert_eq!(scene.look().named_at, None);
    scene.ask(&SyncQuery { ids: Some(vec![ActivityId(1)]), ..everything() });
    let now = scene.look();
    assert_eq!((now.state, now.named_at), (State::NotUsed, Some(scene.world.clock.now())));
    assert_eq!(scene.delivery(1), Delivery::NeverAsked);
}

/// A clock that was years ahead for a while, or a job that was forgotten for a summer.
#[test]
fn one_long_pause_hides_no_silence() {
    let scene = Scene::with(1);
    for _ in 0..5 {
        scene.ask(&everything());
        scene.advance(HOUR_MS);
    }
    scene.advance(700 * 24 * HOUR_MS);
    scene.ask(&everything());
    scene.advance(24 * HOUR_MS);
    assert_eq!(scene.state(), State::Silent, "usually every {:?} ms", scene.look().rhythm_ms);
}
