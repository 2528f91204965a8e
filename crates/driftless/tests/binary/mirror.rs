//! `driftless mirror`: a database that is kept equal to a server.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use crate::client::Client;
use crate::compare::disguising;
use crate::folder::{Folder, Output};
use crate::postgresql::Postgresql;
use crate::server::Server;

/// A server with an organization, and the folder that a mirror of it works in.
struct Mirrored {
    folder: Folder,
    server: Server,
    client: Client,
}

impl Mirrored {
    fn start() -> Mirrored {
        let (folder, key) = Folder::with_key();
        let server = Server::start(&folder, &[]);
        let client = Client::log_in(&server, &key);
        folder.write("key", format!("{key}\n"));
        Mirrored { folder, server, client }
    }

    fn run(&self, more: &str) -> Output {
        let from = format!("http://{}", self.server.address);
        let line =
            format!("mirror run --from {from} --org acme --key-file key --to sqlite:crm.db {more}");
        self.folder.run(&line)
    }

    /// Runs it; the line that it prints, without figures of time.
    #[track_caller]
    fn ok(&self) -> String {
        let Output { code, out, err } = self.run("");
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        out.split(" in ").next().unwrap().to_owned()
    }

    fn subject(&self, id: i64) -> Option<String> {
        let sql = "SELECT subject FROM activity WHERE activity_id = ?1";
        let connection = Connection::open(self.folder.path("crm.db")).unwrap();
        connection.query_row(sql, [id], |row| row.get(0)).optional().unwrap()
    }

    /// The first words of a mirror's command line.
    fn line(&self, to: &str) -> String {
        let from = format!("http://{}", self.server.address);
        format!("mirror run --from {from} --org acme --key-file key --to {to}")
    }

    /// Whether the table has what the server has, and nothing else.
    #[track_caller]
    fn is_equal(&self) {
        self.is_equal_to("driftless-data");
    }

    #[track_caller]
    fn is_equal_to(&self, data: &str) {
        assert_eq!(self.held(), self.truth(data));
    }

    /// What the table has: id and subject, by id.
    fn held(&self) -> Vec<(i64, String)> {
        let connection = Connection::open(self.folder.path("crm.db")).unwrap();
        let mut rows = connection
            .prepare("SELECT activity_id, subject FROM activity ORDER BY activity_id")
            .unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// What the server has: id and subject, by id.
    fn truth(&self, data: &str) -> Vec<(i64, String)> {
        let mut here = Vec::new();
        for line in self.folder.ok(&format!("--data {data} export acme")).lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            if let Some(subject) = record["subject"].as_str() {
                here.push((record["activityId"].as_i64().unwrap(), subject.to_owned()));
            }
        }
        here.sort_unstable();
        here
    }

    /// What the file `crm.csv` has.
    fn in_csv(&self) -> Vec<(i64, String)> {
        let mut rows = csv::Reader::from_path(self.folder.path("crm.csv")).unwrap();
        let rows = rows.records().map(Result::unwrap);
        rows.map(|row| (row[0].parse().unwrap(), row[1].to_owned())).collect()
    }

    /// What the lines in the folder `changes` come to, one after the other.
    fn in_log(&self) -> Vec<(i64, String)> {
        let mut held = BTreeMap::new();
        let log = self.folder.path("changes/activities-000001.jsonl");
        for line in fs::read_to_string(log).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let id = line["activity_id"].as_i64().unwrap();
            match line["removed"].as_bool().unwrap() {
                true => assert!(held.remove(&id).is_some(), "{id} is removed twice"),
                false => drop(held.insert(id, line["subject"].as_str().unwrap().to_owned())),
            }
        }
        held.into_iter().collect()
    }
}

