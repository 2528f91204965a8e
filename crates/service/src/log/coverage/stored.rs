//! The stored form of a key's coverage: JSON, so that `sqlite3` can look into it.

use std::collections::VecDeque;

use domain::{Seq, Stamp};
use serde::{Deserialize, Serialize};
use timeline::{Direction, SeqRange};

use crate::log::coverage::key::{KeyCoverage, POLLS_MAX};
use crate::log::coverage::poll::{PagesServed, Poll};
use crate::log::coverage::ranges::{Ranges, Stretch};

#[derive(Serialize, Deserialize)]
struct Document {
    /// Positions after and through, time from and until.
    asked: Vec<(u64, u64, i64, i64)>,
    records: Vec<(u64, u64, i64, i64)>,
    deletions: Vec<(u64, u64, i64, i64)>,
    first: Option<u64>,
    told: Option<i64>,
    begun: Option<i64>,
    last_at: Option<i64>,
    rhythm_ms: Option<i64>,
    named_at: Option<i64>,
    is_forgotten: bool,
    polls: Vec<StoredPoll>,
}

/// [`Poll`], member for member.
#[derive(Serialize, Deserialize)]
struct StoredPoll {
    at: (i64, i64),
    times: u64,
    from: Option<i64>,
    to: Option<i64>,
    horizon: i64,
    seq: u64,
    range: (u64, u64),
    /// True: the oldest first; false: the newest; none: another order.
    oldest_first: Option<bool>,
    wants_removed: bool,
    /// As asked, as given.
    page_size: (u32, u32),
    pages: u64,
    /// All pages through this one, and intervals of others.
    served: (u64, Vec<(u64, u64)>),
    total: u64,
    records: u64,
    removed: u64,
    skipped: Option<(i64, i64)>,
    query: u128,
}

/// Writes it down.
pub(super) fn write(coverage: &KeyCoverage) -> String {
    let document = Document {
        asked: stretches(&coverage.asked),
        records: stretches(&coverage.records),
        deletions: stretches(&coverage.deletions),
        first: coverage.first.map(|seq| seq.0),
        told: coverage.told.map(Stamp::millis),
        begun: coverage.begun.map(Stamp::millis),
        last_at: coverage.last_at.map(Stamp::millis),
        rhythm_ms: coverage.rhythm_ms,
        named_at: coverage.named_at.map(Stamp::millis),
        is_forgotten: coverage.is_forgotten,
        polls: coverage.polls.iter().map(StoredPoll::of).collect(),
    };
    // Numbers and texts: nothing of it can fail.
    serde_json::to_string(&document).unwrap_or_default()
}

/// Reads what was saved. What is beyond the end of the log is left out.
pub(super) fn read(text: &str, head: Seq) -> Result<KeyCoverage, serde_json::Error> {
    let document: Document = serde_json::from_str(text)?;
    let ranges = |stretches: Vec<_>| Ranges::of(stretches.into_iter().map(stretch), head);
    let skip = document.polls.len().saturating_sub(POLLS_MAX);
    let polls: VecDeque<Poll> =
        document.polls.into_iter().skip(skip).map(StoredPoll::poll).collect();
    Ok(KeyCoverage {
        asked: ranges(document.asked),
        records: ranges(document.records),
        deletions: ranges(document.deletions),
        first: document.first.map(|seq| Seq(seq).min(head)),
        told: document.told.map(Stamp::from_millis),
        begun: document.begun.map(Stamp::from_millis),
        last_at: document.last_at.map(Stamp::from_millis),
        rhythm_ms: document.rhythm_ms,
        named_at: document.named_at.map(Stamp::from_millis),
        is_forgotten: document.is_forgotten,
        polls,
    })
}

fn stretches(ranges: &Ranges) -> Vec<(u64, u64, i64, i64)> {
    let tuple =
        |s: &Stretch| (s.range.after.0, s.range.through.0, s.from.millis(), s.until.millis());
    ranges.all().iter().map(tuple).collect()
}

