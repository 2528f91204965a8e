//! Mirrors: a first load beside the limit and beside dlt, a poll with nothing new, a comparison.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use domain::{Moment, Stamp};
use mirror::target::SqliteTarget;
use mirror::{Options, Patience, Report, Source, Stop};
use rusqlite::{Connection, params};
use serde::Deserialize;
use ureq::Agent;

use crate::Outcome;
use crate::client::{Client, agent};
use crate::fill::{Content, KEY, org};
use crate::others::{environment, output, script};
use crate::process::{Process, User};
use crate::results::{MirrorPoll, MirrorRound, Mirrors, median};
use crate::server::Server;
use crate::setup::{Setup, Way};

/// How many activities are mirrored; with the first of these, dlt loads them too.
const SIZES: [u64; 2] = [100_000, 1_000_000];

/// As on the pages that a mirror asks for.
const PAGE_SIZE: u64 = 200;

/// Polls of each kind, of which the median counts.
const POLLS: usize = 500;

const API: &str = "/neonws/services/api";

/// Everything about mirrors.
pub(crate) fn mirrors(way: &Way, quick: bool) -> Outcome<Vec<Mirrors>> {
    let sizes = SIZES.into_iter().take(if quick { 1 } else { SIZES.len() });
    sizes.map(|activities| of_size(way, activities)).collect()
}

fn of_size(way: &Way, activities: u64) -> Outcome<Mirrors> {
    let setup = Setup::new(way, Content::of(activities))?;
    let server = setup.serve()?;
    setup.tell("mirrors: first loads");
    let (mut rounds, mut memory) = (Vec::new(), 0);
    let target = setup.folder.join("mirror.db");
    for _ in 0..setup.rounds {
        let limit = bare_load(&setup, &server)?;
        remove(&target)?;
        let loaded = driftless(&setup, &server, "run", &target)?;
        memory = memory.max(loaded.memory);
        rounds.push(MirrorRound { ours: loaded.seconds, limit });
    }
    expect_rows(&target, activities)?;
    let dlt_seconds = match activities == SIZES[0] {
        true => Some(dlt(&setup, &server, activities)?),
        false => None,
    };
    setup.tell("mirrors: comparing, polling");
    let compared = driftless(&setup, &server, "verify", &target)?;
    let requests = compared.said.split(" requests").next().and_then(|line| line.rsplit(' ').next());
    let digest_seconds = [digest(&server)?, digest(&server)?];
    let poll = poll(&server, &target)?;
    Client::of(&server).expect_no_failure()?;
    Ok(Mirrors {
        activities,
        rounds,
        memory,
        dlt_seconds,
        compare_seconds: compared.seconds,
        compare_memory: compared.memory,
        compare_requests: requests.ok_or("no requests")?.parse()?,
        digest_seconds,
        poll,
    })
}

