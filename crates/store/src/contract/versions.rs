//! Versions, read back as they were handed over.

use std::ops::ControlFlow;

use domain::{
    Activity, ActivityId, Author, ClientId, ExternalId, ID_MAX, Moment, Note, Origin, Priority,
    Seq, Stamp, State, StatusId, StatusName, Subject, UserId, Version,
};

use super::sample::{
    ORG, activity, append, custom_field, full_activity, record, tombstone, version,
};
use crate::{Store, StoreError};

/// Appends versions and reads each of them.
#[track_caller]
fn check(store: &dyn Store, versions: &[Version]) {
    append(store, ORG, versions);
    for version in versions {
        let found = store.versions(ORG, &[version.seq]).unwrap();
        assert_eq!(found, std::slice::from_ref(version));
    }
}

#[track_caller]
fn check_activities(store: &dyn Store, activities: impl IntoIterator<Item = Activity>) {
    let state = |activity| State::Record(Box::new(activity));
    let versions: Vec<Version> =
        (1..).zip(activities).map(|(seq, a)| version(seq, 7, state(a))).collect();
    check(store, &versions);
}

pub(super) fn a_record_with_all_members_is_read_back(store: &dyn Store) {
    check_activities(store, [full_activity()]);
}

pub(super) fn a_record_with_the_required_members_is_read_back(store: &dyn Store) {
    check_activities(store, [activity()]);
}

pub(super) fn custom_fields_keep_their_order_and_gaps(store: &dyn Store) {
    let custom_fields = vec![
        custom_field("9", Some("text"), None),
        custom_field("3", None, Some("2")),
        custom_field("3", None, Some("1")),
        custom_field("4", Some(""), Some("")),
        custom_field("5", None, None),
    ];
    check_activities(store, [Activity { custom_fields, ..activity() }]);
}

pub(super) fn a_tombstone_is_read_back(store: &dyn Store) {
    check(store, &[record(1, 7), tombstone(2, 7, 1)]);
}

pub(super) fn any_text_is_read_back(store: &dyn Store) {
    let texts = [
        " blanks around ",
        "O'Hara said \"no\"; DROP TABLE change; --",
        "back\\slash, {\"json\": [1]}, </script>, %_?",
        "line\r\nline\ttab\u{1}\u{1f}\u{7f}\u{2028}\u{feff}",
        "Zoë, 王小明, Ελλάδα, שלום, 🎉👩‍👩‍👧, e\u{301}, \u{10ffff}, \u{fffd}",
    ];
    check_activities(
        store,
        texts.map(|text| Activity {
            subject: Subject::parse(text).unwrap(),
            note: Note::parse(text).unwrap(),
            status_name: StatusName::parse(text).unwrap(),
            created_by: Some(text.to_owned()),
            modified_by: Some(text.to_owned()),
            custom_fields: vec![custom_field(text, Some(text), Some(text))],
            external_id: ExternalId::parse(text).ok(),
            ..activity()
        }),
    );
}

pub(super) fn the_longest_texts_are_read_back(store: &dyn Store) {
    let longest = |chars: usize| "🎉".repeat(chars);
    let activity = Activity {
        subject: Subject::parse(&longest(domain::SUBJECT_CHARS_MAX)).unwrap(),
        note: Note::parse(&longest(domain::NOTE_CHARS_MAX)).unwrap(),
        status_name: StatusName::parse(&longest(domain::NAME_CHARS_MAX)).unwrap(),
        custom_fields: vec![custom_field("1", Some(&longest(domain::NOTE_CHARS_MAX)), None); 20],
        ..activity()
    };
    check_activities(store, [activity]);
}

pub(super) fn extreme_numbers_are_read_back(store: &dyn Store) {
    let extremes = [
        (Stamp::MIN, i64::MIN, -18 * 3_600),
        (Stamp::from_millis(-1), -1, -60),
        (Stamp::from_millis(0), 0, 0),
        (Stamp::MAX, i64::MAX, 18 * 3_600),
    ];
    let with = |(seq, (stamp, number, offset_seconds)): (u64, (Stamp, i64, i32))| {
        let moment = Moment { stamp, offset_seconds };
        let activity = Activity {
            created: stamp,
            start: moment,
            end: Some(moment),
            client: Some(ClientId(number)),
            system_user: Some(UserId(number)),
            status: StatusId(number),
            ..activity()
        };
        let state = State::Record(Box::new(activity));
        let author = Author { user: Some(UserId(number)), origin: Origin::Api };
        Version { stamp, author, ..version(seq, 7, state) }
    };
    let largest = Version { id: ActivityId(ID_MAX), ..record(5, 1) };
    let mut versions: Vec<Version> = (1..).zip(extremes).map(with).collect();
    versions.push(largest);
    check(store, &versions);
}

