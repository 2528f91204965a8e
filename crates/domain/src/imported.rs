//! The items of an import file, read but not yet judged.

use crate::{Activity, ActivityId, ExternalId, Member, Stamp, Terms};

/// One thing that a file of an import says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// An activity is like this.
    Record {
        /// Its id, 1 to [`ID_MAX`](crate::ID_MAX); none for an activity that is to get a new one.
        id: Option<ActivityId>,
        /// The file's `lastModifiedDateTime`. Some imported records never had one.
        stamp: Option<Stamp>,
        /// What the file says anything of, be it that there is none. Of an activity that is here, all
        /// else stays as it is.
        named: Members,
        /// How exactly the file writes it.
        terms: Terms,
        /// Which row of a table says it, for messages; none elsewhere.
        row: Option<u64>,
        /// The content; members that the file does not name have a value that means nothing. Where the
        /// file says nothing of the creation, `created` is the stamp, and failing that the time at
        /// which the file was read.
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
    /// Which activity it is about; none for one that is to get an id.
    #[must_use]
    pub fn id(&self) -> Option<ActivityId> {
        match self {
            Imported::Record { id, .. } => *id,
            Imported::Removed { id, .. } => Some(*id),
        }
    }

    /// Which row of a table says it.
    #[must_use]
    pub fn row(&self) -> Option<u64> {
        match self {
            Imported::Record { row, .. } => *row,
            Imported::Removed { .. } => None,
        }
    }

    /// The id that the activity has in the system that it comes from.
    #[must_use]
    pub fn external_id(&self) -> Option<&ExternalId> {
        match self {
            Imported::Record { activity, .. } => activity.external_id.as_ref(),
            Imported::Removed { .. } => None,
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

/// Some members of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Members(u32);

impl Members {
    /// All of them.
    pub const ALL: Members = Members(u32::MAX);

    /// None of them.
    pub const NONE: Members = Members(0);

    /// What an activity cannot be without.
    #[must_use]
    pub fn required() -> Members {
        Member::ALL.into_iter().filter(|member| member.is_required()).collect()
    }

    /// Whether all of the others are among them.
    #[must_use]
    pub fn have(self, others: Members) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether this one is among them.
    #[must_use]
    pub fn has(self, member: Member) -> bool {
        self.0 & Members::bit(member) != 0
    }

    /// Adds one.
    pub fn add(&mut self, member: Member) {
        self.0 |= Members::bit(member);
    }

    /// Takes one away.
    pub fn remove(&mut self, member: Member) {
        self.0 &= !Members::bit(member);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn bit(member: Member) -> u32 {
        1 << member as u32
    }
}

impl FromIterator<Member> for Members {
    fn from_iter<I: IntoIterator<Item = Member>>(members: I) -> Members {
        Members(members.into_iter().fold(0, |bits, member| bits | Members::bit(member)))
    }
}

impl Activity {
    /// Makes of what a file says what is to be kept of it beside `record`: what the file does not
    /// name is the record's, and a record is created once, whatever brings its content.
    pub fn import_over(&mut self, named: Members, record: &Activity) {
        for member in Member::ALL {
            let is_kept = match member {
                Member::Created | Member::CreatedBy => true,
                // It comes with the number.
                Member::StatusName => !named.has(Member::StatusId),
                member => !named.has(member),
            };
            if is_kept {
                self.copy(member, record);
            }
        }
    }
}
