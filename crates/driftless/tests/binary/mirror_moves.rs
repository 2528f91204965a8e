//! `driftless mirror` when its server moves, or has removed much, and addresses that it does not take.

use crate::client::Client;
use crate::folder::Folder;
use crate::server::Server;

fn line(server: &Server, to: &str) -> String {
    let from = server.address;
    format!("mirror run --from http://{from} --org acme --key-file key --to {to}")
}

#[test]
fn a_server_that_has_moved_is_known_by_its_log() {
    let (folder, key) = Folder::with_key();
    folder.write("key", &key);
    let server = Server::start(&folder, &[]);
    Client::log_in(&server, &key).create("Call");
    assert!(folder.ok(&line(&server, "sqlite:crm.db")).starts_with("1 read, 1 written"));
    let before = server.address;
    server.stop();
    let server = Server::start(&folder, &[]);
    assert_ne!(server.address, before);
    Client::log_in(&server, &key).create("Mail");
    let told = folder.ok(&line(&server, "sqlite:crm.db"));
    assert!(told.contains(", 1 written, 0 removed"), "{told}");
    // Another organization's server is not.
    let (other, key) = Folder::with_key();
    let another = Server::start(&other, &[]);
    folder.write("key", &key);
    let refused = folder.refused(&line(&another, "sqlite:crm.db"));
    assert!(refused.contains("the target mirrors organization \"acme\" of http://"), "{refused}");
}

#[test]
fn a_singer_target_is_sent_any_number_of_removals() {
    let (folder, key) = Folder::with_key();
    folder.write("key", &key);
    let server = Server::start(&folder, &[]);
    let client = Client::log_in(&server, &key);
    for _ in 0..30 {
        client.remove(client.create("Call"));
    }
    client.create("Mail");
    let told = folder.run(&format!("{} --state states", line(&server, "singer:-")));
    assert_eq!(told.code, 0, "{}", told.shown());
    assert_eq!(told.out.matches("\"_sdc_deleted_at\":\"").count(), 30, "{}", told.shown());
}

#[test]
fn addresses_with_passwords_are_refused_and_those_of_methods_are_understood() {
    let (folder, key) = Folder::with_key();
    folder.write("key", &key);
    let server = Server::start(&folder, &[]);
    Client::log_in(&server, &key).create("Call");
    let usual = line(&server, "sqlite:crm.db");
    let refused = folder.misused(&usual.replace("http://", "http://crm:secret@"));
    assert!(refused.contains("has a user or a password in it"), "{refused}");
    assert!(!refused.contains("secret"), "{refused}");
    let method = usual.replace(" --org", "/neonws/services/api/account/syncActivities --org");
    assert!(folder.ok(&method).starts_with("1 read, 1 written"));
    let told = folder.run(&line(&server, "sqlite::memory:"));
    assert!(told.code == 2 && told.err.contains("the name of a file"), "{}", told.shown());
}

#[test]
fn activities_as_large_as_they_can_be_are_asked_for_in_smaller_pages() {
    let (folder, key) = Folder::with_key();
    folder.write("key", &key);
    // Each quotation mark is two bytes in an answer: together more than is read at once.
    let value = "\\\"".repeat(100_000);
    let field = format!(r#"{{"fieldId":"1","fieldValue":"{value}"}}"#);
    let fields = vec![field; 9].join(",");
    let record = |id: u32| {
        format!(
            r#"{{"activityId":{id},"subject":"Call","startDateTime":"2026-01-01T00:00:00Z","lastModifiedDateTime":"2026-01-01T00:00:00Z","activityStatus":{{"id":"2","name":"Not Started"}},"activityPriority":"LOW","customFieldDataList":{{"customFieldData":[{fields}]}}}}"#
        )
    };
    folder.write("large.jsonl", (1..=40).map(|id| record(id) + "\n").collect::<String>());
    folder.ok("import acme large.jsonl");
    let server = Server::start(&folder, &[]);
    let told = folder.ok(&line(&server, "sqlite:crm.db"));
    assert!(told.starts_with("40 read, 40 written, 0 removed"), "{told}");
}
