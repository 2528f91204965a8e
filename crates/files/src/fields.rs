//! The members of one record, and how they become what the file says.

use domain::{
    Activity, ActivityId, CUSTOM_FIELDS_BYTES_MAX, CUSTOM_FIELDS_MAX, ClientId, CustomField,
    ExternalId, Imported, Member, Members, Moment, Precision, Priority, Stamp, StatusId,
    StatusName, Terms, Texts, UserId,
};

use super::cells::CellReading;
use super::column::{COLUMN_COUNT, Column};
use super::foreign::ForeignRow;
use super::ignored::Ignored;
use super::object;
use super::problem::{Fault, Place, Problems};
use super::value::{self, Form, Kind};

/// The members of one record as the file has them.
pub(super) struct Fields<'f, 'a> {
    pub(super) form: Form,
    /// Where in the file all this stands.
    pub(super) place: Place<'a>,
    /// The whole record.
    pub(super) whole: &'a str,
    /// The members, by [`Column`].
    pub(super) values: [Option<&'a str>; COLUMN_COUNT],
    /// Members that the record names, beyond those that have a column with something in it.
    pub(super) members: Members,
    /// Where it is a row of another system.
    pub(super) foreign: Option<ForeignRow<'f>>,
    /// What there is to know of cells, where these are some.
    pub(super) cells: Option<&'f mut CellReading<'f>>,
    pub(super) problems: &'f mut Problems,
    /// Takes the names of members that are not kept.
    pub(super) ignored: &'f mut Ignored,
}

impl<'a> Fields<'_, 'a> {
    /// What the record says. Every problem of it is noted; nothing is returned where the problem is
    /// with a member that a record cannot be without.
    pub(super) fn read(mut self, now: Stamp) -> Option<Imported> {
        if self.is_footer() {
            return None;
        }
        if self.given(Column::Deleted).is_some() {
            return self.removed();
        }
        match self.flag(Column::IsDeleted) {
            Some(true) => self.foreign_removal(),
            _ => self.record(now),
        }
    }

    fn removed(&mut self) -> Option<Imported> {
        let id = self.required(Member::Id, &value::ID);
        let at = self.time(Column::Deleted).map(|(at, _)| at.stamp);
        Some(Imported::Removed { id: id?, at })
    }

    fn record(&mut self, now: Stamp) -> Option<Imported> {
        // All members are read before the first that is missing ends it: every problem is told.
        let created = self.time(Member::Created).map(|(moment, _)| moment);
        if created.is_some() {
            self.members.add(Member::Created);
        }
        let created_by = self.optional(Member::CreatedBy, &value::NAME);
        let modified = self.time(Member::Modified).map(|(moment, _)| moment);
        let modified_by = self.optional(Member::ModifiedBy, &value::NAME);
        let external_id = self.external_id();
        let id = self.id(external_id.as_ref());
        let mut activity = Activity::blank();
        let mut has_texts = true;
        for member in Member::texts() {
            has_texts &= self.text(member, &mut activity).is_some();
        }
        let start = self.start();
        let end = self.end(start);
        let (client, system_user) = match self.form {
            Form::Json => self.numbers(),
            Form::Cell => (self.cell_account(), self.cell_user()),
        };
        let status = self.status(id.flatten(), modified.map(|at| at.stamp));
        let priority = self.priority();
        let custom_fields = self.custom_fields();

        let (status, status_name) = status?;
        let (start, start_precision) = start?;
        let stamp = modified.map(|at| at.stamp);
        if !has_texts {
            return None;
        }
        let activity = Activity {
            created: created.map_or_else(|| stamp.map_or(now, |at| at.min(now)), |at| at.stamp),
            created_by,
            modified_by,
            start,
            end: end.map(|(end, _)| end),
            client,
            system_user,
            status,
            status_name,
            priority: priority?,
            custom_fields,
            external_id,
            ..activity
        };
        let terms = match self.form {
            Form::Json => Terms::Exact,
            Form::Cell => Terms::Table {
                start: start_precision,
                end: end.map_or(Precision::EXACT, |(_, precision)| precision),
                texts: Texts { loses_tabs: false, are_plain: self.is_plain() },
                start_may_be_end: end.is_none() && self.lacks_starts(),
            },
        };
        let (id, named, activity) = (id?, self.named(), Box::new(activity));
        let row = (self.form == Form::Cell).then_some(self.place.first_line);
        Some(Imported::Record { id, stamp, named, terms, row, activity })
    }

    /// Whether no column names a time zone, as those of the files that are made for spreadsheets do.
    fn is_plain(&self) -> bool {
        self.cells.as_ref().is_some_and(|cells| cells.zones.iter().all(Option::is_none))
    }

