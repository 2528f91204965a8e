//! The identifiers, each a separate type so that they cannot be confused.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The largest id that an activity may have, 2^53 − 1: readers written in JavaScript keep it exact.
pub const ID_MAX: i64 = (1 << 53) - 1;

/// The most characters that an organization's id may have.
pub const ORG_ID_CHARS_MAX: usize = 255;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// The number under which a store files everything of one organization. Never leaves the server.
    OrgKey, i64
}
number! {
    /// An activity's id: the wire's `activityId`. Given ids are 1 to [`ID_MAX`]; a question may name any.
    ActivityId, i64
}
number! {
    /// The account that an activity is about: the wire's `clientId`.
    ClientId, i64
}
number! {
    /// A person of the organization: the wire's `systemUserId`.
    UserId, i64
}
number! {
    /// A status of the organization: text on the wire, a number in every sample.
    StatusId, i64
}
number! {
    /// An API key's number within its organization; not the secret.
    KeyId, i64
}
number! {
    /// A version's position in its organization's log: 1, 2, 3 … Zero is before the first.
    Seq, u64
}

impl Seq {
    /// The position before the first version: the head of an empty log.
    pub const ZERO: Seq = Seq(0);

    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

/// The name by which the outside knows an organization: the wire's `orgid`.
///
/// ```
/// use domain::OrgId;
/// assert_eq!(OrgId::parse(" demo ").unwrap().as_str(), "demo");
/// assert!(OrgId::parse("two words").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrgId(String);

/// What is wrong with an organization's id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a valid organization id: use 1 to {ORG_ID_CHARS_MAX} letters (a to z), digits, '.', '_' or '-'"
)]
pub struct OrgIdError(String);

impl OrgId {
    /// Takes an id from text; blanks around it do not count.
    ///
    /// # Errors
    /// When it is empty, too long, or has other characters than letters, digits, `.`, `_`, `-`.
    pub fn parse(text: &str) -> Result<OrgId, OrgIdError> {
        let id = text.trim();
        let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if id.is_empty() || id.len() > ORG_ID_CHARS_MAX || !id.chars().all(usable) {
            return Err(OrgIdError(id.chars().take(40).collect()));
        }
        Ok(OrgId(id.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrgId {
    type Err = OrgIdError;

    fn from_str(text: &str) -> Result<OrgId, OrgIdError> {
        OrgId::parse(text)
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
