//! Where boards are kept: one per organization, together within a budget.

use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::Semaphore;

use super::board::Board;
use super::preparing::Preparing;

/// Lists of one organization that are worked out at the same time; others wait for them without a
/// thread.
const LISTS_PER_ORG_MAX: usize = 4;

/// An organization's place for its board.
pub(crate) struct BoardPlace {
    /// None until the first question, and after it had to make room for another's.
    pub(crate) place: RwLock<Option<Board>>,
    /// To be held while the index of words moves.
    pub(crate) indexing: Mutex<()>,
    /// How the background gets on with making the board ready.
    pub(crate) preparing: Preparing,
    /// To be held while a list is worked out.
    pub(crate) turns: Arc<Semaphore>,
}

impl BoardPlace {
    pub(crate) fn new() -> BoardPlace {
        BoardPlace {
            place: RwLock::new(None),
            indexing: Mutex::new(()),
            preparing: Preparing::default(),
            turns: Arc::new(Semaphore::new(LISTS_PER_ORG_MAX)),
        }
    }

    /// Drops the board; false while it is in use.
    fn clear(&self) -> bool {
        self.place.try_write().map(|mut board| *board = None).is_some()
    }
}

/// What the boards of all organizations take together.
pub(crate) struct Boards {
    bytes_max: u64,
    /// Those that there are, the one used last at the end.
    used: Mutex<Vec<(Arc<BoardPlace>, u64)>>,
}

impl Boards {
    pub(crate) fn new(bytes_max: u64) -> Boards {
        Boards { bytes_max, used: Mutex::default() }
    }

    /// Makes room for a board that has just been used. It stays itself, whatever it takes: without it
    /// there would be no answer.
    pub(crate) fn used(&self, place: &Arc<BoardPlace>, bytes: u64) {
        let mut used = self.used.lock();
        used.retain(|(other, _)| !Arc::ptr_eq(other, place));
        used.push((place.clone(), bytes));
        let mut total: u64 = used.iter().map(|(_, bytes)| bytes).sum();
        let last = used.len() - 1;
        let mut at = 0;
        used.retain(|(place, bytes)| {
            let kept = total <= self.bytes_max || at == last || !place.clear();
            total -= if kept { 0 } else { *bytes };
            at += 1;
            kept
        });
    }
}
