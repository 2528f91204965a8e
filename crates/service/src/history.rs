//! The story of one activity: who changed what, when, and by which door.

use domain::{Activity, ActivityId, Kind, Member, Version};
use store::StoreError;

use crate::Service;
use crate::tenant::Tenant;

/// One step of an activity's story.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that it led to.
    pub version: Version,
    /// What the activity was before: a record after a tombstone has been brought back.
    pub before: Option<Kind>,
    /// The name of who made it, where it was a system user.
    pub author: Option<String>,
    /// Which members differ from the version before: before and after, as text.
    pub differences: Vec<Difference>,
}

/// A member that a change touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which one.
    pub member: Member,
    /// Its value before; none where it was absent.
    pub before: Option<String>,
    /// Its value after; none where it is absent.
    pub after: Option<String>,
}

impl Service {
    /// Shows the story of an activity, the latest change first. False if there never was one.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub fn history<E: From<StoreError>>(
        &self,
        org: &Tenant,
        id: ActivityId,
        visit: &mut dyn FnMut(Change) -> Result<(), E>,
    ) -> Result<bool, E> {
        let store = self.shared.store.as_ref();
        let one = |seq| -> Result<Option<Version>, StoreError> {
            Ok(store.versions(org.key, &[seq])?.into_iter().next())
        };
        let mut next = store.latest(org.key, id)?.map(one).transpose()?.flatten();
        let known = next.is_some();
        let directory = org.directory();
        while let Some(version) = next {
            let before = version.previous.map(one).transpose()?.flatten();
            let author = version.author.user.and_then(|user| directory.users.get(&user));
            let differences =
                differences(before.as_ref().and_then(Version::record), version.record());
            visit(Change {
                before: before.as_ref().map(|before| before.state.kind()),
                author: author.map(|user| user.name.to_string()),
                differences,
                version,
            })?;
            next = before;
        }
        Ok(known)
    }
}

/// The members in which two contents differ, in the order of a record. A removal differs in none: it says all by itself.
fn differences(before: Option<&Activity>, after: Option<&Activity>) -> Vec<Difference> {
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
    ];
    let differing = compared.into_iter().filter_map(|member| {
        let (before, after) = (before.and_then(|a| text(a, member)), text(after, member));
        (before != after).then_some(Difference { member, before, after })
    });
    differing.collect()
}

/// A member as text for people; none where it is absent or empty.
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
    };
    text.filter(|text| !text.is_empty())
}

fn custom_fields(activity: &Activity) -> String {
    let field = |field: &domain::CustomField| {
        let option = field.option_id.as_ref().map(|option| format!("option {option}"));
        let parts: Vec<&str> =
            [field.value.as_deref(), option.as_deref()].into_iter().flatten().collect();
        format!("{}: {}", field.field_id, parts.join(", "))
    };
    activity.custom_fields.iter().map(field).collect::<Vec<_>>().join("; ")
}
