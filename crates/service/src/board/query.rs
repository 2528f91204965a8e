//! The board's queries and answers.

use std::sync::Arc;

use domain::{ClientId, Priority, Seq, Stamp, StatusId, UserId, Version};

use crate::log::query::Direction;

/// Which activities: those that meet every condition. The default has none, and means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words, the last one perhaps only begun. Each is in subject or note, in the name of the account or
    /// of the user, or is the number of the activity or the account. Letters are compared as
    /// [`store::fold`] has them. Empty means any; a text without words finds nothing.
    pub words: String,
    /// One of these statuses; empty means any.
    pub statuses: Vec<StatusId>,
    /// This priority.
    pub priority: Option<Priority>,
    /// This user's.
    pub system_user: Option<UserId>,
    /// Assigned to no one.
    pub unassigned: bool,
    /// About one of these accounts; none of them means no activity.
    pub clients: Option<Vec<ClientId>>,
    /// Beginning at or after this instant.
    pub start_from: Option<Stamp>,
    /// Beginning at or before this instant.
    pub start_to: Option<Stamp>,
    /// With an end, at or after this instant.
    pub end_from: Option<Stamp>,
    /// With an end before this instant, or without one.
    pub over_before: Option<Stamp>,
    /// Last changed at or after this instant.
    pub changed_from: Option<Stamp>,
    /// Last changed at or before this instant.
    pub changed_to: Option<Stamp>,
}

/// What a list can be sorted by. The last key is always the id, in the same direction; an activity
/// without a value comes last whichever the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// By number.
    Id,
    /// By what it is about, as people sort: see [`place`](crate::base::alphabet::place()).
    Subject,
    /// By when it begins.
    Start,
    /// By when it ends.
    End,
    /// By the account's name, as people sort; accounts without a name follow by number.
    Client,
    /// By the user's name, as people sort; users without a name follow by number.
    SystemUser,
    /// By the place of the status among those to choose from.
    Status,
    /// Least urgent first.
    Priority,
    /// By the last change.
    Modified,
}

impl Column {
    /// All of them.
    pub const ALL: [Column; 9] = [
        Column::Id,
        Column::Subject,
        Column::Start,
        Column::End,
        Column::Client,
        Column::SystemUser,
        Column::Status,
        Column::Priority,
        Column::Modified,
    ];
}

/// A question for one page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Which activities.
    pub filter: Filter,
    /// In which order.
    pub by: Column,
    /// Which way.
    pub direction: Direction,
    /// The page, from 1. One behind the last is empty.
    pub page: u64,
    /// Records on a page, at least 1.
    pub page_size: u32,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The page's records.
    pub records: Vec<Arc<Version>>,
    /// Records on all pages, counted exactly.
    pub total: u64,
    /// Pages in all, at least 1.
    pub pages: u64,
    /// Everything up to here is taken into account, and nothing after it.
    pub as_of: Seq,
}
