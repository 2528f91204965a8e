//! A small server of API v1 over a [`World`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::Stamp;
use serde_json::json;

use crate::world::{Shown, Sins, World};

pub(crate) struct Double {
    pub(crate) world: Arc<Mutex<World>>,
    listener: TcpListener,
    over: Arc<AtomicBool>,
}

impl Double {
    pub(crate) fn start(sins: Sins, seed: u64) -> Double {
        let page_size_max = if sins.page_size_max == 0 { 200 } else { sins.page_size_max };
        let world = World::new(Sins { page_size_max, ..sins }, seed);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let double = Double {
            world: Arc::new(Mutex::new(world)),
            listener: listener.try_clone().unwrap(),
            over: Arc::default(),
        };
        let (world, over) = (double.world.clone(), double.over.clone());
        std::thread::spawn(move || {
            let mut unanswered = Vec::new();
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let stream = stream.unwrap();
                if !serve(&stream, &world) {
                    unanswered.push(stream);
                }
            }
        });
        double
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(crate) fn work(&self, acts: u32) {
        let mut world = self.world();
        (0..acts).for_each(|_| world.act());
    }

    /// Up to half an hour in which no one does anything.
    pub(crate) fn pause(&self) {
        let mut world = self.world();
        world.now += world.dice.i64(0..1_800_000);
    }

    pub(crate) fn create(&self, count: u32) {
        let mut world = self.world();
        (0..count).for_each(|_| world.create());
        world.pass();
    }

    pub(crate) fn edit(&self, id: i64) {
        let mut world = self.world();
        world.change(id, false);
        world.pass();
    }

    pub(crate) fn remove(&self, count: usize) {
        let mut world = self.world();
        world.pass();
        let ids: Vec<i64> = world.living().take(count).collect();
        ids.into_iter().for_each(|id| world.change(id, true));
        world.pass();
    }

    pub(crate) fn restore(&self, id: i64) {
        self.world().restore(id);
    }

    pub(crate) fn rest(&self) {
        self.world().rest();
    }

    pub(crate) fn rows(&self) -> BTreeMap<i64, String> {
        self.world().rows()
    }

    pub(crate) fn removed(&self) -> (BTreeSet<i64>, BTreeSet<i64>) {
        self.world().removed()
    }

    pub(crate) fn truth(&self) -> BTreeMap<i64, String> {
        self.world().truth()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.listener.local_addr().unwrap());
    }
}

/// Stands for the status of an answer that never comes.
const NONE: &str = "";

/// One request, one answer; false if it gets none, and waits for it.
fn serve(mut stream: &TcpStream, world: &Mutex<World>) -> bool {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut path) = (String::new(), 0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return true;
        }
        if path.is_empty() {
            path = line.split(' ').nth(1).unwrap().to_owned();
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return true; // The client was killed.
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let (status, text) = answer(&path, &form, &mut world.lock().unwrap());
    if status == NONE {
        return false;
    }
    let log = world.lock().unwrap().sins.log;
    let log = log.map_or(String::new(), |log| {
        format!("Driftless-Version: 0.0.0\r\nDriftless-Log: {log}\r\n")
    });
    let head = format!(
        "HTTP/1.1 {status}\r\n{log}Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    // Now and then an answer is cut off that does not say how long it is.
    let (head, text) = match status {
        "200 cut off" => {
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_owned(), &text[..text.len() / 2])
        }
        _ => (head, text.as_str()),
    };
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
    true
}

