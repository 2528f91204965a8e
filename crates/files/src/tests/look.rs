//! What the columns of a table are, and what an import can be told.

use super::*;
use crate::{Fault, TableColumn, Unsaid, WayOut, look, members};

#[track_caller]
fn columns(input: &str) -> Vec<TableColumn> {
    let source = BufReader::with_capacity(1, input.as_bytes());
    look(source, &ColumnNames::default(), None, 1 << 20).unwrap()
}

fn column(name: &str, member: Option<&'static str>, sample: &str) -> TableColumn {
    TableColumn { name: name.to_owned(), member, sample: sample.to_owned() }
}

#[test]
fn columns_are_told_with_their_members_and_the_first_value() {
    let found = columns(
        "\u{feff}Betreff;startDateTime (America/Chicago);;'guarded;VERSION\n;;x;;\nCall;04.03.2026;;;",
    );
    let expected = [
        column("Betreff", None, "Call"),
        column("startDateTime (America/Chicago)", Some("startDateTime"), "04.03.2026"),
        column("VERSION", Some("lastModifiedDateTime"), ""),
    ];
    assert_eq!(found, expected);
    let long = "x".repeat(501);
    let many: Vec<String> = (0..300).map(|at| format!("c{at}")).collect();
    assert_eq!(columns(&format!("{long},a\n1,2\n")), [column("a", None, "2")]);
    assert_eq!(columns(&many.join(",")).len(), 200);
}

#[test]
fn a_name_that_is_broken_into_lines_can_be_chosen_on_one() {
    let input =
        "\"Due\nDate\",\"Their  \r\n subject \",\"activity\nId\"\n30.11.2026 09:00,Call,7\n";
    let names = ["Due Date", "Their subject", "activity Id"];
    assert_eq!(columns(input).into_iter().map(|column| column.name).collect::<Vec<_>>(), names);
    let mut said = ColumnNames::default();
    for (name, member) in [
        ("Due\nDate", "startDateTime"),
        ("THEIR SUBJECT", "subject"),
        (" activity \t id ", "activityId"),
    ] {
        let name: crate::ColumnName = format!("{name}={member}").parse().unwrap();
        assert_eq!(name.to_string().lines().count(), 1, "a file of names has one a line");
        said.say(name.to_string().parse().unwrap());
    }
    let source = BufReader::with_capacity(1, input.as_bytes());
    let found = look(source, &said, None, 1 << 20).unwrap();
    let members: Vec<_> = found.iter().filter_map(|column| column.member).collect();
    assert_eq!(members, ["startDateTime", "subject", "activityId"]);
}

#[test]
fn names_are_told_as_they_are_read() {
    let found = columns("\u{feff}\"\"\"subject\"\"\",\"'Other \"\nCall,x\n");
    assert_eq!(found, [column("subject", Some("subject"), "Call"), column("Other", None, "x")]);
}

#[test]
fn a_column_that_is_said_to_be_another_time_keeps_the_zone_that_it_names() {
    let input = "activityId,startDateTime (Europe/Berlin),Begin (+02:00)\n7,2026-11-30 09:00,2026-11-30 08:00\n";
    let mut said = ColumnNames::default();
    for name in ["startDateTime (Europe/Berlin)=endDateTime", "Begin (+02:00)=startDateTime"] {
        said.say(name.parse().unwrap());
    }
    let mut names = ImportNames::of_nothing();
    let mut taken = Vec::new();
    let reading = Reading { columns: &said, ..reading(&mut names) };
    read("f", input.as_bytes(), reading, &mut |imported| {
        taken.push(imported);
        ControlFlow::Continue(())
    })
    .unwrap();
    let Some(Imported::Record { activity, .. }) = taken.pop() else { panic!("{taken:?}") };
    assert_eq!(activity.start.to_string(), "2026-11-30T08:00:00.000+02:00");
    assert_eq!(activity.end.unwrap().to_string(), "2026-11-30T09:00:00.000+01:00");
}

#[test]
fn what_is_no_table_has_no_columns() {
    for input in ["", " \n", "[]", "{\"subject\":1}", "a,\"b\n", "PK\u{3}\u{4} and no more"] {
        assert_eq!(columns(input), [], "{input:?}");
    }
}

#[test]
fn each_member_can_be_chosen_by_its_name() {
    for member in members() {
        let name = format!("Their name={member}").parse::<crate::ColumnName>().unwrap();
        assert_eq!((name.name(), name.member()), ("Their name", *member));
    }
}

const HEADER: &str = "subject,startDateTime,activityStatus.name,activityPriority\n";

#[track_caller]
fn unsaid(time: &str) -> (Option<WayOut>, Unsaid) {
    let input = format!("{HEADER}Call,{time},New,LOW\n");
    match read_bytes(input.as_bytes()) {
        Ok((_, summary)) => (None, summary.unsaid),
        Err(ReadError::Problems { problems, summary, .. }) => {
            (problems[0].fault.way_out(), summary.unsaid)
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn it_is_known_what_a_file_does_not_say_of_its_times() {
    let (dates, zone) = (true, true);
    assert_eq!(unsaid("2026-03-04T09:00:00Z"), (None, Unsaid::default()));
    assert_eq!(unsaid("2026-03-04 09:00"), (None, Unsaid { zone, dates: false }));
    assert_eq!(unsaid("03/04/2026 09:00"), (Some(WayOut::Dates), Unsaid { dates, zone }));
    let named = HEADER.replace("Time", "Time (+01:00)");
    let (_, summary) = read_bytes(format!("{named}Call,2026-03-04,New,LOW\n").as_bytes()).unwrap();
    assert_eq!(summary.unsaid, Unsaid::default());
}

#[test]
fn each_door_words_the_way_out() {
    let error = read_bytes(b"a,b\n1,2\n").unwrap_err();
    let ReadError::Problems { problems, .. } = &error else { panic!("{error}") };
    assert!(matches!(problems[0].fault, Fault::Columns { .. }));
    let told = error.told(|way_out| if way_out == WayOut::Columns { " -> name them" } else { "" });
    assert_eq!(told, format!("{error} -> name them"));
}

#[test]
fn columns_of_one_name_are_told_apart_by_their_letters() {
    let input = "Notes,subject,notes,Start\na,Call,b,2026-11-30T09:00:00.000\n";
    let names = ["Notes (column A)", "subject", "notes (column C)", "Start"];
    let found = columns(input);
    assert_eq!(found.iter().map(|column| &*column.name).collect::<Vec<_>>(), names);
    assert_eq!(
        found.iter().map(|column| column.member.is_some()).collect::<Vec<_>>(),
        [false, true, false, true]
    );
    assert_eq!(found[3].sample, "2026-11-30 09:00");
    let mut said = ColumnNames::default();
    said.say("Notes (column C)=note".parse().unwrap());
    let found = look(input.as_bytes(), &said, None, 1 << 20).unwrap();
    assert_eq!(
        found.iter().map(|column| column.member).collect::<Vec<_>>(),
        [None, Some("subject"), Some("note"), Some("startDateTime")]
    );
}
