//! How far a file has come: received, checked, imported.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{ActivityId, Stamp};
use files::{ReadError, Summary};
use parking_lot::Mutex;
use service::{ImportError, ImportReport, Listed, LongWork, NotHere, RowProblems, SpoolError};
use tokio::sync::watch;

use super::choices::Choices;

/// See the module.
#[derive(Clone)]
pub(super) enum Stage {
    /// Nothing has been done with it yet.
    Received,
    /// It is being read and rehearsed.
    Checking(Arc<Checking>),
    /// What importing it would do, or why it cannot be imported.
    Checked(Arc<Checked>),
    /// It is being imported, or has been.
    Importing(Arc<Importing>),
}

impl Stage {
    /// Whether something is being done with it.
    pub(super) fn is_at_work(&self) -> bool {
        match self {
            Stage::Received | Stage::Checked(_) => false,
            Stage::Checking(checking) => !*checking.ended.borrow(),
            Stage::Importing(importing) => importing.is_at_work(),
        }
    }
}

/// A check under way.
pub(super) struct Checking {
    pub(super) choices: Choices,
    /// Items that have been read.
    read: AtomicU64,
    /// Items that have been compared with what is here, of so many; of none before that begins.
    compared: [AtomicU64; 2],
    ended: watch::Sender<bool>,
}

impl Checking {
    pub(super) fn new(choices: Choices) -> Checking {
        let [read, compared, of] = [const { AtomicU64::new(0) }; 3];
        Checking { choices, read, compared: [compared, of], ended: watch::Sender::new(false) }
    }

    pub(super) fn note_read(&self, items: u64) {
        self.read.store(items, Ordering::Relaxed);
    }

    pub(super) fn note_compared(&self, items: u64, of: u64) {
        self.compared[0].store(items, Ordering::Relaxed);
        self.compared[1].store(of, Ordering::Relaxed);
    }

    /// How many items have been done, and of how many, as far as that is known.
    pub(super) fn done(&self) -> (u64, Option<u64>) {
        let [compared, of] = [0, 1].map(|at| self.compared[at].load(Ordering::Relaxed));
        if of > 0 { (compared, Some(of)) } else { (self.read.load(Ordering::Relaxed), None) }
    }

    pub(super) fn end(&self) {
        self.ended.send_replace(true);
    }

    /// Waits until it has come to its end.
    pub(super) async fn ended(&self) {
        // It cannot be closed: the sender is in `self`.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// What a check has come to.
pub(super) struct Checked {
    pub(super) choices: Choices,
    pub(super) outcome: Result<Preview, Trouble>,
}

/// What importing a file would do.
pub(super) struct Preview {
    /// How many activities it is about.
    pub(super) activities: u64,
    pub(super) summary: Summary,
    pub(super) report: ImportReport,
    /// What the file names and what is not here.
    pub(super) not_here: NotHere,
    /// Whether nothing can be imported unless that is added, which was not chosen: the report is of an import that
    /// adds it.
    pub(super) needs_add: bool,
    /// What the activities are called that the report names.
    pub(super) subjects: HashMap<ActivityId, String>,
    /// Activities that the file has more than once.
    pub(super) repeated: Listed,
}

/// Why a file cannot be imported.
pub(super) enum Trouble {
    /// Something in it is wrong; what else is wrong with its other rows.
    File(ReadError, Option<RowProblems>),
    /// There is nothing in it.
    Empty,
    /// It has more activities than a page takes.
    TooMany,
    /// It is a whole organization.
    Whole,
    /// It does not fit to what is here.
    Unfit(ImportError),
    /// It is not here any more.
    Gone,
    /// Not now; in words.
    Unavailable(String),
}

impl From<ImportError> for Trouble {
    fn from(error: ImportError) -> Trouble {
        match error {
            ImportError::Unavailable(_) | ImportError::Spool(_) => {
                Trouble::Unavailable(error.to_string())
            }
            error => Trouble::Unfit(error),
        }
    }
}

impl From<SpoolError> for Trouble {
    fn from(error: SpoolError) -> Trouble {
        Trouble::Unavailable(error.to_string())
    }
}

/// An import under way, or done.
pub(super) struct Importing {
    /// Its progress.
    pub(super) work: Arc<LongWork>,
    /// When it began.
    pub(super) began: Stamp,
    pub(super) choices: Choices,
    /// What came of it.
    pub(super) outcome: Arc<Mutex<Option<Result<Done, Trouble>>>>,
}

impl Importing {
    pub(super) fn is_at_work(&self) -> bool {
        self.work.outcome() == service::Outcome::Working
    }
}

/// What an import did.
pub(super) struct Done {
    pub(super) report: ImportReport,
    /// What the activities are called that the report names.
    pub(super) subjects: HashMap<ActivityId, String>,
    /// What was added.
    pub(super) added: NotHere,
    /// What was not added and is named; people by their numbers.
    pub(super) still_missing: NotHere,
}
