//! The tokens of forms: what shows that a form is one of ours.
//!
//! A token follows from a secret that only the browser and we know: the session's id, or that of the sign-in
//! form's cookie. It is never written the same way twice: pages are compressed, and of what stays the same
//! while something else in a page is tried out, the length of the answer would tell letter by letter.

use std::hash::{BuildHasher, RandomState};

use service::hash_secret;

/// What a token is, in bytes; it is written with as many bytes before it that hide it.
const BYTES: usize = 16;

/// The token that follows from a secret, as a form carries it. It tells nothing about the secret.
pub(crate) fn token(secret: &str) -> String {
    let mask = u128::from(random()) << 64 | u128::from(random());
    let written = [mask, mask ^ plain(secret)];
    written.iter().map(|part| format!("{part:032x}")).collect()
}

/// Whether a form's token follows from that secret.
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

/// Each of these has keys of its own, which nobody knows.
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
