//! Lists for people: activities filtered, searched, sorted by any column, counted exactly, any page; and what is done
//! with many of them.
//!
//! Each is answered from the organization's board ([`crate::board`]).

pub(crate) mod bin;
pub(crate) mod boards;
pub(crate) mod calendar;
pub(crate) mod index;
pub(crate) mod long_work;
pub(crate) mod preparing;
pub(crate) mod sought;
pub(crate) mod words;

use std::sync::Arc;

use domain::{ActivityId, Seq, Version};
use store::StoreError;

use crate::base::refusal::Refusal;
use crate::board::bitmap::Bitmap;
use crate::board::board::Board;
use crate::board::filter;
use crate::board::query::{Column, Filter, ListQuery, Listing};
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::lists::preparing::ListError;
use crate::runs::ask_error::AskError;

impl Service {
    /// Answers one page of a list. It takes into account everything committed before.
    ///
    /// # Errors
    /// When the list is still being made ready, the store cannot answer, or the words have not all been
    /// read in yet; all of it may pass.
    pub async fn list(&self, org: &Arc<Tenant>, query: &ListQuery) -> Result<Listing, ListError> {
        if self.is_preparing(org, query.by).map_err(AskError::from)? {
            return Err(ListError::Preparing);
        }
        let query = query.clone();
        Ok(self.on_board(org, move |service, org| service.page_of_list(org, &query)).await?)
    }

    /// The positions of the records on all pages of a list, in its order, as of one view. Versions never
    /// change (invariant 1): read with [`Service::selected`] piece by piece they fit together,
    /// whatever is written meanwhile.
    ///
    /// # Errors
    /// See [`Service::list`].
    pub async fn select(&self, org: &Arc<Tenant>, query: &ListQuery) -> Result<Vec<Seq>, AskError> {
        let all = ListQuery { page: 1, page_size: u32::MAX, ..query.clone() };
        self.select_page(org, &all).await
    }

    /// The same of one page.
    pub(crate) async fn select_page(
        &self,
        org: &Arc<Tenant>,
        query: &ListQuery,
    ) -> Result<Vec<Seq>, AskError> {
        self.prepared(org, query.by).await?;
        let query = query.clone();
        self.on_board(org, move |service, org| Ok(service.positions(org, &query)?.0)).await
    }

    /// The versions at these positions, in that order, past the cache: for long lists.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn selected(
        &self,
        org: &Tenant,
        positions: Vec<Seq>,
    ) -> Result<Vec<Version>, AskError> {
        let (store, key) = (self.shared.store.clone(), org.key);
        Ok(self.blocking(move || store.versions(key, &positions)).await??)
    }

    /// All activities that the filter lets through, by id.
    ///
    /// # Errors
    /// See [`Service::list`].
    pub async fn matching(
        &self,
        org: &Arc<Tenant>,
        filter: &Filter,
    ) -> Result<Vec<ActivityId>, AskError> {
        self.prepared(org, Column::Start).await?;
        let filter = filter.clone();
        let work = move |service: &Service, org: &Arc<Tenant>| {
            let board = service.board(org, None)?;
            let matches = service.matches(org, &board, &filter)?;
            let slots = matches.as_ref().unwrap_or(&board.columns.present).iter();
            let mut ids: Vec<ActivityId> = slots.map(|slot| board.columns.id(slot)).collect();
            let bytes = board.memory_bytes();
            drop(board);
            service.board_used(org, bytes);
            ids.sort_unstable();
            Ok(ids)
        };
        self.on_board(org, work).await
    }

    /// Does what needs the board on a thread that may wait, when it is the organization's turn.
    pub(crate) async fn on_board<T: Send + 'static>(
        &self,
        org: &Arc<Tenant>,
        work: impl FnOnce(&Service, &Arc<Tenant>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, AskError> {
        let turn = org.board.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|_| Refusal::Unavailable("the server is stopping".to_owned()))?;
        let (service, org) = (self.clone(), org.clone());
        let work = move || {
            let _turn = turn; // It ends with the work, which goes on when the client hangs up.
            work(&service, &org)
        };
        Ok(self.heavy(work).await??)
    }

    pub(crate) fn page_of_list(
        &self,
        org: &Arc<Tenant>,
        query: &ListQuery,
    ) -> Result<Listing, StoreError> {
        let (seqs, total, as_of) = self.positions(org, query)?;
        // Versions never change: they can be read afterwards.
        let records: Vec<Arc<Version>> = self.read_versions(org.key, &seqs)?;
        let pages = total.div_ceil(u64::from(query.page_size.max(1))).max(1);
        Ok(Listing { records, total, pages, as_of })
    }

    /// The positions of a page's records; how many there are on all pages; as of when.
    fn positions(
        &self,
        org: &Arc<Tenant>,
        query: &ListQuery,
    ) -> Result<(Vec<Seq>, u64, Seq), StoreError> {
        let board = self.board(org, Some(query.by))?;
        let matches = self.matches(org, &board, &query.filter)?;
        let total = matches.as_ref().map_or(board.columns.count, Bitmap::count);
        let size = query.page_size.max(1);
        let skip = query.page.saturating_sub(1).saturating_mul(u64::from(size));
        let seqs: Vec<Seq> = match board.order(query.by) {
            Some(order) if skip < total => {
                let page = order.page(matches.as_ref(), query.direction, skip, size as usize);
                page.into_iter().map(|slot| board.columns.seq(slot)).collect()
            }
            _ => Vec::new(),
        };
        let (as_of, bytes) = (board.view.seq(), board.memory_bytes());
        drop(board);
        self.board_used(org, bytes);
        Ok((seqs, total, as_of))
    }

    /// The slots that the filter lets through; none if that is all of them.
    fn matches(
        &self,
        org: &Tenant,
        board: &Board,
        filter: &Filter,
    ) -> Result<Option<Bitmap>, StoreError> {
        let worded = self.find_words(org, board, &filter.words)?;
        let changed = org.log.timeline.read().between(filter.changed_from, filter.changed_to);
        Ok(filter::matches(filter, &board.columns, changed, worded.as_ref()))
    }
}