#[test]
fn what_is_created_edited_and_removed_is_in_the_table_after_the_next_run() {
    let mirrored = Mirrored::start();
    let (call, mail) = (mirrored.client.create("Call"), mirrored.client.create("Mail"));
    assert_eq!(mirrored.ok(), "2 read, 2 written, 0 removed");
    mirrored.is_equal();

    mirrored.client.update(call, "activity.subject=Call+back");
    mirrored.client.remove(mail);
    assert_eq!(mirrored.ok(), "1 read, 1 written, 1 removed");
    assert_eq!(mirrored.subject(call).as_deref(), Some("Call back"));
    mirrored.is_equal();
    // The bound itself is asked for again, and changes nothing.
    assert!(mirrored.ok().ends_with("0 written, 0 removed"));
    let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
    let sql = "SELECT value ->> 'written', value ->> 'removed', value ->> 'completeTo' IS NOT NULL
        FROM json_each((SELECT value FROM driftless_mirror WHERE name = 'runs'))";
    let mut runs = connection.prepare(sql).unwrap();
    let runs = runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let runs: Vec<(u32, u32, bool)> = runs.map(Result::unwrap).collect();
    assert_eq!(runs, [(1, 1, true), (2, 0, true)], "the newest first");
}

#[test]
fn what_somebody_has_changed_in_the_table_is_found_and_repaired() {
    let mirrored = Mirrored::start();
    let ids = ["Call", "Mail", "Meet"].map(|subject| mirrored.client.create(subject));
    mirrored.ok();
    let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
    let change = |sql: &str| connection.execute(sql, [ids[0]]).unwrap();
    change(
        "UPDATE activity SET subject = 'x', last_modified_date_time = '2999-01-01 00:00:00.000' WHERE activity_id = ?1",
    );
    change("DELETE FROM activity WHERE activity_id = ?1 + 1");
    change(
        "INSERT INTO activity SELECT ?1 + 100, subject, note, start_date_time, NULL, NULL, NULL, activity_status_id, activity_status_name, activity_priority, created_date_time, NULL, NULL, NULL, custom_fields FROM activity LIMIT 1",
    );
    let from = format!("http://{}", mirrored.server.address);
    let verify = |more: &str| {
        let line = format!(
            "mirror verify --from {from} --org acme --key-file key --to sqlite:crm.db {more}"
        );
        mirrored.folder.run(&line)
    };
    let told = verify("");
    let [first, second, ghost] = [ids[0], ids[1], ids[0] + 100];
    let expected = format!(
        "{first}: differs in subject, last_modified_date_time\n{second}: missing in the target\n{ghost}: not at the server\n3 compared as of "
    );
    assert!(told.out.starts_with(&expected), "{}", told.shown());
    assert!(told.out.ends_with(": 3 different; --repair repairs them\n"), "{}", told.shown());
    assert_eq!(told.code, 1);
    assert!(verify("--repair").out.ends_with(": 3 repaired\n"));
    mirrored.is_equal();
    let equal = verify("");
    assert!(equal.code == 0 && equal.out.ends_with(": equal\n"), "{}", equal.shown());
}

#[test]
fn what_a_repair_could_not_make_equal_is_still_told_as_different() {
    let mirrored = Mirrored::start();
    let id = mirrored.client.create("Call");
    mirrored.ok();
    let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
    let trigger = "CREATE TRIGGER mine AFTER UPDATE OF note ON activity BEGIN UPDATE activity SET subject = 'mine' WHERE activity_id = new.activity_id; END";
    connection.execute_batch(trigger).unwrap();
    connection.execute("UPDATE activity SET note = 'x'", ()).unwrap();
    let line = mirrored.line("sqlite:crm.db --repair").replace("mirror run", "mirror verify");
    let told = mirrored.folder.run(&line);
    assert_eq!(told.code, 1, "{}", told.shown());
    assert!(told.out.starts_with(&format!("{id}: differs in subject, note\n")), "{}", told.shown());
    assert!(
        told.out.ends_with(": 1 different, and 1 still after they were repaired\n"),
        "{}",
        told.shown()
    );
    connection.execute_batch("DROP TRIGGER mine").unwrap();
    assert!(mirrored.folder.ok(&line).ends_with(": 1 repaired\n"));
}

#[test]
fn a_mirror_that_runs_again_and_again_ends_in_order_when_it_is_told_to() {
    let mirrored = Mirrored::start();
    let id = mirrored.client.create("Call");
    let from = format!("http://{}", mirrored.server.address);
    let words = ["mirror", "run", "--from", &from, "--org", "acme", "--key-file", "key"];
    let words = words.into_iter().chain(["--to", "sqlite:crm.db", "--every", "50ms"]);
    let running = Server::spawn(mirrored.folder.command(words));
    running.out.wait_for("the first run", |line| line.starts_with("1 read, 1 written"));
    mirrored.client.remove(id);
    running.out.wait_for("the removal", |line| line.contains(" 1 removed"));
    assert_eq!(mirrored.subject(id), None);
    running.stop();
}

