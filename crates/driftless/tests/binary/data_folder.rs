//! The data folder: named, missing, somebody else's, damaged.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::folder::{DATA, Folder, Output};
use crate::server::Server;

/// Commands that need a folder that is there.
const NEEDY: [&str; 8] = [
    "org list",
    "user list acme",
    "key list acme",
    "status list acme",
    "export acme",
    "history acme 1",
    "backup copy",
    "check",
];

#[test]
fn it_can_be_named_before_and_after_the_command_and_in_the_environment() {
    let folder = Folder::new();
    let orgs = "ORG   TIME ZONE  NAME  FOLLOWS\nacme  UTC        acme\n";
    folder.ok("--data one org add acme");
    assert_eq!(folder.names(""), ["one"]);
    assert_eq!(folder.ok("--data one org list"), orgs);
    assert_eq!(folder.ok("org list --data one"), orgs);
    assert_eq!(folder.ok("org --data one list"), orgs);

    let from_environment = |line: &str| {
        let output = folder.command(line.split(' ')).env("DRIFTLESS_DATA", "one").output().unwrap();
        Output::of(&output)
    };
    assert_eq!(from_environment("org list").out, orgs);
    let other = from_environment("org list --data two");
    assert_eq!(other.code, 1, "what is typed comes before the environment: {other:?}");
    assert!(other.err.contains("the data folder two does not exist;"), "{other:?}");
}

#[test]
fn a_missing_folder_is_named_and_not_made() {
    let folder = Folder::new();
    folder.write("empty.jsonl", "");
    for line in NEEDY.into_iter().chain(["import acme empty.jsonl", "user add acme Ada"]) {
        let said = folder.refused(line);
        let expected = "the data folder driftless-data does not exist; create it with `driftless serve --init` or `driftless org add`, or choose another with --data";
        assert_eq!(said, expected, "{line}");
        assert_eq!(folder.names(""), ["empty.jsonl"], "{line}");
    }
}

#[test]
fn it_is_made_with_all_the_folders_above_it() {
    let folder = Folder::new();
    folder.ok("--data a/b/c org add acme");
    assert_eq!(folder.names("a/b/c"), ["driftless.db", "driftless.lock", "driftless.marker"]);
}

/// Every command, a server included, refuses the database with this sentence and leaves it as it is.
#[track_caller]
fn check_refused(folder: &Folder, expected: &str) {
    let database = folder.path(DATA).join("driftless.db");
    let before = fs::read(&database).unwrap();
    let has_marker = folder.path(DATA).join("driftless.marker").exists();
    let marker = has_marker.then_some("driftless.marker");
    let names: Vec<_> = ["driftless.db", "driftless.lock"].into_iter().chain(marker).collect();
    for line in NEEDY.into_iter().chain(["org add other", "serve --listen 127.0.0.1:0"]) {
        let output = folder.run(line);
        assert_eq!((output.code, output.out.as_str()), (1, ""), "{line}: {output:?}");
        assert_eq!(output.err, format!("driftless: {expected}\n"), "{line}");
        assert!(fs::read(&database).unwrap() == before, "{line} has touched the database");
        assert_eq!(folder.names(DATA), names, "{line}");
    }
}

#[test]
fn another_programs_files_are_refused() {
    let folder = Folder::new();
    fs::create_dir(folder.path(DATA)).unwrap();
    folder.write("driftless-data/driftless.db", "Dear diary, this is no database at all.\n");
    check_refused(&folder, "driftless-data/driftless.db is not a Driftless database");

    fs::remove_file(folder.path("driftless-data/driftless.db")).unwrap();
    let database = rusqlite::Connection::open(folder.path("driftless-data/driftless.db")).unwrap();
    database.execute_batch("CREATE TABLE diary (day TEXT)").unwrap();
    drop(database);
    check_refused(&folder, "driftless-data/driftless.db is not a Driftless database");
}

#[test]
fn a_newer_releases_database_is_refused() {
    let (folder, _) = Folder::with_key();
    let database = rusqlite::Connection::open(folder.path("driftless-data/driftless.db")).unwrap();
    let known: i64 = database.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    database.close().unwrap();
    check_refused(
        &folder,
        &format!(
            "driftless-data/driftless.db was written by a newer release of Driftless (schema 999; this release supports up to {known}): use that release, or a backup from before the update"
        ),
    );
}

#[test]
fn a_damaged_database_is_reported() {
    let (folder, _) = Folder::with_key();
    let path = folder.path("driftless-data/driftless.db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in &mut bytes[100..] {
        *byte = !*byte;
    }
    fs::write(&path, &bytes).unwrap();
    check_refused(
        &folder,
        "driftless-data/driftless.db is damaged (database disk image is malformed): restore it from a backup",
    );
}

#[test]
fn a_folder_that_somebody_holds_who_does_not_answer_is_left_alone() {
    let (folder, _) = Folder::with_key();
    let before = fs::read(folder.path("driftless-data/driftless.db")).unwrap();
    let lock = File::open(folder.path("driftless-data/driftless.lock")).unwrap();
    lock.try_lock().unwrap();
    // All at once, since each of them waits for a while before it gives up.
    std::thread::scope(|scope| {
        let lines = ["org add other", "check", "user add acme Bob", "serve --listen 127.0.0.1:0"];
        let running = lines.map(|line| (line, scope.spawn(|| folder.refused(line))));
        for (line, refused) in running {
            assert_eq!(
                refused.join().unwrap(),
                "another process is using the data folder driftless-data (it holds driftless.lock) and does not answer; nothing was changed",
                "{line}"
            );
        }
    });
    assert!(fs::read(folder.path("driftless-data/driftless.db")).unwrap() == before);
    drop(lock);
    folder.ok("check");
}

