//! The names of ids, and the ids of names.

use std::sync::Arc;

use domain::{Author, ClientId, ID_MAX, Name, Origin, StatusId, UserId, Zone};
use service::{Directory, Tenant, fold, place};

use crate::times::Clock;
use crate::{Problem, SignedIn, Web};

/// The current names of an organization's ids.
pub(crate) struct Names {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Clock,
}

impl Names {
    /// The names in the person's organization.
    pub(crate) fn of(who: &SignedIn) -> Names {
        let tenant = who.person.tenant.clone();
        Names { directory: tenant.directory(), tenant, clock: who.clock.clone() }
    }

    /// The zone in which times are shown and typed.
    pub(crate) fn zone(&self) -> &Zone {
        &self.clock.zone
    }

    /// `Ada Byron`, or `User 17` if there is no such user.
    pub(crate) fn user(&self, id: UserId) -> String {
        user(&self.directory, id)
    }

    /// `Harbor Café (3480)`, or just the id of an account without a name; `(3480)` if these could mean another account
    /// too. Typed anywhere, it is read as that account.
    pub(crate) fn account(&self, id: ClientId) -> String {
        let name = self.tenant.accounts().name(id).cloned();
        let shown = name.map_or_else(|| id.to_string(), |name| format!("{name} ({id})"));
        let is_its = accounts_named(&self.tenant, &shown) == [id];
        if is_its { shown } else { format!("({id})") }
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

/// The status that *Mark as done* sets.
pub(crate) fn done_status(directory: &Directory) -> Option<StatusId> {
    directory.done_status().map(|status| status.id)
}

/// The statuses to choose from, each with value and text.
pub(crate) fn statuses_to_choose(directory: &Directory) -> Vec<(String, String)> {
    let statuses = directory.statuses_in_order().into_iter().filter(|status| !status.retired);
    statuses.map(|status| (status.id.to_string(), status.name.to_string())).collect()
}

/// The people that an activity can be assigned to, by name.
pub(crate) fn people_to_choose(directory: &Directory) -> Vec<(String, String)> {
    let people = directory.users.values().filter(|user| !user.disabled);
    let mut people: Vec<_> =
        people.map(|user| (user.id.to_string(), user.name.to_string())).collect();
    people.sort_by_cached_key(|(_, name)| place(name));
    people
}

/// Who made a change.
pub(crate) fn author(directory: &Directory, author: Author) -> String {
    match (author.user, author.origin) {
        (Some(id), _) => user(directory, id),
        (None, Origin::Import) => "an import".to_owned(),
        (None, Origin::CommandLine) => "the command line".to_owned(),
        (None, Origin::Api | Origin::Web | Origin::Examples) => "an unknown user".to_owned(),
    }
}

/// The accounts that a text means: those that it names (see [`accounts_named`]). If there are none, all that have its
/// words in their names.
pub(crate) async fn accounts_meant(
    web: &Web,
    tenant: &Arc<Tenant>,
    text: &str,
) -> Result<Vec<ClientId>, Problem> {
    let named = accounts_named(tenant, text);
    if !named.is_empty() || text.is_empty() {
        return Ok(named);
    }
    let text = text.to_owned();
    let search = move |tenant: &Arc<Tenant>| {
        // The start of an id does not count as a part of the name.
        let words: Vec<String> = text.split_whitespace().map(fold).collect();
        let mut found = Vec::new();
        tenant.accounts_with(&text, &mut |account| {
            let name = fold(account.name.as_str());
            if words.iter().all(|word| name.contains(word)) {
                found.push(account.id);
            }
        });
        found
    };
    Ok(web.service.among_accounts(tenant, search).await?)
}

/// The accounts that a text names: those with exactly that name, the one with that id, and the one that is shown as
/// `Harbor Café (3480)` or `(3480)`.
///
/// What looks like an id may be a name or the end of one: a text that names an account never means another one.
pub(crate) fn accounts_named(tenant: &Tenant, text: &str) -> Vec<ClientId> {
    let accounts = tenant.accounts();
    let mut named: Vec<ClientId> = accounts.called(text).collect();
    let is_so = |(name, id): &(&str, ClientId)| {
        name.is_empty() || accounts.name(*id).is_some_and(|known| is_like(known, name))
    };
    let written = in_brackets(text).filter(is_so).map(|(_, id)| id);
    for id in number(text).into_iter().chain(written) {
        if !named.contains(&id) {
            named.push(id);
        }
    }
    named
}

/// Whether a typed text means this name; case and accents are ignored.
fn is_like(name: &Name, typed: &str) -> bool {
    fold(name.as_str().trim()) == fold(typed)
}

fn number(text: &str) -> Option<ClientId> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.filter(|number| (1..=ID_MAX).contains(number)).map(ClientId)
}

/// The parts of `Harbor Café (3480)`.
fn in_brackets(text: &str) -> Option<(&str, ClientId)> {
    let (name, id) = text.strip_suffix(')')?.rsplit_once('(')?;
    Some((name.trim_end(), number(id.trim())?))
}
