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
