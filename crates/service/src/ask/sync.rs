//! Answers the question: what changed, or was removed, since X?

use std::sync::Arc;

use domain::{ActivityId, KeyId, Member, Seq, Stamp, Version};
use store::RunRecord;
use timeline::{SeqRange, View};
use tokio::sync::oneshot;

use crate::base::sabotage::{self, Guard};
use crate::commit::notes::Note;
use crate::engine::Service;
use crate::folder::sessions::Caller;
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;
use crate::log::coverage::{PageContent, Served};
use crate::log::exposure::{Exposure, Reading};
use crate::log::query::{Direction, QueryId, SyncQuery};
use crate::runs::ask_error::AskError;
use crate::runs::removed::RemovedIds;
use crate::runs::{Ambiguous, Ask, RUN_HOURS_MAX, TooManyRuns, sorting};

/// A client that asks for a later page of at least this size reads through all of them.
const READ_THROUGH_PAGE_SIZE_MIN: usize = 100;

/// One page of a run, by the positions of its records. Versions never change (invariant 1): what has been
/// made of one is good for every page that it is on.
#[derive(Clone, Debug)]
pub struct SyncPage {
    /// Complete up to here; the same on every page of the run.
    pub horizon: Stamp,
    /// The positions of the page's records, in the requested order.
    pub seqs: Vec<Seq>,
    /// The same of the next page, where that is long and will likely be asked for: none of others.
    pub next: Vec<Seq>,
    /// Records on each page but the last, settled when the run began.
    pub page_size: u32,
    /// Records on all pages.
    pub total: u64,
    /// Pages in all, at least 1.
    pub pages: u64,
    /// The removed ids of the whole run, ascending; none if the question did not want them.
    pub removed: Option<RemovedIds>,
    /// What to report once the page has been sent.
    pub served: Option<Served>,
}

/// A question and the view that it is answered from.
pub(crate) struct ResolvedQuery<'q> {
    pub(crate) query: &'q SyncQuery,
    pub(crate) id: QueryId,
    /// The upper bound that counts: where there is a run, the run's and not the request's.
    pub(crate) to: Stamp,
    /// Records on a page, likewise the run's.
    pub(crate) page_size: u32,
    pub(crate) view: View,
    pub(crate) horizon: Stamp,
}

/// What a question selects in its view, before paging.
pub(crate) struct Selected {
    records: Records,
    /// What the question's window holds.
    pub(crate) range: SeqRange,
    removed: Option<RemovedIds>,
    total: u64,
    pub(crate) pages: u64,
}

/// The records that a question selects.
enum Records {
    /// Everything in a range of positions.
    Range(SeqRange),
    /// The current versions of named activities, oldest change first.
    Named(Vec<Seq>),
}

impl Service {
    /// Answers one page, without its records: [`Service::fold_versions`] shows them. A run that begins
    /// with it has pages of the size asked for, or of `page_size_max` where that is less. The page counts
    /// as delivered once its [`Served`] has been reported.
    ///
    /// # Errors
    /// See [`AskError`]; all of them may pass.
    pub async fn sync_page(
        &self,
        caller: &Caller,
        query: &SyncQuery,
        page_size_max: u32,
    ) -> Result<SyncPage, AskError> {
        let org = &caller.tenant;
        let ask = self.ask(caller, query, query.page_size.min(page_size_max));
        let (run, view, begun) = self.run(org, &ask, query).await?;
        let RunRecord { to, page_size, horizon, .. } = run;
        let asked = ResolvedQuery { query, id: QueryId(run.query), to, page_size, view, horizon };
        let selected = self.select_of(org, &asked).await?;
        let range = selected.range;
        self.record_run(org, &run, &asked.view, selected.pages).await?;
        let mut page = self.paged(org, &asked, selected).await?;
        // Dated by the clock that changes are dated by: the steady time of runs and sessions follows no step.
        let (began, window) = ((begun, self.now()), (asked.view.seq(), range));
        let content = PageContent {
            seqs: &page.seqs,
            pages: page.pages,
            total: page.total,
            removed: page.removed.as_ref().map_or(0, |ids| ids.len() as u64),
        };
        page.served = Served::new(&org.log, query, &run, began, window, &content);
        match &page.served {
            Some(served) if served.note_question() => self.begin_coverage(org, ask.key).await?,
            Some(_) => {}
            None => org.log.coverages.named(ask.key, self.now()),
        }
        Ok(page)
    }

