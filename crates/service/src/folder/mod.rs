//! The data folder in memory: its organizations and sessions, and what they share.

pub(crate) mod authority;
pub(crate) mod person;
pub(crate) mod sessions;
pub(crate) mod shared;
pub(crate) mod tenant;
pub(crate) mod works;
