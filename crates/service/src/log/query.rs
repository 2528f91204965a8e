//! The parsed query that a run answers.

use domain::{ActivityId, Member, Stamp};
use sha2::{Digest, Sha256};

/// One `syncActivities` question. `from` is not after `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncQuery {
    /// Only these activities; none means all.
    pub ids: Option<Vec<ActivityId>>,
    /// Changed at or after this instant.
    pub from: Option<Stamp>,
    /// Changed at or before this instant.
    pub to: Option<Stamp>,
    /// Leaves out the list of removed ids.
    pub ignore_removed: bool,
    /// In which order.
    pub order: Order,
    /// Records on a page, as asked for: at least 1. How many a run gives is settled when it begins.
    pub page_size: u32,
    /// The page asked for, from 1.
    pub page: u64,
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest, or oldest change, first.
    Ascending,
    /// Largest, or newest change, first.
    Descending,
}

/// An order of records. The last key is always the id, in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// By which member; [`Member::Modified`] is the order of the log.
    pub by: Member,
    /// Which way.
    pub direction: Direction,
}

impl Default for Order {
    /// Newest change first.
    fn default() -> Order {
        Order { by: Member::Modified, direction: Direction::Descending }
    }
}

/// What identifies the question that a run answers: the query as it was asked, before any setting is
/// applied, without its page number, and of its upper bound only whether it has one.
///
/// Runs outlive the process under it. A release that makes another identity of a question has its
/// readers begin again, so that the digest is pinned by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct QueryId(pub(crate) [u8; 16]);

impl SyncQuery {
    pub(crate) fn identity(&self) -> QueryId {
        let mut hasher = Sha256::new();
        let mut ids = self.ids.clone().unwrap_or_default();
        ids.sort_unstable();
        ids.dedup();
        let from = self.from.unwrap_or(Stamp::MIN).millis();
        let is = [self.ids.is_some(), self.to.is_some(), self.ignore_removed];
        hasher.update(is.map(u8::from));
        hasher.update(self.order.by.name());
        hasher.update([0, self.order.direction as u8]);
        hasher.update(from.to_le_bytes());
        hasher.update(self.page_size.to_le_bytes());
        for id in ids {
            hasher.update(id.0.to_le_bytes());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        QueryId(half)
    }

    /// The upper bound, [`Stamp::MAX`] where there is none.
    pub(crate) fn upper_bound(&self) -> Stamp {
        self.to.unwrap_or(Stamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs that another release has begun keep the same identity.
    #[test]
    fn the_identity_of_a_question_is_for_ever() {
        let plain = SyncQuery {
            ids: None,
            from: Some(Stamp::from_millis(1_397_187_872_133)),
            to: None,
            ignore_removed: false,
            order: Order::default(),
            page_size: 10,
            page: 1,
        };
        let named = SyncQuery {
            ids: Some(vec![ActivityId(653), ActivityId(652), ActivityId(653)]),
            from: None,
            to: Some(Stamp::from_millis(7)),
            ignore_removed: true,
            order: Order { by: Member::Subject, direction: Direction::Ascending },
            page_size: 500,
            page: 9,
        };
        let identity = |query: &SyncQuery| {
            query.identity().0.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!(identity(&plain), "79eaaca49faf4c41ee0352c04411f738");
        assert_eq!(identity(&named), "132874fd61e9aacd2cfaeedb63b8825d");
    }
}
