//! Tables as other systems write them: imported, imported again, and again with one cell changed.

use crate::browser::Browser;
use crate::folder::Folder;
use crate::import::line;

/// A table of another system, and what becomes of it.
struct Table<'t> {
    rows: &'t str,
    options: &'t str,
    /// What the import says of it, in its order.
    told: &'t [&'t str],
    /// The activities, oldest number first: members that have something.
    becomes: &'t [&'t str],
    /// A cell that changes, and how.
    edit: (&'t str, &'t str),
}

/// An organization in Chicago with Ada Byron, 7, and with an activity, so that its statuses are its own.
fn organization() -> Folder {
    let folder = Folder::new();
    folder.ok("org add acme --time-zone America/Chicago");
    folder.ok("user add acme \"Ada Byron\" --id 7");
    folder.write("one.jsonl", line(1, "here before"));
    folder.ok("import acme one.jsonl");
    folder
}

/// The members of the activities that have something, but for the first activity's.
fn activities(folder: &Folder) -> Vec<String> {
    const SHOWN: [&str; 11] = [
        "activityId",
        "subject",
        "note",
        "startDateTime",
        "endDateTime",
        "clientId",
        "systemUserId",
        "activityStatus.name",
        "activityPriority",
        "createdBy",
        "externalId",
    ];
    let csv = folder.ok("export acme --format csv");
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let head = rows.headers().unwrap().clone();
    let place = |name: &str| head.iter().position(|column| column == name).unwrap();
    let shown = |row: &csv::StringRecord| {
        let cells = SHOWN.iter().map(|name| &row[place(name)]).filter(|cell| !cell.is_empty());
        cells.collect::<Vec<_>>().join(" | ").replace(".000", "")
    };
    let mut found: Vec<String> = rows.records().map(|row| shown(&row.unwrap())).collect();
    found.sort();
    found.retain(|row| !row.starts_with("1 | "));
    found
}

/// The first line that a command prints.
#[track_caller]
fn counts(folder: &Folder, options: &str) -> String {
    let out = folder.ok(&format!("import acme table.csv {options}"));
    out.lines().next().unwrap_or_default().to_owned()
}

#[track_caller]
fn check(table: &Table<'_>) {
    let Table { rows, options, told, becomes, edit: (from, to) } = table;
    let folder = organization();
    folder.write("table.csv", rows);
    let output = folder.run(&format!("import acme table.csv {options}"));
    assert_eq!(output.code, 0, "{output:?}");
    let said: Vec<&str> =
        output.err.lines().map(|line| line.trim_start_matches("table.csv: ")).collect();
    assert_eq!(said, *told);
    assert_eq!(activities(&folder), *becomes);

    let count = becomes.len();
    assert_eq!(
        counts(&folder, options),
        format!("0 created, 0 updated, {count} unchanged, 0 removed")
    );
    assert_eq!(activities(&folder), *becomes);

    assert_eq!(rows.matches(from).count(), 1, "{from}");
    folder.write("table.csv", rows.replace(from, to));
    let rest = count - 1;
    assert_eq!(
        counts(&folder, options),
        format!("0 created, 1 updated, {rest} unchanged, 0 removed")
    );
    assert_eq!(activities(&folder).len(), count);
}

const TASKS: &str = "\
Id,WhoId,WhatId,Subject,ActivityDate,Status,Priority,OwnerId,Description,IsDeleted,AccountId,IsClosed,CreatedDate,LastModifiedDate
00T3k00000AbCdEEAV,000000000000000AAA,000000000000000AAA,Call,2026-11-30 00:00:00,Not Started,High,0053k000001ABCDAA4,Blue ink,0,,0,2026-11-01 02:30:00,2026-11-02 02:30:00
00T5e00001ABCdeEAH,000000000000000AAA,000000000000000AAA,Write,,Handed over,Normal,0053k000001ABCDAA4,,0,,1,2026-11-01 02:30:00,2026-11-02 02:30:00
00T3k00000AbCdFEAV,000000000000000AAA,000000000000000AAA,Gone,2026-11-30 00:00:00,Completed,Normal,0053k000001ABCDAA4,,1,,1,2026-11-01 02:30:00,2026-11-02 02:30:00
";

