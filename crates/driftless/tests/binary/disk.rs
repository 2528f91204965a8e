//! A disk that is almost full.

use crate::browser::Browser;
use crate::client::{ALL, Client, creation};
use crate::folder::Folder;
use crate::server::Server;

/// More than any disk has: a million GiB.
const EVERYTHING: &str = "1000000000";

#[test]
fn below_the_reserve_activities_can_only_be_read_and_everyone_is_told() {
    let (folder, key) = Folder::with_key();
    folder.run_with_input("user login acme 7 ada --password-stdin", "correct horse battery\n");
    let server = folder.serve();
    let id = Client::log_in(&server, &key).create("before");
    server.stop();

    let server = Server::listening(folder.serving(&["--disk-reserve-mib", EVERYTHING]));
    // New sessions are written, too.
    let client = Client::log_in(&server, &key);
    assert_eq!(client.sync(ALL).ids(), [id]);
    let full =
        "the server's disk is almost full, so nothing can be changed until it has more space";
    for (method, query) in [
        ("createActivity", creation("after")),
        ("updateActivity", format!("activity.activityId={id}&activity.subject=after")),
        ("removeActivity", format!("activityId={id}")),
    ] {
        let refused = client.get(method, &query);
        assert_eq!(refused.code(), "2", "{method}");
        assert!(refused.error().unwrap().1.contains(full), "{method}: {:?}", refused.error());
    }
    let mut browser = Browser::of(&server);
    assert!(browser.signs_in("ada", "correct horse battery"));
    assert_eq!(browser.get(&format!("/activities/{id}")).status, 200);

    let ready = server.get("/readyz");
    assert_eq!((ready.status, ready.body.trim()), (503, full));
    assert_eq!(server.get("/healthz").status, 200, "a restart would not help");
    let metrics = server.get("/metrics").body;
    let free = metrics.lines().find_map(|line| line.strip_prefix("driftless_disk_free_bytes "));
    assert!(free.unwrap().parse::<f64>().unwrap() > 0.0, "{metrics}");
    let log = server.stop();
    assert_eq!(log.iter().filter(|line| line.contains("the disk is almost full")).count(), 1);

    let server = Server::start(&folder, &["--disk-reserve-mib", "0"]);
    let client = Client::log_in(&server, &key);
    client.update(id, "activity.subject=after");
    assert_eq!(server.get("/readyz").status, 200);
    server.stop();
}

#[test]
fn an_import_is_refused_too() {
    let (folder, _) = Folder::with_key();
    let server = Server::listening(folder.serving(&["--disk-reserve-mib", EVERYTHING]));
    let row = "subject,startDateTime,activityStatus.name,activityPriority\nCall,2026-12-01 09:00,Planned,Medium\n";
    folder.write("one.csv", row);
    let import = folder.run("import acme one.csv --add-missing");
    assert!(import.err.contains("the server's disk is almost full"), "{import:?}");
    assert_eq!(import.code, 1);
    assert_eq!(folder.ok("export acme"), "");
    server.stop();
}

/// Creates activities with long notes until one is refused, and returns the refusal.
fn fill(client: &Client) -> String {
    let long = format!("{}&activity.note={}", creation("long"), "n".repeat(20_000));
    let refusal = |_| client.get("createActivity", &long).error().map(|(_, text)| text.to_owned());
    (0..20_000).find_map(refusal).expect("the quota is reached")
}

#[test]
fn an_organization_that_has_used_its_quota_is_read_only_and_no_other_is() {
    let (folder, key) = Folder::with_key();
    folder.ok("org add other");
    folder.ok("user add other Bea --id 8");
    let other_key = folder.ok("key add other --user 8").trim().to_owned();
    let quota = ["--quota-mib", "1"];
    let full = "the organization has used all of its storage space";

    let server = Server::start(&folder, &quota);
    let client = Client::log_in(&server, &key);
    assert!(fill(&client).contains(full));
    let total = client.sync(ALL).total();
    assert!(total > 40, "{total} activities of 20 KB are less than the quota");
    let other = Client::log_in_to("other", &server, &other_key);
    other.create("goes-on");
    assert_eq!(server.get("/readyz").status, 200, "it is no matter of the server");
    let log = server.stop();
    assert_eq!(log.iter().filter(|line| line.contains("has used its quota")).count(), 1);

    // What was stored before the start counts.
    let server = Server::start(&folder, &quota);
    let client = Client::log_in(&server, &key);
    assert!(client.get("createActivity", &creation("more")).error().unwrap().1.contains(full));
    server.stop();

    let server = Server::start(&folder, &["--quota-mib", "100"]);
    Client::log_in(&server, &key).create("more");
    server.stop();
}
