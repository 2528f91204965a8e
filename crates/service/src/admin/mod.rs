//! What an admin does, on the command line and in the pages: organizations, users and their logins, keys, statuses,
//! accounts, integrations, the audit trail.
//!
//! Each change of the directory is one durable transaction of the committer
//! ([`Service::change_directory`](crate::Service::change_directory)), so that no write is judged by a half-changed one.
//! Whether a person still may is judged inside it.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod brought_key;
pub(crate) mod check;
pub(crate) mod integrations;
pub(crate) mod keys;
pub(crate) mod logins;
pub(crate) mod organizations;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod statuses;
pub(crate) mod users;
