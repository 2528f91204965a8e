//! The first admin of a data folder in which no one can sign in to the pages: the person with the link that the server
//! prints when it starts makes one.
//!
//! The link's token is good for one admin and for this process alone. It is kept as a hash, like every secret, and
//! is worth nothing as soon as someone can sign in, however they got there.

use std::net::IpAddr;
use std::sync::Arc;

use domain::{Actor, AuditKind, By, LoginName, Name, OrgId, Role, UserId, Zone};
use thiserror::Error;

use crate::admin::users::{NewUser, put_new_user};
use crate::base::refusal::Refusal;
use crate::base::secret;
use crate::commit::Committer;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::shared::Shared;
use crate::folder::tenant::Tenant;
use crate::gate::devices::TypedName;
use crate::gate::passwords::Password;
use crate::gate::throttle::{Source, TooManyAttempts};
use crate::people::login::LoginError;
use crate::people::logins::{HashedLogin, called_anew};
use crate::people::sign_in::{NewSession, SignInError};

/// The organization that the first admin belongs to.
#[derive(Clone, Debug)]
pub enum FirstOrg {
    /// One that is made with them.
    New {
        /// Its id.
        id: OrgId,
        /// Its name.
        name: Name,
        /// The zone in which its times are shown.
        zone: Zone,
    },
    /// One that is there.
    Existing(OrgId),
}

/// The first admin.
pub struct FirstAdmin {
    /// The name that people read.
    pub name: Name,
    /// The name to sign in with.
    pub login: LoginName,
    /// The password.
    pub password: Password,
}

/// Why there is no first admin.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Someone can sign in already, and can add others.
    #[error("this server has already been set up")]
    Done,
    /// The token is not that of this process's link, or has been used.
    #[error("this setup link is not valid")]
    WrongToken,
    /// Too many tokens were wrong.
    #[error(transparent)]
    TooManyAttempts(#[from] TooManyAttempts),
    /// What was asked for cannot be.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The admin is there, and could not be signed in.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl From<Refusal> for SetupError {
    fn from(refusal: Refusal) -> SetupError {
        SetupError::Admin(refusal.into())
    }
}

impl From<LoginError> for SetupError {
    fn from(error: LoginError) -> SetupError {
        SetupError::SignIn(error.into())
    }
}

impl Shared {
    fn can_anybody_sign_in(&self) -> bool {
        let tenants = self.tenants.read();
        let directories = tenants.values().map(|tenant| tenant.directory());
        let mut directories = directories.map(|directory| {
            directory.users.values().any(|user| user.login.is_some() && !user.disabled)
        });
        directories.any(|can| can)
    }
}

impl Service {
    /// Whether anyone can sign in to the pages, in any organization.
    #[must_use]
    pub fn can_anybody_sign_in(&self) -> bool {
        self.shared.can_anybody_sign_in()
    }

    /// A token for the setup link, replacing any earlier one; none if someone can sign in.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn open_setup(&self) -> Result<Option<String>, String> {
        if self.can_anybody_sign_in() {
            return Ok(None);
        }
        let token = self.new_secret()?;
        *self.shared.setup.0.lock() = Some(secret::hash(&token));
        Ok(Some(token))
    }

    /// Whether the token is good. Wrong ones are counted by the place that they come from.
    ///
    /// # Errors
    /// When it is not, or too many from there were not.
    pub fn check_setup(&self, token: &str, from: Option<IpAddr>) -> Result<(), SetupError> {
        if self.can_anybody_sign_in() {
            return Err(SetupError::Done);
        }
        let place = Source::setup(from);
        self.shared.attempts.begin(&[place], self.shared.steady_now())?;
        if !self.shared.setup.is(token) {
            return Err(SetupError::WrongToken);
        }
        self.shared.attempts.succeeded(&[place]);
        Ok(())
    }

    /// Makes the first admin, with the organization where there is none yet, all in one, and signs them in.
    /// From then on the token is worth nothing.
    ///
    /// # Errors
    /// See [`SetupError`]; unless it is [`SetupError::SignIn`], nothing has changed.
    pub async fn set_up(
        &self,
        token: &str,
        from: Option<IpAddr>,
        org: FirstOrg,
        admin: FirstAdmin,
        devices: &str,
    ) -> Result<NewSession, SetupError> {
        self.check_setup(token, from)?;
        let name = admin.login.to_string();
        let called = self.called_first(&org, &admin.name);
        let login = self.new_login(&called, admin.login, admin.password).await?;
        let kept = login.password();
        let user = NewUser { id: None, name: admin.name, role: Role::Admin };
        let by = By { actor: Actor::SetupLink, from };
        let (shared, token) = (self.shared.clone(), token.to_owned());
        let (tenant, user) = self
            .call(None, move |committer| {
                // Inside the commit, so that of two forms, or of a form and a command, one comes first.
                if shared.can_anybody_sign_in() {
                    return Err(SetupError::Done);
                }
                if !shared.setup.is(&token) {
                    return Err(SetupError::WrongToken);
                }
                let made = committer.put_first_admin(by, org, user, login)?;
                *shared.setup.0.lock() = None;
                Ok(made)
            })
            .await?;
        self.open_organization(&tenant).await?;
        let by = By { actor: Actor::Person(user), from };
        self.note_with_next(&tenant, by, AuditKind::SignIn, "signed in with the setup link");
        let id = self.open_for(&tenant, user, &kept, false).await?;
        Ok(self.new_session(id, false, &TypedName::of(tenant.id.as_str(), &name), devices)?)
    }
}

impl Service {
    fn called_first(&self, org: &FirstOrg, admin: &Name) -> Vec<String> {
        match org {
            FirstOrg::New { id, name, .. } => {
                vec![id.to_string(), name.to_string(), admin.to_string()]
            }
            FirstOrg::Existing(id) => match self.org(id) {
                Some(org) => called_anew(&org.directory().organization, admin),
                None => Vec::new(),
            },
        }
    }
}

impl Committer {
    fn put_first_admin(
        &mut self,
        by: By,
        org: FirstOrg,
        user: NewUser,
        login: HashedLogin,
    ) -> Result<(Arc<Tenant>, UserId), AdminError> {
        match org {
            FirstOrg::New { id, name, zone } => {
                self.add_org(by, id, name, zone, |directory, transaction| {
                    put_new_user(directory, transaction, user, Some(login))
                })
            }
            FirstOrg::Existing(id) => {
                let tenant = self.shared.tenants.read().get(&id).cloned();
                let tenant = tenant.ok_or(AdminError::UnknownOrg(id))?;
                let user = self.change_directory(&tenant, by, |directory, transaction| {
                    put_new_user(directory, transaction, user, Some(login))
                })?;
                Ok((tenant, user))
            }
        }
    }
}
