//! Versions: what the log is made of.

use crate::{Activity, ActivityId, Seq, Stamp, UserId};

/// One immutable state of an activity (invariant 1), as in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Position in the organization's log.
    pub seq: Seq,
    /// The commit's time: the wire's `lastModifiedDateTime`.
    pub stamp: Stamp,
    /// Which activity this is a version of.
    pub id: ActivityId,
    /// The version of the same activity that this one supersedes.
    pub previous: Option<Seq>,
    /// Who made it, and how.
    pub author: Author,
    /// The activity as it is from here on.
    pub state: State,
}

/// Who made a version, and through which interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The system user; none for the admin at the command line.
    pub user: Option<UserId>,
    /// The door.
    pub origin: Origin,
}

/// The door by which a change came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// API v1.
    Api,
    /// The web pages.
    Web,
    /// `driftless import`.
    Import,
    /// Any other command.
    CommandLine,
    /// The examples that an admin asked for.
    Examples,
}

/// What an activity is after a version: there, or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It exists, with this content.
    Record(Box<Activity>),
    /// It has been removed.
    Tombstone,
}

/// [`State`] without the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A record.
    Record,
    /// A tombstone.
    Tombstone,
}

impl State {
    /// Which of the two it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            State::Record(_) => Kind::Record,
            State::Tombstone => Kind::Tombstone,
        }
    }
}

impl Version {
    /// The stamp of the version that brought the content: this one's, unless it has only brought it up
    /// to date with what it embeds.
    #[must_use]
    pub fn content_stamp(&self) -> Stamp {
        self.record().and_then(|activity| activity.provenance.since).unwrap_or(self.stamp)
    }

    /// The content, unless this is a tombstone.
    #[must_use]
    pub fn record(&self) -> Option<&Activity> {
        match &self.state {
            State::Record(activity) => Some(activity),
            State::Tombstone => None,
        }
    }
}
