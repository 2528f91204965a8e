//! One value of a file: text in, a word of the domain out.

use std::borrow::Cow;

use domain::{
    ActivityId, ClientId, ExternalId, ID_MAX, Moment, MomentError, NAME_CHARS_MAX, NOTE_CHARS_MAX,
    Name, Priority, StatusId, StatusName, TextError, UserId,
};

use super::numbers::{self, NoNumber};
use super::object::Text;
use super::problem::{Fault, shown};

/// How a file writes its values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As JSON: with quotation marks and escapes, numbers without.
    Json,
    /// As they are: the cell of a table.
    Cell,
}

impl Form {
    /// The value as text. The vendor's serialiser wavered between numbers and text, so that both
    /// are taken for either. Nothing for an object, an array, `true`, and half a surrogate pair.
    pub(super) fn text(self, value: &str) -> Option<Cow<'_, str>> {
        if self == Form::Cell {
            return Some(Cow::Borrowed(value));
        }
        match value.as_bytes().first()? {
            b'"' => unquoted(value),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(value)),
            _ => None,
        }
    }
}

fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    // Most texts have no escapes: what stands between the quotation marks is the text.
    match value.strip_prefix('"')?.strip_suffix('"')? {
        inner if !inner.contains('\\') => Some(Cow::Borrowed(inner)),
        _ => serde_json::from_str::<Text<'_>>(value).ok().map(|text| text.0),
    }
}

/// What a member's value must be.
pub(super) struct Kind<T> {
    /// In words, for people.
    pub(super) expected: &'static str,
    /// In code.
    pub(super) parse: fn(&str) -> Result<T, Unfit>,
}

impl<T> Kind<T> {
    /// Reads a member's value.
    pub(super) fn read(&self, member: &'static str, form: Form, value: &str) -> Result<T, Fault> {
        read(member, self.expected, form, value, self.parse)
    }
}

/// Reads a member's value, which must be what is expected.
pub(super) fn read<T>(
    member: &'static str,
    expected: &'static str,
    form: Form,
    value: &str,
    parse: impl FnOnce(&str) -> Result<T, Unfit>,
) -> Result<T, Fault> {
    let parsed = form.text(value).ok_or(Unfit::Unexpected).and_then(|text| parse(&text));
    parsed.map_err(|unfit| match unfit {
        Unfit::Text(error) => Fault::Text { member, error },
        Unfit::Beyond => Fault::Beyond { member, value: shown(value) },
        Unfit::Rounded => Fault::Rounded { member, value: shown(value) },
        Unfit::Unexpected if form == Form::Json => Fault::value(member, value, expected),
        Unfit::Unexpected => Fault::value(member, &format!("{value:?}"), expected),
    })
}

/// Why a text is no value of a kind.
pub(super) enum Unfit {
    /// It is something else.
    Unexpected,
    /// It is a text, but none that can be kept.
    Text(TextError),
    /// It is a time, but none that can be kept.
    Beyond,
    /// It is a number that a spreadsheet has rounded.
    Rounded,
}

impl From<TextError> for Unfit {
    fn from(error: TextError) -> Unfit {
        Unfit::Text(error)
    }
}

const GIVEN: &str = "a whole number from 1 to 9007199254740991";
const GIVEN_OR_NONE: &str = "a whole number from 1 to 9007199254740991, or 0 for none";

pub(super) const ID: Kind<ActivityId> =
    Kind { expected: GIVEN, parse: |text| given(text).map(ActivityId) };
pub(super) const CLIENT: Kind<Option<ClientId>> =
    Kind { expected: GIVEN_OR_NONE, parse: |text| Ok(given_or_none(text)?.map(ClientId)) };
pub(super) const ACCOUNT: Kind<ClientId> =
    Kind { expected: GIVEN, parse: |text| given(text).map(ClientId) };
pub(super) const ACCOUNT_NAME: Kind<Name> =
    Kind { expected: "text", parse: |text| Ok(Name::parse(text)?) };
pub(super) const USER: Kind<Option<UserId>> =
    Kind { expected: GIVEN_OR_NONE, parse: |text| Ok(given_or_none(text)?.map(UserId)) };
pub(super) const STATUS_ID: Kind<StatusId> =
    Kind { expected: GIVEN, parse: |text| given(text).map(StatusId) };
