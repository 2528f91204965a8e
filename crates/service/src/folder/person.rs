//! A person who is signed in.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Actor, Author, By, Origin, Role, SystemUser, UserId, Zone};

use crate::directory::admin_error::AdminError;
use crate::folder::sessions::Session;
use crate::folder::tenant::Tenant;

/// A person who is signed in, for the length of one request.
#[derive(Clone)]
pub struct Person {
    /// The organization.
    pub tenant: Arc<Tenant>,
    /// Who it is.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
    pub(crate) session: Arc<Session>,
    pub(crate) from: Option<IpAddr>,
}

impl Person {
    /// The person at this address: for the audit log.
    #[must_use]
    pub fn at(self, from: Option<IpAddr>) -> Person {
        Person { from, ..self }
    }

    /// Who does what they do, for the audit log.
    #[must_use]
    pub(crate) fn by(&self) -> By {
        By { actor: Actor::Person(self.user), from: self.from }
    }

    /// Whether they asked to stay signed in when the browser is closed.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.session.stays
    }

    /// The author of this person's writes.
    #[must_use]
    pub fn author(&self) -> Author {
        Author { user: Some(self.user), origin: Origin::Web }
    }

    /// The person as the directory has them.
    #[must_use]
    pub fn system_user(&self) -> Option<SystemUser> {
        self.tenant.directory().users.get(&self.user).cloned()
    }

    /// The zone in which the pages show times, and read what is typed: the one that the person has
    /// chosen, or the organization's.
    #[must_use]
    pub fn zone(&self) -> Zone {
        let directory = self.tenant.directory();
        let chosen = directory.users.get(&self.user).and_then(|user| user.zone.clone());
        chosen.unwrap_or_else(|| directory.organization.zone.clone())
    }

    /// Whether they may do what needs this role.
    #[must_use]
    pub fn may(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Whether they still may when it comes to it: to be asked inside the commit.
    pub(crate) fn check(&self, role: Role) -> Result<(), AdminError> {
        match self.system_user() {
            Some(user) if user.role >= role && !user.disabled => Ok(()),
            _ => Err(AdminError::PermissionDenied(role)),
        }
    }
}
