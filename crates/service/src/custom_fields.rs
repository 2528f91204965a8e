//! Merging the custom fields that a write names into those of a record.

use std::collections::HashMap;

use domain::{CUSTOM_FIELDS_BYTES_MAX, CUSTOM_FIELDS_MAX, CustomField, CustomFieldPatch};

use crate::Refusal;

/// All values given for a field take the place of all that the record has for it; new fields follow
/// in the order that they came in. A field that is written back as an answer shows it stays as it is.
///
/// # Errors
/// When the record would have more than is kept.
pub(crate) fn merge(
    fields: &mut Vec<CustomField>,
    patches: &[CustomFieldPatch],
) -> Result<(), Refusal> {
    let before = std::mem::take(fields);
    let mut given = changed(&before, patches);
    for field in before {
        match given.get_mut(id(&field.field_id)) {
            // The first takes all of them, so that nothing is left for those behind it.
            Some(values) => fields.append(values),
            None => fields.push(field),
        }
    }
    for patch in patches {
        fields.extend(given.remove(id(&patch.field_id)).into_iter().flatten());
    }
    bounded("custom field values", fields.len(), CUSTOM_FIELDS_MAX)?;
    bounded("bytes of custom fields", bytes(fields), CUSTOM_FIELDS_BYTES_MAX)
}

/// The values of each field that is given others than it has. Those with nothing in them, which an
/// import may have brought, are told apart here and then left out.
fn changed<'a>(
    before: &[CustomField],
    patches: &'a [CustomFieldPatch],
) -> HashMap<&'a str, Vec<CustomField>> {
    let mut given: HashMap<&str, Vec<&CustomFieldPatch>> = HashMap::new();
    for patch in patches {
        given.entry(id(&patch.field_id)).or_default().push(patch);
    }
    let mut had: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for field in before {
        had.entry(id(&field.field_id)).or_default().push(sent(&field.value, &field.option_id));
    }
    let is_other = |field: &str, values: &[&CustomFieldPatch]| {
        let values = values.iter().map(|patch| sent(&patch.value, &patch.option_id));
        !had.get(field).is_some_and(|had| values.eq(had.iter().copied()))
    };
    given.retain(|field, values| is_other(field, values));
    let kept = given.into_iter().map(|(field, values)| {
        let filled =
            values.into_iter().filter(|patch| patch.value.is_some() || patch.option_id.is_some());
        (field, filled.map(field_of).collect())
    });
    kept.collect()
}

fn field_of(patch: &CustomFieldPatch) -> CustomField {
    let CustomFieldPatch { field_id, value, option_id } = patch.clone();
    CustomField { field_id, value, option_id }
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
