//! Where boards are kept: one per organization, together within a budget.

use std::sync::Arc;

use parking_lot::{MappedRwLockReadGuard, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use store::StoreError;
use tokio::sync::Semaphore;

use super::board::Board;
use super::preparing::Preparing;
use super::query::Column;
use crate::Service;
use crate::tenant::Tenant;

/// Lists of one organization that are worked out at the same time; others wait for them without a
/// thread.
const LISTS_PER_ORG_MAX: usize = 4;

/// An organization's place for its board.
pub(crate) struct BoardPlace {
    /// None until the first question, and after it had to make room for another's.
    pub(super) place: RwLock<Option<Board>>,
    /// To be held while the index of words moves.
    pub(super) indexing: Mutex<()>,
    /// How the background gets on with making the board ready.
    pub(super) preparing: Preparing,
    /// To be held while a list is worked out.
    pub(super) turns: Arc<Semaphore>,
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
}

/// What the boards of all organizations take together.
pub(crate) struct Boards {
    bytes_max: u64,
    /// Those that there are, the one used last at the end.
    used: Mutex<Vec<(Arc<Tenant>, u64)>>,
}

impl Boards {
    pub(crate) fn new(bytes_max: u64) -> Boards {
        Boards { bytes_max, used: Mutex::default() }
    }

    /// Makes room for a board that has just been used. It stays itself, whatever it takes: without it
    /// there would be no answer.
    fn used(&self, org: &Arc<Tenant>, bytes: u64) {
        let mut used = self.used.lock();
        used.retain(|(other, _)| other.key != org.key);
        used.push((org.clone(), bytes));
        let mut total: u64 = used.iter().map(|(_, bytes)| bytes).sum();
        let last = used.len() - 1;
        let mut at = 0;
        used.retain(|(org, bytes)| {
            let kept = total <= self.bytes_max || at == last || !drop_board(org);
            total -= if kept { 0 } else { *bytes };
            at += 1;
            kept
        });
    }
}

/// False while it is in use.
fn drop_board(org: &Tenant) -> bool {
    let place = org.board.place.try_write();
    place.map(|mut board| *board = None).is_some()
}

impl Service {
    /// The organization's board as of now or later, ready to be asked by that column. As long as it is
    /// held, it does not move.
    pub(super) fn board<'a>(
        &self,
        org: &'a Tenant,
        by: Option<Column>,
    ) -> Result<MappedRwLockReadGuard<'a, Board>, StoreError> {
        let view = org.exposure.view();
        let board = org.board.place.read();
        if board.as_ref().is_some_and(|board| board.is_ready(org, &view, by)) {
            return held(board);
        }
        drop(board);
        let mut place = org.board.place.write();
        // Others may have come first, with more or less than what this question needs.
        let view = org.exposure.view();
        let store = self.shared.store.as_ref();
        match place.as_mut() {
            Some(board) => board.follow(&self.shared, org, view)?,
            None => *place = Some(Board::build(&self.shared, org, view)?),
        }
        if let (Some(board), Some(by)) = (place.as_mut(), by) {
            board.prepare(store, org, by)?;
        }
        held(RwLockWriteGuard::downgrade(place))
    }

    /// Counts a board's memory once it is no longer held here.
    pub(super) fn board_used(&self, org: &Arc<Tenant>, bytes: usize) {
        self.shared.boards.used(org, bytes as u64);
    }
}

fn held(
    board: RwLockReadGuard<'_, Option<Board>>,
) -> Result<MappedRwLockReadGuard<'_, Board>, StoreError> {
    RwLockReadGuard::try_map(board, Option::as_ref).map_err(|_| {
        StoreError::Unavailable("the list was dropped to free memory; try again".to_owned())
    })
}
