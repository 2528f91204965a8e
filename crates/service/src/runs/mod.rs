//! Runs: which pages belong together (invariant 4).
//!
//! A request carries a page number and no cursor. Its session and query decide which run it continues:
//!
//! * Page 1 begins a run, except where the session has opened one by asking for a later page first
//!   and page 1 of it has not been served.
//! * A later page belongs to its session's run of that query. Some scripts compute To again for every
//!   page, by clocks that step: an unknown To still belongs to the run used last, unless it is so much
//!   earlier, on a page that does not come next, that it must be another query. If it matches a run that
//!   was read to its end, but a run used later has the requested page, it is not known which of the two is
//!   meant, and neither is answered.
//! * If the session has no such run, it may have replaced a session that expired in mid-run: then the page
//!   belongs to the run of the same key and query whose previous page was served last, if that was before
//!   the session was opened; otherwise to the run whose same page was, since its answer may have been
//!   lost.
//! * Otherwise it begins one.

mod limits;
#[cfg(test)]
mod tests;

pub(crate) mod ask_error;
pub(crate) mod removed;
pub(crate) mod sorting;
pub(crate) mod views;

use domain::{KeyId, SecretHash, Seq, Stamp};
use hashbrown::{HashMap, HashTable};
use store::RunRecord;

use crate::log::query::QueryId;

use limits::Singles;

pub use limits::{RUN_KEPT_MINUTES_MIN, RUNS_PER_KEY_MAX, SINGLE_PAGE_RUNS_PER_KEY_MAX};

/// A run is forgotten this long after its last use.
pub const RUN_HOURS_MAX: i64 = 24;

const MINUTE_MS: i64 = 60_000;

/// A To this much before that of a run, on a page that does not come next, asks for something
/// else: no clock is set back so far between two pages.
const TO_EARLIER_MS_MAX: i64 = 24 * 60 * MINUTE_MS;

/// How far a run has come is written down about this often.
const NOTED_EVERY_MS: i64 = 1_000;

/// What identifies a request for a page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) session: SecretHash,
    pub(crate) session_created: Stamp,
    pub(crate) key: KeyId,
    pub(crate) query: QueryId,
    pub(crate) to: Stamp,
    pub(crate) page: u64,
    /// Records on each page of a run that begins with it.
    pub(crate) page_size: u32,
    pub(crate) now: Stamp,
    /// What is known of runs used up to here may be out of date: a process died.
    pub(crate) certain_since: Stamp,
}

/// A page may belong to either of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// A key has more runs under way than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyRuns;

#[derive(Clone, Copy, Debug)]
struct Run {
    record: RunRecord,
    /// Whether it counts against the key's limit and belongs into the store.
    recorded: bool,
    kept: Stored,
    /// When a note of it was last made.
    noted: Option<Stamp>,
    /// Whether it took the place of one that belongs into the store.
    replaces: bool,
    /// How many pages it has, as far as that is known.
    pages: Option<u64>,
    /// The furthest page that has been asked for.
    furthest: u64,
    /// Its last turn among its key's runs of a single page; none if it is not one of them.
    single: Option<u64>,
}

/// What the store has of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    /// Nothing.
    Not,
    /// It as it was at an earlier page. What was noted of a later one may still be on its way, or may
    /// have come upon a disk that failed.
    Earlier,
    /// It as it is.
    Wholly,
}

/// The runs of one organization.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// By their query, see [`hash`].
    all: HashTable<Run>,
    recorded: HashMap<KeyId, usize>,
    single: HashMap<KeyId, Singles>,
    /// When one was last dropped for another of its key.
    dropped: HashMap<KeyId, Stamp>,
    /// The number of the one that began last.
    last_number: u64,
}

impl Runs {
    /// The runs that the store has kept.
    pub(crate) fn new(kept: Vec<RunRecord>) -> Runs {
        let mut runs = Runs::default();
        for record in kept {
            runs.last_number = runs.last_number.max(record.number);
            *runs.recorded.entry(record.key).or_default() += 1;
            let run = Run {
                record,
                recorded: true,
                kept: Stored::Wholly,
                noted: None,
                replaces: false,
                pages: None,
                furthest: record.last_page,
                single: None,
            };
            runs.insert(run);
        }
        runs
    }

    /// The run that this request continues, marked as used; none if it has to begin one.
    pub(crate) fn find(&mut self, ask: &Ask) -> Result<Option<RunRecord>, Ambiguous> {
        if let Some(to) = self.own(ask)? {
            return Ok(self.get(ask.query, ask.session, to).map(|run| run.serve(ask)));
        }
        let Some(orphan) = self.orphan(ask)? else { return Ok(None) };
        // The run goes on under the new session, and stays where it was for the old one.
        let mut adopted = Run {
            recorded: false,
            kept: Stored::Not,
            noted: None,
            replaces: false,
            single: None,
            ..orphan
        };
        adopted.record.session = ask.session;
        let record = adopted.serve(ask);
        self.insert(adopted);
        Ok(Some(record))
    }