#[test]
fn tasks_of_salesforce_are_taken() {
    check(&Table {
        rows: TASKS,
        options: "",
        told: &[
            "read as Salesforce tasks",
            "times without a time zone are read as UTC; --time-zone names another",
            "accounts and people cannot be found by their Salesforce ids (WhoId, WhatId, OwnerId, AccountId): add columns with their names, and say --map \"Their column=accountName\" or =systemUserName",
            "1 row has no start: its due date is taken",
            "1 row has no start and no due date: the time of its creation is taken",
            "1 row has a status that is not known here: only whether it is done is taken",
            "1 row was deleted there and is not here: it is left out",
            "ignored: LastModifiedDate (3), OwnerId (3), WhatId (3), WhoId (3)",
        ],
        becomes: &[
            "2 | Call | Blue ink | 2026-11-30T00:00:00-06:00 | Not Started | HIGH | salesforce:00T3k00000AbCdEEAV",
            "3 | Write | 2026-11-01T02:30:00+00:00 | Completed | NORMAL | salesforce:00T5e00001ABCdeEAH",
        ],
        edit: ("2026-11-30 00:00:00,Not Started", "2026-12-01 00:00:00,Not Started"),
    });
}

#[test]
fn a_file_without_the_column_of_the_start_leaves_it_as_it_is() {
    let folder = organization();
    let header = "(Do Not Modify) Activity,Subject,Start Date,Due Date,Date Created";
    let [id, created] = ["3f2504e0-4f89-11d3-9a0c-0305e82c3301", "2026-11-01 08:00"];
    let row = format!("{id},Call,2026-11-30 08:00,2026-11-30 09:00,{created}");
    folder.write("table.csv", format!("{header}\n{row}\n"));
    folder.ok("import acme table.csv");
    let before = activities(&folder);
    let part = "(Do Not Modify) Activity,Subject,Activity Type,Regarding,Date Created";
    folder.write("part.csv", format!("{part}\n{id},Call,Phone Call,,{created}\n"));
    let output = folder.run("import acme part.csv");
    assert_eq!(activities(&folder), before);
    let told = "1 row keeps its start: the file lacks the column that has it";
    assert!(output.err.contains(told), "{output:?}");
    // Its due date is its end.
    let due = part.replace("Regarding", "Due Date");
    folder.write("due.csv", format!("{due}\n{id},Call,Phone Call,2026-11-30 09:00,{created}\n"));
    let unchanged = "0 created, 0 updated, 1 unchanged, 0 removed\n";
    assert_eq!(folder.run("import acme due.csv").out, unchanged);
    assert_eq!(activities(&folder), before);
    // One that is not here needs a start.
    let new = id.replace("3301", "3302");
    folder.write("part.csv", format!("{part}\n{new},Write,Task,,{created}\n"));
    folder.ok("import acme part.csv");
    assert!(activities(&folder)[1].contains("2026-11-01T08:00:00-06:00"));
}

#[test]
fn a_task_that_is_deleted_there_later_is_removed_here() {
    let folder = organization();
    folder.write("table.csv", TASKS);
    assert_eq!(counts(&folder, ""), "2 created, 0 updated, 0 unchanged, 0 removed");
    folder.write("table.csv", TASKS.replace("Blue ink,0,", "Blue ink,1,"));
    assert_eq!(counts(&folder, ""), "0 created, 0 updated, 1 unchanged, 1 removed");
    assert_eq!(counts(&folder, ""), "0 created, 0 updated, 2 unchanged, 0 removed");
    // What was removed here stays removed.
    folder.write("table.csv", TASKS);
    assert_eq!(counts(&folder, ""), "0 created, 0 updated, 1 unchanged, 0 removed");
    assert_eq!(counts(&folder, "--restore"), "0 created, 0 updated, 1 unchanged, 0 removed");
    assert_eq!(activities(&folder).len(), 2);
}

#[test]
fn the_short_form_of_an_id_finds_what_the_long_one_brought() {
    let folder = organization();
    folder.write("table.csv", TASKS);
    folder.ok("import acme table.csv");
    let short = TASKS.replace("CdEEAV,", "CdE,").replace("ABCdeEAH,", "ABCde,");
    folder.write("table.csv", short);
    assert_eq!(counts(&folder, ""), "0 created, 0 updated, 2 unchanged, 0 removed");
}

