//! On whose authority something is changed.

use std::sync::Arc;

use domain::{Author, By, Origin, Role, UserId};

use crate::directory::admin_error::AdminError;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;

/// On whose authority something is changed. Each use case that changes an organization takes one: there is one way to
/// do it, for commands and for pages.
#[derive(Clone)]
pub enum Authority {
    /// Someone at the server types a command about this organization: they may do everything.
    CommandLine(Arc<Tenant>),
    /// A person in the pages may do what their role allows.
    Person(Person),
}

impl From<&Person> for Authority {
    fn from(person: &Person) -> Authority {
        Authority::Person(person.clone())
    }
}

impl Authority {
    /// That of a command about this organization.
    #[must_use]
    pub fn command_line(org: &Arc<Tenant>) -> Authority {
        Authority::CommandLine(org.clone())
    }

    pub(crate) fn org(&self) -> &Arc<Tenant> {
        match self {
            Authority::CommandLine(org) => org,
            Authority::Person(person) => &person.tenant,
        }
    }

    /// Whom the audit log names.
    pub(crate) fn by(&self) -> By {
        match self {
            Authority::CommandLine(_) => By::COMMAND_LINE,
            Authority::Person(person) => person.by(),
        }
    }

    /// Whom versions name.
    pub(crate) fn author(&self) -> Author {
        match self {
            Authority::CommandLine(_) => Author { user: None, origin: Origin::CommandLine },
            Authority::Person(person) => person.author(),
        }
    }

    /// Whether it is this user's own.
    pub(crate) fn is_of(&self, user: UserId) -> bool {
        matches!(self, Authority::Person(person) if person.user == user)
    }

    /// Whether it still reaches that far: to be asked inside the commit.
    pub(crate) fn check(&self, role: Role) -> Result<(), AdminError> {
        match self {
            Authority::CommandLine(_) => Ok(()),
            Authority::Person(person) => person.check(role),
        }
    }
}
