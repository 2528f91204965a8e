//! The list of activities as a file: a workbook, as a program for workbooks reads it, and CSV.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{Data, Range, Reader, Xlsx};
use domain::{
    Account, ClientId, CustomFieldPatch, Draft, Name, Note, Presence, StatusId, StatusName,
    cell_text,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use service::{Authority, Write, wait};

use crate::harness::{EDITOR, World, moment};

const COLUMNS: [&str; 18] = [
    "activityId",
    "subject",
    "note",
    "startDateTime (America/Chicago)",
    "endDateTime (America/Chicago)",
    "clientId",
    "accountName",
    "systemUserId",
    "systemUserName",
    "activityStatus.id",
    "activityStatus.name",
    "activityPriority",
    "customFieldDataList",
    "externalId",
    "createdDateTime",
    "createdBy",
    "lastModifiedBy",
    "version",
];

const START: usize = 3;
const END: usize = 4;

/// The workbook at an address, as a program reads it.
struct Book {
    file: Vec<u8>,
    sheet: Range<Data>,
}

impl Book {
    fn at(world: &World, path: &str) -> Book {
        let (_, file) = world.viewer().download(path);
        let mut book = Xlsx::new(Cursor::new(file.clone())).unwrap();
        let sheet = book.worksheet_range("Activities").unwrap();
        Book { file, sheet }
    }

    /// The cells below the header row.
    fn rows(&self) -> Vec<Vec<Data>> {
        self.sheet.rows().skip(1).map(<[Data]>::to_vec).collect()
    }

    /// The texts of a column.
    fn column(&self, at: usize) -> Vec<String> {
        self.rows().iter().map(|row| text(&row[at])).collect()
    }

    /// A part of the file, as it was written.
    fn part(&self, name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(&self.file)).unwrap();
        let mut part = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut part).unwrap();
        part
    }
}

/// A cell that holds a text, or nothing.
#[track_caller]
fn text(cell: &Data) -> String {
    match cell {
        Data::String(text) => text.clone(),
        Data::Empty => String::new(),
        other => panic!("{other:?} is no text"),
    }
}

/// A cell that holds a date: days since 1899-12-30.
#[track_caller]
fn days(cell: &Data) -> f64 {
    match cell {
        Data::DateTime(time) => time.as_f64(),
        other => panic!("{other:?} is no date"),
    }
}

/// CSV, and its rows without the first.
fn csv_at(world: &World, path: &str) -> (String, Vec<csv::StringRecord>) {
    let (_, file) = world.viewer().download(path);
    let file = String::from_utf8(file).unwrap();
    let mut rows = csv::Reader::from_reader(file.strip_prefix('\u{feff}').unwrap().as_bytes());
    let rows = rows.records().map(Result::unwrap).collect();
    (file, rows)
}

/// An activity with something in every member.
fn full(draft: &mut Draft) {
    draft.note = Note::parse("one\r\ntwo; three").unwrap();
    draft.start = moment("2026-03-04T16:00:00.125Z");
    draft.end = Some(moment("2026-07-01T00:00:00-05:00"));
    draft.custom_fields = vec![CustomFieldPatch {
        field_id: "7".to_owned(),
        value: Some("=1+1".to_owned()),
        option_id: None,
    }];
}

fn harbor(world: &World) {
    let account = Account { id: ClientId(3_400), name: Name::parse("Harbor Bakery").unwrap() };
    world.service.put_accounts(&world.acme, &[account], &mut |_| {}).unwrap();
}

