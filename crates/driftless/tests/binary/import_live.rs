//! Import into an organization that somebody polls: nothing appears behind a poll's back.

use crate::client::{ALL, Client};
use crate::folder::Folder;
use crate::import::{ANSWER, line};

/// The answer's `lastModifiedDateTime` of 653, which an import into an empty organization keeps.
const GIVEN: &str = "2014-04-08T19:26:06.000+00:00";

#[test]
fn what_is_imported_while_serving_is_in_the_next_answer() {
    let (folder, key) = Folder::with_key();
    folder.write("answer.json", ANSWER);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let before = client.sync(ALL);
    assert_eq!(before.total(), 0);

    folder.ok("import acme answer.json");
    let since = format!("syncActivityTimeFrom={}", before.time());
    let after = client.sync(&since);
    let mut ids = after.ids();
    ids.sort_unstable();
    assert_eq!((ids, after.deleted()), (vec![652, 653], vec![700, 701]));
    for record in after.records() {
        let stamp = record["lastModifiedDateTime"].as_str().unwrap();
        assert!(stamp > before.time(), "{stamp}: behind the poll's back");
        assert_eq!(record["createdDateTime"], "2013-07-09T07:53:19.000+00:00", "created stays");
    }

    let since = format!("syncActivityTimeFrom={}", after.time());
    folder.ok("import acme answer.json");
    let again = client.sync(&since);
    let stamps = |answer: &crate::client::Answer| -> Vec<String> {
        answer.records().iter().map(|r| r["lastModifiedDateTime"].to_string()).collect()
    };
    assert!(stamps(&again).iter().all(|stamp| stamps(&after).contains(stamp)), "no new stamp");
    assert_eq!(client.sync(ALL).total(), 2);
    server.stop();
}

#[test]
fn a_first_import_keeps_times_only_while_nobody_has_logged_in() {
    for (has_logged_in, kept) in [(false, true), (true, false)] {
        let (folder, key) = Folder::with_key();
        folder.write("answer.json", ANSWER);
        let server = folder.serve();
        if has_logged_in {
            Client::log_in(&server, &key);
        }
        let said = folder.ok("import acme answer.json");
        assert_eq!(said.contains("ids and times of change are kept"), kept, "{said}");
        let client = Client::log_in(&server, &key);
        let answer = client.sync("activityIds.activityId=653");
        let stamp = answer.records()[0]["lastModifiedDateTime"].as_str().unwrap().to_owned();
        assert_eq!(stamp == GIVEN, kept, "{stamp}");
        server.stop();
    }
}

#[test]
fn an_import_meets_what_was_removed_through_the_api() {
    let (folder, key) = Folder::with_key();
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let id = client.create("Call");
    folder.write("back.jsonl", line(id, "Back"));
    client.remove(id);

    let before = client.sync(ALL);
    assert_eq!(before.deleted(), [id]);
    let said = folder.ok("import acme back.jsonl");
    assert!(said.contains(&format!("1 removed here and stays removed: {id}")), "{said}");
    assert_eq!(client.sync(ALL).deleted(), [id], "nothing has happened");

    folder.ok("import acme --restore back.jsonl");
    let after = client.sync(&format!("syncActivityTimeFrom={}", before.time()));
    assert_eq!((after.ids(), after.deleted()), (vec![id], Vec::new()));
    server.stop();
}

#[test]
fn what_is_exported_and_imported_again_is_no_change() {
    let (folder, key) = Folder::with_key();
    let add = "user add acme \"Ada Byron\" --role viewer --login ada --password-stdin";
    assert_eq!(folder.run_with_input(add, "correct horse\n").code, 0);
    let fields = "\"customFieldDataList\":{\"customFieldData\":[{\"fieldId\":\"5\",\"fieldValue\":\"\"}]},\"subject\"";
    folder.write("with_field.jsonl", line(1, "imported").replace("\"subject\"", fields));
    folder.ok("import acme with_field.jsonl");
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let list = "activity.customFieldDataList.customFieldData";
    let id = client.create("Call");
    client.update(id, &format!("activity.note=a%0Ab&activity.endDateTime=2026-02-05T10:30:00Z&activity.systemUserId=7&{list}.fieldId=5&{list}.fieldValue=blue"));
    client.update(1, "activity.activityPriority=High");
    let before = client.sync(ALL);

    folder.write("export.csv", folder.ok("export acme --format csv"));
    folder.write("export.jsonl", folder.ok("export acme"));
    for file in ["export.csv", "export.jsonl"] {
        let said = folder.ok(&format!("import acme {file}"));
        assert_eq!(said, "0 created, 0 updated, 2 unchanged, 0 removed\n", "{file}");
    }
    assert_eq!(client.sync(ALL).records(), before.records());
    server.stop();
}

#[test]
fn an_import_and_writers_do_not_hurt_each_other() {
    // In many commits, and in few.
    for count in [2_000, 400] {
        import_beside_writers(count);
    }
}

fn import_beside_writers(count: i64) {
    const FIRST: i64 = 1_000_000;
    let (folder, key) = Folder::with_key();
    let lines: String = (0..count).map(|n| line(FIRST + n, "many")).collect();
    folder.write("many.jsonl", lines);
    let server = folder.serve();
    let client = Client::log_in(&server, &key);
    let made = std::thread::scope(|scope| {
        let importing = scope.spawn(|| folder.ok("import acme many.jsonl"));
        let mut made = 0;
        while !importing.is_finished() {
            client.create("meanwhile");
            made += 1;
        }
        let said = importing.join().unwrap();
        let expected = format!("{count} created, 0 updated, 0 unchanged, 0 removed\n");
        assert!(said.starts_with(&expected), "{said}");
        made
    });
    assert_eq!(client.sync(ALL).total(), count.unsigned_abs() + made);
    folder.ok("check");
    server.stop();
}
