//! Names instead of numbers.

use std::sync::Arc;

use domain::{Author, ClientId, StatusId, UserId, Zone};
use service::{Directory, Tenant};

use crate::SignedIn;
use crate::pages::list::names;

/// What an organization's numbers are called now.
pub(crate) struct Names {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) directory: Arc<Directory>,
}

impl Names {
    /// Those of the person's organization.
    pub(crate) fn of(who: &SignedIn) -> Names {
        let tenant = who.person.tenant.clone();
        Names { directory: tenant.directory(), tenant }
    }

    /// The zone that times are shown and typed in.
    pub(crate) fn zone(&self) -> &Zone {
        &self.directory.organization.zone
    }

    /// `Ada Byron`, or `User 17` where nobody is known by that number.
    pub(crate) fn user(&self, id: UserId) -> String {
        names::user(&self.directory, id)
    }

    /// `Harbor Café (3480)`, or the bare number of an account without a name.
    pub(crate) fn account(&self, id: ClientId) -> String {
        let accounts = self.tenant.accounts();
        accounts.name(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
    }

    /// `Waiting`
    pub(crate) fn status(&self, id: StatusId) -> String {
        names::status(&self.directory, id)
    }

    /// Who made a version.
    pub(crate) fn author(&self, author: Author) -> String {
        names::author(&self.directory, author)
    }
}
