//! The tenant, and its people, keys and statuses.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::activity::{TextError, checked};
use crate::{
    ClientId, Follows, Interval, KeyId, OrgId, OrgKey, Seq, Stamp, StatusId, StatusName, UserId,
    Zone,
};

/// The most characters that a person's, an organization's, a key's or a status's name may have.
pub const NAME_CHARS_MAX: usize = 200;

/// A name for people to read: not empty, at most [`NAME_CHARS_MAX`] characters, on one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Takes a name from text; blanks around it do not count.
    ///
    /// # Errors
    /// When it is empty, too long, or has control characters.
    pub fn parse(text: &str) -> Result<Name, TextError> {
        let name = text.trim();
        if name.chars().any(char::is_control) {
            return Err(TextError::Control);
        }
        Ok(Name(checked(name, NAME_CHARS_MAX)?.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Name, TextError> {
        Name::parse(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tenant. Everything else belongs to exactly one.
#[derive(Clone, Debug)]
pub struct Organization {
    /// The store's number for it.
    pub key: OrgKey,
    /// The outside's name for it.
    pub id: OrgId,
    /// The name that people read.
    pub name: Name,
    /// The zone in which its stamps are shown.
    pub zone: Zone,
    /// How far its life has come.
    pub stage: Stage,
    /// The greatest number of a person that any version of an activity has named
    /// ([`Activity::assignable_user`](crate::Activity::assignable_user)), 0 where none has. Who is
    /// added without a number gets one after it.
    pub last_user_named: UserId,
    /// What helps its admins on the first days.
    pub guide: Guide,
    /// What columns of tables have been said to be at imports in the pages: `Their name=member`, one a line.
    pub import_columns: String,
    /// What it is kept equal to, if it is: then no one else writes to it.
    pub follows: Option<Follows>,
}

/// What helps an organization's admins on the first days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guide {
    /// Whether an admin has hidden the checklist.
    pub hidden: bool,
    /// The examples that an admin has asked for.
    pub examples: Option<Examples>,
}

/// Examples that an organization was filled with. Their activities are known by [`Origin::Examples`](crate::Origin).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examples {
    /// How many activities were made up.
    pub activities: u32,
    /// Their versions have no later position than this.
    pub until: Seq,
    /// The first of the accounts that were made up; the others follow it.
    pub first_account: ClientId,
    /// How many accounts were made up.
    pub accounts: u32,
    /// Whether they have been taken away again.
    pub removed: bool,
}

/// How far an organization's life has come. Only a first import goes back, to [`Stage::Fresh`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// There was no login, so that nothing can have been exposed: an import may keep the stamps
    /// that it was given (invariant 2).
    Fresh,
    /// Such an import is being written: no one may log in or write. What a process leaves so is cut
    /// back to nothing when the next one starts.
    Importing,
    /// There was a login.
    Open,
}

/// A person of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemUser {
    /// The wire's `systemUserId`.
    pub id: UserId,
    /// The name that answers show as `createdBy`.
    pub name: Name,
    /// What the person may do.
    pub role: Role,
    /// A disabled user's keys and sessions are worth nothing.
    pub disabled: bool,
    /// How the person signs in to the pages, where they may.
    pub login: Option<Login>,
    /// Whose clocks the pages show the person, where not the organization's.
    pub zone: Option<Zone>,
    /// The address under which a calendar program reads their activities, where there is one.
    pub calendar: Option<CalendarFeed>,
}

impl SystemUser {
    /// Disables the user. The calendar feed ends for good: enabling the user again does not bring it back.
    pub fn disable(&mut self) {
        self.disabled = true;
        self.calendar = None;
    }
}

/// The calendar feed of a person: anyone who knows its address can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarFeed {
    /// What is kept of the secret in the address.
    pub hash: SecretHash,
    /// When the address was created.
    pub created: Stamp,
}

/// How a person signs in to the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The name, one of a kind within the organization.
    pub name: LoginName,
    /// What is kept of the password; none as long as it has not been set: then the name only waits for one.
    pub password: Option<PasswordHash>,
    /// When the password was set: sessions opened before are worth nothing.
    pub password_set: Stamp,
}

/// The name that a person signs in with: lower case, without blanks, however its letters are put together.
///
/// ```
/// use domain::LoginName;
/// assert_eq!(LoginName::parse(" Ada@example.org ").unwrap().as_str(), "ada@example.org");
/// assert!(LoginName::parse("ada byron").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoginName(String);

/// A text that is no login name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("must have 1 to {LOGIN_CHARS_MAX} characters and no spaces, like ada or ada@example.org")]
pub struct LoginNameError;

