//! Backups: whole, consistent, and never half-made under the name that a store looks for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;

use domain::{Seq, Version};
use store::contract::sample::{ORG, append, commit, organization, problems, record, user};
use store::{Durability, Store};
use store_sqlite::{DATABASE_FILE, SqliteStore};
use tempfile::TempDir;

const PAGE_BYTES: usize = 4096;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A store with one organization and this many pairs of versions.
fn store(folder: &TempDir, pairs: u32) -> SqliteStore {
    let store = SqliteStore::open(folder.path()).unwrap();
    commit(&store, |t| t.put_organization(&organization(ORG, "one")).unwrap());
    (1..=pairs).for_each(|pair| commit_pair(&store, pair));
    store
}

/// Commits two versions and a user, which belong together.
fn commit_pair(store: &SqliteStore, pair: u32) {
    commit(store, |t| {
        pair_of(pair).iter().for_each(|version| t.append(ORG, version).unwrap());
        t.put_user(ORG, &user(pair.into())).unwrap();
    });
}

fn pair_of(pair: u32) -> [Version; 2] {
    let second = u64::from(pair) * 2;
    [record(second - 1, pair.into()), record(second, (pair % 7).into())]
}

/// Opens a backup and checks that it is the store as one commit left it; tells after which pair.
#[track_caller]
fn check(backup: &Path) -> u32 {
    let names: Vec<_> = fs::read_dir(backup).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [DATABASE_FILE]);
    let store = SqliteStore::open(backup).unwrap();
    assert_eq!(problems(&store).unwrap(), [""; 0]);

    let users = &store.tenants().unwrap()[0].users;
    let pairs = u32::try_from(users.len()).unwrap();
    let expected: Vec<Version> = (1..=pairs).flat_map(pair_of).collect();
    let mut seqs = Vec::new();
    let mut visit = |entry: store::LogEntry| {
        seqs.push(entry.seq);
        ControlFlow::Continue(())
    };
    store.log(ORG, Seq::ZERO, &mut visit).unwrap();
    assert_eq!(store.versions(ORG, &seqs).unwrap(), expected);
    pairs
}

#[test]
fn a_backup_in_mid_traffic_is_whole() {
    let (data, backups) = (folder(), folder());
    let store = store(&data, 200);
    thread::scope(|scope| {
        let writer = scope.spawn(|| (201..=500).for_each(|pair| commit_pair(&store, pair)));
        for round in 0.. {
            let before = store.head(ORG).unwrap().0;
            let backup = backups.path().join(round.to_string());
            store.backup(&backup).unwrap();
            let pairs = u64::from(check(&backup));
            assert!(pairs * 2 >= before, "{pairs} pairs, {before} versions were committed before");
            if writer.is_finished() {
                break;
            }
        }
    });
}

#[test]
fn a_backup_goes_on_as_a_store() {
    let (data, backup) = (folder(), folder());
    let store = store(&data, 3);
    store.backup(backup.path()).unwrap();
    commit_pair(&store, 4);
    assert_eq!(check(backup.path()), 3);

    let copy = SqliteStore::open(backup.path()).unwrap();
    append(&copy, ORG, &[record(7, 700)]);
    assert_eq!(copy.head(ORG).unwrap(), Seq(7));
    assert_eq!(store.head(ORG).unwrap(), Seq(8), "the two have nothing in common");
}

#[test]
fn a_backup_leaves_an_open_transaction_out_and_does_not_wait_for_it() {
    let (data, backup) = (folder(), folder());
    let store = store(&data, 3);
    let mut transaction = store.begin(Durability::Power).unwrap();
    transaction.append(ORG, &record(7, 700)).unwrap();
    store.backup(backup.path()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(check(backup.path()), 3);
}

#[test]
fn a_backup_makes_the_folders_that_it_needs() {
    let (data, backups) = (folder(), folder());
    let deep = backups.path().join("it's\u{e9}/2026 07/01?mode=ro#%41");
    store(&data, 1).backup(&deep).unwrap();
    assert_eq!(check(&deep), 1);
}

#[test]
fn a_backup_never_writes_over_anything() {
    let (data, other) = (folder(), folder());
    let store = store(&data, 1);
    fs::write(other.path().join("letter.txt"), "Dear").unwrap();
    for taken in [other.path(), data.path()] {
        let refusal = store.backup(taken).unwrap_err().to_string();
        let expected = "exists and is not an empty folder: choose a folder that does not exist yet";
        assert_eq!(refusal, format!("{} {expected}", taken.display()));
    }
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    assert_eq!(store.head(ORG).unwrap(), Seq(2));
}

#[test]
fn a_backup_below_a_file_is_refused() {
    let (data, backups) = (folder(), folder());
    let store = store(&data, 1);
    let file = backups.path().join("letter.txt");
    fs::write(&file, "Dear").unwrap();
    for destination in [file.clone(), file.join("backup")] {
        let refusal = store.backup(&destination).unwrap_err().to_string();
        assert!(refusal.contains(&destination.display().to_string()), "{refusal}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"Dear");
}

#[test]
fn a_backup_that_fails_leaves_nothing() {
    let (data, backup) = (folder(), folder());
    drop(store(&data, 300));
    let database = data.path().join(DATABASE_FILE);
    let mut content = fs::read(&database).unwrap();
    let middle = content.len() / PAGE_BYTES / 2 * PAGE_BYTES;
    content[middle..][..PAGE_BYTES].fill(0xA5);
    fs::write(&database, content).unwrap();

    let store = SqliteStore::open(data.path()).unwrap();
    let refusal = store.backup(backup.path()).unwrap_err().to_string();
    assert!(refusal.starts_with("the data folder is damaged: "), "{refusal}");
    assert_eq!(fs::read_dir(backup.path()).unwrap().count(), 0);
}

#[test]
fn a_backup_that_was_damaged_since_is_left_as_it_is() {
    let (data, backups) = (folder(), folder());
    let taken = backups.path().join("taken");
    store(&data, 300).backup(&taken).unwrap();
    let database = taken.join(DATABASE_FILE);
    let mut content = fs::read(&database).unwrap();
    let middle = content.len() / PAGE_BYTES / 2 * PAGE_BYTES;
    content[middle..][..PAGE_BYTES].fill(0xA5);
    fs::write(&database, &content).unwrap();

    let store = SqliteStore::open(&taken).unwrap();
    store.log(ORG, Seq::ZERO, &mut |_| std::ops::ControlFlow::Continue(())).unwrap_err();
    drop(store);
    assert!(fs::read(&database).unwrap() == content);
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 1);
}
