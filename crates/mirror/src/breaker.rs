//! How much may be taken away.

use crate::RunError;

/// Stops a run before it takes too much away: removes too many activities, or empties them.
///
/// An activity is emptied if of note, end, account, responsible person and custom fields it had some, and loses all.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Percent of the target's rows that may be removed or emptied by one run.
    pub percent: f64,
    /// So many may be anyway.
    pub at_least: u64,
    /// Whether any number may be.
    pub accepts_all: bool,
    /// What was taken away before, and counts too: a run and the comparison after it share what is allowed.
    pub taken: Taken,
}

/// What was taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Activities that were removed.
    pub removed: u64,
    /// Activities that were emptied.
    pub emptied: u64,
}

impl Taken {
    pub(crate) fn and(self, other: Taken) -> Taken {
        Taken { removed: self.removed + other.removed, emptied: self.emptied + other.emptied }
    }
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker { percent: 5.0, at_least: 20, accepts_all: false, taken: Taken::default() }
    }
}

impl Breaker {
    /// How many of `rows` may go.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count of rows"
    )]
    fn allowed(&self, rows: u64) -> u64 {
        if self.accepts_all {
            return u64::MAX;
        }
        let share = (rows as f64 * self.percent / 100.0).floor() as u64;
        share.max(self.at_least)
    }

    /// Refuses to take that away of so many rows, if it is too much.
    pub(crate) fn check(&self, taken: Taken, rows: u64) -> Result<(), RunError> {
        if taken == Taken::default() {
            return Ok(());
        }
        let rows = rows + self.taken.removed;
        let Taken { removed, emptied } = self.taken.and(taken);
        let allowed = self.allowed(rows);
        let told = RunError::Breaker { removed, emptied, rows, allowed };
        if removed + emptied > allowed { Err(told) } else { Ok(()) }
    }
}
