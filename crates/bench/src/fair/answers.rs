//! Answers that one organization does not read, or that are very large, and what another one feels meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::beside::add_viewer;
use super::{Ask, Row, compare};
use crate::Outcome;
use crate::client::Client;
use crate::connection::Connection;
use crate::fill::{Content, org};
use crate::process::peak_bytes;
use crate::question::{Question, Scenario};
use crate::server::{CACHE_MIB, Server};
use crate::setup::{Setup, Way};

const CONTENT: Content = Content { activities: 10_000, tombstones: 0, organizations: 2 };

/// The organization that is the neighbour; the other one attacks.
const NEIGHBOUR: u32 = 2;

/// Connections of one viewer, and how long their forms are. Quotation marks are shown again six times as long.
const FORMS: usize = 200;
const FORM_BYTES: usize = (2 << 20) - 1_000;

/// How long the answer to a form is left unread before another form is sent.
const UNREAD: Duration = Duration::from_secs(5);

/// Requests at once for as many records, each of a megabyte in the custom fields.
const READERS: usize = 24;
const RECORDS: u64 = 200;
const FIELDS: u32 = 10;
const FIELD_CHARS: usize = 100_000;

/// After all that the folder was filled with.
const SINCE: &str = "2025-06-01T00:00:00Z";

const LOGIN: &str = "vera";
const PASSWORD: &str = "seven quiet otters drift";

const API: &str = "/neonws/services/api";

/// Both attacks, each on a server of its own, so that its memory can be compared.
pub(super) fn answers(way: &Way) -> Outcome<Vec<Row>> {
    let mut all = forms(way)?;
    all.extend(records(way)?);
    Ok(all)
}

/// Long forms of an earlier session whose answers are not read.
fn forms(way: &Way) -> Outcome<Vec<Row>> {
    let setup = Setup::new(way, CONTENT)?;
    add_viewer(&setup, LOGIN, PASSWORD)?;
    let server = Server::driftless(&setup.binary, &setup.data(), CACHE_MIB)?;
    let cookies = sign_in(&server)?;
    setup.tell("polls and pages beside forms whose answers are not read");
    let attackers = (0..FORMS).map(|_| sender(&server, &cookies)).collect();
    measured(&server, way, "unread answers to forms", attackers)
}

/// Pages of very large records.
fn records(way: &Way) -> Outcome<Vec<Row>> {
    let setup = Setup::new(way, CONTENT)?;
    let server = Server::driftless(&setup.binary, &setup.data(), CACHE_MIB)?;
    setup.tell("writing large records");
    for id in 1..=RECORDS {
        let session = &server.session;
        let mut form = format!("userSessionId={session}&activity.activityId={id}");
        for n in 1..=FIELDS {
            let field = "&activity.customFieldDataList.customFieldData";
            form += &format!("{field}.fieldId={n}{field}.fieldValue={}", "x".repeat(FIELD_CHARS));
        }
        let path = format!("{API}/account/updateActivity");
        let answer = read_to_end(&mut post(&server, &path, "", form.as_bytes())?)?;
        if !answer.contains("SUCCESS") {
            return Err(answer.into());
        }
    }
    setup.tell("polls and pages beside requests for large records");
    let attackers = (0..READERS).map(|_| reader(&server)).collect();
    measured(&server, way, "large answers", attackers)
}

/// With the most memory that the server has held, before the attack and after it.
fn measured(
    server: &Server,
    way: &Way,
    attack: &'static str,
    attackers: Vec<Ask<'_>>,
) -> Outcome<Vec<Row>> {
    let before = peak_bytes(server.id())?;
    let mut felt = compare(server, way.during, attack, neighbour(server)?, attackers)?;
    let after = peak_bytes(server.id())?;
    for Row { without, with, .. } in &mut felt {
        without.memory = without.memory.max(before);
        with.memory = after;
    }
    Ok(felt)
}

/// One that polls, and reads pages of a hundred.
fn neighbour(server: &Server) -> Outcome<Vec<(&'static str, Ask<'static>)>> {
    let session = Client::log_in(&server.base, NEIGHBOUR)?.session().to_owned();
    let asks = |scenario: Scenario| -> Outcome<Ask<'static>> {
        let (mut connection, session) = (Connection::open(&server.base)?, session.clone());
        Ok(Box::new(move || {
            let question: Question = scenario.draw(CONTENT);
            connection.get(&question.driftless(&session))?;
            Ok(())
        }))
    };
    Ok(vec![("polls", asks(Scenario::Idle)?), ("pages", asks(Scenario::Place)?)])
}

/// Sends a form, and does not read the answer for a while.
fn sender<'a>(server: &'a Server, cookies: &'a str) -> Ask<'a> {
    let mut form = format!("csrf={}&note=", "0".repeat(64)).into_bytes();
    form.resize(FORM_BYTES, b'"');
    Box::new(move || {
        let sent = Instant::now();
        // What is refused may be closed before all of it has been sent.
        let _unread = post(server, "/activities", cookies, &form);
        std::thread::sleep(UNREAD.saturating_sub(sent.elapsed()));
        Ok(())
    })
}

/// Asks for all large records, and reads whatever comes.
fn reader(server: &Server) -> Ask<'_> {
    let question = format!(
        "{API}/account/syncActivities?userSessionId={}&syncActivityTimeFrom={SINCE}&page.pageSize={RECORDS}",
        server.session
    );
    Box::new(move || {
        let mut stream = connect(server)?;
        write!(stream, "GET {question} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut piece = vec![0; 256 << 10];
        while stream.read(&mut piece)? > 0 {}
        Ok(())
    })
}

/// Signs the viewer in; the cookies of their session.
fn sign_in(server: &Server) -> Outcome<String> {
    let mut stream = connect(server)?;
    write!(stream, "GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let page = read_to_end(&mut stream)?;
    let csrf = page.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    let (csrf, _) = csrf.ok_or("the sign-in form has no token")?;
    let form =
        format!("csrf={csrf}&org={}&login={LOGIN}&password={}", org(1), PASSWORD.replace(' ', "+"));
    let mut stream = post(server, "/sign-in", &cookies(&page), form.as_bytes())?;
    let answer = read_to_end(&mut stream)?;
    match answer.starts_with("HTTP/1.1 303") {
        true => Ok(cookies(&answer)),
        false => Err("the viewer could not sign in".into()),
    }
}

/// The cookies that an answer sets, as a browser sends them.
fn cookies(answer: &str) -> String {
    let lines = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let pairs = lines.filter_map(|line| line.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

fn connect(server: &Server) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(server.base.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

/// Sends a form from a page of the server's own.
fn post(server: &Server, path: &str, cookies: &str, form: &[u8]) -> Outcome<TcpStream> {
    let mut stream = connect(server)?;
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nCookie: {cookies}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        form.len()
    )?;
    stream.write_all(form)?;
    Ok(stream)
}

fn read_to_end(stream: &mut TcpStream) -> Outcome<String> {
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
