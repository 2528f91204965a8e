//! Boards as questions find them: built on first use, and brought up to the log.

use std::sync::Arc;

use parking_lot::{MappedRwLockReadGuard, RwLockReadGuard, RwLockWriteGuard};
use store::StoreError;

use crate::board::board::{Board, Sources};
use crate::board::query::Column;
use crate::engine::Service;
use crate::folder::tenant::Tenant;

impl Service {
    /// The organization's board as of now or later, ready to be asked by that column. As long as it is
    /// held, it does not move.
    pub(crate) fn board<'a>(
        &self,
        org: &'a Tenant,
        by: Option<Column>,
    ) -> Result<MappedRwLockReadGuard<'a, Board>, StoreError> {
        let view = org.log.exposure.view();
        let board = org.board.place.read();
        if board.as_ref().is_some_and(|board| board.is_ready(&org.people, &view, by)) {
            return held(board);
        }
        drop(board);
        let mut place = org.board.place.write();
        // Others may have come first, with more or less than what this question needs.
        let view = org.log.exposure.view();
        let of = self.sources(org);
        match place.as_mut() {
            Some(board) => board.follow(&of, view)?,
            None => *place = Some(Board::build(&of, view)?),
        }
        if let (Some(board), Some(by)) = (place.as_mut(), by) {
            board.prepare(&of, by)?;
        }
        held(RwLockWriteGuard::downgrade(place))
    }

    /// What the organization's board is made of.
    pub(crate) fn sources<'a>(&'a self, org: &'a Tenant) -> Sources<'a> {
        let (log, people) = (org.log.as_ref(), &org.people);
        Sources { store: self.shared.store.as_ref(), log, people, closing: &self.shared.closing }
    }

    /// Counts a board's memory once it is no longer held here.
    pub(crate) fn board_used(&self, org: &Arc<Tenant>, bytes: usize) {
        self.shared.boards.used(&org.board, bytes as u64);
    }
}

fn held(
    board: RwLockReadGuard<'_, Option<Board>>,
) -> Result<MappedRwLockReadGuard<'_, Board>, StoreError> {
    RwLockReadGuard::try_map(board, Option::as_ref).map_err(|_| {
        StoreError::Unavailable("the list was dropped to free memory; try again".to_owned())
    })
}
