//! Lets users sign in to the pages, on the command line.

use std::sync::Arc;

use domain::{By, LoginName, UserId};

use crate::admin::users::{NewUser, put_new_user};
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::tenant::Tenant;
use crate::gate::passwords::Password;
use crate::people::logins::{called, called_anew, put_login};

impl Service {
    /// Lets a user sign in with this name and password. Sessions opened with an earlier password are
    /// worth nothing from then on.
    ///
    /// # Errors
    /// When there is no such user, another has the name, or the store cannot write.
    pub async fn set_login(
        &self,
        org: &Arc<Tenant>,
        user: UserId,
        name: LoginName,
        password: Password,
    ) -> Result<(), AdminError> {
        let called = called(&org.directory(), user);
        let login = self.new_login(&called, name, password).await?;
        let key = org.key;
        self.change_directory_async(org, By::COMMAND_LINE, move |directory, transaction| {
            put_login(directory, transaction, key, user, login)
        })
        .await
    }

    /// The same for a thread that may wait.
    ///
    /// # Errors
    /// As [`Service::set_login`].
    pub fn give_login(
        &self,
        org: &Arc<Tenant>,
        user: UserId,
        name: LoginName,
        password: &Password,
    ) -> Result<(), AdminError> {
        let called = called(&org.directory(), user);
        let login = self.new_login_here(&called, name, password)?;
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            put_login(directory, transaction, key, user, login)
        })
    }

    /// Adds a user who can sign in, all in one; for a thread that may wait.
    ///
    /// # Errors
    /// When the id or the login name is taken or the store cannot write.
    pub fn add_person(
        &self,
        org: &Arc<Tenant>,
        user: NewUser,
        name: LoginName,
        password: &Password,
    ) -> Result<UserId, AdminError> {
        let called = called_anew(&org.directory().organization, &user.name);
        let login = self.new_login_here(&called, name, password)?;
        let key = org.key;
        self.change_directory(org, move |directory, transaction| {
            put_new_user(directory, transaction, key, user, Some(login))
        })
    }
}
