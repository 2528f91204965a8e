//! The files that admins have uploaded: from the first byte until they are imported, given up or forgotten.
//!
//! A file has no name on disk, so that nothing of it is left when the process ends. It is known by a secret, to the
//! person who has uploaded it, for an hour after it was last used.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use domain::{OrgKey, Stamp, UserId};
use files::{ColumnNames, TableColumn};
use parking_lot::{Mutex, RwLock};
use service::Person;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::choices::Choices;
use super::stage::Stage;

/// The largest file that is taken, in bytes.
pub(super) const UPLOAD_BYTES_MAX: u64 = 64 << 20;

/// The most bytes that a workbook may have once it is unpacked: of some, all is held in memory.
pub(super) const UNPACKED_BYTES_MAX: u64 = 256 << 20;

/// The most activities that a file may have: while it is read, memory holds where each of them is.
pub(super) const ROWS_MAX: u64 = 500_000;

/// Files of all organizations that are kept at the same time.
const UPLOADS_MAX: usize = 16;

/// Files of one organization that are kept at the same time. For a further one, the longest unused that is not at work
/// gives way; so does one of the organization that has most where there are too many in all.
const UPLOADS_PER_ORG_MAX: usize = 4;

/// How long a file is kept after it was last used, in milliseconds.
const KEPT_MS: i64 = 3_600_000;

/// Files that are being received at the same time, and of these, files of one organization.
const RECEIVED_MAX: usize = 8;
const RECEIVED_PER_ORG_MAX: usize = 2;

/// Files that are read at the same time; of each organization one.
const READ_MAX: usize = 2;

/// All files that are kept.
pub(crate) struct Uploads {
    known: Mutex<Vec<Arc<Upload>>>,
    places: Arc<Semaphore>,
    places_of: Mutex<HashMap<OrgKey, OfOrg>>,
    reads: Arc<Semaphore>,
    /// Whether something looks from time to time for files that have been kept long enough.
    is_watched: AtomicBool,
}

/// An organization's share.
#[derive(Clone)]
struct OfOrg {
    places: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

impl Default for OfOrg {
    fn default() -> OfOrg {
        let [places, reads] = [RECEIVED_PER_ORG_MAX, 1].map(|max| Arc::new(Semaphore::new(max)));
        OfOrg { places, reads }
    }
}

impl Default for Uploads {
    fn default() -> Uploads {
        let [places, reads] = [RECEIVED_MAX, READ_MAX].map(|max| Arc::new(Semaphore::new(max)));
        Uploads {
            known: Mutex::default(),
            places,
            places_of: Mutex::default(),
            reads,
            is_watched: AtomicBool::new(false),
        }
    }
}

/// Room to receive a file, or a turn to read one, until it is dropped.
pub(super) type Place = [OwnedSemaphorePermit; 2];

/// An uploaded file.
pub(super) struct Upload {
    /// The secret that it is known by.
    pub(super) id: String,
    /// What the browser has called it.
    pub(super) name: String,
    pub(super) bytes: u64,
    org: OrgKey,
    /// Who has uploaded it.
    pub(super) user: UserId,
    /// Gone once it has been imported.
    file: Mutex<Option<Arc<File>>>,
    last_used: Mutex<Stamp>,
    /// What is known of its columns, once it has been looked at.
    pub(super) known: OnceLock<Known>,
    stage: RwLock<Stage>,
}

/// What is known of a table before its uploader has said anything of it.
pub(super) struct Known {
    /// What its organization has said of columns before.
    pub(super) names: ColumnNames,
    /// Its columns, and what they are known as; none where it is no table.
    pub(super) columns: Vec<TableColumn>,
}

impl Upload {
    pub(super) fn new(
        id: String,
        (name, file, bytes): (String, File, u64),
        by: &Person,
        now: Stamp,
    ) -> Upload {
        Upload {
            id,
            name,
            bytes,
            org: by.tenant.key,
            user: by.user,
            file: Mutex::new(Some(Arc::new(file))),
            last_used: Mutex::new(now),
            known: OnceLock::new(),
            stage: RwLock::new(Stage::Received),
        }
    }

    /// Its columns.
    pub(super) fn columns(&self) -> &[TableColumn] {
        self.known.get().map_or(&[], |known| &known.columns)
    }

    /// What its columns are called, with these choices.
    pub(super) fn names(&self, choices: &Choices) -> ColumnNames {
        let mut names = self.known.get().map_or_else(ColumnNames::default, |k| k.names.clone());
        choices.columns.iter().for_each(|name| names.say(name.clone()));
        names
    }

    /// Its address.
    pub(super) fn address(&self) -> String {
        format!("/import/{}", self.id)
    }