#[test]
fn a_zone_that_is_said_counts_before_that_of_a_system() {
    let folder = organization();
    folder.write("table.csv", TASKS);
    let output = folder.run("import acme table.csv --time-zone Europe/Berlin");
    assert!(!output.err.contains("UTC"), "{}", output.err);
    let found = activities(&folder);
    assert!(found[0].contains("2026-11-30T00:00:00+01:00"), "{found:?}");
    assert!(found[1].contains("2026-11-01T02:30:00+01:00"), "{found:?}");
}

#[test]
fn events_of_salesforce_are_taken() {
    check(&Table {
        rows: "\
Id,Subject,IsAllDayEvent,ActivityDateTime,ActivityDate,DurationInMinutes,Description,AccountId,OwnerId,IsDeleted,CreatedDate
00U3k00000XyZaBEAV,Visit,0,2026-11-30 15:00:00,2026-11-30 00:00:00,90,,,,0,2026-11-01 02:30:00
00U3k00000XyZaCEAV,Fair,1,2026-10-31 00:00:00,2026-10-31 00:00:00,2880,,,,0,2026-10-01 02:30:00
",
        options: "",
        told: &[
            "read as Salesforce events",
            "times without a time zone are read as UTC; --time-zone names another",
            "accounts and people cannot be found by their Salesforce ids (AccountId, OwnerId): add columns with their names, and say --map \"Their column=accountName\" or =systemUserName",
            "2 rows are new and have no status: they get the status that new activities start with",
        ],
        becomes: &[
            "2 | Visit | 2026-11-30T15:00:00+00:00 | 2026-11-30T16:30:00+00:00 | Not Started | NORMAL | salesforce:00U3k00000XyZaBEAV",
            // Clocks go back on the second of the two days.
            "3 | Fair | 2026-10-31T00:00:00-05:00 | 2026-11-02T00:00:00-06:00 | Not Started | NORMAL | salesforce:00U3k00000XyZaCEAV",
        ],
        edit: (",90,", ",95,"),
    });
}

#[test]
fn an_event_that_lasts_all_day_stays_on_its_day() {
    for times in [
        "2026-12-24T00:00:00.000Z,2026-12-24,2026-12-24T00:00:00.000Z",
        "2026-12-24T00:00:00.000+0000,,",
        "2026-12-24 00:00:00,2026-12-24 00:00:00,",
    ] {
        let folder = organization();
        let header =
            "Id,Subject,StartDateTime,ActivityDate,EndDateTime,IsAllDayEvent,DurationInMinutes";
        folder.write("table.csv", format!("{header}\n00U3k00000XyZaB,Eve,{times},true,1440\n"));
        folder.ok("import acme table.csv");
        assert_eq!(
            activities(&folder),
            [
                "2 | Eve | 2026-12-24T00:00:00-06:00 | 2026-12-25T00:00:00-06:00 | Not Started | NORMAL | salesforce:00U3k00000XyZaBEAV"
            ],
            "{times}"
        );
    }
}

#[test]
fn any_column_can_be_said_to_be_the_id_in_another_system() {
    let folder = organization();
    let rows = "Nr,subject,startDateTime,activityStatus.name,activityPriority\nA-1,Call,2026-11-30 08:00,Completed,LOW\n";
    folder.write("table.csv", rows);
    let map = "--map Nr=externalId";
    assert_eq!(counts(&folder, map), "1 created, 0 updated, 0 unchanged, 0 removed");
    assert_eq!(counts(&folder, map), "0 created, 0 updated, 1 unchanged, 0 removed");
    folder.write("table.csv", rows.replace("Call", "Write"));
    assert_eq!(counts(&folder, map), "0 created, 1 updated, 0 unchanged, 0 removed");
    assert_eq!(
        activities(&folder),
        ["2 | Write | 2026-11-30T08:00:00-06:00 | Completed | LOW | A-1"]
    );
}