pub(super) const STATUS_NAME: Kind<StatusName> =
    Kind { expected: "text", parse: |text| Ok(StatusName::parse(text)?) };
/// A person's name, kept as it is: the vendor's end in blanks.
pub(super) const NAME: Kind<String> =
    Kind { expected: "text", parse: |text| bounded(text, NAME_CHARS_MAX) };
pub(super) const FIELD_ID: Kind<String> =
    Kind { expected: "a number or text", parse: |text| bounded(text, NAME_CHARS_MAX) };
pub(super) const FIELD_VALUE: Kind<String> =
    Kind { expected: "text", parse: |text| bounded(text, NOTE_CHARS_MAX) };
pub(super) const EXTERNAL_ID: Kind<ExternalId> =
    Kind { expected: "text", parse: |text| Ok(ExternalId::parse(text)?) };
/// Whether something is so: some programs write 0 and 1, others words.
pub(super) const FLAG: Kind<bool> = Kind {
    expected: "1 or 0, or true or false",
    parse: |text| match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(Unfit::Unexpected),
    },
};
/// A duration in whole minutes.
pub(super) const MINUTES: Kind<i64> = Kind {
    expected: "a whole number of minutes",
    parse: |text| number_up_to(text, DURATION_MS_MAX / 60_000),
};
/// A duration in whole milliseconds.
pub(super) const MILLISECONDS: Kind<i64> = Kind {
    expected: "a whole number of milliseconds",
    parse: |text| number_up_to(text, DURATION_MS_MAX),
};
/// Nothing that people do takes longer than ten years.
const DURATION_MS_MAX: i64 = 10 * 366 * 86_400_000;
pub(super) const PRIORITY: Kind<Priority> = Kind {
    expected: "LOW, NORMAL or HIGH",
    parse: |text| priority(text.trim()).ok_or(Unfit::Unexpected),
};
pub(super) const MOMENT: Kind<Moment> = Kind {
    expected: "a time with an offset, like 2014-01-10T15:50:28.153+08:00",
    parse: |text| moment(text.trim()),
};

/// A priority by its own names, and by those that other systems have for them.
fn priority(text: &str) -> Option<Priority> {
    const OTHERS: [(&str, Priority); 3] = [
        ("urgent", Priority::High),   // CiviCRM
        ("medium", Priority::Normal), // HubSpot
        ("none", Priority::Normal),   // HubSpot
    ];
    let other = OTHERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    Priority::parse(text).or(other.map(|(_, priority)| *priority))
}

/// An id as the API takes one. Beyond 2^53 − 1, readers of JSON would take it for another.
fn given(text: &str) -> Result<i64, Unfit> {
    given_or_none(text)?.ok_or(Unfit::Unexpected)
}

/// Exports of some systems write zeros, any number of them, where there is none.
fn given_or_none(text: &str) -> Result<Option<i64>, Unfit> {
    match numbers::whole(text) {
        Ok(0) => Ok(None),
        Ok(number) if number <= ID_MAX => Ok(Some(number)),
        Ok(_) | Err(NoNumber::Unexpected) => Err(Unfit::Unexpected),
        Err(NoNumber::Rounded) => Err(Unfit::Rounded),
    }
}

fn number_up_to(text: &str, max: i64) -> Result<i64, Unfit> {
    match numbers::whole(text) {
        Ok(number) if number <= max => Ok(number),
        Ok(_) | Err(NoNumber::Unexpected) => Err(Unfit::Unexpected),
        Err(NoNumber::Rounded) => Err(Unfit::Rounded),
    }
}

fn bounded(text: &str, chars_max: usize) -> Result<String, Unfit> {
    let chars = if text.len() <= chars_max { 0 } else { text.chars().count() };
    if chars > chars_max {
        return Err(TextError::TooLong { chars, max: chars_max }.into());
    }
    if text.contains('\0') {
        return Err(TextError::Control.into());
    }
    Ok(text.to_owned())
}

/// A time. Where it once went through a URL, its `+` may have become a blank.
fn moment(text: &str) -> Result<Moment, Unfit> {
    let parsed = Moment::parse(text).or_else(|error| {
        let (local, offset) = text.rsplit_once(' ').ok_or(error)?;
        Moment::parse(&format!("{local}+{offset}"))
    });
    parsed.map_err(|error| match error {
        MomentError::NoTime => Unfit::Unexpected,
        MomentError::Beyond => Unfit::Beyond,
    })
}