    /// Account and person. JSON has them by their numbers alone.
    fn numbers(&mut self) -> (Option<ClientId>, Option<UserId>) {
        for column in [Column::AccountName, Column::SystemUserName] {
            if self.given(column).is_some() {
                self.ignored.add(column.name());
            }
        }
        let client = self.optional(Member::Client, &value::CLIENT).flatten();
        (client, self.optional(Member::SystemUser, &value::USER).flatten())
    }

    /// The id; in a table, an activity without one is to get one, unless it is known by the id that it has in
    /// another system.
    fn id(&mut self, external_id: Option<&ExternalId>) -> Option<Option<ActivityId>> {
        if self.form == Form::Cell
            && self.given(Member::Id).is_none_or(|cell| cell.trim().is_empty())
        {
            let known = external_id.map_or(Some(None), |id| self.known_activity(id))?;
            if let Some(foreign) = &mut self.foreign {
                foreign.is_new = known.is_none();
            }
            return Some(known);
        }
        let id = self.required(Member::Id, &value::ID)?;
        match external_id.filter(|_| self.form == Form::Cell) {
            Some(external_id) => self.unless_of_another(id, external_id).map(Some),
            None => Some(Some(id)),
        }
    }

    fn start(&mut self) -> Option<(Moment, Precision)> {
        if self.foreign.is_some() {
            return self.foreign_start();
        }
        self.plain_start()
    }

    fn end(&mut self, start: Option<(Moment, Precision)>) -> Option<(Moment, Precision)> {
        match self.foreign {
            Some(_) => self.foreign_end(start),
            None => self.time(Member::End),
        }
    }

    fn priority(&mut self) -> Option<Priority> {
        if self.foreign.is_some() && self.given(Member::Priority).is_none() {
            return self.usual_priority();
        }
        self.unless_absent(Member::Priority, &value::PRIORITY, || Some(Priority::Normal))
    }

    pub(super) fn plain_start(&mut self) -> Option<(Moment, Precision)> {
        let column = Member::Start;
        if self.form == Form::Cell && self.values[column as usize].is_none() {
            return Some((Stamp::from_millis(0).at_offset(0), Precision::EXACT));
        }
        if self.given(column).is_none() {
            self.note(self.whole, Fault::Missing(column.name()));
        }
        self.time(column)
    }

    /// A time, and how exactly it is written.
    pub(super) fn time(&mut self, column: impl Into<Column>) -> Option<(Moment, Precision)> {
        let column = column.into();
        match self.form {
            Form::Json => Some((self.optional(column, &value::MOMENT)?, Precision::EXACT)),
            Form::Cell => self.cell_time(column),
        }
    }

    /// What a record cannot be without. A table may have no such column: then it says nothing of it, and
    /// the value means nothing.
    fn unless_absent<T>(
        &mut self,
        column: impl Into<Column>,
        kind: &Kind<T>,
        meaningless: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let column = column.into();
        if self.form == Form::Cell && self.values[column.place()].is_none() {
            return meaningless();
        }
        self.required(column, kind)
    }

    /// Reads a text into the activity; none if it cannot be without one, and has none.
    fn text(&mut self, member: Member, activity: &mut Activity) -> Option<()> {
        let Some(value) = self.given(member) else {
            let is_said = self.form == Form::Json || self.values[member as usize].is_some();
            if member.is_required() && is_said {
                self.note(self.whole, Fault::Missing(member.name()));
                return None;
            }
            return Some(());
        };
        let set = |text: &str| Ok(activity.set_text(member, text)?);
        let read = value::read(member.name(), "text", self.form, value, set);
        let is_read = read.map_err(|fault| self.note(value, fault)).is_ok();
        (is_read || !member.is_required()).then_some(())
    }

    /// What the file says something of, be it that there is none: an empty cell, or `null`.
    fn named(&self) -> Members {
        let mut members = self.members;
        for (at, _) in self.values.iter().enumerate().filter(|(_, value)| value.is_some()) {
            Column::at(at).and_then(Column::about).into_iter().for_each(|m| members.add(m));
        }
        members
    }

    /// The status. JSON has it as an object, whose members take their places among the others. In a table, it counts
    /// which activity the row is of, and from which of its versions.
    fn status(
        &mut self,
        of: Option<ActivityId>,
        at: Option<Stamp>,
    ) -> Option<(StatusId, StatusName)> {
        if self.form == Form::Cell {
            return self.cell_status(of, at);
        }
        if let Some(status) = self.given(Column::Status) {
            let (member, expected) = (Column::Status.name(), "an object with id and name");
            let [id, name] = self.object(status, member, &["id", "name"], expected)?;
            self.values[Member::StatusId as usize] = id;
            self.values[Member::StatusName as usize] = name;
        }
        let id = self.required(Member::StatusId, &value::STATUS_ID);
        let name = self.required(Member::StatusName, &value::STATUS_NAME);
        [Member::StatusId, Member::StatusName].into_iter().for_each(|m| self.members.add(m));
        Some((id?, name?))
    }