#[test]
fn what_a_row_says_nothing_of_stays_as_somebody_has_set_it_here() {
    let folder = organization();
    let events = "Id,Subject,StartDateTime,IsAllDayEvent\n00U3k00000XyZaB,Visit,2026-11-30T15:00:00.000+0000,false\n";
    folder.write("table.csv", events);
    folder.ok("import acme table.csv");
    folder.write("own.csv", "activityId,activityStatus.name,activityPriority\n2,Completed,HIGH\n");
    folder.ok("import acme own.csv");
    assert_eq!(counts(&folder, ""), "0 created, 0 updated, 1 unchanged, 0 removed");
    folder.write("table.csv", events.replace("Visit", "Long visit"));
    assert_eq!(counts(&folder, ""), "0 created, 1 updated, 0 unchanged, 0 removed");
    assert_eq!(
        activities(&folder),
        [
            "2 | Long visit | 2026-11-30T15:00:00+00:00 | Completed | HIGH | salesforce:00U3k00000XyZaBEAV"
        ]
    );
}

#[test]
fn a_report_of_salesforce_is_taken_without_the_lines_below_it() {
    check(&Table {
        rows: "\
Company / Account,Subject,Date,Status,Priority,Assigned,Full Comments,Activity ID
Blue Rivers,Call,11/30/2026,Completed,Low,Ada Byron,Done,00T3k00000AbCdE
Copyright (c) somebody,,,,,,,
",
        options: "--add-missing --dates us",
        told: &[
            "read as a Salesforce report of activities",
            "1 row has no start: its due date is taken",
            "1 row below the table is left out",
            "1 account added",
        ],
        becomes: &[
            "2 | Call | Done | 2026-11-30T00:00:00-06:00 | 1 | 7 | Completed | LOW | salesforce:00T3k00000AbCdEEAV",
        ],
        edit: ("Completed", "Not Started"),
    });
}

#[test]
fn tasks_of_dynamics_are_taken() {
    check(&Table {
        rows: "\
(Do Not Modify) Task,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Subject,Description,Regarding,Owner,Start Date,Due Date,Status Reason,Activity Status,Priority,Created By
3F2504E0-4F89-11D3-9A0C-0305E82C3301,c2hlY2s=,11/01/2026 8:00:00 AM,Call,Ink,Blue Rivers,Ada Byron,11/30/2026 8:00:00 AM,11/30/2026 9:00:00 AM,Waiting on someone else,Open,High,Zoe
{3f2504e0-4f89-11d3-9a0c-0305e82c3302},c2hlY2s=,11/01/2026 8:00:00 AM,Write,,,,,12/01/2026 8:00:00 AM,Completed,Completed,Normal,
",
        options: "--add-missing",
        told: &[
            "read as Dynamics 365 tasks",
            "1 row has no start: its due date is taken",
            "ignored: (Do Not Modify) Modified On (2), (Do Not Modify) Row Checksum (2)",
            "1 account added",
        ],
        becomes: &[
            "2 | Call | Ink | 2026-11-30T08:00:00-06:00 | 2026-11-30T09:00:00-06:00 | 1 | 7 | Waiting on someone else | HIGH | Zoe | dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "3 | Write | 2026-12-01T08:00:00-06:00 | Completed | NORMAL | dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3302",
        ],
        edit: ("Blue Rivers", ""),
    });
}

