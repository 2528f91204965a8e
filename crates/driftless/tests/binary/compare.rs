//! `driftless compare`: two servers are asked the same questions.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::client::{ALL, Client, agent};
use crate::folder::{Folder, Output};
use crate::server::Server;

/// A server with a few activities, one of them removed, and the folder that `compare` works in.
struct Compared {
    folder: Folder,
    server: Server,
    client: Client,
}

impl Compared {
    fn start() -> Compared {
        let (folder, key) = Folder::with_key();
        let server = Server::start(&folder, &[]);
        let client = Client::log_in(&server, &key);
        folder.write("key", format!("{key}\n"));
        let [_, _, _, gone] =
            ["Call", "Mail", "Meet", "Gone"].map(|subject| client.create(subject));
        client.remove(gone);
        Compared { folder, server, client }
    }

    fn address(&self) -> String {
        format!("http://{}", self.server.address)
    }

    fn with(&self, right: &str, more: &str) -> Output {
        let left = self.address();
        let keys = "--left-org acme --left-key-file key --right-key-file key";
        self.folder.run(&format!("compare --left {left} --right {right} {keys} {more}"))
    }
}

/// A server that passes everything on to another one, and changes its answers; it does not say that it is Driftless.
pub(crate) fn altering(of: &str, alter: fn(&str, String) -> String) -> String {
    passing_on(of, alter, &Arc::default())
}

/// The same, as one that says that it is Driftless.
pub(crate) fn altering_driftless(of: &str, alter: fn(&str, String) -> String) -> String {
    passing_on(of, alter, &Arc::new(AtomicBool::new(true)))
}

/// A server that changes nothing, and says that it is Driftless only as long as it is told to.
pub(crate) fn disguising(of: &str) -> (String, Arc<AtomicBool>) {
    let is_known = Arc::default();
    (passing_on(of, |_, body| body, &is_known), is_known)
}

fn passing_on(of: &str, alter: fn(&str, String) -> String, is_known: &Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (of, is_known) = (of.to_owned(), is_known.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            pass_on(&stream.unwrap(), &of, alter, is_known.load(Ordering::SeqCst));
        }
    });
    address
}

