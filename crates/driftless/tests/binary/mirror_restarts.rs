//! A mirror of a server that people write to, and that is killed and started again meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Sender};

use rusqlite::Connection;
use serde_json::Value;

use crate::client::{Client, creation};
use crate::folder::Folder;
use crate::server::Server;

/// How often the server is started.
const LIVES: usize = 6;
const WRITERS: usize = 3;
/// The server is ended after so many acknowledged writes.
const WRITES: usize = 150;

/// Creates, edits and removes until the server does not answer any more; tells of each acknowledgement.
fn write(client: &Client, acknowledged: &Sender<()>) {
    let mut ids = Vec::new();
    for n in 0.. {
        let last: i64 = ids.last().copied().unwrap_or_default();
        let (method, query) = match n % 5 {
            0..=2 => ("createActivity", creation(&format!("Call+{n}"))),
            3 => {
                let members = format!("activity.subject=Edited+{n}&activity.note=x");
                ("updateActivity", format!("activity.activityId={last}&{members}"))
            }
            _ => ("removeActivity", format!("activityId={last}")),
        };
        let Ok(answer) = client.try_get(method, &query) else { return };
        if method == "createActivity" && answer.error().is_none() {
            ids.push(answer.id());
        }
        let _ = acknowledged.send(());
    }
}

/// Activities with subject and note, and the ids of removed ones.
type Content = (BTreeMap<i64, (String, String)>, BTreeSet<i64>);

fn truth(folder: &Folder) -> Content {
    let mut content = Content::default();
    for line in folder.ok("export acme --all").lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let Some(id) = record["activityId"].as_i64() else { continue };
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        match record["subject"].is_string() {
            true => drop(content.0.insert(id, (text("subject"), text("note")))),
            false => drop(content.1.insert(id)),
        }
    }
    content
}

fn held(folder: &Folder) -> Content {
    let connection = Connection::open(folder.path("crm.db")).unwrap();
    let mut rows = connection.prepare("SELECT activity_id, subject, note FROM activity").unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    let mut removed = connection.prepare("SELECT activity_id FROM activity_deleted").unwrap();
    let removed = removed.query_map([], |row| row.get(0)).unwrap();
    (rows.map(Result::unwrap).collect(), removed.map(Result::unwrap).collect())
}

#[test]
fn a_mirror_of_a_server_that_is_killed_and_started_again_under_traffic_ends_up_equal() {
    let (folder, key) = Folder::with_key();
    folder.write("key", &key);
    let mut server = Server::start(&folder, &[]);
    let address = server.address.to_string();
    let line = format!(
        "mirror run --from http://{address} --org acme --key-file key --to sqlite:crm.db --accept-removals"
    );
    let mirror = Server::spawn(folder.command((line.clone() + " --every 1ms").split(' ')));
    mirror.out.wait_for("the first run", |line| line.contains("complete up to"));
    for life in 0..LIVES {
        let clients: Vec<Client> = (0..WRITERS).map(|_| Client::log_in(&server, &key)).collect();
        let (tell, acknowledged) = mpsc::channel();
        std::thread::scope(|scope| {
            for client in clients {
                let tell = tell.clone();
                scope.spawn(move || write(&client, &tell));
            }
            acknowledged.iter().take(WRITES).for_each(drop);
            server.signal(if life % 2 == 0 { "-KILL" } else { "-TERM" });
        });
        server.ended();
        server = Server::of(folder.command(["serve", "--listen", &address]));
    }
    mirror.stop();
    folder.ok(&line);
    server.stop();
    let truth = truth(&folder);
    assert!(truth.0.len() > LIVES * WRITES / 5 && truth.1.len() > LIVES * WRITES / 10);
    assert_eq!(held(&folder), truth);
}
