//! The stored form: everything comes back, and what has been stored stays readable.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use domain::{
    Activity, ClientId, CustomField, ExternalId, Moment, Note, Priority, Provenance, Source, Stamp,
    StatusId, StatusName, Subject, UserId,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use store::{Content, StoreError, decode, encode};

/// The stored form with every member, as the first release writes it. Versions are immutable
/// (invariant 1): this text never changes. A new member gets a fixture of its own.
const ALL_MEMBERS: &str = concat!(
    r#"[1389340228153,"Zoë \"Z\" O'Hara","王小明","#,
    r#""Call the printer","Two reams.\nThe blue ink, not the black. 🎉","#,
    r#"[1396972800000,-18000],[1396969200000,28800],9001,42,3,"Waiting",3,"#,
    r#"[{"field":"81","value":"Blue"},{"field":"82","option":"3"},{"field":"83"}]]"#,
);

/// The same with the required members alone.
const REQUIRED_MEMBERS: &str = concat!(
    r#"[-62135510400000,null,null,"Call","",[253402127999999,0],null,null,null,"#,
    r#"1,"In Progress",2]"#,
);

/// A stored form that goes on with these members.
fn with(members: &str) -> String {
    format!("{},{members}]", &REQUIRED_MEMBERS[..REQUIRED_MEMBERS.len() - 1])
}

fn field(id: &str, value: Option<&str>, option: Option<&str>) -> CustomField {
    CustomField {
        field_id: id.to_owned(),
        value: value.map(str::to_owned),
        option_id: option.map(str::to_owned),
    }
}

fn all_members() -> Activity {
    Activity {
        created: Stamp::from_millis(1_389_340_228_153),
        created_by: Some("Zoë \"Z\" O'Hara".to_owned()),
        modified_by: Some("王小明".to_owned()),
        subject: Subject::parse("Call the printer").unwrap(),
        note: Note::parse("Two reams.\nThe blue ink, not the black. 🎉").unwrap(),
        start: Moment::parse("2014-04-08T11:00:00-05:00").unwrap(),
        end: Some(Moment::parse("2014-04-08T23:00:00+08:00").unwrap()),
        client: Some(ClientId(9_001)),
        system_user: Some(UserId(42)),
        status: StatusId(3),
        status_name: StatusName::parse("Waiting").unwrap(),
        priority: Priority::High,
        custom_fields: vec![
            field("81", Some("Blue"), None),
            field("82", None, Some("3")),
            field("83", None, None),
        ],
        external_id: None,
        provenance: Provenance::default(),
    }
}

fn required_members() -> Activity {
    Activity {
        created: Stamp::MIN,
        created_by: None,
        modified_by: None,
        subject: Subject::parse("Call").unwrap(),
        note: Note::empty(),
        start: Stamp::MAX.at_offset(0),
        end: None,
        client: None,
        system_user: None,
        status: StatusId(1),
        status_name: StatusName::parse("In Progress").unwrap(),
        priority: Priority::Normal,
        custom_fields: Vec::new(),
        external_id: None,
        provenance: Provenance::default(),
    }
}

#[test]
fn what_the_first_release_stored_is_read() {
    assert_eq!(decode(ALL_MEMBERS).unwrap(), all_members());
    assert_eq!(decode(REQUIRED_MEMBERS).unwrap(), required_members());
}

#[test]
fn the_stored_form_is_still_that_of_the_first_release() {
    assert_eq!(encode(&all_members()).unwrap(), ALL_MEMBERS);
    assert_eq!(encode(&required_members()).unwrap(), REQUIRED_MEMBERS);
}

#[test]
fn what_imports_have_come_to_is_kept() {
    let when = Stamp::from_millis(1_396_986_966_000);
    let imported = Provenance::imported(when);
    for (members, provenance) in [
        ("[],null,1396986966000", imported),
        ("[],null,1396986966000,false,1396986966000", imported.refreshed(when)),
        ("[],null,null,true", imported.edited()),
        ("[],null,null,false,1396986966000", Provenance::default().refreshed(when)),
        ("[],null,null,false,null,true,true", Provenance::followed(None, true)),
    ] {
        let stored = with(members);
        let activity = Activity { provenance, ..required_members() };
        assert_eq!(encode(&activity).unwrap(), stored);
        assert_eq!(decode(&stored).unwrap(), activity);
    }
}

