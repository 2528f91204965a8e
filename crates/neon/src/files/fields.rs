//! The members of one record, and how they become what the file says.

use domain::{
    Activity, CUSTOM_FIELDS_BYTES_MAX, CUSTOM_FIELDS_MAX, CustomField, Imported, Member, Members,
    Note, Provenance, Stamp, StatusId, StatusName,
};

use super::ignored::Ignored;
use super::object;
use super::problem::{Fault, Place, Problems};
use super::value::{self, Form, Kind};

/// The members by the names that files use: the columns of a table, in the order of the record.
pub(super) const NAMES: [&str; 17] = [
    "createdDateTime",
    "createdBy",
    "lastModifiedDateTime",
    "lastModifiedBy",
    "activityId",
    "subject",
    "note",
    "startDateTime",
    "endDateTime",
    "clientId",
    "systemUserId",
    "activityStatus.id",
    "activityStatus.name",
    "activityPriority",
    "customFieldDataList",
    "deletedDateTime",
    "activityStatus",
];

/// A member: its place in [`NAMES`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Created,
    CreatedBy,
    Modified,
    ModifiedBy,
    Id,
    Subject,
    Note,
    Start,
    End,
    Client,
    SystemUser,
    StatusId,
    StatusName,
    Priority,
    CustomFields,
    Deleted,
    /// In JSON the object of id and name; in a table another word for the name.
    Status,
}

impl Column {
    /// What a record cannot be without.
    pub(super) const REQUIRED: [usize; 6] = [
        Column::Id as usize,
        Column::Subject as usize,
        Column::Start as usize,
        Column::StatusId as usize,
        Column::StatusName as usize,
        Column::Priority as usize,
    ];

    /// What a record can be without: where the file has nothing of it, the record keeps what it has.
    const OPTIONAL: [(Column, Member); 6] = [
        (Column::ModifiedBy, Member::ModifiedBy),
        (Column::Note, Member::Note),
        (Column::End, Member::End),
        (Column::Client, Member::Client),
        (Column::SystemUser, Member::SystemUser),
        (Column::CustomFields, Member::CustomFields),
    ];

    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

/// The members of one record as the file has them.
pub(super) struct Fields<'f, 'a> {
    pub(super) form: Form,
    /// Where in the file all this stands.
    pub(super) place: Place<'a>,
    /// The whole record.
    pub(super) whole: &'a str,
    /// The members, by [`Column`].
    pub(super) values: [Option<&'a str>; NAMES.len()],
    pub(super) problems: &'f mut Problems,
    /// Takes the names of members that are not kept.
    pub(super) ignored: &'f mut Ignored,
}

impl<'a> Fields<'_, 'a> {
    /// What the record says. Every problem of it is noted; nothing is returned where the problem is
    /// with a member that a record cannot be without.
    pub(super) fn read(mut self, now: Stamp) -> Option<Imported> {
        match self.given(Column::Deleted) {
            Some(_) => self.removed(),
            None => self.record(now),
        }
    }

    fn removed(&mut self) -> Option<Imported> {
        let id = self.required(Column::Id, &value::ID);
        let at = self.optional(Column::Deleted, &value::MOMENT).map(|at| at.stamp);
        Some(Imported::Removed { id: id?, at })
    }

    fn record(&mut self, now: Stamp) -> Option<Imported> {
        // All members are read before the first that is missing ends it: every problem is told.
        let created = self.optional(Column::Created, &value::MOMENT);
        let created_by = self.optional(Column::CreatedBy, &value::NAME);
        let modified = self.optional(Column::Modified, &value::MOMENT);
        let modified_by = self.optional(Column::ModifiedBy, &value::NAME);
        let id = self.required(Column::Id, &value::ID);
        let subject = self.required(Column::Subject, &value::SUBJECT);
        let note = self.optional(Column::Note, &value::NOTE);
        let start = self.required(Column::Start, &value::MOMENT);
        let end = self.optional(Column::End, &value::MOMENT);
        let client = self.optional(Column::Client, &value::CLIENT).flatten();
        let system_user = self.optional(Column::SystemUser, &value::USER).flatten();
        let status = self.status();
        let priority = self.required(Column::Priority, &value::PRIORITY);
        let custom_fields = self.custom_fields();

        let (status, status_name) = status?;
        let stamp = modified.map(|at| at.stamp);
        let activity = Activity {
            created: created.map_or_else(|| stamp.map_or(now, |at| at.min(now)), |at| at.stamp),
            created_by,
            modified_by,
            subject: subject?,
            note: note.unwrap_or_else(Note::empty),
            start: start?,
            end,
            client,
            system_user,
            status,
            status_name,
            priority: priority?,
            custom_fields,
            provenance: Provenance::default(),
        };
        Some(Imported::Record { id: id?, stamp, named: self.named(), activity: Box::new(activity) })
    }

    /// What the file says something of, be it that there is none: an empty cell, or `null`.
    fn named(&self) -> Members {
        let named = |(column, _): &(Column, Member)| self.values[*column as usize].is_some();
        Column::OPTIONAL.into_iter().filter(named).map(|(_, member)| member).collect()
    }

    /// The status. JSON has it as an object, whose members take their places among the others.
    fn status(&mut self) -> Option<(StatusId, StatusName)> {
        if let Some(status) = self.given(Column::Status) {
            let (member, expected) = (Column::Status.name(), "an object with id and name");
            let [id, name] = self.object(status, member, &["id", "name"], expected)?;
            self.values[Column::StatusId as usize] = id;
            self.values[Column::StatusName as usize] = name;
        }
        let id = self.required(Column::StatusId, &value::STATUS_ID);
        let name = self.required(Column::StatusName, &value::STATUS_NAME);
        Some((id?, name?))
    }

    fn custom_fields(&mut self) -> Vec<CustomField> {
        let Some(list) = self.given(Column::CustomFields) else { return Vec::new() };
        let member = Column::CustomFields.name();
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
            let member = Column::CustomFields.name();
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
    fn given(&self, column: Column) -> Option<&'a str> {
        let value = self.values[column as usize]?;
        let empty = match self.form {
            Form::Json => object::is_empty(value),
            Form::Cell => value.is_empty(),
        };
        (!empty).then_some(value)
    }

    fn optional<T>(&mut self, column: Column, kind: &Kind<T>) -> Option<T> {
        let value = self.given(column)?;
        self.parse(column.name(), self.form, value, kind)
    }

    fn required<T>(&mut self, column: Column, kind: &Kind<T>) -> Option<T> {
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

    fn note(&mut self, at: &'a str, fault: Fault) {
        self.problems.add(|| self.place.line_of(at), fault);
    }
}
