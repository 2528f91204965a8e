//! `demo`: one command, and somebody can ask.

use std::process::Command;

use crate::client::Answer;
use crate::folder::{Folder, Output};
use crate::server::Server;
use crate::shape;

/// A running demo: the server, what it printed, and its curl line.
fn demo(folder: &Folder) -> (Server, String, String) {
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

fn key_in(printed: &str) -> &str {
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
