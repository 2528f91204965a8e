//! `driftless mirror`: a database that is kept equal to a server.

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use crate::client::Client;
use crate::folder::{Folder, Output};
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

    /// Whether the table has what the server has, and nothing else.
    #[track_caller]
    fn is_equal(&self) {
        let connection = Connection::open(self.folder.path("crm.db")).unwrap();
        let mut rows = connection
            .prepare("SELECT activity_id, subject FROM activity ORDER BY activity_id")
            .unwrap();
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(i64, String)> = rows.map(Result::unwrap).collect();
        let mut here = Vec::new();
        for line in self.folder.ok("export acme").lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            if let Some(subject) = record["subject"].as_str() {
                here.push((record["activityId"].as_i64().unwrap(), subject.to_owned()));
            }
        }
        here.sort_unstable();
        assert_eq!(rows, here);
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
fn what_goes_wrong_is_told_with_a_way_out() {
    let mirrored = Mirrored::start();
    mirrored.folder.write("wrong", "0123456789abcdef0123456789abcdef");
    mirrored.folder.write("empty", "");
    let here = format!("http://{}", mirrored.server.address);
    let cases = [
        ("ftp://x --org acme --key-file key --to sqlite:a.db", "is no address of a server"),
        ("HERE --org acme --key-file wrong --to sqlite:a.db", "does not accept the key"),
        ("HERE --org acme --key-file empty --to sqlite:a.db", "has no API key in its first line"),
        ("HERE --org acme --key-file nowhere --to sqlite:a.db", "nowhere: No such file"),
        ("HERE --org acme --to sqlite:a.db", "set DRIFTLESS_MIRROR_KEY"),
        ("HERE/wrong --org acme --key-file key --to sqlite:a.db", "is the address right?"),
        ("HERE --org acme --key-file key --to sqlite:nowhere/a.db", "unable to open"),
        ("HERE --org acme --key-file key --to sqlite:key", "not a database"),
    ];
    for (line, told) in cases {
        let line = line.replace("HERE", &here);
        let refused = mirrored.folder.refused(&format!("mirror run --from {line}"));
        assert!(refused.contains(told), "{line}: {refused}");
    }
    let usage = format!("mirror run --from {here} --org acme --key-file key --to");
    for target in ["nowhere:x", "crm.db", "sqlite:"] {
        assert_eq!(mirrored.folder.run(&format!("{usage} {target}")).code, 2, "{target}");
    }
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
