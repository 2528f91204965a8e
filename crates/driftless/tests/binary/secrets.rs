//! Keys and session ids reach neither log nor metrics nor disk, wherever a client puts them; and
//! each request has one line that says what became of it.

use serde_json::Value;

use crate::client::{API, Client};
use crate::folder::{DATA, Folder};
use crate::server::Server;

/// What a log line says of a request: method, organization, status, error code.
type Told = (&'static str, &'static str, u16, &'static str);

/// A request with the secrets in some place, and what the log says of it.
struct Case {
    request: String,
    told: Told,
}

fn cases(key: &str, session: &str) -> Vec<Case> {
    let sync = "account/syncActivities";
    let get = |target: String, headers: String, told: Told| Case {
        request: format!("GET {target} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n"),
        told,
    };
    let api = |rest: String, told| get(format!("{API}/{rest}"), String::new(), told);
    let post = |method: &str, kind: &str, body: String, told| Case {
        request: format!(
            "POST {API}/{method} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        ),
        told,
    };
    let form = "application/x-www-form-urlencoded";
    let unknown = ("unknown", "", 404, "1");
    let mut cases = vec![
        api(
            format!("common/login?login.apiKey={key}&login.orgid=acme"),
            ("common/login", "acme", 200, ""),
        ),
        api(
            format!("common/login?login.apiKey={session}&login.orgid=acme"),
            ("common/login", "", 200, "13"),
        ),
        api(
            format!("common/login?login.apiKey=acme&login.orgid={key}"),
            ("common/login", "", 200, "14"),
        ),
        api(
            format!("{sync}?userSessionId={session}&activityIds.activityId=1"),
            (sync, "acme", 200, ""),
        ),
        api(format!("{sync}?userSessionId={session}"), (sync, "acme", 200, "10242")),
        api(format!("{sync}?userSessionId={key}"), (sync, "", 200, "4")),
        api(
            format!("{sync}?userSessionId={session}&syncActivityTimeFrom={key}"),
            (sync, "acme", 200, "1"),
        ),
        api(
            format!("{sync}?userSessionId={session}&activityIds.activityId={session}&{key}={key}"),
            (sync, "acme", 200, "1"),
        ),
        api(
            format!("{sync}?{}", format!("userSessionId={session}&").repeat(1_350)),
            (sync, "", 414, "1"),
        ),
        api(format!("{sync}/{session}"), unknown),
        api(format!("account/{key}"), unknown),
        api(format!("{session}?login.apiKey={key}"), unknown),
        get(format!("/{key}/{session}"), String::new(), ("unknown", "", 404, "")),
        post(
            sync,
            form,
            format!("userSessionId={session}&activityIds.activityId=1"),
            (sync, "acme", 200, ""),
        ),
        post(
            "common/login",
            form,
            format!("login.apiKey={key}&login.orgid=acme"),
            ("common/login", "acme", 200, ""),
        ),
        post(
            sync,
            "application/json",
            format!("{{\"userSessionId\":\"{session}\"}}"),
            (sync, "", 200, "1"),
        ),
        post(sync, key, session.to_owned(), (sync, "", 200, "1")),
        Case {
            request: format!(
                "{session} {API}/{sync} HTTP/1.1\r\nHost: {key}\r\nConnection: close\r\n\r\n"
            ),
            told: (sync, "", 405, "1"),
        },
    ];
    for header in [
        "Authorization: Bearer",
        "Cookie:",
        "User-Agent:",
        "X-Api-Key:",
        "Referer: http://x/?userSessionId=",
    ] {
        let headers = format!("{header} {key}{session}\r\n");
        cases.push(get("/healthz".to_owned(), headers, ("/healthz", "", 200, "")));
    }
    cases
}

/// Requests that no handler sees, since they are no HTTP: they have no line.
fn malformed(key: &str, session: &str) -> Vec<String> {
    vec![
        format!("GET /?login.apiKey={key}&userSessionId={session}\r\n\r\n"),
        format!("{key} {session}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{session} {key}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", session.repeat(20_000)),
    ]
}

#[track_caller]
fn assert_secret(what: &str, bytes: &[u8], secrets: &[&str]) {
    for secret in secrets {
        let pairs = (0..secret.len()).step_by(2).map(|at| &secret[at..at + 2]);
        let decoded: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
        let upper = secret.to_uppercase();
        for form in [secret.as_bytes(), upper.as_bytes(), &decoded] {
            let found = bytes.windows(form.len()).position(|window| window == form);
            assert!(found.is_none(), "{what} gives {secret} away at {found:?}");
        }
    }
}

#[track_caller]
fn assert_secret_on_disk(folder: &Folder, secrets: &[&str]) {
    let names = folder.names(DATA);
    assert!(names.contains(&"driftless.db".to_owned()), "{names:?}");
    for name in names.iter().filter(|name| *name != "driftless.sock") {
        assert_secret(name, &std::fs::read(folder.path(DATA).join(name)).unwrap(), secrets);
    }
}

/// The value of a field of a log line, empty where it has none.
pub(crate) fn field(line: &str, name: &str) -> String {
    if let Ok(json) = serde_json::from_str::<Value>(line) {
        return match &json[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
    }
    let mut words = line.split(' ').filter_map(|word| word.split_once('='));
    let value = words.find(|(field, _)| *field == name).map_or("", |(_, value)| value);
    value.trim_matches('"').to_owned()
}

/// Serves with these settings while all the requests come in; gives the log.
fn log_of(options: &[&str], rust_log: Option<&str>) -> (Vec<String>, Vec<Told>) {
    let (folder, key) = Folder::with_key();
    let mut command = folder.serving(options);
    if let Some(filter) = rust_log {
        command.env("RUST_LOG", filter);
    }
    let server = Server::of(command);
    let session = Client::log_in(&server, &key).session;
    let secrets = [key.as_str(), &session];
    let mut told = vec![("/readyz", "", 200, ""), ("common/login", "acme", 200, "")];
    for Case { request, told: expected } in cases(&key, &session) {
        let page = server.send(request.as_bytes());
        assert_eq!(page.status, expected.2, "{request:.200}");
        told.push(expected);
    }
    for request in malformed(&key, &session) {
        let page = server.send(request.as_bytes());
        assert!(page.status >= 400, "{request:.200}");
        assert_secret("an answer", page.body.as_bytes(), &secrets);
    }
    // What an admin types while the server runs is logged too.
    folder.ok("key revoke acme 1");
    let second = folder.ok("key add acme --user 7").trim().to_owned();
    let secrets = [key.as_str(), &session, &second];
    assert_secret("/metrics", server.get("/metrics").body.as_bytes(), &secrets);
    told.push(("/metrics", "", 200, ""));
    assert_secret_on_disk(&folder, &secrets);
    let log = server.stop();
    assert_secret("the log", log.join("\n").as_bytes(), &secrets);
    assert_secret_on_disk(&folder, &secrets);
    (log, told)
}

/// Each request has exactly one line, in the order of the requests, and it says what it should.
#[track_caller]
fn check(log: &[String], told: &[Told], is_request: fn(&str) -> bool) {
    let lines: Vec<&String> = log.iter().filter(|line| is_request(line)).collect();
    assert_eq!(lines.len(), told.len(), "{lines:#?}");
    for (line, (method, org, status, code)) in lines.into_iter().zip(told) {
        let expected = [*method, *org, &status.to_string(), *code];
        let got = ["method", "org", "status", "code"].map(|name| field(line, name));
        assert_eq!(got, expected, "{line}");
        let ms: f64 = field(line, "ms").parse().unwrap();
        assert!(ms >= 0.0 && field(line, "level") != "ERROR", "{line}");
    }
}

#[test]
fn the_json_log_tells_each_request_and_no_secret() {
    let (log, told) = log_of(&["--log-format", "json"], None);
    check(&log, &told, |line| field(line, "message") == "request");
    for line in &log {
        serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    }
}

#[test]
fn the_text_log_tells_each_request_and_no_secret() {
    let (log, told) = log_of(&["--log-format", "text"], None);
    check(&log, &told, |line| line.contains(" request "));
}

#[test]
fn the_most_talkative_log_tells_no_secret() {
    let (log, told) = log_of(&["--log-format", "json"], Some("trace"));
    check(&log, &told, |line| field(line, "message") == "request");
}

#[test]
fn a_command_that_the_server_does_is_logged_without_what_it_is_about() {
    let folder = Folder::new();
    let server = folder.serve_new();
    folder.ok("org add acme");
    folder.ok("user add acme \"Ada Byron\"");
    folder.refused("user add acme \"Colin Pizarek\" --id 1");
    let log = server.stop();
    let commands = log.iter().filter(|line| line.contains("a command"));
    let names: Vec<&str> = commands.filter_map(|line| line.split("command=").nth(1)).collect();
    assert_eq!(names, ["\"org add\"", "\"user add\"", "\"user add\""], "{log:?}");
    let log = log.join("\n");
    assert!(!log.contains("Ada") && !log.contains("Colin"), "{log}");
}
