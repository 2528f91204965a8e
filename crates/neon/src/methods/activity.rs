//! The members of an activity as parameters: `activity.subject` and so on.

use domain::{
    CUSTOM_FIELDS_MAX, ClientId, CustomFieldPatch, Moment, NAME_CHARS_MAX, NOTE_CHARS_MAX, Note,
    Priority, StatusId, StatusName, StatusRef, Subject, TextError, UserId,
};

use crate::errors::ApiError;
use crate::params::Params;
use crate::values;

const CUSTOM_FIELDS: &str = "activity.customFieldDataList.customFieldData";

/// A member that came with a request: not named, named with nothing in it, or with a value.
pub(super) enum Sent<T> {
    Absent,
    Empty,
    Value(T),
}

impl<T> Sent<T> {
    /// The value of a member that a new activity must have.
    pub(super) fn required(self, missing: ApiError) -> Result<T, ApiError> {
        match self {
            Sent::Value(value) => Ok(value),
            Sent::Absent | Sent::Empty => Err(missing),
        }
    }

    /// The value of a member that an edit may leave out but not empty.
    pub(super) fn kept(self, missing: ApiError) -> Result<Option<T>, ApiError> {
        match self {
            Sent::Value(value) => Ok(Some(value)),
            Sent::Absent => Ok(None),
            Sent::Empty => Err(missing),
        }
    }

    /// The value of a member that an edit may empty.
    pub(super) fn presence(self) -> domain::Presence<T> {
        match self {
            Sent::Value(value) => domain::Presence::Set(value),
            Sent::Absent => domain::Presence::Keep,
            Sent::Empty => domain::Presence::Clear,
        }
    }

    /// The value of a member that a new activity may have.
    pub(super) fn value(self) -> Option<T> {
        match self {
            Sent::Value(value) => Some(value),
            Sent::Absent | Sent::Empty => None,
        }
    }
}

/// Looks at a parameter and parses what is in it.
fn sent<T>(
    params: &Params<'_>,
    name: &'static str,
    parse: impl FnOnce(&str) -> Result<T, ApiError>,
) -> Result<Sent<T>, ApiError> {
    match params.value(name) {
        Some(text) => parse(text).map(Sent::Value),
        None if params.is_named(name) => Ok(Sent::Empty),
        None => Ok(Sent::Absent),
    }
}

fn unusable(name: &str, text: &str, error: &TextError) -> ApiError {
    ApiError::malformed(name, text, &format!("a valid text: it {error}"))
}

pub(super) fn subject(params: &Params<'_>) -> Result<Sent<Subject>, ApiError> {
    let name = "activity.subject";
    match params.text(name)? {
        None => Ok(Sent::Absent),
        Some(text) => match Subject::parse(text) {
            Ok(subject) => Ok(Sent::Value(subject)),
            Err(TextError::Empty) => Ok(Sent::Empty),
            Err(error) => Err(unusable(name, text, &error)),
        },
    }
}

pub(super) fn note(params: &Params<'_>) -> Result<Option<Note>, ApiError> {
    let name = "activity.note";
    let note = |text| Note::parse(text).map_err(|error| unusable(name, text, &error));
    params.text(name)?.map(note).transpose()
}

fn moment(params: &Params<'_>, name: &'static str) -> Result<Sent<Moment>, ApiError> {
    sent(params, name, |text| values::moment(name, text))
}

pub(super) fn start(params: &Params<'_>) -> Result<Sent<Moment>, ApiError> {
    moment(params, "activity.startDateTime")
}

pub(super) fn end(params: &Params<'_>) -> Result<Sent<Moment>, ApiError> {
    moment(params, "activity.endDateTime")
}

pub(super) fn client(params: &Params<'_>) -> Result<Sent<ClientId>, ApiError> {
    let name = "activity.clientId";
    sent(params, name, |text| values::positive(name, text).map(ClientId))
}

pub(super) fn system_user(params: &Params<'_>) -> Result<Sent<UserId>, ApiError> {
    let name = "activity.systemUserId";
    sent(params, name, |text| values::positive(name, text).map(UserId))
}

pub(super) fn priority(params: &Params<'_>) -> Result<Sent<Priority>, ApiError> {
    let name = "activity.activityPriority";
    let expected = "High, Normal or Low";
    sent(params, name, |text| {
        Priority::parse(text).ok_or_else(|| ApiError::malformed(name, text, expected))
    })
}

/// The id wins over the name: the samples of the vendor's own pages disagree.
pub(super) fn status(params: &Params<'_>) -> Result<Sent<StatusRef>, ApiError> {
    let (by_id, by_name) = ("activity.activityStatus.id", "activity.activityStatus.name");
    let id = sent(params, by_id, |text| values::whole(by_id, text).map(StatusId))?;
    if let Sent::Value(id) = id {
        return Ok(Sent::Value(StatusRef::Id(id)));
    }
    let name = sent(params, by_name, |text| {
        StatusName::parse(text).map_err(|error| unusable(by_name, text, &error))
    })?;
    Ok(match (id, name) {
        (_, Sent::Value(name)) => Sent::Value(StatusRef::Name(name)),
        (Sent::Absent, Sent::Absent) => Sent::Absent,
        _ => Sent::Empty,
    })
}

/// Fields without anything in them are what forms with unused rows send; they say nothing.
pub(super) fn custom_fields(params: &Params<'_>) -> Result<Vec<CustomFieldPatch>, ApiError> {
    let mut fields = Vec::new();
    let groups = params.groups(CUSTOM_FIELDS)?;
    if groups.len() > CUSTOM_FIELDS_MAX {
        let (came, most) =
            (groups.len().to_string(), format!("at most {CUSTOM_FIELDS_MAX} of them"));
        return Err(ApiError::malformed(CUSTOM_FIELDS, &came, &most));
    }
    for group in groups {
        let given = |member| group.value(member).filter(|value| !value.trim().is_empty());
        let Some(field_id) = given("fieldid") else {
            if let Some(lost) = given("fieldvalue").or(given("fieldoptionid")) {
                return Err(ApiError::malformed(CUSTOM_FIELDS, lost, "a fieldId with it"));
            }
            continue;
        };
        // As files may have them: what is kept can be exported and imported.
        for id in [Some(field_id), given("fieldoptionid")].into_iter().flatten() {
            custom_text(id, NAME_CHARS_MAX)?;
        }
        given("fieldvalue").map(|value| custom_text(value, NOTE_CHARS_MAX)).transpose()?;
        fields.push(CustomFieldPatch {
            field_id: field_id.trim().to_owned(),
            value: given("fieldvalue").map(str::to_owned),
            option_id: given("fieldoptionid").map(|id| id.trim().to_owned()),
        });
    }
    Ok(fields)
}

fn custom_text(text: &str, chars_max: usize) -> Result<(), ApiError> {
    let chars = text.chars().count();
    let checked = match Note::parse(text) {
        Ok(_) if chars > chars_max => Err(TextError::TooLong { chars, max: chars_max }),
        checked => checked.map(|_| ()),
    };
    checked.map_err(|error| unusable(CUSTOM_FIELDS, text, &error))
}

/// Collects what is wrong with several members, so that one answer names all of it.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<ApiError>);

impl Problems {
    /// The value; none, and the problem noted, where there is one.
    pub(super) fn take<T>(&mut self, value: Result<T, ApiError>) -> Option<T> {
        value.map_err(|problem| self.0.push(problem)).ok()
    }
}