/// The most characters that a login name may have.
pub const LOGIN_CHARS_MAX: usize = 100;

impl LoginName {
    /// Takes a name from text; case, and blanks around it, do not count.
    ///
    /// # Errors
    /// When it is empty, too long, or has blanks or control characters.
    pub fn parse(text: &str) -> Result<LoginName, LoginNameError> {
        let name: String = text.trim().to_lowercase().nfc().collect();
        let unusable = |c: char| c.is_whitespace() || c.is_control();
        let chars = name.chars().count();
        if chars == 0 || chars > LOGIN_CHARS_MAX || name.chars().any(unusable) {
            return Err(LoginNameError);
        }
        Ok(LoginName(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LoginName {
    type Err = LoginNameError;

    fn from_str(text: &str) -> Result<LoginName, LoginNameError> {
        LoginName::parse(text)
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is kept of a password: a PHC string, which names algorithm, cost and salt.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// What a session was opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opener {
    /// An API key: the session is a script's.
    Key(KeyId),
    /// A person's login: the session is a browser's.
    Login(UserId),
}

/// An account of the organization's directory: what people read instead of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The wire's `clientId`.
    pub id: ClientId,
    /// Its name.
    pub name: Name,
}

/// What a system user may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ask.
    Viewer,
    /// Ask, create, edit, remove.
    Editor,
    /// All that, and settings.
    Admin,
}

impl Role {
    /// The role's name, as commands take and print it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Role> {
        [Role::Viewer, Role::Editor, Role::Admin].into_iter().find(|role| role.as_str() == text)
    }
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a role: use viewer, editor or admin")]
pub struct RoleError(String);

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Role, RoleError> {
        Role::parse(text).ok_or_else(|| RoleError(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The SHA-256 of a secret. The secrets are 128 random bits, so that no slow hash is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A key with which an integration logs in: on behalf of a system user, with that user's role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its number within the organization.
    pub id: KeyId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for, in the admin's words; may be empty.
    pub label: String,
    /// What is kept of the secret.
    pub hash: SecretHash,
    /// When it was made.
    pub created: Stamp,
    /// A revoked key and its sessions are worth nothing.
    pub revoked: bool,
    /// The last login with it.
    pub last_login: Option<Stamp>,
    /// How often it is expected to poll; none to judge by its usual pause.
    pub expected: Option<Interval>,
}

/// A status that activities can have. Its name is embedded in every record that shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub id: StatusId,
    /// Its present name.
    pub name: StatusName,
    /// Its place among the statuses to choose from; those of one place follow by id.
    pub position: i64,
    /// Whether an activity that has it is done: no longer due.
    pub done: bool,
    /// Whether new activities begin with it in the pages, unless another is chosen; at most one of an
    /// organization's does.
    pub begins: bool,
    /// A retired status stays on the records that have it and cannot be newly chosen.
    pub retired: bool,
    /// Its name has changed and the records that show it are still being brought up to date
    /// (invariant 8).
    pub spreading: bool,
}

/// What a status means, as far as its name tells. Names come from other systems, and nothing else says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing has been done yet.
    NotBegun,
    /// Something is still to be done.
    UnderWay,
    /// What was to be done has been done.
    Done,
    /// It is no longer to be done.
    CalledOff,
}

/// The names, in lower case, that tell what a status means.
const MEANINGS: [(Meaning, &[&str]); 4] = [
    (
        Meaning::NotBegun,
        &[
            "not started",
            "not begun",
            "new",
            "open",
            "planned",
            "scheduled",
            "to do",
            "to-do",
            "todo",
        ],
    ),
    (
        Meaning::UnderWay,
        &["in progress", "started", "under way", "waiting", "pending", "deferred", "on hold"],
    ),
    (Meaning::Done, &["completed", "complete", "done", "closed", "finished", "resolved"]),
    (Meaning::CalledOff, &["cancelled", "canceled", "called off", "abandoned"]),
];

impl Meaning {
    /// What a status of this name means; none if the name does not tell.
    #[must_use]
    pub fn of(name: &StatusName) -> Option<Meaning> {
        let name = name.as_str().trim().to_lowercase();
        let known = MEANINGS.iter().find(|(_, names)| names.contains(&name.as_str()));
        known.map(|(meaning, _)| *meaning)
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Meaning::Done | Meaning::CalledOff)
    }
}

impl Status {
    /// A new status, to be chosen after those of smaller ids. Its name tells whether it counts as done.
    #[must_use]
    pub fn new(id: StatusId, name: StatusName) -> Status {
        let done = Meaning::of(&name).is_some_and(Meaning::is_done);
        Status { id, name, position: id.0, done, begins: false, retired: false, spreading: false }
    }
}