    /// Begins a run. It takes the place of an older one of the same session, query and bound.
    pub(crate) fn begin(&mut self, ask: &Ask, seq: Seq, horizon: Stamp) -> RunRecord {
        self.last_number += 1;
        let record = RunRecord {
            number: self.last_number,
            session: ask.session,
            key: ask.key,
            query: ask.query.0,
            to: ask.to,
            page_size: ask.page_size,
            seq,
            horizon,
            first_page_served: ask.page == 1,
            last_page: ask.page,
            last_used: ask.now,
        };
        let replaced = self.take(ask.query, ask.session, ask.to);
        let replaces = replaced.is_some_and(|run| run.recorded || run.replaces);
        let run = Run {
            record,
            recorded: false,
            kept: Stored::Not,
            noted: None,
            replaces,
            pages: None,
            furthest: ask.page,
            single: None,
        };
        self.insert(run);
        record
    }

    /// Settles whether a run belongs into the store, as far as that is not known yet, and says so.
    ///
    /// One of several pages does. One of a single page does where its key has asked the same question
    /// before with an answer that is kept: after a crash, that one would come back to life in its place.
    ///
    /// Beside that: the run that the store has to forget for it. It was dropped to make room, or is one of
    /// a single page before it, of which the last is enough. Dropped runs that are in memory alone leave
    /// without a trace.
    pub(crate) fn settle(
        &mut self,
        record: &RunRecord,
        pages: u64,
        now: Stamp,
    ) -> Result<(bool, Option<RunRecord>), TooManyRuns> {
        let (query, session, to) = (QueryId(record.query), record.session, record.to);
        let Some(run) = self.get(query, session, to) else { return Ok((pages > 1, None)) };
        run.pages = Some(pages);
        if run.recorded {
            return Ok((true, None));
        }
        let replaces = run.replaces;
        if pages == 1 && !replaces && !self.has_recorded(query, record.key) {
            self.keep_single(record, now);
            return Ok((false, None));
        }
        if let Some(before) = self.recorded_single(record).filter(|_| pages == 1) {
            self.mark_recorded(record);
            return Ok((true, Some(before)));
        }
        let dropped = match self.make_room(record.key, now) {
            Ok(dropped) => dropped,
            Err(refused) => {
                self.take(query, session, to);
                return Err(refused);
            }
        };
        self.mark_recorded(record);
        Ok((true, dropped))
    }

    fn mark_recorded(&mut self, record: &RunRecord) {
        if let Some(run) = self.get(QueryId(record.query), record.session, record.to) {
            run.recorded = true;
            let was_single = run.single.take().is_some();
            *self.recorded.entry(record.key).or_default() += 1;
            if was_single {
                self.one_single_less(record.key);
            }
        }
    }

    /// Takes out of the recorded ones the run of a single page that the session has asked the same
    /// question with before: from now on it is in memory alone.
    fn recorded_single(&mut self, record: &RunRecord) -> Option<RunRecord> {
        let query = QueryId(record.query);
        let before = self.all.iter_hash_mut(hash(query)).find(|run| {
            run.is_of(query)
                && (run.record.session, run.record.key) == (record.session, record.key)
                && run.record.number != record.number
                && (run.recorded, run.pages) == (true, Some(1))
        })?;
        (before.recorded, before.kept) = (false, Stored::Not);
        let before = before.record;
        if let Some(count) = self.recorded.get_mut(&before.key) {
            *count = count.saturating_sub(1);
        }
        self.keep_single(&before, before.last_used);
        Some(before)
    }

    /// Whether the store has, or is to have, a run of that question asked with that key.
    fn has_recorded(&self, query: QueryId, key: KeyId) -> bool {
        let mut of_query = self.all.iter_hash(hash(query)).filter(|run| run.is_of(query));
        of_query.any(|run| run.recorded && run.record.key == key)
    }

    /// Whether the unknown run of a later page may be one that was dropped for others, and
    /// would have been kept without them.
    pub(crate) fn may_have_dropped(&self, ask: &Ask) -> bool {
        let dropped = self.dropped.get(&ask.key);
        ask.page > 1 && dropped.is_some_and(|at| !is_expired(*at, ask.now))
    }

