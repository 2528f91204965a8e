//! Opening a data folder: what is found there is used, or refused and left as it is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use domain::{Activity, ActivityId, Guide, Note, Seq, State, Status, StatusId, Version};
use rusqlite::Connection;
use store::contract::sample::{
    ORG, account, activity, append, commit, coverage, key, organization, problems, record, run,
    session, status, tombstone, user, version,
};
use store::{CommitError, Durability, Store, StoreError};
use store_sqlite::{DATABASE_FILE, MARKER_FILE, SqliteStore};
use tempfile::TempDir;

const PAGE_BYTES: usize = 4096;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join(DATABASE_FILE)
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path()).unwrap()
}

/// A folder whose database has been filled and closed.
fn filled() -> TempDir {
    let folder = folder();
    fill(&open(&folder));
    folder
}

fn fill(store: &dyn Store) {
    commit(store, |t| {
        t.put_organization(&organization(ORG, "one")).unwrap();
        t.put_user(ORG, &user(1)).unwrap();
        t.put_key(ORG, &key(1)).unwrap();
        t.put_status(ORG, &status(1, "Waiting")).unwrap();
        t.put_session(ORG, &session(1)).unwrap();
        t.put_run(ORG, &run(1, 1)).unwrap();
        t.put_account(ORG, &account(1, "Ada Byron")).unwrap();
        t.put_coverage(ORG, &coverage(1)).unwrap();
    });
    append(store, ORG, &story());
}

/// Enough for some dozens of pages, with a text that spreads over several.
fn story() -> Vec<Version> {
    let note = Note::parse(&"The blue ink, not the black. ".repeat(1_000)).unwrap();
    let long = Activity { note, ..activity() };
    let mut story: Vec<Version> = (1..=299).map(|seq| record(seq, seq as i64 % 200)).collect();
    story.push(version(300, 7, State::Record(Box::new(long))));
    story.push(tombstone(301, 1, 1));
    story
}

fn seqs() -> Vec<Seq> {
    (1..=301).map(Seq).collect()
}

/// Every file of a folder, with its content; but without that of the index beside a log, in which
/// readers leave marks.
fn contents(folder: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let content = |path: PathBuf| match path.extension() {
        Some(extension) if extension == "db-shm" => Vec::new(),
        _ => fs::read(path).unwrap(),
    };
    entries.map(|entry| (entry.file_name(), content(entry.path()))).collect()
}

/// Puts into another folder what a process that is killed now would leave: the database and its
/// log. The index is made anew.
fn killed(folder: &TempDir) -> TempDir {
    let left = self::folder();
    for (name, content) in contents(folder.path()) {
        if !name.to_string_lossy().ends_with("-shm") {
            fs::write(left.path().join(name), content).unwrap();
        }
    }
    left
}

fn only_database_and_marker(folder: &TempDir) -> bool {
    contents(folder.path()).keys().eq([DATABASE_FILE, MARKER_FILE])
}

/// The sentence with which a folder is refused; it names the file, and the folder stays as it is.
#[track_caller]
fn refusal(folder: &TempDir) -> String {
    let before = contents(folder.path());
    let refusal = SqliteStore::open(folder.path()).err().expect("accepted").to_string();
    assert!(contents(folder.path()) == before, "touched: {refusal}");
    let path = file(folder).display().to_string();
    assert!(refusal.contains(&path), "{refusal}");
    refusal.replace(&path, "FILE")
}

#[test]
fn what_was_committed_is_there_again() {
    let folder = filled();
    assert!(only_database_and_marker(&folder), "an orderly end leaves nothing else");
    let store = open(&folder);
    assert_eq!(store.versions(ORG, &seqs()).unwrap(), story());
    assert_eq!(store.tenants().unwrap()[0].keys, [key(1)]);
    assert_eq!(store.sessions(ORG).unwrap(), [session(1)]);
    assert_eq!(store.runs(ORG).unwrap(), [run(1, 1)]);
    assert_eq!(store.accounts(ORG).unwrap(), [account(1, "Ada Byron")]);
    assert_eq!(store.coverages(ORG).unwrap(), [coverage(1)]);
}