#[test]
fn both_files_have_what_all_pages_of_the_list_show() {
    let world = World::new();
    for n in 0..120 {
        world.activity(&format!("Letter {n:03}"));
    }
    world.activity("Call Ada");
    let removed = world.activity("Letter 999");
    world.write(Write::Remove(removed));
    let query = "?q=letter&sort=subject&page=2&size=10";
    let expected: Vec<_> = (0..120).map(|n| format!("Letter {n:03}")).collect();

    let book = Book::at(&world, &format!("/activities.xlsx{query}"));
    assert_eq!(book.column(1), expected);
    let (_, rows) = csv_at(&world, &format!("/activities.csv{query}"));
    assert_eq!(rows.iter().map(|row| row[1].to_owned()).collect::<Vec<_>>(), expected);

    let page = world.viewer().get(&format!("/activities{query}")).ok();
    for (form, media_type) in [
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("csv", "text/csv; charset=utf-8"),
    ] {
        page.shows(&format!("href=\"/activities.{form}?q=letter"));
        let (headers, _) = world.viewer().download(&format!("/activities.{form}"));
        assert_eq!(headers["content-type"], media_type);
        let disposition = format!("attachment; filename=\"activities-2026-03-04.{form}\"");
        assert_eq!(headers["content-disposition"], disposition);
    }
}

#[test]
fn a_row_of_the_workbook_has_texts_and_local_times() {
    let world = World::new();
    harbor(&world);
    let id = world.activity_with("00123", full);
    let book = Book::at(&world, "/activities.xlsx");
    assert_eq!(book.sheet.rows().next().unwrap(), COLUMNS.map(|name| Data::String(name.into())));
    let [row] = &book.rows()[..] else { panic!("one row") };
    assert_eq!(row.len(), COLUMNS.len());
    // 2026-03-04 and 2026-07-01, in winter and in summer.
    let ten = f64::from(10 * 3_600) / 86_400.0;
    assert!((days(&row[START]) - 46_085.0 - ten).abs() < 1e-9, "{:?}", row[START]);
    assert_eq!(days(&row[END]), 46_204.0);
    let texts: BTreeMap<_, _> = COLUMNS.iter().copied().zip(row).collect();
    for (column, expected) in [
        ("activityId", id.to_string().as_str()),
        ("subject", "00123"),
        ("note", "one\ntwo; three"),
        ("clientId", "3400"),
        ("accountName", "Harbor Bakery"),
        ("systemUserId", "2"),
        ("systemUserName", "Ed Cohen"),
        ("activityStatus.id", "2"),
        ("activityStatus.name", "Not Started"),
        ("activityPriority", "NORMAL"),
        (
            "customFieldDataList",
            "{\"customFieldData\":[{\"fieldId\":\"7\",\"fieldValue\":\"=1+1\"}]}",
        ),
        ("createdDateTime", "2026-03-04T10:00:00.000-06:00"),
        ("createdBy", "Ed Cohen"),
        ("lastModifiedBy", "Ed Cohen"),
        ("version", "2026-03-04T10:00:00.000-06:00"),
    ] {
        assert_eq!(text(texts[column]), expected, "{column}");
    }
}

#[test]
fn a_time_that_no_date_cell_can_hold_is_a_text() {
    let world = World::new();
    for (start, cell) in [
        ("1899-05-01T09:00:00-06:00", Some("1899-05-01T09:00:00.000")),
        ("1900-02-28T23:59:59.999-06:00", Some("1900-02-28T23:59:59.999")),
        ("1900-03-01T00:00:00-06:00", None),
        ("9999-12-29T23:59:59.999Z", None),
    ] {
        let id = world.activity_with("Call", |draft| draft.start = moment(start));
        let book = Book::at(&world, &format!("/activities.xlsx?q={id}"));
        let row = book.rows().into_iter().find(|row| text(&row[0]) == id.to_string()).unwrap();
        match cell {
            Some(cell) => assert_eq!(text(&row[START]), cell),
            None => assert!(days(&row[START]) >= 61.0, "{start}"),
        }
        assert_eq!(row[END], Data::Empty);
    }
}