    /// Makes the store record that the key is in use.
    async fn begin_coverage(&self, org: &Arc<Tenant>, key: KeyId) -> Result<(), AskError> {
        let tenant = org.clone();
        let begun =
            self.call(Some(org.key), move |committer| committer.begin_coverage(&tenant, key));
        Ok(begun.await?)
    }

    /// The page of what a question selects.
    pub(crate) async fn paged(
        &self,
        org: &Arc<Tenant>,
        asked: &ResolvedQuery<'_>,
        selected: Selected,
    ) -> Result<SyncPage, AskError> {
        let Selected { records, removed, total, pages, .. } = selected;
        let page_size = asked.page_size as usize;
        let long = sabotage::step_of(READ_THROUGH_PAGE_SIZE_MIN);
        let is_read_through = asked.query.page > 1 && page_size >= long;
        let take = if is_read_through { 2 * page_size } else { page_size };
        let mut seqs = self.seqs(org, asked, records, take).await?;
        let next = seqs.split_off(seqs.len().min(page_size));
        let ResolvedQuery { horizon, page_size, .. } = *asked;
        Ok(SyncPage { horizon, seqs, next, page_size, total, pages, removed, served: None })
    }

    fn ask(&self, caller: &Caller, query: &SyncQuery, page_size: u32) -> Ask {
        let shared = &self.shared;
        Ask {
            session: caller.session.hash,
            session_created: caller.session.created,
            key: caller.key,
            query: query.identity(),
            to: query.upper_bound(),
            page: query.page,
            page_size,
            now: shared.steady_now(),
            certain_since: shared.lost_before,
        }
    }

    /// Finds the run that the request continues, or begins one, and says which of the two.
    async fn run(
        &self,
        org: &Arc<Tenant>,
        ask: &Ask,
        query: &SyncQuery,
    ) -> Result<(RunRecord, View, bool), AskError> {
        let mut may_begin = query.to.is_none_or(|to| self.has_passed(org, to));
        loop {
            match self.find_or_begin(org, ask, may_begin)? {
                Some((run, Some(view))) => return Ok((run, view, true)),
                Some((run, None)) => return Ok((run, self.view_of(org, &run).await?, false)),
                None => {}
            }
            self.wait_for_horizon(org, query.to).await?;
            may_begin = true;
        }
    }

    /// The same in one step, with the view of a run that begins; none if there is no run and none may begin yet.
    fn find_or_begin(
        &self,
        org: &Tenant,
        ask: &Ask,
        may_begin: bool,
    ) -> Result<Option<(RunRecord, Option<View>)>, AskError> {
        let mut runs = org.runs.lock();
        let found = runs.find(ask).map_err(|Ambiguous| AskError::Ambiguous(ask.page))?;
        if let Some(run) = found {
            drop(runs);
            return Ok(Some((run, None)));
        }
        if ask.page > 1 && self.may_have_lost_runs(ask) {
            return Err(AskError::BeginAgain(ask.page));
        }
        if runs.may_have_dropped(ask) {
            return Err(AskError::Dropped(ask.page));
        }
        if !may_begin {
            return Ok(None);
        }
        let Some(Reading { view, horizon }) = self.read(org) else { return Ok(None) };
        let run = runs.begin(ask, view.seq(), horizon.min(ask.to));
        drop(runs);
        expose_late(&org.log.exposure, horizon);
        Ok(Some((run, Some(view))))
    }

