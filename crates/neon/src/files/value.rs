//! One value of a file: text in, a word of the domain out.

use std::borrow::Cow;

use domain::{
    ActivityId, ClientId, ID_MAX, Moment, NAME_CHARS_MAX, NOTE_CHARS_MAX, Note, Priority, StatusId,
    StatusName, Subject, TextError, UserId,
};

use super::object::Text;

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
pub(super) struct Kind<T: 'static> {
    /// In words, for people.
    pub(super) expected: &'static str,
    /// In code.
    pub(super) parse: fn(&str) -> Result<T, Unfit>,
}

/// Why a text is no value of a kind.
pub(super) enum Unfit {
    /// It is something else.
    Unexpected,
    /// It is a text, but none that can be kept.
    Text(TextError),
}

impl From<TextError> for Unfit {
    fn from(error: TextError) -> Unfit {
        Unfit::Text(error)
    }
}

const WHOLE: &str = "a whole number up to 9007199254740991";

pub(super) const ID: Kind<ActivityId> = Kind {
    expected: "a whole number from 1 to 9007199254740991",
    parse: |text| match whole(text)? {
        id @ 1.. => Ok(ActivityId(id)),
        _ => Err(Unfit::Unexpected),
    },
};
pub(super) const CLIENT: Kind<ClientId> =
    Kind { expected: WHOLE, parse: |text| whole(text).map(ClientId) };
pub(super) const USER: Kind<UserId> =
    Kind { expected: WHOLE, parse: |text| whole(text).map(UserId) };
pub(super) const STATUS_ID: Kind<StatusId> =
    Kind { expected: WHOLE, parse: |text| whole(text).map(StatusId) };
pub(super) const STATUS_NAME: Kind<StatusName> =
    Kind { expected: "text", parse: |text| Ok(StatusName::parse(text)?) };
pub(super) const SUBJECT: Kind<Subject> =
    Kind { expected: "text", parse: |text| Ok(Subject::parse(text)?) };
pub(super) const NOTE: Kind<Note> = Kind { expected: "text", parse: |text| Ok(Note::parse(text)?) };
/// A person's name, kept as it is: the vendor's end in blanks.
pub(super) const NAME: Kind<String> =
    Kind { expected: "text", parse: |text| bounded(text, NAME_CHARS_MAX) };
pub(super) const FIELD_ID: Kind<String> =
    Kind { expected: "a number or text", parse: |text| bounded(text, NAME_CHARS_MAX) };
pub(super) const FIELD_VALUE: Kind<String> =
    Kind { expected: "text", parse: |text| bounded(text, NOTE_CHARS_MAX) };
pub(super) const PRIORITY: Kind<Priority> = Kind {
    expected: "LOW, NORMAL or HIGH",
    parse: |text| Priority::parse(text.trim()).ok_or(Unfit::Unexpected),
};
pub(super) const MOMENT: Kind<Moment> = Kind {
    expected: "a time with an offset, like 2014-01-10T15:50:28.153+08:00",
    parse: |text| moment(text.trim()).ok_or(Unfit::Unexpected),
};

/// A number that every reader of JSON takes for the same: what is beyond, nobody could write back.
fn whole(text: &str) -> Result<i64, Unfit> {
    let number = text.trim().parse().ok().filter(|number| (-ID_MAX..=ID_MAX).contains(number));
    number.ok_or(Unfit::Unexpected)
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
fn moment(text: &str) -> Option<Moment> {
    let parsed = Moment::parse(text).ok();
    parsed.or_else(|| {
        let (local, offset) = text.rsplit_once(' ')?;
        Moment::parse(&format!("{local}+{offset}")).ok()
    })
}
