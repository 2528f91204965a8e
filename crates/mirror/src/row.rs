//! An activity as a mirror keeps it.

use domain::{Activity, ActivityId, Stamp};

/// An activity that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: ActivityId,
    /// The source's `lastModifiedDateTime`, if it has one.
    pub modified: Option<Stamp>,
    /// The source's `createdDateTime`; if it has none, the time of its last change.
    pub created: Option<Stamp>,
    /// The rest of its content.
    pub activity: Box<Activity>,
}

/// A record that cannot be an activity: kept as the source has it, until it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id.
    pub id: ActivityId,
    /// The source's `lastModifiedDateTime`, if it can be read.
    pub modified: Option<Stamp>,
    /// The record as it came.
    pub record: String,
    /// What is wrong with it.
    pub problem: String,
}
