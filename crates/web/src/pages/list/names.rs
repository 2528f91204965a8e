//! What people read instead of numbers.

use domain::{Author, ClientId, Origin, StatusId, UserId};
use service::{Directory, Tenant};

/// A user's name.
pub(crate) fn user(directory: &Directory, id: UserId) -> String {
    directory.users.get(&id).map_or_else(|| format!("User {id}"), |user| user.name.to_string())
}

/// An account's name.
pub(crate) fn account(tenant: &Tenant, id: ClientId) -> String {
    tenant.accounts().name(id).map_or_else(|| format!("Account {id}"), ToString::to_string)
}

/// A status's name.
pub(crate) fn status(directory: &Directory, id: StatusId) -> String {
    let status = directory.statuses.get(&id);
    status.map_or_else(|| format!("Status {id}"), |status| status.name.to_string())
}

/// Who made a change.
pub(crate) fn author(directory: &Directory, author: Author) -> String {
    match (author.user, author.origin) {
        (Some(id), _) => user(directory, id),
        (None, Origin::Import) => "an import".to_owned(),
        (None, Origin::CommandLine) => "the command line".to_owned(),
        (None, Origin::Api | Origin::Web) => "nobody".to_owned(),
    }
}