#[test]
fn a_mirror_that_runs_on_outlives_a_database_that_refuses_for_a_while() {
    let mirrored = Mirrored::start();
    mirrored.client.create("Call");
    mirrored.ok();
    let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
    let trigger = "CREATE TRIGGER refusing BEFORE INSERT ON activity BEGIN SELECT RAISE(ABORT, 'not now'); END";
    connection.execute_batch(trigger).unwrap();
    let line = mirrored.line("sqlite:crm.db") + " --every 30ms";
    let running = Server::spawn(mirrored.folder.command(line.split(' ')));
    mirrored.client.create("Mail");
    running.log.wait_for("the refusal", |line| line.contains("not now"));
    connection.execute_batch("DROP TRIGGER refusing").unwrap();
    running.out.wait_for("the next run", |line| line.contains(" 1 written"));
    mirrored.is_equal();
    running.stop();
}

#[test]
fn a_mirror_that_runs_on_outlives_a_restart_of_postgresql() {
    let mirrored = Mirrored::start();
    mirrored.client.create("Call");
    let mut database = Postgresql::start();
    let url = database.database("crm");
    let running =
        mirrored.folder.command(mirrored.line(&url).split(' ').chain(["--every", "30ms"]));
    let running = Server::spawn(running);
    running.out.wait_for("the first run", |line| line.starts_with("1 read, 1 written"));
    database.stop();
    running.log.wait_for("the refusal", |line| line.starts_with("driftless: postgresql://"));
    mirrored.client.create("Mail");
    mirrored.client.create("Meet");
    database.restart();
    running.out.wait_for("the next run", |line| line.contains(" 2 written"));
    running.stop();
    // Without --every, it is an error.
    database.stop();
    mirrored.folder.refused(&mirrored.line(&url));
}

#[test]
fn a_run_that_is_stopped_before_its_end_says_so_with_its_exit_code() {
    let folder = Folder::new();
    folder.write("key", "k\n");
    // Nothing listens there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let line =
        format!("mirror run --from http://{address} --org acme --key-file key --to sqlite:crm.db");
    let running = Server::spawn(folder.command(line.split(' ')));
    running.log.wait_for("an attempt", |line| !line.is_empty());
    running.signal("-TERM");
    running.out.wait_for("the end", |line| line.contains("stopped before the end"));
    assert_eq!(running.ended().0.code(), Some(1));
}

#[test]
fn what_goes_wrong_is_told_with_a_way_out() {
    let mirrored = Mirrored::start();
    mirrored.folder.write("wrong", "0123456789abcdef0123456789abcdef");
    mirrored.folder.write("empty", "");
    let here = format!("http://{}", mirrored.server.address);
    let cases = [
        ("HERE --org acme --key-file wrong --to sqlite:a.db", "does not accept the key"),
        ("HERE --org acme --key-file empty --to sqlite:a.db", "has no API key in its first line"),
        ("HERE --org acme --key-file nowhere --to sqlite:a.db", "nowhere: No such file"),
        ("HERE/wrong --org acme --key-file key --to sqlite:a.db", "is the address right?"),
        ("HERE --org acme --key-file key --to sqlite:nowhere/a.db", "unable to open"),
        ("HERE --org acme --key-file key --to sqlite:key", "not a database"),
    ];
    for (line, told) in cases {
        let line = line.replace("HERE", &here);
        let refused = mirrored.folder.refused(&format!("mirror run --from {line}"));
        assert!(refused.contains(told), "{line}: {refused}");
    }
    let misused = [
        ("ftp://x --org acme --key-file key --to sqlite:a.db", "is not the address of a server"),
        ("http://a:b@x --org acme --key-file key --to sqlite:a.db", "has a user or a password in"),
        ("HERE --org acme --to sqlite:a.db", "set DRIFTLESS_MIRROR_KEY"),
        ("HERE --org acme --key-file key --to sqlite:a.db --state s", "--state is for"),
    ];
    for (line, told) in misused {
        let line = line.replace("HERE", &here);
        let refused = mirrored.folder.misused(&format!("mirror run --from {line}"));
        assert!(refused.contains(told), "{line}: {refused}");
    }
    let usage = format!("mirror run --from {here} --org acme --key-file key --to");
    for to in ["postgresql://crm:SECRET@x:y/crm", "postgre://crm:SECRET@x/crm", "postgresql:crm"] {
        let told = mirrored.folder.misused(&format!("{usage} {to}"));
        assert!(told.contains("invalid value for '--to <TARGET>'"), "{told}");
        assert!(!told.contains("SECRET"), "{told}");
    }
    for wrong in ["nowhere:x", "crm.db", "sqlite:", "sqlite:x.db --every 0s"] {
        assert_eq!(mirrored.folder.run(&format!("{usage} {wrong}")).code, 2, "{wrong}");
    }
    let told = mirrored.folder.run(&format!("{usage} sqlite:a.db --every 0s"));
    assert!(told.code == 2 && told.err.contains("expected more than 0"), "{told:?}");
}

