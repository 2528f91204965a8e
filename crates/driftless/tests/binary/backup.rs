//! `backup` while others write.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::client::{ALL, Client};
use crate::folder::Folder;

#[test]
fn a_backup_during_traffic_is_a_whole_data_folder() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let enough = AtomicBool::new(false);
    let client = Client::log_in(&server, &key);
    let before: Vec<i64> = (0..20).map(|_| client.create("before")).collect();
    let written = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let client = Client::log_in(&server, &key);
            let mut written = Vec::new();
            while !enough.load(Ordering::SeqCst) {
                written.push(client.create("during"));
                client.update(
                    before[written.len() % 20],
                    &format!("activity.note={}", written.len()),
                );
            }
            written
        });
        for n in 0..3 {
            folder.ok(&format!("backup copy{n}"));
        }
        enough.store(true, Ordering::SeqCst);
        writing.join().unwrap()
    });
    server.stop();

    let mut held = before.len();
    for n in 0..3 {
        let data = format!("--data copy{n}");
        assert_eq!(folder.ok(&format!("{data} check")), "no problems found\n");
        let copied = folder.ok(&format!("{data} export acme")).lines().count();
        assert!(copied >= held, "a later copy holds no less: {copied}, {held}");
        held = copied;
    }
    assert!(held <= before.len() + written.len());

    // The last copy serves: with the same keys, and ids go on after those that it holds.
    let copy = crate::server::Server::start(&folder, &["--data", "copy2"]);
    let client = Client::log_in(&copy, &key);
    assert_eq!(client.sync(ALL).total(), held as u64);
    let id = client.create("after");
    assert_eq!(id, held as i64 + 1);
    copy.stop();
}

#[test]
fn a_backup_overwrites_nothing() {
    let (folder, _) = Folder::with_key();
    std::fs::create_dir(folder.path("empty")).unwrap();
    std::fs::create_dir(folder.path("full")).unwrap();
    folder.write("full/letter.txt", "Dear all");
    folder.write("file", "Dear all");
    folder.ok("backup empty");
    folder.ok("--data empty check");
    for line in ["backup full", "backup empty", "backup file", "backup driftless-data"] {
        let output = folder.run(line);
        assert_eq!((output.code, output.out.as_str()), (1, ""), "{line}: {output:?}");
    }
    assert_eq!(folder.names("full"), ["letter.txt"]);
    assert_eq!(std::fs::read(folder.path("file")).unwrap(), b"Dear all");
    folder.ok("check");
}

#[test]
fn a_backup_lies_where_whoever_typed_it_means_it() {
    let (folder, key) = Folder::with_key();
    let elsewhere = Folder::new();
    let data = folder.path("driftless-data").display().to_string();
    // The same path means another folder to a server that stands elsewhere.
    let server = crate::server::Server::start(&elsewhere, &["--data", &data]);
    Client::log_in(&server, &key).create("Call");
    std::fs::create_dir(folder.path("driftless-data/backup-cut-short")).unwrap();
    let said = folder.run("backup /proc/self/cwd/deep/copy");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(elsewhere.names("").is_empty(), "{:?}", elsewhere.names(""));
    assert_eq!(folder.names("deep/copy"), ["driftless.db"]);
    let mode = std::fs::metadata(folder.path("deep/copy")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    for line in ["backup deep/copy", "backup driftless-data"] {
        let refused = folder.refused(line);
        assert!(refused.ends_with("choose a folder that does not exist yet"), "{refused}");
    }
    server.stop();
    folder.serve().stop();
    let names = ["driftless-search.db", "driftless.db", "driftless.lock", "driftless.marker"];
    assert_eq!(folder.names("driftless-data"), names, "no copy stays");
    assert_eq!(folder.ok("--data deep/copy export acme").lines().count(), 1);
}
