//! Prepares boards in the background: after a start, and when so much has changed that updating the board would
//! keep a page waiting. Requests that come meanwhile get an error at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{Opener, OrgKey};
use hashbrown::HashMap;
use store::StoreError;
use thiserror::Error;
use timeline::View;

use crate::board::board::Board;
use crate::board::preparing::Ends;
use crate::board::query::Column;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::runs::ask_error::AskError;

/// Work that a question does itself, in activities read from the store. A board that is not there yet is built
/// at once up to this, which takes a fifth of a second, once; what has changed since is taken in in the twentieth
/// part of one.
const BUILT_AT_ONCE_MAX: u64 = 100_000;
const FOLLOWED_AT_ONCE_MAX: u64 = 30_000;

/// Why a list is not shown.
#[derive(Debug, Error)]
pub enum ListError {
    /// It is being made ready, which takes some seconds.
    #[error(
        "the list is being prepared, because many activities have changed or the server has just started"
    )]
    Preparing,
    /// The store cannot answer now.
    #[error(transparent)]
    Ask(#[from] AskError),
}

impl Service {
    /// Whether a list by that column would have to wait for work that takes long. Then that is under way from
    /// now on at the latest.
    ///
    /// # Errors
    /// When it could not be made ready a moment ago.
    pub(crate) fn is_preparing(&self, org: &Arc<Tenant>, by: Column) -> Result<bool, StoreError> {
        let preparing = &org.board.preparing;
        let must_wait = self.must_wait(org, by);
        if must_wait && !preparing.is_under_way() {
            if let Some(why) = preparing.failure() {
                return Err(StoreError::Unavailable(why));
            }
            self.prepare_soon(org, by);
        }
        Ok(must_wait)
    }

    fn must_wait(&self, org: &Arc<Tenant>, by: Column) -> bool {
        let is_under_way = org.board.preparing.is_under_way();
        let view = org.log.exposure.view();
        // Somebody makes it ready. Where it is not the background, it takes a moment.
        let Some(board) = org.board.place.try_read() else { return is_under_way };
        let (work, at_once_max) = match board.as_ref() {
            Some(board) => (board.work_until_ready(&org.people, &view, by), FOLLOWED_AT_ONCE_MAX),
            None => (whole(&view), BUILT_AT_ONCE_MAX),
        };
        work > if is_under_way { 0 } else { at_once_max }
    }

    /// Waits until a list by that column takes no more long work: for callers that need all of it. Others get
    /// an error meanwhile.
    pub(crate) async fn prepared(&self, org: &Arc<Tenant>, by: Column) -> Result<(), AskError> {
        loop {
            let ended = org.board.preparing.ended.notified();
            if !self.is_preparing(org, by)? {
                return Ok(());
            }
            ended.await;
        }
    }

    /// Brings the board up to what a long work has changed, so that the next page need not; in the background
    /// where that takes long. For a thread that may wait.
    pub(crate) fn bring_up_board(&self, org: &Arc<Tenant>) {
        let is_there = org.board.place.read().is_some();
        if is_there && !self.is_preparing(org, Column::Start).unwrap_or(true) {
            let bytes = self.board(org, Some(Column::Start)).map(|board| board.memory_bytes());
            bytes.into_iter().for_each(|bytes| self.board_used(org, bytes));
        }
    }

    fn prepare_soon(&self, org: &Arc<Tenant>, first: Column) {
        if org.board.preparing.is_under_way.swap(true, Ordering::AcqRel) {
            return;
        }
        let (service, org_there) = (self.clone(), org.clone());
        let thread = std::thread::Builder::new().name("board".to_owned());
        let started = thread.spawn(move || {
            let _ends = Ends(&org_there.board.preparing);
            service.prepare_board(&org_there, first);
        });
        if started.is_err() {
            // The next question tries again.
            drop(Ends(&org.board.preparing));
        }
    }

    /// Makes the board ready, with all its orders, the one that is asked for first.
    fn prepare_board(&self, org: &Arc<Tenant>, first: Column) {
        *org.board.preparing.failed.lock() = None;
        let others = Column::ALL.into_iter().filter(|by| *by != first);
        for by in std::iter::once(first).chain(others) {
            // A board that had to make room for another's is built when somebody asks for it again.
            let has_gone = by != first && org.board.place.read().is_none();
            if self.shared.is_closing() {
                // Whoever waits for it is not to begin it again.
                org.board.preparing.fail("the server is stopping");
            }
            if self.shared.is_closing() || has_gone {
                return;
            }
            match self.with_order(org, by) {
                Ok(bytes) => self.board_used(org, bytes),
                Err(error) => {
                    tracing::warn!(org = %org.id, %error, "cannot prepare the lists for the pages");
                    org.board.preparing.fail(&error.to_string());
                    return;
                }
            }
            if by == first {
                org.board.preparing.ended.notify_waiters();
            }
        }
    }

    /// Has a column's order on the board. It is sorted while others use the board in other orders, and
    /// put in its place once it is there.
    fn with_order(&self, org: &Arc<Tenant>, by: Column) -> Result<usize, StoreError> {
        let board = self.board(org, None)?;
        let sorted = board.sorted(&self.sources(org), by)?;
        drop(board);
        if let Some(sorted) = sorted
            && let Some(board) = org.board.place.write().as_mut()
        {
            board.install(by, sorted);
        }
        // What has changed meanwhile, or could not be sorted so.
        Ok(self.board(org, Some(by))?.memory_bytes())
    }

    /// Prepares the boards of organizations in which someone is signed in. For a thread that may wait.
    pub(crate) fn warm_boards(&self) {
        let sessions = self.shared.sessions.all();
        let people = sessions.iter().filter(|session| matches!(session.opener, Opener::Login(_)));
        let orgs: HashMap<OrgKey, &Arc<Tenant>> =
            people.map(|session| (session.tenant.key, &session.tenant)).collect();
        for org in orgs.into_values() {
            if !org.board.preparing.is_under_way.swap(true, Ordering::AcqRel) {
                let _ends = Ends(&org.board.preparing);
                self.prepare_board(org, Column::Start);
            }
        }
    }
}

/// Everything must be read and sorted.
fn whole(view: &View) -> u64 {
    2 * Board::activities(view)
}
