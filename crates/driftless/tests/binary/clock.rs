//! A clock that is wrong: at a start, and while the server runs.

use std::time::Instant;

use domain::Stamp;

use crate::client::{ALL, Client};
use crate::fake_clock::{DAY_MS, FakeClock, SLACK_MS, YEAR_MS, now, stamp};
use crate::folder::Folder;
use crate::people::signs_in;
use crate::server::{Server, WAIT_MAX};

/// Commands that give times by the clock.
const DATING: [&str; 3] = ["serve --listen 127.0.0.1:0", "org add other", "user add acme Bob"];

/// The stamp of an activity that is created now.
fn created(client: &Client) -> Stamp {
    let id = client.create("Call");
    let answer = client.sync(&format!("activityIds.activityId={id}"));
    stamp(answer.records()[0]["lastModifiedDateTime"].as_str().unwrap())
}

#[track_caller]
fn assert_near(instant: Stamp, expected: Stamp) {
    let off_ms = instant.millis() - expected.millis();
    assert!(off_ms.abs() < SLACK_MS, "{instant:?} is {off_ms} ms off {expected:?}");
}

/// After a step ahead a new promise takes a moment.
#[track_caller]
fn wait_until_ready(server: &Server) {
    let begun = Instant::now();
    while server.get("/readyz").status != 200 {
        assert!(begun.elapsed() < WAIT_MAX, "it does not get ready");
    }
}

/// Both times in the sentence with which a start is refused: what the clock shows, and what is kept.
#[track_caller]
fn times_in(said: &str) -> [Stamp; 2] {
    let times = said.match_indices(" UTC").map(|(at, _)| {
        let text = said[at - 19..at].replace(' ', "T");
        stamp(&format!("{text}Z"))
    });
    times.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("two times: {said}"))
}

#[test]
fn a_start_more_than_a_day_from_everything_kept_is_refused() {
    let clock = FakeClock::ahead(0);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let everything = || folder.ok("export acme");
    let server = folder.serve();
    let before = created(&Client::log_in(&server, &key));
    server.stop();
    let kept = everything();

    for ahead_ms in [10 * YEAR_MS, DAY_MS + SLACK_MS, -DAY_MS - SLACK_MS, -10 * YEAR_MS] {
        clock.set_ahead(ahead_ms);
        for line in DATING {
            let said = folder.refused(line);
            assert!(
                said.contains("start the server once with `driftless serve --accept-clock`"),
                "{said}"
            );
            let [shown, last] = times_in(&said);
            assert_near(shown, now().plus_millis(ahead_ms));
            assert_near(last, before);
            let costs = said.contains("must then read everything again");
            assert_eq!(costs, ahead_ms < 0, "what it costs is said where it does: {said}");
        }
        assert_eq!(folder.ok("check"), "no problems found\n", "it promises nothing");
        assert_eq!(everything(), kept, "whoever only reads needs no clock");
        assert!(folder.ok("history acme 1").contains("created"));
        let checked = folder.run("keys check acme");
        assert_eq!(
            checked.code, 3,
            "how long keys have been silent goes by the clock: {checked:?}"
        );
    }
    clock.set_ahead(0);
    assert_eq!(everything(), kept);
    for ahead_ms in [-DAY_MS + SLACK_MS, DAY_MS - SLACK_MS] {
        clock.set_ahead(ahead_ms);
        folder.serve().stop();
    }
}

#[test]
fn a_clock_that_is_right_after_a_long_stop_is_accepted_once() {
    let clock = FakeClock::ahead(-20 * DAY_MS);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let client = Client::log_in(&folder.serve(), &key);
    clock.set_ahead(0);
    folder.refused("serve --listen 127.0.0.1:0");
    let server = Server::start(&folder, &["--accept-clock"]);
    let stale = Client::with_session(&server, &client.session);
    assert_eq!(stale.get("syncActivities", ALL).code(), "4", "that session ended long ago");
    assert_near(created(&Client::log_in(&server, &key)), now());
    server.kill();
    let server = Server::start(&folder, &["--accept-clock"]);
    let unneeded = |line: &&String| line.contains("--accept-clock was not needed");
    assert_eq!(server.log.so_far().iter().filter(unneeded).count(), 1);
    server.stop();
    folder.serve().stop();
}