fn remove(target: &Path) -> Outcome<()> {
    for more in ["", ".lock", "-wal", "-shm", "-journal"] {
        let mut name = target.as_os_str().to_owned();
        name.push(more);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn expect_rows(target: &Path, expected: u64) -> Outcome<()> {
    let sql = "SELECT count(*) FROM activity";
    let rows: i64 = Connection::open(target)?.query_row(sql, [], |row| row.get(0))?;
    let is_right = rows.unsigned_abs() == expected;
    if is_right { Ok(()) } else { Err(format!("{rows} rows instead of {expected}").into()) }
}

/// What a command of the mirror took.
struct Took {
    seconds: f64,
    memory: u64,
    said: String,
}

/// The released binary, from its start to its end.
fn driftless(setup: &Setup, server: &Server, command: &str, target: &Path) -> Outcome<Took> {
    let key = setup.folder.join("key");
    std::fs::write(&key, KEY)?;
    let (binary, org) = (setup.binary.display().to_string(), org(1));
    let (key, to) = (key.display().to_string(), format!("sqlite:{}", target.display()));
    let words = [&binary, "mirror", command, "--from", &server.base, "--org", &org];
    let words = words.into_iter().chain(["--key-file", &key, "--to", &to]);
    let log = setup.folder.join("mirror.log");
    let begun = Instant::now();
    let mut process = Process::start(words, &log, "TERM", User::Same)?;
    let memory = process.run_to_the_end()?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Took { seconds, memory, said: std::fs::read_to_string(&log)? })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    sync_activities_response: Response,
}

#[derive(Deserialize)]
struct Response {
    activities: Activities,
    page: Page,
}

#[derive(Deserialize)]
struct Activities {
    activity: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    total_page: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    created_date_time: String,
    created_by: String,
    last_modified_date_time: String,
    last_modified_by: String,
    activity_id: i64,
    subject: String,
    note: String,
    start_date_time: String,
    end_date_time: String,
    client_id: i64,
    system_user_id: i64,
    activity_status: Status,
    activity_priority: String,
}

#[derive(Deserialize)]
struct Status {
    id: String,
    name: String,
}

fn form(server: &Server, from: &str, page: u64) -> [(&'static str, String); 6] {
    [
        ("userSessionId", server.session.clone()),
        ("page.currentPage", page.to_string()),
        ("page.pageSize", PAGE_SIZE.to_string()),
        ("page.sortColumn", "lastModifiedDateTime".to_owned()),
        ("page.sortDirection", "ASC".to_owned()),
        ("syncActivityTimeFrom", from.to_owned()),
    ]
}

fn ask(agent: &Agent, server: &Server, from: &str, page: u64) -> Outcome<Vec<u8>> {
    let url = format!("{}{API}/account/syncActivities", server.base);
    let form = form(server, from, page);
    let form = form.iter().map(|(name, value)| (*name, value.as_str()));
    Ok(agent.post(url).send_form(form)?.body_mut().read_to_vec()?)
}

/// The limit of a first load: a loop over the same client crate that asks for the same pages, and writes the same rows
/// with one prepared statement, in a transaction for each page. It believes everything, and checks nothing.
fn bare_load(setup: &Setup, server: &Server) -> Outcome<f64> {
    let file = setup.folder.join("bare-mirror.db");
    remove(&file)?;
    let begun = Instant::now();
    let mut connection = Connection::open(&file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(TABLE)?;
    let (agent, mut page, mut pages) = (agent(), 1, 1);
    while page <= pages {
        let body = ask(&agent, server, &Stamp::MIN.at_offset(0).to_string(), page)?;
        let answer: Answer = serde_json::from_slice(&body)?;
        pages = answer.sync_activities_response.page.total_page;
        let transaction = connection.transaction()?;
        let mut insert = transaction.prepare_cached(INSERT)?;
        for record in answer.sync_activities_response.activities.activity {
            let status: i64 = record.activity_status.id.parse()?;
            insert.execute(params![
                record.activity_id,
                record.subject,
                record.note,
                time(&record.start_date_time)?,
                time(&record.end_date_time)?,
                record.client_id,
                record.system_user_id,
                status,
                record.activity_status.name,
                record.activity_priority,
                time(&record.created_date_time)?,
                record.created_by,
                time(&record.last_modified_date_time)?,
                record.last_modified_by,
                "[]"
            ])?;
        }
        drop(insert);
        transaction.commit()?;
        page += 1;
    }
    drop(connection);
    let seconds = begun.elapsed().as_secs_f64();
    expect_rows(&file, setup.content.activities)?;
    Ok(seconds)
}

/// As mirrors write it.
const TABLE: &str = "
CREATE TABLE activity (
    activity_id INTEGER PRIMARY KEY, subject TEXT NOT NULL, note TEXT NOT NULL,
    start_date_time TEXT NOT NULL, end_date_time TEXT, client_id INTEGER, system_user_id INTEGER,
    activity_status_id INTEGER NOT NULL, activity_status_name TEXT NOT NULL,
    activity_priority TEXT NOT NULL, created_date_time TEXT NOT NULL, created_by TEXT,
    last_modified_date_time TEXT, last_modified_by TEXT, custom_fields TEXT NOT NULL
)";

const INSERT: &str = "INSERT INTO activity VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

fn time(text: &str) -> Outcome<String> {
    let text = Moment::parse(text)?.stamp.at_offset(0).text();
    let text = text.as_str();
    Ok(format!("{} {}", &text[..10], &text[11..23]))
}

/// What people would use instead: dlt's REST source, into DuckDB.
fn dlt(setup: &Setup, server: &Server, activities: u64) -> Outcome<f64> {
    setup.tell("mirrors: dlt");
    let folder = setup.folder.join("dlt").display().to_string();
    let (url, org) = (format!("{}{API}", server.base), org(1));
    let begun = Instant::now();
    let mut load = Command::new(environment()?.join("python"));
    let said = output(load.arg(script("load_dlt.py")).args([&url, &org, KEY, &folder]))?;
    let seconds = begun.elapsed().as_secs_f64();
    let loaded = said.lines().last().unwrap_or_default();
    let is_right = loaded == activities.to_string();
    if is_right { Ok(seconds) } else { Err(format!("dlt loaded {loaded}").into()) }
}

/// Seconds of the question that a comparison asks.
fn digest(server: &Server) -> Outcome<f64> {
    let begun = Instant::now();
    let target =
        format!("{API}/account/digestActivities?userSessionId={}&parts=1024", server.session);
    Client::of(server).ask(&target)?;
    Ok(begun.elapsed().as_secs_f64())
}

struct Silent;

impl Report for Silent {
    fn progress(&mut self, _: u64, _: u64) {}
}

/// Polls with nothing new: runs of a mirror that stays, and bare requests, in turn.
fn poll(server: &Server, target: &Path) -> Outcome<MirrorPoll> {
    let (stop, patience, note) = (Stop::default(), Patience::default(), Box::new(|_: &str| ()));
    let mut source = Source::new(&server.base, &org(1), KEY, patience, stop.clone(), note)?;
    let (mut target, options) = (SqliteTarget::open(target)?, Options::default());
    let agent = agent();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..POLLS {
        let begun = Instant::now();
        let summary = mirror::run(&mut source, &mut target, &options, &stop, &mut Silent)?;
        ours.push(begun.elapsed().as_secs_f64() * 1e6);
        let from = summary.complete_to.ok_or("a poll did not end")?.at_offset(0).to_string();
        let begun = Instant::now();
        ask(&agent, server, &from, 1)?;
        bare.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    let middle = |micros| median(micros).ok_or("no poll");
    Ok(MirrorPoll { ours: middle(ours)?, bare: middle(bare)? })
}