fn answer(path: &str, form: &[(String, String)], world: &mut World) -> (&'static str, String) {
    if path.ends_with("/logout") {
        return ("200 OK", json!({"logoutResponse": {"operationResult": "SUCCESS"}}).to_string());
    }
    world.pass();
    let one_in = |world: &mut World, n: u32| n > 0 && world.dice.u32(0..n) == 0;
    let responded = text(world.now + world.sins.ahead_ms);
    let outages = world.sins.outages;
    if one_in(world, outages) {
        let status = ["502 Bad Gateway", "429 Too Many Requests"][world.dice.usize(..2)];
        return (status, "<html>Try again later</html>".to_owned());
    }
    let throttled = world.sins.throttled;
    if one_in(world, throttled) {
        return ("429 Too Many Requests", "<html>Slow down</html>".to_owned());
    }
    let silent = world.sins.silent;
    if one_in(world, silent) {
        return (NONE, String::new());
    }
    if path.ends_with("/login") {
        let answer = json!({"loginResponse": {"operationResult": "SUCCESS",
            "responseDateTime": responded, "userSessionId": "s"}});
        return ("200 OK", answer.to_string());
    }
    let failed = |code: &str, message: &str| {
        let errors = json!({"error": [{"errorCode": code, "errorMessage": message}]});
        let answer = json!({"syncActivitiesResponse": {"operationResult": "FAIL",
            "responseDateTime": responded, "errors": errors}});
        ("200 OK", answer.to_string())
    };
    let sessions_end = world.sins.sessions_end;
    let is_later = form.iter().any(|(name, value)| name == "page.currentPage" && value != "1");
    if one_in(world, sessions_end) || (is_later && world.sins.sessions_end_on_page_2) {
        return failed("4", "User session id is invalid.");
    }
    if one_in(world, outages) {
        return failed("2", "Service is not available");
    }
    let bursts = world.sins.bursts;
    if one_in(world, bursts) {
        world.burst = 8;
    }
    if world.burst > 0 {
        world.burst -= 1;
        return failed("2", "Service is not available");
    }
    if world.sins.edits && world.dice.bool() {
        world.act();
    }
    let status = if one_in(world, outages) { "200 cut off" } else { "200 OK" };
    (status, page(form, &responded, world))
}

fn page(form: &[(String, String)], responded: &str, world: &mut World) -> String {
    let first = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let number = |name: &str| first(name).unwrap().parse::<usize>().unwrap();
    let time = |name: &str| Some(domain::Moment::lower_bound(first(name)?).unwrap().millis());
    let ids: Vec<i64> = form
        .iter()
        .filter(|(name, _)| name == "activityIds.activityId")
        .map(|(_, id)| id.parse().unwrap())
        .collect();
    let from = time("syncActivityTimeFrom").unwrap_or(i64::MIN);
    let to = time("syncActivityTimeTo").unwrap_or(i64::MAX);
    let (current, size) = (number("page.currentPage"), number("page.pageSize"));
    let size = size.min(world.sins.page_size_max);
    let (mut records, mut removed) = world.window(from, to);
    if !ids.is_empty() {
        records.retain(|shown| ids.contains(&shown.id));
        removed.retain(|id| ids.contains(id));
    }
    if world.sins.short_lists && current > 1 {
        removed.clear();
    }
    let totals_move = world.sins.totals_move;
    let moved = totals_move > 0 && world.dice.u32(0..totals_move) == 0;
    let total = records.len() + usize::from(moved);
    let shown: Vec<_> = records.iter().skip((current - 1) * size).take(size).map(record).collect();
    json!({"syncActivitiesResponse": {
        "operationResult": "SUCCESS",
        "responseDateTime": responded,
        "activities": {"activity": shown},
        "page": {"currentPage": current, "pageSize": size,
            "totalPage": if world.sins.one_page { 1 } else { total.div_ceil(size).max(1) + world.sins.pages_more },
            "totalResults": total},
        "deletedActivityIdList": {"activityId": removed},
    }})
    .to_string()
}

fn record(shown: &Shown) -> serde_json::Value {
    let Shown { id, subject, stamp, unreadable } = shown;
    let mut record = json!({"activityId": id, "subject": subject, "note": "",
        "startDateTime": if *unreadable { "soon" } else { "2026-11-30T09:00:00.000+00:00" },
        "activityStatus": {"id": "2", "name": "Not Started"}, "activityPriority": "NORMAL"});
    if let Some(stamp) = stamp {
        record["lastModifiedDateTime"] = json!(text(*stamp));
        record["createdDateTime"] = json!(text(*stamp));
    }
    record
}

fn text(millis: i64) -> String {
    Stamp::from_millis(millis).at_offset(0).to_string()
}
