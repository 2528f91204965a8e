//! What the API would answer, shown to people: the same query, but without a run.
//!
//! A run remembers view and horizon for the following pages; here the address of a later page carries
//! both. They are checked, so that no instant is shown that was never exposed (invariant 3), and no view
//! that does not belong to its horizon.

use std::sync::Arc;

use domain::{ActivityId, Seq, Stamp, Version};
use thiserror::Error;
use timeline::Tally;

use crate::ask::sync::{ResolvedQuery, SyncPage};
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::log::exposure::Reading;
use crate::log::query::SyncQuery;
use crate::runs::ask_error::AskError;
use crate::runs::removed::RemovedIds;

/// Ids that are looked up at a time.
const STEP_IDS: usize = 10_000;

/// Which view a page is from, and what it is complete up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The seq of the view.
    pub seq: Seq,
    /// The horizon that was exposed with it.
    pub horizon: Stamp,
}

/// A page of what the API would answer.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The answer.
    pub answer: SyncPage,
    /// The page's records, in the order asked for.
    pub records: Vec<Arc<Version>>,
    /// What to send to get its other pages.
    pub as_of: AsOf,
}

/// Why there is nothing to show.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// No answer had that view with that horizon.
    #[error(
        "this page does not belong to any answer of the server: start again with the first page"
    )]
    NeverTold,
    /// See [`AskError`].
    #[error(transparent)]
    Ask(#[from] AskError),
}

impl Service {
    /// Shows a page of what the API would answer: a new answer, or a page of one that began before.
    ///
    /// # Errors
    /// See [`PreviewError`].
    pub async fn preview(
        &self,
        org: &Arc<Tenant>,
        query: &SyncQuery,
        as_of: Option<AsOf>,
    ) -> Result<Preview, PreviewError> {
        let to = query.upper_bound();
        let (view, horizon) = match as_of {
            Some(as_of) if self.was_told(org, as_of) => {
                (self.view_at(org, as_of.seq).await?, as_of.horizon.min(to))
            }
            Some(_) => return Err(PreviewError::NeverTold),
            None => {
                self.wait_for_horizon(org, query.to).await?;
                let Reading { view, horizon } = self.reading(org).await?;
                (view, horizon.min(to))
            }
        };
        let as_of = AsOf { seq: view.seq(), horizon };
        let (id, page_size) = (query.identity(), query.page_size.max(1));
        let asked = ResolvedQuery { query, id, to, page_size, view, horizon };
        let selected = self.select_of(org, &asked).await?;
        if selected.pages > 1 {
            self.shared.views.put(&org.log, asked.view.clone());
        }
        let answer = self.paged(org, &asked, selected).await?;
        let records = self.versions(org, answer.seqs.clone()).await.map_err(AskError::from)?;
        Ok(Preview { answer, records, as_of })
    }

    /// Whether some answer may have had that view with that horizon: the view is one that there was,
    /// the horizon has been exposed, and no version that the view lacks is at or before it.
    fn was_told(&self, org: &Tenant, as_of: AsOf) -> bool {
        let (head, exposed) = org.log.exposure.told();
        if as_of.seq > head || as_of.horizon > exposed {
            return false;
        }
        let next = org.log.timeline.read().stamp(as_of.seq.next());
        next.is_none_or(|stamp| stamp > as_of.horizon)
    }

    /// When which of these activities were removed, as of a view in which they are: the latest removal first, and no
    /// more than `max`.
    ///
    /// # Errors
    /// When the server is stopping.
    pub async fn latest_removals(
        &self,
        org: &Arc<Tenant>,
        as_of: AsOf,
        ids: &RemovedIds,
        max: usize,
    ) -> Result<Vec<(Stamp, ActivityId)>, AskError> {
        let (view, ids) = (self.view_at(org, as_of.seq).await?, ids.clone());
        let is_long = ids.len() > STEP_IDS;
        let look = move |org: &Tenant| {
            let times = ids.chunks(STEP_IDS).flat_map(|ids| {
                // Locked again for each: a commit need not wait for all of them.
                let timeline = org.log.timeline.read();
                let time = |id: &ActivityId| timeline.stamp(timeline.current(&view, *id)?.0);
                ids.iter().filter_map(|id| Some((time(id)?, *id))).collect::<Vec<_>>()
            });
            let mut removals: Vec<_> = times.collect();
            removals.sort_unstable_by(|a, b| b.cmp(a));
            removals.truncate(max);
            removals
        };
        if is_long { self.in_turn(org, move |_, org| look(org)).await } else { Ok(look(org)) }
    }

    /// What happened between each of these instants, which ascend, and the one after it, as far as a
    /// view goes. Every change counts, also one that others have followed.
    #[must_use]
    pub fn tallies(&self, org: &Tenant, as_of: AsOf, borders: &[Stamp]) -> Vec<Tally> {
        let spans = borders.windows(2).map(|pair| {
            // Locked anew for each: a commit need not wait for all of them.
            let timeline = org.log.timeline.read();
            let mut range = timeline.between(Some(pair[0]), Some(pair[1].plus_millis(-1)));
            range.through = range.through.min(as_of.seq);
            timeline.tally(range)
        });
        spans.collect()
    }

    /// The time of the organization's first change.
    #[must_use]
    pub fn first_change(&self, org: &Tenant) -> Option<Stamp> {
        org.log
            .timeline
            .read()
            .stamp(Seq::ZERO.next())
            .filter(|_| org.log.exposure.told().0 > Seq::ZERO)
    }
}
