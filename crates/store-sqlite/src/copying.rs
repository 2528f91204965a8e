//! Copies what large writes leave in the write-ahead log into the database, beside the writer.
//!
//! SQLite copies the log when it has gathered enough pages, and the commit that comes to it waits: for random small
//! updates that is well spent, since they hit the same pages again and again. Large documents are copied page by
//! page, whenever it is done, and while the writer copies sixteen megabytes of them, everybody waits. So a thread does
//! that in time; what the writer finds then is mostly copied.
//!
//! It is safe beside the writer: SQLite copies only what has been committed, syncs the log before and the database
//! afterwards, and the writer begins the log anew only when all of it has been copied.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use rusqlite::Connection;

use crate::open;

/// A document of so many bytes is a large one.
pub(crate) const LARGE_BYTES_MIN: usize = 64 << 10;

/// After so many bytes of large documents, they are copied.
const COPIED_AT_ONCE_BYTES: usize = 4 << 20;

/// The thread, and its connection, which is opened and closed together with the writer's.
pub(crate) struct Copier {
    path: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
    /// Bytes of large documents that have been committed and not copied.
    bytes: AtomicUsize,
    /// Both are none when there is no thread: then the writer copies everything.
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    /// Of the database at this path, which the writer has just opened.
    pub(crate) fn start(path: &Path) -> Copier {
        let connection = Arc::new(Mutex::new(open::copying(path).ok()));
        let (wake, woken) = sync_channel(1);
        let of_thread = connection.clone();
        let copy = move || {
            for () in woken {
                let connection = of_thread.lock();
                let Some(connection) = connection.as_ref() else { continue };
                // If it cannot be done now, the writer does it when the log has become long.
                let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
        };
        let thread = thread::Builder::new().name("copy".to_owned()).spawn(copy).ok();
        let (path, bytes) = (path.to_owned(), AtomicUsize::new(0));
        Copier { path, connection, bytes, wake: thread.is_some().then_some(wake), thread }
    }

    /// So many bytes of large documents have been committed.
    pub(crate) fn committed(&self, bytes: usize) {
        if bytes == 0
            || self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes < COPIED_AT_ONCE_BYTES
        {
            return;
        }
        self.bytes.store(0, Ordering::Relaxed);
        // If it has been woken and not begun yet, that is enough.
        let _ = self.wake.as_ref().map(|wake| wake.try_send(()));
    }

    /// Closes the connection, before the writer's is closed.
    pub(crate) fn close(&self) {
        *self.connection.lock() = None;
    }

    /// Opens it again, after the writer's.
    pub(crate) fn reopen(&self) {
        *self.connection.lock() = open::copying(&self.path).ok();
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.close();
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
