//! What only cells of a table can say: names in place of numbers, times without an offset.

use domain::{
    ActivityId, ClientId, Lookup, Member, Moment, Names, Precision, Stamp, StatusId, StatusName,
    UserId, Zone, folded, is_same_number,
};

use super::Unsaid;
use super::column::Column;
use super::fields::Fields;
use super::problem::{Fault, shown};
use super::times::{self, Dates, NoTime, Of};
use super::value::{self, Kind};

/// What there is to know to read the cells of a row.
pub(super) struct CellReading<'f> {
    pub(super) zone: &'f Zone,
    /// Another zone of times that have no zone, but for dates: some systems write their times in UTC.
    pub(super) stored_zone: Option<Zone>,
    pub(super) dates: Option<Dates>,
    pub(super) names: &'f mut (dyn Names + 'static),
    /// The zones that the header names.
    pub(super) zones: &'f [Option<Zone>],
    /// Counts times that occur twice.
    pub(super) twice: &'f mut u64,
    /// Rows whose name of an account or person is not known, beside a number that has another name.
    pub(super) names_ignored: &'f mut u64,
    pub(super) unsaid: &'f mut Unsaid,
}

/// A column of numbers, and the column of names for them.
struct Pair {
    id: Member,
    name: Column,
}

const ACCOUNT: Pair = Pair { id: Member::Client, name: Column::AccountName };
const USER: Pair = Pair { id: Member::SystemUser, name: Column::SystemUserName };

