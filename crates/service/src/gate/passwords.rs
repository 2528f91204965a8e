//! Passwords: argon2id, with the cost that OWASP's password storage cheat sheet names first (19 MiB,
//! two passes).

use std::collections::HashSet;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::PasswordHash;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::base::random::Random;
use crate::base::sabotage::hurries;

/// Bytes of randomness in a salt.
pub(crate) const SALT_BYTES: usize = 16;

/// The fewest characters that a password may have.
pub const PASSWORD_CHARS_MIN: usize = 10;

/// The most bytes that a password may have.
pub const PASSWORD_BYTES_MAX: usize = 1_000;

/// A password that may be set.
#[derive(Clone)]
pub struct Password(String);

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// It is guessed too easily.
    #[error("must have at least {PASSWORD_CHARS_MIN} characters")]
    TooShort,
    /// It is too long.
    #[error("must have at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// Everyone who guesses tries it.
    #[error("must not be one of the most common passwords")]
    Common,
    /// It is the name of something that everyone here knows.
    #[error("must not be the name of the person or the organization, or the login name")]
    Named,
    /// It is the one that is to be replaced.
    #[error("must be different from the current one")]
    Same,
}

/// Passwords that those who guess try first: lower case, one a line, sorted. A selection of our own; shorter ones are
/// refused for their length.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

impl Password {
    /// Takes a password as it is, blanks included; however its letters are put together.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn parse(text: &str) -> Result<Password, PasswordError> {
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        let text = &*normal(text);
        if text.chars().count() < PASSWORD_CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        if COMMON.contains(&*text.to_lowercase()) {
            return Err(PasswordError::Common);
        }
        Ok(Password(text.to_owned()))
    }

    /// Refuses a password that is one of these names, whatever stands between its letters and digits, and whatever
    /// number comes after it.
    pub(crate) fn is_none_of<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), PasswordError> {
        let password = bare(&self.0);
        let is_it = |name: &str| !name.is_empty() && password == name;
        let named = names.into_iter().any(|name| is_it(&bare(name)));
        if named { Err(PasswordError::Named) } else { Ok(()) }
    }

    /// Whether it is the same as a password that was typed.
    pub(crate) fn is(&self, typed: &str) -> bool {
        self.0 == normal(typed)
    }
}

/// The letters and digits of a text, without case, and without a number at its end.
fn bare(text: &str) -> String {
    let letters = normal(text).to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    letters.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
}

/// The one form in which passwords are compared: é is one letter, whether typed as one character or as two, and every
/// blank is a plain one (OpaqueString of RFC 8265).
fn normal(text: &str) -> String {
    let plain = |c: char| if c.is_whitespace() && !c.is_control() { ' ' } else { c };
    text.nfc().map(plain).collect()
}

/// What a generated password is made of: letters and digits that are not taken for one another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Characters of a generated password, 5 bits each.
const GENERATED_CHARS: usize = 16;

/// A password that cannot be guessed, to be given to a person: `k3fm-x7tq-…`.
pub(crate) fn generate(random: &dyn Random) -> Result<String, String> {
    let mut bytes = [0; GENERATED_CHARS];
    random.fill(&mut bytes)?;
    let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let groups = letters.chunks(4).map(|group| group.iter().collect::<String>());
    Ok(groups.collect::<Vec<_>>().join("-"))
}

fn argon2() -> Argon2<'static> {
    let quick = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None);
    let params = if hurries() { quick.unwrap_or_default() } else { Params::DEFAULT };
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// What is kept of a password.
pub(crate) fn hash(password: &str, salt: &[u8; SALT_BYTES]) -> Result<PasswordHash, String> {
    let hash = argon2().hash_password_with_salt(password.as_bytes(), salt);
    hash.map(|hash: Phc| PasswordHash(hash.to_string())).map_err(|e| e.to_string())
}

/// The same with a salt of its own.
pub(crate) fn hash_anew(password: &Password, random: &dyn Random) -> Result<PasswordHash, String> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt)?;
    hash(&password.0, &salt)
}

/// Whether this is the password of which that is kept.
pub(crate) fn matches(password: &str, kept: &PasswordHash) -> bool {
    let Ok(kept) = Phc::new(&kept.0) else { return false };
    password.len() <= PASSWORD_BYTES_MAX
        && argon2().verify_password(normal(password).as_bytes(), &kept).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_common_passwords_is_as_it_is_read() {
        let lines: Vec<&str> = include_str!("common_passwords.txt").lines().collect();
        assert!(lines.is_sorted(), "sorted");
        assert_eq!(lines.len(), COMMON.len(), "each once");
        for line in lines {
            assert_eq!(line, line.to_lowercase());
            assert_eq!(line, normal(line));
            assert!(line.chars().count() >= PASSWORD_CHARS_MIN, "{line} is too short anyway");
        }
    }
}
