//! Keeps another system equal to the activities of a server that speaks API v1.
//!
//! It knows the server from outside only: it logs in, asks `syncActivities`, and writes what it is told into a
//! [`Target`](target::Target), together with how far it has come. A run can end at any instant, also by a power
//! cut; the next one goes on from what the target has.
//!
//! - From a server that says it is Driftless ([`VERSION`](api_v1::header::VERSION)), one window is read page
//!   by page, oldest change first, and the next one begins at its `responseDateTime`.
//! - Any other server is believed less: see [`run`].

mod breaker;
mod careful;
pub mod columns;
pub mod compare;
mod http;
mod patience;
mod row;
mod run;
pub mod source;
mod state;
pub mod target;
mod verify;

pub use breaker::{Breaker, Taken};
pub use patience::{Patience, Stop};
pub use row::{Row, Unreadable};
pub use run::{Options, Report, RunError, Summary, run};
pub use source::{Source, SourceError};
pub use state::{RunNote, State};
pub use verify::{Difference, Verified, verify};