impl<'a> Fields<'_, 'a> {
    /// A time in a cell, and how exactly it is written.
    pub(super) fn cell_time(&mut self, column: Column) -> Option<(Moment, Precision)> {
        let cell = self.given(column)?;
        let cells = self.cells.as_deref_mut()?;
        let of_column = cells.zones.get(column.place()).and_then(Option::as_ref);
        let of_file = cells.stored_zone.as_ref().filter(|_| !Column::is_date(column));
        let is_open = of_column.or(of_file).is_none();
        cells.unsaid.zone |= is_open && !cells.unsaid.zone && times::is_local(cell);
        let zone = of_column.or(of_file).unwrap_or(cells.zone);
        let of = of_column.map_or(Of::Table(zone), Of::Column);
        let (member, value) = (column.name(), shown(cell));
        let fault = match times::read(cell, of, cells.dates) {
            Ok((moment, precision)) => {
                *cells.twice += u64::from(precision.or_later_ms > 0);
                return Some((moment, precision));
            }
            Err(NoTime::Beyond) => Fault::Beyond { member, value },
            Err(NoTime::UnclearDate) => {
                cells.unsaid.dates = true;
                Fault::UnclearDate { member, value }
            }
            Err(NoTime::OtherOffset) => {
                Fault::OtherOffset { member, value, zone: zone.to_string() }
            }
            Err(NoTime::Skipped) => Fault::Skipped { member, value, zone: zone.to_string() },
            Err(NoTime::Unexpected) => {
                let expected =
                    "a time like 2026-11-30 09:00, 30.11.2026 09:00 or 11/30/2026 9:00 AM";
                Fault::value(member, &format!("{cell:?}"), expected)
            }
        };
        self.note(cell, fault);
        None
    }

    /// The account, by its number, its name, or both.
    pub(super) fn cell_account(&mut self) -> Option<ClientId> {
        self.leave_out_several(Column::AccountName);
        let id = self.numbered(Member::Client, &value::CLIENT)?;
        let by_name = |names: &mut dyn Names, name: &str| names.account(name).map(|id| id.0);
        let name_of = |names: &dyn Names, id: i64| names.name_of_account(ClientId(id));
        let meet = |names: &mut dyn Names, id: i64| names.meet_number_of_account(ClientId(id));
        self.named_or_numbered(&ACCOUNT, id.map(|id| id.0), by_name, name_of, meet).map(ClientId)
    }

    /// The responsible person, by number, name, or both.
    pub(super) fn cell_user(&mut self) -> Option<UserId> {
        self.leave_out_several(Column::SystemUserName);
        let id = self.numbered(Member::SystemUser, &value::USER)?;
        let by_name = |names: &mut dyn Names, name: &str| names.user(name).map(|id| id.0);
        let name_of = |names: &dyn Names, id: i64| names.name_of_user(UserId(id));
        let meet = |names: &mut dyn Names, id: i64| names.meet_number_of_user(UserId(id));
        let id = self.named_or_numbered(&USER, id.map(|id| id.0), by_name, name_of, meet);
        let id = id.map(UserId)?;
        let name = self.given(Column::SystemUserName);
        if let (Some(cells), Some(name)) = (&mut self.cells, name) {
            cells.names.meet_user(id, Some(name));
        }
        Some(id)
    }

    /// The number in a cell, if there is one; none where what stands there is no number, which is told.
    fn numbered<T>(&mut self, column: Member, kind: &Kind<Option<T>>) -> Option<Option<T>> {
        if self.given(column).is_none_or(|cell| cell.trim().is_empty()) {
            return Some(None);
        }
        self.optional(column, kind)
    }

    fn named_or_numbered(
        &mut self,
        pair: &Pair,
        id: Option<i64>,
        by_name: impl Fn(&mut dyn Names, &str) -> Lookup<i64>,
        name_of: impl Fn(&dyn Names, i64) -> Option<String>,
        meet: impl Fn(&mut dyn Names, i64) -> Option<String>,
    ) -> Option<i64> {
        let Some(cell) = self.given(pair.name).filter(|cell| !cell.trim().is_empty()) else {
            let new = meet(&mut *self.cells.as_deref_mut()?.names, id?);
            if let (Some(name), Some(id)) = (new, id) {
                self.note(self.whole, Fault::NumberOfNew { member: pair.id.name(), id, name });
            }
            return id;
        };
        let names = &mut *self.cells.as_deref_mut()?.names;
        let (member, name) = (pair.name.name(), shown(cell));
        let Some(id) = id else {
            let fault = match by_name(names, cell) {
                Lookup::Found(id) => return Some(id),
                Lookup::Unknown => Fault::UnknownName { member, name },
                Lookup::Several => Fault::AmbiguousName { member, name },
            };
            self.note(cell, fault);
            return None;
        };
        let name_of_id = name_of(names, id).filter(|known| folded(known) != folded(cell));
        match (name_of_id, by_name(names, cell)) {
            (Some(name_of_id), Lookup::Found(_)) => {
                let (id_member, name_member) = (pair.id.name(), member);
                self.note(cell, Fault::Disagree { id_member, id, name_of_id, name_member, name });
            }
            // No reason to doubt the number: it may be an old name. But it may have been typed, too.
            (Some(_), Lookup::Unknown | Lookup::Several) => {
                *self.cells.as_deref_mut()?.names_ignored += 1;
            }
            (None, _) => {}
        }
        Some(id)
    }

    /// The status, by its number, its name, or both; members that the row names are added. Where it says
    /// both, and they are not of one status, the import finds out which of them somebody has changed.
    pub(super) fn cell_status(
        &mut self,
        of: Option<ActivityId>,
        at: Option<Stamp>,
    ) -> Option<(StatusId, StatusName)> {
        if let Some(status) = self.foreign_status() {
            return status;
        }
        let columns = [Member::StatusId, Member::StatusName];
        if columns.iter().all(|column| self.values[*column as usize].is_none()) {
            return nameless_status(StatusId(0));
        }
        if columns.iter().all(|column| self.given(*column).is_none()) {
            self.note(self.whole, Fault::Missing(Member::StatusName.name()));
            return None;
        }
        let has_id = self.given(Member::StatusId).is_some();
        let id = self.optional(Member::StatusId, &value::STATUS_ID);
        let name = self.optional(Member::StatusName, &value::STATUS_NAME);
        if has_id != id.is_some() || self.given(Member::StatusName).is_some() != name.is_some() {
            return None;
        }
        let names = &*self.cells.as_deref()?.names;
        let known = id.filter(|id| names.has_status(*id) || (names.is_new() && name.is_some()));
        // From a name that a program has taken for a number, nothing can be learned.
        let name_of_id = known.and_then(|id| names.name_of_status(id)).unwrap_or_default();
        let name = name.filter(|name| {
            names.has_status_named(name.as_str()) || !is_same_number(&name_of_id, name.as_str())
        });
        let is_edited = match (known, &name) {
            (Some(id), Some(name)) => self.is_status_edited(id, name, of, at)?,
            _ => false,
        };
        if let Some(id) = known.filter(|_| !is_edited) {
            self.members.add(Member::StatusId);
            let Some(name) = name else { return nameless_status(id) };
            self.members.add(Member::StatusName);
            return Some((id, name));
        }
        let names = &mut *self.cells.as_deref_mut()?.names;
        let found = name.as_ref().and_then(|name| names.status(name));
        self.members.add(Member::StatusName);
        match (found, name, id) {
            (Some(found), Some(name), _) => Some((found, name)),
            (_, Some(name), _) => {
                let cell = self.given(Member::StatusName).unwrap_or(self.whole);
                let (member, name) = (Member::StatusName.name(), name.to_string());
                self.note(cell, Fault::UnknownName { member, name });
                None
            }
            (_, None, id) => {
                let cell = self.given(Member::StatusId).unwrap_or(self.whole);
                self.note(cell, Fault::NamelessStatus { id: id? });
                None
            }
        }
    }

    /// Whether somebody has put a name that no status has where the name of this one was. A name that the activity
    /// had then is none: its status has been renamed since. None where nobody can say what is meant, which is told.
    fn is_status_edited(
        &mut self,
        id: StatusId,
        name: &StatusName,
        of: Option<ActivityId>,
        at: Option<Stamp>,
    ) -> Option<bool> {
        let names = &*self.cells.as_deref()?.names;
        if names.takes_status_names() || names.has_status_named(name.as_str()) {
            return Some(false);
        }
        let had = match of.map_or(Ok(None), |of| names.status_of(of, at)) {
            Ok(had) => had,
            Err(e) => {
                self.note(self.whole, Fault::Unavailable(e));
                return None;
            }
        };
        let name_of_id = names.name_of_status(id).unwrap_or_default();
        match had {
            Some((_, had)) if folded(had.as_str()) == folded(name.as_str()) => return Some(false),
            Some((had, _)) if had == id => return Some(true),
            _ => {}
        }
        let [id_member, name_member] = [Member::StatusId, Member::StatusName].map(Member::name);
        let (id, name) = (id.0, name.to_string());
        let cell = self.given(Member::StatusName).unwrap_or(self.whole);
        self.note(cell, Fault::Disagree { id_member, id, name_of_id, name_member, name });
        None
    }
}

/// A status whose name the file does not say.
pub(super) fn nameless_status(id: StatusId) -> Option<(StatusId, StatusName)> {
    Some((id, StatusName::parse("-").ok()?))
}
