//! What was asked last with each key.
//!
//! Noted in memory with every question, which is the server's most frequent work, and written down by
//! housekeeping: a process that dies forgets a minute of it.

use std::collections::BTreeMap;

use domain::{KeyId, Stamp};
use parking_lot::Mutex;
use store::PollRecord;

use crate::{SyncPage, SyncQuery};

/// How slowly the rhythm follows the last pause: by one part in so many.
const RHYTHM_INERTIA: i64 = 4;

/// The polls of one organization, by key.
#[derive(Debug, Default)]
pub(crate) struct Polls(Mutex<BTreeMap<KeyId, Poll>>);

#[derive(Debug)]
struct Poll {
    record: PollRecord,
    /// Whether a note has been made of it.
    noted: bool,
}

impl Polls {
    /// Those that the store has kept.
    pub(crate) fn new(kept: Vec<PollRecord>) -> Polls {
        let polls = kept.into_iter().map(|record| (record.key, Poll { record, noted: true }));
        Polls(Mutex::new(polls.collect()))
    }

    /// Remembers a new question and its answer. One about named activities does not count: it says
    /// nothing about how far a mirror has come.
    pub(crate) fn asked(&self, key: KeyId, at: Stamp, query: &SyncQuery, answer: &SyncPage) {
        if query.ids.is_some() {
            return;
        }
        let mut record = PollRecord {
            key,
            at,
            from: query.from,
            to: query.to,
            records: answer.total,
            removed: answer.removed.as_ref().map_or(0, |ids| ids.len() as u64),
            horizon: answer.horizon,
            rhythm_ms: None,
        };
        let mut polls = self.0.lock();
        record.rhythm_ms = polls.get(&key).map(|before| rhythm(&before.record, at));
        polls.insert(key, Poll { record, noted: false });
    }

    /// What was asked last with a key.
    pub(crate) fn last_of(&self, key: KeyId) -> Option<PollRecord> {
        self.0.lock().get(&key).map(|poll| poll.record)
    }

    /// When anything was asked last.
    pub(crate) fn last_at(&self) -> Option<Stamp> {
        self.0.lock().values().map(|poll| poll.record.at).max()
    }

    /// Those that have not been noted yet, to be noted now.
    pub(crate) fn news(&self) -> Vec<PollRecord> {
        let mut polls = self.0.lock();
        let news = polls.values_mut().filter(|poll| !poll.noted);
        news.map(|poll| {
            poll.noted = true;
            poll.record
        })
        .collect()
    }

    /// All of them, for an orderly stop to write down.
    pub(crate) fn all(&self) -> Vec<PollRecord> {
        self.0.lock().values().map(|poll| poll.record).collect()
    }
}

/// The usual pause, after one more.
fn rhythm(before: &PollRecord, now: Stamp) -> i64 {
    let pause = (now.millis() - before.at.millis()).max(0);
    before.rhythm_ms.map_or(pause, |usual| usual + (pause - usual) / RHYTHM_INERTIA)
}
