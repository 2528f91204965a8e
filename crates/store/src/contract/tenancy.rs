//! Two organizations that use the same numbers and the same hashes for everything (invariant 9).

use domain::{ActivityId, ApiKey, KeyId, Opener, OrgKey, Seq, StatusId, Version};

use super::log::{current, entries, log, rows};
use super::records::{accounts, coverages, runs, sessions, tenant};
use super::sample::{
    ORG, OTHER, account, append, commit, coverage, key, organization, record, run, session, stamp,
    status, tombstone, user, with_status,
};
use crate::{CoverageRecord, RunRecord, SessionRecord, Store, StoreError};

/// An organization that nothing is ever put into.
const THIRD: OrgKey = OrgKey(3);

pub(super) fn the_belongings_of_organizations_are_apart(store: &dyn Store) {
    let revoked = ApiKey { revoked: true, ..key(1) };
    commit(store, |t| {
        t.put_organization(&organization(ORG, "one")).unwrap();
        t.put_organization(&organization(OTHER, "two")).unwrap();
        t.put_user(ORG, &user(1)).unwrap();
        t.put_key(ORG, &key(1)).unwrap();
        t.put_status(ORG, &status(1, "Waiting")).unwrap();
        t.put_key(OTHER, &revoked).unwrap();
        t.put_status(OTHER, &status(1, "Parked")).unwrap();
        t.put_last_login(OTHER, KeyId(1), stamp(9)).unwrap();
    });
    let (one, two) = (tenant(store, ORG), tenant(store, OTHER));
    assert_eq!((one.users, two.users), (vec![user(1)], vec![]));
    assert_eq!(one.keys, [key(1)]);
    assert_eq!(two.keys, [ApiKey { last_login: Some(stamp(9)), ..revoked }]);
    assert_eq!(one.statuses, [status(1, "Waiting")]);
    assert_eq!(two.statuses, [status(1, "Parked")]);
}

pub(super) fn the_logs_of_organizations_are_apart(store: &dyn Store) {
    let one = [record(1, 7), record(2, 8), tombstone(3, 7, 1)];
    let two = [with_status(1, 8, 1), with_status(2, 7, 2)];
    commit(store, |t| {
        t.append(ORG, &one[0]).unwrap();
        t.append(OTHER, &two[0]).unwrap();
        t.append(OTHER, &two[1]).unwrap();
        t.append(ORG, &one[1]).unwrap();
        t.append(ORG, &one[2]).unwrap();
    });
    check_log(store, ORG, &one);
    check_log(store, OTHER, &two);
    check_log(store, THIRD, &[]);
    let latest = |org, id| store.latest(org, ActivityId(id)).unwrap();
    assert_eq!(
        [latest(ORG, 7), latest(OTHER, 7), latest(THIRD, 7)],
        [Some(Seq(3)), Some(Seq(2)), None]
    );
    assert_eq!(current(store, ORG), rows(&one[1..]));
    assert_eq!(current(store, OTHER), rows(&[two[1].clone(), two[0].clone()]));
    assert_eq!(current(store, THIRD), [""; 0]);
    let waiting = |org| store.with_status(org, StatusId(1), ActivityId(0), 10).unwrap();
    assert_eq!(
        [waiting(ORG), waiting(OTHER), waiting(THIRD)],
        [vec![ActivityId(8)], vec![ActivityId(8)], vec![]]
    );
}

#[track_caller]
fn check_log(store: &dyn Store, org: OrgKey, versions: &[Version]) {
    let seqs: Vec<Seq> = versions.iter().map(|version| version.seq).collect();
    assert_eq!(log(store, org, 0), entries(versions));
    assert_eq!(store.versions(org, &seqs).unwrap(), versions);
    let head = seqs.last().copied().unwrap_or(Seq::ZERO);
    assert_eq!(store.head(org).unwrap(), head);
    let beyond = store.versions(org, &[head.next()]);
    assert!(matches!(beyond, Err(StoreError::Damaged(_))), "{beyond:?}");
}

pub(super) fn the_sessions_and_runs_of_organizations_are_apart(store: &dyn Store) {
    let their_session = SessionRecord { opener: Opener::Key(KeyId(2)), ..session(1) };
    let their_run = RunRecord { key: KeyId(2), ..run(1, 1) };
    commit(store, |t| {
        t.put_session(ORG, &session(1)).unwrap();
        t.put_run(ORG, &run(1, 1)).unwrap();
        t.put_run(ORG, &run(1, 2)).unwrap();
        t.put_session(OTHER, &their_session).unwrap();
        t.put_run(OTHER, &their_run).unwrap();
    });
    assert_eq!(
        (sessions(store, ORG), sessions(store, OTHER)),
        (vec![session(1)], vec![their_session])
    );
    assert_eq!(runs(store, ORG), [run(1, 1), run(1, 2)]);
    assert_eq!(runs(store, OTHER), [their_run]);

    commit(store, |t| t.drop_run(ORG, &run(1, 1)).unwrap());
    assert_eq!((runs(store, ORG), runs(store, OTHER)), (vec![run(1, 2)], vec![their_run]));
    commit(store, |t| t.drop_session(ORG, &session(1)).unwrap());
    assert_eq!((sessions(store, ORG), runs(store, ORG)), (vec![], vec![run(1, 2)]));
    assert_eq!(
        (sessions(store, OTHER), runs(store, OTHER)),
        (vec![their_session], vec![their_run])
    );
    assert_eq!((sessions(store, THIRD), runs(store, THIRD)), (vec![], vec![]));
}

pub(super) fn the_accounts_and_coverages_of_organizations_are_apart(store: &dyn Store) {
    let theirs = CoverageRecord { document: "{}".to_owned(), ..coverage(1) };
    commit(store, |t| {
        t.put_account(ORG, &account(1, "Ours")).unwrap();
        t.put_account(OTHER, &account(1, "Theirs")).unwrap();
        t.put_account(OTHER, &account(2, "Theirs alone")).unwrap();
        t.put_coverage(ORG, &coverage(1)).unwrap();
        t.put_coverage(OTHER, &theirs).unwrap();
    });
    assert_eq!(accounts(store, ORG), [account(1, "Ours")]);
    assert_eq!(accounts(store, OTHER), [account(1, "Theirs"), account(2, "Theirs alone")]);
    assert_eq!((coverages(store, ORG), coverages(store, OTHER)), (vec![coverage(1)], vec![theirs]));
    assert_eq!((accounts(store, THIRD), coverages(store, THIRD)), (vec![], vec![]));
}

pub(super) fn a_transaction_holds_organizations_apart(store: &dyn Store) {
    append(store, ORG, &[record(1, 7)]);
    commit(store, |t| {
        assert_eq!(t.current(OTHER, ActivityId(7)).unwrap(), None);
        t.append(OTHER, &with_status(1, 7, 2)).unwrap();
        assert_eq!(t.current(ORG, ActivityId(7)).unwrap(), Some(record(1, 7)));
        assert_eq!(t.current(OTHER, ActivityId(7)).unwrap(), Some(with_status(1, 7, 2)));
    });
}
