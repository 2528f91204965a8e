//! An activity as a mirror keeps it.

use domain::{Activity, ActivityId, Imported, Stamp};

/// An activity that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: ActivityId,
    /// The source's `lastModifiedDateTime`, if it has one.
    pub modified: Option<Stamp>,
    /// Its content.
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

/// What an answer says of one activity.
pub(crate) enum Said {
    There(Row),
    Removed(ActivityId),
    /// A record without an id.
    Nameless,
}

impl From<Imported> for Said {
    fn from(imported: Imported) -> Said {
        match imported {
            Imported::Record { id: Some(id), stamp, activity, .. } => {
                Said::There(Row { id, modified: stamp, activity })
            }
            Imported::Record { id: None, .. } => Said::Nameless,
            Imported::Removed { id, .. } => Said::Removed(id),
        }
    }
}
