//! `import` from the command line: all forms, from disk and from standard input.

use crate::folder::{Folder, either_way};
use crate::shape;

/// An answer as the vendor gave it: two records, two removed.
pub(crate) const ANSWER: &str = r#"{"syncActivitiesResponse": {
  "operationResult": "SUCCESS",
  "responseDateTime": "2014-04-11T11:45:32.855+08:00",
  "page": {"currentPage": 1, "pageSize": 10, "totalPage": 1, "totalResults": 2},
  "activities": {"activity": [
    {"createdDateTime": "2013-07-09T15:53:19.000+08:00", "createdBy": "Colin Pizarek ",
     "lastModifiedDateTime": "2014-04-09T03:26:06.000+08:00", "activityId": 653, "subject": "ddddd",
     "startDateTime": "2014-04-08T11:00:00.000-05:00", "endDateTime": "2014-03-31T11:00:00.000-05:00",
     "systemUserId": 101132, "activityStatus": {"id": "2", "name": "Not Started"},
     "activityPriority": "NORMAL"},
    {"createdDateTime": "2013-07-09T15:53:19.000+08:00", "createdBy": "Colin Pizarek",
     "lastModifiedDateTime": "2014-03-09T20:15:14.000+08:00", "activityId": 652, "subject": "ddddd",
     "note": "Zoë said:\n\"yes\", twice", "startDateTime": "2014-03-08T11:00:00.000-05:00",
     "clientId": 3480, "activityStatus": {"id": "4", "name": "Completed"},
     "activityPriority": "HIGH"}
  ]},
  "deletedActivityIdList": {"activityId": [700, 701]}
}}
"#;

/// A record in JSON on one line.
pub(crate) fn line(id: i64, subject: &str) -> String {
    format!(
        r#"{{"lastModifiedDateTime":"2014-05-01T00:00:00.000Z","activityId":{id},"subject":"{subject}","startDateTime":"2014-04-08T11:00:00.000-05:00","activityStatus":{{"id":"2","name":"Not Started"}},"activityPriority":"LOW"}}"#
    ) + "\n"
}

/// A table with one record, one column that is not kept, and one removed.
pub(crate) const TABLE: &str = "\
activityId,subject,startDateTime,activityStatus.id,activityStatus.name,activityPriority,colour,deletedDateTime
30,\"Call, then write\",2014-04-08T11:00:00.000-05:00,2,Not Started,normal,red,
31,,,,,,,2014-04-08T11:00:00.000-05:00
";

/// A table that names a person, an account and a status that are not here, and dates that can be read either way.
const MISSING: &str = "\
activityId,subject,startDateTime,activityStatus.name,activityPriority,accountName,systemUserName
40,Call Ada,04/03/2014 09:00,Left message,NORMAL,Harbor Bakery,Grace Hopper
";

