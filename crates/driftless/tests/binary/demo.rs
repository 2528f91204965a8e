//! `demo`: one command, and somebody can ask.

use std::process::Command;

use crate::browser::Browser;
use crate::client::Answer;
use crate::fake_clock::FakeClock;
use crate::folder::{Folder, Output};
use crate::server::Server;
use crate::shape;

/// A running demo: the server, what it printed, and its curl line.
pub(crate) fn demo(folder: &Folder) -> (Server, String, String) {
    let words = ["demo", "--listen", "127.0.0.1:0", "--activities", "50"];
    let server = Server::spawn(folder.command(words));
    let curl = server.out.wait_for("a curl line", |line| line.trim().starts_with("curl "));
    let last = server.out.wait_for("the end of the text", |line| line.starts_with("Ctrl-C"));
    let mut printed = server.out.so_far();
    printed.truncate(1 + printed.iter().position(|line| *line == last).unwrap());
    let server = server.at(&printed[1]);
    (server, printed.join("\n"), curl.trim().to_owned())
}

/// Types the line into a shell.
#[track_caller]
fn typed(curl: &str) -> Answer {
    let output = Output::of(&Command::new("bash").args(["-c", curl]).output().unwrap());
    assert_eq!(output.code, 0, "{output:?}");
    Answer::of(200, &output.out).ok()
}

pub(crate) fn key_in(printed: &str) -> &str {
    let mut words = printed.split(|c: char| !c.is_ascii_alphanumeric());
    words.find(|word| shape::is_secret(word)).expect("a key")
}

/// What is printed, without what differs from start to start.
fn shaped(printed: &str) -> String {
    let (_, after) = printed.split_once("password ").expect("a password");
    let password = after.split_whitespace().next().unwrap();
    assert!(password.len() >= 10, "{password}");
    shape::out(&printed.replace(password, "[password]"))
}

#[test]
fn the_first_run_sets_up_and_the_second_goes_on() {
    let folder = Folder::new();
    let (first, printed, curl) = demo(&folder);
    insta::assert_snapshot!("demo", shaped(&printed));
    assert_eq!(folder.names(""), ["driftless-demo"]);
    let answer = typed(&curl);
    assert!(answer.total() > 0, "there is something to see: {}", answer.inside);
    let key = key_in(&printed).to_owned();
    let everything = folder.ok("--data driftless-demo export demo");
    assert_eq!(everything.lines().count(), 50 + 2 + 12, "the manual's two, and removed ones");
    first.stop();

    let (second, printed, curl) = demo(&folder);
    insta::assert_snapshot!("demo", shaped(&printed));
    let fresh = key_in(&printed).to_owned();
    assert_ne!(fresh, key);
    assert_eq!(folder.ok("--data driftless-demo export demo"), everything, "the same data");
    typed(&curl);
    typed(&curl.replace(&fresh, &key));
    second.stop();
    folder.ok("--data driftless-demo check");
}

#[test]
fn it_holds_the_records_of_the_manual() {
    let folder = Folder::new();
    let (server, _, curl) = demo(&folder);
    let (before, _) = curl.split_once("&syncActivityTimeFrom").unwrap();
    let ids = "&activityIds.activityId=653&activityIds.activityId=652";
    let mut answer = typed(&format!("{before}{ids}\"")).inside;
    answer["responseDateTime"] = "[now]".into();
    insta::assert_snapshot!("demo_manual", serde_json::to_string_pretty(&answer).unwrap());
    server.stop();
}

#[test]
fn its_first_page_has_something_to_do_and_its_password_stays_in_sight() {
    let folder = Folder::new();
    let (server, printed, _) = demo(&folder);
    let (_, after) = printed.split_once("password ").expect("a password");
    let password = after.split_whitespace().next().unwrap();
    let mut browser = Browser::of(&server);
    let form = browser.get("/sign-in");
    let csrf = form.value("csrf");
    let fields = [("csrf", &*csrf), ("org", "demo"), ("login", "maribel"), ("password", password)];
    assert_eq!(browser.post("/sign-in", &fields).status, 303);
    let page = browser.get("/");
    assert!(page.body.contains("<b>4</b><span>Due today</span>"), "{page:?}");
    assert!(page.body.contains("<span>Overdue</span>"), "{page:?}");
    let (_, after) = page.body.split_once("href=\"/assets/").unwrap();
    let asset = after.split_once('"').unwrap().0;
    assert_eq!(browser.get(&format!("/assets/{asset}")).status, 200);
    let log = server.stop();
    assert!(log.iter().all(|line| !line.contains("request")), "nothing pushes it away: {log:#?}");
}

