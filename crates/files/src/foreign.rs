//! Rows of other systems: what they say in other columns than we have, and what they do not say.

use domain::{
    ActivityId, ExternalId, Imported, Member, Moment, Precision, Priority, StatusId, StatusName,
};

use super::cells::nameless_status;
use super::column::Column;
use super::external_ids::System;
use super::fields::Fields;
use super::layouts::Layout;
use super::other_system::OtherSystem;
use super::problem::{Fault, shown};
use super::value;

/// What there is to know of a row of another system.
pub(super) struct ForeignRow<'f> {
    layout: &'static Layout,
    system: System,
    told: &'f mut OtherSystem,
    /// Whether the activity is not here.
    pub(super) is_new: bool,
    /// Whether it is an event that lasts all day.
    is_all_day: bool,
}

impl<'f> ForeignRow<'f> {
    /// None where the ids of the system are ours: then it says what we say.
    pub(super) fn of(layout: &'static Layout, told: &'f mut OtherSystem) -> Option<ForeignRow<'f>> {
        let system = layout.system?;
        Some(ForeignRow { layout, system, told, is_new: false, is_all_day: false })
    }

    pub(super) fn is_utc(&self) -> bool {
        self.told.is_utc
    }
}

/// Names of several accounts or people in one cell stand with this between them.
const BETWEEN_NAMES: char = ';';

const MINUTE_MS: u32 = 60_000;
const DAY_MS: u32 = 86_400_000;

impl Fields<'_, '_> {
    /// Takes note of something about the row.
    fn tell(&mut self, count: impl FnOnce(&mut OtherSystem) -> &mut u64) {
        if let Some(foreign) = &mut self.foreign {
            *count(foreign.told) += 1;
        }
    }

    /// Whether it is a line below the rows, which has nothing that every activity of such a table has.
    pub(super) fn is_footer(&mut self) -> bool {
        let has_footer = self.foreign.as_ref().is_some_and(|foreign| foreign.layout.has_footer);
        let is_none = |column| self.given(column).is_none();
        let columns = [Column::Due, Column::Member(Member::StatusName), Column::SystemUserName];
        let is_footer = has_footer && columns.into_iter().all(is_none);
        if is_footer {
            self.tell(|told| &mut told.footer);
        }
        is_footer
    }

    pub(super) fn flag(&mut self, column: Column) -> Option<bool> {
        self.optional(column, &value::FLAG)
    }

    /// The id that the activity has in another system.
    pub(super) fn external_id(&mut self) -> Option<ExternalId> {
        let is_own = self.given(Member::ExternalId).is_some();
        let (Some(foreign), Some(cell), false) =
            (&self.foreign, self.given(Column::ForeignId), is_own)
        else {
            return self.optional(Member::ExternalId, &value::EXTERNAL_ID);
        };
        let system = foreign.system;
        let id = system.read(cell);
        if id.is_none() {
            let value = format!("{:?}", shown(cell));
            self.note(cell, Fault::value(Column::ForeignId.name(), &value, system.expected()));
        }
        id
    }

    /// Which activity it is here; the outer option is none where that cannot be known, which is told.
    pub(super) fn known_activity(&mut self, id: &ExternalId) -> Option<Option<ActivityId>> {
        let cells = self.cells.as_deref()?;
        match cells.names.activity(id) {
            Ok(known) => Some(known),
            Err(e) => {
                self.note(self.whole, Fault::Unavailable(e));
                None
            }
        }
    }

    /// The id, unless another activity has the external one.
    pub(super) fn unless_of_another(
        &mut self,
        given: ActivityId,
        external_id: &ExternalId,
    ) -> Option<ActivityId> {
        match self.known_activity(external_id)? {
            Some(id) if id != given => {
                let external_id = external_id.to_string();
                self.note(self.whole, Fault::ExternalIdTaken { external_id, id, given });
                None
            }
            _ => Some(given),
        }
    }

    /// What the other system has deleted.
    pub(super) fn foreign_removal(&mut self) -> Option<Imported> {
        let Some(external_id) = self.external_id() else {
            if self.given(Column::ForeignId).is_none() {
                self.tell(|told| &mut told.deleted);
            }
            return None;
        };
        let known = self.known_activity(&external_id)?;
        if known.is_none() {
            self.tell(|told| &mut told.deleted);
        }
        known.map(|id| Imported::Removed { id, at: None })
    }