#[test]
fn a_page_for_people_instead_of_an_answer_is_told_and_leaves_nothing() {
    let folder = Folder::new();
    folder.write("key", "k\n");
    let before = folder.names("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = Listing::answer_with(&stream.unwrap(), |_| "<html>Welcome</html>".to_owned());
        }
    });
    let line =
        format!("mirror run --from http://{address} --org acme --key-file key --to sqlite:crm.db");
    let refused = folder.refused(&line);
    assert!(
        refused.contains("<html>Welcome") && refused.contains("is the address right?"),
        "{refused}"
    );
    assert_eq!(folder.names(""), before);
}

#[test]
fn a_target_of_another_source_is_refused() {
    let mirrored = Mirrored::start();
    mirrored.client.create("Call");
    mirrored.ok();
    let other = Mirrored::start();
    let from = format!("http://{}", other.server.address);
    other.folder.write("crm.db", std::fs::read(mirrored.folder.path("crm.db")).unwrap());
    let line = format!("mirror run --from {from} --org acme --key-file key --to sqlite:crm.db");
    let refused = other.folder.refused(&line);
    assert!(refused.contains("the target mirrors organization \"acme\" of"), "{refused}");
}

#[test]
fn an_address_at_which_driftless_takes_another_servers_place_is_compared() {
    let mirrored = Mirrored::start();
    let id = mirrored.client.create("Call");
    let (from, is_shown) = disguising(&format!("http://{}", mirrored.server.address));
    let run = || {
        let words = "--org acme --key-file key --to sqlite:crm.db";
        mirrored.folder.ok(&format!("mirror run --from {from} {words}"));
    };
    // A row that only a comparison finds.
    let ghost = id + 100;
    let is_ghost_left_by_a_run = || {
        let columns = "subject, note, start_date_time, end_date_time, client_id, system_user_id, activity_status_id, activity_status_name, activity_priority, created_date_time, created_by, last_modified_date_time, last_modified_by, custom_fields";
        let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
        let sql = format!(
            "INSERT OR IGNORE INTO activity (activity_id, {columns}) SELECT {ghost}, {columns} FROM activity"
        );
        connection.execute(&sql, ()).unwrap();
        drop(connection);
        run();
        mirrored.subject(ghost).is_some()
    };
    run();
    assert!(is_ghost_left_by_a_run());
    is_shown.store(true, Ordering::SeqCst);
    assert!(!is_ghost_left_by_a_run(), "Driftless has taken another's place");
    assert!(is_ghost_left_by_a_run());
    is_shown.store(false, Ordering::SeqCst);
    run();
    is_shown.store(true, Ordering::SeqCst);
    assert!(!is_ghost_left_by_a_run(), "and once more");
}

