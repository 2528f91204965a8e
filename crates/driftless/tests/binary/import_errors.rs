//! Files that are not right are refused as a whole, and every fault is told with its place.

use std::fs;

use crate::folder::{Folder, either_way};
use crate::import::{ANSWER, TABLE, line};

#[test]
fn every_fault_names_file_line_and_member_and_nothing_is_written() {
    let told = either_way(|folder| {
        folder.ok("org add acme");
        folder.write("good.jsonl", line(1, "good"));
        folder.write(
            "bad.jsonl",
            line(2, "fine")
                + &line(3, "x").replace("LOW", "PRESSING")
                + "\n"
                + &line(4, "x").replace("\"startDateTime\"", "\"start\"")
                + &line(5, "x").replace("2014-04-08T11:00:00.000-05:00", "noon"),
        );
        folder.write("bad.json", ANSWER.replace("653,", "-653,").replace("\"HIGH\"", "7"));
        folder.write("bad.csv", TABLE.replace("2014-04-08T11:00:00.000-05:00,9", "soon,9"));
        folder.write("short.csv", TABLE.to_owned() + "32,too short\n");
        folder.write("cut.json", &ANSWER[..ANSWER.len() - 40]);
        folder.write("latin.csv", [TABLE.as_bytes(), b"\xe9,,,,,,,\n"].concat());
        folder.write("text.txt", "Dear reader,\nthis is no data.\n");
        folder.write("failure.json", FAILURE);
        fs::create_dir(folder.path("folder")).unwrap();
        folder.transcript(&[
            "import acme bad.jsonl",
            "import acme good.jsonl bad.json bad.csv",
            "import acme short.csv",
            "import acme cut.json",
            "import acme latin.csv",
            "import acme text.txt",
            "import acme failure.json",
            "import acme good.jsonl missing.jsonl",
            "import acme folder",
            "import nowhere good.jsonl",
            "import acme --dry-run bad.csv",
            "export acme",
        ])
    });
    insta::assert_snapshot!("import_errors", told);
}

/// What a script has saved whose session had ended.
const FAILURE: &str = r#"{"syncActivitiesResponse":{"operationResult":"FAIL","responseDateTime":"2014-04-11T11:45:32.855+08:00","errors":{"error":[{"errorCode":"4","errorMessage":"User session id is invalid."}]}}}"#;

#[test]
fn the_id_of_a_status_that_is_not_here_needs_its_name() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.write("one.jsonl", line(1, "here"));
    folder.ok("import acme one.jsonl");
    folder.write("part.csv", "activityId,activityStatus.id\n1,99\n");
    for options in ["", " --add-missing"] {
        let refused = folder.run(&format!("import acme part.csv{options}"));
        let told =
            "activityStatus.id is 99, which does not exist here: give the name of the status\n";
        assert!(refused.err.contains(told), "{refused:?}");
    }
    folder.write("part.csv", "activityId,activityStatus.id,activityStatus.name\n1,99,Parked\n");
    folder.ok("import acme part.csv --add-missing");
}

#[test]
fn a_refusal_is_told_even_if_the_file_has_not_been_read_to_its_end() {
    let told = either_way(|folder| {
        folder.ok("org add acme");
        folder.write("large.jsonl", line(1, "x").repeat(20_000));
        folder.transcript(&["import nowhere large.jsonl", "import nowhere large.jsonl large.jsonl"])
    });
    let said = "there is no organization nowhere; `driftless org list` lists the organizations";
    assert_eq!(told.matches(&format!("! driftless: {said}\nexit 1\n")).count(), 2, "{told}");
}

#[test]
fn no_more_faults_are_told_than_a_person_reads() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.write("bad.jsonl", line(1, "x").replace("LOW", "PRESSING").repeat(1_000));
    let output = folder.run("import acme bad.jsonl");
    assert_eq!(output.code, 1);
    let faults = output.err.lines().filter(|line| line.contains("activityPriority is")).count();
    assert_eq!(faults, 20, "{}", output.err);
    assert!(output.err.contains("980 more"), "{}", output.err);
    assert!(output.err.ends_with("nothing was imported\n"), "{}", output.err);
}

#[test]
fn two_rows_of_one_id_are_told_once_and_with_all_else_that_is_wrong() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.write("one.jsonl", line(1, "here"));
    folder.ok("import acme one.jsonl");
    let head =
        "activityId,subject,startDateTime,activityStatus.id,activityStatus.name,activityPriority\n";
    let twice =
        "8,Call,2026-03-05 09:00,,Not Started,LOW\n8,Write,2026-03-05 09:00,,Not Started,LOW\n";
    folder.write("dup.csv", format!("{head}{twice}"));
    let refused = folder.run("import acme dup.csv");
    assert_eq!(refused.code, 1);
    let told = "driftless: dup.csv, row 3: this row and row 2 have the same activityId, 8, but different values. Did a spreadsheet round the id, or was a row copied? Correct the id, or leave it empty for a new activity\nnothing was imported\n";
    assert_eq!(refused.err, told);
    folder.write("bad.csv", format!("{head}{twice}9,Call,soon,,Not Started,LOW\n1,,,1,Nowhere,\n"));
    let refused = folder.run("import acme bad.csv");
    for told in [
        "bad.csv, row 3: this row",
        "bad.csv, row 4: startDateTime is",
        "bad.csv, row 5: subject is missing",
        "clear activityStatus.id to use the name",
    ] {
        assert!(refused.err.contains(told), "{told} in {}", refused.err);
    }
}

#[test]
fn a_name_that_many_rows_have_is_told_once() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.write("one.jsonl", line(1, "here"));
    folder.ok("import acme one.jsonl");
    let row = "Call,2026-03-05 09:00,Parked,LOW\n".repeat(12);
    folder.write("many.csv", format!("Subject,Start,Status,Priority\n{row}"));
    let refused = folder.run("import acme many.csv");
    assert_eq!(
        refused.err,
        "driftless: many.csv, rows 2, 3, 4, 5, 6 and 7 more: activityStatus.name is \"Parked\", which does not exist here: add it first, or say --add-missing\nnothing was imported\n"
    );
    let shown = folder.ok("import acme many.csv --add-missing --dry-run");
    assert!(
        shown.contains("would be created:\n  new  Call | 2026-03-05T09:00:00.000+00:00 | Parked\n"),
        "{shown}"
    );
}

#[test]
fn what_is_no_file_of_activities_is_told_with_what_is_read() {
    let folder = Folder::new();
    folder.ok("org add acme");
    folder.write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    folder.write("empty.csv", "");
    folder.write("short.csv", "Subject,Start\nCall,2026-03-05 09:00\n");
    for (file, told) in [
        (
            "picture.png",
            "picture.png: this is not a table: expected a workbook (.xlsx, .ods), CSV,",
        ),
        ("empty.csv", "empty.csv: the file is empty"),
        (
            "short.csv",
            "has no column for activityStatus.name, activityPriority, and no activityId: new activities need subject, startDateTime, activityStatus.name and activityPriority. It has: Subject, Start. For other names, say --map",
        ),
    ] {
        let refused = folder.run(&format!("import acme {file}"));
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains(told), "{}", refused.err);
    }
}
