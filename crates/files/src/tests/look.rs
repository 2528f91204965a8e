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
    assert!(matches!(problems[0].fault, Fault::Columns(_)));
    let told = error.told(|way_out| if way_out == WayOut::Columns { " -> name them" } else { "" });
    assert_eq!(told, format!("{error} -> name them"));
}