#[test]
fn a_promise_that_a_start_ahead_has_left_can_be_taken_back() {
    let clock = FakeClock::ahead(10 * YEAR_MS);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let ahead = Client::log_in(&server, &key);
    assert_near(stamp(ahead.sync(ALL).time()), now().plus_millis(10 * YEAR_MS));
    server.kill();

    clock.set_ahead(0);
    let said = folder.refused("serve --listen 127.0.0.1:0");
    assert!(said.contains("must then read everything again"), "{said}");
    let server = Server::start(&folder, &["--accept-clock"]);
    let told = |part: &str| server.log.so_far().iter().any(|line| line.contains(part));
    assert!(told("must read everything again"), "{:?}", server.log.so_far());
    assert!(!told("new ones follow them"), "no version is that far ahead");
    assert_eq!(
        Client::with_session(&server, &ahead.session).get("syncActivities", ALL).code(),
        "4"
    );
    let client = Client::log_in(&server, &key);
    assert_near(stamp(client.sync(ALL).time()), now());
    assert_near(created(&client), now());
    server.kill();

    let server = folder.serve();
    let client = Client::with_session(&server, &client.session);
    assert_near(created(&client), now());
    server.stop();
    folder.serve().stop();
}

#[test]
fn what_was_noted_ahead_ends_no_sessions_once_the_clock_is_right() {
    let clock = FakeClock::ahead(10 * YEAR_MS);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let given = folder.run_with_input("user login acme 7 ada", "correct-horse-battery");
    assert_eq!(given.code, 0, "{given:?}");
    let server = folder.serve();
    Client::log_in(&server, &key).sync(ALL);
    server.stop();

    clock.set_ahead(0);
    let server = Server::start(&folder, &["--accept-clock"]);
    assert!(signs_in(&server, "ada", "correct-horse-battery"));
    let key = folder.ok("key add acme --user 7");
    let client = Client::log_in(&server, key.trim());
    let keys = folder.ok("key list acme");
    let this_year = &now().at_offset(0).to_string()[..5];
    assert_eq!(
        keys.lines().last().unwrap().matches(this_year).count(),
        2,
        "made, logged in: {keys}"
    );
    server.stop();
    for _ in 0..2 {
        let server = folder.serve();
        assert_near(created(&Client::with_session(&server, &client.session)), now());
        server.stop();
    }
}

#[test]
fn versions_that_are_ahead_stay_and_new_ones_follow_them_in_their_organization_alone() {
    let clock = FakeClock::ahead(10 * YEAR_MS);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let last = created(&Client::log_in(&server, &key));
    server.kill();

    clock.set_ahead(0);
    folder.refused("serve --listen 127.0.0.1:0");
    let server = Server::start(&folder, &["--accept-clock"]);
    let told = server.log.wait_for("what stays", |line| line.contains("new ones follow them"));
    assert!(told.contains("org=acme") && told.contains("versions=1"), "{told}");
    let first = created(&Client::log_in(&server, &key));
    assert_eq!(first, last.plus_millis(1));

    folder.ok("org add other");
    folder.ok("user add other Bob --id 8");
    let other = folder.ok("key add other --user 8");
    server.kill();
    let server = folder.serve();
    let client = Client::log_in_to("other", &server, other.trim());
    assert_near(created(&client), now());
    assert_near(stamp(client.sync(ALL).time()), now());
    server.stop();
    let server = folder.serve();
    let client = Client::with_session(&server, &client.session);
    assert_near(created(&client), now());
    assert!(created(&Client::log_in(&server, &key)) > first);
    server.stop();
}

#[test]
fn a_clock_beyond_every_sane_year_is_refused_whatever_is_said() {
    let clock = FakeClock::ahead(0);
    let (folder, _) = Folder::with_key_and_clock(&clock);
    let fresh = Folder::with_clock(&clock);
    for year in ["9000-01-01T00:00:01Z", "9999-12-29T12:00:00Z"] {
        clock.set(year);
        for (folder, line) in [
            (&folder, "serve --listen 127.0.0.1:0"),
            (&folder, "serve --listen 127.0.0.1:0 --accept-clock"),
            (&fresh, "org add acme"),
            (&fresh, "serve --listen 127.0.0.1:0 --init --accept-clock"),
            (&fresh, "demo --listen 127.0.0.1:0"),
        ] {
            let said = folder.refused(line);
            assert!(said.ends_with("set the clock"), "{line}: {said}");
        }
    }
    clock.set_ahead(8_500 * YEAR_MS); // After the last instant that can be written.
    folder.refused("serve --listen 127.0.0.1:0 --accept-clock");
    fresh.refused("org add acme");
    clock.set_ahead(0);
    folder.serve().stop();
}