#[test]
fn a_mirror_notices_that_its_server_was_restored_from_a_backup() {
    let mut mirrored = Mirrored::start();
    let ids = ["Call", "Mail", "Meet"].map(|subject| mirrored.client.create(subject));
    mirrored.ok();
    mirrored.folder.ok("backup copy");
    mirrored.client.update(ids[0], "activity.subject=Call+back");
    mirrored.client.remove(ids[1]);
    let lost = mirrored.client.create("lost");
    mirrored.ok();
    let address = mirrored.server.address.to_string();
    let key = fs::read_to_string(mirrored.folder.path("key")).unwrap();
    let served = mirrored.folder.command(["--data", "copy", "serve", "--listen", &address]);
    mirrored.server.signal("-TERM");
    let server =
        std::mem::replace(&mut mirrored.server, Server::spawn(mirrored.folder.command(["help"])));
    server.ended();
    mirrored.server = Server::of(served);
    mirrored.client = Client::log_in(&mirrored.server, key.trim());
    // The same id again, for something else.
    assert_eq!(mirrored.client.create("after"), lost);

    let told = mirrored.run("");
    assert!(told.err.starts_with("the server was restored from a backup"), "{}", told.shown());
    assert!(told.out.starts_with("3 repaired, "), "{}", told.shown());
    mirrored.is_equal_to("copy");
    let next = mirrored.run("");
    assert_eq!(next.err, "", "it is known now");
}

#[test]
fn a_run_that_could_not_begin_leaves_nothing_behind() {
    let mirrored = Mirrored::start();
    mirrored.client.create("Call");
    mirrored.folder.write("wrong", "0123456789abcdef0123456789abcdef");
    let before = mirrored.folder.names("");
    for to in ["sqlite:crm.db", "csv:crm.csv", "jsonl:changes"] {
        let told = mirrored.folder.run(&format!("{} --dry-run", mirrored.line(to)));
        assert!(told.out.starts_with("1 read, 1 would be written, 0 would be removed"), "{told:?}");
        let refused = mirrored.line(to).replace("--key-file key", "--key-file wrong");
        mirrored.folder.refused(&refused);
        assert_eq!(mirrored.folder.names(""), before, "{to}");
    }
}

#[test]
fn a_singer_target_gets_messages_alone_and_decides_how_far_they_count() {
    let mirrored = Mirrored::start();
    let (call, _) = (mirrored.client.create("Call"), mirrored.client.create("Mail"));
    let line = format!("{} --state states", mirrored.line("singer:-"));
    let run = || {
        let Output { code, out, err } = mirrored.folder.run(&line);
        assert_eq!(code, 0, "{err}");
        let messages: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (messages, err)
    };
    let subjects = |messages: &[Value]| -> Vec<String> {
        let records = messages.iter().filter(|message| message["type"] == "RECORD");
        records
            .filter_map(|record| Some(record["record"]["subject"].as_str()?.to_owned()))
            .collect()
    };
    let (messages, told) = run();
    assert!(told.starts_with("2 read, 2 written, 0 removed in "), "{told}");
    assert_eq!(subjects(&messages), ["Call", "Mail"]);
    // The Singer target has stored nothing, so that all comes again.
    assert_eq!(subjects(&run().0), ["Call", "Mail"]);
    let state = &messages.last().unwrap()["value"];
    mirrored.folder.write("states", format!("{state}\n"));
    mirrored.client.remove(call);
    let (messages, told) = run();
    assert!(told.contains(" 1 removed in "), "{told}");
    let removed = messages.iter().find(|message| message["record"]["activity_id"] == call).unwrap();
    assert!(removed["record"]["_sdc_deleted_at"].is_string(), "{removed}");
}

#[test]
fn a_singer_target_that_has_ended_ends_the_run_with_a_sentence() {
    let mirrored = Mirrored::start();
    mirrored.client.create("Call");
    let line = format!("{} --state states", mirrored.line("singer:-"));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = mirrored.folder.command(line.split(' '));
    let told = Output::of(&command.stdout(writer).output().unwrap());
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.err.contains("the Singer target has ended before the run"), "{told:?}");
    assert!(!mirrored.folder.path("states").exists());

    let refused = mirrored.folder.misused(&mirrored.line("singer:-"));
    assert!(refused.contains("singer:- needs --state FILE"), "{refused}");
    let refused = mirrored.folder.misused(&line.replace("mirror run", "mirror verify"));
    assert!(refused.contains("cannot be compared"), "{refused}");
    let refused = mirrored.folder.misused(&format!("{line} --verify-every 7d"));
    assert!(refused.contains("--verify-every cannot be used"), "{refused}");
}