    /// The file from its beginning; none once it has been imported.
    pub(super) fn reader(&self) -> Option<impl Read> {
        Some(FromStart { file: self.file.lock().clone()?, at: 0 })
    }

    /// Lets the file go.
    pub(super) fn drop_file(&self) {
        *self.file.lock() = None;
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage.read().clone()
    }

    /// Goes on to another stage, as `next` says of the present one.
    pub(super) fn go_on<T>(&self, next: impl FnOnce(&mut Stage) -> T) -> T {
        next(&mut self.stage.write())
    }

    fn is_of(&self, person: &Person) -> bool {
        (self.org, self.user) == (person.tenant.key, person.user)
    }

    fn is_over(&self, now: Stamp) -> bool {
        !self.stage().is_at_work() && now > self.last_used.lock().plus_millis(KEPT_MS)
    }
}

impl Uploads {
    /// Room to receive one more file of an organization; none where there is none now.
    pub(super) fn place(&self, org: OrgKey) -> Option<Place> {
        let own = self.of(org).places.try_acquire_owned().ok()?;
        Some([own, self.places.clone().try_acquire_owned().ok()?])
    }

    /// Waits for a turn to read a file of an organization.
    pub(super) async fn turn(&self, org: OrgKey) -> Option<Place> {
        let own = self.of(org).reads.acquire_owned().await.ok()?;
        Some([own, self.reads.clone().acquire_owned().await.ok()?])
    }

    fn of(&self, org: OrgKey) -> OfOrg {
        self.places_of.lock().entry(org).or_default().clone()
    }

    /// Keeps a file that has been received; false where there is no room for it, since all others are at work.
    pub(super) fn keep(&self, upload: Arc<Upload>, now: Stamp) -> bool {
        let mut known = self.known.lock();
        known.retain(|known| !known.is_over(now));
        let is_own = |known: &Upload| known.org == upload.org;
        let own = known.iter().filter(|known| is_own(known)).count();
        if own >= UPLOADS_PER_ORG_MAX && !gives_way(&mut known, is_own) {
            return false;
        }
        if known.len() >= UPLOADS_MAX && !gives_way(&mut known, |_| true) {
            return false;
        }
        known.push(upload);
        true
    }

    /// The file of that id, if it is this person's; they use it now.
    pub(super) fn find(&self, id: &str, person: &Person, now: Stamp) -> Option<Arc<Upload>> {
        self.forget_old(now);
        let known = self.known.lock();
        let found = known.iter().find(|upload| upload.id == id && upload.is_of(person))?;
        *found.last_used.lock() = now;
        Some(found.clone())
    }

    /// The person's files.
    pub(super) fn of_person(&self, person: &Person, now: Stamp) -> Vec<Arc<Upload>> {
        self.forget_old(now);
        self.known.lock().iter().filter(|upload| upload.is_of(person)).cloned().collect()
    }

    /// Gives a file up, unless it is being imported.
    pub(super) fn forget(&self, upload: &Arc<Upload>) {
        self.known.lock().retain(|known| !Arc::ptr_eq(known, upload) || known.stage().is_at_work());
    }

    /// Whether files are to be looked after from now on: the first has come.
    pub(super) fn begin_watch(&self) -> bool {
        !self.is_watched.swap(true, Ordering::Relaxed)
    }

    /// Forgets what has been kept long enough; false where no file is left to look after.
    pub(super) fn watch(&self, now: Stamp) -> bool {
        self.forget_old(now);
        let known = self.known.lock();
        if known.is_empty() {
            // A file that comes from now on begins another watch.
            self.is_watched.store(false, Ordering::Relaxed);
        }
        !known.is_empty()
    }

    /// Forgets what has not been used for long.
    pub(super) fn forget_old(&self, now: Stamp) {
        self.known.lock().retain(|upload| !upload.is_over(now));
    }
}

/// Forgets the file that has not been used for longest, of the organization that has most, unless it is at work; false
/// where there is none.
fn gives_way(known: &mut Vec<Arc<Upload>>, may_go: impl Fn(&Upload) -> bool) -> bool {
    let mut held: HashMap<OrgKey, usize> = HashMap::new();
    known.iter().for_each(|upload| *held.entry(upload.org).or_default() += 1);
    let idle = known.iter().enumerate();
    let idle = idle.filter(|(_, upload)| may_go(upload) && !upload.stage().is_at_work());
    let first = idle.min_by_key(|(_, upload)| {
        (Reverse(held.get(&upload.org).copied()), *upload.last_used.lock())
    });
    let first = first.map(|(at, _)| at);
    first.map(|at| known.remove(at)).is_some()
}

/// A file from its beginning on, independent of other readers.
struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
