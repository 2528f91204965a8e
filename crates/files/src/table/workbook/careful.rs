//! Steps of the library that reads workbooks, which trusts what they say.
//!
//! Where one says what no workbook can have, a number may become larger than the library expects, and it panics
//! (calamine 0.38). That ends the step, and is no reason to end more than the import. A release checks its numbers, too:
//! see the profile in the workspace's `Cargo.toml`.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::unreadable;
use crate::problem::Fault;

/// Does a step, after whose failure nothing that it worked on is used again.
pub(super) fn careful<T, E: Display>(step: impl FnOnce() -> Result<T, E>) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(done) => done.map_err(|error| unreadable(&error)),
        Err(_) => Err(unreadable(&"something in it is beyond what a workbook can have")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_panics_is_refused() {
        let text = |step: fn() -> Result<u8, &'static str>| {
            careful(step).map_err(|fault| fault.to_string()).unwrap_err()
        };
        assert!(text(|| Err("no sheet")).contains("no sheet"));
        assert!(text(|| panic!("a number is too large")).contains("beyond what a workbook"));
        assert_eq!(careful(|| Ok::<_, &str>(1)), Ok(1));
    }
}