#[test]
fn a_comparison_that_is_due_repairs_and_is_counted_in_the_metrics() {
    let mirrored = Mirrored::start();
    let id = mirrored.client.create("Call");
    mirrored.ok();
    let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
    connection.execute("UPDATE activity SET subject = 'x'", ()).unwrap();
    drop(connection);
    assert!(!mirrored.run("--verify-every 7d").out.contains("compared"));
    let line = mirrored.line("sqlite:crm.db") + " --every 50ms --verify-every 1ms --metrics 0";
    let running = Server::spawn(mirrored.folder.command(line.split(' ')));
    let told = running.log.wait_for("the address of the metrics", |line| line.contains("/metrics"));
    running.out.wait_for("a comparison", |line| line.ends_with(": 1 repaired"));
    running.out.wait_for("the next one", |line| line.ends_with(": equal"));
    assert_eq!(mirrored.subject(id).as_deref(), Some("Call"));
    let running = running.at(&told);
    let metrics = running.get("/metrics");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{}", metrics.head);
    for line in [
        "driftless_mirror_repaired_total 1",
        "driftless_mirror_removals_held_back 0",
        "driftless_mirror_errors_total{kind=\"source\"} 0",
    ] {
        assert!(metrics.body.lines().any(|told| told == line), "{line}\n{}", metrics.body);
    }
    assert_eq!(running.get("/").status, 404);
    // Clients that say nothing do not keep others waiting.
    let silent = [(); 9].map(|()| TcpStream::connect(running.address).unwrap());
    assert_eq!(running.get("/metrics").status, 200);
    drop(silent);
    running.stop();
}

/// A server that lists what a test tells it to.
struct Listing {
    address: SocketAddr,
    told: Arc<Mutex<(Vec<Value>, Vec<i64>)>>,
}

impl Listing {
    fn start() -> Listing {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told: Arc<Mutex<(Vec<Value>, Vec<i64>)>> = Arc::default();
        let shared = told.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = Listing::answer(&stream.unwrap(), &shared.lock().unwrap());
            }
        });
        Listing { address, told }
    }

    fn tell(&self, records: Vec<Value>, removed: Vec<i64>) {
        *self.told.lock().unwrap() = (records, removed);
    }

    fn answer(stream: &TcpStream, told: &(Vec<Value>, Vec<i64>)) -> std::io::Result<()> {
        Listing::answer_with(stream, |head| Listing::told(head, told))
    }

    /// What it answers to a request that begins so.
    fn told(head: &str, told: &(Vec<Value>, Vec<i64>)) -> String {
        let now = "2026-11-30T09:00:00.000+00:00";
        let answer = match head.contains("/login") {
            true => json!({"loginResponse": {"operationResult": "SUCCESS",
                "responseDateTime": now, "userSessionId": "s"}}),
            false => json!({"syncActivitiesResponse": {"operationResult": "SUCCESS",
                "responseDateTime": now, "activities": {"activity": told.0},
                "page": {"currentPage": 1, "pageSize": 200, "totalPage": 1,
                    "totalResults": told.0.len()},
                "deletedActivityIdList": {"activityId": told.1}}}),
        };
        answer.to_string()
    }

    fn answer_with(stream: &TcpStream, answer: impl FnOnce(&str) -> String) -> std::io::Result<()> {
        let (mut reader, mut head) = (BufReader::new(stream), String::new());
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let length = head.to_lowercase();
        let length = length.split_once("content-length: ").unwrap().1.split("\r\n").next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body)?;
        let text = answer(&head);
        let length = text.len();
        let head =
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
        let mut stream = stream;
        stream.write_all((head + &text).as_bytes())
    }
}

fn listed(id: i64, start: &str) -> Value {
    json!({"activityId": id, "subject": "Call", "startDateTime": start,
        "lastModifiedDateTime": "2026-11-30T08:55:00.000+00:00",
        "activityStatus": {"id": "2", "name": "Not Started"}, "activityPriority": "NORMAL"})
}

const START: &str = "2026-11-30T07:00:00.000+00:00";

