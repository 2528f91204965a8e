//! Users: added, one or many at once, changed and disabled; how they sign in.

use domain::{ID_MAX, ListedUser, Login, LoginName, Name, Role, Stage, Stamp, SystemUser, UserId};
use hashbrown::{HashMap, HashSet};
use store::Transaction;
use thiserror::Error;

use crate::base::refusal::{Refusal, unavailable};
use crate::directory::Directory;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;
use crate::gate::passwords::{self, Password};
use crate::people::logins::{HashedLogin, called, called_anew, put_login};

/// The most users that are added at once: all of them are in memory, and in one transaction.
pub const USERS_AT_ONCE_MAX: usize = 10_000;

/// A system user to be added.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The id. Where none is given, one after all that people have and activities have ever named,
    /// so that no one gets what belongs to someone else.
    pub id: Option<UserId>,
    /// The name.
    pub name: Name,
    /// What the person may do.
    pub role: Role,
}

/// Why none of a list's users was added.
#[derive(Debug, Error)]
pub enum AddUsersError {
    /// Some of them cannot be added: the place in the list, and why.
    #[error("{} of the users cannot be added", .0.len())]
    Users(Vec<(usize, ListedUserError)>),
    /// Something else.
    #[error(transparent)]
    Admin(#[from] AdminError),
}

impl From<Refusal> for AddUsersError {
    fn from(refusal: Refusal) -> AddUsersError {
        AddUsersError::Admin(refusal.into())
    }
}

/// Why a user of a list cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ListedUserError {
    /// The list has the id before.
    #[error("id {0} is in the list twice")]
    IdTwice(UserId),
    /// The id is taken.
    #[error("user {0} already exists: {1}")]
    Exists(UserId, Name),
    /// The list has the login name before.
    #[error("the login name {0} is in the list twice")]
    LoginTwice(LoginName),
    /// The login name is taken.
    #[error("the login name {0} is already used by user {1}")]
    LoginExists(LoginName, UserId),
    /// The name is in use, and no id says that this is a different person.
    #[error("user {1} is also called {0}: give an id if this is a different person")]
    Namesake(Name, UserId),
    /// The list has the name twice, and no id says that this is a different person.
    #[error("{0} is in the list twice: give each an id if they are different people")]
    NameTwice(Name),
}

/// What is to change about a user; the rest stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Another name.
    pub name: Option<Name>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether keys and sessions must stop working.
    pub disabled: Option<bool>,
}

impl UserChange {
    /// Their keys and sessions stop working.
    pub const DISABLE: UserChange = UserChange { name: None, role: None, disabled: Some(true) };

    fn make(self, user: &mut SystemUser) {
        let UserChange { name, role, disabled } = self;
        user.name = name.unwrap_or_else(|| user.name.clone());
        user.role = role.unwrap_or(user.role);
        user.disabled = disabled.unwrap_or(user.disabled);
        if user.disabled {
            user.disable();
        }
    }
}

impl Service {
    /// Adds a user, who can sign in where a login name and a password are given.
    ///
    /// # Errors
    /// When the id or the login name is taken, they may not, or the store cannot write.
    pub async fn add_user(
        &self,
        by: impl Into<Authority>,
        user: NewUser,
        login: Option<(LoginName, Password)>,
    ) -> Result<UserId, AdminError> {
        let by = by.into();
        let login = match login {
            Some((name, password)) => {
                let called = called_anew(&by.org().directory().organization, &user.name);
                Some(self.new_login(&called, name, password).await?)
            }
            None => None,
        };
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            put_new_user(directory, transaction, user, login)
        })
        .await
    }

    /// Changes a user. What belongs to a role or a key ends at once where it is taken away. People cannot take the
    /// permission to do this from themselves: so there is always someone left who may.
    ///
    /// # Errors
    /// When there is no such user, they would lose their own role, they may not, or the store cannot write.
    pub async fn change_user(
        &self,
        by: impl Into<Authority>,
        id: UserId,
        change: UserChange,
    ) -> Result<(), AdminError> {
        let by = by.into();
        let is_own = by.is_of(id);
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            let user = directory.users.get_mut(&id).ok_or(AdminError::UnknownUser(id))?;
            change.make(user);
            if is_own && (user.role < Role::Admin || user.disabled) {
                return Err(AdminError::Yourself);
            }
            Ok(transaction
                .put_user(directory.organization.key, user)
                .map_err(|e| unavailable(&e))?)
        })
        .await
    }

    /// Lets a user sign in with this name and password; what was opened with an earlier one ends.
    ///
    /// # Errors
    /// When there is no such user, it is they themselves, another has the name, they may not, or the store cannot
    /// write.
    pub async fn set_login(
        &self,
        by: impl Into<Authority>,
        id: UserId,
        name: LoginName,
        password: Password,
    ) -> Result<(), AdminError> {
        let by = by.into();
        // Their own password they change where they are asked for the present one.
        if by.is_of(id) {
            return Err(AdminError::Yourself);
        }
        let called = called(&by.org().directory(), id);
        let login = self.new_login(&called, name, password).await?;
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            put_login(directory, transaction, id, login)
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

    /// Adds all of these users or none. Users with a login name can sign in once a password is set.
    ///
    /// # Errors
    /// When any of them cannot be added, they may not, or the store cannot write.
    pub async fn add_users(
        &self,
        by: impl Into<Authority>,
        users: Vec<ListedUser>,
    ) -> Result<Vec<UserId>, AddUsersError> {
        let now = self.shared.steady_now();
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            let problems = problems(directory, &users);
            if !problems.is_empty() {
                return Err(AddUsersError::Users(problems));
            }
            let (mut ids, mut unnumbered) = (vec![UserId(0); users.len()], Vec::new());
            for (at, user) in users.into_iter().enumerate() {
                // New numbers come after those that the list gives.
                if user.id.is_none() {
                    unnumbered.push((at, user));
                    continue;
                }
                ids[at] = add(directory, transaction, user, now)?;
            }
            for (at, user) in unnumbered {
                ids[at] = add(directory, transaction, user, now)?;
            }
            Ok(ids)
        })
        .await
    }
}

