//! When activities are due: the sections of My day, and a condition of the list.

use domain::StatusId;
use service::{Directory, Filter};

use crate::times::Clock;

/// How many days after today count as ahead.
const DAYS_AHEAD: i64 = 7;

/// When an open activity is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// It starts today.
    Today,
    /// It started on an earlier day and has not ended yet.
    UnderWay,
    /// It started on an earlier day, and has ended or has no end.
    Overdue,
    /// It starts within the seven days after today.
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

    /// Its title on pages.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Due::Today => "Due today",
            Due::UnderWay => "Under way",
            Due::Overdue => "Overdue",
            Due::Ahead => "Next 7 days",
        }
    }

    /// The one with that name.
    pub(crate) fn parse(name: &str) -> Option<Due> {
        Due::ALL.into_iter().find(|due| due.name() == name)
    }

    /// Narrows a filter to open activities that are due then. False if no status is left that they could have, so
    /// that nothing matches.
    pub(crate) fn narrow(self, filter: &mut Filter, clock: &Clock, directory: &Directory) -> bool {
        let last = |days_on| clock.day(days_on + 1).plus_millis(-1);
        let (from, to) = match self {
            Due::Today => (Some(clock.day(0)), last(0)),
            Due::UnderWay | Due::Overdue => (None, last(-1)),
            Due::Ahead => (Some(clock.day(1)), last(DAYS_AHEAD)),
        };
        // Existing bounds stay in force.
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

/// The statuses of open activities, including retired ones.
fn open_statuses(directory: &Directory) -> Vec<StatusId> {
    directory.statuses.values().filter(|status| !status.done).map(|status| status.id).collect()
}
