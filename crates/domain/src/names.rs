//! What the names in a file stand for.

use crate::{
    Account, ActivityId, ClientId, ExternalId, Follows, LoginName, Name, Role, Status, StatusId,
    StatusName, SystemUser,
};
use crate::{Stamp, UserId, Zone};

/// Looks up the names that a file has for accounts, people and statuses, and takes note of those that are not
/// known.
pub trait Names {
    /// Whether the files decide which statuses there are, because there is no activity yet.
    fn is_new(&self) -> bool;

    /// Whether statuses that files name and that do not exist are added.
    fn adds_statuses(&self) -> bool;

    /// Whether there is such a status.
    fn has_status(&self, id: StatusId) -> bool;

    /// The status of that name; a new one where the files decide which there are, or where those missing are added.
    fn status(&mut self, name: &StatusName) -> Option<StatusId>;

    /// Whether a status has that name.
    fn has_status_named(&self, name: &str) -> bool;

    /// Whether the files' names of statuses take the place of those here, because no activity shows one yet.
    fn takes_status_names(&self) -> bool;

    /// What a status is called.
    fn name_of_status(&self, id: StatusId) -> Option<String>;

    /// The status that an activity had in the version from which a row of that time was made; without a time, the one
    /// that it has. None for one that is not here.
    ///
    /// # Errors
    /// When it cannot be looked up; in words.
    fn status_of(
        &self,
        id: ActivityId,
        at: Option<Stamp>,
    ) -> Result<Option<(StatusId, StatusName)>, String>;

    /// The status of what is done, or of what is not done yet, as new activities in the pages have it.
    fn usual_status(&self, is_done: bool) -> Option<(StatusId, StatusName)>;

    /// The activity that has this id in the system that it comes from, be it that it has been removed since.
    ///
    /// # Errors
    /// When it cannot be looked up; in words.
    fn activity(&self, id: &ExternalId) -> Result<Option<ActivityId>, String>;

    /// The account of that name.
    fn account(&mut self, name: &str) -> Lookup<ClientId>;

    /// What an account is called.
    fn name_of_account(&self, id: ClientId) -> Option<String>;

    /// Takes note of an account that a row has by its number alone: no new one gets that number from now on. The
    /// name of the new account that has got it before.
    fn meet_number_of_account(&mut self, id: ClientId) -> Option<String>;

    /// The person of that name.
    fn user(&mut self, name: &str) -> Lookup<UserId>;

    /// What a person is called.
    fn name_of_user(&self, id: UserId) -> Option<String>;

    /// As [`Names::meet_number_of_account`], for people.
    fn meet_number_of_user(&mut self, id: UserId) -> Option<String>;

    /// Takes note of a person whom a record names, by number and perhaps by name.
    fn meet_user(&mut self, id: UserId, name: Option<&str>);
}

/// What was found under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<T> {
    /// One.
    Found(T),
    /// None.
    Unknown,
    /// More than one: the name does not tell which.
    Several,
}

impl<T> Lookup<T> {
    /// The same of another type.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Lookup<U> {
        match self {
            Lookup::Found(found) => Lookup::Found(with(found)),
            Lookup::Unknown => Lookup::Unknown,
            Lookup::Several => Lookup::Several,
        }
    }
}

/// No names are known: for files whose records have numbers only.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl Names for NoNames {
    fn is_new(&self) -> bool {
        false
    }

    fn adds_statuses(&self) -> bool {
        false
    }

    fn has_status(&self, _: StatusId) -> bool {
        true
    }

    fn status(&mut self, _: &StatusName) -> Option<StatusId> {
        None
    }

    fn has_status_named(&self, _: &str) -> bool {
        false
    }

    fn takes_status_names(&self) -> bool {
        false
    }

    fn name_of_status(&self, _: StatusId) -> Option<String> {
        None
    }

    fn status_of(
        &self,
        _: ActivityId,
        _: Option<Stamp>,
    ) -> Result<Option<(StatusId, StatusName)>, String> {
        Ok(None)
    }

    fn usual_status(&self, _: bool) -> Option<(StatusId, StatusName)> {
        None
    }

    fn activity(&self, _: &ExternalId) -> Result<Option<ActivityId>, String> {
        Ok(None)
    }

    fn account(&mut self, _: &str) -> Lookup<ClientId> {
        Lookup::Unknown
    }

    fn name_of_account(&self, _: ClientId) -> Option<String> {
        None
    }

    fn user(&mut self, _: &str) -> Lookup<UserId> {
        Lookup::Unknown
    }

    fn name_of_user(&self, _: UserId) -> Option<String> {
        None
    }

    fn meet_number_of_account(&mut self, _: ClientId) -> Option<String> {
        None
    }

    fn meet_number_of_user(&mut self, _: UserId) -> Option<String> {
        None
    }

    fn meet_user(&mut self, _: UserId, _: Option<&str>) {}
}

/// A name as it is compared with others: case and blanks around it do not count.
#[must_use]
pub fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A user of a list that is to be added.
#[derive(Clone, Debug)]
pub struct ListedUser {
    /// The id; where none is given, one after all that are known.
    pub id: Option<UserId>,
    /// The name.
    pub name: Name,
    /// What the person may do.
    pub role: Role,
    /// The name to sign in with, once there is a password.
    pub login: Option<LoginName>,
}

/// What an organization has beside its activities, without anything that opens a door: no password, no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationData {
    /// Its name.
    pub name: Name,
    /// The zone in which its times are shown.
    pub zone: Zone,
    /// The greatest number of a person that any activity has named.
    pub last_user_named: UserId,
    /// What it follows.
    pub follows: Option<Follows>,
    /// Its people, by id; logins have no passwords.
    pub users: Vec<SystemUser>,
    /// Its statuses, by id.
    pub statuses: Vec<Status>,
    /// The names of its accounts, by id.
    pub accounts: Vec<Account>,
}
