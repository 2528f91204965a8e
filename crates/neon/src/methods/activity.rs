//! The members of an activity as parameters: `activity.subject` and so on.

use domain::{
    Activity, CUSTOM_FIELDS_MAX, ClientId, CustomFieldPatch, Member, Moment, NAME_CHARS_MAX,
    NOTE_CHARS_MAX, Note, Patch, Presence, Priority, StatusId, StatusName, StatusRef, TextError,
    UserId,
};

use crate::errors::ApiError;
use crate::params::Params;
use crate::values;

const CUSTOM_FIELDS: &str = "activity.customFieldDataList.customFieldData";

/// A member that came with a request: not named, named with nothing in it, or with a value.
enum Sent<T> {
    Absent,
    Empty,
    Value(T),
}

impl<T> Sent<T> {
    /// The value of a member that no activity is without.
    fn required(self, is_new: bool, missing: ApiError) -> Result<Option<T>, ApiError> {
        match self {
            Sent::Value(value) => Ok(Some(value)),
            Sent::Absent if !is_new => Ok(None),
            Sent::Absent | Sent::Empty => Err(missing),
        }
    }

    /// The value of a member that may be empty: that of a new activity then is as it usually is.
    fn optional(self, is_new: bool) -> Presence<T> {
        match self {
            Sent::Value(value) => Presence::Set(value),
            Sent::Empty if !is_new => Presence::Clear,
            Sent::Absent | Sent::Empty => Presence::Keep,
        }
    }
}

/// The members that a request names; of a new activity, those it must have.
pub(super) fn read(params: &Params<'_>, is_new: bool) -> Result<Patch, Vec<ApiError>> {
    let mut problems = Problems::default();
    let mut patch = Patch::default();
    for member in Member::texts() {
        problems.take(text(params, member, is_new, &mut patch));
    }
    let start = moment(params, "activity.startDateTime")
        .and_then(|sent| sent.required(is_new, ApiError::START_REQUIRED));
    let client = client(params).and_then(|s| s.required(is_new, ApiError::CLIENT_REQUIRED));
    let status = status(params).and_then(|s| s.required(is_new, ApiError::STATUS_REQUIRED));
    let priority = priority(params).and_then(|s| s.required(is_new, ApiError::PRIORITY_REQUIRED));
    let end = moment(params, "activity.endDateTime").map(|sent| sent.optional(is_new));
    let system_user = system_user(params).map(|sent| sent.optional(is_new));
    patch.start = problems.take(start);
    patch.end = problems.take(end);
    patch.client = problems.take(client);
    patch.system_user = problems.take(system_user);
    patch.status = problems.take(status);
    patch.priority = problems.take(priority);
    patch.custom_fields = problems.take(custom_fields(params));
    if problems.0.is_empty() { Ok(patch) } else { Err(problems.0) }
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

/// Reads a text. One that may be absent is cleared by an empty value.
fn text(
    params: &Params<'_>,
    member: Member,
    is_new: bool,
    patch: &mut Patch,
) -> Result<(), ApiError> {
    let name = format!("activity.{}", member.name());
    let Some(text) = params.text(&name)? else {
        let is_missing = is_new && member.is_required();
        return if is_missing { Err(ApiError::SUBJECT_REQUIRED) } else { Ok(()) };
    };
    let mut given = Activity::blank();
    given.set_text(member, text).map_err(|error| match error {
        TextError::Empty => ApiError::SUBJECT_REQUIRED,
        error => unusable(&name, text, &error),
    })?;
    patch.take(member, &given);
    Ok(())
}

fn moment(params: &Params<'_>, name: &'static str) -> Result<Sent<Moment>, ApiError> {
    sent(params, name, |text| values::moment(name, text))
}

fn client(params: &Params<'_>) -> Result<Sent<ClientId>, ApiError> {
    let name = "activity.clientId";
    sent(params, name, |text| values::positive(name, text).map(ClientId))
}

fn system_user(params: &Params<'_>) -> Result<Sent<UserId>, ApiError> {
    let name = "activity.systemUserId";
    sent(params, name, |text| values::positive(name, text).map(UserId))
}

fn priority(params: &Params<'_>) -> Result<Sent<Priority>, ApiError> {
    let name = "activity.activityPriority";
    let expected = "High, Normal or Low";
    sent(params, name, |text| {
        Priority::parse(text).ok_or_else(|| ApiError::malformed(name, text, expected))
    })
}

/// The id wins over the name: the samples of the vendor's own pages disagree.
fn status(params: &Params<'_>) -> Result<Sent<StatusRef>, ApiError> {
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
fn custom_fields(params: &Params<'_>) -> Result<Vec<CustomFieldPatch>, ApiError> {
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
struct Problems(Vec<ApiError>);

impl Problems {
    /// The value; where there is a problem, it is noted.
    fn take<T: Default>(&mut self, value: Result<T, ApiError>) -> T {
        value.map_err(|problem| self.0.push(problem)).unwrap_or_default()
    }
}
