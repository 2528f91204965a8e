//! One poll of a key, and how much of its answer has been served.

use domain::{Seq, Stamp};
use timeline::{Direction, SeqRange};

use crate::log::coverage::ranges::Stretch;

/// How many intervals of pages are kept for a run. If pages are read in a more scattered order, some are forgotten.
const INTERVALS_MAX: usize = 256;

/// A From further ahead than this asks from the future: clocks that are kept right differ by less.
const AHEAD_MS_MAX: i64 = 1_000;

/// Which pages of a run have been served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PagesServed {
    /// All from page 1 to this one.
    pub(crate) through: u64,
    /// The others: first and last page of each interval, ascending and apart.
    pub(crate) beyond: Vec<(u64, u64)>,
}

impl PagesServed {
    /// Notes one more.
    pub(crate) fn serve(&mut self, page: u64) {
        if page == self.through + 1 && self.beyond.is_empty() {
            self.through = page; // The usual way.
            return;
        }
        if self.contain(page) {
            return;
        }
        let at = self.beyond.partition_point(|(_, last)| *last + 1 < page);
        match self.beyond.get_mut(at) {
            Some((first, _)) if page + 1 == *first => *first = page,
            Some((first, last)) if *first <= page && *last + 1 == page => *last = page,
            _ => self.beyond.insert(at, (page, page)),
        }
        if let Some((_, last)) = self.beyond.get(at).copied()
            && self.beyond.get(at + 1).is_some_and(|(first, _)| *first == last + 1)
        {
            self.beyond[at].1 = self.beyond.remove(at + 1).1;
        }
        while let Some((first, last)) = self.beyond.first().copied()
            && first <= self.through + 1
        {
            self.through = self.through.max(last);
            self.beyond.remove(0);
        }
        self.beyond.truncate(INTERVALS_MAX);
    }

    /// Whether a page has been served.
    #[must_use]
    pub fn contain(&self, page: u64) -> bool {
        let at = self.beyond.partition_point(|(_, last)| *last < page);
        (1..=self.through).contains(&page)
            || self.beyond.get(at).is_some_and(|(first, _)| *first <= page)
    }

    /// Up to which page all have been.
    #[must_use]
    pub fn through(&self) -> u64 {
        self.through
    }

    /// How many have been.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.through + self.beyond.iter().map(|(first, last)| last - first + 1).sum::<u64>()
    }

    /// Whether all of this many pages have been served.
    #[must_use]
    pub fn are_all(&self, pages: u64) -> bool {
        self.through >= pages
    }
}

/// A question for everything that changed in a window, and what of its answer has been served. Several in a
/// row that were answered with the same, or with nothing, are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// When it was asked, the first time.
    pub first_at: Stamp,
    /// When a page of it was served last.
    pub last_at: Stamp,
    /// How often it was asked.
    pub times: u64,
    /// The question's lower bound.
    pub from: Option<Stamp>,
    /// The question's upper bound.
    pub to: Option<Stamp>,
    /// What the answer was complete up to.
    pub horizon: Stamp,
    /// As of which position it was answered.
    pub seq: Seq,
    /// Which positions its window held then.
    pub range: SeqRange,
    /// In which direction of the log the records came; none for any other order.
    pub log_order: Option<Direction>,
    /// Whether it asked for deletions.
    pub wants_removed: bool,
    /// Records on a page, as the script asked.
    pub page_size_asked: u32,
    /// The same as the server gave.
    pub page_size: u32,
    /// Pages in all, at least 1.
    pub pages: u64,
    /// Those that have been served.
    pub served: PagesServed,
    /// Records on all pages.
    pub total: u64,
    /// Records on the pages that have been served.
    pub records: u64,
    /// Removed ids, which are on every page.
    pub removed: u64,
    /// The range between what the key had received before and its From, if that skipped one.
    pub skipped: Option<(Stamp, Stamp)>,
    /// What tells its question from others.
    pub(crate) query: [u8; 16],
}

impl Poll {
    /// Whether every page has been served.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.served.are_all(self.pages)
    }

    /// Whether it asked for what comes after the instant that it was answered up to. A commit under way
    /// can hold that back, and makes no future of the present.
    #[must_use]
    pub fn asks_from_the_future(&self) -> bool {
        let present = self.horizon.max(self.first_at);
        self.from.is_some_and(|from| from > present.plus_millis(AHEAD_MS_MAX))
    }

    /// Whether there was nothing to get.
    pub(crate) fn is_idle(&self) -> bool {
        self.total == 0 && self.removed == 0
    }

    /// Everything that it asked for; nothing yet if that begins after what could be answered.
    pub(crate) fn stretch(&self) -> Stretch {
        let from = self.from.unwrap_or(Stamp::MIN).min(self.horizon.plus_millis(1));
        Stretch { range: self.range, from, until: self.horizon }
    }
}

/// A page that has been served, and the question that it answers.
#[derive(Clone, Debug)]
pub(crate) struct ServedPage {
    /// The question, as if no page of it had been served yet.
    pub(crate) poll: Poll,
    /// Whether it is the first of its run.
    pub(crate) begins: bool,
    /// Which page.
    pub(crate) page: u64,
    /// How many records it has.
    pub(crate) records: u64,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_are_the_set_of_those_served(pages in prop::collection::vec(1_u64..40, 0..80)) {
            let (mut served, mut model) = (PagesServed::default(), BTreeSet::new());
            for page in pages {
                served.serve(page);
                model.insert(page);
                prop_assert_eq!(served.count(), model.len() as u64);
                for page in 0..42 {
                    prop_assert_eq!(served.contain(page), model.contains(&page), "{}", page);
                    let all = (1..=page).all(|page| model.contains(&page));
                    prop_assert_eq!(served.are_all(page), all);
                }
                prop_assert!(served.beyond.windows(2).all(|two| two[0].1 + 1 < two[1].0));
            }
        }
    }

    #[test]
    fn pages_in_wild_order_are_forgotten_and_never_invented() {
        let mut served = PagesServed::default();
        for page in (1..2_000).map(|n| 2 * n) {
            served.serve(page);
        }
        assert_eq!(served.beyond.len(), INTERVALS_MAX);
        assert_eq!(served.count(), INTERVALS_MAX as u64);
        served.serve(u64::MAX >> 1);
        assert!(!served.are_all(1));
    }
}
