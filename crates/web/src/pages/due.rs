//! What is to be done when: the sections of the start page, and a condition of the list.

use domain::StatusId;
use service::{Directory, Filter};

use crate::times::Clock;

/// The days after today that are looked ahead to.
const DAYS_AHEAD: i64 = 7;

/// When an activity that is not done is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It begins today.
    Today,
    /// It began on an earlier day, and its end is still to come.
    UnderWay,
    /// It began on an earlier day, and has no end that is still to come.
    Overdue,
    /// It begins within the seven days after today.
    Ahead,
}

impl Due {
    pub(crate) const ALL: [Due; 4] = [Due::Today, Due::UnderWay, Due::Overdue, Due::Ahead];

    /// Its name in addresses.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Due::Today => "today",
            Due::UnderWay => "underway",
            Due::Overdue => "overdue",
            Due::Ahead => "ahead",
        }
    }

    /// What people call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Due::Today => "Due today",
            Due::UnderWay => "Under way",
            Due::Overdue => "Overdue",
            Due::Ahead => "Next 7 days",
        }
    }

    /// The one of that name.
    pub(crate) fn parse(name: &str) -> Option<Due> {
        Due::ALL.into_iter().find(|due| due.name() == name)
    }

    /// Narrows a filter to what is due so by that clock, and not done. False where no status is left
    /// that it could have: then nothing is.
    pub(crate) fn narrow(self, filter: &mut Filter, clock: &Clock, directory: &Directory) -> bool {
        let last = |days_on| clock.day(days_on + 1).plus_millis(-1);
        let (from, to) = match self {
            Due::Today => (Some(clock.day(0)), last(0)),
            Due::UnderWay | Due::Overdue => (None, last(-1)),
            Due::Ahead => (Some(clock.day(1)), last(DAYS_AHEAD)),
        };
        // Bounds that are there already hold as well.
        filter.start_from = filter.start_from.max(from);
        filter.start_to = Some(filter.start_to.map_or(to, |before| before.min(to)));
        match self {
            Due::UnderWay => filter.end_from = Some(clock.now),
            Due::Overdue => filter.over_before = Some(clock.now),
            Due::Today | Due::Ahead => {}
        }
        let open = open_statuses(directory);
        let is_meant = |id: &StatusId| filter.statuses.is_empty() || filter.statuses.contains(id);
        filter.statuses = open.into_iter().filter(is_meant).collect();
        !filter.statuses.is_empty()
    }
}

/// The statuses of what is still to be done, retired ones included.
fn open_statuses(directory: &Directory) -> Vec<StatusId> {
    directory.statuses.values().filter(|status| !status.done).map(|status| status.id).collect()
}
