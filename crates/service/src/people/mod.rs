//! Coming in and going out: scripts with a key, people with a password.

pub(crate) mod login;
pub(crate) mod logins;
pub(crate) mod sign_in;
