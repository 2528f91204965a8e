//! The marker beside the database: what it says is there, or missed; it never says too much.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{OrgKey, Seq, Stamp};
use store::contract::sample::{ORG, OTHER, append, commit, organization, record};
use store::{Durability, Examined, FolderState, Store, Transaction};
use store_sqlite::{DATABASE_FILE, MARKER_FILE, OpenError, SqliteStore};
use tempfile::TempDir;

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path()).unwrap()
}

fn refusal(folder: &TempDir) -> OpenError {
    SqliteStore::open(folder.path()).err().expect("accepted")
}

/// A folder with two organizations, the first of which has three versions.
fn filled() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    commit(&store, |t| {
        t.put_organization(&organization(ORG, "one")).unwrap();
        t.put_organization(&organization(OTHER, "two")).unwrap();
        promise(t, 1_000);
    });
    append(&store, ORG, &[record(1, 7), record(2, 8), record(3, 9)]);
    drop(store);
    folder
}

fn promise(transaction: &mut dyn Transaction, millis: i64) {
    let lease = Stamp::from_millis(millis);
    let state = FolderState {
        lease,
        clean: false,
        boot: String::new(),
        lost_before: Stamp::MIN,
        transactions: 0,
        device_key: None,
    };
    transaction.put_folder(&state).unwrap();
}

/// The database and its log as they are now.
struct Disk(Vec<(String, Vec<u8>)>);

impl Disk {
    fn of(folder: &TempDir) -> Disk {
        let names = [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")];
        let there = names.into_iter().filter_map(|name| {
            let content = fs::read(folder.path().join(&name)).ok()?;
            Some((name, content))
        });
        Disk(there.collect())
    }

    /// A folder that has this, and the marker that the other has by now.
    fn with_marker_of(&self, folder: &TempDir) -> TempDir {
        let left = tempfile::tempdir().unwrap();
        for (name, content) in &self.0 {
            fs::write(left.path().join(name), content).unwrap();
        }
        fs::copy(folder.path().join(MARKER_FILE), left.path().join(MARKER_FILE)).unwrap();
        left
    }
}

#[track_caller]
fn lacks(folder: &TempDir, part: &str) {
    match refusal(folder) {
        OpenError::Lacking { lacking, .. } => assert!(lacking.contains(part), "{lacking}"),
        other => panic!("{other}"),
    }
}

#[test]
fn each_commit_is_marked() {
    let folder = filled();
    let before = Disk::of(&folder);
    let store = open(&folder);
    append(&store, ORG, &[record(4, 7)]);
    lacks(&before.with_marker_of(&folder), "organization one has 3 of 4 versions");
    append(&store, OTHER, &[record(1, 7)]);
    lacks(
        &before.with_marker_of(&folder),
        "has 3 of 4 versions, and 1 more organization has lost some",
    );
    open(&Disk::of(&folder).with_marker_of(&folder));
}

#[test]
fn each_promise_is_marked_and_may_be_taken_back() {
    let folder = filled();
    let before = Disk::of(&folder);
    let store = open(&folder);
    commit(&store, |t| promise(t, 2_000));
    lacks(&before.with_marker_of(&folder), "1970-01-01T00:00:02.000+00:00");
    commit(&store, |t| promise(t, 1_000));
    open(&before.with_marker_of(&folder));
}

#[test]
fn what_a_power_cut_may_still_take_is_not_marked() {
    let folder = filled();
    let before = Disk::of(&folder);
    let store = open(&folder);
    let mut process = store.begin(Durability::Process).unwrap();
    process.append(ORG, &record(4, 7)).unwrap();
    process.commit().unwrap();
    open(&before.with_marker_of(&folder));
    // With the next commit that lasts, it does too.
    append(&store, OTHER, &[record(1, 7)]);
    lacks(&before.with_marker_of(&folder), "organization one has 3 of 4 versions");
}

#[test]
fn what_was_not_committed_is_not_marked() {
    let folder = filled();
    let store = open(&folder);
    let mut dropped = store.begin(Durability::Power).unwrap();
    dropped.append(ORG, &record(4, 7)).unwrap();
    promise(dropped.as_mut(), 9_000);
    drop(dropped);
    append(&store, OTHER, &[record(1, 7)]);
    open(&Disk::of(&folder).with_marker_of(&folder));
}

#[test]
fn what_is_cut_back_is_not_missed() {
    let folder = filled();
    let store = open(&folder);
    commit(&store, |t| assert!(t.cut_back(ORG, 1).unwrap()));
    open(&Disk::of(&folder).with_marker_of(&folder));
    let mut process = store.begin(Durability::Process).unwrap();
    process.append(ORG, &record(3, 9)).unwrap();
    process.append(ORG, &record(4, 5)).unwrap();
    process.commit().unwrap();
    commit(&store, |t| assert!(!t.cut_back(ORG, 9).unwrap()));
    assert_eq!(store.head(ORG).unwrap(), Seq::ZERO);
    open(&Disk::of(&folder).with_marker_of(&folder));
}

#[test]
fn looking_at_a_copy_makes_no_marker_and_working_on_it_does() {
    let (folder, copy) = (filled(), tempfile::tempdir().unwrap());
    open(&folder).backup(copy.path()).unwrap();
    let before = fs::read(copy.path().join(DATABASE_FILE)).unwrap();
    let names = |folder: &Path| {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    drop(open(&copy));
    assert_eq!(names(copy.path()), [DATABASE_FILE]);
    assert!(fs::read(copy.path().join(DATABASE_FILE)).unwrap() == before);
    commit(&open(&copy), |t| promise(t, 2_000));
    assert_eq!(names(copy.path()), [DATABASE_FILE, MARKER_FILE]);

    // From then on they are two, though they have the same log.
    fs::copy(copy.path().join(DATABASE_FILE), folder.path().join(DATABASE_FILE)).unwrap();
    assert!(matches!(refusal(&folder), OpenError::Exchanged { .. }));
}

#[test]
fn a_marker_that_is_damaged_is_not_taken_for_none() {
    let folder = filled();
    let marker = folder.path().join(MARKER_FILE);
    let whole = fs::read(&marker).unwrap();
    let refuses = |content: &[u8], what: &str| {
        fs::write(&marker, content).unwrap();
        match refusal(&folder) {
            OpenError::MarkerDamaged { .. } => {}
            other => panic!("{what}: {other}"),
        }
    };
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x40;
        refuses(&flipped, &format!("bit of byte {at}"));
    }
    for end in (0..whole.len()).filter(|end| *end == 0 || end % 32 != 0) {
        refuses(&whole[..end], &format!("cut at {end}"));
    }
    refuses(&[0; 128], "the first record is on disk before it has its name");
    refuses(b"rubbish".repeat(64).as_slice(), "rubbish");
    fs::write(&marker, &whole).unwrap();
    open(&folder);
}

#[test]
fn what_a_power_cut_leaves_of_a_marker_says_less_and_nothing_wrong() {
    let folder = filled();
    let marker = folder.path().join(MARKER_FILE);
    let whole = fs::read(&marker).unwrap();
    // The file has grown, or its records have not been written yet.
    for end in (32..whole.len()).step_by(32) {
        let mut content = whole[..end].to_owned();
        fs::write(&marker, &content).unwrap();
        open(&folder);
        content.resize(whole.len() + 64, 0);
        fs::write(&marker, &content).unwrap();
        let store = open(&folder);
        let last = store.head(ORG).unwrap().0;
        let before = Disk::of(&folder);
        append(&store, ORG, &[record(last + 1, 7)]);
        let lacking = format!("organization one has {last} of {} versions", last + 1);
        lacks(&before.with_marker_of(&folder), &lacking);
    }
}

/// Whoever may do everything can read every folder: for them this test cannot fail.
#[test]
fn a_marker_that_has_its_name_is_kept_though_the_folder_cannot_be_synced() {
    let (folder, copy) = (filled(), tempfile::tempdir().unwrap());
    open(&folder).backup(copy.path()).unwrap();
    let store = open(&copy);
    let mode = |mode| fs::set_permissions(copy.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o300); // It can be written to, and not be opened.
    commit(&store, |t| promise(t, 2_000));
    let first = fs::read(copy.path().join(MARKER_FILE)).unwrap();
    commit(&store, |t| promise(t, 3_000));
    mode(0o700);
    let second = fs::read(copy.path().join(MARKER_FILE)).unwrap();
    assert!(first[..32] == second[..32], "it is still the same database");
}

#[test]
fn a_check_beside_a_cut_back_raises_no_alarm() {
    let folder = filled();
    let store = open(&folder);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..100 {
                commit(&store, |t| assert!(t.cut_back(ORG, 2).unwrap()));
                append(&store, ORG, &[record(2, 8), record(3, 9)]);
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            let mut problems = Vec::new();
            store
                .examine(&mut |examined| {
                    if let Examined::Problem(problem) = examined {
                        problems.push(problem);
                    }
                })
                .unwrap();
            assert!(problems.is_empty(), "{problems:?}");
        }
    });
}

