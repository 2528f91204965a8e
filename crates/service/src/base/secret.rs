//! API keys and session ids: 128 random bits, shown once, kept as a hash (invariant 10).

use domain::SecretHash;
use sha2::{Digest, Sha256};

use crate::base::random::Random;

/// Bytes of randomness in a secret; it is written as twice as many hex digits.
pub(crate) const SECRET_BYTES: usize = 16;

/// A new secret: 32 lower-case hex digits, safe in a URL as they are.
pub(crate) fn generate(random: &dyn Random) -> Result<String, String> {
    let mut bytes = [0; SECRET_BYTES];
    random.fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret.as_bytes()).into())
}
