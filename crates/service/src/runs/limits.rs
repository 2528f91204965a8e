//! How many runs a key may have, and which of them are dropped for new ones.

use std::collections::VecDeque;

use domain::{KeyId, SecretHash, Stamp};
use store::RunRecord;

use super::{MINUTE_MS, Run, Runs, TooManyRuns};
use crate::base::sabotage::limit;
use crate::log::query::QueryId;

/// Runs of several pages that one key may have within [`RUN_HOURS_MAX`](super::RUN_HOURS_MAX).
pub const RUNS_PER_KEY_MAX: usize = 100_000;

/// Runs of a single page that are kept for each key, for readers that ask on until a page is empty.
/// Of a key that has asked more than that within [`RUN_HOURS_MAX`](super::RUN_HOURS_MAX), an unknown later page may belong to
/// one that was dropped: then its reader is told to begin again.
pub const SINGLE_PAGE_RUNS_PER_KEY_MAX: usize = 4_096;

/// No run used within this time is dropped for another.
pub const RUN_KEPT_MINUTES_MIN: i64 = 30;

/// A use of a run: its query, session and upper bound, and whose turn it was.
type Use = (QueryId, SecretHash, Stamp, u64);

/// A key's runs of a single page.
#[derive(Debug, Default)]
pub(super) struct Singles {
    /// How many there are.
    count: usize,
    /// Their uses in turn, the last at the end. Of a run used several times, only its last counts.
    uses: VecDeque<Use>,
    /// How many uses there have been.
    turns: u64,
}

impl Runs {
    /// Counts a use of a run of a single page, and drops those used longest ago beyond the limit.
    pub(super) fn keep_single(&mut self, record: &RunRecord, now: Stamp) {
        let (query, session, to) = (QueryId(record.query), record.session, record.to);
        let turn = self.single.get(&record.key).map_or(0, |single| single.turns);
        let Some(run) = self.get(query, session, to) else { return };
        let is_new = run.single.replace(turn).is_none();
        let single = self.single.entry(record.key).or_default();
        single.count += usize::from(is_new);
        single.uses.push_back((query, session, to, turn));
        single.turns += 1;
        self.drop_single(record.key, now);
    }

    fn drop_single(&mut self, key: KeyId, now: Stamp) {
        let max = limit(SINGLE_PAGE_RUNS_PER_KEY_MAX, 3);
        while let Some(single) = self.single.get_mut(&key)
            && single.count > max
            && let Some(used) = single.uses.pop_front()
        {
            if self.is_last_use(used) {
                let (query, session, to, _) = used;
                self.take(query, session, to);
                self.dropped.insert(key, now);
            }
        }
        // Whoever asks the same again and again leaves many uses behind.
        let uses = self.single.get_mut(&key).map(|single| &mut single.uses);
        if let Some(uses) = uses.filter(|uses| uses.len() > 4 * max) {
            let mut uses = std::mem::take(uses);
            uses.retain(|used| self.is_last_use(*used));
            self.single.entry(key).or_default().uses = uses;
        }
    }

    fn is_last_use(&mut self, (query, session, to, turn): Use) -> bool {
        self.get(query, session, to).is_some_and(|run| run.single == Some(turn))
    }

    pub(super) fn one_single_less(&mut self, key: KeyId) {
        if let Some(single) = self.single.get_mut(&key) {
            single.count = single.count.saturating_sub(1);
        }
    }

    /// Makes room for one more recorded run of a key, by forgetting the one idle longest.
    pub(super) fn make_room(
        &mut self,
        key: KeyId,
        now: Stamp,
    ) -> Result<Option<RunRecord>, TooManyRuns> {
        if self.recorded.get(&key).copied().unwrap_or(0) < limit(RUNS_PER_KEY_MAX, 6) {
            return Ok(None);
        }
        let of_key = |run: &&Run| run.recorded && run.record.key == key;
        let idle_since = |run: &&Run| (run.record.last_used, run.record.number);
        let oldest = self.all.iter().filter(of_key).min_by_key(idle_since);
        let Some(oldest) = oldest.map(|run| run.record) else { return Err(TooManyRuns) };
        if is_fresh(oldest.last_used, now) {
            return Err(TooManyRuns);
        }
        self.take(QueryId(oldest.query), oldest.session, oldest.to);
        self.dropped.insert(key, now);
        Ok(Some(oldest))
    }
}

/// Whether a run used then is not to be dropped for another.
fn is_fresh(used: Stamp, now: Stamp) -> bool {
    used > now.plus_millis(-limit(RUN_KEPT_MINUTES_MIN * MINUTE_MS, 40))
}
