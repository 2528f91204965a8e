//! What an admin sets in the pages. They cannot take the permission from themselves: so there is always someone left
//! who may.

use domain::{
    Interval, KeyId, LoginName, Name, Organization, Role, Stamp, StatusId, StatusName, UserId, Zone,
};
use hashbrown::HashMap;
use store::Transaction;

use crate::admin::keys::{NewKey, expect, put_new_key, revoke};
use crate::admin::statuses::{
    Step, begin_with, offer, put_new_status, retire, set_done, step_status,
};
use crate::admin::users::{NewUser, UserEdit, put_new_user};
use crate::base::refusal::unavailable;
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::person::Person;
use crate::folder::tenant::Tenant;
use crate::gate::passwords::{self, Password};
use crate::people::logins::{called, called_anew, put_login};

impl Service {
    /// Sets the organization's name and the zone in which its times are shown.
    ///
    /// # Errors
    /// When they may not, or the store cannot write.
    pub async fn set_organization(
        &self,
        by: &Person,
        name: Name,
        zone: Zone,
    ) -> Result<(), AdminError> {
        self.change_as_admin(by, move |directory, transaction| {
            let organization = &mut directory.organization;
            *organization = Organization { name, zone, ..organization.clone() };
            Ok(transaction.put_organization(organization).map_err(|e| unavailable(&e))?)
        })
        .await
    }

    /// Makes a key for a user.
    ///
    /// # Errors
    /// When there is no such user, they may not, or the store cannot write.
    pub async fn create_key(
        &self,
        by: &Person,
        user: UserId,
        label: Option<Name>,
    ) -> Result<NewKey, AdminError> {
        let secret = self.new_secret().map_err(AdminError::Unavailable)?;
        let (org, now) = (by.tenant.key, self.now());
        self.change_as_admin(by, move |directory, transaction| {
            put_new_key(directory, transaction, org, user, label, secret, now)
        })
        .await
    }

