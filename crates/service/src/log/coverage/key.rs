//! What one key has asked for, and how much of it was delivered.

use std::collections::VecDeque;

use domain::{Seq, Stamp};
use timeline::{SeqRange, View};

use crate::log::coverage::poll::{Poll, ServedPage};
use crate::log::coverage::ranges::{Excess, Ranges, Stretch};

/// How many polls are remembered one by one.
pub(crate) const POLLS_MAX: usize = 50;

/// How slowly the usual pause follows the last one: by one part in this many.
const RHYTHM_INERTIA: i64 = 4;

/// The longest rhythm that is believed after one pause: a month's.
const RHYTHM_MS_MAX: i64 = 31 * 24 * 3_600_000;

/// A key is silent when it has not polled for this many times its usual pause…
const SILENT_PAUSES: i64 = 4;

/// …but never earlier than this.
const SILENT_MS_MIN: i64 = 3_600_000;

/// How long a key with this usual pause may be silent.
pub(crate) fn silent_after_ms(usual_ms: i64) -> i64 {
    usual_ms.saturating_mul(SILENT_PAUSES).max(SILENT_MS_MIN)
}

/// See the module. Everything in it is bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyCoverage {
    /// What windows held that were asked for, read or not.
    pub(crate) asked: Ranges,
    /// Where every record that was current has been delivered.
    pub(crate) records: Ranges,
    /// The same of deletions. They are on every page, so that what was asked for was delivered.
    pub(crate) deletions: Ranges,
    /// The view of its first answer: what was removed before then is in no copy that it has filled.
    pub(crate) first: Option<Seq>,
    /// The latest instant that an answer was complete up to.
    pub(crate) told: Option<Stamp>,
    /// When a question was last begun.
    pub(crate) begun: Option<Stamp>,
    /// When anything was served last.
    pub(crate) last_at: Option<Stamp>,
    /// The usual time between two, in milliseconds; none before the second.
    pub(crate) rhythm_ms: Option<i64>,
    /// When activities were last asked for by their ids alone, which says nothing about how far a copy has come.
    pub(crate) named_at: Option<Stamp>,
    /// Whether there was more that cannot be read any more, since it has been damaged.
    pub(crate) is_forgotten: bool,
    /// The last questions, the latest at the end.
    pub(crate) polls: VecDeque<Poll>,
}

impl KeyCoverage {
    /// What is left of one that cannot be read any more.
    pub(crate) fn forgotten() -> KeyCoverage {
        KeyCoverage { is_forgotten: true, ..KeyCoverage::default() }
    }

    /// Whether anything has been asked that counts.
    pub(crate) fn has_asked(&self) -> bool {
        self.is_forgotten || !self.polls.is_empty()
    }

    /// Takes note of a question before any page of its answer has been served: what it asks for and does not
    /// get is missing from then on. For the first of a key; those that follow are told from what lies between
    /// them.
    pub(crate) fn ask(&mut self, poll: &Poll) {
        self.last_at = Some(poll.last_at);
        // It is counted once its answer has gone.
        self.remember(Poll { times: 0, ..poll.clone() });
        if !poll.asks_from_the_future() {
            self.first = Some(self.first.map_or(poll.seq, |first| first.min(poll.seq)));
            self.asked.add(poll.stretch());
        }
    }

    /// Takes note of a page, and says whether there is something in it that must not be forgotten, or
    /// nothing but that time has passed. `alone` says what of the log it delivers all by itself, `head`
    /// gives the current view: both are asked for only where they matter.
    pub(crate) fn serve(
        &mut self,
        page: &ServedPage,
        alone: impl FnOnce() -> Option<Stretch>,
        head: impl FnOnce() -> View,
    ) -> bool {
        let at = page.poll.last_at;
        self.last_at = Some(at);
        if page.begins {
            let pause = self.begun.map(|before| (at.millis() - before.millis()).max(0));
            self.rhythm_ms = pause.map(|pause| match self.rhythm_ms {
                // What is so long that it counted as silence is none of its rhythm.
                Some(usual) => usual + (pause.min(silent_after_ms(usual)) - usual) / RHYTHM_INERTIA,
                None => pause.min(RHYTHM_MS_MAX),
            });
            self.begun = Some(at);
        }
        let skipped = self.skipped(&page.poll).filter(|_| page.begins);
        let (at, mut is_news) = match self.find(page, skipped.is_some()) {
            Some(at) => (at, false),
            None => (self.remember(Poll { skipped, ..page.poll.clone() }), true),
        };
        let poll = &mut self.polls[at];
        if !is_news {
            poll.goes_on(page, skipped);
        }
        let is_new = page.page <= poll.pages && !poll.served.contain(page.page);
        if is_new {
            poll.served.serve(page.page);
            poll.records += page.records;
            is_news = true;
        }
        // What comes from the future says nothing of what was before.
        if poll.asks_from_the_future() {
            return is_news;
        }
        let (all, is_whole, wants_removed) = (poll.stretch(), poll.is_whole(), poll.wants_removed);
        self.told = self.told.max(Some(poll.horizon));
        let seq = poll.seq;
        // Answers can be sent in another order than their views have.
        self.first = Some(self.first.map_or(seq, |first| first.min(seq)));
        let mut grows = self.asked.add(all);
        if wants_removed {
            grows |= self.deletions.add(all);
        }
        if is_whole {
            grows |= self.records.add(all);
            // Whoever has read everything once, and what was removed, lacks nothing of before.
            self.is_forgotten &= !wants_removed || all.range.after > Seq::ZERO;
        } else if is_new && let Some(alone) = alone() {
            grows |= self.records.add(alone);
        }
        if grows {
            self.bound(head);
        }
        is_news || grows
    }

