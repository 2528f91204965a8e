//! Organizations, people, keys and statuses, from the command line.

use crate::check::{damage, filled};
use crate::client::Client;
use crate::folder::{Folder, either_way};
use crate::import::line;
use crate::shape;

/// Types the commands in a fresh folder, with and without a server on it.
#[track_caller]
fn check(name: &str, lines: &[&str]) {
    let told = either_way(|folder| folder.transcript(lines));
    insta::assert_snapshot!(name, told);
}

#[test]
fn organizations() {
    check(
        "organizations",
        &[
            "org add acme --name \"Acme Relief\" --time-zone -05:00",
            "org add acme",
            "org add beta.org_1 --time-zone Asia/Shanghai",
            "org add gamma",
            "org list",
            "org rename acme \"Acme International\"",
            "org zone acme Asia/Tokyo",
            "org zone gamma -03:30",
            "org rename nowhere Acme",
            "org zone nowhere UTC",
            "org list",
        ],
    );
}

#[test]
fn users() {
    check(
        "users",
        &[
            "org add acme",
            "user list acme",
            "user add acme \"Ada Byron\"",
            "user add acme \"Colin Pizarek\" --id 101132 --role admin",
            "user add acme \"Zoë Müller\" --role viewer",
            "user add acme Again --id 1",
            "user list acme",
            "user disable acme 1",
            "user disable acme 1",
            "user disable acme 99",
            "user list acme",
            "user enable acme 1",
            "user enable acme 99",
            "user role acme 1 viewer",
            "user role acme 99 viewer",
            "user rename acme 1 \"Ada Lovelace\"",
            "user rename acme 99 Nobody",
            "user list acme",
            "user add nowhere Ada",
            "user list nowhere",
            "user disable nowhere 1",
        ],
    );
}

#[test]
fn keys() {
    check(
        "keys",
        &[
            "org add acme --time-zone -05:00",
            "user add acme \"Ada Byron\"",
            "user add acme \"Colin Pizarek\"",
            "key list acme",
            "key add acme --user 1",
            "key add acme --user 1 --label \"nightly mailer\"",
            "key add acme --user 2",
            "key add acme --user 99",
            "key add nowhere --user 1",
            "key revoke acme 2",
            "key revoke acme 2",
            "key revoke acme 99",
            "user disable acme 2",
            "key add acme --user 2",
            "key label acme 1 \"weekly report\"",
            "key label acme 99 nothing",
            "key list acme",
            "key list nowhere",
        ],
    );
}

#[test]
fn statuses() {
    check(
        "statuses",
        &[
            "org add acme",
            "status list acme",
            "status add acme Dropped",
            "status add acme \"On hold\" --id 40",
            "status add acme Again --id 40",
            "status add acme dropped",
            "status rename acme 40 Paused",
            "status rename acme 40 Paused",
            "status rename acme 41 Nothing",
            "status retire acme 3",
            "status retire acme 3",
            "status retire acme 99",
            "status list acme",
            "status list nowhere",
            "status done acme 5",
            "status to-do acme 4",
            "status begin acme 1",
            "status begin acme 3",
            "status done acme 99",
            "status list acme --meaning",
            "status restore acme 3",
            "status restore acme 99",
            "status move acme 2 up",
            "status move acme 2 up",
            "status move acme 1 down",
            "status move acme 99 down",
            "status list acme --meaning",
        ],
    );
}

#[test]
fn a_rename_tells_how_many_records_could_not_be_read() {
    let folder = filled();
    folder.ok("import acme line.jsonl");
    damage(&folder, "UPDATE change SET document = 'secret' WHERE activity = 653");
    let renamed = folder.run("status rename acme 2 Untouched");
    assert_eq!(renamed.code, 0, "{renamed:?}");
    assert_eq!(
        renamed.err,
        "status 2 is now called Untouched; 1 activity updated
1 activity cannot be read and keeps the old name: the data folder is damaged; `driftless check` shows where
"
    );
    assert!(folder.ok("history acme 1").contains("Untouched"));
}

#[test]
fn a_folder_without_activities() {
    check(
        "no_activities",
        &[
            "org add acme",
            "export acme",
            "export acme --format csv",
            "export nowhere",
            "history acme 1",
            "history nowhere 1",
            "check",
            "backup copy",
            "backup copy",
            "--data copy org list",
        ],
    );
}

#[test]
fn a_key_stands_alone_on_the_last_line() {
    let (_folder, key) = Folder::with_key();
    assert!(shape::is_secret(&key), "{key}");
}

#[test]
fn what_is_printed_is_what_a_script_needs() {
    let folder = Folder::new();
    folder.ok("org add acme");
    assert_eq!(folder.ok("user add acme Ada --id 12"), "12\n");
    assert_eq!(folder.ok("user add acme Bob"), "13\n");
    assert_eq!(folder.ok("status add acme Dropped"), "6\n");
}

#[test]
fn whoever_is_added_gets_a_number_that_no_record_has_ever_named() {
    let (folder, key) = Folder::with_key();
    let named = |id: i64, user: i64| {
        line(id, "of somebody else")
            .replace("\"subject\"", &format!("\"systemUserId\":{user},\"subject\""))
    };
    folder.write("first.jsonl", named(1, 29) + &named(2, 30) + &named(3, 28));
    folder.ok("import acme first.jsonl");
    assert_eq!(folder.ok("user add acme Bob"), "31\n", "a first import");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let id = client.create("Call");
    client.update(id, "activity.systemUserId=40");
    client.update(id, "activity.systemUserId=7");
    assert_eq!(folder.ok("user add acme Cid"), "41\n", "a version that another has followed");
    client.update(id, "activity.systemUserId=50");
    client.remove(id);
    assert_eq!(folder.ok("user add acme Dee"), "51\n", "an activity that is gone");
    folder.write("later.jsonl", named(2, 60));
    folder.ok("import acme later.jsonl");
    server.stop();
    assert_eq!(folder.ok("user add acme Eve"), "61\n", "a later import, and another process");
    assert_eq!(folder.ok("user add acme Fay --id 29"), "29\n", "whoever is meant may have it");

    folder.write("last.jsonl", named(2, domain::ID_MAX));
    folder.ok("import acme last.jsonl --overwrite");
    let told = folder.refused("user add acme Gus");
    assert_eq!(
        told,
        "the highest possible user id is taken or named by an activity; choose a free id with `driftless user add --id`"
    );
    assert_eq!(folder.ok("user add acme Gus --id 62"), "62\n");
}