    /// Whether the unknown run of a later page may have begun in an earlier process:
    /// in a session that is older than this one, or, for as long as runs live after a crash, in one whose
    /// place a newer session has taken. An orderly stop keeps every run, but not under the identity
    /// that another release may give its question.
    fn may_have_lost_runs(&self, ask: &Ask) -> bool {
        let in_doubt_until = self.shared.lost_before.plus_millis(RUN_HOURS_MAX * 3_600_000);
        ask.session_created < self.shared.steady_start() || ask.now < in_doubt_until
    }

    /// The view of a run that has begun before.
    async fn view_of(&self, org: &Arc<Tenant>, run: &RunRecord) -> Result<View, AskError> {
        if Guard::RunView.is_off() {
            return Ok(self.reading(org).await?.view);
        }
        self.view_at(org, run.seq).await
    }

    /// Has a run that belongs into the store kept before any of its pages leaves, and what it has come to
    /// afterwards.
    async fn record_run(
        &self,
        org: &Arc<Tenant>,
        run: &RunRecord,
        view: &View,
        pages: u64,
    ) -> Result<(), AskError> {
        let (is_kept, due, dropped) = {
            let mut runs = org.runs.lock();
            let settled = runs.settle(run, pages, run.last_used);
            let (recorded, dropped) = settled.map_err(|TooManyRuns| AskError::TooManyRuns {
                max: crate::runs::RUNS_PER_KEY_MAX,
            })?;
            if !recorded {
                return Ok(());
            }
            (runs.is_kept(run), runs.note_is_due(run), dropped)
        };
        if let Some(dropped) = dropped {
            self.note(org, Note::RunEnded(dropped), None)?;
        }
        match (is_kept, due) {
            (true, false) => return Ok(()),
            (true, true) => return Ok(self.note(org, Note::Run(*run), None)?),
            (false, _) => {}
        }
        self.shared.views.put(&org.log, view.clone());
        let (reply, kept) = oneshot::channel();
        self.note(org, Note::Run(*run), Some(reply))?;
        kept.await.map_err(|_| AskError::Unavailable("cannot save a paged request".to_owned()))
    }

    /// The positions of this many records, from the page's first.
    async fn seqs(
        &self,
        org: &Arc<Tenant>,
        asked: &ResolvedQuery<'_>,
        records: Records,
        take: usize,
    ) -> Result<Vec<Seq>, AskError> {
        let (query, view) = (asked.query, &asked.view);
        let skip = (query.page - 1).saturating_mul(u64::from(asked.page_size));
        let in_log_order = query.order.by == Member::Modified;
        let sorted: Arc<[Seq]> = match records {
            Records::Range(range) if in_log_order => {
                let direction = match query.order.direction {
                    Direction::Ascending => timeline::Direction::OldestFirst,
                    Direction::Descending => timeline::Direction::NewestFirst,
                };
                return Ok(view.page(range, direction, skip, take));
            }
            Records::Named(mut seqs) if in_log_order => {
                if query.order.direction == Direction::Descending {
                    seqs.reverse();
                }
                seqs.into()
            }
            Records::Named(seqs) => self.sorted(org, asked, move || seqs).await?,
            Records::Range(range) => {
                let view = view.clone();
                self.sorted(org, asked, move || view.records(range).collect()).await?
            }
        };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(sorted.iter().skip(skip).take(take).copied().collect())
    }

    /// The records in the requested order, from the cache or sorted again.
    async fn sorted(
        &self,
        org: &Arc<Tenant>,
        asked: &ResolvedQuery<'_>,
        seqs: impl FnOnce() -> Vec<Seq> + Send + 'static,
    ) -> Result<Arc<[Seq]>, AskError> {
        let key = (org.key, asked.view.seq(), asked.id, asked.to);
        if let Some(sorted) = self.shared.orders.get(&key) {
            return Ok(sorted);
        }
        let order = asked.query.order;
        let sort = move |shared: &Shared, org: &Arc<Tenant>| {
            let store = shared.store.as_ref();
            shared.orders.get_or_sort(key, |max| sorting::sort(store, org.key, &seqs(), order, max))
        };
        Ok(self.in_turn(org, sort).await??)
    }