/// A folder as the first release left it.
fn of_the_first_schema() -> TempDir {
    let (newest, folder) = (filled(), folder());
    let connection = Connection::open(file(&folder)).unwrap();
    connection.pragma_update(None, "application_id", 0x4452_4654).unwrap();
    connection.execute_batch(include_str!("../migrations/V1__log.sql")).unwrap();
    let newest = file(&newest).display().to_string();
    connection.execute("ATTACH ? AS newest", [newest]).unwrap();
    let sql = "PRAGMA user_version = 1;
               INSERT INTO organization
                   SELECT organization, id, name, zone, stage, last_user_named FROM newest.organization;
               INSERT INTO system_user SELECT organization, id, name, role, disabled FROM newest.system_user;
               INSERT INTO api_key
                   SELECT organization, id, system_user, label, hash, created, revoked, last_login FROM newest.api_key;
               INSERT INTO activity_status VALUES (1, 1, 'Waiting', 0, 0), (1, 4, 'COMPLETED', 1, 0);
               INSERT INTO session SELECT organization, hash, api_key, created, last_used FROM newest.session;
               INSERT INTO run SELECT * FROM newest.run;
               INSERT INTO change SELECT * FROM newest.change;
               INSERT INTO activity SELECT * FROM newest.activity";
    connection.execute_batch(sql).unwrap();
    folder
}

#[test]
fn a_folder_of_the_first_schema_is_brought_up_to_date() {
    let folder = of_the_first_schema();
    for _ in 0..2 {
        let store = open(&folder);
        assert_eq!(problems(&store).unwrap(), [""; 0]);
        let tenant = store.tenants().unwrap().remove(0);
        assert_eq!(tenant.organization.guide, Guide::default());
        assert_eq!((tenant.users, tenant.keys), (vec![user(1)], vec![key(1)]));
        let completed = Status { retired: true, ..status(4, "COMPLETED") };
        assert!(completed.done && completed.position == 4);
        assert_eq!(tenant.statuses, [status(1, "Waiting"), completed]);
        assert_eq!(store.sessions(ORG).unwrap(), [session(1)]);
        assert_eq!(store.runs(ORG).unwrap(), [run(1, 1)]);
        assert!(store.accounts(ORG).unwrap().is_empty());
        assert!(store.coverages(ORG).unwrap().is_empty());
        assert_eq!(store.versions(ORG, &seqs()).unwrap(), story());
    }
}

#[test]
fn a_killed_process_leaves_every_commit() {
    let folder = folder();
    let store = open(&folder);
    fill(&store);
    let mut process = store.begin(Durability::Process).unwrap();
    process.put_session(ORG, &session(2)).unwrap();
    process.commit().unwrap();
    let mut unfinished = store.begin(Durability::Power).unwrap();
    unfinished.append(ORG, &record(302, 7)).unwrap();
    let left = killed(&folder);
    let left = open(&left);
    assert_eq!(left.versions(ORG, &seqs()).unwrap(), story());
    assert_eq!(left.sessions(ORG).unwrap(), [session(1), session(2)]);
    assert_eq!(left.head(ORG).unwrap(), Seq(301));
}

#[test]
fn an_empty_file_has_lost_its_contents() {
    let folder = folder();
    fs::write(file(&folder), "").unwrap();
    let refused = SqliteStore::open(folder.path()).map(|_| ()).unwrap_err().to_string();
    assert!(refused.ends_with("is damaged (it is empty): restore it from a backup"), "{refused}");
    assert_eq!(fs::read(file(&folder)).unwrap(), b"");
}

#[test]
fn a_start_that_was_cut_short_is_begun_again() {
    let folder = folder();
    fs::write(folder.path().join("driftless.new"), "half").unwrap();
    fill(&open(&folder));
    assert_eq!(open(&folder).head(ORG).unwrap(), Seq(301));
    assert!(!folder.path().join("driftless.new").exists());
}

#[test]
fn a_file_without_tables_is_a_start_that_was_cut_short() {
    for journal_mode in ["DELETE", "WAL"] {
        let folder = folder();
        let connection = Connection::open(file(&folder)).unwrap();
        connection.pragma_update(None, "application_id", 0x4452_4654).unwrap();
        connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
        drop(connection);
        fill(&open(&folder));
        assert_eq!(open(&folder).head(ORG).unwrap(), Seq(301));
    }
}

#[test]
fn a_missing_folder_is_refused() {
    let parent = folder();
    let missing = parent.path().join("missing");
    let refusal = SqliteStore::open(&missing).err().unwrap().to_string();
    assert!(refusal.contains(&missing.join(DATABASE_FILE).display().to_string()), "{refusal}");
    assert!(!missing.exists());
}