#[test]
fn phone_calls_of_dynamics_are_taken() {
    check(&Table {
        rows: "\
(Do Not Modify) Phone Call,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Due,Recipient,Assigned To,Subject,Regarding
3f2504e0-4f89-11d3-9a0c-0305e82c3301,c2hlY2s=,11/01/2026 8:00:00 AM,11/30/2026 8:00:00 AM,Zoe,Ada Byron,Call,Blue Rivers
",
        options: "--add-missing",
        told: &[
            "read as Dynamics 365 phone calls",
            "1 row has no start: its due date is taken",
            "1 row is new and has no status: it gets the status that new activities start with",
            "ignored: (Do Not Modify) Modified On (1), (Do Not Modify) Row Checksum (1), Recipient (1)",
            "1 account added",
        ],
        becomes: &[
            "2 | Call | 2026-11-30T08:00:00-06:00 | 1 | 7 | Not Started | NORMAL | dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        ],
        edit: ("11/30/2026 8:00", "11/30/2026 9:00"),
    });
}

#[test]
fn appointments_of_dynamics_are_taken() {
    check(&Table {
        rows: "\
(Do Not Modify) Appointment;Subject;Status;Start Time;End Time;Regarding;Location
3f2504e0-4f89-11d3-9a0c-0305e82c3301;Visit;Scheduled;2026-11-30 08:00;2026-11-30 09:00;;Hall
3f2504e0-4f89-11d3-9a0c-0305e82c3302;Fair;Completed;2026-11-28 08:00;2026-11-28 09:00;;Hall
",
        options: "",
        told: &[
            "read as Dynamics 365 appointments",
            "1 row has a status that is not known here: only whether it is done is taken",
            "ignored: Location (2)",
        ],
        becomes: &[
            "2 | Visit | 2026-11-30T08:00:00-06:00 | 2026-11-30T09:00:00-06:00 | Not Started | NORMAL | dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "3 | Fair | 2026-11-28T08:00:00-06:00 | 2026-11-28T09:00:00-06:00 | Completed | NORMAL | dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3302",
        ],
        edit: ("2026-11-30 09:00", "2026-11-30 10:00"),
    });
}

#[test]
fn activities_of_dynamics_are_taken() {
    check(&Table {
        rows: "\
(Do Not Modify) Activity,Subject,Regarding,Activity Type,Start Date,Due Date,Date Created
3f2504e0-4f89-11d3-9a0c-0305e82c3301,Call,,Phone Call,,2026-11-30 08:00,2026-11-01 08:00
",
        options: "",
        told: &[
            "read as Dynamics 365 activities",
            "1 row has no start: its due date is taken",
            "1 row is new and has no status: it gets the status that new activities start with",
            "ignored: Activity Type (1)",
        ],
        becomes: &[
            "2 | Call | 2026-11-30T08:00:00-06:00 | Not Started | NORMAL | dynamics:3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        ],
        edit: (",Call,", ",Call again,"),
    });
}

#[test]
fn an_export_of_civicrm_is_taken() {
    check(&Table {
        rows: "\
Activity ID,Sort Name,Subject,Activity Type,Activity Date,Duration,Details,Activity Status,Activity Priority,Source Contact,Created Date,Modified Date
1,\"Byron, Ada\",Call,Phone Call,2026-11-30 08:00:00,25,<p>Ink</p>,Completed,Urgent,\"Cohen, Ed\",2026-11-01 08:00:00,2026-11-02 08:00:00
",
        options: "",
        told: &[
            "read as an export of CiviCRM activities",
            "ignored: Activity Type (1), Modified Date (1), Sort Name (1)",
        ],
        // The number of another system is not that of the activity 1 here.
        becomes: &[
            "2 | Call | <p>Ink</p> | 2026-11-30T08:00:00-06:00 | 2026-11-30T08:25:00-06:00 | Completed | HIGH | Cohen, Ed | civicrm:1",
        ],
        edit: (",25,", ",0,"),
    });
}

#[test]
fn a_report_of_civicrm_is_taken() {
    check(&Table {
        rows: "\
Activity ID,Source Name,Target Name,Assignee Name,Activity Type,Subject,Activity Date,Activity Status,Priority
5,\"Cohen, Ed\",Blue Rivers,Ada Byron,Meeting,Visit,2026-11-30 08:00:00,Completed,Normal
6,\"Cohen, Ed\",Blue Rivers;Red Hills,Ada Byron,Meeting,Fair,2026-11-30 09:00:00,Completed,Low
",
        options: "--add-missing",
        told: &[
            "read as a CiviCRM activity report",
            "1 row names several accounts or people: none of them is taken",
            "ignored: Activity Type (2)",
            "1 account added",
        ],
        becomes: &[
            "2 | Visit | 2026-11-30T08:00:00-06:00 | 1 | 7 | Completed | NORMAL | Cohen, Ed | civicrm:5",
            "3 | Fair | 2026-11-30T09:00:00-06:00 | 7 | Completed | LOW | Cohen, Ed | civicrm:6",
        ],
        edit: ("Visit", "Visits"),
    });
}

#[test]
fn tasks_of_hubspot_are_taken() {
    check(&Table {
        rows: "\
Record ID,Task Title,Notes,Due date,Task Status,Priority,Assigned to,Create Date,Last Modified Date,Associated Company IDs
14771947458,Call,Ink,2026-11-30 08:00,Waiting,Medium,Ada Byron,2026-11-01 08:00,2026-11-02 08:00,1;2
14771947459,Write,,2026-11-30 09:00,Completed,None,,2026-11-01 08:00,2026-11-02 08:00,
",
        options: "",
        told: &[
            "read as HubSpot tasks",
            "accounts and people cannot be found by their HubSpot ids (Associated Company IDs): add columns with their names, and say --map \"Their column=accountName\" or =systemUserName",
            "2 rows have no start: their due date is taken",
            "ignored: Associated Company IDs (1), Last Modified Date (2)",
        ],
        becomes: &[
            "2 | Call | Ink | 2026-11-30T08:00:00-06:00 | 7 | Waiting | NORMAL | hubspot:14771947458",
            "3 | Write | 2026-11-30T09:00:00-06:00 | Completed | NORMAL | hubspot:14771947459",
        ],
        edit: ("Medium", "High"),
    });
}

#[test]
fn calls_of_hubspot_are_taken() {
    check(&Table {
        rows: "\
Engagement ID,Call Title,Call notes,Activity date,Call duration,Call status,Call outcome,Activity assigned to,Activity created by
512,Call,Ink,2026-11-30T14:00:00.000Z,90000,COMPLETED,Connected,Ada Byron,Zoe
",
        options: "",
        told: &["read as HubSpot calls", "ignored: Call outcome (1)"],
        becomes: &[
            "2 | Call | Ink | 2026-11-30T14:00:00+00:00 | 2026-11-30T14:01:30+00:00 | 7 | Completed | NORMAL | Zoe | hubspot:512",
        ],
        edit: ("90000", "120000"),
    });
}

#[test]
fn meetings_of_hubspot_are_taken() {
    check(&Table {
        rows: "\
Record ID,Meeting name,Meeting description,Start Time,End Time,Activity date,Meeting outcome,Activity assigned to
512,Visit,Hall,2026-11-30 08:00,2026-11-30 09:00,2026-11-30 08:00,,Ada Byron
",
        options: "",
        told: &[
            "read as HubSpot meetings",
            "1 row is new and has no status: it gets the status that new activities start with",
            "ignored: Activity date (1)",
        ],
        becomes: &[
            "2 | Visit | Hall | 2026-11-30T08:00:00-06:00 | 2026-11-30T09:00:00-06:00 | 7 | Not Started | NORMAL | hubspot:512",
        ],
        edit: ("Hall", "Harbour"),
    });
}

#[test]
fn numbers_of_neoncrm_stay_the_numbers_of_activities() {
    check(&Table {
        rows: "\
Activity ID,Subject,Note,Start Date/Time,End Date/Time,Client ID,System User ID,Activity Status Name,Priority
653,Call,Ink,11/30/2026 8:00 AM,,3480,7,Completed,High
",
        options: "",
        told: &["read as NeonCRM activities"],
        becomes: &["653 | Call | Ink | 2026-11-30T08:00:00-06:00 | 3480 | 7 | Completed | HIGH"],
        edit: ("Ink", "Blue ink"),
    });
}

#[test]
fn what_is_said_of_a_column_counts_before_what_is_known_of_it() {
    let folder = organization();
    folder.write("table.csv", TASKS.replace("OwnerId", "Owner"));
    let map = "--map Description= --map Status= --map Owner=note";
    let output = folder.run(&format!("import acme table.csv {map}"));
    assert!(output.err.contains("read as Salesforce tasks"), "{}", output.err);
    assert_eq!(
        activities(&folder),
        [
            "2 | Call | 0053k000001ABCDAA4 | 2026-11-30T00:00:00-06:00 | Not Started | HIGH | salesforce:00T3k00000AbCdEEAV",
            "3 | Write | 0053k000001ABCDAA4 | 2026-11-01T02:30:00+00:00 | Completed | NORMAL | salesforce:00T5e00001ABCdeEAH",
        ]
    );
}

#[test]
fn one_ambiguous_name_makes_no_table_of_another_system() {
    let folder = organization();
    folder.write("table.csv", "Activity Date,subject,Assigned To\n2026-11-30 08:00,Call,7\n");
    let output = folder.run("import acme table.csv");
    assert_eq!(output.code, 1);
    assert!(output.err.contains("It has: Activity Date, subject, Assigned To"), "{}", output.err);
    assert!(!output.err.contains("read as"), "{}", output.err);
}

#[test]
fn two_rows_with_one_id_of_another_system_are_refused() {
    let folder = organization();
    let rows = TASKS.replace("00T5e00001ABCdeEAH", "00T3k00000AbCdE");
    folder.write("table.csv", rows);
    let output = folder.run("import acme table.csv");
    assert_eq!(output.code, 1);
    let expected = "driftless: table.csv, row 3: this row and row 2 have the same id of another system, salesforce:00T3k00000AbCdEEAV, but different values. Remove the row that is wrong\nnothing was imported\n";
    assert!(output.err.ends_with(expected), "{}", output.err);
    assert!(activities(&folder).is_empty());
    // Once it is here, both rows are of that activity.
    folder.write("table.csv", TASKS);
    folder.ok("import acme table.csv");
    folder.write("table.csv", TASKS.replace("00T5e00001ABCdeEAH", "00T3k00000AbCdE"));
    let output = folder.run("import acme table.csv");
    assert!(output.err.ends_with(expected), "{}", output.err);
    assert_eq!(activities(&folder).len(), 2);
}

#[test]
fn a_row_that_comes_twice_and_says_the_same_is_one_activity() {
    let folder = organization();
    let second = TASKS.lines().nth(1).unwrap();
    folder.write("table.csv", format!("{TASKS}{second}\n"));
    assert_eq!(counts(&folder, ""), "2 created, 0 updated, 0 unchanged, 0 removed");
}

#[test]
fn what_is_no_id_of_the_system_is_refused_with_its_line() {
    let folder = organization();
    folder.write("table.csv", TASKS.replace("00T5e00001ABCdeEAH", "1234"));
    let output = folder.run("import acme table.csv");
    assert_eq!(output.code, 1);
    let expected = "table.csv (read as Salesforce tasks), row 3: the id is \"1234\", expected an id of Salesforce, of 15 or 18 letters and digits";
    assert!(output.err.contains(expected), "{}", output.err);
}

#[test]
fn ids_of_other_systems_travel_with_the_activities() {
    let folder = organization();
    folder.write("table.csv", TASKS);
    folder.ok("import acme table.csv");
    let before = activities(&folder);
    folder.write("all.jsonl", folder.ok("export acme --all"));
    folder.write("all.csv", folder.ok("export acme --format csv"));
    assert!(folder.ok("import acme all.csv").starts_with("0 created, 0 updated, 3 unchanged"));

    let other = Folder::new();
    other.ok("org add acme");
    std::fs::copy(folder.path("all.jsonl"), other.path("all.jsonl")).unwrap();
    other.ok("import acme all.jsonl");
    assert_eq!(activities(&other), before);
    other.write("table.csv", TASKS);
    assert_eq!(counts(&other, ""), "0 created, 0 updated, 2 unchanged, 0 removed");
}

#[test]
fn an_id_of_another_system_that_another_activity_has_is_refused() {
    let folder = organization();
    folder.write("table.csv", TASKS);
    folder.ok("import acme table.csv");
    folder.write("own.csv", "activityId,externalId\n1,salesforce:00T3k00000AbCdEEAV\n");
    let output = folder.run("import acme own.csv");
    assert_eq!(output.code, 1);
    let expected = "own.csv, row 2: salesforce:00T3k00000AbCdEEAV is activity 2 here, but activityId is 1: clear one of them";
    assert!(output.err.contains(expected), "{}", output.err);
}

#[test]
fn the_page_of_an_activity_and_downloads_show_its_id_in_another_system() {
    const PASSWORD: &str = "correct-horse-battery";
    const ID: &str = "salesforce:00T3k00000AbCdEEAV";
    let folder = organization();
    folder.write("table.csv", TASKS);
    folder.ok("import acme table.csv");
    assert_eq!(folder.run_with_input("user login acme 7 ed", PASSWORD).code, 0);
    let server = folder.serve();
    let mut browser = Browser::of(&server);
    assert!(browser.signs_in("ed", PASSWORD));
    assert!(browser.get("/activities/2").body.contains(&format!("<dd>{ID}</dd>")));
    assert!(browser.get("/activities.csv").body.contains(&format!("\"{ID}\"")));
    let history = browser.get("/activities/2/history").body;
    assert!(history.contains("External ID") && history.contains(ID));
    server.stop();
}