pub(super) fn every_author_is_read_back(store: &dyn Store) {
    let origins = [Origin::Api, Origin::Web, Origin::Import, Origin::CommandLine, Origin::Examples];
    let versions: Vec<Version> = (1..)
        .zip(origins.iter().flat_map(|&origin| [None, Some(UserId(3))].map(|user| (user, origin))))
        .map(|(seq, (user, origin))| Version { author: Author { user, origin }, ..record(seq, 7) })
        .collect();
    check(store, &versions);
}

pub(super) fn every_priority_is_read_back(store: &dyn Store) {
    check_activities(store, Priority::ALL.map(|priority| Activity { priority, ..activity() }));
}

pub(super) fn versions_come_in_the_order_asked_for(store: &dyn Store) {
    append(store, ORG, &[record(1, 7), record(2, 8), tombstone(3, 7, 1)]);
    let asked = [Seq(3), Seq(1), Seq(2), Seq(1), Seq(3)];
    let expected =
        [tombstone(3, 7, 1), record(1, 7), record(2, 8), record(1, 7), tombstone(3, 7, 1)];
    assert_eq!(store.versions(ORG, &asked).unwrap(), expected);
    assert_eq!(store.versions(ORG, &[]).unwrap(), []);
}

pub(super) fn versions_are_shown_in_the_order_of_the_log_until_told_to_stop(store: &dyn Store) {
    let mut versions: Vec<Version> = (1..=100).map(|seq| record(seq, 7)).collect();
    versions[8] = tombstone(9, 7, 8);
    append(store, ORG, &versions);
    let shown = |asked: &[u64], enough: usize| {
        let mut shown = Vec::new();
        let asked: Vec<Seq> = asked.iter().copied().map(Seq).collect();
        let visited = store.show_versions(ORG, &asked, &mut |stored| {
            let content = stored.content.map(|content| content.to_activity().unwrap());
            shown.push((stored.seq, stored.stamp, stored.id, content));
            if shown.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        visited.unwrap();
        shown
    };
    let of = |v: &Version| (v.seq, v.stamp, v.id, v.record().cloned());
    let at = |seqs: &[usize]| seqs.iter().map(|seq| of(&versions[seq - 1])).collect::<Vec<_>>();
    assert_eq!(shown(&[9, 7, 80, 7, 10, 79], 9), at(&[7, 9, 10, 79, 80]));
    assert_eq!(shown(&[9, 7, 80, 7, 10, 79], 2), at(&[7, 9]));
    // What is missing after that is nobody's business.
    assert_eq!(shown(&[7, 9, 300], 2), at(&[7, 9]));
    assert_eq!(shown(&[], 1), []);
}

pub(super) fn the_length_of_a_content_is_known_without_reading_it(store: &dyn Store) {
    let noted = |seq, note: &str| {
        let mut version = record(seq, 7);
        let State::Record(activity) = &mut version.state else { unreachable!() };
        activity.note = Note::parse(note).unwrap();
        version
    };
    append(store, ORG, &[noted(1, "a"), noted(2, &"é".repeat(50_000)), tombstone(3, 7, 2)]);
    let bytes = store.version_bytes(ORG, &[Seq(3), Seq(2), Seq(1), Seq(2)]).unwrap();
    assert_eq!((bytes[0], bytes[1], bytes[3] - bytes[2]), (0, bytes[3], 99_999));
    assert_eq!(store.version_bytes(ORG, &[]).unwrap(), [0_usize; 0]);
    let missing = store.version_bytes(ORG, &[Seq(1), Seq(4)]);
    assert!(matches!(missing, Err(StoreError::Damaged(_))), "{missing:?}");
}

pub(super) fn thousands_of_versions_are_read_at_once(store: &dyn Store) {
    let versions: Vec<Version> = (1..=3_000).map(|seq| record(seq, 7)).collect();
    append(store, ORG, &versions);
    let seqs: Vec<Seq> = versions.iter().map(|version| version.seq).collect();
    assert_eq!(store.versions(ORG, &seqs).unwrap(), versions);
}

pub(super) fn a_missing_version_is_damage(store: &dyn Store) {
    append(store, ORG, &[record(1, 7)]);
    for seq in [Seq::ZERO, Seq(2), Seq(u64::MAX)] {
        let found = store.versions(ORG, &[Seq(1), seq]);
        assert!(matches!(found, Err(StoreError::Damaged(_))), "{seq}: {found:?}");
    }
}