#[test]
fn a_folder_in_place_of_the_file_is_refused() {
    let folder = folder();
    fs::create_dir(file(&folder)).unwrap();
    let refusal = SqliteStore::open(folder.path()).err().unwrap().to_string();
    assert!(refusal.contains(&file(&folder).display().to_string()), "{refusal}");
    assert!(file(&folder).is_dir());
}

#[test]
fn garbage_is_refused() {
    for garbage in [
        b"x".to_vec(),
        b"SQLite format 3\0".to_vec(),
        b"id,subject\n1,Call the printer\n".repeat(1_000),
        vec![0; PAGE_BYTES],
        vec![0xA5; 3 * PAGE_BYTES + 17],
    ] {
        let folder = folder();
        fs::write(file(&folder), garbage).unwrap();
        assert_eq!(refusal(&folder), "FILE is not a Driftless database");
    }
}

#[test]
fn the_database_of_another_program_is_refused() {
    for journal_mode in ["DELETE", "WAL"] {
        for sql in [
            "CREATE TABLE organization (organization INTEGER PRIMARY KEY, id TEXT)",
            "PRAGMA application_id = 1196444487; CREATE TABLE gpkg_contents (table_name TEXT)",
            "PRAGMA application_id = 1196444487",
        ] {
            let folder = folder();
            let connection = Connection::open(file(&folder)).unwrap();
            connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
            connection.execute_batch(sql).unwrap();
            drop(connection);
            assert_eq!(
                refusal(&folder),
                "FILE is not a Driftless database",
                "{journal_mode} {sql}"
            );
        }
    }
}

#[test]
fn the_database_of_another_program_is_refused_while_it_is_in_use() {
    let folder = folder();
    let connection = Connection::open(file(&folder)).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch("CREATE TABLE visits (url TEXT)").unwrap();
    assert_eq!(refusal(&folder), "FILE is not a Driftless database");
    connection.execute_batch("INSERT INTO visits VALUES ('https://example.org')").unwrap();
}

const NEWER: &str = "PRAGMA user_version = 9000";
const NEWER_REFUSED: &str = "FILE was written by a newer release of Driftless (schema 9000; this release \
    supports up to 2): use that release, or a backup from before the update";

#[test]
fn a_newer_schema_is_refused() {
    let folder = filled();
    Connection::open(file(&folder)).unwrap().execute_batch(NEWER).unwrap();
    assert_eq!(refusal(&folder), NEWER_REFUSED);
}

#[test]
fn a_newer_schema_is_refused_while_it_is_in_use() {
    let folder = filled();
    let newer = Connection::open(file(&folder)).unwrap();
    newer.execute_batch(NEWER).unwrap();
    assert_eq!(refusal(&folder), NEWER_REFUSED);
}

#[test]
fn a_newer_schema_left_by_a_killed_process_is_refused() {
    let folder = filled();
    let newer = Connection::open(file(&folder)).unwrap();
    newer.execute_batch(NEWER).unwrap();
    let left = killed(&folder);
    let before = contents(left.path());
    assert_eq!(before.len(), 3, "the database, its log and its marker");

    let refusal = SqliteStore::open(left.path()).err().unwrap().to_string();
    assert!(refusal.contains("newer release"), "{refusal}");
    let mut after = contents(left.path());
    // SQLite reads a log through its index.
    after.remove(&OsString::from(format!("{DATABASE_FILE}-shm")));
    assert!(after == before, "touched");
}

#[test]
fn a_database_cut_short_is_refused() {
    let folder = filled();
    let content = fs::read(file(&folder)).unwrap();
    fs::write(file(&folder), &content[..content.len() / 2]).unwrap();
    let refusal = refusal(&folder);
    assert!(refusal.starts_with("FILE is damaged ("), "{refusal}");
    assert!(refusal.ends_with("): restore it from a backup"), "{refusal}");
}

/// Asks for everything; what fails must say that the store is damaged.
fn ask_for_everything(store: &dyn Store) -> Result<(), StoreError> {
    let mut visit = |_| ControlFlow::Continue(());
    let answers = [
        store.folder().map(drop),
        store.tenants().map(drop),
        store.sessions(ORG).map(drop),
        store.runs(ORG).map(drop),
        store.accounts(ORG).map(drop),
        store.coverages(ORG).map(drop),
        store.head(ORG).map(drop),
        store.log(ORG, Seq::ZERO, &mut visit),
        store.versions(ORG, &seqs()).map(drop),
        store.latest(ORG, ActivityId(7)).map(drop),
        store.with_status(ORG, StatusId(1), ActivityId(0), 1_000).map(drop),
    ];
    for answer in &answers {
        assert!(matches!(answer, Ok(()) | Err(StoreError::Damaged(_))), "{answer:?}");
    }
    answers.into_iter().collect()
}