/// Texts of what workbooks, XML and spreadsheets have a meaning for.
fn awkward() -> impl Strategy<Value = String> {
    let pieces = [
        "=1+1", "'", "+", "@", "00123", "1E5", "TRUE", "\t", "\n", "\r\n", "\r", " ", "_", "x",
        "_x000D_", "_x0041_", "_x005F_", "_x00e9_", "_X0041_", "x0041_", "\u{1}", "\u{b}",
        "\u{1f}", "\u{7f}", "\u{85}", "\u{2028}", "\u{fffe}", "\u{ffff}", "\u{feff}", "<b>",
        "&amp;", "]]>", "\"", "é", "😀", "ﷺ",
    ];
    proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 1..8)
        .prop_map(|pieces| pieces.concat())
}

#[test]
fn every_text_comes_out_of_its_cell_as_it_went_in() {
    let world = World::new();
    let mut runner = TestRunner::deterministic();
    let mut notes: Vec<String> =
        (0..150).map(|_| awkward().new_tree(&mut runner).unwrap().current()).collect();
    notes.push("😀é".repeat(20_000));
    let mut expected = BTreeMap::new();
    for note in &notes {
        let id = world.activity_with("Call", |draft| draft.note = Note::parse(note).unwrap());
        expected.insert(id.to_string(), cell_text(note).into_owned());
    }
    let book = Book::at(&world, "/activities.xlsx");
    let cells: BTreeMap<_, _> = book.column(0).into_iter().zip(book.column(2)).collect();
    assert_eq!(cells, expected);
    assert!(cells.values().any(|cell| cell.ends_with(" characters]")));
}

#[test]
fn what_is_typed_into_the_workbook_is_a_text_or_a_date() {
    let world = World::new();
    world.activity("Call Ada");
    let book = Book::at(&world, "/activities.xlsx");
    let styles = book.part("xl/styles.xml");
    let (_, formats) = styles.split_once("<cellXfs").unwrap();
    let formats: Vec<&str> = formats.split("<xf ").skip(1).collect();
    let date = styles.split("<numFmt ").find(|format| format.contains("yyyy-mm-dd hh:mm:ss"));
    let date = date.unwrap().split('"').nth(1).unwrap();
    let sheet = book.part("xl/worksheets/sheet1.xml");
    let columns: Vec<&str> = sheet.split("<col ").skip(1).collect();
    let mut kinds = Vec::new();
    for column in columns {
        let value = |name| column.split_once(name).unwrap().1.split('"').nth(1).unwrap();
        let (first, last): (usize, usize) =
            (value("min=").parse().unwrap(), value("max=").parse().unwrap());
        let format = formats[value("style=").parse::<usize>().unwrap()];
        kinds.extend((first..=last).map(|_| format.split('"').nth(1).unwrap()));
    }
    let expected: Vec<&str> =
        (0..COLUMNS.len()).map(|at| if matches!(at, START | END) { date } else { "49" }).collect();
    assert_eq!(kinds, expected, "49 is the number of @");
}

#[test]
fn the_workbook_offers_what_can_be_chosen_and_says_what_must_stay() {
    let world = World::new();
    let name = |n| StatusName::parse(&format!("Waiting, for a rather long time, {n}")).unwrap();
    for n in 0..40 {
        wait(world.service.add_status(
            Authority::command_line(&world.acme),
            Some(StatusId(100 + n)),
            name(n),
        ))
        .unwrap();
    }
    wait(world.service.retire_status(Authority::command_line(&world.acme), StatusId(100))).unwrap();
    for n in 0..3 {
        world.activity(&format!("Call {n}"));
    }
    let book = Book::at(&world, "/activities.xlsx");
    let mut file = Xlsx::new(Cursor::new(book.file.clone())).unwrap();
    assert_eq!(file.sheet_names()[0], "Activities");
    let statuses = file.worksheet_range("Statuses").unwrap();
    let offered: Vec<_> = statuses.rows().map(|row| text(&row[0])).collect();
    assert!(offered.contains(&"Not Started".to_owned()));
    assert!(offered.contains(&name(39).as_str().to_owned()));
    assert!(!offered.contains(&name(0).as_str().to_owned()));

    let sheet = book.part("xl/worksheets/sheet1.xml");
    let list = format!("<formula1>Statuses!$A$1:$A${}</formula1>", offered.len());
    for expected in [
        list.as_str(),
        "sqref=\"K2:K1004\"",
        "<formula1>\"LOW,NORMAL,HIGH\"</formula1>",
        "sqref=\"R2:R1004\"",
        "<dimension ref=\"A1:R4\"/>",
        "<autoFilter ref=\"A1:R4\"/>",
        "ySplit=\"1\"",
        "state=\"frozen\"",
    ] {
        assert!(sheet.contains(expected), "no {expected} in {sheet}");
    }
    let note = book.part("xl/comments1.xml");
    assert!(note.contains("ref=\"R1\"") && note.contains("Do not change this column."), "{note}");
}

