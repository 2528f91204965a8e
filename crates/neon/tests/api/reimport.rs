//! Files that are imported again, in any order, after others and after edits here: they undo nothing
//! that they cannot have known.

use std::cell::Cell;

use domain::{ActivityId, ManualClock, StatusId, StatusName};
use neon::export::Format;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};
use service::{
    Authority, Difference, Differing, ImportOptions, ImportReport, Listed, Rehearsal, Write, wait,
};

use crate::client::Client;
use crate::harness::TestServer;
use crate::import::{DRY_RUN, OVERWRITE, PLAIN, RESTORE, changed, line};

/// Sessions outlive some of these.
const STEP_MS: i64 = 5 * 60 * 1_000;
const JANUARY: &str = "2026-01-05T10:00:00Z";
const FEBRUARY: &str = "2026-02-02T10:00:00Z";

/// A server at noon of a day in February, and somebody who has logged in: imports are later ones.
fn at_noon() -> (TestServer<ManualClock>, Client) {
    let server = TestServer::at("2026-02-03T12:00:00Z");
    let client = server.editor();
    (server, client)
}

fn import(client: &Client, file: &str, options: ImportOptions) -> ImportReport {
    client.org.import(file, options).unwrap()
}

fn listed(ids: &[i64]) -> Listed {
    ids.iter().map(|id| ActivityId(*id)).collect()
}

/// Imports what differs from the one activity that is here, 7, and must stay.
#[track_caller]
fn stays(client: &Client, file: &str) {
    let before = client.everything();
    let report = import(client, file, PLAIN);
    assert_eq!(report, ImportReport { newer_here: listed(&[7]), ..ImportReport::default() });
    let after = client.everything();
    assert_eq!((after.records(), after.deleted()), (before.records(), before.deleted()));
}

/// Imports a table that somebody made from an earlier version and has not changed since.
#[track_caller]
fn changes_nothing(client: &Client, table: &str) {
    let before = client.everything();
    let report = import(client, table, PLAIN);
    assert_eq!(report, ImportReport { unchanged: 1, ..ImportReport::default() });
    assert_eq!(client.everything().records(), before.records());
}

/// Imports a file with another subject of activity 7, which must be taken.
#[track_caller]
fn is_taken(client: &Client, file: &str, subject: &str) {
    assert_eq!(import(client, file, PLAIN).updated, 1);
    assert_eq!(client.retrieve(7)["subject"], subject);
}

