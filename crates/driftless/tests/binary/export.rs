//! `export` into `import`: the same organization elsewhere.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::client::{ALL, Client};
use crate::folder::Folder;

/// An organization with edits, removals, an added status, and text that is hard to quote.
pub(crate) fn lively() -> Folder {
    let (folder, key) = Folder::with_key();
    folder.ok("status add acme Parked --id 40");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let ids: Vec<i64> = (0..25).map(|n| client.create(&format!("Call%20{n}"))).collect();
    client.update(
        ids[3],
        "activity.note=two%0D%0Alines%2C%20%22quoted%22%0A&activity.subject=Zo%C3%AB",
    );
    client.update(
        ids[4],
        "activity.activityStatus.id=40&activity.endDateTime=2026-02-01T00:00:00%2B05:30",
    );
    client.update(ids[5], "activity.note=%3DSUM(A1)&activity.activityPriority=High");
    client.update(ids[6], "activity.note=%09%20blanks%20%20&activity.subject=%F0%9F%90%9D");
    client.remove(ids[7]);
    client.remove(ids[8]);
    server.stop();
    folder
}

/// Everything that a script gets, in pages, but for the time of the answer.
pub(crate) fn answers(folder: &Folder, key: &str) -> (Vec<Value>, BTreeSet<i64>) {
    let server = folder.serve();
    let client = Client::log_in(&server, key);
    let mut records = Vec::new();
    let mut deleted = BTreeSet::new();
    for page in 1.. {
        let answer = client.sync(&format!("{ALL}&page.pageSize=10&page.currentPage={page}"));
        records.extend_from_slice(answer.records());
        deleted.extend(answer.deleted());
        if page >= answer.inside["page"]["totalPage"].as_u64().unwrap() {
            break;
        }
    }
    server.stop();
    (records, deleted)
}

#[track_caller]
fn check(format: &str) {
    let folder = lively();
    let here = answers(&folder, folder.ok("key add acme --user 7").trim());
    assert_eq!((here.0.len(), here.1.len()), (23, 2));

    let exported = folder.ok(&format!("export acme --format {format}"));
    let (other, key) = Folder::with_key();
    let said = other.run_with_input("import acme -", &exported);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("23 created, 0 updated, 0 unchanged, 2 removed\n"), "{said:?}");
    assert_eq!(other.ok(&format!("export acme --format {format}")), exported, "written again");
    assert_eq!(answers(&other, &key), here);
    other.ok("check");
}

#[test]
fn json_lines_carry_an_organization_over() {
    check("jsonl");
}

#[test]
fn a_table_carries_an_organization_over() {
    check("csv");
}

#[test]
fn an_export_through_the_socket_is_that_of_the_folder() {
    let folder = lively();
    for line in ["export acme", "export acme --format csv", "history acme 4", "history acme 8"] {
        let locally = folder.ok(line);
        let server = folder.serve();
        assert_eq!(folder.ok(line), locally, "{line}");
        server.stop();
    }
}

#[test]
fn whoever_reads_an_export_may_stop() {
    let folder = lively();
    for served in [false, true] {
        let server = served.then(|| folder.serve());
        let binary = env!("CARGO_BIN_EXE_driftless");
        let script = format!("'{binary}' export acme | head -n 1; echo ${{PIPESTATUS[0]}}");
        let mut shell = std::process::Command::new("bash");
        let output = shell.args(["-c", &script]).current_dir(folder.path("")).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(out.ends_with("}\n0\n"), "{out}");
        assert!(output.stderr.is_empty(), "{:?}", String::from_utf8_lossy(&output.stderr));
        drop(server);
    }
}

/// Whoever writes one thing after the other has commits under way that share a stamp; who reads waits for them.
#[test]
fn an_export_beside_writers_has_everything_that_was_written_before() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let client = Client::log_in(&server, &key);
                while !enough.load(Ordering::SeqCst) {
                    client.create("during");
                }
            });
        }
        let mut before = 0;
        for _ in 0..40 {
            let output = folder.run("export acme");
            let lines = output.out.lines().count();
            if output.code != 0 || lines < before {
                enough.store(true, Ordering::SeqCst);
                panic!("{lines} lines, {before} before: {}", output.err);
            }
            before = lines;
        }
        enough.store(true, Ordering::SeqCst);
    });
    server.stop();
}