#[test]
fn a_workbook_of_nothing_has_its_header() {
    let world = World::new();
    let book = Book::at(&world, "/activities.xlsx");
    assert_eq!(book.sheet.rows().next().unwrap().len(), COLUMNS.len());
    assert!(book.rows().iter().flatten().all(|cell| *cell == Data::Empty));
}

#[test]
fn the_csv_is_what_most_spreadsheets_understand() {
    let world = World::new();
    harbor(&world);
    let id = world.activity_with("=1+1", full);
    let (file, _) = csv_at(&world, "/activities.csv");
    let columns = COLUMNS[..17].join("\",\"");
    let head = format!("\u{feff}\"{columns}\",\"'guarded\",\"lastModifiedDateTime\"\r\n");
    let row = format!(
        "\"{id}\",\"'=1+1\",\"one\ntwo; three\",\"2026-03-04T10:00:00\",\"2026-07-01T00:00:00\",\"3400\",\"Harbor Bakery\",\"2\",\"Ed Cohen\",\"2\",\"Not Started\",\"NORMAL\",\"{{\"\"customFieldData\"\":[{{\"\"fieldId\"\":\"\"7\"\",\"\"fieldValue\"\":\"\"=1+1\"\"}}]}}\",\"\",\"2026-03-04T10:00:00.000-06:00\",\"Ed Cohen\",\"Ed Cohen\",\"\",\"2026-03-04T10:00:00.000-06:00\"\r\n"
    );
    assert_eq!(file, head + &row);
}

#[test]
fn what_programs_take_for_something_else_is_guarded_in_the_csv() {
    let world = World::new();
    let id = world.activity_with("00123", |draft| {
        draft.note = Note::parse("None\u{1}").unwrap();
        draft.start = moment("1899-05-01T09:00:00-06:00");
        draft.client = ClientId(123_456_789_012);
    });
    let page = world.viewer().get("/activities.csv").ok();
    page.shows(&format!(
        "\"{id}\",\"'00123\",\"'None\",\"'1899-05-01T09:00:00\",\"\",\"'123456789012\","
    ));
}

#[test]
fn no_cell_of_the_csv_is_a_formula() {
    let world = World::new();
    world.activity_with("=HYPERLINK(\"http://evil.example\")", |draft| {
        draft.note = Note::parse("@SUM(A1:A9)").unwrap();
        draft.system_user = Presence::Set(EDITOR.0);
    });
    let page = world.viewer().get("/activities.csv").ok();
    page.shows("\"'=HYPERLINK(\"\"http://evil.example\"\")\",\"'@SUM(A1:A9)\",");
}

#[test]
fn no_cell_of_the_csv_is_a_formula_whatever_is_before_its_first_letter() {
    let world = World::new();
    for text in ["\n=1", "＝1", "＋a", "－a", "＠a", " =a", "\u{a0}\u{3000}@a", "\u{feff}=a"] {
        let id = world
            .activity_with("Call", |draft| draft.note = Note::parse(&format!("{text}b")).unwrap());
        let page = world.viewer().get(&format!("/activities.csv?q={id}")).ok();
        page.shows(&format!("\"{id}\",\"Call\",\"'{text}b\","));
    }
}