fn pass_on(mut stream: &TcpStream, of: &str, alter: fn(&str, String) -> String, is_known: bool) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(given) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = given.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).unwrap();
    let form = String::from_utf8(form).unwrap();
    let path = first.split(' ').nth(1).unwrap();
    let url = format!("{of}{path}");
    let mut answer = match first.starts_with("GET") {
        true => agent().get(url).call(),
        false => {
            let kind = "application/x-www-form-urlencoded";
            agent().post(url).header("content-type", kind).send(&form)
        }
    }
    .unwrap();
    let status = answer.status().as_u16();
    let mut known = String::new();
    for (name, value) in answer
        .headers()
        .iter()
        .filter(|(name, _)| is_known && name.as_str().starts_with("driftless-"))
    {
        known.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    let body = alter(path, answer.body_mut().read_to_string().unwrap());
    if body.is_empty() {
        return; // The connection ends without an answer.
    }
    let head = format!(
        "HTTP/1.1 {status} x\r\n{known}content-type: text/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
}

#[test]
fn a_server_answers_like_itself() {
    let compared = Compared::start();
    let told = compared.with(&compared.address(), "");
    assert!(told.code == 0 && told.err.is_empty(), "{}", told.shown());
    let lines: Vec<&str> = told.out.lines().collect();
    let (questions, end) = lines.split_at(lines.len() - 4);
    assert!(questions.len() > 30, "{}", told.shown());
    assert!(questions.iter().all(|line| line.starts_with("same ")), "{}", told.shown());
    assert_eq!(
        end[1],
        format!("left   {}/neonws/services/api (Driftless 0.1.0)", compared.address())
    );
    let set_aside = "0 answered differently; set aside: userSessionId, responseDateTime";
    assert_eq!(end[3], format!("{} questions, {set_aside}", questions.len()));
}

#[test]
fn every_kind_of_difference_is_told_once_with_an_example() {
    let compared = Compared::start();
    let right = altering(&compared.address(), |path, body| {
        if !path.ends_with("syncActivities") {
            return body;
        }
        let body = body.replace("+00:00\"", "+0000\"").replace("\"NORMAL\"", "\"HIGH\"");
        let body = body.replace("\"systemUserId\":1,", "").replace("\"Meet\"", "7");
        let body = body.replace(
            "\"activityStatus\":{\"id\":\"2\",",
            "\"activityStatus\":{\"old\":1,\"id\":\"2\",",
        );
        body.replace("\"operationResult\":\"SUCCESS\",", "")
    });
    let told = compared.with(&right, "--format json");
    assert_eq!((told.code, told.err.as_str()), (1, ""), "{}", told.shown());
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let questions = told["questions"].as_array().unwrap();
    let page =
        questions.iter().find(|asked| asked["question"] == "syncActivities: page 1 of everything");
    let mut found: Vec<String> = Vec::new();
    for difference in page.unwrap()["differences"].as_array().unwrap() {
        let [path, kind] = ["path", "kind"].map(|name| difference[name].as_str().unwrap());
        found.push(format!("{} {kind} {path}", difference["count"]));
    }
    let root = "syncActivitiesResponse";
    let record = format!("{root}.activities.activity[]");
    let expected = [
        "1 header content-type".to_owned(),
        format!("1 only-left {root}.operationResult"),
        format!("1 form {root}.responseDateTime"),
        format!("3 form {record}.createdDateTime"),
        format!("3 form {record}.lastModifiedDateTime"),
        format!("3 only-right {record}.activityStatus.old"),
        format!("3 value {record}.activityPriority"),
        format!("1 type {record}.subject"),
    ];
    for line in &expected {
        assert!(found.contains(line), "{line} is not in {found:#?}");
    }
    let retrieved =
        questions.iter().find(|asked| asked["question"] == "retrieveActivity: an unknown id");
    let differences = retrieved.unwrap()["differences"].as_array().unwrap();
    assert!(
        differences.iter().all(|difference| difference["kind"] == "header"),
        "{differences:#?}"
    );
}

#[test]
fn records_that_one_side_lacks_and_another_order_are_told() {
    let compared = Compared::start();
    let right = altering(&compared.address(), |path, body| {
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        let records = &mut answer["syncActivitiesResponse"]["activities"]["activity"];
        if path.ends_with("syncActivities")
            && let Some(records) = records.as_array_mut()
        {
            records.retain(|record| record["subject"] != "Mail");
            records.reverse();
        }
        answer.to_string()
    });
    let told = compared.with(&right, "");
    let mut ids = compared.client.sync(ALL).ids();
    ids.sort_unstable();
    let path = "syncActivitiesResponse.activities.activity";
    let lacking = format!("{path}[]: only on the left: activity {}", ids[1]);
    assert!(told.out.contains(&lacking), "{lacking}\n{}", told.shown());
    let order = format!("{path}: another order: left {0}, {1}, right {1}, {0}", ids[0], ids[2]);
    assert!(told.out.contains(&order), "{order}\n{}", told.shown());
    assert_eq!(told.out.matches("cache-control").count(), 1, "{}", told.shown());
    assert!(told.out.contains("as above"), "{}", told.shown());
    assert_eq!(told.code, 1);
}

#[test]
fn recorded_requests_are_asked_with_a_session_of_ones_own() {
    let compared = Compared::start();
    let requests = "\
        # from the vendor's log\n\
        10.0.0.7 - - \"GET /neonws/services/api/account/listActivityStatus?userSessionId=SECRET&&x=1 HTTP/1.1\" 200\n\
        https://api.neoncrm.com/neonws/services/api/common/login?login.apiKey=SECRET&login.orgid=acme\n\
        POST account/syncActivities?syncActivityTimeFrom=2026-01-01T00:00:00%2B00:00\n\
        donation/listDonations?x=1\n";
    compared.folder.write("requests", requests);
    let told = compared.with(&compared.address(), "--requests requests");
    assert_eq!(told.code, 0, "{}", told.shown());
    for line in [
        "same       line 2: account/listActivityStatus",
        "same       line 4: account/syncActivities",
        "same       line 5: donation/listDonations",
    ] {
        assert!(told.out.contains(line), "{line}\n{}", told.shown());
    }
    assert!(!told.shown().contains("SECRET"), "{}", told.shown());
    let cases = [
        (
            "account/removeActivity?activityId=1&userSessionId=SECRET",
            "line 1 is not known to only read (account/removeActivity)",
        ),
        ("POST donation/createDonation?amount=5", "line 1 is not known to only read"),
        ("ACCOUNT/CREATEINDIVIDUALACCOUNT?x=1", "line 1 is not known to only read"),
        ("account/settleAccounts", "line 1 is not known to only read"),
        (
            "\nwhat is this?userSessionId=SECRET",
            "line 2 is not a request of API v1: \"what is this\"",
        ),
    ];
    for (requests, why) in cases {
        compared.folder.write("requests", requests);
        let told = compared.with(&compared.address(), "--requests requests");
        assert!(told.code == 1 && told.err.contains(why), "{why}\n{}", told.shown());
        assert!(!told.shown().contains("SECRET"), "{}", told.shown());
    }
}

#[test]
fn a_server_that_cannot_be_asked_is_told_with_a_reason() {
    let compared = Compared::start();
    compared.folder.write("wrong", "0123456789abcdef0123456789abcdef");
    let here = compared.address();
    let both = format!("--left {here} --right {here}");
    let page = altering(&here, |_, _| "<html>Welcome</html>".to_owned());
    let keys = "--left-key-file key --right-key-file key";
    let misused = [
        (
            format!("{both} --left-key-file key"),
            "give --right-key-file, or set DRIFTLESS_COMPARE_RIGHT_KEY",
        ),
        (format!("--left {here} --right ftp://x {keys}"), "is not the address of a server"),
        (
            format!("{both} {keys} --set-aside subject,lastModifiedDatetime"),
            "--set-aside lastModifiedDatetime: no answer has such a member. These can",
        ),
    ];
    for (line, why) in misused {
        let told = compared.folder.misused(&format!("compare --left-org acme {line}"));
        assert!(told.contains(why), "{why}\n{told}");
    }
    let cases = [
        (format!("{both} --left-key-file key --right-key-file wrong"), "does not accept the key"),
        (
            format!("--left {here} --right {page} --left-key-file key --right-key-file key"),
            "does not answer as API v1 does (status 200): it begins \"<html>Welcome</html>\"",
        ),
        (
            format!(
                "--left {here} --right http://127.0.0.1:1 --left-key-file key --right-key-file key --patience 1ms"
            ),
            "http://127.0.0.1:1/neonws/services/api is not available",
        ),
    ];
    for (line, why) in cases {
        let told = compared.folder.run(&format!("compare --left-org acme {line}"));
        assert!(told.code == 1 && told.err.contains(why), "{why}\n{}", told.shown());
    }
}

#[test]
fn servers_with_pages_of_different_sizes_are_compared_record_by_record() {
    let compared = Compared::start();
    let left = compared.address();
    compared.folder.ok("backup copy");
    let words = ["--data", "copy", "serve", "--listen", "127.0.0.1:0", "--page-size-max", "2"];
    let clamped = Server::of(compared.folder.command(words));
    let right = format!("http://{}", clamped.address);
    let keys = "--left-org acme --left-key-file key --right-key-file key";
    let line = format!("compare --left {left} --right {right} {keys} --format json");
    let told: Value = serde_json::from_str(&compared.folder.run(&line).out).unwrap();
    let questions = told["questions"].as_array().unwrap().iter();
    let is_page =
        |asked: &&Value| asked["question"].as_str().unwrap().ends_with("everything, 2 a page");
    let pages: Vec<&Value> = questions.filter(is_page).collect();
    assert_eq!(pages.len(), 2);
    assert!(pages.iter().all(|page| page["differences"] == json!([])), "{pages:#?}");
}

#[test]
fn a_question_that_a_server_breaks_on_is_a_difference_like_others() {
    let compared = Compared::start();
    let right = altering(&compared.address(), |path, body| match path {
        path if path.contains("syncNothing") => String::new(),
        _ => body,
    });
    let told = compared.with(&right, "--patience 1ms");
    let asked = told.out.split("a method that does not exist\n").nth(1).unwrap();
    let first = asked.lines().next().unwrap();
    assert!(first.contains("the answer: another body: left JSON, right no answer"), "{first}");
    assert!(told.out.contains("  logout again\n"), "{}", told.shown());
}

#[test]
fn members_that_are_set_aside_are_not_compared_nor_what_is_in_them() {
    let compared = Compared::start();
    let right = altering(&compared.address(), |_, body| {
        body.replace("\"Not Started\"", "\"Fresh\"").replace("\"Call\"", "\"Ring\"")
    });
    let told = |more: &str| compared.with(&right, more).out;
    let all = told("");
    assert!(
        all.contains("activityStatus.name: another value") && all.contains(".subject: another")
    );
    let some = told("--set-aside activityStatus,subject");
    assert!(!some.contains("activityStatus.name:") && !some.contains(".subject:"), "{some}");
}

#[test]
fn a_session_that_a_server_repeats_is_not_shown() {
    let compared = Compared::start();
    let right = altering(&compared.address(), |path, body| {
        let session = "5e551005e551005e551005e551005e55";
        let mut answer: Value = serde_json::from_str(&body).unwrap();
        match path.contains("/login") {
            true => {
                SESSIONS.lock().unwrap().push(answer["loginResponse"]["userSessionId"].to_string());
            }
            false => {
                let content = answer.as_object_mut().unwrap().values_mut().next().unwrap();
                let sessions = SESSIONS.lock().unwrap();
                let session = sessions.first().map_or(session, |own| own.trim_matches('"'));
                content["echo"] = json!(format!("of {session}"));
            }
        }
        answer.to_string()
    });
    let told = compared.with(&right, "");
    assert!(told.out.contains("echo: only on the right: \"of (secret)\""), "{}", told.shown());
    for session in SESSIONS.lock().unwrap().iter() {
        assert!(!told.shown().contains(session.trim_matches('"')), "{}", told.shown());
    }
}

/// The sessions that the server of the test above has given.
static SESSIONS: Mutex<Vec<String>> = Mutex::new(Vec::new());
