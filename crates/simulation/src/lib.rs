//! The real service over a simulated clock, store and scheduler, in one thread.
//!
//! One seed decides everything: which task goes on, where the machine dies, what the disk keeps, when
//! the clock steps. A schedule ends with a verdict: every poller's copy, made of nothing but answers,
//! equals what the log ends with, and everything acknowledged is there.
//!
//! To add a habit of pollers, see `poller.rs`; something that befalls the machine, `schedule.rs`.

mod client;
mod disk;
mod importer;
mod machine;
mod people;
mod poller;
mod renamer;
mod schedule;
mod truth;
mod verdict;
mod world;
mod writer;

pub use schedule::{Outcome, run};
