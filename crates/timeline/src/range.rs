//! Ranges of the log.

use domain::Seq;

/// A stretch of the log: the seqs after one, up to and with another. Empty when the second is not
/// greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeqRange {
    /// The last seq before the stretch.
    pub after: Seq,
    /// The last seq of the stretch.
    pub through: Seq,
}

impl SeqRange {
    /// The whole log, whatever may still be appended.
    pub const ALL: SeqRange = SeqRange { after: Seq::ZERO, through: Seq(u64::MAX) };

    /// Whether the seq lies in it.
    #[must_use]
    pub fn contains(self, seq: Seq) -> bool {
        self.after < seq && seq <= self.through
    }
}
