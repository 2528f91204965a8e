//! What an admin does, on the command line and in the pages: organizations, users and their logins, keys, statuses,
//! accounts, integrations, the audit log.
//!
//! Each change of the directory is one durable transaction of the committer
//! ([`Service::change_directory`](crate::Service::change_directory)), so that no write is judged by a half-changed one.
//! Each act is one method, for commands and for pages: it takes an [`Authority`](crate::Authority), which is judged
//! inside the commit. A command [waits](crate::wait) for what a page awaits.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod brought_key;
pub(crate) mod check;
pub(crate) mod integrations;
pub(crate) mod keys;
pub(crate) mod organizations;
pub(crate) mod setup;
pub(crate) mod statuses;
pub(crate) mod users;
