//! An orderly stop, and going on after it.

use std::io::{Read, Write};

use domain::Moment;

use crate::browser::Browser;
use crate::client::{ALL, Answer, Client, path};
use crate::folder::{DATA, Folder};

#[test]
fn it_stops_though_a_connection_is_kept_alive() {
    for signal in ["-TERM", "-INT"] {
        let (folder, _) = Folder::with_key();
        let server = folder.serve();
        let mut kept = server.connect();
        kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = vec![0; 1_024];
        let len = kept.read(&mut answer).unwrap();
        assert!(answer[..len].starts_with(b"HTTP/1.1 200 OK\r\n"));

        let address = server.address;
        server.signal(signal);
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{signal}: {log:?}");
        assert!(log.last().unwrap().contains("stopped"), "{signal}: {log:?}");
        let mut rest = Vec::new();
        kept.read_to_end(&mut rest).unwrap();
        assert!(!rest.starts_with(b"HTTP"), "no second answer");
        assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
        let left = ["driftless-search.db", "driftless.db", "driftless.lock", "driftless.marker"];
        assert_eq!(folder.names(DATA), left, "nothing is left open");
    }
}

#[test]
fn sessions_and_runs_go_on_after_a_restart() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let ids: Vec<i64> = (0..5).map(|_| client.create("Call")).collect();
    let page = |n: u32| format!("{ALL}&page.pageSize=3&page.currentPage={n}");
    let first = client.sync(&page(1));
    client.update(ids[0], "activity.note=edited");
    server.stop();

    let server = folder.serve();
    let client = Client::with_session(&server, &client.session);
    let second = client.sync(&page(2));
    assert_eq!(second.time(), first.time(), "one run, one horizon");
    assert_eq!([first.ids(), second.ids()].concat(), [5, 4, 3, 2, 1]);
    let changed = client.sync(&format!("syncActivityTimeFrom={}", first.time()));
    assert!(changed.ids().contains(&ids[0]), "the edit comes with the next run");
    assert_eq!(client.create("after"), 6);
    server.stop();
}

#[test]
fn a_request_under_way_is_answered() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let id = client.create("Call");
    let now = Moment::parse(client.sync(ALL).time()).unwrap().stamp;
    let ahead = now.plus_millis(1_500).at_offset(0).to_string().replace('+', "%2B");
    let mut waiting = server.connect();
    let request = format!(
        "GET {}?userSessionId={}&{ALL}&syncActivityTimeTo={ahead} HTTP/1.1\r\nHost: x\r\n\r\n",
        path("syncActivities"),
        client.session
    );
    waiting.write_all(request.as_bytes()).unwrap();
    // What is answered on a later connection shows that the request above has been read.
    assert_eq!(client.sync(ALL).ids(), [id]);
    let log = server.stop();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?} {log:?}"));
    assert_eq!(Answer::of(200, body).ok().ids(), [id]);
}

#[test]
fn whoever_follows_what_changes_does_not_hold_it_up() {
    let (folder, key) = Folder::with_key();
    let add = "user add acme \"Ada Byron\" --role viewer --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, "correct horse\n").code, 0);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let mut browser = Browser::of(&server);
    assert!(browser.signs_in("ada", "correct horse"));
    let cookies = browser.cookies();
    let mut live = server.connect();
    let request = format!("GET /changes/live HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\n\r\n");
    live.write_all(request.as_bytes()).unwrap();
    let mut heard = String::new();
    let mut piece = [0; 1_024];
    let mut hear = |what: &str| {
        while !heard.contains(what) {
            let len = live.read(&mut piece).unwrap();
            assert!(len > 0, "no {what} in {heard}");
            heard.push_str(std::str::from_utf8(&piece[..len]).unwrap());
        }
    };
    hear("data: {\"seq\":0}");
    client.create("Call");
    hear("data: {\"seq\":1}");
    let log = server.stop();
    assert!(!log.iter().any(|line| line.contains("dropping requests")), "{log:?}");
    let mut rest = String::new();
    live.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the answer has come to its end: {rest:?}");
}