    fn custom_fields(&mut self) -> Vec<CustomField> {
        let Some(list) = self.given(Member::CustomFields) else { return Vec::new() };
        let member = Member::CustomFields.name();
        let expected = r#"JSON like {"customFieldData":[{"fieldId":"1","fieldValue":"blue"}]}"#;
        let found = if list.trim_start().starts_with('{') {
            self.object(list, member, &["customFieldData"], expected).and_then(|[found]| found)
        } else {
            Some(list)
        };
        let Ok(elements) = object::elements(found.unwrap_or("null").trim()) else {
            self.refuse(member, list, expected);
            return Vec::new();
        };
        let read = elements.into_iter().filter_map(|element| self.custom_field(element));
        let fields: Vec<CustomField> = read.collect();
        self.bound(list, "values", fields.len(), CUSTOM_FIELDS_MAX);
        let bytes = fields.iter().map(CustomField::bytes).sum();
        self.bound(list, "bytes of text", bytes, CUSTOM_FIELDS_BYTES_MAX);
        fields
    }

    /// What the API would not take is not imported either.
    fn bound(&mut self, list: &'a str, what: &'static str, has: usize, max: usize) {
        if has > max {
            let member = Member::CustomFields.name();
            self.note(list, Fault::TooMany { member, what, has, max });
        }
    }

    fn custom_field(&mut self, element: &'a str) -> Option<CustomField> {
        const NAMES: [&str; 3] = ["fieldId", "fieldValue", "fieldOptionId"];
        let expected = "an object with fieldId, fieldValue and fieldOptionId";
        let [id, value, option] = self.object(element, "customFieldData", &NAMES, expected)?;
        // An empty value of a custom field is a value.
        let mut read = |name, value: Option<&'a str>, kind| {
            self.parse(name, Form::Json, value.filter(|&value| value != "null")?, kind)
        };
        let value = read(NAMES[1], value, &value::FIELD_VALUE);
        let option_id = read(NAMES[2], option, &value::FIELD_ID);
        let is_blank = |id: &str| Form::Json.text(id).is_some_and(|id| id.trim().is_empty());
        let field_id = id.filter(|id| !object::is_empty(id) && !is_blank(id));
        if field_id.is_none() {
            self.note(element, Fault::Missing(NAMES[0]));
        }
        let field_id = self.parse(NAMES[0], Form::Json, field_id?, &value::FIELD_ID);
        Some(CustomField { field_id: field_id?, value, option_id })
    }

    /// Takes an object within the record apart.
    fn object<const N: usize>(
        &mut self,
        object: &'a str,
        member: &'static str,
        names: &'static [&'static str; N],
        expected: &'static str,
    ) -> Option<[Option<&'a str>; N]> {
        let ignored = &mut *self.ignored;
        let mut other = |name: &str, _: &str| ignored.add(&format!("{member}.{name}"));
        match object::members(object, names, &mut other) {
            Ok(members) => Some(members),
            Err(error) => {
                self.note(object, Fault::object(member, object, &error, expected));
                None
            }
        }
    }

    /// A member's value, where the file gives one: empty is as good as absent.
    pub(super) fn given(&self, column: impl Into<Column>) -> Option<&'a str> {
        let value = self.values[column.into().place()]?;
        let empty = match self.form {
            Form::Json => object::is_empty(value),
            Form::Cell => value.is_empty(),
        };
        (!empty).then_some(value)
    }

    pub(super) fn optional<T>(&mut self, column: impl Into<Column>, kind: &Kind<T>) -> Option<T> {
        let column = column.into();
        let value = self.given(column)?;
        self.parse(column.name(), self.form, value, kind)
    }

    pub(super) fn required<T>(&mut self, column: impl Into<Column>, kind: &Kind<T>) -> Option<T> {
        let column = column.into();
        if self.given(column).is_none() {
            self.note(self.whole, Fault::Missing(column.name()));
        }
        self.optional(column, kind)
    }

    fn parse<T>(
        &mut self,
        member: &'static str,
        form: Form,
        value: &'a str,
        kind: &Kind<T>,
    ) -> Option<T> {
        kind.read(member, form, value).map_err(|fault| self.note(value, fault)).ok()
    }

    fn refuse(&mut self, member: &'static str, value: &'a str, expected: &'static str) {
        self.note(value, Fault::value(member, value, expected));
    }

    pub(super) fn note(&mut self, at: &'a str, fault: Fault) {
        self.problems.add(|| self.place.line_of(at), fault);
    }
}