/// A folder as `either_way` gives it, with an organization and files of every form.
fn with_files(folder: &Folder) {
    folder.ok("org add acme --time-zone +08:00");
    folder.write("answer.json", ANSWER);
    folder.write("lines.jsonl", line(10, "one") + &line(11, "two"));
    folder.write("table.csv", TABLE);
    folder.write("missing.csv", MISSING);
    folder.write("empty.jsonl", "");
    for page in 1..=3 {
        folder.write(&format!("page{page}.json"), self::page(page));
    }
    let twice: String = (1..=25).map(|id| line(id, "once") + &line(id, "twice")).collect();
    folder.write("twice.jsonl", twice);
    let other = line(2, "b")
        .replace(r#"{"id":"2","name":"Not Started"}"#, r#"{"id":"7","name":"WAITING"}"#);
    let named = line(1, "a")
        .replace(r#"{"id":"2","name":"Not Started"}"#, r#"{"id":"9","name":"Waiting"}"#);
    folder.write("same.jsonl", other + &named);
}

/// One of three pages with a record each.
fn page(current: i64) -> String {
    let record = line(current, "paged");
    format!(
        r#"{{"syncActivitiesResponse":{{"operationResult":"SUCCESS","activities":{{"activity":[{record}]}},"page":{{"currentPage":{current},"pageSize":1,"totalPage":3,"totalResults":3}}}}}}"#
    )
}

#[track_caller]
fn check(name: &str, lines: &[&str]) {
    let told = either_way(|folder| {
        with_files(folder);
        folder.transcript(lines) + &holds(folder)
    });
    insta::assert_snapshot!(name, told);
}

/// All that the organization holds, in an order that does not depend on how an import fell into
/// commits.
fn holds(folder: &Folder) -> String {
    let exported = folder.ok("export acme");
    let mut lines: Vec<&str> = exported.lines().collect();
    lines.sort_by_key(|line| line.split_once("activityId").map(|(_, rest)| rest));
    format!("\nacme holds\n{}\n", shape::out(&lines.join("\n")))
}

#[test]
fn each_form_is_taken_and_taken_again_changes_nothing() {
    check(
        "import_forms",
        &[
            "import acme --dry-run empty.jsonl",
            "import acme empty.jsonl",
            "import acme answer.json",
            "import acme answer.json",
            "import acme lines.jsonl",
            "import acme table.csv",
            "import acme answer.json lines.jsonl table.csv",
            "import acme empty.jsonl",
            "status list acme",
            "history acme 10",
            "check",
        ],
    );
}

#[test]
fn a_first_import_keeps_ids_and_times_from_several_files() {
    check(
        "import_first",
        &["import acme lines.jsonl answer.json", "export acme", "export acme --format csv"],
    );
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    check(
        "import_dry_run",
        &[
            "import acme --dry-run answer.json table.csv",
            "export acme",
            "status list acme",
            "import acme answer.json table.csv",
            "import acme --dry-run lines.jsonl",
        ],
    );
}

#[test]
fn pages_that_are_missing_and_records_that_come_twice_are_told() {
    let told = either_way(|folder| {
        with_files(folder);
        folder.transcript(&[
            "import acme page1.json page3.json page3.json",
            "import acme page1.json page2.json page3.json",
            "import acme twice.jsonl",
        ])
    });
    insta::assert_snapshot!("import_warnings", told);
}

#[test]
fn statuses_of_one_name_are_told() {
    check("import_same_names", &["import acme same.jsonl", "status list acme"]);
}

#[test]
fn what_was_removed_here_comes_back_only_when_told_to() {
    let told = either_way(|folder| {
        with_files(folder);
        folder.write("gone.json", ANSWER.replace("[700, 701]", "[653]").replace(": 653", ": 654"));
        folder.transcript(&[
            "import acme answer.json",
            "import acme gone.json",
            "import acme answer.json lines.jsonl",
            "import acme --restore --dry-run answer.json lines.jsonl",
            "import acme --restore answer.json lines.jsonl",
            "history acme 653",
        ]) + &holds(folder)
    });
    insta::assert_snapshot!("import_restore", told);
}

#[test]
fn what_is_newer_here_stays_and_is_listed() {
    let told = either_way(|folder| {
        with_files(folder);
        let dated = |id, subject: &str, month: &str| line(id, subject).replace("2014-05", month);
        let noted =
            dated(11, "newer two", "2014-06").replace("\"subject\"", "\"note\":\"n\",\"subject\"");
        folder.write("newer.jsonl", dated(10, "newer one", "2014-06") + &noted);
        folder.write("gone.json", ANSWER.replace("[700, 701]", "[10]"));
        folder.transcript(&[
            "import acme lines.jsonl",
            "import acme --dry-run newer.jsonl",
            "import acme newer.jsonl",
            "import acme --dry-run lines.jsonl",
            "import acme lines.jsonl",
            "import acme --dry-run --overwrite lines.jsonl gone.json",
            "import acme --overwrite lines.jsonl gone.json",
            "import acme --restore newer.jsonl",
            "import acme gone.json",
        ]) + &holds(folder)
    });
    insta::assert_snapshot!("import_newer_here", told);
}

#[test]
fn what_was_removed_here_can_be_left_so() {
    let told = either_way(|folder| {
        with_files(folder);
        folder.write("gone.json", ANSWER.replace("[700, 701]", "[10]"));
        folder.transcript(&[
            "import acme lines.jsonl",
            "import acme gone.json",
            "import acme --dry-run lines.jsonl",
            "import acme lines.jsonl",
        ]) + &holds(folder)
    });
    insta::assert_snapshot!("import_left_removed", told);
}

#[test]
fn what_is_missing_is_added_only_when_told_to() {
    check(
        "import_add_missing",
        &[
            "import acme lines.jsonl",
            "import acme missing.csv",
            "import acme --dates eu missing.csv",
            "import acme --dates eu --add-missing --dry-run missing.csv",
            "import acme --dates eu --add-missing missing.csv",
            "import acme --dates eu --add-missing missing.csv",
            "user list acme",
            "accounts list acme",
            "status list acme",
        ],
    );
}

#[test]
fn a_new_account_and_one_that_has_a_number_already_are_not_taken_for_one() {
    let (folder, _) = Folder::with_key();
    let table = |rows: &[&str]| {
        let head =
            "subject,startDateTime,activityStatus.name,activityPriority,clientId,accountName\n";
        let row = |row: &&str| format!("Call,2026-11-30 09:00,Not Started,NORMAL,{row}\n");
        head.to_owned() + &rows.iter().map(row).collect::<String>()
    };
    folder.write("first.csv", table(&[",Harbor Bakery", "1,"]));
    let told = folder.run("import acme --add-missing first.csv");
    assert!(told.err.contains("clientId is 1, which another row's \"Harbor Bakery\""), "{told:?}");
    assert_eq!(told.code, 1);
    assert_eq!(folder.ok("accounts list acme").lines().count(), 1);

    folder.write("last.csv", table(&["1,", ",Harbor Bakery"]));
    folder.ok("import acme --add-missing last.csv");
    assert!(folder.ok("accounts list acme").contains("2   Harbor Bakery"));
}

#[test]
fn standard_input_is_a_file_too() {
    let told = either_way(|folder| {
        with_files(folder);
        let run = |line: &str, input: &str| {
            let shown = folder.run_with_input(line, input).shown();
            format!("$ driftless {line}\n{shown}\n")
        };
        let told = run("import acme -", &line(1, "typed"))
            + &run("import acme lines.jsonl - answer.json", TABLE)
            + &run("import acme -", "{\"activityId\":1}");
        shape::out(&told) + &holds(folder)
    });
    insta::assert_snapshot!("import_stdin", told);
}

#[test]
fn a_file_larger_than_any_buffer_travels_whole() {
    let count = 3_000;
    let lines: String = (1..=count).map(|id| line(id, &"x".repeat(200))).collect();
    assert!(lines.len() > 1 << 20);
    let exported = either_way(|folder| {
        with_files(folder);
        folder.write("large.jsonl", &lines);
        let said = folder.ok("import acme large.jsonl");
        assert!(said.starts_with("3000 created, 0 updated, 0 unchanged, 0 removed\n"), "{said}");
        folder.ok("export acme")
    });
    assert_eq!(exported.lines().count() as i64, count);
}
