//! What a transaction sees, what others see of it, and what is left of it.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use domain::{ActivityId, Seq, Stamp, StatusId, Version};

use super::log::{entries, log};
use super::records::{runs, sessions, tenant};
use super::sample::{
    ORG, append, commit, folder_state, key, organization, record, run, session, stamp, status,
    tombstone, user, with_status,
};
use crate::{Durability, FolderState, Store, StoreError, Transaction};

/// How long a thread that must not get on is watched.
const WATCHED_MS: u64 = 50;

fn left() -> FolderState {
    folder_state(Stamp::MAX, false, "left")
}

/// Does one of everything, on a store that [`prepared`] has filled.
fn touch_everything(t: &mut dyn Transaction) {
    t.append(ORG, &tombstone(2, 7, 1)).unwrap();
    t.append(ORG, &with_status(3, 8, 1)).unwrap();
    t.put_organization(&organization(ORG, "renamed")).unwrap();
    t.put_user(ORG, &user(2)).unwrap();
    t.put_key(ORG, &key(2)).unwrap();
    t.put_last_login(ORG, key(1).id, stamp(9)).unwrap();
    t.put_status(ORG, &status(2, "Late")).unwrap();
    t.put_session(ORG, &session(3)).unwrap();
    t.drop_session(ORG, &session(1)).unwrap();
    t.drop_run(ORG, &run(2, 1)).unwrap();
    t.put_run(ORG, &run(3, 1)).unwrap();
    t.put_folder(&left()).unwrap();
}

/// Puts in what [`touch_everything`] changes.
fn prepared(store: &dyn Store) {
    commit(store, |t| {
        t.append(ORG, &record(1, 7)).unwrap();
        t.put_organization(&organization(ORG, "one")).unwrap();
        t.put_user(ORG, &user(1)).unwrap();
        t.put_key(ORG, &key(1)).unwrap();
        t.put_status(ORG, &status(1, "Waiting")).unwrap();
        t.put_session(ORG, &session(1)).unwrap();
        t.put_session(ORG, &session(2)).unwrap();
        t.put_run(ORG, &run(1, 1)).unwrap();
        t.put_run(ORG, &run(2, 1)).unwrap();
        t.put_folder(&folder_state(stamp(0), true, "")).unwrap();
    });
}

/// Asks for everything and expects what [`prepared`] has put in.
#[track_caller]
fn assert_prepared(store: &dyn Store) {
    let tenant = tenant(store, ORG);
    assert_eq!(tenant.organization.id.as_str(), "one");
    assert_eq!(tenant.users, [user(1)]);
    assert_eq!(tenant.keys, [key(1)]);
    assert_eq!(tenant.statuses, [status(1, "Waiting")]);
    assert_eq!(sessions(store, ORG), [session(1), session(2)]);
    assert_eq!(runs(store, ORG), [run(1, 1), run(2, 1)]);
    assert_eq!(store.folder().unwrap(), folder_state(stamp(0), true, ""));
    assert_eq!(store.head(ORG).unwrap(), Seq(1));
    assert_eq!(log(store, ORG, 0), entries(&[record(1, 7)]));
    assert_eq!(store.latest(ORG, ActivityId(7)).unwrap(), Some(Seq(1)));
    assert_eq!(store.latest(ORG, ActivityId(8)).unwrap(), None);
    let found = store.with_status(ORG, StatusId(1), ActivityId(0), 10).unwrap();
    assert_eq!(found, [ActivityId(7)]);
    let unwritten = store.versions(ORG, &[Seq(2)]);
    assert!(matches!(unwritten, Err(StoreError::Damaged(_))), "{unwritten:?}");
}

/// Asks for everything and expects what [`touch_everything`] has made of it.
#[track_caller]
fn assert_touched(store: &dyn Store) {
    let tenant = tenant(store, ORG);
    assert_eq!(tenant.organization.id.as_str(), "renamed");
    assert_eq!(tenant.users, [user(1), user(2)]);
    assert_eq!(tenant.keys[0].last_login, Some(stamp(9)));
    assert_eq!(tenant.keys[1], key(2));
    assert_eq!(tenant.statuses, [status(1, "Waiting"), status(2, "Late")]);
    assert_eq!(sessions(store, ORG), [session(2), session(3)]);
    assert_eq!(runs(store, ORG), [run(1, 1), run(3, 1)]);
    assert_eq!(store.folder().unwrap(), left());
    let versions = [record(1, 7), tombstone(2, 7, 1), with_status(3, 8, 1)];
    assert_eq!(log(store, ORG, 0), entries(&versions));
    assert_eq!(store.versions(ORG, &[Seq(1), Seq(2), Seq(3)]).unwrap(), versions);
    let found = store.with_status(ORG, StatusId(1), ActivityId(0), 10).unwrap();
    assert_eq!(found, [ActivityId(8)]);
}

pub(super) fn a_transaction_sees_what_it_appended(store: &dyn Store) {
    commit(store, |t| {
        let mut current = |version: &Version| {
            t.append(ORG, version).unwrap();
            t.current(ORG, version.id).unwrap()
        };
        for version in [record(1, 7), with_status(2, 7, 3), tombstone(3, 7, 2), record(4, 7)] {
            assert_eq!(current(&version), Some(version));
        }
    });
}

