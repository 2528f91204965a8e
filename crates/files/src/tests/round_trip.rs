//! What is written, and that it is read again.

use domain::{
    ActivityId, ClientId, ExternalId, Members, Note, Priority, Provenance, StatusId, StatusName,
    Subject, Terms, UserId,
};
use proptest::prelude::*;

use super::json::sample_on_one_line;
use super::*;

#[test]
fn the_manuals_sample_is_written_member_for_member() {
    let (taken, summary) = read_bytes(SAMPLE.as_bytes()).unwrap();
    assert_eq!((summary.records, summary.removals, summary.ignored), (2, 0, Ignored::default()));
    let versions: Vec<Version> = taken.iter().map(version).collect();
    let lines = String::from_utf8(written(Format::JsonLines, "+08:00", &versions)).unwrap();
    let mut lines = lines.lines();
    let sample = sample_on_one_line();
    let (_, records) = sample.split_once("[").unwrap();
    let expected = format!("{},{}", lines.next().unwrap(), lines.next().unwrap());
    assert!(records.starts_with(&expected), "{expected}\n{records}");
    assert_eq!(lines.next(), None);
}

#[test]
fn writes_the_members_in_their_order() {
    let removal = r#"{"activityId":29,"deletedDateTime":"2026-02-03T04:05:06Z"}"#;
    let input = format!("{}\n{removal}", record("1", EVERY_OTHER_MEMBER));
    let (taken, _) = read_bytes(input.as_bytes()).unwrap();
    let versions: Vec<Version> = taken.iter().map(version).collect();
    let text = |format| String::from_utf8(written(format, "America/Chicago", &versions)).unwrap();
    insta::assert_snapshot!(text(Format::JsonLines), @r#"
    {"createdDateTime":"2013-07-09T02:53:19.000-05:00","createdBy":"z2Administrator ","lastModifiedDateTime":"2014-04-09T04:26:06.500-05:00","lastModifiedBy":"Ada","activityId":1,"subject":"s","note":"a\nb","startDateTime":"2014-04-08T11:00:00.000-05:00","endDateTime":"2014-03-31T11:00:00.000-05:00","clientId":31,"systemUserId":101132,"activityStatus":{"id":"2","name":"n"},"activityPriority":"NORMAL","customFieldDataList":{"customFieldData":[{"fieldId":"7","fieldValue":"","fieldOptionId":"8"},{"fieldId":"9"}]}}
    {"activityId":29,"deletedDateTime":"2026-02-02T22:05:06.000-06:00"}
    "#);
    insta::assert_snapshot!(text(Format::Csv), @r#"
    "createdDateTime","createdBy","lastModifiedDateTime","lastModifiedBy","activityId","subject","note","startDateTime","endDateTime","clientId","systemUserId","activityStatus.id","activityStatus.name","activityPriority","customFieldDataList","externalId","deletedDateTime"
    "2013-07-09T02:53:19.000-05:00","z2Administrator ","2014-04-09T04:26:06.500-05:00","Ada","1","s","a
    b","2014-04-08T11:00:00.000-05:00","2014-03-31T11:00:00.000-05:00","31","101132","2","n","NORMAL","{""customFieldData"":[{""fieldId"":""7"",""fieldValue"":"""",""fieldOptionId"":""8""},{""fieldId"":""9""}]}","",""
    "","","","","29","","","","","","","","","","","","2026-02-02T22:05:06.000-06:00"
    "#);
}

/// A text that has everything that separates and quotes.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[^\\x00]{0,3}",
        prop::sample::select(vec![
            "\n", "\r\n", "\r", "\"", "\"\"", ",", ";", "\\", "\\u0041", "=1", "\u{feff}", "🎈",
            " ", "null", "{"
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn filled() -> impl Strategy<Value = String> {
    text().prop_filter("a blank text", |text| !text.trim().is_empty())
}

fn any_stamp() -> impl Strategy<Value = Stamp> {
    (Stamp::MIN.millis()..=Stamp::MAX.millis()).prop_map(Stamp::from_millis)
}

fn any_moment() -> impl Strategy<Value = Moment> {
    (any_stamp(), -1080..=1080).prop_map(|(stamp, minutes)| stamp.at_offset(minutes * 60))
}

fn any_custom_field() -> impl Strategy<Value = CustomField> {
    (filled(), prop::option::of(text()), prop::option::of(text()))
        .prop_map(|(field_id, value, option_id)| CustomField { field_id, value, option_id })
}

fn any_number() -> impl Strategy<Value = i64> {
    1..=domain::ID_MAX
}

prop_compose! {
    fn any_activity()(
        (created, start, end) in (any_stamp(), any_moment(), prop::option::of(any_moment())),
        (created_by, modified_by) in (prop::option::of(filled()), prop::option::of(filled())),
        (subject, note, status_name) in (filled(), text(), filled()),
        (client, system_user, status) in
            (prop::option::of(any_number()), prop::option::of(any_number()), any_number()),
        priority in prop::sample::select(Priority::ALL.to_vec()),
        custom_fields in prop::collection::vec(any_custom_field(), 0..3),
        external_id in prop::option::of(filled()),
    ) -> Activity {
        Activity {
            created, created_by, modified_by, start, end, priority, custom_fields,
            subject: Subject::parse(&subject).unwrap(),
            note: Note::parse(&note).unwrap(),
            client: client.map(ClientId),
            system_user: system_user.map(UserId),
            status: StatusId(status),
            status_name: StatusName::parse(&status_name).unwrap(),
            external_id: external_id.map(|id| ExternalId::parse(&id).unwrap()),
            provenance: Provenance::default(),
        }
    }
}

fn any_imported() -> impl Strategy<Value = Imported> {
    let id = || (1..=domain::ID_MAX).prop_map(ActivityId);
    prop_oneof![
        4 => (id(), any_stamp(), any_activity()).prop_map(|(id, stamp, activity)| {
            let activity = Box::new(activity);
            Imported::Record { id: Some(id), stamp: Some(stamp), named: Members::ALL, terms: Terms::Exact, row: None, activity }
        }),
        1 => (id(), any_stamp()).prop_map(|(id, at)| Imported::Removed { id, at: Some(at) }),
    ]
}

/// JSON leaves out what is absent, and a table says how exactly it is written.
fn all_named(mut items: Vec<Imported>) -> Vec<Imported> {
    for item in &mut items {
        if let Imported::Record { named, terms, row, .. } = item {
            (*named, *terms, *row) = (Members::ALL, Terms::Exact, None);
        }
    }
    items
}

/// Text that is nearly a file.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\n",
            "\\",
            "null",
            "1",
            "\"activityId\":",
            "\"activityStatus\":",
            "\"customFieldDataList\":",
            "\"customFieldData\":",
            "\"syncActivitiesResponse\":",
            "\"activities\":",
            "\"activity\":",
            "\"errors\":",
            "\"operationResult\":",
            "\"deletedActivityIdList\":",
            "\"2014-01-10T15:50:28 08:00\"",
            "\"startDateTime\":",
            HEADER,
            ROW,
            "\u{feff}",
            "\r\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        all in prop::collection::vec(any_imported(), 1..5),
        format in prop::sample::select(Format::ALL.to_vec()),
        zone in prop::sample::select(vec!["UTC", "America/Chicago", "+08:00", "Asia/Kathmandu"]),
    ) {
        let versions: Vec<Version> = all.iter().map(version).collect();
        let file = written(format, zone, &versions);
        let read = read_bytes(&file)
            .map(|(taken, summary)| (all_named(taken), summary.ignored.names().count()));
        let shown = String::from_utf8_lossy(&file).into_owned();
        prop_assert_eq!(read.map_err(|error| error.to_string()), Ok((all, 0)), "{}", shown);
    }

    #[test]
    fn no_bytes_panic(bytes in nearly()) {
        let _ = read_bytes(&bytes);
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused_or_ends_with_a_whole_record(
        all in prop::collection::vec(any_imported(), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let versions: Vec<Version> = all.iter().map(version).collect();
        let file = written(Format::JsonLines, "UTC", &versions);
        if let Ok((taken, _)) = read_bytes(&file[..cut.index(file.len())]) {
            let taken = all_named(taken);
            prop_assert_eq!(&taken[..], &all[..taken.len()]);
        }
    }
}