fn stretch((after, through, from, until): (u64, u64, i64, i64)) -> Stretch {
    let range = SeqRange { after: Seq(after), through: Seq(through) };
    Stretch { range, from: Stamp::from_millis(from), until: Stamp::from_millis(until) }
}

impl StoredPoll {
    fn of(poll: &Poll) -> StoredPoll {
        StoredPoll {
            at: (poll.first_at.millis(), poll.last_at.millis()),
            times: poll.times,
            from: poll.from.map(Stamp::millis),
            to: poll.to.map(Stamp::millis),
            horizon: poll.horizon.millis(),
            seq: poll.seq.0,
            range: (poll.range.after.0, poll.range.through.0),
            oldest_first: poll.log_order.map(|order| order == Direction::OldestFirst),
            wants_removed: poll.wants_removed,
            page_size: (poll.page_size_asked, poll.page_size),
            pages: poll.pages,
            served: (poll.served.through, poll.served.beyond.clone()),
            total: poll.total,
            records: poll.records,
            removed: poll.removed,
            skipped: poll.skipped.map(|(from, to)| (from.millis(), to.millis())),
            query: u128::from_le_bytes(poll.query),
        }
    }

    fn poll(self) -> Poll {
        let (after, through) = self.range;
        let stamp = Stamp::from_millis;
        Poll {
            first_at: stamp(self.at.0),
            last_at: stamp(self.at.1),
            times: self.times,
            from: self.from.map(stamp),
            to: self.to.map(stamp),
            horizon: stamp(self.horizon),
            seq: Seq(self.seq),
            range: SeqRange { after: Seq(after), through: Seq(through) },
            log_order: self.oldest_first.map(|oldest_first| match oldest_first {
                true => Direction::OldestFirst,
                false => Direction::NewestFirst,
            }),
            wants_removed: self.wants_removed,
            page_size_asked: self.page_size.0,
            page_size: self.page_size.1,
            pages: self.pages,
            served: PagesServed { through: self.served.0, beyond: self.served.1 },
            total: self.total,
            records: self.records,
            removed: self.removed,
            skipped: self.skipped.map(|(from, to)| (stamp(from), stamp(to))),
            query: self.query.to_le_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::coverage::poll::ServedPage;

    fn page(number: u64, seq: u64) -> ServedPage {
        let range = SeqRange { after: Seq(seq - 1), through: Seq(seq) };
        let stamp = |seq: u64| Stamp::from_millis(i64::try_from(seq).unwrap() * 1_000);
        let poll = Poll {
            first_at: stamp(seq),
            last_at: stamp(seq),
            times: 1,
            from: Some(stamp(seq - 1)),
            to: seq.is_multiple_of(2).then(|| stamp(seq)),
            horizon: stamp(seq),
            seq: Seq(seq),
            range,
            log_order: [None, Some(Direction::OldestFirst), Some(Direction::NewestFirst)]
                [seq as usize % 3],
            wants_removed: seq % 2 == 1,
            page_size_asked: 500,
            page_size: 200,
            pages: 9,
            served: PagesServed::default(),
            total: 1_799,
            records: 0,
            removed: 3,
            skipped: None,
            query: [seq.to_le_bytes()[0]; 16],
        };
        ServedPage { poll, begins: number == 1, page: number, records: 200 }
    }

    #[test]
    fn what_is_written_down_is_what_is_read() {
        let mut coverage = KeyCoverage::default();
        for seq in [2, 3, 7, 9, 12] {
            for number in [1, 2, 5, 6, 9] {
                coverage.serve(&page(number, seq), || None, || unreachable!("there is little"));
            }
        }
        assert!(coverage.polls.iter().any(|poll| poll.skipped.is_some()));
        assert_eq!(read(&write(&coverage), Seq(12)).unwrap(), coverage);
        assert!(read("{}", Seq(12)).is_err() && read("", Seq(12)).is_err());
    }
}
