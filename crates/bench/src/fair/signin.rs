//! Hundreds of sign-ins at once with wrong passwords, and what honest ones feel meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::beside::add_viewer;
use super::{Ask, Row, compare};
use crate::Outcome;
use crate::fill::{Content, org};
use crate::server::{CACHE_MIB, Server};
use crate::setup::{Setup, Way};

const CONTENT: Content = Content { activities: 1_000, tombstones: 0, organizations: 1 };

/// Attempts at once.
const ATTACKERS: usize = 400;

/// Attempts from one address, before it is locked out and the next one goes on.
const ATTEMPTS_OF_ADDRESS: u32 = 150;

/// How long a client that was told to come back waits before it does, and how long it keeps trying.
const PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(120);

const PASSWORD: &str = "seven quiet otters drift";

/// Where honest people are. The server trusts what a proxy on the same host says.
const OFFICE: &str = "203.0.113.9";

/// Both attacks, each on a server of its own: from one address after the other, and from an address each. Those who
/// sign in are a person whose browser is known, and one whose browser is not. If everyone comes from an address of
/// their own, nothing tells the second one from the attackers, so that only the first one is measured.
pub(super) fn signin(way: &Way) -> Outcome<Vec<Row>> {
    let mut all = attacked(way, "400 sign-ins from one address", ATTEMPTS_OF_ADDRESS, true)?;
    all.extend(attacked(way, "400 sign-ins from anywhere", 1, false)?);
    Ok(all)
}

fn attacked(
    way: &Way,
    attack: &'static str,
    attempts_of_address: u32,
    with_new_browser: bool,
) -> Outcome<Vec<Row>> {
    let setup = Setup::new(way, CONTENT)?;
    for login in ["ada", "vera"] {
        add_viewer(&setup, login, PASSWORD)?;
    }
    let server = Server::driftless(&setup.binary, &setup.data(), CACHE_MIB)?;
    setup.tell("sign-ins beside many with wrong passwords");
    let mut neighbour = vec![("in a known browser", honest(&server, "ada", true)?)];
    if with_new_browser {
        neighbour.push(("in a new browser", honest(&server, "vera", false)?));
    }
    let made = AtomicU32::new(0);
    let attackers = (0..ATTACKERS).map(|_| guesser(&server, &made, attempts_of_address));
    let attackers = attackers.collect::<Outcome<Vec<_>>>()?;
    compare(&server, way.during, attack, neighbour, attackers)
}

/// A sign-in form as a browser has it.
#[derive(Clone)]
struct Form {
    csrf: String,
    cookies: String,
}

/// Signs in again and again; a browser that keeps its cookies is known from the second time on.
fn honest<'a>(server: &'a Server, login: &'a str, keeps_cookies: bool) -> Outcome<Ask<'a>> {
    let mut form = open(server)?;
    Ok(Box::new(move || {
        let begun = Instant::now();
        let mut answer = send(server, &form, OFFICE, login, PASSWORD)?;
        while !answer.starts_with("HTTP/1.1 303") {
            if begun.elapsed() > PATIENCE {
                let head: String = answer.chars().take(100).collect();
                return Err(format!("an honest sign-in was answered with {head}").into());
            }
            std::thread::sleep(PAUSE);
            answer = send(server, &form, OFFICE, login, PASSWORD)?;
        }
        if keeps_cookies && let Some(device) = cookie(&answer, "driftless_device") {
            let rest = form.cookies.split("; ").filter(|pair| !pair.contains("driftless_device"));
            form.cookies = rest.chain([&*device]).collect::<Vec<_>>().join("; ");
        }
        Ok(())
    }))
}

/// Guesses, each time with another name.
fn guesser<'a>(
    server: &'a Server,
    made: &'a AtomicU32,
    attempts_of_address: u32,
) -> Outcome<Ask<'a>> {
    let form = open(server)?;
    Ok(Box::new(move || {
        let n = made.fetch_add(1, Ordering::Relaxed);
        let [_, a, b, c] = (n / attempts_of_address).to_be_bytes();
        let address = format!("10.{a}.{b}.{c}");
        let answer = send(server, &form, &address, &format!("nobody-{n}"), "a wrong password")?;
        if !answer.starts_with("HTTP/1.1 422") {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }))
}

fn open(server: &Server) -> Outcome<Form> {
    let page = ask(server, "GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let csrf = page.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    let (csrf, _) = csrf.ok_or("the sign-in form has no token")?;
    let cookies = cookie(&page, "driftless_form").ok_or("the sign-in form has no cookie")?;
    Ok(Form { csrf: csrf.to_owned(), cookies })
}

fn send(
    server: &Server,
    Form { csrf, cookies }: &Form,
    address: &str,
    login: &str,
    password: &str,
) -> Outcome<String> {
    let (org, password) = (org(1), password.replace(' ', "+"));
    let form = format!("csrf={csrf}&org={org}&login={login}&password={password}");
    ask(
        server,
        &format!(
            "POST /sign-in HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\nCookie: {cookies}\r\n\
             Connection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    )
}

fn ask(server: &Server, request: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(server.base.trim_start_matches("http://"))?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Name and value of a cookie that an answer sets.
fn cookie(answer: &str, name: &str) -> Option<String> {
    let mut lines = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let line = lines.find(|line| line.starts_with(name))?;
    line.split(';').next().map(str::to_owned)
}
