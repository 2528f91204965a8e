//! What a file of an import says, read but not yet judged.

use crate::{Activity, ActivityId, Stamp};

/// One thing that a file of an import says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// An activity is like this.
    Record {
        /// Its id, 1 to [`ID_MAX`](crate::ID_MAX).
        id: ActivityId,
        /// The file's `lastModifiedDateTime`. Some imported records never had one.
        stamp: Option<Stamp>,
        /// The content. Where the file says nothing of the creation, `created` is the stamp, and
        /// failing that the time at which the file was read.
        activity: Box<Activity>,
    },
    /// An activity has been removed.
    Removed {
        /// Its id, 1 to [`ID_MAX`](crate::ID_MAX).
        id: ActivityId,
        /// When, where the file knows: the vendor's lists of deleted ids do not.
        at: Option<Stamp>,
    },
}

impl Imported {
    /// Which activity it is about.
    #[must_use]
    pub fn id(&self) -> ActivityId {
        match self {
            Imported::Record { id, .. } | Imported::Removed { id, .. } => *id,
        }
    }

    /// When the file says that it happened.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        match self {
            Imported::Record { stamp, .. } => *stamp,
            Imported::Removed { at, .. } => *at,
        }
    }
}
