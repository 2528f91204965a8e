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