    /// Does what takes long for a question, and much memory, on a thread that may wait, when it is the organization's
    /// turn.
    pub(crate) async fn in_turn<T: Send + 'static>(
        &self,
        org: &Arc<Tenant>,
        work: impl FnOnce(&Shared, &Arc<Tenant>) -> T + Send + 'static,
    ) -> Result<T, AskError> {
        let stopping = |_| AskError::Unavailable("the server is stopping".to_owned());
        // Among its own first, so that an organization that asks much does not fill the common queue.
        let own_turn = org.limits.sorting.clone().acquire_owned().await.map_err(stopping)?;
        let turn = self.shared.orders.turns.clone().acquire_owned().await.map_err(stopping)?;
        let (shared, org) = (self.shared.clone(), org.clone());
        let work = move || {
            // They end with the work, which goes on when the client hangs up.
            let _turns = (own_turn, turn);
            work(&shared, &org)
        };
        Ok(self.heavy(work).await?)
    }

    /// The latest version of an activity, none if there is no such activity, or no longer; and the
    /// horizon that it is the latest as of, taken in the same step.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn retrieve(
        &self,
        org: &Tenant,
        id: ActivityId,
    ) -> Result<(Stamp, Option<Arc<Version>>), AskError> {
        let Reading { view, horizon } = self.reading(org).await?;
        let current = org.log.timeline.read().current(&view, id);
        let Some((seq, domain::Kind::Record)) = current else { return Ok((horizon, None)) };
        let versions = self.versions(org, vec![seq]).await?;
        Ok((horizon, versions.into_iter().next()))
    }

    /// What a question selects.
    pub(crate) async fn select_of(
        &self,
        org: &Arc<Tenant>,
        asked: &ResolvedQuery<'_>,
    ) -> Result<Selected, AskError> {
        let (query, view) = (asked.query, &asked.view);
        let (range, named) = {
            let timeline = org.log.timeline.read();
            let range = timeline.between(query.from, Some(asked.to));
            (range, query.ids.as_ref().map(|ids| timeline.select(view, ids, range)))
        };
        let (records, removed) = match named {
            Some(named) => (Records::Named(named.records), RemovedIds::Few(named.removed)),
            None if query.ignore_removed => (Records::Range(range), RemovedIds::Few(Vec::new())),
            None => (Records::Range(range), self.removals_in(org, view, range).await?),
        };
        let total = match &records {
            Records::Range(range) => view.count_records(*range),
            Records::Named(seqs) => seqs.len() as u64,
        };
        let pages = total.div_ceil(u64::from(asked.page_size)).max(1);
        let removed = (!query.ignore_removed).then_some(removed);
        Ok(Selected { records, range, removed, total, pages })
    }

    /// The ids whose tombstones are in a range of a view: a long list that is not at hand is collected when it is the
    /// organization's turn.
    pub(crate) async fn removals_in(
        &self,
        org: &Arc<Tenant>,
        view: &View,
        range: SeqRange,
    ) -> Result<RemovedIds, AskError> {
        if let Some(ids) = self.shared.removed_lists.at_once(&org.log, view, range) {
            return Ok(ids);
        }
        let view = view.clone();
        let collect = move |shared: &Shared, org: &Arc<Tenant>| {
            shared.removed_lists.of(&org.log, &view, range)
        };
        self.in_turn(org, collect).await
    }
}

/// Without the guard, a reader exposes its horizon some time after it took the view.
fn expose_late(exposure: &Exposure, horizon: Stamp) {
    if Guard::ExposeWithView.is_off() {
        sabotage::interrupt();
        exposure.raise(horizon);
    }
}
