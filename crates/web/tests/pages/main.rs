//! The pages as a browser without JavaScript sees them: the real router over a real service and store,
//! in a folder of its own.
//!
//! `harness` sets up two organizations and signs people in. Each other module tells of one page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness;

mod account;
mod accounts;
mod activities;
mod audit;
mod bin;
mod bulk;
mod calendar;
mod changes;
mod conflicts;
mod downloads;
mod editing;
mod following_up;
mod getting_started;
mod going_on;
mod importing;
mod integrations;
mod my_day;
mod removing;
mod room;
mod setting_up;
mod settings;
mod signing_in;
mod stories;
mod weight;
