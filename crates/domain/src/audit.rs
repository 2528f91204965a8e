//! The audit log: who did what, when, and from where.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;

use crate::{KeyId, Stamp, UserId};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditKind {
    /// A person has signed in to the pages.
    SignIn,
    /// Someone could not sign in as a person.
    SignInRefused,
    /// A person has signed out.
    SignOut,
    /// A script has logged in with a key.
    KeyLogin,
    /// A script could not log in.
    KeyLoginRefused,
    /// A key was added, labelled, or revoked.
    Key,
    /// A person was added, or something about them changed.
    User,
    /// A password was set.
    Password,
    /// The organization's settings changed.
    Settings,
    /// A status was added, or something about it changed.
    Status,
    /// Activities were exported, downloaded, or backed up.
    Export,
    /// Many activities were changed at once, or such a change was undone.
    Bulk,
    /// Something was imported.
    Import,
    /// The address of a calendar feed was made or revoked.
    Calendar,
    /// The organization, or its first admin, was made.
    Setup,
}

impl AuditKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [AuditKind; 15] = [
        AuditKind::SignIn,
        AuditKind::SignInRefused,
        AuditKind::SignOut,
        AuditKind::KeyLogin,
        AuditKind::KeyLoginRefused,
        AuditKind::Key,
        AuditKind::User,
        AuditKind::Password,
        AuditKind::Settings,
        AuditKind::Status,
        AuditKind::Export,
        AuditKind::Bulk,
        AuditKind::Import,
        AuditKind::Calendar,
        AuditKind::Setup,
    ];

    /// What it is called: in the store, in addresses, and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AuditKind::SignIn => "sign-in",
            AuditKind::SignInRefused => "sign-in-refused",
            AuditKind::SignOut => "sign-out",
            AuditKind::KeyLogin => "key-login",
            AuditKind::KeyLoginRefused => "key-login-refused",
            AuditKind::Key => "key",
            AuditKind::User => "user",
            AuditKind::Password => "password",
            AuditKind::Settings => "settings",
            AuditKind::Status => "status",
            AuditKind::Export => "export",
            AuditKind::Bulk => "bulk",
            AuditKind::Import => "import",
            AuditKind::Calendar => "calendar",
            AuditKind::Setup => "setup",
        }
    }
}

impl fmt::Display for AuditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {}", names())]
pub struct AuditKindError;

fn names() -> String {
    let names = AuditKind::ALL.map(AuditKind::as_str);
    format!("one of {}", names.join(", "))
}

impl FromStr for AuditKind {
    type Err = AuditKindError;

    fn from_str(text: &str) -> Result<AuditKind, AuditKindError> {
        AuditKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(AuditKindError)
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person in the pages; of a refused sign-in, the one whose name was given.
    Person(UserId),
    /// A script with this key.
    Key(KeyId),
    /// Someone at the server, who typed a command.
    CommandLine,
    /// Someone with the setup link.
    SetupLink,
    /// It is not known who.
    Unknown,
}

/// Who did it, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The client's address, where there is one and it is known.
    pub from: Option<IpAddr>,
}

impl By {
    /// Someone who typed a command.
    pub const COMMAND_LINE: By = By { actor: Actor::CommandLine, from: None };
}

/// The most characters that an entry says; the rest is cut off.
pub const AUDIT_CHARS_MAX: usize = 500;

/// An entry of an organization's audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number within the organization; they count up, and some may be missing.
    pub number: u64,
    /// When it happened; of several that are counted together, the first.
    pub at: Stamp,
    /// Of several that are counted together, the last.
    pub last: Stamp,
    /// How often it happened.
    pub count: u64,
    /// What it is about.
    pub kind: AuditKind,
    /// Who did it, and from where.
    pub by: By,
    /// What was done, in words; never a secret.
    pub what: String,
}

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those with a smaller number than this.
    pub before: u64,
    /// Those of this kind; none for all.
    pub kind: Option<AuditKind>,
    /// Those of this actor; none for all.
    pub actor: Option<Actor>,
    /// At most so many.
    pub limit: usize,
}