#[test]
fn a_second_server_on_the_folder_is_refused() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    for line in ["serve --listen 127.0.0.1:0", "--data driftless-data demo --listen 127.0.0.1:0"] {
        let said = folder.refused(line);
        assert_eq!(
            said, "another server is already using the data folder driftless-data",
            "{line}"
        );
    }
    assert_eq!(server.get("/readyz").status, 200, "the first goes on");
    server.stop();
}

#[test]
fn a_port_in_use_is_named() {
    let (folder, _) = Folder::with_key();
    let server = folder.serve();
    let address = server.address;
    for line in [
        format!("--data other serve --init --listen {address}"),
        format!("demo --listen {address}"),
    ] {
        let said = folder.refused(&line);
        assert!(said.starts_with(&format!("cannot listen on {address}: ")), "{said}");
        assert!(
            said.ends_with(
                "another program is using this port: choose another address with --listen"
            )
        );
        assert_eq!(folder.names(""), [DATA], "{line} leaves nothing behind");
    }
    server.stop();
}

#[test]
fn where_nobody_can_listen_nothing_is_made() {
    let folder = Folder::new();
    let said = folder.refused("serve --init --listen 192.0.2.1:0");
    assert!(said.ends_with(
        "this computer does not have that address: choose another address with --listen"
    ));
    // Too long to be looked up anywhere.
    let nowhere = format!("{}.invalid:8420", "x".repeat(64));
    let said = folder.refused(&format!("serve --init --listen {nowhere}"));
    assert!(said.starts_with(&format!("cannot listen on {nowhere}: ")), "{said}");
    assert!(said.ends_with("; choose another address with --listen"), "{said}");
    let said =
        folder.refused("serve --init --listen 127.0.0.1:0 --tls-cert none.pem --tls-key none.pem");
    assert!(said.contains("none.pem"), "{said}");
    assert!(folder.names("").is_empty());
}

#[test]
fn a_server_listens_on_a_host_by_its_name() {
    let folder = Folder::new();
    let server = Server::listening(folder.command(["serve", "--init", "--listen", "localhost:0"]));
    assert!(server.address.ip().is_loopback());
    server.stop();
}

#[test]
fn a_long_path_to_the_folder_does_not_cut_commands_off() {
    let folder = Folder::new();
    let long = format!("{}/data", "a-long-name-of-a-folder/".repeat(12));
    let data = ["--init", "--data", &long];
    let server = Server::start(&folder, &data);
    folder.ok(&format!("--data {long} org add acme"));
    let orgs = folder.ok(&format!("--data {long} org list"));
    assert!(orgs.contains("acme"), "{orgs}");
    let log = server.stop();
    let came = |line: &&String| line.contains("a command");
    assert_eq!(log.iter().filter(came).count(), 2, "the server has done them: {log:?}");
}

/// The mode of a file or folder, without its kind.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn its_files_are_for_their_owner_alone_whatever_the_umask() {
    let folder = Folder::new();
    let binary = env!("CARGO_BIN_EXE_driftless");
    let script = format!("umask 0; '{binary}' org add acme && '{binary}' backup copy");
    let mut shell = std::process::Command::new("sh");
    assert!(shell.arg("-c").arg(script).current_dir(folder.path("")).status().unwrap().success());
    let server = Server::start(&folder, &[]);
    for (below, count) in [(DATA, 9), ("copy", 1)] {
        assert_eq!(mode(&folder.path(below)), 0o700, "{below}");
        let names = folder.names(below);
        assert_eq!(names.len(), count, "{names:?}");
        for name in names {
            assert_eq!(mode(&folder.path(below).join(&name)), 0o600, "{name}");
        }
    }
    server.stop();
}

#[test]
fn what_others_can_read_is_restricted_and_told() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let (data, database) = (folder.path(DATA), folder.path(DATA).join("driftless.db"));
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&database, Permissions::from_mode(0o644)).unwrap();
    let files = ["driftless.db", "driftless.db-shm", "driftless.db-wal"];
    let files = files.map(|name| format!("driftless-data/{name}, ")).concat();
    let expected =
        format!("other users of this computer no longer have access to {files}driftless-data\n");
    assert_eq!(folder.run("org list").err, expected);
    assert_eq!((mode(&data), mode(&database)), (0o700, 0o600));
    assert_eq!(folder.run("org list").err, "");
}

#[test]
fn a_folder_that_is_not_for_driftless_alone_keeps_its_mode_with_a_warning() {
    let folder = Folder::new();
    folder.ok("org add acme");
    let data = folder.path(DATA);
    fs::write(data.join("notes.txt"), "of somebody else").unwrap();
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        folder.run("org list").err,
        "other users of this computer have access to driftless-data: run `chmod 700 driftless-data`\n"
    );
    assert_eq!(mode(&data), 0o755);
}