    /// The range that a poll skips after what this key has received.
    fn skipped(&self, poll: &Poll) -> Option<(Stamp, Stamp)> {
        let (from, told) = (poll.from?, self.told?);
        let leaves_out = from > told.plus_millis(1) && !poll.asks_from_the_future();
        leaves_out.then(|| (told.plus_millis(1), from.plus_millis(-1)))
    }

    /// The poll that a page belongs to: its run's; or the last, where that asked the same of the same
    /// view, or neither had anything to get.
    fn find(&self, page: &ServedPage, skips: bool) -> Option<usize> {
        let new = &page.poll;
        let last = self.polls.back()?;
        if last.is_same(new)
            || page.begins && last.is_idle() && last.is_like(new, skips) && new.is_idle()
        {
            return Some(self.polls.len() - 1);
        }
        if page.begins {
            return None;
        }
        self.polls.iter().rposition(|poll| poll.is_same(new))
    }

    /// Remembers a new poll. The oldest makes room, one that has been read rather than one that has not.
    fn remember(&mut self, poll: Poll) -> usize {
        if self.polls.len() >= POLLS_MAX {
            let at = self.polls.iter().position(Poll::is_whole).unwrap_or(0);
            self.polls.remove(at);
        }
        self.polls.push_back(poll);
        self.polls.len() - 1
    }

    fn bound(&mut self, head: impl FnOnce() -> View) {
        let sets = [&self.asked, &self.records, &self.deletions];
        if !sets.iter().any(|set| set.is_excessive()) {
            return;
        }
        let view = head();
        let no_records = |gap: SeqRange| view.count_records(gap) == 0;
        self.asked.bound(Excess::Join, |_| false);
        self.records.bound(Excess::Forget, no_records);
        self.deletions.bound(Excess::Forget, |gap| view.count_tombstones(gap) == 0);
    }

    /// The range in which it has asked for changes: what is outside does not count yet.
    pub(crate) fn hull(&self) -> Option<SeqRange> {
        self.asked.hull()
    }

    /// Has nothing be later than this instant.
    pub(super) fn bring_back(&mut self, now: Stamp) {
        self.told = self.told.map(|told| told.min(now));
        self.begun = self.begun.map(|begun| begun.min(now));
        self.last_at = self.last_at.map(|at| at.min(now));
        self.named_at = self.named_at.map(|at| at.min(now));
        for ranges in [&mut self.asked, &mut self.records, &mut self.deletions] {
            ranges.bring_back(now);
        }
        for poll in &mut self.polls {
            poll.first_at = poll.first_at.min(now);
            poll.last_at = poll.last_at.min(now);
            poll.horizon = poll.horizon.min(now);
        }
    }
}

impl Poll {
    /// Whether the pages of one are those of the other: the same question, of the same view.
    fn is_same(&self, other: &Poll) -> bool {
        (self.query, self.seq, self.range, self.page_size)
            == (other.query, other.seq, other.range, other.page_size)
            && (self.pages, self.asks_from_the_future())
                == (other.pages, other.asks_from_the_future())
    }

    /// Whether two questions are asked in the same way, so that they can be counted together.
    fn is_like(&self, other: &Poll, skips: bool) -> bool {
        self.is_whole()
            && self.skipped.is_some() == skips
            && self.from <= other.from
            && (self.wants_removed, self.page_size, self.page_size_asked)
                == (other.wants_removed, other.page_size, other.page_size_asked)
            && self.asks_from_the_future() == other.asks_from_the_future()
    }

    /// The same is asked once more, or another page of it.
    fn goes_on(&mut self, page: &ServedPage, skipped: Option<(Stamp, Stamp)>) {
        let new = &page.poll;
        self.last_at = new.last_at;
        if !page.begins {
            return;
        }
        self.times += 1;
        (self.to, self.horizon, self.seq, self.range) = (new.to, new.horizon, new.seq, new.range);
        self.query = new.query;
        if skipped.is_some() || new.asks_from_the_future() {
            self.from = new.from;
        } else {
            self.from = self.from.min(new.from);
        }
        self.skipped = skipped.or(self.skipped);
    }

    /// Whether a page of its answer had the version at that position; none if its window did not hold it.
    /// `then` gives the view as of this poll, which may have to be rebuilt.
    pub(crate) fn had(
        &self,
        seq: Seq,
        is_tombstone: bool,
        then: impl FnOnce() -> View,
    ) -> Option<bool> {
        if !self.range.contains(seq) || self.served.count() == 0 {
            return None;
        }
        if is_tombstone {
            return (self.wants_removed && self.seq >= seq).then_some(true);
        }
        let is_served = |page: Option<u64>| page.is_some_and(|page| self.served.contain(page));
        Some(self.is_whole() || is_served(self.page_of(seq, then)))
    }

    /// The page that a record was on; none if it came in another order than the log's.
    pub(crate) fn page_of(&self, seq: Seq, then: impl FnOnce() -> View) -> Option<u64> {
        let before = match self.log_order? {
            timeline::Direction::OldestFirst => {
                SeqRange { after: self.range.after, through: Seq(seq.0.saturating_sub(1)) }
            }
            timeline::Direction::NewestFirst => {
                SeqRange { after: seq, through: self.range.through }
            }
        };
        Some(then().count_records(before) / u64::from(self.page_size.max(1)) + 1)
    }
}