#[test]
fn a_record_that_cannot_be_read_is_set_aside_and_the_others_are_written() {
    let (folder, listing) = (Folder::new(), Listing::start());
    folder.write("key", "k\n");
    let run = |command: &str| {
        let from = listing.address;
        folder.run(&format!(
            "mirror {command} --from http://{from} --org acme --key-file key --to sqlite:crm.db"
        ))
    };
    listing.tell(vec![listed(1, START), listed(2, "soon")], Vec::new());
    let told = run("run");
    assert_eq!((told.code, told.err.as_str()), (0, ""));
    assert!(told.out.starts_with("2 read, 1 written, 0 removed, 1 cannot be read in "), "{told:?}");
    let connection = Connection::open(folder.path("crm.db")).unwrap();
    let sql = "SELECT problem FROM activity_unreadable WHERE activity_id = 2 AND record ->> 'startDateTime' = 'soon'";
    let problem: String = connection.query_row(sql, (), |row| row.get(0)).unwrap();
    assert!(problem.starts_with("startDateTime is \"soon\""), "{problem}");
    let compared = run("verify").out;
    assert!(compared.starts_with("2 compared (1 cannot be read) as of "), "{compared}");
    listing.tell(vec![listed(1, START), listed(2, START)], Vec::new());
    assert!(run("run").out.starts_with("2 read, 1 written, 0 removed in "));
}

#[test]
fn a_run_that_would_empty_too_much_does_nothing_until_it_is_allowed_to() {
    let (folder, listing) = (Folder::new(), Listing::start());
    folder.write("key", "k\n");
    let line = format!(
        "mirror run --from http://{} --org acme --key-file key --to sqlite:crm.db",
        listing.address
    );
    let listed = |note: &str| {
        let noted = |id| {
            let mut record = listed(id, START);
            record["note"] = json!(note);
            record
        };
        (1..=50).map(noted).collect::<Vec<Value>>()
    };
    listing.tell(listed("to call back"), Vec::new());
    folder.ok(&line);
    listing.tell(listed(""), Vec::new());
    let refused = folder.run(&line);
    assert_eq!(refused.code, 3, "{}", refused.shown());
    assert!(
        refused.err.contains("50 of the 50 activities in the target have lost note"),
        "{refused:?}"
    );
    let dry = folder.run(&format!("{line} --dry-run"));
    assert_eq!(dry.code, 3, "{}", dry.shown());
    assert!(folder.ok(&format!("{line} --accept-removals")).starts_with("50 read, 50 written"));
    assert!(folder.ok(&line).starts_with("50 read, 0 written"));
}

#[test]
fn a_mirror_that_runs_on_holds_too_many_removals_back_until_the_server_takes_them_back() {
    let (folder, listing) = (Folder::new(), Listing::start());
    folder.write("key", "k\n");
    let all: Vec<Value> = (1..=50).map(|id| listed(id, START)).collect();
    listing.tell(all.clone(), Vec::new());
    let from = format!("http://{}", listing.address);
    let words = ["mirror", "run", "--from", &from, "--org", "acme", "--key-file", "key"];
    let more = ["--to", "sqlite:crm.db", "--every", "50ms", "--metrics", "0"];
    let running = Server::spawn(folder.command(words.into_iter().chain(more)));
    let address = running.log.wait_for("the metrics", |line| line.contains("/metrics"));
    running.out.wait_for("the first run", |line| line.starts_with("50 read, 50 written"));
    listing.tell(Vec::new(), (1..=50).collect());
    running.log.wait_for("the breaker", |line| line.contains("50 of the 50 activities"));
    let running = running.at(&address);
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains("driftless_mirror_removals_held_back 1"), "{metrics}");
    listing.tell(all, Vec::new());
    running.out.wait_for("a good run", |line| line.starts_with("50 read, 0 written, 0 removed"));
    running.stop();
}

