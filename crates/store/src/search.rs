//! Finding activities by their words.

use domain::{ActivityId, OrgKey, Seq, Stamp, Version};

use crate::{StoreError, Word};

/// The texts of one activity that are searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Vec<&'a str>);

impl<'a> Text<'a> {
    /// Those of a version; none if the activity was removed.
    pub fn of(version: &'a Version) -> Option<Text<'a>> {
        version.record().map(|activity| Text(activity.searched().collect()))
    }
}

/// How far an index has come in an organization's log: the last indexed version. The
/// stamp tells the version from one that another log has at that position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its position.
    pub seq: Seq,
    /// Its stamp.
    pub stamp: Stamp,
}

impl Mark {
    /// Before the first version.
    pub const START: Mark = Mark { seq: Seq::ZERO, stamp: Stamp::MIN };
}

/// Finds activities by the words of their texts, as [`tokens`](crate::tokens()) takes them apart. It is derived from the log: it may lag behind,
/// be lost, and be rebuilt. An implementation that finds itself damaged forgets everything and
/// answers with [`StoreError::Unavailable`]; the caller continues from [`Mark::START`].
pub trait SearchIndex: Send + Sync {
    /// How far it has come.
    ///
    /// # Errors
    /// When it cannot be read.
    fn mark(&self, org: OrgKey) -> Result<Mark, StoreError>;

    /// Takes in what these activities are now, none if it is gone, and how far it has come with
    /// them: all or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    fn put(
        &self,
        org: OrgKey,
        mark: Mark,
        changed: &[(ActivityId, Option<Text<'_>>)],
    ) -> Result<(), StoreError>;

    /// Forgets everything of an organization.
    ///
    /// # Errors
    /// When it cannot be written.
    fn forget(&self, org: OrgKey) -> Result<(), StoreError>;

    /// The activities that have this word as of that position, ascending.
    ///
    /// # Errors
    /// When it cannot be read, or has not come exactly so far.
    fn find(&self, org: OrgKey, as_of: Seq, word: &Word) -> Result<Vec<ActivityId>, StoreError>;

    /// The words and prefixes that at least this many activities have, about the commonest
    /// first. It reads the whole index.
    ///
    /// # Errors
    /// When it cannot be read.
    fn common(&self, org: OrgKey, hits_min: u64) -> Result<Vec<Word>, StoreError>;
}