pub(super) fn current_is_the_latest_version_of_one_activity(store: &dyn Store) {
    append(store, ORG, &[record(1, 7), record(2, 8), tombstone(3, 7, 1)]);
    commit(store, |t| {
        let mut current = |id| t.current(ORG, ActivityId(id)).unwrap();
        assert_eq!(current(7), Some(tombstone(3, 7, 1)));
        assert_eq!(current(8), Some(record(2, 8)));
        assert_eq!(current(9), None);
    });
}

pub(super) fn a_taken_position_is_refused(store: &dyn Store) {
    prepared(store);
    let mut transaction = store.begin(Durability::Power).unwrap();
    transaction.put_user(ORG, &user(2)).unwrap();
    let refused = transaction.append(ORG, &with_status(1, 7, 2));
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
    drop(transaction);
    assert_prepared(store);
    append(store, ORG, &[record(2, 9)]);
}

pub(super) fn a_transaction_dropped_changes_nothing(store: &dyn Store) {
    prepared(store);
    let mut transaction = store.begin(Durability::Power).unwrap();
    touch_everything(transaction.as_mut());
    drop(transaction);
    assert_prepared(store);

    commit(store, |t| {
        assert_eq!(t.current(ORG, ActivityId(7)).unwrap(), Some(record(1, 7)));
        touch_everything(t);
    });
    assert_touched(store);
}

pub(super) fn a_commit_of_nothing_succeeds(store: &dyn Store) {
    prepared(store);
    store.begin(Durability::Process).unwrap().commit().unwrap();
    store.begin(Durability::Power).unwrap().commit().unwrap();
    assert_prepared(store);
}

pub(super) fn every_durability_can_be_read(store: &dyn Store) {
    let durabilities = [Durability::Power, Durability::Process, Durability::Power];
    for (seq, durability) in (1..).zip(durabilities) {
        let mut transaction = store.begin(durability).unwrap();
        transaction.append(ORG, &record(seq, 7)).unwrap();
        transaction.commit().unwrap();
        assert_eq!(store.versions(ORG, &[Seq(seq)]).unwrap(), [record(seq, 7)]);
    }
}

pub(super) fn a_reader_sees_only_what_is_committed(store: &dyn Store) {
    prepared(store);
    let mut transaction = store.begin(Durability::Power).unwrap();
    touch_everything(transaction.as_mut());
    assert_prepared(store);
    transaction.commit().unwrap();
    assert_touched(store);
}

/// Each commit adds two versions, and a user with a key: whoever sees one sees the other.
pub(super) fn a_reader_sees_commits_whole(store: &dyn Store) {
    commit(store, |t| t.put_organization(&organization(ORG, "one")).unwrap());
    let write = || {
        for pair in 1..=100_u32 {
            commit(store, |t| {
                t.append(ORG, &record(u64::from(pair) * 2 - 1, 7)).unwrap();
                t.put_user(ORG, &user(pair.into())).unwrap();
                t.put_key(ORG, &key(pair.into())).unwrap();
                t.append(ORG, &record(u64::from(pair) * 2, 8)).unwrap();
            });
        }
    };
    thread::scope(|scope| {
        let writer = scope.spawn(write);
        while !writer.is_finished() {
            assert_eq!(log(store, ORG, 0).len() % 2, 0, "half a commit in the log");
            let tenant = tenant(store, ORG);
            assert_eq!(tenant.users.len(), tenant.keys.len(), "half a commit of the tenant");
        }
    });
    assert_eq!(store.head(ORG).unwrap(), Seq(200));
}

pub(super) fn begin_waits_for_the_transaction_before_it(store: &dyn Store) {
    let (begun, has_begun) = mpsc::channel();
    thread::scope(|scope| {
        let mut first = store.begin(Durability::Power).unwrap();
        scope.spawn(move || {
            let mut second = store.begin(Durability::Power).unwrap();
            begun.send(second.current(ORG, ActivityId(7)).unwrap()).unwrap();
            second.append(ORG, &tombstone(2, 7, 1)).unwrap();
            second.commit().unwrap();
        });
        let early = has_begun.recv_timeout(Duration::from_millis(WATCHED_MS));
        assert_eq!(early, Err(mpsc::RecvTimeoutError::Timeout), "begun beside an open transaction");
        first.append(ORG, &record(1, 7)).unwrap();
        first.commit().unwrap();
        assert_eq!(has_begun.recv().unwrap(), Some(record(1, 7)), "begun too early to see it");
    });
    assert_eq!(log(store, ORG, 0), entries(&[record(1, 7), tombstone(2, 7, 1)]));
}

pub(super) fn writers_take_turns(store: &dyn Store) {
    let write = || {
        for _ in 0..25 {
            commit(store, |t| {
                let current = t.current(ORG, ActivityId(7)).unwrap();
                let seq = current.as_ref().map_or(1, |version| version.seq.next().0);
                let next = Version { previous: current.map(|v| v.seq), ..record(seq, 7) };
                t.append(ORG, &next).unwrap();
            });
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(write);
        }
    });
    assert_eq!(log(store, ORG, 0).len(), 100);
    assert_eq!(store.latest(ORG, ActivityId(7)).unwrap(), Some(Seq(100)));
}

pub(super) fn reopening_keeps_everything(store: &dyn Store) {
    store.reopen().unwrap();
    prepared(store);
    store.reopen().unwrap();
    assert_prepared(store);
    commit(store, touch_everything);
    store.reopen().unwrap();
    store.reopen().unwrap();
    assert_touched(store);
}