    /// Revokes a key: from now on, it and its sessions are worth nothing.
    ///
    /// # Errors
    /// When there is no such key, they may not, or the store cannot write.
    pub async fn withdraw_key(&self, by: &Person, id: KeyId) -> Result<(), AdminError> {
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            revoke(directory, transaction, org, id)
        })
        .await
    }

    /// Sets how often a key is expected to poll; none to judge by its usual pause.
    ///
    /// # Errors
    /// When there is no such key, they may not, or the store cannot write.
    pub async fn set_expected(
        &self,
        by: &Person,
        id: KeyId,
        expected: Option<Interval>,
    ) -> Result<(), AdminError> {
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            expect(directory, transaction, org, id, expected)
        })
        .await
    }

    /// Adds a user, who can sign in where a login name and a password are given.
    ///
    /// # Errors
    /// When the login name is taken, they may not, or the store cannot write.
    pub async fn create_user(
        &self,
        by: &Person,
        user: NewUser,
        login: Option<(LoginName, Password)>,
    ) -> Result<UserId, AdminError> {
        let login = match login {
            Some((name, password)) => {
                let called = called_anew(&by.tenant.directory().organization, &user.name);
                Some(self.new_login(&called, name, password).await?)
            }
            None => None,
        };
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            put_new_user(directory, transaction, org, user, login)
        })
        .await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// When there is no such user, they would lose their own role, they may not, or the
    /// store cannot write.
    pub async fn edit_user(
        &self,
        by: &Person,
        id: UserId,
        edit: UserEdit,
    ) -> Result<(), AdminError> {
        let (org, themselves) = (by.tenant.key, by.user);
        self.change_as_admin(by, move |directory, transaction| {
            let user = directory.users.get_mut(&id).ok_or(AdminError::UnknownUser(id))?;
            let mut changed = edit.of(user);
            if id == themselves && (changed.role < Role::Admin || changed.disabled) {
                return Err(AdminError::Yourself);
            }
            if changed.disabled {
                changed.disable();
            }
            *user = changed;
            Ok(transaction.put_user(org, user).map_err(|e| unavailable(&e))?)
        })
        .await
    }

    /// Lets another user sign in with this name and password; what was opened with an earlier one
    /// ends.
    ///
    /// # Errors
    /// When there is no such user, it is they themselves, another has the name, they may not, or the store
    /// cannot write.
    pub async fn reset_login(
        &self,
        by: &Person,
        id: UserId,
        name: LoginName,
        password: Password,
    ) -> Result<(), AdminError> {
        // Their own password they change where they are asked for the present one.
        if id == by.user {
            return Err(AdminError::Yourself);
        }
        let called = called(&by.tenant.directory(), id);
        let login = self.new_login(&called, name, password).await?;
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            put_login(directory, transaction, org, id, login)
        })
        .await
    }

    /// A password to be given to a person.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn generate_password(&self) -> Result<String, AdminError> {
        passwords::generate(self.shared.random.as_ref()).map_err(AdminError::Unavailable)
    }

    /// When each of the people was last seen in the pages; people without a record are left out.
    #[must_use]
    pub fn last_seen(&self, org: &Tenant) -> HashMap<UserId, Stamp> {
        self.shared.sessions.last_seen(org.key)
    }

    /// Adds a status, to be chosen after all others.
    ///
    /// # Errors
    /// When the name is taken, they may not, or the store cannot write.
    pub async fn create_status(
        &self,
        by: &Person,
        name: StatusName,
    ) -> Result<StatusId, AdminError> {
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            put_new_status(directory, transaction, org, None, name)
        })
        .await
    }

    /// Sets whether activities that have a status are done.
    ///
    /// # Errors
    /// When there is no such status, they may not, or the store cannot write.
    pub async fn set_status_done(
        &self,
        by: &Person,
        id: StatusId,
        done: bool,
    ) -> Result<(), AdminError> {
        let by = by.clone();
        self.change_status(&by.tenant.clone(), by.by(), id, move |directory, status| {
            by.check(directory, Role::Admin)?;
            set_done(status, done);
            Ok(())
        })
        .await
    }

    /// Sets which status new activities begin with in the pages, in place of another.
    ///
    /// # Errors
    /// When there is no such status to choose, they may not, or the store cannot write.
    pub async fn set_status_begins(&self, by: &Person, id: StatusId) -> Result<(), AdminError> {
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            begin_with(directory, transaction, org, id)
        })
        .await
    }

    /// Retires a status, so that it can no longer be chosen, or brings it back.
    ///
    /// # Errors
    /// When there is no such status, no other is left to choose, another has its name now, they may
    /// not, or the store cannot write.
    pub async fn set_status_retired(
        &self,
        by: &Person,
        id: StatusId,
        retired: bool,
    ) -> Result<(), AdminError> {
        let by = by.clone();
        self.change_status(&by.tenant.clone(), by.by(), id, move |directory, status| {
            by.check(directory, Role::Admin)?;
            if retired {
                return retire(directory, status);
            }
            offer(directory, status)
        })
        .await
    }

    /// Moves a status among those to choose from; the first one stays first, the last one last.
    ///
    /// # Errors
    /// When there is no such status to choose, they may not, or the store cannot write.
    pub async fn move_status(
        &self,
        by: &Person,
        id: StatusId,
        step: Step,
    ) -> Result<(), AdminError> {
        let org = by.tenant.key;
        self.change_as_admin(by, move |directory, transaction| {
            step_status(directory, transaction, org, id, step)
        })
        .await
    }

    async fn change_as_admin<T: Send + 'static>(
        &self,
        by: &Person,
        change: impl FnOnce(&mut Directory, &mut dyn Transaction) -> Result<T, AdminError>
        + Send
        + 'static,
    ) -> Result<T, AdminError> {
        let person = by.clone();
        self.change_directory_async(&by.tenant, by.by(), move |directory, transaction| {
            person.check(directory, Role::Admin)?;
            change(directory, transaction)
        })
        .await
    }
}