#[test]
fn a_damaged_page_is_found() {
    let folder = filled();
    let whole = fs::read(file(&folder)).unwrap();
    let pages = whole.len() / PAGE_BYTES;
    assert!(pages > 30, "{pages}");
    for (page, filler) in (0..pages).flat_map(|page| [(page, 0xA5), (page, 0), (page, 0xFF)]) {
        let mut damaged = whole.clone();
        damaged[page * PAGE_BYTES..][..PAGE_BYTES].fill(filler);
        fs::write(file(&folder), damaged).unwrap();
        let Ok(store) = SqliteStore::open(folder.path()) else { continue };
        let seen = match problems(&store) {
            Ok(problems) => !problems.is_empty(),
            Err(problem) => matches!(problem, StoreError::Damaged(_)),
        };
        // SQLite keeps no checksums: what lies within a text only shows when the text is read.
        let read = ask_for_everything(&store).is_err();
        assert!(seen || read, "page {page} filled with {filler:#x}");
    }
}

#[test]
fn a_row_that_cannot_be_read_is_damage() {
    for sql in [
        "UPDATE organization SET zone = 'Mars/Olympus'",
        "UPDATE organization SET id = 'two words'",
        "UPDATE system_user SET role = 'owner'",
        "UPDATE system_user SET name = ' '",
        "UPDATE api_key SET hash = x'00'",
        "UPDATE activity_status SET name = ''",
        "UPDATE session SET hash = x'0102'",
        "UPDATE run SET query = x''",
        "UPDATE system_user SET login = 'two words', password = 'x', password_set = 0",
        "UPDATE session SET api_key = NULL",
        "UPDATE account SET name = ' '",
        "UPDATE change SET kind = 3 WHERE seq = 200",
        "UPDATE change SET origin = 0 WHERE seq = 200",
        "UPDATE change SET document = NULL WHERE seq = 200",
        "UPDATE change SET document = '{}' WHERE seq = 200",
        "UPDATE change SET document = CAST(x'7BFF7D' AS TEXT) WHERE seq = 200",
    ] {
        let folder = filled();
        Connection::open(file(&folder)).unwrap().execute_batch(sql).unwrap();
        assert!(ask_for_everything(&open(&folder)).is_err(), "{sql}");
    }
}

#[test]
fn a_store_that_cannot_be_reopened_refuses_until_it_can() {
    let folder = filled();
    let store = open(&folder);
    let aside = folder.path().join("aside");
    fs::rename(file(&folder), &aside).unwrap();
    fs::create_dir(file(&folder)).unwrap();
    assert!(matches!(store.reopen(), Err(StoreError::Unavailable(_))));
    assert!(matches!(store.begin(Durability::Power).err(), Some(StoreError::Unavailable(_))));

    fs::remove_dir(file(&folder)).unwrap();
    fs::rename(aside, file(&folder)).unwrap();
    store.reopen().unwrap();
    append(&store, ORG, &[record(302, 7)]);
    assert_eq!(store.head(ORG).unwrap(), Seq(302));
}

#[test]
fn a_file_that_goes_while_a_transaction_is_under_way_is_not_acknowledged() {
    for gone in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")] {
        let folder = filled();
        let store = open(&folder);
        append(&store, ORG, &[record(302, 7)]);
        let mut transaction = store.begin(Durability::Power).unwrap();
        transaction.append(ORG, &record(303, 7)).unwrap();
        fs::remove_file(folder.path().join(&gone)).unwrap();
        match transaction.commit() {
            Err(CommitError::Unknown(problem)) => assert!(problem.contains(&gone), "{problem}"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(store.reopen(), Err(StoreError::Unavailable(_))));
        assert!(matches!(store.begin(Durability::Process).err(), Some(StoreError::Unavailable(_))));
    }
}

#[test]
fn a_store_that_has_vanished_is_not_reopened_as_an_empty_one() {
    let folder = filled();
    let store = open(&folder);
    for name in contents(folder.path()).keys() {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    assert!(matches!(store.reopen(), Err(StoreError::Unavailable(_))));
    assert!(!file(&folder).exists());
}
