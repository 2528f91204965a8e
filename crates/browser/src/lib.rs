//! Tests the pages of the real binary in Debian's Chromium, driven through chromedriver.
//!
//! A test reads like what a person does:
//!
//! ```ignore
//! #[test]
//! fn what_is_typed_is_in_the_next_answer() {
//!     let server = Server::start();
//!     let ada = server.person("acme", "Ada Byron", "editor");
//!     let page = Page::new(&server);
//!     page.sign_in(&ada);
//!     page.click("New activity");
//!     page.fill("Subject", "Call the donor");
//!     page.click("Save");
//!     page.sees("Call the donor");
//!     assert_eq!(page.axe(), [""; 0]);
//! }
//! ```
//!
//! Plain words name what a person reads: the text of a link or button, or the label of a control. [`css`] names
//! something by a selector. Each step waits until it finds its element, for at most [`WAIT_MAX`]; then the test fails
//! and prints what the page showed instead.
//!
//! A [`Page`] is a browser with its own profile, which takes about a second to start, so test several steps with one.
//! All browsers of a process share one chromedriver.
//!
//! `./check` builds and installs what this needs. To run it by hand after changing a page:
//!
//! ```text
//! cargo build -p driftless && cargo test -p driftless-browser
//! ```

mod api;
mod axe;
mod command;
mod console;
mod driver;
mod find;
mod forms;
mod lines;
mod looks;
mod page;
mod server;

use std::time::Duration;

pub use api::Api;
pub use driver::Driver;
pub use fantoccini::key::Key;
pub use find::{What, css};
pub use looks::Scheme;
pub use page::Page;
pub use server::{Person, Server};

/// How long a step waits. It takes far less, unless something is broken.
pub const WAIT_MAX: Duration = Duration::from_secs(20);