#[test]
fn a_mirror_that_is_killed_again_and_again_under_traffic_ends_up_equal() {
    let mirrored = Mirrored::start();
    let database = Postgresql::start();
    let url = database.database("crm");
    for to in ["sqlite:crm.db", "csv:crm.csv", "jsonl:changes", &url] {
        let line = mirrored.line(to) + " --every 1ms --accept-removals";
        for round in 0..10 {
            let running = Server::spawn(mirrored.folder.command(line.split(' ')));
            let ids = [0; 4].map(|_| mirrored.client.create("Call"));
            if round % 2 == 0 {
                running.out.wait_for("a run", |line| line.contains("complete up to"));
            }
            mirrored.client.update(ids[0], &format!("activity.subject=round+{round}"));
            mirrored.client.remove(ids[1]);
            running.kill();
        }
        mirrored.folder.ok(&mirrored.line(to));
        let truth = mirrored.truth("driftless-data");
        match to {
            "csv:crm.csv" => assert_eq!(mirrored.in_csv(), truth),
            "jsonl:changes" => assert_eq!(mirrored.in_log(), truth),
            _ if to == url => {
                let mut client = postgres::Client::connect(to, postgres::NoTls).unwrap();
                let sql = "SELECT activity_id, subject FROM activity ORDER BY activity_id";
                let rows = client.query(sql, &[]).unwrap();
                let rows: Vec<(i64, String)> =
                    rows.iter().map(|row| (row.get(0), row.get(1))).collect();
                assert_eq!(rows, truth);
            }
            _ => mirrored.is_equal(),
        }
    }
}

#[test]
fn a_mirror_of_a_server_that_is_killed_again_and_again_under_traffic_ends_up_equal() {
    let mut mirrored = Mirrored::start();
    let address = mirrored.server.address.to_string();
    let key = fs::read_to_string(mirrored.folder.path("key")).unwrap();
    let line = mirrored.line("sqlite:crm.db") + " --every 1ms";
    let running = Server::spawn(mirrored.folder.command(line.split(' ')));
    running.out.wait_for("the first run", |line| line.contains("complete up to"));
    for round in 0..4 {
        let ids = [0; 60].map(|_| mirrored.client.create("Call"));
        mirrored.client.update(ids[0], &format!("activity.subject=round+{round}"));
        mirrored.client.remove(ids[1]);
        let Mirrored { folder, server, .. } = mirrored;
        server.kill();
        let server = Server::of(folder.command(["serve", "--listen", &address]));
        let client = Client::log_in(&server, key.trim());
        mirrored = Mirrored { folder, server, client };
    }
    mirrored.client.create("last");
    running.stop();
    mirrored.ok();
    mirrored.is_equal();
}

#[test]
fn a_run_a_comparison_and_a_mirror_that_is_stopped_end_their_session() {
    let (folder, listener) = (Folder::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    folder.write("key", "k\n");
    let from = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let nothing = (Vec::new(), Vec::new());
        for stream in listener.incoming() {
            let note = |head: &str| {
                tell.send(head.lines().next().unwrap().to_owned()).unwrap();
                Listing::told(head, &nothing)
            };
            let _ = Listing::answer_with(&stream.unwrap(), note);
        }
    });
    let line = |verb: &str| {
        format!("mirror {verb} --from {from} --org acme --key-file key --to sqlite:crm.db")
    };
    let is_logged_out = || {
        let last = asked.try_iter().last().unwrap();
        assert!(last.contains("/common/logout "), "{last}");
    };
    folder.ok(&line("run"));
    is_logged_out();
    folder.ok(&line("verify"));
    is_logged_out();
    let running = line("run") + " --every 1h";
    let running = Server::spawn(folder.command(running.split(' ')));
    running.out.wait_for("a run", |line| line.contains("complete up to"));
    running.stop();
    is_logged_out();
}

#[test]
fn a_comparison_that_leaves_differences_is_seen_in_the_exit_code_of_a_run() {
    let mirrored = Mirrored::start();
    mirrored.client.create("Call");
    mirrored.ok();
    let connection = Connection::open(mirrored.folder.path("crm.db")).unwrap();
    let trigger = "CREATE TRIGGER mine AFTER UPDATE OF note ON activity BEGIN UPDATE activity SET subject = 'mine' WHERE activity_id = new.activity_id; END";
    connection.execute_batch(trigger).unwrap();
    connection.execute("UPDATE activity SET note = 'x'", ()).unwrap();
    drop(connection);
    mirrored.client.create("Mail");
    let told = mirrored.run("--verify-every 1ms");
    assert!(told.out.ends_with("1 still after they were repaired\n"), "{}", told.shown());
    assert_eq!(told.code, 1, "{}", told.shown());
}
