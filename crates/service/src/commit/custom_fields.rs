//! Merging the custom fields that a write names into those of a record.

use std::collections::{HashMap, VecDeque};

use domain::{CUSTOM_FIELDS_BYTES_MAX, CUSTOM_FIELDS_MAX, CustomField, CustomFieldPatch};

use crate::base::refusal::Refusal;

/// All values given for a field take the place of all that the record has for it, one by one; those that
/// there is no place for follow the last of them, and new fields follow in the order that they came in. A
/// value that is written back as an answer shows it stays as it is: blanks around ids are not sent, and
/// empty values, which an import may have created, are not changed otherwise.
///
/// # Errors
/// When the record would have more than is kept.
pub(crate) fn merge(
    fields: &mut Vec<CustomField>,
    patches: &[CustomFieldPatch],
) -> Result<(), Refusal> {
    let before = std::mem::take(fields);
    let mut given: HashMap<&str, VecDeque<&CustomFieldPatch>> = HashMap::new();
    for patch in patches {
        given.entry(id(&patch.field_id)).or_default().push_back(patch);
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    for field in &before {
        *places.entry(id(&field.field_id).to_owned()).or_default() += 1;
    }
    for field in before {
        let Some(values) = given.get_mut(id(&field.field_id)) else {
            fields.push(field);
            continue;
        };
        let left = places.get_mut(id(&field.field_id)).map_or(0, |left| {
            *left -= 1;
            *left
        });
        if let Some(value) = values.pop_front() {
            let is_as_sent =
                sent(&field.value, &field.option_id) == sent(&value.value, &value.option_id);
            fields.extend(if is_as_sent { Some(field) } else { filled(value) });
        }
        if left == 0 {
            fields.extend(values.drain(..).filter_map(filled));
        }
    }
    for patch in patches {
        let new = given.get_mut(id(&patch.field_id)).and_then(VecDeque::pop_front);
        fields.extend(new.and_then(filled));
    }
    bounded("custom field values", fields.len(), CUSTOM_FIELDS_MAX)?;
    bounded("bytes of custom fields", bytes(fields), CUSTOM_FIELDS_BYTES_MAX)
}

/// A value to be kept; none if the field is to be cleared.
fn filled(patch: &CustomFieldPatch) -> Option<CustomField> {
    let CustomFieldPatch { field_id, value, option_id } = patch.clone();
    let is_filled = value.is_some() || option_id.is_some();
    is_filled.then_some(CustomField { field_id, value, option_id })
}

/// Blanks around an id are not sent.
fn id(field: &str) -> &str {
    field.trim()
}

/// What a write can say of a value and an option: nothing but blanks is nothing.
fn sent<'a>(value: &'a Option<String>, option_id: &'a Option<String>) -> (&'a str, &'a str) {
    let value = value.as_deref().filter(|value| !value.trim().is_empty());
    (value.unwrap_or_default(), option_id.as_deref().map_or("", str::trim))
}

fn bytes(fields: &[CustomField]) -> usize {
    fields.iter().map(CustomField::bytes).sum()
}

fn bounded(what: &'static str, would: usize, max: usize) -> Result<(), Refusal> {
    if would > max {
        return Err(Refusal::TooManyCustomFields { what, would, max });
    }
    Ok(())
}
