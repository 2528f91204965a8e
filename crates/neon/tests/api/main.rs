//! The API over HTTP: the real API, service and store, asked as clients ask.
//!
//! `harness` sets up a server, an organization and people; `client` is somebody logged in; `answer`
//! asserts of every answer what holds for all of them. Each other module tells one story.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answer;
mod client;
mod harness;

mod any_bytes;
mod bodies;
mod bounds;
mod coverage;
mod custom_fields;
mod digests;
mod errors;
mod grammar;
mod horizon;
mod import;
mod manual;
mod paging;
mod paths;
mod records;
mod reimport;
mod removals;
mod restarts;
mod run_identity;
mod runs;
mod sessions;
mod sorting;
mod status_meanings;
mod statuses;
mod tables;
mod tenants;
mod updates;
mod zones;