fn add(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    user: ListedUser,
    now: Stamp,
) -> Result<UserId, AdminError> {
    let ListedUser { id, name, role, login } = user;
    let id = put_new_user(directory, transaction, NewUser { id, name, role }, None)?;
    if let Some(name) = login {
        let user = directory.users.get_mut(&id).ok_or(AdminError::UnknownUser(id))?;
        user.login = Some(Login { name, password: None, password_set: now });
        transaction.put_user(directory.organization.key, user).map_err(|e| unavailable(&e))?;
    }
    Ok(id)
}

/// What is wrong with a list, user by user.
fn problems(directory: &Directory, users: &[ListedUser]) -> Vec<(usize, ListedUserError)> {
    let login = |user: &SystemUser| Some((user.login.as_ref()?.name.clone(), user.id));
    let logins: HashMap<LoginName, UserId> = directory.users.values().filter_map(login).collect();
    let names: HashMap<&Name, UserId> =
        directory.users.values().map(|user| (&user.name, user.id)).collect();
    let (mut ids_seen, mut logins_seen) = (HashSet::new(), HashSet::new());
    // Of two people of one name, each needs an id.
    let mut names_seen: HashMap<&Name, bool> = HashMap::new();
    let mut found = Vec::new();
    for (at, user) in users.iter().enumerate() {
        let mut problem = |error| found.push((at, error));
        if let Some(id) = user.id {
            if let Some(there) = directory.users.get(&id) {
                problem(ListedUserError::Exists(id, there.name.clone()));
            } else if !ids_seen.insert(id) {
                problem(ListedUserError::IdTwice(id));
            }
        } else if let Some(there) = names.get(&user.name) {
            problem(ListedUserError::Namesake(user.name.clone(), *there));
        }
        let has_id = user.id.is_some();
        let before = names_seen.insert(&user.name, has_id);
        if before.is_some_and(|before_has_id| !before_has_id || !has_id) {
            problem(ListedUserError::NameTwice(user.name.clone()));
        }
        if let Some(login) = &user.login {
            if let Some(there) = logins.get(login) {
                problem(ListedUserError::LoginExists(login.clone(), *there));
            } else if !logins_seen.insert(login) {
                problem(ListedUserError::LoginTwice(login.clone()));
            }
        }
    }
    found
}

/// Adds a user, who can sign in where there is a login.
pub(crate) fn put_new_user(
    directory: &mut Directory,
    transaction: &mut dyn Transaction,
    user: NewUser,
    login: Option<HashedLogin>,
) -> Result<UserId, AdminError> {
    if user.id.is_none() && directory.organization.stage == Stage::Importing {
        // The files may name people whose numbers nobody knows yet.
        return Err(Refusal::under_import().into());
    }
    let last = directory.users.keys().next_back().copied();
    let last = last.max(Some(directory.organization.last_user_named)).map_or(0, |id| id.0);
    let next = || Some(UserId(last.saturating_add(1))).filter(|id| id.0 <= ID_MAX);
    let id = user.id.or_else(next).ok_or(AdminError::UserIdsExhausted)?;
    if directory.users.contains_key(&id) {
        return Err(AdminError::UserExists(id));
    }
    let taken = login.as_ref().and_then(|login| directory.user_of_login(&login.name));
    if let (Some(login), Some(other)) = (&login, taken) {
        return Err(AdminError::LoginExists(login.name.clone(), other.id));
    }
    let login = login.map(|login| login.set_now(None));
    let user = SystemUser {
        id,
        name: user.name,
        role: user.role,
        disabled: false,
        login,
        zone: None,
        calendar: None,
    };
    transaction.put_user(directory.organization.key, &user).map_err(|e| unavailable(&e))?;
    directory.users.insert(id, user);
    Ok(id)
}