#[test]
fn what_is_done_in_its_pages_is_in_the_table_of_a_mirror() {
    let folder = Folder::new();
    let (server, printed, _) = demo(&folder);
    folder.write("key", key_in(&printed));
    let from = format!("http://{}", server.address);
    let words = ["mirror", "run", "--from", &from, "--org", "demo", "--key-file", "key"];
    let more = ["--to", "sqlite:crm.db", "--every", "50ms"];
    let mirror = Server::spawn(folder.command(words.into_iter().chain(more)));
    mirror.out.wait_for("the first run", |line| line.contains("complete up to"));

    let (_, after) = printed.split_once("password ").expect("a password");
    let password = after.split_whitespace().next().unwrap();
    let mut browser = Browser::of(&server);
    let csrf = browser.get("/sign-in").value("csrf");
    let fields = [("csrf", &*csrf), ("org", "demo"), ("login", "maribel"), ("password", password)];
    assert_eq!(browser.post("/sign-in", &fields).status, 303);
    let csrf = browser.get("/activities/653").value("csrf");
    let fields = [("csrf", &*csrf), ("priority", "high"), ("back", "/activities")];
    assert_eq!(browser.post("/activities/653/quick", &fields).status, 303);
    mirror.out.wait_for("the edit", |line| line.contains(" 1 written, 0 removed"));
    let removed = browser.post("/activities/652/remove", &[("csrf", &csrf), ("confirmed", "1")]);
    assert_eq!(removed.status, 303, "{removed:?}");
    mirror.out.wait_for("the removal", |line| line.contains(" 1 removed"));
    mirror.stop();
    server.stop();

    let table = rusqlite::Connection::open(folder.path("crm.db")).unwrap();
    let sql = "SELECT group_concat(activity_id || ' ' || activity_priority) FROM activity WHERE activity_id IN (652, 653)";
    let held: String = table.query_row(sql, (), |row| row.get(0)).unwrap();
    assert_eq!(held, "653 HIGH");
}

#[test]
fn what_a_page_is_made_of_is_logged_for_whoever_wants_to_know_it_all() {
    for (level, expected) in [("info", false), ("debug", true)] {
        let folder = Folder::new();
        let mut command = folder.serving(&["--init"]);
        command.env("RUST_LOG", level);
        let server = Server::listening(command);
        let page = server.get("/sign-in");
        let (_, after) = page.body.split_once("href=\"/assets/").unwrap();
        let asset = after.split_once('"').unwrap().0.to_owned();
        assert_eq!(server.get(&format!("/assets/{asset}")).status, 200);
        assert_eq!(server.get("/assets/0/none.js").status, 404);
        let log = server.stop();
        let lines = |status: &str| {
            let is_it =
                |line: &&String| line.contains("method=\"assets\"") && line.contains(status);
            log.iter().filter(is_it).count()
        };
        assert_eq!(lines("status=200"), usize::from(expected), "{log:#?}");
        assert_eq!(lines("status=404"), 1, "{log:#?}");
    }
}

#[test]
fn what_it_says_to_look_at_first_is_there() {
    let folder = Folder::new();
    let (server, printed, _) = demo(&folder);
    let mut browser = Browser::of(&server);
    let password = printed.split_once("password ").unwrap().1.split_whitespace().next().unwrap();
    let csrf = browser.get("/sign-in").value("csrf");
    let fields = [("csrf", &*csrf), ("org", "demo"), ("login", "maribel"), ("password", password)];
    assert_eq!(browser.post("/sign-in", &fields).status, 303);
    let here = format!("http://{}", server.address);
    let (_, sights) = printed.split_once("Look at these first:").expect("what to look at");
    let paths = sights.lines().skip(2).map_while(|line| Some(line.split_once(&here)?.1));
    let paths: Vec<&str> = paths.collect();
    assert_eq!(paths, ["/", "/activities/1006", "/integrations"]);
    assert!(browser.get(paths[1]).body.contains("in two browser tabs"));
    let keys = folder.run("--data driftless-demo keys check demo");
    assert_eq!(keys.code, 2, "changes were never delivered: {keys:?}");
    assert!(keys.out.contains("Nightly mailer"), "{keys:?}");
    server.stop();
}

#[test]
fn what_is_due_today_is_so_on_another_day_too() {
    let clock = FakeClock::ahead(0);
    clock.set("2026-03-06T17:00:00Z");
    let folder = Folder::with_clock(&clock);
    let due = |folder: &Folder| {
        let export = folder.ok("--data driftless-demo export demo");
        let of = |line: &&str| line.contains("\"activityId\":1000,");
        export.lines().find(of).expect("the first activity").to_owned()
    };
    let (first, ..) = demo(&folder);
    first.stop();
    assert!(due(&folder).contains("2026-03-06T09:00:00"), "{}", due(&folder));
    clock.set("2026-03-08T17:00:00Z");
    let (second, ..) = demo(&folder);
    assert!(due(&folder).contains("2026-03-08T09:00:00"), "a Sunday: {}", due(&folder));
    second.stop();
}
