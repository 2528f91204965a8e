//! The log and the current state that follows it.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{ActivityId, OrgKey, Seq, State, StatusId, Version};

use super::sample::{
    ORG, OTHER, append, commit, full_activity, key, organization, problems, record, run, session,
    status, tombstone, user, version, with_status,
};
use crate::{CurrentRow, Examined, LogEntry, Store};

/// The log after a position.
pub(super) fn log(store: &dyn Store, org: OrgKey, after: u64) -> Vec<LogEntry> {
    let mut entries = Vec::new();
    let mut visit = |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    };
    store.log(org, Seq(after), &mut visit).unwrap();
    entries
}

/// What the log shows of versions.
pub(super) fn entries(versions: &[Version]) -> Vec<LogEntry> {
    let entry =
        |v: &Version| LogEntry { seq: v.seq, stamp: v.stamp, id: v.id, kind: v.state.kind() };
    versions.iter().map(entry).collect()
}

/// The activities that are there, each in words.
pub(super) fn current(store: &dyn Store, org: OrgKey) -> Vec<String> {
    let mut rows = Vec::new();
    let mut visit = |row: CurrentRow<'_>| {
        rows.push(format!("{row:?}"));
        ControlFlow::Continue(())
    };
    store.current(org, &mut visit).unwrap();
    rows
}

/// The same of versions.
pub(super) fn rows(versions: &[Version]) -> Vec<String> {
    versions.iter().filter_map(CurrentRow::of).map(|row| format!("{row:?}")).collect()
}

/// Activity 1 removed and restored among others, in two commits.
fn story(store: &dyn Store) -> Vec<Version> {
    let story = vec![
        record(1, 1),
        record(2, 900),
        tombstone(3, 1, 1),
        record(4, 20),
        Version { previous: Some(Seq(3)), ..record(5, 1) },
    ];
    append(store, ORG, &story[..3]);
    append(store, ORG, &story[3..]);
    story
}

fn ids(store: &dyn Store, status: i64, after: i64, limit: usize) -> Vec<i64> {
    let found = store.with_status(ORG, StatusId(status), ActivityId(after), limit).unwrap();
    found.iter().map(|id| id.0).collect()
}

pub(super) fn the_log_is_shown_in_its_order(store: &dyn Store) {
    assert_eq!(log(store, ORG, 0), []);
    let story = story(store);
    assert_eq!(log(store, ORG, 0), entries(&story));
}

pub(super) fn the_log_begins_after_a_position(store: &dyn Store) {
    let story = story(store);
    assert_eq!(log(store, ORG, 2), entries(&story[2..]));
    assert_eq!(log(store, ORG, 5), []);
    assert_eq!(log(store, ORG, u64::MAX), []);
}

