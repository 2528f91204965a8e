//! The embedded store keeps what every store promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use store::Store;
use store_sqlite::SqliteStore;

fn on_an_empty_store(case: fn(&dyn Store)) {
    let folder = tempfile::tempdir().unwrap();
    case(&SqliteStore::open(folder.path()).unwrap());
}

store::contract_tests!(on_an_empty_store);
