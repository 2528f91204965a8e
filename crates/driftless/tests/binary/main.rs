//! The real binary in a fresh folder: what it prints, what it leaves behind, and, over HTTP, what it
//! serves.
//!
//! `folder` runs commands, `server` runs a server and ends it, `client` is somebody logged in to it, `browser`
//! somebody who looks at its pages;
//! `fake_clock` shows them another time; `shape` takes out of a text what differs from run to run. Each
//! other module tells one story.
//!
//! No test sleeps: each waits for a line of output, an answer, or the end of a process, and gives up
//! after [`server::WAIT_MAX`].

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod client;
// The vendor's server, as the tests of the mirror have it.
#[path = "../../../mirror/tests/vendor/double.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod double;
mod fake_clock;
mod folder;
// A database server, as the tests of the mirror have it.
#[path = "../../../mirror/tests/targets/postgresql.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod postgresql;
mod server;
mod shape;
#[path = "../../../mirror/tests/vendor/world.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod world;

mod accounts;
mod audit;
mod backup;
mod base_path;
mod brought_key;
mod check;
mod clock;
mod commands;
mod compare;
mod crash;
mod data_folder;
mod demo;
mod directory;
mod disk;
mod documents;
mod export;
mod follow;
mod health;
mod help;
mod import;
mod import_errors;
mod import_live;
mod keys;
mod limits;
mod live;
mod logins;
mod loss;
mod mirror;
mod mirror_demo;
mod mirror_digests;
mod mirror_moves;
mod mirror_refused;
mod mirror_restarts;
mod observe;
mod other_crms;
mod people;
mod pipes;
mod places;
mod proxies;
mod secrets;
#[cfg(target_os = "linux")]
mod service_manager;
mod setting_up;
mod signals;
mod spreadsheet;
mod stop;
mod terminal;
mod tls;
mod usage;
mod user_import;
mod whole;
