//! A killed process: what was acknowledged is there, what was told stays true.
//!
//! Writers and a mirror go on with their sessions from life to life of the server, each of which is
//! cut off after a number of acknowledged writes that dice decide.
//!
//! `LIVES=200 cargo test --release -p driftless --test binary crash` does it for longer; `SEED=n` throws
//! the same dice again.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher};
use std::sync::mpsc::{self, Sender};

use crate::client::{ALL, Answer, Client, creation};
use crate::folder::Folder;
use crate::server::Server;

/// Lives of the server in a test run, unless `LIVES` says how many.
const LIVES: usize = 5;
const WRITERS: u64 = 8;

fn lives() -> usize {
    std::env::var("LIVES").map_or(LIVES, |lives| lives.parse().expect("LIVES is a number"))
}

/// Numbers that look thrown (SplitMix64): the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What somebody knows: subjects by id, nothing for a removed activity.
type Known = BTreeMap<i64, Option<String>>;

/// A write without an answer: it may be there, or not.
enum Doubt {
    Create(String),
    Write(i64, Option<String>),
}

/// Somebody who writes activities of their own.
struct Writer {
    name: u64,
    session: String,
    dice: Dice,
    written: u64,
    known: Known,
    doubt: Option<Doubt>,
}

impl Writer {
    /// Writes until the server does not answer any more; tells of each acknowledgement.
    fn run(&mut self, server: &Server, acknowledged: &Sender<()>) {
        let client = Client::with_session(server, &self.session);
        while self.write(&client).is_some() {
            let _ = acknowledged.send(());
        }
    }

    fn write(&mut self, client: &Client) -> Option<()> {
        self.written += 1;
        let subject = format!("w{}n{}", self.name, self.written);
        let live: Vec<i64> = self.live();
        let choice = if live.len() < 3 { 0 } else { self.dice.below(4) };
        let at = |dice: &mut Dice| live[dice.below(live.len() as u64) as usize];
        let (method, query, doubt) = match choice {
            0 | 1 => ("createActivity", creation(&subject), Doubt::Create(subject)),
            2 => {
                let id = at(&mut self.dice);
                let query = format!("activity.activityId={id}&activity.subject={subject}");
                ("updateActivity", query, Doubt::Write(id, Some(subject)))
            }
            _ => {
                let id = at(&mut self.dice);
                ("removeActivity", format!("activityId={id}"), Doubt::Write(id, None))
            }
        };
        let answer = client.try_get(method, &query);
        let Ok(answer) = answer else {
            self.doubt = Some(doubt);
            return None;
        };
        match doubt {
            Doubt::Create(subject) => {
                let id = answer.ok().id();
                assert!(self.known.insert(id, Some(subject)).is_none(), "id {id} was used before");
            }
            Doubt::Write(id, content) => {
                answer.ok();
                self.known.insert(id, content);
            }
        }
        Some(())
    }

    fn live(&self) -> Vec<i64> {
        let live = self.known.iter().filter(|(_, content)| content.is_some());
        live.map(|(id, _)| *id).collect()
    }

    /// Compares with what is there, and takes over what was in doubt. Takes its own out of `there`.
    fn settle(&mut self, there: &mut Known) {
        let doubt = self.doubt.take();
        for (id, content) in &mut self.known {
            let found = there.remove(id).unwrap_or_else(|| panic!("activity {id} is lost"));
            if found != *content {
                let doubted =
                    matches!(&doubt, Some(Doubt::Write(of, what)) if of == id && *what == found);
                assert!(doubted, "activity {id} is {found:?}, acknowledged was {content:?}");
                *content = found;
            }
        }
        if let Some(Doubt::Create(subject)) = doubt {
            let made = there.iter().find(|(_, content)| content.as_ref() == Some(&subject));
            if let Some(id) = made.map(|(id, _)| *id) {
                self.known.insert(id, there.remove(&id).unwrap());
            }
        }
    }
}

/// A copy that is kept equal by plain polling.
struct Mirror {
    session: String,
    from: String,
    known: Known,
    /// The latest instant that any answer has given away.
    exposed: String,
}

impl Mirror {
    /// Polls until the server does not answer any more.
    fn run(&mut self, server: &Server) {
        let client = Client::with_session(server, &self.session);
        while self.poll(&client).is_some() {}
    }

