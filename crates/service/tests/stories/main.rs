//! The service below its doors: what cannot be seen well through HTTP. The real store, clocks that
//! are set by hand where time matters.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod faulty;
mod harness;
mod mirror;
mod reader;

mod commits;
mod coverage;
mod edits;
mod first_import;
mod hangups;
mod history;
mod lists;
mod lists_model;
mod lists_speed;
mod mirrors;
mod passwords;
mod polls;
mod previews;
mod renames;
mod restores;
mod room;
mod sorts;
mod traffic;
mod turns;
mod unknown_outcomes;
