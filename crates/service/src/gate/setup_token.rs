//! The token of the setup link.

use domain::SecretHash;
use parking_lot::Mutex;
use subtle::ConstantTimeEq;

use crate::base::secret;

/// The token of the link; none if there is no link, or no longer.
#[derive(Default)]
pub(crate) struct SetupToken(pub(crate) Mutex<Option<SecretHash>>);

impl SetupToken {
    /// Whether it is this one.
    pub(crate) fn is(&self, token: &str) -> bool {
        let given = secret::hash(token);
        self.0.lock().is_some_and(|kept| bool::from(kept.0.ct_eq(&given.0)))
    }
}
