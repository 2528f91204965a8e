//! What an organization's commits and answers need to know about its people, keys and statuses.

pub(crate) mod accounts;
pub(crate) mod admin_error;
pub(crate) mod audit_log;
pub(crate) mod people;

use std::collections::BTreeMap;

use domain::{
    ApiKey, KeyId, LoginName, Meaning, Organization, Status, StatusId, StatusName, StatusRef,
    SystemUser, UserId, folded,
};
use store::TenantRecord;

use crate::base::refusal::{ReadOnly, Refusal};
use crate::directory::admin_error::AdminError;

/// One organization's directory: small, in memory, replaced as a whole when something changes.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The organization.
    pub organization: Organization,
    /// Its people.
    pub users: BTreeMap<UserId, SystemUser>,
    /// Its API keys.
    pub keys: BTreeMap<KeyId, ApiKey>,
    /// Its statuses.
    pub statuses: BTreeMap<StatusId, Status>,
}

impl Directory {
    pub(crate) fn new(stored: TenantRecord) -> Directory {
        Directory {
            organization: stored.organization,
            users: stored.users.into_iter().map(|user| (user.id, user)).collect(),
            keys: stored.keys.into_iter().map(|key| (key.id, key)).collect(),
            statuses: stored.statuses.into_iter().map(|status| (status.id, status)).collect(),
        }
    }

    /// Fails while the organization follows another server.
    ///
    /// # Errors
    /// When it does.
    pub fn is_writable(&self) -> Result<(), ReadOnly> {
        match &self.organization.follows {
            Some(follows) => {
                let (org, address) = (self.organization.id.clone(), follows.address().to_owned());
                Err(ReadOnly { org, address })
            }
            None => Ok(()),
        }
    }

    /// The user of a key, as long as neither is switched off.
    #[must_use]
    pub fn live_user(&self, key: KeyId) -> Option<&SystemUser> {
        let key = self.keys.get(&key).filter(|key| !key.revoked)?;
        self.users.get(&key.user).filter(|user| !user.disabled)
    }

    /// The user who signs in with that name.
    pub(crate) fn user_of_login(&self, name: &LoginName) -> Option<&SystemUser> {
        let has_it = |user: &&SystemUser| user.login.as_ref().is_some_and(|l| l.name == *name);
        self.users.values().find(has_it)
    }

    /// The statuses in the order in which they are offered.
    #[must_use]
    pub fn statuses_in_order(&self) -> Vec<&Status> {
        let mut statuses: Vec<&Status> = self.statuses.values().collect();
        statuses.sort_by_key(|status| (status.position, status.id));
        statuses
    }

    /// The status that a click makes an activity done with: the first to choose that counts as done, before
    /// those whose name says that it was called off.
    #[must_use]
    pub fn done_status(&self) -> Option<&Status> {
        let offered = self.statuses_in_order().into_iter().filter(|status| !status.retired);
        let is_called_off =
            |status: &&Status| Meaning::of(&status.name) == Some(Meaning::CalledOff);
        offered.filter(|status| status.done).min_by_key(is_called_off)
    }

    /// The status that new activities begin with in the pages: the one that an admin has said, or the
    /// first to choose that does not count as done. A person who plans something has not done it yet.
    #[must_use]
    pub fn first_status(&self) -> Option<&Status> {
        let offered = self.statuses_in_order().into_iter().filter(|status| !status.retired);
        let by_fitness = |status: &&Status| (!status.begins, status.done);
        offered.min_by_key(by_fitness).filter(|status| status.begins || !status.done)
    }

    pub(crate) fn status(&self, id: StatusId) -> Result<&Status, Refusal> {
        self.statuses.get(&id).ok_or_else(|| Refusal::UnknownStatus(id.to_string()))
    }

    /// The status that a write names.
    pub(crate) fn resolve_status(&self, reference: &StatusRef) -> Result<&Status, Refusal> {
        match reference {
            StatusRef::Id(id) => self.status(*id),
            StatusRef::Name(name) => self
                .status_named(name.as_str())
                .ok_or_else(|| Refusal::UnknownStatus(format!("{:?}", name.as_str()))),
        }
    }

    /// The status that a write names, if it may be newly chosen.
    pub(crate) fn choose_status(&self, reference: &StatusRef) -> Result<&Status, Refusal> {
        let status = self.resolve_status(reference)?;
        if status.retired { Err(Refusal::RetiredStatus(status.id)) } else { Ok(status) }
    }

    /// The status of that name, in any case; one in use before a retired one.
    pub(crate) fn status_named(&self, name: &str) -> Option<&Status> {
        self.statuses_named(name).min_by_key(|status| status.retired)
    }

    /// Makes sure that a status, this one or a new one, may have that name: no other one in use has it.
    ///
    /// # Errors
    /// When one has.
    pub fn free_status_name(
        &self,
        name: &StatusName,
        of: Option<StatusId>,
    ) -> Result<(), AdminError> {
        let is_other = |other: &&Status| Some(other.id) != of && !other.retired;
        match self.statuses_named(name.as_str()).find(is_other) {
            Some(other) => Err(AdminError::StatusExists(other.name.to_string())),
            None => Ok(()),
        }
    }

    /// All statuses of that name, in any case, by id.
    pub(crate) fn statuses_named(&self, name: &str) -> impl Iterator<Item = &Status> + use<'_> {
        let wanted = folded(name);
        self.statuses.values().filter(move |status| folded(status.name.as_str()) == wanted)
    }
}