#[test]
fn a_folder_whose_database_has_gone_is_no_new_one() {
    let folder = filled();
    fs::remove_file(folder.path().join(DATABASE_FILE)).unwrap();
    for marker in [None, Some("")] {
        if let Some(marker) = marker {
            fs::write(folder.path().join(MARKER_FILE), marker).unwrap();
        }
        assert!(store_sqlite::is_begun(folder.path()).unwrap());
        assert!(matches!(refusal(&folder), OpenError::Missing { .. }));
    }
    fs::remove_file(folder.path().join(MARKER_FILE)).unwrap();
    assert!(!store_sqlite::is_begun(folder.path()).unwrap());
    fs::write(folder.path().join(format!("{DATABASE_FILE}-wal")), "a log").unwrap();
    assert!(store_sqlite::is_begun(folder.path()).unwrap());
    assert!(matches!(refusal(&folder), OpenError::Missing { .. }));
}

#[test]
fn many_organizations_have_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let orgs = || (1..=200).map(OrgKey);
    for round in 1..=3 {
        let store = open(&folder);
        for org in orgs() {
            commit(&store, |t| {
                t.put_organization(&organization(org, &format!("o{}", org.0))).unwrap();
                t.append(org, &record(round, 7)).unwrap();
            });
        }
        assert!(orgs().all(|org| store.head(org).unwrap() == Seq(round)));
    }
    let marked = fs::metadata(folder.path().join(MARKER_FILE)).unwrap().len();
    assert_eq!(marked, (200 + 2) * 32, "a record for each, however often it is written");
}