    /// Whether any has been dropped for others of its key, and would have been kept without them.
    pub(crate) fn have_dropped(&self) -> bool {
        !self.dropped.is_empty()
    }

    /// The store has the run now, as this record has it.
    pub(crate) fn kept(&mut self, record: &RunRecord) {
        if let Some(run) = self.same(record) {
            run.kept = if run.record == *record { Stored::Wholly } else { Stored::Earlier };
        }
    }

    /// Whether the store has the run, as it is or as it was at an earlier page.
    pub(crate) fn is_kept(&mut self, record: &RunRecord) -> bool {
        self.same(record).is_some_and(|run| run.kept != Stored::Not)
    }

    /// Whether the store is to hear how far a run has come: that is told now and then, since a run that
    /// goes on after the process has died is known by its beginning too.
    pub(crate) fn note_is_due(&mut self, record: &RunRecord) -> bool {
        let Some(run) = self.same(record) else { return true };
        let due =
            run.noted.is_none_or(|noted| noted.plus_millis(NOTED_EVERY_MS) <= record.last_used);
        if due {
            run.noted = Some(record.last_used);
        }
        due
    }

    /// Forgets runs that have not been used for long; returns those that the store must forget too.
    pub(crate) fn expire(&mut self, now: Stamp) -> Vec<RunRecord> {
        self.dropped.retain(|_, at| !is_expired(*at, now));
        let old = |run: &&Run| is_expired(run.record.last_used, now);
        let expired: Vec<Run> = self.all.iter().filter(old).copied().collect();
        for run in &expired {
            self.take(QueryId(run.record.query), run.record.session, run.record.to);
        }
        let kept = |run: &Run| run.recorded || run.replaces;
        expired.into_iter().filter(kept).map(|run| run.record).collect()
    }

    /// Forgets all runs; returns those that the store has to forget too.
    pub(crate) fn forget_all(&mut self) -> Vec<RunRecord> {
        let runs =
            std::mem::replace(self, Runs { last_number: self.last_number, ..Runs::default() });
        runs.all.into_iter().map(|run| run.record).collect()
    }

    /// The runs of which memory knows more than the store, to be kept by an orderly stop: after one,
    /// what is kept counts as certain.
    pub(crate) fn not_kept(&self) -> Vec<RunRecord> {
        let unkept = |run: &&Run| run.kept != Stored::Wholly;
        self.all.iter().filter(unkept).map(|run| run.record).collect()
    }

    /// When any of them was last used.
    pub(crate) fn last_used(&self) -> Option<Stamp> {
        self.all.iter().map(|run| run.record.last_used).max()
    }

    /// The upper bound of its session's run that this request continues.
    fn own(&self, ask: &Ask) -> Result<Option<Stamp>, Ambiguous> {
        let own = || {
            self.all.iter_hash(hash(ask.query)).filter(|run| {
                run.is_of(ask.query) && run.record.session == ask.session && run.continues(ask)
            })
        };
        let Some(best) = own().max_by_key(|run| run.claim(ask)) else { return Ok(None) };
        best.is_meant(ask, own)?;
        // The run that was used last may have made room for others, and this one be of before.
        let is_other_bound = ask.page > 1 && best.record.to != ask.to;
        if is_other_bound && !best.is_unfinished(best.furthest) && self.may_have_dropped(ask) {
            return Err(Ambiguous);
        }
        Ok(Some(best.record.to))
    }

    /// The run that a newer session of the same key continues with a later page.
    fn orphan(&self, ask: &Ask) -> Result<Option<Run>, Ambiguous> {
        let of_query = || self.all.iter_hash(hash(ask.query)).filter(|run| run.is_of(ask.query));
        let others = || of_query().filter(|run| run.may_be_taken_over(ask));
        let next =
            others().filter(|run| run.is_certain(ask) && run.record.last_page == ask.page - 1);
        // What a process that died had served last may not have been kept, but the run's beginning
        // has: the youngest is the one that was under way.
        let youngest = others().max_by_key(|run| run.record.number);
        let behind = youngest.filter(|run| !run.is_certain(ask) && run.record.last_page < ask.page);
        // A page whose answer was lost is asked for again.
        let same = others().filter(|run| run.is_certain(ask) && run.record.last_page == ask.page);
        let next = next.max_by_key(|run| run.claim(ask)).or(behind);
        let Some(best) = next.or_else(|| same.max_by_key(|run| run.claim(ask))) else {
            return Ok(None);
        };
        best.is_meant(ask, others)?;
        Ok(Some(*best))
    }

    fn get(&mut self, query: QueryId, session: SecretHash, to: Stamp) -> Option<&mut Run> {
        self.all.find_mut(hash(query), |run| run.is(query, session, to))
    }