    /// One run, all its pages; nothing is taken over from one that is cut off.
    fn poll(&mut self, client: &Client) -> Option<()> {
        let mut pages = Vec::new();
        loop {
            let query = format!(
                "syncActivityTimeFrom={}&page.pageSize=7&page.currentPage={}",
                self.from,
                pages.len() + 1
            );
            let page = client.try_get("syncActivities", &query).ok()?.ok();
            self.see(&page);
            let total = page.inside["page"]["totalPage"].as_u64().unwrap();
            pages.push(page);
            if pages.len() as u64 >= total {
                break;
            }
        }
        let times: BTreeSet<&str> = pages.iter().map(Answer::time).collect();
        assert_eq!(times.len(), 1, "one run, one horizon");
        self.from = pages[0].time().to_owned();
        for page in &pages {
            self.known.extend(contents(page));
        }
        Some(())
    }

    fn see(&mut self, answer: &Answer) {
        let stamps = answer.records().iter().map(|r| r["lastModifiedDateTime"].as_str().unwrap());
        let latest = stamps.chain([answer.time()]).max().unwrap();
        if latest > self.exposed.as_str() {
            self.exposed = latest.to_owned();
        }
    }
}

/// What an answer says: records, and removed ones.
fn contents(answer: &Answer) -> Known {
    let subject = |record: &serde_json::Value| Some(record["subject"].as_str().unwrap().to_owned());
    let records = answer.ids().into_iter().zip(answer.records().iter().map(subject));
    records.chain(answer.deleted().into_iter().map(|id| (id, None))).collect()
}

/// Everything that is there.
fn everything(client: &Client) -> Known {
    let mut there = Known::new();
    for page in 1.. {
        let answer = client.sync(&format!("{ALL}&page.currentPage={page}"));
        there.extend(contents(&answer));
        if page >= answer.inside["page"]["totalPage"].as_u64().unwrap() {
            return there;
        }
    }
    there
}

/// One life of the server, ended by a kill once so many writes have been acknowledged.
fn live(folder: &Folder, writers: &mut [Writer], mirror: &mut Mirror, writes: u64) {
    let server = folder.serve();
    std::thread::scope(|scope| {
        let (tell, heard) = mpsc::channel();
        for writer in writers {
            let (tell, server) = (tell.clone(), &server);
            scope.spawn(move || writer.run(server, &tell));
        }
        scope.spawn(|| mirror.run(&server));
        drop(tell);
        assert_eq!(heard.iter().take(writes as usize).count() as u64, writes);
        server.signal("-KILL");
    });
    server.kill();
}

/// Looks at what the next life holds.
fn examine(folder: &Folder, writers: &mut [Writer], mirror: &mut Mirror) {
    let server = folder.serve();
    assert_eq!(folder.ok("check"), "no problems found\n");
    let client = Client::with_session(&server, &mirror.session);
    let there = everything(&client);
    let mut unexplained = there.clone();
    for writer in &mut *writers {
        writer.settle(&mut unexplained);
    }
    assert!(unexplained.is_empty(), "nobody has written {unexplained:?}");

    let exposed = mirror.exposed.clone();
    mirror.poll(&client).expect("the session goes on");
    assert_eq!(mirror.known, there, "the mirror has missed something");

    let writer = &mut writers[0];
    let id = Client::with_session(&server, &writer.session).create("after");
    assert!(there.keys().all(|used| *used < id), "id {id} is not a new one");
    writer.known.insert(id, Some("after".to_owned()));
    let made = client.sync(&format!("activityIds.activityId={id}"));
    let stamp = made.records()[0]["lastModifiedDateTime"].as_str().unwrap();
    assert!(stamp > exposed.as_str(), "{stamp} appears behind {exposed}");
    server.kill();
}

#[test]
fn a_killed_server_loses_nothing_that_it_has_acknowledged_or_told() {
    let given = std::env::var("SEED").ok().map(|seed| seed.parse().expect("SEED is a number"));
    let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("SEED={seed}");
    let mut dice = Dice(seed);
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let session = || Client::log_in(&server, &key).session;
    let writer = |name| Writer {
        name,
        session: session(),
        dice: Dice(seed ^ name),
        written: 0,
        known: Known::new(),
        doubt: None,
    };
    let mut writers: Vec<Writer> = (1..=WRITERS).map(writer).collect();
    let mut mirror = Mirror {
        session: session(),
        from: "2026-01-01T00:00:00.000Z".to_owned(),
        known: Known::new(),
        exposed: String::new(),
    };
    server.kill();
    for _ in 0..lives() {
        live(&folder, &mut writers, &mut mirror, 1 + dice.below(200));
        examine(&folder, &mut writers, &mut mirror);
    }
    assert_eq!(folder.ok("check"), "no problems found\n");
}
