//! Names instead of numbers, and numbers by their names.

use std::sync::Arc;

use domain::{Account, Author, ClientId, ID_MAX, Origin, StatusId, UserId, Zone};
use service::{Directory, Tenant};

use crate::SignedIn;
use crate::times::Clock;

/// What an organization's numbers are called now.
pub(crate) struct Names {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Clock,
}

impl Names {
    /// Those of the person's organization.
    pub(crate) fn of(who: &SignedIn) -> Names {
        let tenant = who.person.tenant.clone();
        Names { directory: tenant.directory(), tenant, clock: who.clock.clone() }
    }

    /// The zone that times are shown and typed in.
    pub(crate) fn zone(&self) -> &Zone {
        &self.clock.zone
    }

    /// `Ada Byron`, or `User 17` where nobody is known by that number.
    pub(crate) fn user(&self, id: UserId) -> String {
        user(&self.directory, id)
    }

    /// `Harbor Café (3480)`, or the bare number of an account without a name.
    pub(crate) fn account(&self, id: ClientId) -> String {
        let accounts = self.tenant.accounts();
        accounts.name(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
    }

    /// `Waiting`
    pub(crate) fn status(&self, id: StatusId) -> String {
        status(&self.directory, id)
    }

    /// Who made a version.
    pub(crate) fn author(&self, by: Author) -> String {
        author(&self.directory, by)
    }
}

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

/// The status that a click makes an activity done with.
pub(crate) fn done_status(directory: &Directory) -> Option<StatusId> {
    directory.done_status().map(|status| status.id)
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

/// The account that a text means: a name that only one has, `Harbor Café (3480)` as it is shown, or a
/// bare number. If it does not mean one, those that fit.
///
/// What looks like a number may be a name, or the end of one: a text never means another account than
/// the one that it names.
pub(crate) fn account_meant(tenant: &Tenant, text: &str) -> Result<ClientId, Vec<Account>> {
    let accounts = tenant.accounts();
    let found = accounts.find(text);
    let wanted = text.to_lowercase();
    let is_meant = |account: &&Account| account.name.as_str().to_lowercase() == wanted;
    let named: Vec<Account> = found.iter().filter(is_meant).cloned().collect();
    match (number(text), &*named) {
        (Some(id), []) => return Ok(id),
        (Some(id), [one]) if one.id == id => return Ok(id),
        (None, [one]) => return Ok(one.id),
        (_, [_, ..]) => return Err(named),
        (None, []) => {}
    }
    if let Some((name, id)) = in_brackets(text) {
        let called = accounts.name(id).map(|name| name.as_str().to_lowercase());
        let is_called = called.is_some_and(|called| called == name.to_lowercase());
        return if name.is_empty() || is_called { Ok(id) } else { Err(found) };
    }
    match &*found {
        [one] => Ok(one.id),
        _ => Err(found),
    }
}

fn number(text: &str) -> Option<ClientId> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.filter(|number| (1..=ID_MAX).contains(number)).map(ClientId)
}

/// `Harbor Café (3480)`, taken apart.
fn in_brackets(text: &str) -> Option<(&str, ClientId)> {
    let (name, id) = text.strip_suffix(')')?.rsplit_once('(')?;
    Some((name.trim_end(), number(id.trim())?))
}
