//! Existing API keys from elsewhere that are added here, so that scripts can keep using them.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use domain::{KeyId, Name, OrgId, Role, UserId};
use thiserror::Error;

use crate::admin::keys::put_new_key;
use crate::base::secret;
use crate::directory::admin_error::AdminError;
use crate::engine::Service;
use crate::folder::authority::Authority;
use crate::folder::tenant::Tenant;

/// The fewest characters of such a key: it is stored as a fast hash, like all keys, so
/// that it must be beyond guessing. The vendor's have 32.
pub const KEY_CHARS_MIN: usize = 20;

/// The most characters of such a key: it travels in the address of a request.
pub const KEY_CHARS_MAX: usize = 200;

/// The fewest different characters of such a key.
const DIFFERENT_CHARS_MIN: usize = 8;

/// An API key as it is: it is shown nowhere.
#[derive(Clone)]
pub struct BroughtKey(String);

/// Why a text is not accepted as an API key. The message never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BroughtKeyError {
    /// It is too short or too long.
    #[error("must have {KEY_CHARS_MIN} to {KEY_CHARS_MAX} characters, but has {0}")]
    Length(usize),
    /// It has other characters than keys have.
    #[error(
        "must be one line of ASCII letters, digits and punctuation, without spaces or line breaks"
    )]
    Characters,
    /// It can be guessed.
    #[error(
        "is too easy to guess: it must look random, with at least {DIFFERENT_CHARS_MIN} different characters and no pattern"
    )]
    Weak,
}

impl BroughtKey {
    /// Takes a key; blanks and line ends around it do not count.
    ///
    /// # Errors
    /// See [`BroughtKeyError`].
    pub fn parse(text: &str) -> Result<BroughtKey, BroughtKeyError> {
        let text = text.trim();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BroughtKeyError::Characters);
        }
        if !(KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&text.len()) {
            return Err(BroughtKeyError::Length(text.len()));
        }
        if is_weak(text.as_bytes()) {
            return Err(BroughtKeyError::Weak);
        }
        Ok(BroughtKey(text.to_owned()))
    }
}

impl FromStr for BroughtKey {
    type Err = BroughtKeyError;

    fn from_str(text: &str) -> Result<BroughtKey, BroughtKeyError> {
        BroughtKey::parse(text)
    }
}

/// Whether it looks made up by hand: few characters, a piece again and again, or runs
/// like `abcdef` and `111`. A random key of 20 digits is taken for one about once in a hundred thousand.
fn is_weak(key: &[u8]) -> bool {
    let different: BTreeSet<u8> = key.iter().copied().collect();
    let repeats = (1..=key.len() / 2).any(|piece| key[piece..] == key[..key.len() - piece]);
    let follows = |pair: &&[u8]| pair[0].abs_diff(pair[1]) <= 1;
    let following = key.windows(2).filter(follows).count();
    different.len() < DIFFERENT_CHARS_MIN || repeats || following * 3 >= (key.len() - 1) * 2
}

impl Service {
    /// Adds a key that was made elsewhere, for a user. It is kept as all keys are, by its hash.
    ///
    /// # Errors
    /// When there is no such user, another key of this server is the same, they may not, or the store cannot write.
    pub async fn bring_key(
        &self,
        by: impl Into<Authority>,
        user: UserId,
        label: Option<Name>,
        key: BroughtKey,
    ) -> Result<KeyId, AdminError> {
        let (shared, now) = (self.shared.clone(), self.now());
        self.change_directory(by, Role::Admin, move |directory, transaction| {
            let hash = secret::hash(&key.0);
            // Directories change on this thread alone: nobody else brings the same key meanwhile.
            let tenants = shared.tenants.read();
            let same = |tenant: &Arc<Tenant>| -> Option<(OrgId, KeyId)> {
                let keys = tenant.directory();
                let key = keys.keys.values().find(|key| key.hash == hash)?;
                Some((tenant.id.clone(), key.id))
            };
            if let Some((org, key)) = tenants.values().find_map(same) {
                return Err(AdminError::KeyExists(key, org));
            }
            drop(tenants);
            Ok(put_new_key(directory, transaction, user, label, key.0, now)?.id)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::{BroughtKey, BroughtKeyError};

    fn refused(text: &str) -> Option<BroughtKeyError> {
        BroughtKey::parse(text).err()
    }

    #[test]
    fn keys_as_vendors_make_them_are_taken() {
        for key in [
            "3fa85f6457174562b3fc2c963f66afa6",
            "  3FA85F64-5717-4562-B3FC-2C963F66AFA6\r\n",
            "sk_live_zG7wQv0P3bLx9Rt2",
            "83650174925530186427",
            "dGhpcyBpcyBub3QgYSBrZXk+/w==",
        ] {
            assert_eq!(refused(key), None, "{key}");
        }
    }

    #[test]
    fn what_can_be_guessed_or_sent_wrongly_is_refused() {
        for (key, why) in [
            ("", BroughtKeyError::Length(0)),
            ("3fa85f6457174562b3f", BroughtKeyError::Length(19)),
            (&"3fa85f6457".repeat(21), BroughtKeyError::Length(210)),
            ("3fa85f64 57174562b3fc2c963f66", BroughtKeyError::Characters),
            ("3fa85f6457174562\nb3fc2c963f66", BroughtKeyError::Characters),
            ("3fä85f6457174562b3fc2c963f66", BroughtKeyError::Characters),
            ("3fa85f6457174562b3fc2c963f66\0", BroughtKeyError::Characters),
            ("00000000000000000000000000000000", BroughtKeyError::Weak),
            ("abcdefghijklmnopqrstuvwxyz", BroughtKeyError::Weak),
            ("0123456789abcdef0123456789abcdef", BroughtKeyError::Weak),
            ("3fa85f64573fa85f64573fa85f6457", BroughtKeyError::Weak),
            ("1212121212121212121212", BroughtKeyError::Weak),
        ] {
            assert_eq!(refused(key), Some(why), "{key}");
        }
    }
}
