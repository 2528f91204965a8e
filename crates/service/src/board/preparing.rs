//! Boards are made ready in the background: after a start, and when so much has changed that to take it in would
//! keep a page waiting. Whoever asks meanwhile is told so at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::{Opener, OrgKey};
use hashbrown::HashMap;
use store::StoreError;
use thiserror::Error;
use timeline::View;

use super::board::Board;
use super::query::Column;
use crate::tenant::Tenant;
use crate::{AskError, Service};

/// Work that a question does itself, in activities read from the store: about a fifth of a second of it.
const AT_ONCE_MAX: u64 = 100_000;

/// Why a list is not shown.
#[derive(Debug, Error)]
pub enum ListError {
    /// It is being made ready, which takes some seconds.
    #[error(
        "the list is being made ready, since many activities have changed or the server has just started"
    )]
    Preparing,
    /// The store cannot answer now.
    #[error(transparent)]
    Ask(#[from] AskError),
}

impl Service {
    /// Whether a list by that column would have to wait for work that takes long. Then that is under way from
    /// now on at the latest.
    pub(super) fn is_preparing(&self, org: &Arc<Tenant>, by: Column) -> bool {
        let view = org.exposure.view();
        let is_under_way = org.board.preparing.load(Ordering::Acquire);
        let work = match org.board.place.try_read() {
            Some(board) => board
                .as_ref()
                .map_or_else(|| whole(&view), |board| board.work_until_ready(org, &view, by)),
            // Somebody makes it ready. Where it is not the background, it takes a moment.
            None => u64::from(is_under_way),
        };
        let must_wait = if is_under_way { work > 0 } else { work > AT_ONCE_MAX };
        if must_wait {
            self.prepare_soon(org, by);
        }
        must_wait
    }

    /// Has a thread make ready what is not, if it takes long: nobody waits for it later.
    pub(crate) fn prepare_if_long(&self, org: &Arc<Tenant>) {
        let _ = self.is_preparing(org, Column::Start);
    }

    fn prepare_soon(&self, org: &Arc<Tenant>, first: Column) {
        if org.board.preparing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (service, org_there) = (self.clone(), org.clone());
        let thread = std::thread::Builder::new().name("board".to_owned());
        let started = thread.spawn(move || {
            service.prepare_board(&org_there, first);
            org_there.board.preparing.store(false, Ordering::Release);
        });
        if started.is_err() {
            // The next question tries again.
            org.board.preparing.store(false, Ordering::Release);
        }
    }

    /// Makes the board ready, with all its orders, the one that is asked for first.
    fn prepare_board(&self, org: &Arc<Tenant>, first: Column) {
        let others = Column::ALL.into_iter().filter(|by| *by != first);
        for by in std::iter::once(first).chain(others) {
            if self.shared.is_closing() {
                return;
            }
            match self.with_order(org, by) {
                Ok(bytes) => self.board_used(org, bytes),
                Err(error) => {
                    tracing::warn!(org = %org.id, %error, "the board is not ready");
                    return;
                }
            }
        }
    }

    /// Has a column's order on the board. It is sorted beside those who look at the board in other orders, and
    /// put in its place once it is there.
    fn with_order(&self, org: &Arc<Tenant>, by: Column) -> Result<usize, StoreError> {
        let board = self.board(org, None)?;
        let sorted = board.sorted(self.shared.store.as_ref(), org, by)?;
        drop(board);
        if let Some(sorted) = sorted
            && let Some(board) = org.board.place.write().as_mut()
        {
            board.install(by, sorted);
        }
        // What has changed meanwhile, or could not be sorted so.
        Ok(self.board(org, Some(by))?.memory_bytes())
    }

    /// Has the boards ready of those organizations in which somebody is signed in. For a thread that may wait.
    pub(crate) fn warm_boards(&self) {
        let sessions = self.shared.sessions.all();
        let people = sessions.iter().filter(|session| matches!(session.opener, Opener::Login(_)));
        let orgs: HashMap<OrgKey, &Arc<Tenant>> =
            people.map(|session| (session.tenant.key, &session.tenant)).collect();
        for org in orgs.into_values() {
            if !org.board.preparing.swap(true, Ordering::AcqRel) {
                self.prepare_board(org, Column::Start);
                org.board.preparing.store(false, Ordering::Release);
            }
        }
    }
}

/// Everything has to be read, and sorted.
fn whole(view: &View) -> u64 {
    2 * Board::activities(view)
}
