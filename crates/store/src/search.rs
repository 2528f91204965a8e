//! Finding activities by their words.

use domain::{ActivityId, OrgKey, Seq, Stamp};

use crate::StoreError;

/// The texts of one activity that are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a> {
    /// What it is about.
    pub subject: &'a str,
    /// The long text.
    pub note: &'a str,
}

/// How far an index has come in an organization's log: the last version that it has taken in. The
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

/// Finds activities by the words of subject and note. It is derived from the log: it may lag behind,
/// be lost, and be built anew. An implementation that finds itself damaged forgets everything and
/// answers with [`StoreError::Unavailable`]; the caller goes on from [`Mark::START`].
pub trait SearchIndex: Send + Sync {
    /// How far it has come.
    ///
    /// # Errors
    /// When it cannot be read.
    fn mark(&self, org: OrgKey) -> Result<Mark, StoreError>;

    /// Takes in what these activities are now, none where it is gone, and how far it has come with
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

    /// The activities that have all these words as of that position, the last word perhaps only begun,
    /// ascending. Any text is allowed; case, accents and punctuation do not count. None where the text
    /// has no words.
    ///
    /// # Errors
    /// When it cannot be read, or has not come exactly so far.
    fn find(
        &self,
        org: OrgKey,
        as_of: Seq,
        words: &str,
    ) -> Result<Option<Vec<ActivityId>>, StoreError>;

    /// Which of these activities have all the words as of that position; none where the text has no words.
    /// It costs as much as there are activities.
    ///
    /// # Errors
    /// As [`SearchIndex::find`].
    fn find_among(
        &self,
        org: OrgKey,
        as_of: Seq,
        words: &str,
        among: &[ActivityId],
    ) -> Result<Vec<ActivityId>, StoreError>;
}
