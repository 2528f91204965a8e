//! Who may try to come in: passwords, turns to hash one, attempts that are counted, browsers that are known.

pub(crate) mod devices;
pub(crate) mod hashing;
pub(crate) mod passwords;
pub(crate) mod setup_token;
pub(crate) mod throttle;