pub(super) fn the_log_ends_when_told_to(store: &dyn Store) {
    story(store);
    let mut seen = Vec::new();
    let mut visit = |entry: LogEntry| {
        seen.push(entry.seq);
        if entry.seq == Seq(3) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.log(ORG, Seq(1), &mut visit).unwrap();
    assert_eq!(seen, [Seq(2), Seq(3)]);
}

pub(super) fn a_long_log_is_whole_and_ends_when_told_to(store: &dyn Store) {
    let versions: Vec<Version> = (1..=30_000).map(|seq| record(seq, 7)).collect();
    append(store, ORG, &versions);
    assert_eq!(log(store, ORG, 0), entries(&versions));
    assert_eq!(log(store, ORG, 29_999), entries(&versions[29_999..]));
    for enough in [1, 4_096, 4_097, 20_000] {
        let mut seen = 0;
        let mut visit = |_| {
            seen += 1;
            if seen < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        store.log(ORG, Seq::ZERO, &mut visit).unwrap();
        assert_eq!(seen, enough);
    }
    let mut rest = 10_000;
    let mut give_up = |_| {
        rest -= 1;
        assert!(rest > 0, "given up on purpose");
        ControlFlow::Continue(())
    };
    let visited = AssertUnwindSafe(|| store.log(ORG, Seq::ZERO, &mut give_up));
    assert!(catch_unwind(visited).is_err());
}

pub(super) fn the_store_can_be_asked_while_the_log_is_shown(store: &dyn Store) {
    let story = story(store);
    let mut seen = Vec::new();
    let mut visit = |entry: LogEntry| {
        seen.extend(store.versions(ORG, &[entry.seq]).unwrap());
        ControlFlow::Continue(())
    };
    store.log(ORG, Seq::ZERO, &mut visit).unwrap();
    assert_eq!(seen, story);
}

pub(super) fn the_head_is_the_last_position(store: &dyn Store) {
    assert_eq!(store.head(ORG).unwrap(), Seq::ZERO);
    story(store);
    assert_eq!(store.head(ORG).unwrap(), Seq(5));
}

pub(super) fn latest_is_the_last_version_of_one_activity(store: &dyn Store) {
    append(store, ORG, &[record(1, 1), record(2, 2), tombstone(3, 1, 1)]);
    let latest = |id| store.latest(ORG, ActivityId(id)).unwrap();
    assert_eq!(latest(1), Some(Seq(3)), "a tombstone is a version too");
    assert_eq!(latest(2), Some(Seq(2)));
    assert_eq!(latest(3), None);
    assert_eq!(latest(-1), None);
}

pub(super) fn activities_of_a_status_come_in_pages(store: &dyn Store) {
    let at = [(1, 300, 1), (2, 20, 1), (3, 5, 2), (4, 1_000, 1), (5, 7, 1)];
    append(store, ORG, &at.map(|(seq, id, status)| with_status(seq, id, status)));
    assert_eq!(ids(store, 1, 0, 2), [7, 20]);
    assert_eq!(ids(store, 1, 20, 2), [300, 1_000]);
    assert_eq!(ids(store, 1, 1_000, 2), [0; 0]);
    assert_eq!(ids(store, 1, 0, usize::MAX), [7, 20, 300, 1_000]);
    assert_eq!(ids(store, 1, 0, 0), [0; 0]);
    assert_eq!(ids(store, 2, 0, 10), [5]);
    assert_eq!(ids(store, 3, 0, 10), [0; 0]);
}

pub(super) fn activities_of_a_status_follow_the_log(store: &dyn Store) {
    append(store, ORG, &[with_status(1, 1, 1), with_status(2, 2, 1), with_status(3, 3, 1)]);
    append(store, ORG, &[with_status(4, 2, 2), tombstone(5, 3, 3)]);
    assert_eq!(ids(store, 1, 0, 10), [1], "one has another status, one is removed");
    assert_eq!(ids(store, 2, 0, 10), [2]);
    append(store, ORG, &[with_status(6, 3, 2)]);
    assert_eq!(ids(store, 2, 0, 10), [2, 3], "restored");
}

pub(super) fn what_is_there_is_shown_in_id_order(store: &dyn Store) {
    assert_eq!(current(store, ORG), [""; 0]);
    let full = version(6, 3, State::Record(Box::new(full_activity())));
    let [first, _, _, second, restored] = &story(store)[..] else { panic!("there are five") };
    assert_eq!(first.id, restored.id);
    let other = record(2, 900);
    append(store, ORG, std::slice::from_ref(&full));
    let there = [restored.clone(), full, second.clone(), other];
    assert_eq!(current(store, ORG), rows(&there));
    append(store, ORG, &[tombstone(7, 1, 5)]);
    assert_eq!(current(store, ORG), rows(&there[1..]), "what is removed is not there");
}

pub(super) fn what_is_there_is_shown_until_told_to_stop(store: &dyn Store) {
    story(store);
    let mut seen = Vec::new();
    let mut visit = |row: CurrentRow<'_>| {
        seen.push(row.id.0);
        if row.id.0 == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.current(ORG, &mut visit).unwrap();
    assert_eq!(seen, [1, 20]);
}

pub(super) fn what_is_in_order_is_examined_without_a_problem(store: &dyn Store) {
    let story = story(store);
    append(store, OTHER, &story[..1]);
    commit(store, |t| {
        t.put_organization(&organization(ORG, "one")).unwrap();
        t.put_organization(&organization(OTHER, "two")).unwrap();
        t.put_user(ORG, &user(1)).unwrap();
        t.put_key(ORG, &key(1)).unwrap();
        t.put_status(ORG, &status(1, "Waiting")).unwrap();
        t.put_session(ORG, &session(1)).unwrap();
        t.put_run(ORG, &run(1, 1)).unwrap();
    });
    let mut found = Vec::new();
    store.examine(&mut |examined| found.push(examined)).unwrap();
    let versions = |versions: &[Version]| -> Vec<Examined> {
        let shown = |&Version { seq, stamp, id, previous, .. }: &Version| Examined::Version {
            seq,
            stamp,
            id,
            previous,
        };
        versions.iter().map(shown).collect()
    };
    let mut expected = vec![Examined::Organization("one".to_owned())];
    expected.extend(versions(&story));
    expected.push(Examined::Organization("two".to_owned()));
    expected.extend(versions(&story[..1]));
    assert_eq!(found, expected);
}

pub(super) fn rows_of_no_organization_are_a_problem(store: &dyn Store) {
    append(store, ORG, &[record(1, 7)]);
    assert!(!problems(store).unwrap().is_empty());
}

pub(super) fn a_log_is_cut_back_from_its_end_in_parts(store: &dyn Store) {
    let imported: Vec<Version> = (1..=5).map(|seq| record(seq, 10 - seq.cast_signed())).collect();
    append(store, ORG, &imported);
    append(store, OTHER, &imported[..1]);
    let cut = |versions_max| {
        let mut more = false;
        commit(store, |t| more = t.cut_back(ORG, versions_max).unwrap());
        more
    };
    assert!(cut(2), "there are more");
    assert_eq!(log(store, ORG, 0), entries(&imported[..3]));
    assert_eq!(store.latest(ORG, imported[3].id).unwrap(), None);
    assert_eq!(store.latest(ORG, imported[2].id).unwrap(), Some(Seq(3)));
    assert!(!cut(3), "that was all");
    assert!(!cut(3), "there is nothing");
    assert_eq!(log(store, ORG, 0), []);
    assert_eq!(log(store, OTHER, 0), entries(&imported[..1]), "another's stays");
    append(store, ORG, &imported);
    assert_eq!(log(store, ORG, 0), entries(&imported), "it can begin anew");
}