#[test]
fn a_leap_while_the_server_runs_is_not_followed_for_more_than_a_day() {
    let clock = FakeClock::ahead(0);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let before = created(&client);
    clock.set_ahead(10 * YEAR_MS);
    let during = created(&client);
    assert!(during > before && during <= now().plus_millis(DAY_MS), "{during:?}");
    let horizon = stamp(client.sync(ALL).time());
    assert!(during <= horizon && horizon <= now().plus_millis(DAY_MS), "{horizon:?}");
    server.log.wait_for("how to go on", |line| line.contains("serve --accept-clock"));
    wait_until_ready(&server);

    clock.set_ahead(0);
    let after = created(&client);
    assert!(after > during && after <= now().plus_millis(DAY_MS), "stamps never fall: {after:?}");
    server.log.wait_for("it is followed again", |line| line.contains("times of change follow it"));
    let said = |line: &&String| line.contains("serve --accept-clock");
    assert_eq!(server.log.so_far().iter().filter(said).count(), 1, "once");
    // What has been promised meanwhile does not keep the server from starting.
    server.kill();
    let server = folder.serve();
    let client = Client::with_session(&server, &client.session);
    assert!(created(&client) > after);
    server.stop();
}

#[test]
fn a_smaller_step_is_followed() {
    let clock = FakeClock::ahead(-DAY_MS / 2);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    clock.set_ahead(0);
    assert_near(created(&client), now());
    clock.set_ahead(-DAY_MS / 2);
    assert_near(created(&client), now());
    server.stop();
}

#[test]
fn before_1970_everything_works() {
    let clock = FakeClock::ahead(0);
    clock.set("1960-02-29T12:00:00Z");
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let first = created(&client);
    assert_near(first, stamp("1960-02-29T12:00:00Z"));
    assert_near(stamp(client.sync(ALL).time()), first);
    let page = server.get("/sign-in");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("\r\ndate: mon, 29 feb 1960 "), "{}", page.head);
    let refused = server.send(b"nonsense\r\n\r\n");
    assert_eq!(refused.status, 400);
    assert!(refused.head.contains("\r\ndate: mon, 29 feb 1960 "), "{}", refused.head);
    folder.ok("backup copy");
    let log = server.stop();
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:?}");
    assert_eq!(folder.ok("check"), "no problems found\n");
}

#[test]
fn a_leap_to_where_no_clock_has_been_ends_nothing() {
    let clock = FakeClock::ahead(0);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let mut last = created(&client);
    for years in [-66, -2_100, 7_900, 20_000, 0] {
        clock.set_ahead(years * YEAR_MS);
        let stamp = created(&client);
        assert!(stamp > last && stamp <= now().plus_millis(DAY_MS), "{years}: {stamp:?}");
        last = stamp;
        wait_until_ready(&server);
        assert!(server.get("/healthz").head.contains("\r\ndate: "), "{years}");
    }
    clock.set_ahead(-66 * YEAR_MS);
    let log = server.stop();
    assert!(!log.iter().any(|line| line.contains("panicked")), "{log:?}");
    // Nor does it keep the server from starting once it is right again.
    clock.set_ahead(0);
    folder.serve().stop();
}

#[test]
fn the_demo_goes_on_after_a_while() {
    let clock = FakeClock::ahead(0);
    let folder = Folder::with_clock(&clock);
    let demo = || {
        let words = ["demo", "--listen", "127.0.0.1:0", "--activities", "5"];
        let server = Server::spawn(folder.command(words));
        server.out.wait_for("the end of the text", |line| line.starts_with("Ctrl-C"));
        server.stop();
    };
    demo();
    clock.set_ahead(40 * DAY_MS);
    demo();
    clock.set_ahead(0);
    let said = folder.refused("demo --listen 127.0.0.1:0");
    assert!(said.contains("serve --accept-clock"), "{said}");
}

#[test]
fn a_leap_of_even_the_clock_that_only_counts_on_ends_nothing_but_connections() {
    let clock = FakeClock::all_ahead(0);
    let (folder, key) = Folder::with_key_and_clock(&clock);
    let server = folder.serve();
    let session = Client::log_in(&server, &key).session;
    clock.set_ahead(10 * YEAR_MS);
    wait_until_ready(&server);
    let stamp = created(&Client::with_session(&server, &session));
    assert!(stamp > now() && stamp <= now().plus_millis(DAY_MS), "{stamp:?}");
    server.stop();
}

#[test]
fn it_works_where_even_the_clock_that_only_counts_on_is_moved() {
    for ahead_ms in [10 * YEAR_MS, -2 * DAY_MS] {
        let clock = FakeClock::all_ahead(ahead_ms);
        let (folder, key) = Folder::with_key_and_clock(&clock);
        let server = folder.serve();
        let client = Client::log_in(&server, &key);
        // The promise is renewed though nobody asks for anything: a To ahead is only ever reached so.
        for _ in 0..4 {
            let horizon = stamp(client.sync(ALL).time());
            let to = horizon.plus_millis(1_900).at_offset(0).to_string().replace('+', "%2B");
            client.sync(&format!("{ALL}&syncActivityTimeTo={to}"));
        }
        assert_near(created(&client), now().plus_millis(ahead_ms));
        assert_eq!(server.get("/readyz").status, 200);
        server.stop();
    }
}
