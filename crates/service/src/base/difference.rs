//! How two contents of an activity differ, as text for people.

use domain::{Activity, CustomField, Member};

/// A member that a change touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which one.
    pub member: Member,
    /// Its value before; none if it was absent.
    pub before: Option<String>,
    /// Its value after; none if it is absent.
    pub after: Option<String>,
}

/// The members in which two contents differ, in the order of a record. A removal differs in none: it says all by itself.
pub(crate) fn differences(before: Option<&Activity>, after: Option<&Activity>) -> Vec<Difference> {
    let Some(after) = after else { return Vec::new() };
    let compared = [
        Member::Subject,
        Member::Note,
        Member::Start,
        Member::End,
        Member::Client,
        Member::SystemUser,
        Member::StatusId,
        Member::StatusName,
        Member::Priority,
        Member::CustomFields,
        Member::ExternalId,
    ];
    let differing = compared.into_iter().filter_map(|member| {
        let (before, after) = (before.and_then(|a| text(a, member)), text(after, member));
        (before != after).then_some(Difference { member, before, after })
    });
    differing.collect()
}

/// A member as text for people; none if it is absent or empty.
fn text(activity: &Activity, member: Member) -> Option<String> {
    let text = match member {
        Member::Created => Some(activity.created.at_offset(0).to_string()),
        Member::CreatedBy => activity.created_by.clone(),
        Member::ModifiedBy => activity.modified_by.clone(),
        // They belong to the version, not to its content.
        Member::Modified | Member::Id => None,
        Member::Subject => Some(activity.subject.to_string()),
        Member::Note => Some(activity.note.to_string()),
        Member::Start => Some(activity.start.to_string()),
        Member::End => activity.end.map(|end| end.to_string()),
        Member::Client => activity.client.map(|client| client.to_string()),
        Member::SystemUser => activity.system_user.map(|user| user.to_string()),
        Member::StatusName => Some(activity.status_name.to_string()),
        Member::StatusId => Some(activity.status.to_string()),
        Member::Priority => Some(activity.priority.as_str().to_uppercase()),
        Member::CustomFields => Some(custom_fields(activity)),
        Member::ExternalId => activity.external_id.as_ref().map(ToString::to_string),
    };
    text.filter(|text| !text.is_empty())
}

fn custom_fields(activity: &Activity) -> String {
    let field = |field: &CustomField| {
        let option = field.option_id.as_ref().map(|option| format!("option {option}"));
        let parts: Vec<&str> =
            [field.value.as_deref(), option.as_deref()].into_iter().flatten().collect();
        format!("{}: {}", field.field_id, parts.join(", "))
    };
    activity.custom_fields.iter().map(field).collect::<Vec<_>>().join("; ")
}
