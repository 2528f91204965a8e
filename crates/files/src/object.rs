//! JSON objects taken apart without copying: every member stays the piece of the file that it is,
//! so that its line can be told, and a faulty one does not spoil its neighbours.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A text, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Takes an object apart: the members of `names`, in that order, as JSON text; all others go to
/// `other`.
///
/// # Errors
/// When the text is no object, or one of the members stands twice.
pub(super) fn members<'a, const N: usize>(
    object: &'a str,
    names: &'static [&'static str; N],
    other: &mut dyn FnMut(&str, &'a str),
) -> Result<[Option<&'a str>; N], serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let values = deserializer.deserialize_map(Members { names, other })?;
    deserializer.end()?;
    Ok(values)
}

struct Members<'o, 'a, const N: usize> {
    names: &'static [&'static str; N],
    other: &'o mut dyn FnMut(&str, &'a str),
}

impl<'a, const N: usize> Visitor<'a> for Members<'_, 'a, N> {
    type Value = [Option<&'a str>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        // Members mostly come in the order of the schema: the search goes on where it last hit.
        let mut next = 0;
        while let Some(Text(name)) = map.next_key()? {
            let value = map.next_value::<&RawValue>()?.get();
            let known = (next..N).chain(0..next).find(|&at| self.names[at] == name);
            let Some(at) = known else {
                (self.other)(&name, value);
                continue;
            };
            if values[at].replace(value).is_some() {
                return Err(A::Error::custom(format_args!("{} occurs twice", self.names[at])));
            }
            next = at + 1;
        }
        Ok(values)
    }
}

/// The elements of an array. Old answers collapsed a list with one element into that element, and
/// an empty one into `null` or an empty text.
pub(super) fn elements(value: &str) -> Result<Vec<&str>, serde_json::Error> {
    if !value.starts_with('[') {
        return Ok(if is_empty(value) { Vec::new() } else { vec![value] });
    }
    let elements: Vec<&RawValue> = serde_json::from_str(value)?;
    Ok(elements.into_iter().map(RawValue::get).collect())
}

/// Whether the JSON value says that there is none.
pub(super) fn is_empty(value: &str) -> bool {
    matches!(value, "null" | "\"\"")
}

/// What the error says, in words for those who do not read JSON every day, and without the line that
/// it counts from the start of some piece.
pub(super) fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
    let words = match text {
        "expected value" | "expected ident" => {
            "expected a value: text in quotation marks, a number, true, false, null, a list or an object"
        }
        "expected `:`" => "expected a colon between a name and its value",
        "expected `,` or `}`" => {
            "expected a comma before the next member, or the } that ends the object"
        }
        "expected `,` or `]`" => {
            "expected a comma before the next element, or the ] that ends the list"
        }
        "key must be a string" => "expected the name of a member in quotation marks",
        "trailing comma" => "nothing follows a comma",
        "trailing characters" => "unexpected text after the value",
        "invalid number" => "a number is not written in JSON's form",
        "invalid escape" => r"a text has a \ that is not one of JSON's escapes, such as \n or \\",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            r"a text contains a line break or another control character: in JSON, a line break is written \n"
        }
        other => other,
    };
    words.to_owned()
}