    /// The start: what the row has as such, or the day, or when it is due, or when it was created.
    /// One that is here keeps its start where that may be from a column that the file lacks.
    pub(super) fn foreign_start(&mut self) -> Option<(Moment, Precision)> {
        let is_all_day = self.flag(Column::IsAllDay) == Some(true);
        if let Some(foreign) = &mut self.foreign {
            foreign.is_all_day = is_all_day;
        }
        let is_given = |column| self.given(column).is_some();
        if self.start_may_be_elsewhere() {
            self.tell(|told| &mut told.start_kept);
            self.values[Member::Start as usize] = None;
            return self.plain_start();
        }
        let column = match () {
            () if is_all_day && is_given(Column::Day) => Column::Day,
            () if is_given(Column::Member(Member::Start)) => Column::Member(Member::Start),
            () if is_given(Column::Due) => Column::Due,
            () if is_given(Column::Day) => Column::Day,
            () if is_given(Column::Member(Member::Created)) => Column::Member(Member::Created),
            () => return self.plain_start(),
        };
        self.members.add(Member::Start);
        match column {
            Column::Due => self.tell(|told| &mut told.start_when_due),
            Column::Member(Member::Created) => self.tell(|told| &mut told.start_when_created),
            _ => {}
        }
        self.moment(column, is_all_day || column.is_date())
    }

    /// Whether an activity that is here may have its start from a column that this file lacks, of those that would
    /// count before the one that it would be taken from. Due dates count all the same, since some views of Dynamics
    /// have no start; those that are the end here change nothing.
    fn start_may_be_elsewhere(&self) -> bool {
        let Some(foreign) = self.foreign.as_ref().filter(|foreign| !foreign.is_new) else {
            return false;
        };
        let is_lacking =
            |column: &Column| self.values[column.place()].is_none() && foreign.layout.has(*column);
        const IN_ORDER: [Column; 4] = [
            Column::Member(Member::Start),
            Column::Due,
            Column::Day,
            Column::Member(Member::Created),
        ];
        let found = IN_ORDER.into_iter().position(|column| self.given(column).is_some());
        let before = found.map_or(&IN_ORDER[..0], |found| &IN_ORDER[..found]);
        before != [Column::Member(Member::Start)] && before.iter().any(is_lacking)
    }

    /// Whether the file lacks starts, which tables of its system can have.
    pub(super) fn lacks_starts(&self) -> bool {
        let can_have =
            self.foreign.as_ref().is_some_and(|f| f.layout.has(Column::Member(Member::Start)));
        can_have && self.values[Member::Start as usize].is_none()
    }

    /// The end: what the row has as such, or when it is due, or by how long it takes.
    pub(super) fn foreign_end(
        &mut self,
        start: Option<(Moment, Precision)>,
    ) -> Option<(Moment, Precision)> {
        // Whether the last day of an event that lasts all day is in its end or before it, nothing says.
        let is_all_day = self.foreign.as_ref().is_some_and(|foreign| foreign.is_all_day);
        if self.given(Member::End).is_some() && !is_all_day {
            return self.moment(Column::Member(Member::End), false);
        }
        if self.given(Member::Start).is_some() && self.given(Column::Due).is_some() {
            self.members.add(Member::End);
            return self.moment(Column::Due, true);
        }
        let minutes = self.optional(Column::DurationMinutes, &value::MINUTES);
        let millis = minutes.map(|minutes| minutes * i64::from(MINUTE_MS));
        let millis = millis.or_else(|| self.optional(Column::DurationMs, &value::MILLISECONDS))?;
        self.members.add(Member::End);
        let (start, precision) = start?;
        let end = self.after(start, millis)?;
        (millis > 0).then_some((end, precision))
    }

