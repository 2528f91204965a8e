//! What an admin types takes effect in the running server at once.

use crate::client::{ALL, Client};
use crate::folder::Folder;
use crate::shape;

const SESSION_INVALID: (&str, &str) = ("4", "User session id is invalid.");

#[test]
fn a_disabled_user_is_out_at_once() {
    let (folder, key) = Folder::with_key();
    folder.ok("user add acme \"Colin Pizarek\" --id 8");
    let others = folder.ok("key add acme --user 8").trim().to_owned();
    let server = folder.serve();
    let (ada, colin) = (Client::log_in(&server, &key), Client::log_in(&server, &others));
    ada.sync(ALL);
    folder.ok("user disable acme 7");
    assert_eq!(ada.get("syncActivities", ALL).error(), Some(SESSION_INVALID));
    assert_eq!(ada.get("createActivity", "").error(), Some(SESSION_INVALID));
    let login = crate::client::login("acme", &key);
    assert_eq!(ada.get("login", &login).code(), "13", "the key is no key any more");
    colin.sync(ALL);
    server.stop();
}

#[test]
fn a_revoked_keys_sessions_end_at_once_and_another_keys_go_on() {
    let (folder, key) = Folder::with_key();
    let second = folder.ok("key add acme --user 7").trim().to_owned();
    let server = folder.serve();
    let (revoked, kept) = (Client::log_in(&server, &key), Client::log_in(&server, &second));
    revoked.sync(ALL);
    folder.ok("key revoke acme 1");
    assert_eq!(revoked.get("syncActivities", ALL).error(), Some(SESSION_INVALID));
    kept.sync(ALL);
    server.stop();

    let server = folder.serve();
    let revoked = Client::with_session(&server, &revoked.session);
    assert_eq!(revoked.get("syncActivities", ALL).error(), Some(SESSION_INVALID));
    Client::with_session(&server, &kept.session).sync(ALL);
    server.stop();
}

#[test]
fn a_key_made_while_serving_logs_in() {
    let folder = Folder::new();
    let server = folder.serve_new();
    folder.ok("org add acme");
    let key = folder.add_editor();
    Client::log_in(&server, &key).create("Call");
    let keys = folder.ok("key list acme");
    assert!(!keys.contains("never"), "the login is shown: {keys}");
    server.stop();
}

#[test]
fn renaming_a_status_is_a_change_of_what_shows_it() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let (shows, other) = (client.create("Call"), client.create("Meet"));
    client.update(other, "activity.activityStatus.id=4");
    let before = client.sync(ALL);

    let renamed = folder.run("status rename acme 2 Untouched");
    assert_eq!(renamed.err, "status 2 is now called Untouched; 1 activity updated\n");
    let after = client.sync(&format!("syncActivityTimeFrom={}", before.time()));
    assert_eq!(after.ids(), [shows], "only what shows it has changed");
    let record = &after.records()[0];
    assert_eq!(record["activityStatus"]["name"], "Untouched");
    assert!(record["lastModifiedDateTime"].as_str().unwrap() > before.time());

    folder.ok("status retire acme 2");
    let refused = client.get("createActivity", &crate::client::creation("Late"));
    assert_eq!(refused.code(), "10208", "a retired status is not chosen any more");
    server.stop();
}

#[test]
fn history_tells_who_changed_what() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let id = client.create("Call");
    client.update(id, "activity.subject=Call%20again&activity.note=Left%20a%20message");
    client.update(id, "activity.note=");
    client.update(id, "activity.activityStatus.id=4&activity.activityPriority=high");
    client.update(id, "activity.activityStatus.id=2");
    folder.ok("status rename acme 2 Untouched");
    client.remove(id);
    let told = folder.transcript(&["history acme 1", "history acme 2"]);
    server.stop();
    assert_eq!(shape::out(&folder.transcript(&["history acme 1", "history acme 2"])), told);
    insta::assert_snapshot!("history", told);
}

#[test]
fn a_server_that_does_not_answer_is_told_of() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    server.signal("-STOP");
    let told = folder.refused("org list");
    server.signal("-CONT");
    assert!(told.contains("does not answer"), "{told}");
    folder.ok("org list");
    server.stop();
}
