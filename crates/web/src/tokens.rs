//! The tokens of forms, which show that a form is ours.
//!
//! A token is derived from a secret that only the browser and the server know: the session id, or the one in the
//! sign-in form's cookie. It is written differently each time, because pages are compressed: if it stayed the same,
//! an attacker who can vary other parts of a page could guess it from the length of the answers (BREACH).

use std::hash::{BuildHasher, RandomState};

use service::hash_secret;

/// The length of a token in bytes; it is masked by as many random bytes, which are written before it.
const BYTES: usize = 16;

/// The token for a secret, as forms carry it. It reveals nothing about the secret.
pub(crate) fn token(secret: &str) -> String {
    let mask = u128::from(random()) << 64 | u128::from(random());
    let written = [mask, mask ^ plain(secret)];
    written.iter().map(|part| format!("{part:032x}")).collect()
}

/// Whether a form's token belongs to this secret.
pub(crate) fn is_token(given: &str, secret: &str) -> bool {
    let part = |range| u128::from_str_radix(given.get(range)?, 16).ok();
    let half = 2 * BYTES;
    let parts = part(0..half).zip(part(half..2 * half)).filter(|_| given.len() == 2 * half);
    parts.is_some_and(|(mask, hidden)| mask ^ hidden == plain(secret))
}

fn plain(secret: &str) -> u128 {
    let hash = hash_secret(&format!("form of {secret}"));
    let mut bytes = [0; BYTES];
    bytes.copy_from_slice(&hash.0[..BYTES]);
    u128::from_be_bytes(bytes)
}

/// Each `RandomState` has secret random keys of its own.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_secret_however_it_is_written() {
        let (one, other) = (token("secret"), token("secret"));
        assert_ne!(one, other);
        assert!(is_token(&one, "secret") && is_token(&other, "secret"));
        assert!(!is_token(&one, "another"));
        let same = one.chars().zip(other.chars()).filter(|(a, b)| a == b).count();
        assert!(same < 24, "{one} and {other} are alike");
        for wrong in ["", "é", &one[1..], &format!("{one}0"), &"+".repeat(64), &"0".repeat(64)] {
            assert!(!is_token(wrong, "secret"), "{wrong}");
        }
    }
}
