//! Passwords: argon2id, with the cost that OWASP's password storage cheat sheet names first (19 MiB,
//! two passes).

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::PasswordHash;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::Random;
use crate::sabotage::hurries;

/// Bytes of randomness in a salt.
pub(crate) const SALT_BYTES: usize = 16;

/// The fewest characters that a password may have.
pub const PASSWORD_CHARS_MIN: usize = 10;

/// The most bytes that a password may have.
pub const PASSWORD_BYTES_MAX: usize = 1_000;

/// Passwords that are hashed at the same time: each takes 19 MiB and a core.
pub(crate) const HASHING_MAX: usize = 2;

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
}

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
        Ok(Password(text.to_owned()))
    }
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