    /// So much later; whole days by the clock, since events that last all day end at midnight.
    fn after(&mut self, start: Moment, millis: i64) -> Option<Moment> {
        let days = millis % i64::from(DAY_MS) == 0;
        let cells = self.cells.as_deref()?;
        let end = start.stamp.plus_millis(millis);
        if !days {
            return Some(end.at_offset(start.offset_seconds));
        }
        let shift = cells.zone.at(end).offset_seconds - start.offset_seconds;
        let end = end.plus_millis(-i64::from(shift) * 1_000);
        Some(cells.zone.at(end))
    }

    /// A time. Of what may be a date alone, exactly the midnight at which it begins here, though a system writes
    /// it as midnight in UTC.
    fn moment(&mut self, column: Column, may_be_date: bool) -> Option<(Moment, Precision)> {
        let (mut moment, mut precision) = self.time(column)?;
        if may_be_date {
            precision.unit_ms = precision.unit_ms.min(MINUTE_MS);
            let is_utc = self.foreign.as_ref().is_some_and(|foreign| foreign.layout.is_utc);
            if is_utc && moment.stamp.millis().rem_euclid(i64::from(DAY_MS)) == 0 {
                let zone = self.cells.as_deref()?.zone;
                moment = zone.at(zone.instant_of(moment.stamp));
            }
        }
        Some((moment, precision))
    }

    /// Where the row says nothing of it, a new activity's is normal, and that of another stays.
    pub(super) fn usual_priority(&mut self) -> Option<Priority> {
        if self.foreign.as_ref().is_some_and(|foreign| foreign.is_new) {
            self.members.add(Member::Priority);
        }
        self.values[Member::Priority as usize] = None;
        Some(Priority::Normal)
    }

    /// Leaves out a cell that names several accounts or people, since an activity has one of each.
    pub(super) fn leave_out_several(&mut self, column: Column) {
        let has_several = |cell: &str| cell.contains(BETWEEN_NAMES);
        if self.foreign.is_some() && self.given(column).is_some_and(has_several) {
            self.values[column.place()] = None;
            self.tell(|told| &mut told.several_names);
        }
    }

    /// The status by what a row of another system has in place of one of ours; none where the row is to be
    /// read like all others.
    pub(super) fn foreign_status(&mut self) -> Option<Option<(StatusId, StatusName)>> {
        let is_new = self.foreign.as_ref()?.is_new;
        let names = &*self.cells.as_deref()?.names;
        let (name, state) = (self.given(Member::StatusName), self.given(Column::State));
        let is_known = |name: &str| names.has_status_named(name) || names.adds_statuses();
        if self.given(Member::StatusId).is_some() || name.is_some_and(is_known) {
            return None;
        }
        if let Some(state) = state {
            let is_done = is_done(state).filter(|_| !names.has_status_named(state));
            if let Some(is_done) = is_done.filter(|_| !(names.is_new() && name.is_none())) {
                return Some(self.status_by_state(is_done));
            }
            self.values[Member::StatusName as usize] = Some(state);
            return None;
        }
        if let Some(is_closed) = self.flag(Column::IsClosed) {
            return Some(self.status_by_state(is_closed));
        }
        if name.is_some() {
            return None;
        }
        if is_new {
            self.tell(|told| &mut told.without_status);
            return Some(self.usual_status(false));
        }
        self.values[Member::StatusName as usize] = None;
        Some(nameless_status(StatusId(0)))
    }

    fn status_by_state(&mut self, is_done: bool) -> Option<(StatusId, StatusName)> {
        self.tell(|told| &mut told.by_state);
        self.usual_status(is_done)
    }

    fn usual_status(&mut self, is_done: bool) -> Option<(StatusId, StatusName)> {
        let Some(status) = self.cells.as_deref()?.names.usual_status(is_done) else {
            self.note(self.whole, Fault::Missing(Member::StatusName.name()));
            return None;
        };
        self.members.add(Member::StatusId);
        self.members.add(Member::StatusName);
        Some(status)
    }
}

/// Whether what is in that state is done; none where that is not said.
fn is_done(state: &str) -> Option<bool> {
    const STATES: [(&str, bool); 3] = [("open", false), ("scheduled", false), ("completed", true)];
    let known = STATES.iter().find(|(name, _)| name.eq_ignore_ascii_case(state.trim()));
    known.map(|(_, is_done)| *is_done)
}