/// A file that names some members takes their place and no other's: what was typed into the others is still
/// in no file.
#[test]
fn what_was_typed_here_stays_typed_here_when_a_narrow_file_overwrites_the_rest() {
    let (_server, client) = at_noon();
    let time = format!(r#","lastModifiedDateTime":"{JANUARY}""#);
    let wide = line(7, "old subject", &format!(r#"{time},"note":"old note""#));
    let narrow = line(7, "corrected", &time);
    import(&client, &wide, PLAIN);
    client.update(7, "activity.note=typed+here");
    stays(&client, &wide);
    assert_eq!(import(&client, &narrow, OVERWRITE).updated, 1);
    assert_eq!(client.retrieve(7)["note"], "typed here");
    stays(&client, &wide);
    assert_eq!(import(&client, &narrow, PLAIN).updated, 0, "that is what is here");
    assert_eq!(import(&client, &wide, OVERWRITE).updated, 1);
    assert_eq!(client.retrieve(7)["note"], "old note");
}

#[test]
fn what_a_file_does_not_name_stays() {
    let (_server, client) = at_noon();
    let all = r#","note":"n","endDateTime":"2026-01-01T01:00:00Z","clientId":9,"systemUserId":12,"lastModifiedBy":"Zoe","createdBy":"Al","createdDateTime":"2025-01-01T00:00:00Z","customFieldDataList":{"customFieldData":[{"fieldId":"1","fieldValue":"x"}]}"#;
    import(&client, &line(7, "s", all), PLAIN);
    let mut expected = client.retrieve(7);
    let mut check = |file: &str, changed: &[(&str, Value)]| {
        assert_eq!(import(&client, file, PLAIN).updated, 1, "{file}");
        let now = client.retrieve(7);
        expected["lastModifiedDateTime"] = now["lastModifiedDateTime"].clone();
        for (member, value) in changed {
            match value {
                Value::Null => drop(expected.as_object_mut().unwrap().remove(*member)),
                value => expected[*member] = value.clone(),
            }
        }
        assert_eq!(now, expected, "{file}");
    };
    check(&line(7, "narrow", ""), &[("subject", json!("narrow"))]);
    let table =
        "activityId,subject,startDateTime,activityStatus.id,activityStatus.name,activityPriority";
    let row = "7,narrower,2026-01-01T00:00:00Z,2,Not Started,HIGH";
    let changed = [("subject", json!("narrower")), ("activityPriority", json!("HIGH"))];
    check(&format!("{table}\n{row}\n"), &changed);
    // What is named and empty is cleared.
    check(
        &format!("{table},note,endDateTime\n{row},,\n"),
        &[("note", json!("")), ("endDateTime", Value::Null)],
    );
    let empty =
        r#","clientId":null,"systemUserId":"","customFieldDataList":{"customFieldData":[]}"#;
    let cleared =
        ["clientId", "systemUserId", "customFieldDataList"].map(|name| (name, Value::Null));
    let narrow = [("subject", json!("narrow")), ("activityPriority", json!("LOW"))];
    check(&line(7, "narrow", empty), &[cleared.as_slice(), &narrow].concat());
}

#[test]
fn what_comes_back_keeps_what_the_file_does_not_name() {
    let (_server, client) = at_noon();
    import(&client, &line(7, "s", r#","note":"n","clientId":9"#), PLAIN);
    client.remove(7);
    let report = import(&client, &line(7, "back", r#","clientId":null"#), RESTORE);
    assert_eq!((report.created, report.brought_back), (0, listed(&[7])));
    let back = client.retrieve(7);
    assert_eq!((&back["subject"], &back["note"]), (&json!("back"), &json!("n")));
    assert_eq!(back.get("clientId"), None);
}

#[test]
fn what_comes_back_keeps_what_the_file_cannot_have_known() {
    let (server, client) = at_noon();
    let file = [7, 8].map(|id| line(id, "theirs", &changed(JANUARY))).join("\n");
    import(&client, &file, PLAIN);
    client.update(7, "activity.subject=ours");
    client.remove(7);
    client.remove(8);
    server.advance(STEP_MS);
    let told = import(&client, &file, ImportOptions { dry_run: true, ..RESTORE });
    let expected = ImportReport {
        brought_back: listed(&[7, 8]),
        newer_here: listed(&[7]),
        ..ImportReport::default()
    };
    let Rehearsal { newer_here, .. } = &told.rehearsal;
    let subject = Difference {
        member: domain::Member::Subject,
        before: Some("ours".to_owned()),
        after: Some("theirs".to_owned()),
    };
    assert_eq!(newer_here, &[Differing { id: ActivityId(7), members: vec![subject] }]);
    assert_eq!(ImportReport { rehearsal: Rehearsal::default(), ..told }, expected);
    // The highest id is taken first.
    let expected = ImportReport { brought_back: listed(&[8, 7]), ..expected };
    assert_eq!(import(&client, &file, RESTORE), expected);
    assert_eq!(client.retrieve(7)["subject"], "ours");
    assert_eq!(client.retrieve(8)["subject"], "theirs");
    // It is still an edit.
    let again = import(&client, &file, PLAIN);
    assert_eq!((again.unchanged, again.newer_here), (1, listed(&[7])));

    client.remove(7);
    let report = import(&client, &file, ImportOptions { overwrite: true, ..RESTORE });
    assert_eq!((report.brought_back, report.newer_here), (listed(&[7]), Listed::default()));
    assert_eq!(client.retrieve(7)["subject"], "theirs");
}

#[test]
fn what_comes_back_is_not_undone_by_an_older_file_either() {
    let (server, client) = at_noon();
    let old = line(7, "old", &changed(JANUARY));
    import(&client, &old, PLAIN);
    is_taken(&client, &line(7, "new", &changed(FEBRUARY)), "new");
    client.remove(7);
    server.restart();
    let report = import(&client, &old, RESTORE);
    assert_eq!((report.brought_back, report.newer_here), (listed(&[7]), listed(&[7])));
    assert_eq!(client.retrieve(7)["subject"], "new");
    // It came from a file and still does: a newer one is taken.
    is_taken(&client, &line(7, "newer", &changed("2026-02-03T11:00:00Z")), "newer");

    // What was changed in a file exported before the removal is taken.
    let shown = client.org.export(Format::JsonLines);
    client.remove(7);
    let report = import(&client, &shown.replace("newer", "by hand"), RESTORE);
    assert_eq!((report.brought_back, report.newer_here), (listed(&[7]), Listed::default()));
    assert_eq!(client.retrieve(7)["subject"], "by hand");
}

#[test]
fn what_was_changed_by_a_spreadsheet_is_an_edit() {
    for kept in [true, false] {
        let server = TestServer::at("2026-02-03T12:00:00Z");
        let org = server.org("demo", "+00:00");
        let old = line(7, "old", &changed(JANUARY));
        let first = |org: &crate::harness::Org| org.import(&old, PLAIN).unwrap().kept_stamps;
        let early = kept && first(&org);
        let client = org.editor();
        assert_eq!(early || first(&client.org), kept);
        let export = client.org.export(Format::JsonLines);
        server.advance(STEP_MS);
        let corrected = export.replace("old", "corrected");
        is_taken(&client, &corrected, "corrected");
        assert_eq!(import(&client, &corrected, PLAIN).unchanged, 1);
        for time in [JANUARY, FEBRUARY, "2026-02-04T12:00:00Z"] {
            stays(&client, &line(7, "theirs", &changed(time)));
        }
        stays(&client, &line(7, "theirs", ""));
        stays(&client, &old);
        stays(&client, REMOVED);
        // Another round.
        server.advance(STEP_MS);
        let export = client.org.export(Format::Csv);
        is_taken(&client, &export.replace("corrected", "better"), "better");
        stays(&client, &old);
        changes_nothing(&client, &export);
        stays(&client, &corrected);
    }
}

#[test]
fn a_file_that_was_changed_by_hand_is_not_undone_by_itself_as_it_was() {
    let (_server, client) = at_noon();
    let old = line(7, "old", &changed(JANUARY));
    import(&client, &old, PLAIN);
    is_taken(&client, &line(7, "by hand", &changed(JANUARY)), "by hand");
    stays(&client, &old);
}

#[test]
fn of_a_record_that_is_new_here_absent_members_are_absent() {
    let (_server, client) = at_noon();
    import(&client, &line(7, "s", ""), PLAIN);
    let record = client.retrieve(7);
    for member in ["endDateTime", "clientId", "systemUserId", "customFieldDataList"] {
        assert_eq!(record.get(member), None, "{member}");
    }
}

#[test]
fn what_was_edited_here_since_the_last_import_stays() {
    for time in ["", JANUARY] {
        let (server, client) = at_noon();
        let more = if time.is_empty() { String::new() } else { changed(time) };
        import(&client, &line(7, "theirs", &more), PLAIN);
        server.advance(STEP_MS);
        client.update(7, "activity.note=ours");
        stays(&client, &line(7, "old", &more));
        stays(&client, &line(7, "old and with a note", &format!(r#","note":""{more}"#)));
        // Theirs has been changed too: nobody but people can tell which of the two counts.
        stays(&client, &line(7, "new", &changed("2026-02-03T12:05:01Z")));
        server.restart();
        stays(&client, &line(7, "old", &more));

        let old = line(7, "old", &format!(r#","note":""{more}"#));
        assert_eq!(import(&client, &old, OVERWRITE).updated, 1);
        assert_eq!(
            (&client.retrieve(7)["subject"], &client.retrieve(7)["note"]),
            (&json!("old"), &json!(""))
        );
        assert_eq!(import(&client, &old, PLAIN).unchanged, 1);
        is_taken(&client, &line(7, "newer", &changed("2026-02-05T00:00:00Z")), "newer");
    }
}

#[test]
fn an_edit_that_ends_where_the_file_is_differs_from_nothing() {
    let (_server, client) = at_noon();
    let file = line(7, "s", &changed(JANUARY));
    import(&client, &file, PLAIN);
    client.update(7, "activity.subject=ours");
    client.update(7, "activity.subject=s");
    assert_eq!(
        import(&client, &file, PLAIN),
        ImportReport { unchanged: 1, ..ImportReport::default() }
    );
}

#[test]
fn a_file_does_not_undo_a_newer_file() {
    let (server, client) = at_noon();
    let old = line(7, "old", &changed(JANUARY));
    let new = line(7, "new", &changed(FEBRUARY));
    import(&client, &old, PLAIN);
    server.advance(STEP_MS);
    is_taken(&client, &new, "new");
    stays(&client, &old);
    // Nothing tells that one without a time is old.
    is_taken(&client, &line(7, "timeless", ""), "timeless");
    stays(&client, &new);
    // Nor is it old if nobody has touched the activity since.
    is_taken(&client, &line(7, "timeless again", ""), "timeless again");
}

#[test]
fn a_first_import_is_not_undone_by_an_older_file_either() {
    let server = TestServer::at("2026-02-03T12:00:00Z");
    let org = server.org("demo", "+00:00");
    org.import(&line(7, "new", &changed(FEBRUARY)), PLAIN).unwrap();
    let client = org.editor();
    stays(&client, &line(7, "old", &changed(JANUARY)));
    is_taken(&client, &line(7, "newer", &changed("2026-02-03T11:00:00Z")), "newer");
}

#[test]
fn a_time_to_come_does_not_outlive_the_import() {
    let (server, client) = at_noon();
    import(&client, &line(7, "s", &changed("2099-01-01T00:00:00Z")), PLAIN);
    server.advance(STEP_MS);
    is_taken(&client, &line(7, "next", &changed("2026-02-03T12:03:00Z")), "next");
}

#[test]
fn what_was_never_imported_goes_by_its_time_of_change() {
    let (server, client) = at_noon();
    import(&client, &line(6, "so that the next is 7", ""), PLAIN);
    assert_eq!(client.create("ours"), 7);
    server.advance(345);
    client.update(7, "activity.note=ours");
    server.advance(STEP_MS);
    stays(&client, &line(7, "old", &changed(JANUARY)));
    stays(&client, &line(7, "old", &changed("2026-02-03T11:59:59Z")));
    is_taken(&client, &line(7, "new", &changed("2026-02-03T12:00:01Z")), "new");

    let id = client.create("ours+too");
    let report = import(&client, &line(id, "timeless", ""), PLAIN);
    assert_eq!(report.updated, 1, "it can only have come from here");
}

#[test]
fn an_export_is_as_old_as_what_it_shows() {
    for format in Format::ALL {
        let (server, client) = at_noon();
        import(&client, &line(7, "first", &changed(JANUARY)), PLAIN);
        let first = client.org.export(format);
        server.advance(STEP_MS);
        // Its time lies before that of the export.
        is_taken(&client, &line(7, "second", &changed(FEBRUARY)), "second");
        let is_undone_by_nothing = match format {
            Format::JsonLines => stays,
            Format::Csv => changes_nothing,
        };
        is_undone_by_nothing(&client, &first);

        server.advance(STEP_MS);
        client.update(7, "activity.note=ours");
        let ours = client.org.export(format);
        assert_eq!(import(&client, &ours, PLAIN).unchanged, 1);
        is_taken(&client, &ours.replace("second", "third"), "third");
        assert_eq!(client.retrieve(7)["note"], "ours");
        is_undone_by_nothing(&client, &ours);
    }
}

#[test]
fn a_spreadsheet_may_drop_the_milliseconds() {
    let (server, client) = at_noon();
    import(&client, &line(7, "first", &changed(JANUARY)), PLAIN);
    server.advance(STEP_MS + 345);
    client.update(7, "activity.note=ours");
    let cut = |file: &str| {
        let shown = client.stamp(7);
        let (whole, _) = shown.split_once('.').unwrap();
        file.replace(&shown, &format!("{whole}Z"))
    };
    let file = cut(&client.org.export(Format::Csv)).replace("first", "second");
    is_taken(&client, &file, "second");
    server.advance(STEP_MS);
    client.update(7, "activity.note=more");
    changes_nothing(&client, &file);
}

#[test]
fn a_renamed_status_is_no_edit() {
    let (server, client) = at_noon();
    import(&client, &line(7, "first", &changed(JANUARY)), PLAIN);
    let export = client.org.export(Format::JsonLines);
    let rename = |name: &str| {
        server.advance(STEP_MS);
        let (service, org) = (server.service(), client.org.tenant());
        let name = StatusName::parse(name).unwrap();
        assert_eq!(
            wait(service.rename_status(
                Authority::command_line(&org),
                StatusId(2),
                name,
                &mut |_| {}
            ))
            .unwrap()
            .changed,
            1
        );
    };
    rename("Later");
    rename("Much later");
    assert_eq!(import(&client, &export, PLAIN).unchanged, 1, "names are not taken over");
    is_taken(&client, &line(7, "second", &changed("2026-02-03T12:09:00Z")), "second");
    rename("Now");
    is_taken(&client, &line(7, "third", &changed("2026-02-03T12:12:00Z")), "third");
    rename("Soon");
    stays(&client, &line(7, "old", &changed(JANUARY)));
    client.update(7, "activity.note=ours");
    rename("At once");
    stays(&client, &line(7, "old", &changed("2026-02-03T12:12:00Z")));
    let export = client.org.export(Format::JsonLines);
    rename("At last");
    is_taken(&client, &export.replace("third", "fourth"), "fourth");
}

#[test]
fn going_back_to_an_earlier_version_is_an_edit() {
    let (server, client) = at_noon();
    let old = line(7, "old", &changed(JANUARY));
    import(&client, &old, PLAIN);
    client.remove(7);
    server.advance(STEP_MS);
    let back = Write::Restore { id: ActivityId(7), to: None, seen: None };
    let author = domain::Author { user: Some(client.user), origin: domain::Origin::Web };
    let org = client.org.tenant();
    server.block_on(async |host| host.service().write(&org, author, back).await.unwrap());
    stays(&client, &line(7, "other", &changed(JANUARY)));
    stays(&client, REMOVED);
}

/// What an old answer says of 7.
const REMOVED: &str = r#"{"syncActivitiesResponse":{"operationResult":"SUCCESS","activities":{"activity":[]},"deletedActivityIdList":{"activityId":[7]}}}"#;

#[test]
fn a_list_of_removed_ids_takes_what_nobody_has_touched_since() {
    let (server, client) = at_noon();
    import(&client, &line(7, "theirs", &changed(JANUARY)), PLAIN);
    client.update(7, "activity.subject=ours");
    stays(&client, REMOVED);
    assert_eq!(import(&client, REMOVED, OVERWRITE).removed, 1);

    // It was brought back: the list is older than that.
    let file = line(7, "theirs again", &changed(FEBRUARY));
    let options = ImportOptions { overwrite: true, ..RESTORE };
    assert_eq!(import(&client, &file, options).brought_back, listed(&[7]));
    stays(&client, REMOVED);

    server.advance(STEP_MS);
    let exported = client.org.export(Format::JsonLines);
    let at = |time: &str| format!(r#"{{"activityId":7,"deletedDateTime":"{time}"}}"#);
    stays(&client, &at(JANUARY));
    assert_eq!(import(&client, &exported, PLAIN).unchanged, 1);
    assert_eq!(import(&client, &at("2026-02-03T12:03:00Z"), PLAIN).removed, 1);

    import(&client, &line(8, "theirs", &changed(JANUARY)), PLAIN);
    assert_eq!(import(&client, &REMOVED.replace("[7]", "[8]"), PLAIN).removed, 1);
}

#[test]
fn what_was_removed_here_can_be_left_so() {
    let (_server, client) = at_noon();
    let line_of = |id: i64| line(id, "s", &changed(JANUARY));
    import(&client, &[line_of(7), line_of(8)].join("\n"), PLAIN);
    client.remove(7);
    let file = [line_of(7), line(8, "new", &changed(FEBRUARY)), line_of(9)].join("\n");
    let told = import(&client, &file, DRY_RUN);
    let report = import(&client, &file, PLAIN);
    let expected = ImportReport {
        created: 1,
        updated: 1,
        left_removed: listed(&[7]),
        ..ImportReport::default()
    };
    assert_eq!(report, expected);
    assert_eq!(ImportReport { rehearsal: Rehearsal::default(), ..told }, expected);
    assert_eq!(client.everything().deleted(), Some(vec![7]));
}

#[test]
fn a_dry_run_lists_what_would_be_overwritten_and_what_would_stay() {
    let (server, client) = at_noon();
    let of = |id: i64, subject: &str, time: &str| line(id, subject, &changed(time));
    let ids = 1..=30;
    let file: Vec<String> = ids.clone().map(|id| of(id, "first", JANUARY)).collect();
    import(&client, &file.join("\n"), PLAIN);
    client.update(3, "activity.note=ours");
    client.update(4, "activity.note=ours");
    server.advance(STEP_MS);
    let long = "é".repeat(100);
    let mut file: Vec<String> = ids.map(|id| of(id, &long, FEBRUARY)).collect();
    file[29] = r#"{"activityId":30,"deletedDateTime":"2026-02-02T10:00:00Z"}"#.to_owned();
    file[3] = r#"{"activityId":4,"deletedDateTime":"2026-02-02T10:00:00Z"}"#.to_owned();
    let file = file.join("\n");
    let before = client.everything();
    let told = import(&client, &file, DRY_RUN);
    assert_eq!((told.updated, told.removed, &told.newer_here), (27, 1, &listed(&[3, 4])));
    let Rehearsal { overwritten, removed, newer_here, .. } = told.rehearsal.clone();
    let subject = Difference {
        member: domain::Member::Subject,
        before: Some("first".to_owned()),
        after: Some(format!("{}…", "é".repeat(60))),
    };
    let differing = |id: i64| Differing { id: ActivityId(id), members: vec![subject.clone()] };
    let first: Vec<Differing> = [1, 2].into_iter().chain(5..=29).map(differing).collect();
    assert_eq!((overwritten, removed), (first, listed(&[30])));
    assert_eq!(newer_here, [differing(3), Differing { id: ActivityId(4), members: vec![] }]);
    assert_eq!(client.everything().records(), before.records());

    let told = ImportReport { rehearsal: Rehearsal::default(), ..told };
    assert_eq!(import(&client, &file, PLAIN), told);
    let told = import(&client, &file, ImportOptions { overwrite: true, ..DRY_RUN });
    assert_eq!((told.updated, told.removed, told.newer_here), (1, 1, Listed::default()));
}

/// A text with everything that separates, quotes and ends.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[^\\x00]{0,3}",
        prop::sample::select(vec![
            "\n", "\r\n", "\"", ",", ";", "\\", "=1", "\u{feff}", " ", "null", "'"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn filled() -> impl Strategy<Value = String> {
    text().prop_filter("a blank text", |text| !text.trim().is_empty())
}

/// The members that a record may lack: those that are none are left out.
fn optional_members() -> impl Strategy<Value = Value> {
    let field =
        (filled(), option::of(text()), option::of(text())).prop_map(|(id, value, option)| {
            without_nulls(json!({"fieldId": id, "fieldValue": value, "fieldOptionId": option}))
        });
    let fields = prop::collection::vec(field, 0..4);
    let times =
        (option::of("20[0-9]{2}-0[1-9]-1[0-9]T10:00:0[0-9][.][0-9]{3}[+]0[0-9]:30"), text());
    let names = (option::of(filled()), option::of(filled()));
    let numbers = (option::of(1..=domain::ID_MAX), option::of(1..=domain::ID_MAX));
    (times, names, numbers, fields).prop_map(
        |((end, note), (created, modified), (client, user), fields)| {
            without_nulls(json!({
                "endDateTime": end, "note": note, "createdBy": created, "lastModifiedBy": modified,
                "clientId": client, "systemUserId": user,
                "customFieldDataList": {"customFieldData": fields},
            }))
        },
    )
}

fn without_nulls(mut object: Value) -> Value {
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}

#[test]
fn any_record_that_is_exported_and_imported_again_is_no_change() {
    let (server, client) = at_noon();
    let last_id = Cell::new(0);
    proptest!(ProptestConfig::with_cases(60), |(subject in filled(), mut more in optional_members(), edited: bool)| {
        last_id.set(last_id.get() + 1);
        let id = last_id.get();
        more["activityId"] = json!(id);
        more["subject"] = json!(subject);
        more["startDateTime"] = json!("2026-01-01T00:00:00.001-05:30");
        more["activityStatus"] = json!({"id": "2", "name": "Not Started"});
        more["activityPriority"] = json!("HIGH");
        import(&client, &more.to_string(), PLAIN);
        if edited {
            client.update(id, "activity.activityPriority=Low");
        }
        server.advance(1_000);
        let before = client.retrieve(id);
        for format in Format::ALL {
            let report = import(&client, &client.org.export(format), PLAIN);
            let expected = ImportReport { unchanged: id.unsigned_abs(), ..ImportReport::default() };
            prop_assert_eq!(report, expected);
            prop_assert_eq!(client.retrieve(id), before.clone());
        }
    });
}