    fn insert(&mut self, run: Run) {
        self.all.insert_unique(hash(QueryId(run.record.query)), run, |run| {
            hash(QueryId(run.record.query))
        });
    }

    /// The run of that record, unless another has taken its place.
    fn same(&mut self, record: &RunRecord) -> Option<&mut Run> {
        let run = self.get(QueryId(record.query), record.session, record.to)?;
        (run.record.number == record.number).then_some(run)
    }

    /// Takes a run out.
    fn take(&mut self, query: QueryId, session: SecretHash, to: Stamp) -> Option<Run> {
        let found = self.all.find_entry(hash(query), |run| run.is(query, session, to)).ok()?;
        let (run, _) = found.remove();
        if run.recorded
            && let Some(count) = self.recorded.get_mut(&run.record.key)
        {
            *count = count.saturating_sub(1);
        }
        if run.single.is_some() {
            self.one_single_less(run.record.key);
        }
        Some(run)
    }
}

/// Whether a run used last then is forgotten, whatever room there is.
fn is_expired(used: Stamp, now: Stamp) -> bool {
    used < now.plus_millis(-RUN_HOURS_MAX * 60 * MINUTE_MS)
}

/// An id is a digest: any of its bytes spread evenly.
fn hash(QueryId(digest): QueryId) -> u64 {
    let mut start = [0; 8];
    start.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(start)
}

impl Run {
    fn is_of(&self, query: QueryId) -> bool {
        self.record.query == query.0
    }

    fn is(&self, query: QueryId, session: SecretHash, to: Stamp) -> bool {
        self.is_of(query) && self.record.session == session && self.record.to == to
    }

    /// Whether the request's upper bound can be one of the run's.
    fn continues(&self, ask: &Ask) -> bool {
        let RunRecord { to, first_page_served, .. } = self.record;
        if ask.page == 1 && first_page_served {
            return false;
        }
        self.comes_next(ask) || ask.to.plus_millis(TO_EARLIER_MS_MAX) >= to
    }

    /// Whether the page is the one after that served last, or that one once more.
    fn comes_next(&self, ask: &Ask) -> bool {
        [ask.page, ask.page - 1].contains(&self.record.last_page)
    }

    fn has_page(&self, ask: &Ask) -> bool {
        self.pages.is_none_or(|pages| ask.page <= pages)
    }

    /// Makes sure that a page is meant of this run, and of none of the others that was used later and has it
    /// too. A run that is known to be unfinished has its readers; how many pages there are is not known of one
    /// of a process before this.
    fn is_meant<'r, I: Iterator<Item = &'r Run>>(
        &self,
        ask: &Ask,
        others: impl Fn() -> I,
    ) -> Result<(), Ambiguous> {
        // It may have gone on under another session.
        let same = others().filter(|run| run.record.number == self.record.number);
        let furthest = same.map(|run| run.furthest).max().unwrap_or(0).max(self.furthest);
        let is_unfinished = self.is_unfinished(furthest);
        let is_rival = |run: &Run| {
            let is_later = run.recency() > self.recency();
            is_later && run.record.number != self.record.number && run.has_page(ask)
        };
        let is_in_doubt = ask.page > 1 && !is_unfinished && others().any(is_rival);
        if is_in_doubt { Err(Ambiguous) } else { Ok(()) }
    }

    /// Whether it is known to have pages after the furthest that was asked for.
    fn is_unfinished(&self, furthest: u64) -> bool {
        self.pages.is_some_and(|pages| furthest < pages)
    }

    fn may_be_taken_over(&self, ask: &Ask) -> bool {
        ask.page > 1
            && self.record.key == ask.key
            && self.record.session != ask.session
            && self.record.last_used <= ask.session_created
            && self.continues(ask)
    }

    /// Whether it is known for certain which page was served last.
    fn is_certain(&self, ask: &Ask) -> bool {
        self.record.last_used > ask.certain_since
    }

    /// What counts among several: whether it is the bound asked for, then which was used last, then which
    /// is the younger.
    fn claim(&self, ask: &Ask) -> (bool, (Stamp, u64)) {
        (self.record.to == ask.to, self.recency())
    }

    fn recency(&self) -> (Stamp, u64) {
        (self.record.last_used, self.record.number)
    }

    fn serve(&mut self, ask: &Ask) -> RunRecord {
        self.record.first_page_served |= ask.page == 1;
        self.record.last_page = ask.page;
        self.furthest = self.furthest.max(ask.page);
        self.record.last_used = self.record.last_used.max(ask.now);
        if self.kept == Stored::Wholly {
            self.kept = Stored::Earlier;
        }
        self.record
    }
}