#[test]
fn the_id_in_another_system_is_kept() {
    let stored = with(r#"[],"civicrm:512""#);
    let external_id = ExternalId::parse("civicrm:512").ok();
    let activity = Activity { external_id, ..required_members() };
    assert_eq!(encode(&activity).unwrap(), stored);
    assert_eq!(decode(&stored).unwrap(), activity);
}

#[test]
fn anything_else_is_damage() {
    let instead = |from, to| REQUIRED_MEMBERS.replace(from, to);
    for json in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        REQUIRED_MEMBERS[..40].to_owned(),
        instead(r#""Call""#, r#"" ""#),
        instead(r#""","#, r#""\u0000","#),
        instead(r#""","#, ""),
        instead(r#",1,""#, r#","1",""#),
        instead(r#",1,""#, r#",9223372036854775808,""#),
        instead(r#""In Progress""#, r#""""#),
        instead(",2]", ",4]"),
        instead(",2]", ",0]"),
        with("[],null,null,false,null,false,false,null"),
        instead(",0]", "]"),
    ] {
        let found = decode(&json);
        assert!(matches!(found, Err(StoreError::Damaged(_))), "{json}: {found:?}");
    }
}

/// A text of any characters, control characters and those beyond 16 bits included.
fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..30).prop_map(String::from_iter)
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (Stamp::MIN.millis()..=Stamp::MAX.millis()).prop_map(Stamp::from_millis)
}

fn moment() -> impl Strategy<Value = Moment> {
    (stamp(), -1_080..=1_080_i32).prop_map(|(stamp, minutes)| stamp.at_offset(minutes * 60))
}

fn provenance() -> impl Strategy<Value = Provenance> {
    let source = prop_oneof![
        Just(Source::Here),
        stamp().prop_map(Source::Import),
        Just(Source::Edited),
        Just(Source::Stampless)
    ];
    let whole = (source, option::of(stamp()), any::<bool>());
    whole.prop_map(|(source, since, is_undated)| Provenance { source, since, is_undated })
}

fn custom_field() -> impl Strategy<Value = CustomField> {
    (text(), option::of(text()), option::of(text()))
        .prop_map(|(field_id, value, option_id)| CustomField { field_id, value, option_id })
}

prop_compose! {
    fn activity()(
        (created, created_by, modified_by) in (stamp(), option::of(text()), option::of(text())),
        subject in text().prop_filter_map("no subject", |text| Subject::parse(&text).ok()),
        note in text().prop_filter_map("no note", |text| Note::parse(&text).ok()),
        (start, end) in (moment(), option::of(moment())),
        (client, system_user, status) in any::<(Option<i64>, Option<i64>, i64)>(),
        status_name in text().prop_filter_map("no name", |text| StatusName::parse(&text).ok()),
        priority in prop::sample::select(&Priority::ALL),
        custom_fields in vec(custom_field(), 0..4),
        external_id in option::of(text().prop_filter_map("no id", |text| ExternalId::parse(&text).ok())),
        provenance in provenance(),
    ) -> Activity {
        Activity {
            created,
            created_by,
            modified_by,
            subject,
            note,
            start,
            end,
            client: client.map(ClientId),
            system_user: system_user.map(UserId),
            status: StatusId(status),
            status_name,
            priority,
            custom_fields,
            external_id,
            provenance,
        }
    }
}

proptest! {
    #[test]
    fn every_activity_comes_back(activity in activity()) {
        let stored = encode(&activity).unwrap();
        prop_assert_eq!(decode(&stored).unwrap(), activity);
    }

    /// What is read as it was written, without a parser, must be what a parser reads.
    #[test]
    fn a_document_is_what_any_parser_of_json_reads(
        activity in activity(),
        at in any::<prop::sample::Index>(),
        cut in 0..6_usize,
        put in "|[ -~]{1,6}|[\"{}\\[\\]:,\\\\0-9\u{0}-\u{1f}\u{7f}-\u{ff}-]{1,4}",
    ) {
        let mut json = encode(&activity).unwrap();
        let start = json.floor_char_boundary(at.index(json.len()));
        let end = json.ceil_char_boundary((start + cut).min(json.len()));
        json.replace_range(start..end, &put);
        let parsed = serde_json::from_str::<Content<'_>>(&json).ok();
        let parsed = parsed.and_then(|content| content.to_activity().ok());
        prop_assert_eq!(decode(&json).ok(), parsed, "{}", json);
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", at in 0..ALL_MEMBERS.len()) {
        let _ = decode(&text);
        let _ = decode(ALL_MEMBERS.get(..at).unwrap_or_default());
    }
}
